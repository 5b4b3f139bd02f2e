package web

import (
	"net/http"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/password"
	"github.com/switchboardhq/switchboard/internal/store"
)

// showSetup asks for the first admin and the organization. The link that leads
// here is dead once there is an admin.
func (s *Server) showSetup(w http.ResponseWriter, r *http.Request) error {
	noReferrer(w)
	token := r.FormValue("token")
	if v, ok := visitorOf(r.Context()); ok && v.Actor.Role.Can(switchboard.MayConfigure) {
		return seeOther(w, r, "/setup/channel")
	}
	l, err := s.db.PeekLink(r.Context(), token)
	if err == nil && !l.SetUp {
		err = switchboard.Errorf(switchboard.CodeLinkExpired, "This link signs somebody in. It can't set Switchboard up.")
	}
	if err != nil {
		return s.failLink(w, r, err)
	}
	return s.pages.Page(w, r, http.StatusOK, "setup", s.setupPage(r, token, setupForm{Region: "US", Zone: "America/New_York"}))
}

// failLink says why a link does nothing, and where to go on.
func (s *Server) failLink(w http.ResponseWriter, r *http.Request, err error) error {
	code := switchboard.ErrorCode(err)
	if code != switchboard.CodeLinkExpired && code != switchboard.CodeSetUpDone {
		return err
	}
	next := "A link works once, and for 15 minutes."
	if code == switchboard.CodeSetUpDone {
		next = "Nothing was changed."
	}
	p := errorPage(err, next)
	p.Page, p.URL, p.URLText = Page{Title: "Link", Detached: true}, "/sign-in", "Sign in"
	return s.pages.Page(w, r, p.Code, "error", p)
}

// setupForm is what was typed.
type setupForm struct {
	Name, Email, Password, Organization, Region, Zone string
}

func (s *Server) setupPage(r *http.Request, token string, f setupForm) SetupPage {
	return SetupPage{
		Page: Page{Title: "Set-up", Detached: true}, Token: token,
		You: []Input{
			{ID: "name", Name: "name", Label: "Your name", Type: "text", Value: f.Name, Complete: "name", Required: true, Focus: true},
			{ID: "email", Name: "email", Label: "Email", Type: "email", Value: f.Email, Complete: "username", Required: true},
			{ID: "password", Name: "password", Label: "Password", Type: "password", Complete: "new-password", Required: true, Wide: true, Hint: "At least 10 characters. A few words in a row are easy to remember and hard to guess."},
		},
		Them: []Input{
			{ID: "organization", Name: "organization", Label: "Organization name", Type: "text", Value: f.Organization, Complete: "organization", Required: true, Wide: true},
			{ID: "region", Name: "region", Label: "Country", Type: "select", Options: regionOptions(f.Region)},
			{ID: "zone", Name: "zone", Label: "Time zone", Type: "select", Options: zoneOptions(f.Zone, s.now())},
		},
	}
}

func (s *Server) setUp(w http.ResponseWriter, r *http.Request) error {
	noReferrer(w)
	ctx, token := r.Context(), r.PostFormValue("token")
	f := setupForm{r.PostFormValue("name"), r.PostFormValue("email"), r.PostFormValue("password"), r.PostFormValue("organization"), r.PostFormValue("region"), r.PostFormValue("zone")}
	l, err := s.db.PeekLink(ctx, token)
	if err != nil {
		return s.failLink(w, r, err)
	}
	org := store.OrgSettings{Region: f.Region, TimeZone: f.Zone}
	refuse := func(wrong ...error) error {
		p := s.setupPage(r, token, f)
		for _, err := range slices.Backward(wrong) { // the first one gets the focus
			field, what := fieldOf(err), switchboard.ErrorMessage(err)
			if field == "time_zone" {
				field = "zone"
			}
			you, mine := withError(p.You, field, what)
			them, theirs := withError(p.Them, field, what)
			if mine || theirs {
				p.You, p.Them = you, them
				what = "Correct what is marked."
			}
			p.Error = what
		}
		return s.pages.Page(w, r, http.StatusUnprocessableEntity, "setup", p)
	}
	var wrong []error
	name, email, err := switchboard.CheckUser(f.Name, f.Email)
	if err != nil {
		wrong = append(wrong, err)
	}
	if err := password.Check("password", f.Password); err != nil {
		wrong = append(wrong, err)
	}
	if org.Name = strings.TrimSpace(f.Organization); org.Name == "" {
		wrong = append(wrong, switchboard.Invalid("organization", "Enter the name of your organization."))
	}
	if !switchboard.KnownRegion(f.Region) {
		wrong = append(wrong, switchboard.Invalid("region", "Choose a country."))
	}
	if len(wrong) > 0 {
		return refuse(wrong...)
	}
	hash, err := s.gate.passwords.Hash(ctx, f.Password)
	if err != nil {
		return err
	}
	u, err := s.db.SetUp(ctx, token, store.NewUser{Name: name, Email: email, PasswordHash: hash}, org)
	switch switchboard.ErrorCode(err) {
	case "":
	case switchboard.CodeInvalid:
		return refuse(err)
	default:
		return s.failLink(w, r, err)
	}
	if err := s.sessions.signIn(ctx, l.OrgID, u); err != nil {
		return err
	}
	return seeOther(w, r, "/setup/channel")
}
