package pubsub_test

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// deadline is how long a test waits for what must happen.
const deadline = 20 * time.Second

// failer is a *testing.T, or a *rapid.T within one.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
	Cleanup(func())
}

// world is a simulated org with its Pub/Sub API, and a token of it.
type world struct {
	t      failer
	org    *sforg.Org
	server *sforg.PubSub
	addr   string
	tokens *tokens
}

func newWorld(t failer, keepalive time.Duration) *world {
	t.Helper()
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	org := sforg.New(sforg.Config{
		Now: func() time.Time { return clock }, Random: rand.NewChaCha8([32]byte{1}), URL: "https://acme.my.salesforce.com",
	})
	server, err := org.NewPubSub(keepalive)
	if err != nil {
		t.Fatalf("%v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("%v", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	return &world{t: t, org: org, server: server, addr: l.Addr().String(), tokens: &tokens{org: org, token: org.AccessToken()}}
}

// tokens gets a new token when the one that it has is refused.
type tokens struct {
	org *sforg.Org

	mu      sync.Mutex
	token   string
	given   int  // times that a new one was made
	useless bool // new ones are no good either
}

func (k *tokens) Session(context.Context) (pubsub.Session, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return pubsub.Session{AccessToken: k.token, InstanceURL: "https://acme.my.salesforce.com", OrgID: k.org.OrgID()}, nil
}

func (k *tokens) Invalidate(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if token != k.token {
		return
	}
	k.given++
	k.token = "00D!useless"
	if !k.useless {
		k.token = k.org.Admin().Token()
	}
}

func (k *tokens) renewed() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.given
}

func (w *world) subscriber(change func(*pubsub.Config)) *pubsub.Subscriber {
	w.t.Helper()
	c := pubsub.Config{
		Address: w.addr, Tokens: w.tokens, Roots: w.server.Roots(), Log: slog.New(slog.DiscardHandler),
		Wait: func(int) time.Duration { return time.Millisecond },
	}
	if change != nil {
		change(&c)
	}
	s, err := pubsub.New(c)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return s
}

// listener is a running subscription, and what came of it.
type listener struct {
	t     failer
	stop  context.CancelFunc
	ended chan error
	again chan struct{} // a batch came

	mu      sync.Mutex
	batches []pubsub.Batch
}

// listen subscribes until the test ends.
func listen(t failer, s *pubsub.Subscriber, topic string, from pubsub.Position) *listener {
	ctx, stop := context.WithCancel(context.Background())
	l := &listener{t: t, stop: stop, ended: make(chan error, 1), again: make(chan struct{}, 1)}
	go func() { l.ended <- s.Subscribe(ctx, topic, from, l.take) }()
	t.Cleanup(func() { l.end() })
	return l
}

func (l *listener) take(_ context.Context, b pubsub.Batch) error {
	l.mu.Lock()
	l.batches = append(l.batches, b)
	l.mu.Unlock()
	select {
	case l.again <- struct{}{}:
	default:
	}
	return nil
}

// end stops the subscription and waits for it.
func (l *listener) end() {
	l.stop()
	if err, open := <-l.ended; open {
		close(l.ended)
		if !errors.Is(err, context.Canceled) {
			l.t.Errorf("the subscription ended with %v", err)
		}
	}
}

// await waits until what came is enough.
func (l *listener) await(enough func(all []pubsub.Batch) bool) []pubsub.Batch {
	l.t.Helper()
	timeout := time.After(deadline)
	for {
		l.mu.Lock()
		all := l.batches[:len(l.batches):len(l.batches)]
		l.mu.Unlock()
		if enough(all) {
			return all
		}
		select {
		case <-l.again:
		case <-timeout:
			l.t.Fatalf("after %v: %+v", deadline, all)
		}
	}
}

// events waits for n events, and returns all that came.
func (l *listener) events(n int) []pubsub.Event {
	l.t.Helper()
	return eventsOf(l.await(func(all []pubsub.Batch) bool { return len(eventsOf(all)) >= n }))
}

func eventsOf(all []pubsub.Batch) []pubsub.Event {
	var events []pubsub.Event
	for _, b := range all {
		events = append(events, b.Events...)
	}
	return events
}

// gap waits for a batch with a gap.
func (l *listener) gap() pubsub.Gap {
	l.t.Helper()
	var gap pubsub.Gap
	l.await(func(all []pubsub.Batch) bool {
		for _, b := range all {
			gap = cmp.Or(gap, b.Gap)
		}
		return gap != pubsub.NoGap
	})
	return gap
}

func (w *world) create(object string, fields map[string]any) string {
	w.t.Helper()
	id, err := w.org.Create(nil, object, fields)
	if err != nil {
		w.t.Fatalf("%v", err)
	}
	return id
}

func (w *world) update(object, id string, fields map[string]any) {
	w.t.Helper()
	if err := w.org.Update(nil, object, id, fields); err != nil {
		w.t.Fatalf("%v", err)
	}
}

var _ failer = (*testing.T)(nil)
