package web

import (
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/demo"
	"github.com/switchboardhq/switchboard/internal/password"
	"github.com/switchboardhq/switchboard/internal/store"
)

// gate is what checks who may come in.
type gate struct {
	passwords *password.Hasher
	addresses *failures
	accounts  *failures
}

// hashesAtOnce bounds the passwords that are hashed at the same time: each
// takes a core and 19 MiB.
const hashesAtOnce = 2

func newGate(random io.Reader, now func() time.Time) (*gate, error) {
	h, err := password.NewHasher(random, hashesAtOnce)
	if err != nil {
		return nil, err
	}
	return &gate{h, newFailures(failuresOfAddress, addressRecovers, now), newFailures(failuresOfAccount, accountRecovers, now)}, nil
}

// plainPage is a page outside the app, which says whose it is.
func (s *Server) plainPage(r *http.Request, title string) Page {
	p := Page{Title: title, Detached: true}
	org, err := s.db.Org(r.Context())
	if err == nil {
		var set switchboard.Settings
		if set, err = s.db.Settings(r.Context(), org); err == nil {
			p.Org = set.OrgName
		}
	}
	if err != nil {
		s.log.ErrorContext(r.Context(), "name of the organization", "err", err)
	}
	return p
}

// noReferrer keeps the address of a page, which holds a secret, from whatever
// its links lead to.
func noReferrer(w http.ResponseWriter) { w.Header().Set("Referrer-Policy", "no-referrer") }

func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request) error {
	if _, ok := visitorOf(r.Context()); ok {
		return seeOther(w, r, ownPath(r.FormValue("return"), "/"))
	}
	page := SignInPage{Page: s.plainPage(r, "Sign in"), Next: ownPath(r.FormValue("return"), "")}
	if r.FormValue("out") != "" {
		page.Note = "You are signed out."
	}
	if page.Note == "" {
		note, err := s.beforeSetup(r.Context())
		if err != nil {
			return err
		}
		page.Note = note
	}
	if s.demo {
		page.Email, page.Note = demo.Email, "This is the demo: the password of Dana Reyes is "+demo.Password+"."
	}
	return s.pages.Page(w, r, http.StatusOK, "sign_in", page)
}

// beforeSetup says what to do where there is nobody yet who could sign in.
func (s *Server) beforeSetup(ctx context.Context) (string, error) {
	org, err := s.db.Org(ctx)
	if err != nil {
		return "", err
	}
	users, err := s.db.Users(ctx, org)
	if err != nil || len(users) > 0 {
		return "", err
	}
	return "Switchboard is not set up yet. Open the set-up link that it printed when it started; a new one is printed at each start.", nil
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	email, next := strings.ToLower(strings.TrimSpace(r.PostFormValue("email"))), ownPath(r.PostFormValue("next"), "/")
	refuse := func(status int, why string) error {
		page := SignInPage{Page: s.plainPage(r, "Sign in"), Email: email, Next: next, Error: why}
		return s.pages.Page(w, r, status, "sign_in", page)
	}
	from := visitorAddress(r, s.trusted)
	if s.gate.addresses.tooMany(from) || s.gate.accounts.tooMany(email) {
		w.Header().Set("Retry-After", "60")
		return refuse(http.StatusTooManyRequests, "That went wrong too often. Wait a minute, then try again.")
	}
	org, u, err := s.checkPassword(r.Context(), email, r.PostFormValue("password"))
	switch switchboard.ErrorCode(err) {
	case "":
	case switchboard.CodeUnauthorized:
		s.gate.addresses.count(from)
		s.gate.accounts.count(email)
		return refuse(http.StatusUnauthorized, switchboard.ErrorMessage(err))
	default:
		return err
	}
	s.gate.accounts.forget(email)
	if err := s.sessions.signIn(r.Context(), org, u); err != nil {
		return err
	}
	return seeOther(w, r, next)
}

// checkPassword returns the active user with this e-mail address and password.
// Any other pair is the same error, after the same time.
func (s *Server) checkPassword(ctx context.Context, email, typed string) (org string, u switchboard.User, err error) {
	if org, err = s.db.Org(ctx); err != nil {
		return "", u, err
	}
	u, hash, err := s.db.PasswordHash(ctx, org, email)
	if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
		return "", u, err
	}
	ok, stale, err := s.gate.passwords.Verify(ctx, hash, typed)
	if err != nil {
		return "", u, err
	}
	if !ok || !u.Active {
		return "", u, switchboard.Errorf(switchboard.CodeUnauthorized, "E-mail address or password is wrong.")
	}
	if stale {
		s.renewHash(ctx, org, u, typed)
	}
	return org, u, nil
}

// renewHash hashes a password by today's costs. That it fails keeps nobody out.
func (s *Server) renewHash(ctx context.Context, org string, u switchboard.User, typed string) {
	hash, err := s.gate.passwords.Hash(ctx, typed)
	if err == nil {
		err = s.db.SetPasswordHash(ctx, switchboard.Actor{OrgID: org, ID: u.ID, Name: u.Name, Role: u.Role}, u.ID, hash)
	}
	if err != nil {
		s.log.WarnContext(ctx, "a password keeps its weaker hash", "user", u.ID, "err", err)
	}
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.sessions.signOut(r.Context()); err != nil {
		return err
	}
	return seeOther(w, r, "/sign-in?out=1")
}

// showLink shows whom a one-time link signs in. It uses nothing up.
func (s *Server) showLink(w http.ResponseWriter, r *http.Request) error {
	noReferrer(w)
	token := r.FormValue("token")
	l, err := s.db.PeekLink(r.Context(), token)
	if err != nil {
		return err
	}
	if l.SetUp {
		return seeOther(w, r, "/setup?token="+queryEscape(token))
	}
	return s.pages.Page(w, r, http.StatusOK, "sign_in_link", LinkPage{Page: s.plainPage(r, "Sign in"), Token: token, Who: l.User.Name, Email: l.User.Email})
}

func (s *Server) useLink(w http.ResponseWriter, r *http.Request) error {
	noReferrer(w)
	from := visitorAddress(r, s.trusted)
	if s.gate.addresses.tooMany(from) {
		w.Header().Set("Retry-After", "60")
		return switchboard.Errorf(switchboard.CodeTooMany, "That went wrong too often. Wait a minute, then try again.")
	}
	l, err := s.db.UseLink(r.Context(), r.PostFormValue("token"))
	if err != nil {
		if switchboard.ErrorCode(err) == switchboard.CodeLinkExpired {
			s.gate.addresses.count(from)
		}
		return err
	}
	if err := s.sessions.signIn(r.Context(), l.OrgID, l.User); err != nil {
		return err
	}
	return seeOther(w, r, "/")
}

func (s *Server) profilePage(r *http.Request) (ProfilePage, error) {
	v, _ := visitorOf(r.Context())
	_, hash, err := s.db.PasswordHash(r.Context(), v.Actor.OrgID, v.User.Email)
	if err != nil {
		return ProfilePage{}, err
	}
	p := ProfilePage{Page: s.frame(r, "Profile", ""), HasPassword: hash != "", Role: roleLabel(v.User.Role), RoleMeans: roleMeans(v.User.Role)}
	for _, o := range []Option{{Value: "", Label: "Follow the system"}, {Value: "light", Label: "Light"}, {Value: "dark", Label: "Dark"}} {
		o.Current = o.Value == v.Preferences.Theme
		p.Themes = append(p.Themes, o)
	}
	return p, nil
}

func roleLabel(r switchboard.Role) string {
	switch r {
	case switchboard.Admin:
		return "Admin"
	case switchboard.Agent:
		return "Agent"
	}
	return "Viewer"
}

func roleMeans(r switchboard.Role) string {
	switch r {
	case switchboard.Admin:
		return "may do everything"
	case switchboard.Agent:
		return "places texts and edits records"
	}
	return "may read"
}

func (s *Server) showProfile(w http.ResponseWriter, r *http.Request) error {
	p, err := s.profilePage(r)
	if err != nil {
		return err
	}
	return s.pages.Page(w, r, http.StatusOK, "profile", p)
}

// setPassword sets the visitor's own password. It signs out every other
// session; this one goes on under a new token.
func (s *Server) setPassword(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	p, err := s.profilePage(r)
	if err != nil {
		return err
	}
	typed := r.PostFormValue("new")
	if p.HasPassword {
		if s.gate.accounts.tooMany(v.User.Email) {
			return switchboard.Errorf(switchboard.CodeTooMany, "That went wrong too often. Wait a minute, then try again.")
		}
		_, _, err := s.checkPassword(r.Context(), v.User.Email, r.PostFormValue("current"))
		switch switchboard.ErrorCode(err) {
		case "":
		case switchboard.CodeUnauthorized:
			s.gate.accounts.count(v.User.Email)
			p.CurrentErr = "This is not your password."
		default:
			return err
		}
	}
	if err := password.Check("new", typed); err != nil {
		p.NewErr = switchboard.ErrorMessage(err)
	}
	if p.CurrentErr != "" || p.NewErr != "" {
		p.Error = "Correct what is marked."
		return s.pages.Page(w, r, http.StatusUnprocessableEntity, "profile", p)
	}
	hash, err := s.gate.passwords.Hash(r.Context(), typed)
	if err == nil {
		err = s.db.SetPasswordHash(r.Context(), v.Actor, v.User.ID, hash)
	}
	if err == nil {
		err = s.sessions.signIn(r.Context(), v.Actor.OrgID, v.User)
	}
	if err != nil {
		return err
	}
	s.sessions.flash(r.Context(), Toast{Kind: "done", Icon: "success", Title: "Password saved", Note: "Other places where you were signed in are signed out."})
	return seeOther(w, r, "/profile")
}

func (s *Server) setPreferences(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	err := s.db.SetPreferences(r.Context(), v.Actor, store.Preferences{Theme: r.PostFormValue("theme"), KeysOff: r.PostFormValue("keys") == ""})
	if err != nil {
		return err
	}
	s.sessions.flash(r.Context(), Toast{Kind: "done", Icon: "success", Title: "Saved"})
	return seeOther(w, r, "/profile")
}
