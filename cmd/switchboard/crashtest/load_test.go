package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/provider/generic"
)

// world is who texts, and what must become of it.
type world struct {
	records map[string][]string // by number: the records that have it
	numbers []string            // those that text, some more often than others
}

// populate makes numbers with one record, with two, and without any.
func populate(t testing.TB, in *installation, s *server) *world {
	t.Helper()
	w := &world{records: map[string][]string{}}
	add := func(number string, times, records int) {
		for i := range records {
			w.records[number] = append(w.records[number], in.contact(t, s, fmt.Sprintf("Person %s %d", number, i), number))
		}
		w.numbers = append(w.numbers, slices.Repeat([]string{number}, times)...)
	}
	for i := range 12 {
		add(fmt.Sprintf("+1512555%04d", 1000+i), 10, 1)
	}
	for i := range 4 {
		add(fmt.Sprintf("+1512555%04d", 2000+i), 5, 2)
	}
	for i := range 40 {
		add(fmt.Sprintf("+1512555%04d", 3000+i), 1, 0)
	}
	add("28777", 1, 0) // a short code
	return w
}

// reason is what the rule must say about a text from number: nobody ever places
// one of these by hand, so there is no history to go by.
func (w *world) reason(number string) string {
	switch len(w.records[number]) {
	case 0:
		return "no_match"
	case 1:
		return "only_match"
	}
	return "ambiguous"
}

// text is one message, as the provider that sends it remembers it.
type text struct {
	id, from, body string
	acked          bool
}

// sender is a provider with its memory: what it has sent, and what of it was
// acknowledged. It sends again what was not, as providers do.
type sender struct {
	world  *world
	path   string
	body   func(id string) string
	client *http.Client
	url    atomic.Pointer[string]

	mu     sync.Mutex
	random *rand.Rand
	texts  map[string]*text
	order  []*text // all of them, oldest first
	open   []*text // not acknowledged, and nobody is sending them

	acked  atomic.Int64
	strays sync.Map // statuses that a provider must never see: number to count
	busy   atomic.Int64
}

func newSender(w *world, in *installation, seed uint64) *sender {
	return &sender{
		world: w, path: in.path, random: rand.New(rand.NewPCG(seed, 1)), texts: map[string]*text{},
		body: func(id string) string { return "Text " + id + " with “quotes” and 👋" },
		client: &http.Client{Timeout: patience, Transport: &http.Transport{
			MaxIdleConnsPerHost: 64, DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext,
		}},
	}
}

// to tells where the service is now.
func (p *sender) to(s *server) { p.url.Store(&s.url) }

// next returns what to send now: something that was not acknowledged, now and
// then something that was, else a new text.
func (p *sender) next() *text {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.open); n > 0 {
		i := p.random.IntN(n)
		x := p.open[i]
		p.open = slices.Delete(p.open, i, i+1)
		return x
	}
	if len(p.order) > 0 && p.random.IntN(12) == 0 {
		return p.order[p.random.IntN(len(p.order))]
	}
	id := strconv.Itoa(len(p.order))
	x := &text{id: id, from: p.world.numbers[p.random.IntN(len(p.world.numbers))], body: p.body(id)}
	p.texts[id] = x
	p.order = append(p.order, x)
	return x
}

func (p *sender) done(x *text, acked bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case acked && !x.acked:
		x.acked = true
		p.acked.Add(1)
	case !acked && !x.acked:
		p.open = append(p.open, x)
	}
}

// deliver sends a text and returns the status, 0 if there was no answer.
func (p *sender) deliver(ctx context.Context, x *text) int {
	body, err := json.Marshal(map[string]string{"id": x.id, "from": x.from, "to": "+15125550100", "body": x.body})
	if err != nil {
		panic(err)
	}
	status, _ := p.post(ctx, x.id, body)
	return status
}

// post signs and sends a body. It returns the status and the headers of the
// answer; 0 if there was none.
func (p *sender) post(ctx context.Context, id string, body []byte) (int, http.Header) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, *p.url.Load()+p.path, bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	if r.Header, err = generic.Sign(secret, id, time.Now(), body); err != nil {
		panic(err)
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return 0, nil
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode, answer.Header
}

// send delivers texts over so many connections until ctx ends. Requests that
// are on their way then are waited for.
func (p *sender) send(ctx context.Context, connections int) (wait func()) {
	var running sync.WaitGroup
	for range connections {
		running.Go(func() {
			for ctx.Err() == nil {
				p.one(context.WithoutCancel(ctx))
			}
		})
	}
	return running.Wait
}

func (p *sender) one(ctx context.Context) {
	x := p.next()
	status := p.deliver(ctx, x)
	p.done(x, status == http.StatusOK)
	switch status {
	case http.StatusOK:
	case 0:
		time.Sleep(time.Millisecond) // nobody is there
	case http.StatusServiceUnavailable:
		p.busy.Add(1)
		time.Sleep(time.Millisecond)
	default:
		n, _ := p.strays.LoadOrStore(status, new(atomic.Int64))
		n.(*atomic.Int64).Add(1)
	}
}

// settle sends again what was not acknowledged, until everything is.
func (p *sender) settle(t testing.TB) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		p.mu.Lock()
		n := len(p.open)
		p.mu.Unlock()
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d texts are not acknowledged after %v", n, patience)
		}
		p.one(t.Context())
	}
}

// check fails t for answers that a provider must never get.
func (p *sender) check(t testing.TB) {
	t.Helper()
	p.strays.Range(func(status, n any) bool {
		t.Errorf("%d deliveries were answered %d", n.(*atomic.Int64).Load(), status)
		return true
	})
}
