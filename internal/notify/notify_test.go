package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/notify"
	"github.com/switchboardhq/switchboard/internal/notify/webhook"
	"github.com/switchboardhq/switchboard/internal/outbox"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// call is one that the receiver got.
type call struct {
	id    string
	event notify.Event
	body  string
}

// receiver is somebody's server. It answers what the test says.
type receiver struct {
	*httptest.Server

	mu     sync.Mutex
	answer func(http.ResponseWriter) // nil: 204
	calls  []call
}

// answers makes the server answer so from now on; nil is 204.
func (r *receiver) answers(answer func(http.ResponseWriter)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body) // a call that is cut off has no JSON
	c := call{id: req.Header.Get("Webhook-Id"), body: string(body)}
	_ = json.Unmarshal(body, &c.event)
	r.mu.Lock()
	r.calls = append(r.calls, c)
	answer := r.answer
	r.mu.Unlock()
	if answer != nil {
		answer(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *receiver) got() []call {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]call(nil), r.calls...)
}

// scene is an org with a webhook.
type scene struct {
	t        *testing.T
	db       *store.DB
	clock    *storetest.Clock
	dana     switchboard.Actor
	channel  switchboard.Channel
	receiver *receiver
	notifier *notify.Notifier
	secret   string
	log      bytes.Buffer
}

func each(t *testing.T, do func(s *scene)) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		s := &scene{t: t, db: db, clock: clock, dana: storetest.Admin(t, db), receiver: &receiver{}}
		s.channel = storetest.Channel(t, db, s.dana)
		s.receiver.Server = httptest.NewServer(s.receiver)
		t.Cleanup(s.receiver.Close)
		var err error
		if s.secret, err = db.SetEndpoint(t.Context(), s.dana, s.receiver.URL+"/secret-path"); err != nil {
			t.Fatal(err)
		}
		client := webhook.New(true)
		t.Cleanup(client.Close)
		s.notifier = notify.New(notify.Config{DB: db, Poster: client, PublicURL: func() string { return "https://sms.example" }, Now: clock.Now, Log: slog.New(slog.NewTextHandler(&s.log, nil))})
		do(s)
		for _, hidden := range []string{s.secret, strings.TrimPrefix(s.secret, "whsec_"), "secret-path", "tangerine"} {
			if strings.Contains(s.log.String(), hidden) {
				t.Errorf("the log says %q: %s", hidden, &s.log)
			}
		}
	})
}

// works does what is due, once, as a worker would, and returns what came of it.
// What failed is due a minute later.
func (s *scene) works() []error {
	s.t.Helper()
	var all []error
	for {
		jobs, err := s.db.ClaimJobs(s.t.Context(), store.KindWebhook, notify.AtOnce, time.Minute)
		if err != nil {
			s.t.Fatal(err)
		}
		if len(jobs) == 0 {
			return all
		}
		errs := s.notifier.Do(s.t.Context(), jobs)
		results := make([]store.JobResult, len(jobs))
		for i, j := range jobs {
			results[i] = store.JobResult{Job: j}
			if errs[i] != nil {
				results[i].Error, results[i].Retry = errs[i].Error(), s.clock.Now().Add(time.Minute)
				all = append(all, errs[i])
			}
		}
		if err := s.db.FinishJobs(s.t.Context(), results); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *scene) text(from string) *switchboard.Message {
	s.t.Helper()
	return storetest.Text(s.t, s.db, s.dana.OrgID, s.channel, from, "My secret is tangerine")
}

func TestAWebhookHearsOfATextThatWaits(t *testing.T) {
	each(t, func(s *scene) {
		m := s.text("+12065550142")
		if errs := s.works(); len(errs) > 0 {
			t.Fatal(errs)
		}
		s.works()
		got := s.receiver.got()
		if len(got) != 1 {
			t.Fatalf("it was called %d times", len(got))
		}
		e := got[0].event
		want := notify.EventData{
			NotificationID: e.Data.NotificationID, UserID: s.dana.ID, Title: "New SMS! (not assigned)", Sender: "+12065550142", Count: 1,
			MessageID: m.ID, MessageName: m.Name(), URL: "https://sms.example/messages/" + m.ID,
		}
		if e.Type != "notification.raised" || e.Data != want || got[0].id != e.Data.NotificationID+"-1" || e.Timestamp.IsZero() {
			t.Errorf("it got %s as %s", got[0].body, got[0].id)
		}
		if strings.Contains(got[0].body, "tangerine") {
			t.Errorf("it got what the text says: %s", got[0].body)
		}
		if to, err := s.db.Endpoint(t.Context(), s.dana.OrgID); err != nil || to.Verdict != store.VerdictOK || to.CalledAt.IsZero() {
			t.Errorf("the call is noted as %+v, %v", to, err)
		}

		// Another raising has another id.
		if _, err := s.db.MarkAllRead(t.Context(), s.dana); err != nil {
			t.Fatal(err)
		}
		s.text("+12065550142")
		s.works()
		if got = s.receiver.got(); len(got) != 2 || got[1].id != e.Data.NotificationID+"-2" || got[1].event.Data.Count != 2 {
			t.Errorf("after it was read: %+v", got)
		}
	})
}

// After an unknown outcome it goes out once more, under the same id; after a
// known success never, not even when the text comes back to the queue.
func TestARepeatHasTheSameID(t *testing.T) {
	for what, fail := range map[string]func(w http.ResponseWriter){
		"500": func(w http.ResponseWriter) { w.WriteHeader(http.StatusInternalServerError) },
		"the answer is lost": func(w http.ResponseWriter) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = c.Close() // that it fails is as good
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, func(s *scene) {
				s.receiver.answers(fail)
				m := s.text("+12065550142")
				if errs := s.works(); len(errs) != 1 {
					t.Fatalf("the outcome is %v", errs)
				}
				s.receiver.answers(nil)
				s.clock.Advance(2 * time.Minute)
				s.works()
				got := s.receiver.got()
				if len(got) != 2 || got[0].id != got[1].id || got[0].id == "" {
					t.Fatalf("it was called as %+v", got)
				}
				changed, err := s.db.Dismiss(t.Context(), s.dana, store.Dismissal{MessageIDs: []string{m.ID}, Reason: "spam"})
				if err == nil {
					_, err = s.db.Undo(t.Context(), s.dana, changed.Undo)
				}
				if err != nil {
					t.Fatal(err)
				}
				s.works()
				if got := s.receiver.got(); len(got) != 2 {
					t.Errorf("after a known success it was called again, as %s", got[2].id)
				}
			})
		})
	}
}

func TestWhatNeedsNobodyAnyMoreIsNotTold(t *testing.T) {
	each(t, func(s *scene) {
		m := s.text("+12065550142")
		s.text("+12065550143")
		if _, err := s.db.Dismiss(t.Context(), s.dana, store.Dismissal{MessageIDs: []string{m.ID}, Reason: "spam"}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.db.MarkAllRead(t.Context(), s.dana); err != nil {
			t.Fatal(err)
		}
		s.text("+12065550144")
		if err := s.db.DeleteEndpoint(t.Context(), s.dana); err != nil {
			t.Fatal(err)
		}
		if errs := s.works(); len(errs) > 0 || len(s.receiver.got()) > 0 {
			t.Errorf("it was called: %+v, %v", s.receiver.got(), errs)
		}
		if state, err := s.db.OutboxState(t.Context()); err != nil || state.Waiting != 0 {
			t.Errorf("the outbox: %+v, %v", state, err)
		}
	})
}

// A worker gives up on a receiver that goes on refusing, says so where an admin
// looks, and takes the job up again when told.
func TestARefusalIsGivenUpInTheEnd(t *testing.T) {
	each(t, func(s *scene) {
		s.receiver.answers(func(w http.ResponseWriter) { w.WriteHeader(http.StatusUnauthorized) })
		s.text("+12065550142")
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		w := outbox.New(s.db, s.notifier, outbox.Config{
			Kind: store.KindWebhook, Batch: notify.AtOnce, Poll: time.Millisecond, Now: s.clock.Now, Random: func() float64 { return 0 },
			Retries: outbox.Retries{First: time.Microsecond, Soon: time.Microsecond, Late: time.Microsecond, Attempts: 100},
			Log:     slog.New(slog.NewTextHandler(&s.log, nil)),
		})
		running.Go(func() { w.Run(ctx) })
		var dead []store.DeadJob
		for len(dead) == 0 && t.Context().Err() == nil {
			var err error
			if dead, _, err = s.db.DeadJobs(ctx, s.dana.OrgID, store.Page{Limit: 5}); err != nil {
				t.Error(err)
				break
			}
		}
		cancel()
		running.Wait()
		if len(dead) != 1 || dead[0].Attempts != 5 || dead[0].LastError != "it answered 401 Unauthorized" || len(s.receiver.got()) != 5 {
			t.Fatalf("given up: %+v after %d calls", dead, len(s.receiver.got()))
		}
		if to, err := s.db.Endpoint(t.Context(), s.dana.OrgID); err != nil || to.Verdict != "it answered 401 Unauthorized" {
			t.Errorf("the call is noted as %+v, %v", to, err)
		}
		s.receiver.answers(nil)
		if err := s.db.RetryJob(t.Context(), s.dana, dead[0].ID); err != nil {
			t.Fatal(err)
		}
		if errs := s.works(); len(errs) > 0 || len(s.receiver.got()) != 6 {
			t.Errorf("tried again: %v after %d calls", errs, len(s.receiver.got()))
		}
	})
}

func TestATestIsSentAtOnce(t *testing.T) {
	each(t, func(s *scene) {
		sam := storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)
		if err := s.notifier.Test(t.Context(), sam); switchboard.ErrorCode(err) != switchboard.CodeForbidden {
			t.Errorf("an agent's test: %v", err)
		}
		if err := s.notifier.Test(t.Context(), s.dana); err != nil {
			t.Fatal(err)
		}
		got := s.receiver.got()
		if len(got) != 1 || got[0].event.Type != "notification.test" {
			t.Errorf("it got %+v", got)
		}
		s.receiver.answers(func(w http.ResponseWriter) { w.WriteHeader(http.StatusTeapot) })
		if err := s.notifier.Test(t.Context(), s.dana); err == nil || !strings.Contains(err.Error(), "418") {
			t.Errorf("a test that is refused: %v", err)
		}
	})
}
