// Package web is the pages that people use: one server-rendered page a task,
// made smooth by a little script, and working without it.
//
// A page is a struct prepared for display, a template, and a handler that
// reads from the store, or lets the desk do something and answers with a
// redirect to the page that shows it.
package web

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Config is what the web app needs from outside.
type Config struct {
	DB   *store.DB
	Desk *desk.Desk
	Hub  *live.Hub
	Log  *slog.Logger
	Now  func() time.Time
	// Random makes tokens and secrets.
	Random io.Reader
	// PublicURL is where people and providers reach this server, without a
	// slash at its end: "https://sms.example.com".
	PublicURL func() string
	// Secure says that people come by https: cookies then never leave by
	// anything else.
	Secure bool
	// Drivers are the providers that a channel may have, in the order of the
	// menu.
	Drivers []provider.Driver
	// Trusted are the proxies whose word about a visitor's address counts.
	Trusted []netip.Prefix
	// Receiver takes the webhooks; a test text takes the whole way through it.
	Receiver http.Handler
	// Replay reads a quarantined delivery again.
	Replay func(ctx context.Context, actor switchboard.Actor, id string) error
	// TestWebhook posts a test to the org's outgoing webhook.
	TestWebhook func(ctx context.Context, actor switchboard.Actor) error
	// SignIn gets into an org's Salesforce, and Salesforce is the connected one.
	// Without them it is connected from the command line alone.
	SignIn     SalesforceSignIn
	Salesforce SalesforceOrg
	// Demo adds the handset that plays the four situations.
	Demo bool
	// DemoSalesforce is where a browser sees the demo's simulated Salesforce
	// org, "" if it has none.
	DemoSalesforce string
}

// Server answers for the web app. It is safe for concurrent use.
type Server struct {
	db        *store.DB
	desk      *desk.Desk
	hub       *live.Hub
	log       *slog.Logger
	now       func() time.Time
	random    io.Reader
	publicURL func() string
	secure    bool
	drivers   []provider.Driver
	trusted   []netip.Prefix
	receiver  http.Handler
	replay    func(ctx context.Context, actor switchboard.Actor, id string) error
	postTest  func(ctx context.Context, actor switchboard.Actor) error
	signInTo  SalesforceSignIn
	theirs    SalesforceOrg
	demo      bool
	demoOrg   string // where the demo's Salesforce is

	gate     *gate
	assets   *Assets
	pages    *Renderer
	sessions *sessions
	closing  context.Context // ends event streams when the server drains
}

// New returns the web app. Event streams end when ctx does.
func New(ctx context.Context, c Config) (*Server, error) {
	assets, err := NewAssets()
	if err != nil {
		return nil, err
	}
	pages, err := NewRenderer(assets)
	if err != nil {
		return nil, err
	}
	gate, err := newGate(c.Random, c.Now)
	if err != nil {
		return nil, err
	}
	s := &Server{
		db: c.DB, desk: c.Desk, hub: c.Hub, log: c.Log, now: c.Now, random: c.Random, publicURL: c.PublicURL, secure: c.Secure,
		drivers: c.Drivers, trusted: c.Trusted, receiver: c.Receiver, replay: c.Replay, postTest: c.TestWebhook,
		signInTo: c.SignIn, theirs: c.Salesforce, demo: c.Demo, demoOrg: c.DemoSalesforce,
		gate: gate, assets: assets, pages: pages, closing: ctx,
	}
	s.sessions = newSessions(ctx, c.DB, c.Now, c.Log, c.Secure, s.fail)
	return s, nil
}

// Handler serves every page, for all addresses that nothing else serves.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.guard(r))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, switchboard.Errorf(switchboard.CodeNotFound, "There is no page at %s.", r.URL.Path))
	})
	csrf := http.NewCrossOriginProtection()
	csrf.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.fail(w, r, switchboard.Errorf(switchboard.CodeForbidden, "This form was sent from another site, so nothing was changed."))
	}))
	pages := s.sessions.load(csrf.Handler(mux))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		secureHeaders(w.Header(), s.secure)
		if strings.HasPrefix(r.URL.Path, assetPrefix) {
			s.assets.ServeHTTP(w, r)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// contentPolicy lets a page load what this server serves, and nothing else.
const contentPolicy = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"

func secureHeaders(h http.Header, https bool) {
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	if https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// guard lets a visitor to the route who may go there. It is the only place
// where pages ask; what the desk does is asked there once more.
func (s *Server) guard(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := s.admit(w, r, to); err != nil {
			s.fail(w, r, err)
		}
	})
}

func (s *Server) admit(w http.ResponseWriter, r *http.Request, to route) error {
	if to.may == "" {
		return to.handle(w, r)
	}
	v, ok := visitorOf(r.Context())
	if !ok {
		return askToSignIn(w, r)
	}
	if err := v.Actor.Allow(to.may); err != nil {
		return err
	}
	return to.handle(w, r)
}

func askToSignIn(w http.ResponseWriter, r *http.Request) error {
	if r.Header.Get("HX-Request") == "true" || r.Method != http.MethodGet {
		return switchboard.Errorf(switchboard.CodeUnauthorized, "You are signed out. Sign in and do it again.")
	}
	to := "/sign-in"
	if r.URL.Path != "/" {
		to += "?return=" + queryEscape(r.URL.RequestURI())
	}
	return seeOther(w, r, to)
}

// fail answers with what went wrong: a page, or, for a script, the sentence.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	code := switchboard.ErrorCode(err)
	status := statusOf(code)
	if status >= http.StatusInternalServerError {
		s.log.ErrorContext(r.Context(), "request failed", "method", r.Method, "path", r.URL.Path, "err", err)
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("HX-Reswap", "none")
		http.Error(w, switchboard.ErrorMessage(err), status)
		return
	}
	page := errorPage(err, nextStep(code))
	page.Page, page.URL, page.URLText = Page{Title: http.StatusText(status), Detached: true}, "/", "Open Home"
	if v, ok := visitorOf(r.Context()); ok && status != http.StatusServiceUnavailable {
		if frame, ferr := s.frameOf(r, v, page.Title, ""); ferr == nil {
			frame.Detached = true
			page.Page = frame
		}
	}
	if err := s.pages.Page(w, r, status, "error", page); err != nil {
		s.log.ErrorContext(r.Context(), "page of an error not rendered", "path", r.URL.Path, "err", err)
		http.Error(w, page.What+" "+page.Next, status)
	}
}

// statusOf is the one table of codes and what HTTP calls them.
func statusOf(code switchboard.Code) int {
	switch code {
	case switchboard.CodeInvalid:
		return http.StatusUnprocessableEntity
	case switchboard.CodeUnauthorized:
		return http.StatusUnauthorized
	case switchboard.CodeForbidden:
		return http.StatusForbidden
	case switchboard.CodeNotFound:
		return http.StatusNotFound
	case switchboard.CodeConflict, switchboard.CodeRecordDeleted, switchboard.CodeNotAssigned, switchboard.CodeUndoGone, switchboard.CodeAlreadyExists, switchboard.CodeStale:
		return http.StatusConflict
	case switchboard.CodeSetUpDone, switchboard.CodeLinkExpired:
		return http.StatusGone
	case switchboard.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case switchboard.CodeTooMany:
		return http.StatusTooManyRequests
	case switchboard.CodeUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func nextStep(code switchboard.Code) string {
	switch code {
	case switchboard.CodeNotFound:
		return "Check the address, or look for it by the search above."
	case switchboard.CodeForbidden:
		return "Ask an admin of your organization."
	case switchboard.CodeUnavailable:
		return "Wait a moment, then reload this page."
	case switchboard.CodeUnauthorized:
		return "Sign in, then open the page again."
	case switchboard.CodeInternal:
		return "Reload this page. If it stays away, the log of the server says why."
	}
	return "Go back and try again."
}

// readForm reads a form with several values of one name.
func readForm(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return switchboard.Invalid("", "The form could not be read. Send it again.")
	}
	return nil
}

// back sends the visitor to the page that a form came from, if that is one of
// ours, else to fallback.
func back(w http.ResponseWriter, r *http.Request, fallback string) error {
	return seeOther(w, r, ownPath(r.FormValue("return"), fallback))
}

// seeOther sends the visitor on to the page that shows what was done.
func seeOther(w http.ResponseWriter, r *http.Request, address string) error {
	http.Redirect(w, r, address, http.StatusSeeOther)
	return nil
}

// follow lets the browser's address follow where an action of a script led to
// another page than the one it was done on.
func follow(w http.ResponseWriter, r *http.Request, address string) {
	from, err := url.Parse(r.Header.Get("HX-Current-URL"))
	to, terr := url.Parse(address)
	if swapsMain(r) && err == nil && terr == nil && from.Path != to.Path {
		w.Header().Set("HX-Push-Url", address)
	}
}

// ownPath returns path if it is an address of this server, else fallback: a
// link from elsewhere must not lead away.
func ownPath(path, fallback string) string {
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.ContainsAny(path, "\\\r\n\t") {
		return fallback
	}
	return path
}

// settingsOf returns who looks at the page, for whom it is written, and the
// org's settings.
func (s *Server) settingsOf(r *http.Request) (visitor, reader, switchboard.Settings, error) {
	v, _ := visitorOf(r.Context())
	set, err := s.db.Settings(r.Context(), v.Actor.OrgID)
	if err != nil {
		return v, reader{}, set, err
	}
	rd, err := s.reader(set)
	return v, rd, set, err
}

// reader is for whom this request's page is written.
func (s *Server) reader(set switchboard.Settings) (reader, error) {
	loc := time.UTC
	if set.TimeZone != "" {
		var err error
		if loc, err = time.LoadLocation(set.TimeZone); err != nil {
			return reader{}, fmt.Errorf("time zone of the organization: %w", err)
		}
	}
	return reader{switchboard.Reader{Region: set.Region, Location: loc, Now: s.now()}}, nil
}
