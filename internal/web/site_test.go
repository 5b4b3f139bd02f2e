package web

import (
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/hooks"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/generic"
	"github.com/switchboardhq/switchboard/internal/provider/truedialog"
	"github.com/switchboardhq/switchboard/internal/provider/twilio"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// A testSite is the web app with everything behind it, on an empty store.
type testSite struct {
	t      *testing.T
	url    string
	db     *store.DB
	desk   *desk.Desk
	hooks  *hooks.Hooks
	server *Server
	clock  *storetest.Clock
}

func newTestSite(t *testing.T, change ...func(*Config)) *testSite {
	t.Helper()
	clock := storetest.NewClock()
	s := &testSite{t: t, clock: clock, db: storetest.Open(t, storetest.SQLite, clock)}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	hub := &live.Hub{}
	ctx, cancel := context.WithCancel(context.Background())
	writer := intake.New(s.db, intake.Config{Log: log, Committed: hub.Changed})
	var running sync.WaitGroup
	running.Go(func() { writer.Run(ctx) })
	drivers := []provider.Driver{truedialog.Driver{}, twilio.Driver{}, generic.Driver{}}
	s.desk = desk.New(s.db, writer, hub, clock.Now, []string{"truedialog", "twilio", "generic"})
	s.hooks = hooks.New(hooks.Config{DB: s.db, Desk: s.desk, Drivers: drivers, Now: clock.Now, Log: log})
	public := func() string { return s.url }
	receiver := provider.NewReceiver(provider.Config{Drivers: drivers, Accounts: s.hooks, Intake: s.hooks, PublicURL: public, Now: clock.Now, Log: log})
	c := Config{DB: s.db, Desk: s.desk, Hub: hub, Log: log, Now: clock.Now, Random: rand.Reader, PublicURL: public, Drivers: drivers, Receiver: receiver, Replay: s.hooks.Replay,
		TestWebhook: func(context.Context, switchboard.Actor) error { return nil }}
	for _, f := range change {
		f(&c)
	}
	var err error
	if s.server, err = New(ctx, c); err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(s.server.Handler())
	s.url = h.URL
	t.Cleanup(func() {
		cancel()
		h.CloseClientConnections()
		h.Close()
		running.Wait()
	})
	return s
}

// A testVisitor is a browser without scripts.
type testVisitor struct {
	t      *testing.T
	site   *testSite
	client *http.Client
	status int
	header http.Header
	path   string // of the page, after redirects
	doc    *html.Node
	body   string
}

func (s *testSite) visitor() *testVisitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &testVisitor{t: s.t, site: s, client: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

// as is a visitor who is signed in.
func (s *testSite) as(a switchboard.Actor) *testVisitor {
	s.t.Helper()
	token, err := s.db.CreateSignInLink(s.t.Context(), storetest.System(s.t, s.db), a.ID)
	if err != nil {
		s.t.Fatal(err)
	}
	v := s.visitor()
	v.posts("/sign-in/link", "token", token)
	if v.path != "/" || v.status != http.StatusOK {
		s.t.Fatalf("a link leads to %s, %d: %s", v.path, v.status, v.text())
	}
	return v
}

func (v *testVisitor) opens(path string) *testVisitor {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.site.url+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.sends(r)
}

// posts sends a form of names and values in turn.
func (v *testVisitor) posts(path string, pairs ...string) *testVisitor {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.site.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.sends(r)
}

func (v *testVisitor) sends(r *http.Request) *testVisitor {
	v.t.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.status, v.header, v.path, v.body = res.StatusCode, res.Header, res.Request.URL.Path, string(b)
	if v.doc, err = html.Parse(strings.NewReader(v.body)); err != nil {
		v.t.Fatal(err)
	}
	return v
}

// text is what the page says in its main part.
func (v *testVisitor) text() string {
	for _, n := range elements(v.doc) {
		if n.Data == "main" {
			return words(n)
		}
	}
	return words(v.doc)
}

func words(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// says checks the status and that the whole page holds each phrase.
func (v *testVisitor) says(status int, phrases ...string) {
	v.t.Helper()
	all := words(v.doc)
	if v.status != status {
		v.t.Errorf("%s answers %d, want %d: %.400s", v.path, v.status, status, all)
	}
	for _, p := range phrases {
		if !strings.Contains(all, p) {
			v.t.Errorf("%s does not say %q: %.1500s", v.path, p, all)
		}
	}
}

func (v *testVisitor) saysNot(phrase string) {
	v.t.Helper()
	if strings.Contains(words(v.doc), phrase) {
		v.t.Errorf("%s says %q", v.path, phrase)
	}
}

// value is what stands in the element with the id: a field's value, or text.
func (v *testVisitor) value(id string) string {
	for _, n := range elements(v.doc) {
		if attr(n, "id") == id {
			if n.Data == "input" {
				return attr(n, "value")
			}
			return words(n)
		}
	}
	return ""
}
