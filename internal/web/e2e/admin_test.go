package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/demo"
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
	"github.com/switchboardhq/switchboard/internal/web"
)

// newWholeSite is a Switchboard that also takes webhooks: without anybody in
// it, or with the sample organization.
func newWholeSite(t *testing.T, sample bool) *site {
	t.Helper()
	clock := demo.NewClock(time.Now)
	config := storetest.Config(t, storetest.SQLite, storetest.NewClock())
	config.Now = clock.Now
	db := storetest.OpenConfig(t, config)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError}))
	s := &site{db: db, tokens: map[string]string{}}
	if sample {
		u, err := demo.Seed(t.Context(), db, clock, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		s.dana = switchboard.Actor{OrgID: storetest.Org(t, db), ID: u.ID, Name: u.Name, Role: u.Role}
	}
	hub := &live.Hub{}
	ctx, cancel := context.WithCancel(context.Background())
	writer := intake.New(db, intake.Config{Log: log, Committed: hub.Changed})
	drivers := []provider.Driver{truedialog.Driver{}, twilio.Driver{}, generic.Driver{}}
	s.desk = desk.New(db, writer, hub, clock.Now, []string{"truedialog", "twilio", "generic"})
	h := hooks.New(hooks.Config{DB: db, Desk: s.desk, Drivers: drivers, Now: clock.Now, Log: log})
	var running sync.WaitGroup
	running.Go(func() { writer.Run(ctx) })
	running.Go(func() { h.Run(ctx) })
	public := func() string { return s.url }
	receiver := provider.NewReceiver(provider.Config{Drivers: drivers, Accounts: h, Intake: h, PublicURL: public, Now: clock.Now, Log: log})
	server, err := web.New(ctx, web.Config{DB: db, Desk: s.desk, Hub: hub, Log: log, Now: clock.Now, Random: rand.Reader, PublicURL: public, Drivers: drivers, Receiver: receiver, Replay: h.Replay, Demo: sample})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/hooks/{provider}/{token}", receiver)
	mux.Handle("/", server.Handler())
	listening := httptest.NewServer(mux)
	s.url = listening.URL
	t.Cleanup(func() {
		cancel()
		listening.CloseClientConnections()
		listening.Close()
		running.Wait()
	})
	return s
}

// signsIn leads a person in by a one-time link.
func (p *person) signsIn(a switchboard.Actor) {
	p.t.Helper()
	token, err := p.site.db.CreateSignInLink(p.t.Context(), storetest.System(p.t, p.site.db), a.ID)
	p.must(err)
	p.opens("/sign-in/link?token=" + token)
	p.clicks("button", "Sign in")
	p.sees("navigation", "Main")
}

// fills clicks into a field and types.
func (p *person) fills(name, text string) {
	p.t.Helper()
	p.clicks("textbox", name)
	p.types(text)
}

// From the link that serve prints to the first text, by clicks and keys; the
// line that waits for the provider turns by itself.
func TestSetUpByHand(t *testing.T) {
	s := newWholeSite(t, false)
	token, err := s.db.CreateSetupLink(t.Context(), storetest.Org(t, s.db))
	if err != nil {
		t.Fatal(err)
	}
	dana := s.sits(t, "")
	dana.opens("/setup?token=" + token)
	dana.sees("heading", "Welcome to Switchboard")
	dana.focuses("name")
	dana.types("Dana Reyes")
	dana.fills("Email", "dana@northside.example")
	dana.fills("Password", "short")
	dana.fills("Organization name", "Northside")
	dana.clicks("button", "Continue")
	dana.reads("Use at least 10 characters")
	dana.focuses("password")
	dana.types("correct horse battery")
	dana.clicks("button", "Continue")

	dana.sees("heading", "Get your first text in")
	dana.clicks("link", "Any program")
	dana.sees("heading", "Tell it where to send texts")
	dana.fills("Number that people text", "512 555 0100")
	dana.clicks("button", "Connect Any program")
	dana.reads("Waiting for the first call of your program")
	address, secret := js[string](dana, "document.getElementById('address').textContent"), js[string](dana, "document.getElementById('secret').textContent")
	if !strings.HasPrefix(address, s.url+"/hooks/generic/") {
		t.Fatalf("the webhook address is %q", address)
	}

	// A real delivery from outside, while the page is just open.
	body := []byte(`{"id":"first","from":"+15125550177","to":"+15125550100","body":"Hello, is this Northside?"}`)
	header, err := generic.Sign(secret, "first", time.Now(), body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if res.Body.Close(); res.StatusCode != http.StatusOK {
		t.Fatalf("the webhook answers %s", res.Status)
	}
	dana.reads("Your program called")
	dana.reads("Hello, is this Northside?")
	dana.reads("No record has (512) 555-0177")

	dana.clicks("button", "Send a test text")
	dana.reads("SMS-000002")
	dana.clicks("link", "SMS-000002")
	dana.sees("heading", "SMS-000002")
	dana.sees("button", "Notifications, 1 unread") // the other one is on the screen

	list, _, err := s.db.Messages(t.Context(), storetest.Org(t, s.db), store.MessageFilter{Page: store.Page{Limit: 10}})
	if err != nil || len(list) != 2 || list[1].Body != "Hello, is this Northside?" {
		t.Errorf("the store holds %d texts, %v", len(list), err)
	}
}

// Fields that stand on the page keep the focus where a person put it.
func TestRecordByHand(t *testing.T) {
	s := newWholeSite(t, true)
	dana := s.sits(t, "")
	dana.signsIn(s.dana)
	dana.clicks("link", "Contacts")
	dana.clicks("searchbox", "Search Contacts")
	dana.types("jonas")
	dana.clicks("link", "Jonas Weber")
	dana.sees("heading", "Jonas Weber")
	dana.clicks("button", "Edit Mobile")
	dana.focuses("f-MobilePhone")
	dana.clicks("button", "Cancel")
	dana.focuses("edit-MobilePhone")
	dana.clicks("button", "Edit Title")
	dana.focuses("f-Title")
	dana.types("Baker")
	dana.clicks("button", "Save")
	dana.sees("status", "Saved")
	dana.keepsFocus("saving")
	dana.clicks("button", "Delete")
	dana.reads("It matches no text until it is restored")
	dana.keepsFocus("deleting")
	dana.clicks("button", "Restore")
	dana.sees("button", "Delete")
	dana.keepsFocus("restoring")
	list, _, err := s.db.Records(t.Context(), s.dana.OrgID, store.RecordFilter{Q: "jonas", Page: store.Page{Limit: 5}})
	if err != nil || len(list) != 1 || list[0].Fields.Text("Title") != "Baker" || list[0].Deleted {
		t.Errorf("the store holds %+v, %v", list, err)
	}
}

func TestHandsetByHand(t *testing.T) {
	s := newWholeSite(t, true)
	visitor := s.sits(t, "")
	visitor.opens("/demo/handset")
	visitor.clicks("button", "Send as Priya")
	visitor.reads("2 records have (737) 555-0119 and neither has a previous message, so a person decides.")
	visitor.clicks("button", "Send as Jonas")
	visitor.reads("only Jonas Weber has a previous message")
	visitor.fills("Text message", "On my way")
	visitor.clicks("button", "Send")
	visitor.reads("“On my way”")
}

// The pages around the desk, light and dark, wide and on a phone.
func TestAdminAccessibility(t *testing.T) {
	for _, look := range []struct {
		name          string
		width, height int64
		theme         string
	}{
		{"wide light", 1440, 900, "light"},
		{"wide dark", 1440, 900, "dark"},
		{"phone light", 390, 844, "light"},
		{"phone dark", 390, 844, "dark"},
	} {
		t.Run(look.name, func(t *testing.T) {
			empty := newWholeSite(t, false)
			first := empty.sits(t, "")
			first.uses(look.width, look.height, look.theme)
			first.opens("/sign-in")
			first.sees("button", "Sign in")
			first.passes(look.name + " sign-in")
			token, err := empty.db.CreateSetupLink(t.Context(), storetest.Org(t, empty.db))
			if err != nil {
				t.Fatal(err)
			}
			first.opens("/setup?token=" + token)
			first.sees("button", "Continue")
			first.passes(look.name + " set-up")
			first.clicks("button", "Continue")
			first.reads("Correct what is marked.")
			first.passes(look.name + " set-up with errors")

			s := newWholeSite(t, true)
			dana := s.sits(t, "")
			dana.uses(look.width, look.height, look.theme)
			link, err := s.db.CreateSignInLink(t.Context(), storetest.System(t, s.db), s.dana.ID)
			if err != nil {
				t.Fatal(err)
			}
			dana.opens("/sign-in/link?token=" + link)
			dana.sees("heading", "Sign in as Dana Reyes")
			dana.passes(look.name + " link")
			dana.clicks("button", "Sign in")
			dana.reads("Waiting longest")
			dana.passes(look.name + " home")
			channels, err := s.db.Channels(t.Context(), s.dana.OrgID)
			if err != nil {
				t.Fatal(err)
			}
			found, _, err := s.db.Records(t.Context(), s.dana.OrgID, store.RecordFilter{Q: "jonas", Page: store.Page{Limit: 1}})
			if err != nil || len(found) != 1 {
				t.Fatal(len(found), err)
			}
			for _, page := range []struct{ name, path, reads string }{
				{"month", "/?days=30", "Texts by reason"},
				{"contacts", "/contacts", "Ada Okafor"},
				{"contacts without a match", "/contacts?q=zzz", "No contact matches"},
				{"deleted", "/leads?show=deleted", "No deleted leads."},
				{"accounts", "/accounts", "Weber Bakery"},
				{"record", "/records/" + found[0].ID, "Perfect, thank you!"},
				{"record being edited", "/records/" + found[0].ID + "?edit=Email", "Cancel"},
				{"settings", "/settings", "Quarantine"},
				{"organization", "/settings/organization", "Time zone"},
				{"channels", "/settings/channels", "Main line"},
				{"new channel", "/settings/channels/new", "Connect TrueDialog"},
				{"channel", "/settings/channels/" + channels[0].ID, "Signing secret"},
				{"phone fields", "/settings/phone-fields", "Jo Martin"},
				{"unknown numbers", "/settings/unknown-numbers", "would create"},
				{"users", "/settings/users", "Sam Ortiz"},
				{"api keys", "/settings/api-keys", "No program has a key."},
				{"outgoing webhook", "/settings/webhook", "Add webhook"},
				{"blocked senders", "/settings/blocked-senders", "88201"},
				{"quarantine", "/settings/quarantine", "Empty."},
				{"audit", "/settings/audit", "assigned a text"},
				{"profile", "/profile", "Change your password"},
				{"channel set-up", "/setup/channel", "Send a test text"},
				{"handset", "/demo/handset", "Send as Miles"},
				{"error", "/nowhere", "There is no page"},
			} {
				dana.opens(page.path)
				dana.reads(page.reads)
				dana.passes(look.name + " " + page.name)
			}
			dana.opens("/demo/handset")
			dana.clicks("button", "Send as Miles")
			dana.reads("What happened")
			dana.passes(look.name + " handset played")
		})
	}
}
