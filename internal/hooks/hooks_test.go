package hooks_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/hooks"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/generic"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// world is the webhooks over a fresh store with a signed generic channel.
type world struct {
	testing.TB
	db      *store.DB
	clock   *storetest.Clock
	hooks   *hooks.Hooks
	admin   switchboard.Actor
	channel switchboard.Channel
	token   string
	handler http.Handler
}

// secret returns a signing secret that the name stands for.
func secret(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "whsec_" + base64.StdEncoding.EncodeToString(sum[:24])
}

func each(t *testing.T, do func(t *testing.T, w *world)) {
	t.Helper()
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		w := &world{TB: t, db: db, clock: clock, admin: storetest.Admin(t, db)}
		c, token, err := db.CreateChannel(t.Context(), w.admin, store.NewChannel{Provider: "generic", Region: "US", Numbers: []string{storetest.Number}, Secret: secret("old")})
		if err != nil {
			t.Fatal(err)
		}
		w.channel, w.token = c, token
		w.serve(generic.Driver{})
		do(t, w)
	})
}

// serve makes the hooks anew, with a driver.
func (w *world) serve(d provider.Driver) {
	w.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	writer := intake.New(w.db, intake.Config{Log: log})
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	running.Go(func() { writer.Run(ctx) })
	w.Cleanup(func() { stop(); running.Wait() })
	w.hooks = hooks.New(hooks.Config{
		DB: w.db, Desk: desk.New(w.db, writer, &live.Hub{}, w.clock.Now, []string{"generic"}),
		Drivers: []provider.Driver{d}, Now: w.clock.Now, Log: log,
	})
	mux := http.NewServeMux()
	mux.Handle("/hooks/{provider}/{token}", provider.NewReceiver(provider.Config{
		Drivers: []provider.Driver{d}, Accounts: w.hooks, Intake: w.hooks, PublicURL: func() string { return "https://sms.example.com" }, Now: w.clock.Now, Log: log,
	}))
	w.handler = mux
}

// post delivers a body, signed with the secret that the name stands for.
func (w *world) post(signed, id, body string) *httptest.ResponseRecorder {
	w.Helper()
	header, err := generic.Sign(secret(signed), id, w.clock.Now(), []byte(body))
	if err != nil {
		w.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/hooks/generic/"+w.token, strings.NewReader(body))
	r.Header = header
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

func (w *world) want(rec *httptest.ResponseRecorder, status int) {
	w.Helper()
	if rec.Code != status {
		w.Errorf("status %d, want %d: %s", rec.Code, status, rec.Body)
	}
}

func (w *world) messages() []*switchboard.Message {
	w.Helper()
	list, _, err := w.db.Messages(context.Background(), w.admin.OrgID, store.MessageFilter{Page: store.Page{Limit: 500}})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

func (w *world) quarantine() []store.Quarantined {
	w.Helper()
	list, _, err := w.db.Quarantined(context.Background(), w.admin.OrgID, store.Page{Limit: 500})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

const hello = `{"id": "a1", "from": "+15125550177", "body": "hello"}`

func TestOneMessageDeliveredAHundredTimesAtOnceIsStoredOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var posting sync.WaitGroup
		answers := make([]*httptest.ResponseRecorder, 100)
		for i := range answers {
			posting.Go(func() { answers[i] = w.post("old", fmt.Sprint("msg_", i), hello) })
		}
		posting.Wait()
		for _, a := range answers {
			w.want(a, 200)
		}
		if got := w.messages(); len(got) != 1 {
			t.Errorf("%d messages, want 1", len(got))
		}
		bells, _, err := w.db.Notifications(t.Context(), w.admin.OrgID, store.NotificationFilter{Page: store.Page{Limit: 10}})
		if err != nil || len(bells) != 1 || bells[0].Count != 1 {
			t.Errorf("notifications %+v, %v; want one that counts 1", bells, err)
		}
	})
}

func TestDeliveriesThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.want(w.post("new", "1", hello), 403)
		w.want(w.post("old", "1", `{"from": "+15125550177", "body": "`+strings.Repeat("a", provider.MaxBody)+`"}`), 413)
		right := w.token
		w.token = "nobody"
		w.want(w.post("old", "1", hello), 404)
		w.token = right
		w.clock.Advance(-10 * time.Minute)
		late, err := generic.Sign(secret("old"), "1", w.clock.Now(), []byte(hello))
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(10 * time.Minute)
		r := httptest.NewRequest(http.MethodPost, "/hooks/generic/"+w.token, strings.NewReader(hello))
		r.Header = late
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, r)
		w.want(rec, 403)
		if got := w.messages(); len(got) != 0 {
			t.Errorf("%d messages were stored", len(got))
		}
		if got := w.quarantine(); len(got) != 0 {
			t.Errorf("%d deliveries were quarantined", len(got))
		}
		w.want(w.post("old", "1", hello), 200)
	})
}

// blind is generic as it would be with a defect that a later version mends.
type blind struct{ generic.Driver }

func (blind) Parse(provider.Request, provider.Credentials) ([]switchboard.Event, error) {
	return nil, provider.Unreadable("This version can't read it.")
}

func TestUnreadableDeliveryIsKeptAndReadOnceThatIsMended(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.serve(blind{})
		w.want(w.post("old", "1", hello), 200)
		w.want(w.post("old", "1", hello), 200)
		w.want(w.post("old", "2", `{"id": "a2", "fr`), 200)
		kept := w.quarantine()
		if len(kept) != 2 || len(w.messages()) != 0 {
			t.Fatalf("%d quarantined and %d messages, want 2 and none", len(kept), len(w.messages()))
		}
		good, cut := kept[1], kept[0]
		if err := w.hooks.Replay(t.Context(), w.admin, good.ID); switchboard.ErrorCode(err) != switchboard.CodeConflict {
			t.Errorf("replay by the same version: %v, want a conflict", err)
		}

		// The secret may have been replaced since: it had proven itself then.
		fresh := secret("new")
		if _, err := w.db.UpdateChannel(t.Context(), w.admin, w.channel.ID, store.ChannelUpdate{Secret: &fresh}); err != nil {
			t.Fatal(err)
		}
		w.serve(generic.Driver{})
		w.clock.Advance(time.Hour)
		for range 2 {
			if err := w.hooks.Replay(t.Context(), w.admin, good.ID); err != nil {
				t.Errorf("replay by a version that can read it: %v", err)
			}
		}
		if err := w.hooks.Replay(t.Context(), w.admin, cut.ID); switchboard.ErrorCode(err) != switchboard.CodeConflict {
			t.Errorf("replay of what stays unreadable: %v, want a conflict", err)
		}
		messages := w.messages()
		if len(messages) != 1 || messages[0].Body != "hello" {
			t.Fatalf("%d messages, want the one", len(messages))
		}
		if !messages[0].ReceivedAt.Equal(good.ReceivedAt) {
			t.Errorf("received at %v, want when it came, %v", messages[0].ReceivedAt, good.ReceivedAt)
		}
		if kept := w.quarantine(); len(kept) != 1 || kept[0].ID != cut.ID {
			t.Errorf("%d are still quarantined, want the one that can't be read", len(kept))
		}
		agent := storetest.User(t, w.db, "Sam Ortiz", switchboard.Agent)
		if err := w.hooks.Replay(t.Context(), agent, cut.ID); switchboard.ErrorCode(err) != switchboard.CodeForbidden {
			t.Errorf("replay by an agent: %v, want it forbidden", err)
		}
		if err := w.hooks.Replay(t.Context(), w.admin, "nothing"); switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			t.Errorf("replay of nothing: %v", err)
		}
	})
}

func TestReplacedSecretCountsFromTheNextDelivery(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.want(w.post("old", "1", hello), 200) // from now on the channel is remembered
		fresh := secret("new")
		if _, err := w.db.UpdateChannel(t.Context(), w.admin, w.channel.ID, store.ChannelUpdate{Secret: &fresh}); err != nil {
			t.Fatal(err)
		}
		w.want(w.post("old", "cut", `{"id": "a2", "fr`), 403)
		w.want(w.post("old", "2", `{"id": "a2", "from": "+15125550177", "body": "by whoever stole the old one"}`), 403)
		w.want(w.post("new", "3", `{"id": "a3", "from": "+15125550177", "body": "signed anew"}`), 200)

		fresh = secret("newest")
		if _, err := w.db.UpdateChannel(t.Context(), w.admin, w.channel.ID, store.ChannelUpdate{Secret: &fresh}); err != nil {
			t.Fatal(err)
		}
		w.want(w.post("newest", "4", `{"id": "a4", "from": "+15125550177", "body": "the first after the change"}`), 200)
		if got := len(w.messages()); got != 3 {
			t.Errorf("%d messages, want 3", got)
		}
		if got := w.quarantine(); len(got) != 0 {
			t.Errorf("%d deliveries with the old secret were quarantined", len(got))
		}
	})
}

func TestStoreThatIsAwayIsAskedForAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.want(w.post("old", "1", hello), 200)
		// A writer that is not running is a store that does not commit in time.
		log := slog.New(slog.NewTextHandler(io.Discard, nil))
		writer := intake.New(w.db, intake.Config{Log: log, Wait: time.Millisecond})
		w.hooks = hooks.New(hooks.Config{DB: w.db, Desk: desk.New(w.db, writer, &live.Hub{}, w.clock.Now, nil), Drivers: []provider.Driver{generic.Driver{}}, Now: w.clock.Now, Log: log})
		mux := http.NewServeMux()
		mux.Handle("/hooks/{provider}/{token}", provider.NewReceiver(provider.Config{
			Drivers: []provider.Driver{generic.Driver{}}, Accounts: w.hooks, Intake: w.hooks, PublicURL: func() string { return "" }, Now: w.clock.Now, Log: log,
		}))
		w.handler = mux
		rec := w.post("old", "2", `{"id": "a2", "from": "+15125550177", "body": "later"}`)
		w.want(rec, 503)
		if rec.Header().Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	})
}

func TestWhoCalledIsWrittenDownOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		for range 50 {
			w.want(w.post("forged", "1", hello), 403)
		}
		running.Go(func() { w.hooks.Run(ctx) })
		stop()
		running.Wait()
		call, err := w.db.LastCall(t.Context(), w.admin.OrgID, w.channel.ID)
		if err != nil || call.At.IsZero() || !strings.Contains(call.Verdict, "signature") {
			t.Errorf("last call %+v, %v; want what was wrong with it", call, err)
		}
	})
}

func TestLogOfStrangersIsLimited(t *testing.T) {
	var lines strings.Builder
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	h := hooks.LimitLog(slog.NewTextHandler(&lines, nil))
	say := func(message string) {
		r := slog.NewRecord(now, slog.LevelWarn, message, 0)
		if err := h.WithAttrs([]slog.Attr{slog.String("provider", "generic")}).Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	for range 1000 {
		say("refused a delivery")
	}
	say("something else")
	now = now.Add(time.Second)
	say("refused a delivery")
	if n := strings.Count(lines.String(), "refused a delivery"); n != 21 {
		t.Errorf("%d lines, want a burst of 20 and one later", n)
	}
	if !strings.Contains(lines.String(), "left_out=980") || !strings.Contains(lines.String(), "something else") {
		t.Errorf("the log does not say what it left out: %s", lines.String())
	}
}
