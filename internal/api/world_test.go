package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/api"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// world is the API over a fresh store with an admin, Dana Reyes, and a channel.
type world struct {
	testing.TB
	db      *store.DB
	clock   *storetest.Clock
	api     *api.API
	admin   switchboard.Actor
	channel switchboard.Channel
	keys    map[switchboard.Role]string
	replay  func(context.Context, switchboard.Actor, string) error

	document *document // once it was read
}

// each runs do on the API over each database.
func each(t *testing.T, do func(t *testing.T, w *world)) {
	t.Helper()
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) { do(t, newWorld(t, db, clock)) })
}

func newWorld(t *testing.T, db *store.DB, clock *storetest.Clock) *world {
	t.Helper()
	w := &world{TB: t, db: db, clock: clock, keys: map[switchboard.Role]string{}}
	w.replay = func(context.Context, switchboard.Actor, string) error { return errors.New("nothing is replayed here") }
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	writer := intake.New(db, intake.Config{Log: log})
	var running sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	running.Go(func() { writer.Run(ctx) })
	t.Cleanup(func() { stop(); running.Wait() })
	w.api = api.New(api.Config{
		DB: db, Desk: desk.New(db, writer, &live.Hub{}, clock.Now, []string{"generic"}), Log: log,
		Replay: func(ctx context.Context, a switchboard.Actor, id string) error { return w.replay(ctx, a, id) },
	})
	w.admin = storetest.Admin(t, db)
	w.channel = storetest.Channel(t, db, w.admin)
	for _, role := range []switchboard.Role{switchboard.Admin, switchboard.Agent, switchboard.Viewer} {
		_, key, err := db.CreateAPIKey(ctx, w.admin, string(role)+" key", role)
		if err != nil {
			t.Fatal(err)
		}
		w.keys[role] = key
	}
	return w
}

// answer is what a call answered.
type answer struct {
	*world
	call   string
	status int
	header http.Header
	body   []byte
}

// as calls with the key of a role; "" is no key.
func (w *world) as(role switchboard.Role, method, path, body string) answer {
	w.Helper()
	r := httptest.NewRequest(method, "/api/v1"+path, strings.NewReader(strings.ReplaceAll(body, "CHANNEL", w.channel.ID)))
	if key := w.keys[role]; key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return w.do(r)
}

func (w *world) do(r *http.Request) answer {
	w.Helper()
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	body, err := io.ReadAll(rec.Body)
	if err != nil {
		w.Fatal(err)
	}
	a := answer{w, r.Method + " " + r.URL.Path, rec.Code, rec.Header(), body}
	w.check(a)
	return a
}

// admins call with an admin's key.
func (w *world) get(path string) answer { w.Helper(); return w.as(switchboard.Admin, "GET", path, "") }
func (w *world) post(path, body string) answer {
	w.Helper()
	return w.as(switchboard.Admin, "POST", path, body)
}
func (w *world) put(path, body string) answer {
	w.Helper()
	return w.as(switchboard.Admin, "PUT", path, body)
}
func (w *world) patch(path, body string) answer {
	w.Helper()
	return w.as(switchboard.Admin, "PATCH", path, body)
}
func (w *world) delete(path, body string) answer {
	w.Helper()
	return w.as(switchboard.Admin, "DELETE", path, body)
}

// want checks the status and that the body holds what the JSON in want holds.
// "*" there stands for any text but "", and members that want does not name may
// be there too. It returns the body.
func (a answer) want(status int, want string) answer {
	a.Helper()
	if a.status != status {
		a.Fatalf("%s: status %d, want %d: %s", a.call, a.status, status, a.body)
	}
	if want == "" {
		if len(a.body) > 0 {
			a.Errorf("%s: body %s, want none", a.call, a.body)
		}
		return a
	}
	if err := holds(decode(a, []byte(strings.ReplaceAll(want, "CHANNEL", a.channel.ID))), decode(a, a.body), ""); err != nil {
		a.Errorf("%s: %v in %s", a.call, err, a.body)
	}
	return a
}

// refused checks that the answer is a problem with the status and the code.
func (a answer) refused(status int, code switchboard.Code) answer {
	a.Helper()
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		a.Errorf("%s: %d with Content-Type %q, want a problem: %s", a.call, a.status, got, a.body)
	}
	return a.want(status, fmt.Sprintf(`{"type": "/api/v1/docs#error-%s", "title": "*", "status": %d, "detail": "*", "code": %q}`, code, status, code))
}

func decode(tb testing.TB, text []byte) any {
	tb.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		tb.Fatalf("not JSON: %v: %s", err, text)
	}
	return v
}

func holds(want, got any, at string) error {
	switch want := want.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is %v, want an object", at, got)
		}
		for name, v := range want {
			member, ok := g[name]
			if !ok {
				return fmt.Errorf("%s.%s is missing", at, name)
			}
			if err := holds(v, member, at+"."+name); err != nil {
				return err
			}
		}
		return nil
	case []any:
		g, ok := got.([]any)
		if !ok || len(g) != len(want) {
			return fmt.Errorf("%s is %v, want %d items", at, got, len(want))
		}
		for i := range want {
			if err := holds(want[i], g[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	case string:
		if want == "*" {
			if s, ok := got.(string); !ok || s == "" {
				return fmt.Errorf("%s is %v, want some text", at, got)
			}
			return nil
		}
	}
	if want != got {
		return fmt.Errorf("%s is %#v, want %#v", at, got, want)
	}
	return nil
}

// at returns the text that stands at a path of member names and indices.
func (a answer) at(path ...any) string {
	a.Helper()
	v := decode(a, a.body)
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				a.Fatalf("%s: no item %d at %v: %s", a.call, p, path, a.body)
			}
			v = l[p]
		}
	}
	s, ok := v.(string)
	if !ok {
		a.Fatalf("%s: %v at %v, want text: %s", a.call, v, path, a.body)
	}
	return s
}

// contact creates a Contact whose Mobile is the number, and returns its id.
func (w *world) contact(last, mobile string) string {
	w.Helper()
	return w.post("/records", fmt.Sprintf(`{"object": "Contact", "fields": {"LastName": %q, "MobilePhone": %q}}`, last, mobile)).want(201, `{}`).at("record", "id")
}

// text hands in a text under an id, and returns the answer.
func (w *world) text(id, from, body string) answer {
	w.Helper()
	return w.post("/messages", fmt.Sprintf(`{"channel_id": "CHANNEL", "provider_message_id": %q, "from": %q, "body": %q}`, id, from, body))
}
