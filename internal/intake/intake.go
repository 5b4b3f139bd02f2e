// Package intake is the way into the store: one writer takes what is waiting
// and commits it as a group, so that the cost of a durable commit is shared.
package intake

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Config bounds a Writer. A zero member takes its default.
type Config struct {
	MaxBatch int           // deliveries in one transaction; 500
	MaxBytes int           // of texts in one transaction; 1 MB
	Queue    int           // deliveries that may wait; 4096
	Wait     time.Duration // the longest that Submit waits for the commit; 3 s
	Log      *slog.Logger
	// Committed is called after each commit that stored something of the org.
	Committed func(org string)
	// Observe is called before a group of deliveries is committed, and what it
	// returns when that has succeeded or failed: for measuring.
	Observe func(deliveries int) func([]store.Received, error)
}

// Writer commits deliveries in groups, in the order in which they came. There
// is no timer: an idle writer commits a single delivery at once.
type Writer struct {
	db    *store.DB
	c     Config
	queue chan *pending
	done  chan committed

	unflushed atomic.Int64  // groups that are committed and not known to be on the disk
	flushed   chan struct{} // has a value after unflushed got less

	mu     sync.RWMutex // held for reading while a Submit puts into the queue
	closed bool
}

type pending struct {
	org      string
	delivery store.Delivery
	size     int
	answer   chan answer // holds one: the writer never waits for who asked
}

const (
	// ahead is how many groups may be committed and not flushed yet, beside the
	// one that is being flushed: a slow disk doesn't hold up the store at once.
	ahead = 8
	// enough is how many deliveries are worth a transaction of their own while the
	// groups before it are still being flushed. Fewer would not be on the disk any
	// sooner, and each transaction has its price: they wait for more to come, or
	// for that flush to end.
	enough = 32
)

// committed is a group that waits for the disk.
type committed struct {
	group    []*pending
	received []store.Received
	durable  func() error
	observed func([]store.Received, error)
}

type answer struct {
	received store.Received
	err      error
}

// New returns a writer to db. Nothing is committed until Run runs.
func New(db *store.DB, c Config) *Writer {
	c.MaxBatch = orDefault(c.MaxBatch, 500)
	c.MaxBytes = orDefault(c.MaxBytes, 1<<20)
	c.Queue = orDefault(c.Queue, 4096)
	c.Wait = orDefault(c.Wait, 3*time.Second)
	if c.Committed == nil {
		c.Committed = func(string) {}
	}
	if c.Observe == nil {
		c.Observe = func(int) func([]store.Received, error) { return func([]store.Received, error) {} }
	}
	return &Writer{db: db, c: c, queue: make(chan *pending, c.Queue), done: make(chan committed, ahead), flushed: make(chan struct{}, 1)}
}

func orDefault[T int | time.Duration](v, d T) T {
	if v == 0 {
		return d
	}
	return v
}

func busy(message string) error {
	return switchboard.Errorf(switchboard.CodeUnavailable, "%s", message)
}

// Submit hands in a delivery and waits until it is committed. It returns what
// its texts became, or an error with a code: unavailable when the queue is
// full, the store can't commit, or the wait was too long. After unavailable the
// delivery may still get committed: handing it in again is safe, for its
// messages are known by their ids.
func (w *Writer) Submit(ctx context.Context, org string, d store.Delivery) ([]store.ReceivedMessage, error) {
	p := &pending{org: org, delivery: d, answer: make(chan answer, 1)}
	for _, e := range d.Events {
		if e.Text != nil {
			p.size += len(e.Text.Body) + len(e.Text.Raw)
		}
	}
	if err := w.enqueue(p); err != nil {
		return nil, err
	}
	var tooSlow <-chan time.Time
	if by, ok := ctx.Deadline(); !ok || time.Until(by) > w.c.Wait { // else ctx ends first
		timer := time.NewTimer(w.c.Wait)
		defer timer.Stop()
		tooSlow = timer.C
	}
	select {
	case a := <-p.answer:
		if a.err != nil {
			return nil, a.err
		}
		return a.received.Messages, a.received.Err
	case <-ctx.Done():
		return nil, busy("The request ended before its message was stored. Send it again.")
	case <-tooSlow:
		return nil, busy("The store is too slow right now. Send it again.")
	}
}

func (w *Writer) enqueue(p *pending) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return busy("The service is stopping. Send it again.")
	}
	select {
	case w.queue <- p:
		return nil
	default:
		return busy("Too many messages are waiting to be stored. Send it again.")
	}
}

// Waiting returns how many deliveries wait to be committed.
func (w *Writer) Waiting() int { return len(w.queue) }

// Run commits what is handed in until ctx ends; then it refuses more, commits
// what waits, and returns.
func (w *Writer) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.closed = true
		close(w.queue)
	})
	defer stop()
	var answering sync.WaitGroup
	answering.Go(w.answer)
	defer answering.Wait()
	defer close(w.done)
	var held *pending // taken from the queue, but too big for the last group
	for {
		group, more := w.group(held)
		held = more
		if len(group) == 0 {
			return
		}
		w.commit(context.WithoutCancel(ctx), group)
	}
}

// answer waits for what is committed to be on the disk, and tells who asked.
// The next group is decided meanwhile.
func (w *Writer) answer() {
	for c := range w.done {
		err := c.durable()
		w.unflushed.Add(-1)
		select {
		case w.flushed <- struct{}{}:
		default:
		}
		c.observed(c.received, err)
		if err != nil {
			w.fail(c.group, err)
			continue
		}
		w.c.Committed(c.group[0].org)
		for i, p := range c.group {
			p.answer <- answer{received: c.received[i]}
		}
	}
}

func (w *Writer) fail(group []*pending, err error) {
	w.c.Log.Error("a group of messages could not be stored", "deliveries", len(group), "err", err)
	for _, p := range group {
		p.answer <- answer{err: err}
	}
}

// group waits for one delivery and takes along what else is there, of the same
// org, up to the bounds. The second result is one that did not fit.
func (w *Writer) group(first *pending) ([]*pending, *pending) {
	if first == nil {
		p, ok := <-w.queue
		if !ok {
			return nil, nil
		}
		first = p
	}
	group, size := []*pending{first}, first.size
	for len(group) < w.c.MaxBatch {
		p := w.more(len(group) < enough)
		if p == nil {
			break
		}
		if p.org != first.org || size+p.size > w.c.MaxBytes {
			return group, p
		}
		group, size = append(group, p), size+p.size
	}
	return group, nil
}

// more returns a delivery that waits, or nil. With patience it waits for one
// until everything committed is on the disk.
func (w *Writer) more(patience bool) *pending {
	for {
		select {
		case p := <-w.queue:
			return p // nil when the queue is closed
		default:
		}
		if !patience || w.unflushed.Load() == 0 {
			return nil
		}
		select {
		case p := <-w.queue:
			return p
		case <-w.flushed:
		}
	}
}

// commit stores a group, and bisects one that fails, so that a delivery that
// the store cannot take fails alone.
func (w *Writer) commit(ctx context.Context, group []*pending) {
	batch := make([]store.Delivery, len(group))
	for i, p := range group {
		batch[i] = p.delivery
	}
	observed := w.c.Observe(len(batch))
	received, durable, err := w.receive(ctx, group[0].org, batch)
	if err == nil {
		w.unflushed.Add(1)
		w.done <- committed{group, received, durable, observed}
		return
	}
	observed(nil, err)
	if len(group) > 1 && w.worthBisecting(ctx) {
		w.commit(ctx, group[:len(group)/2])
		w.commit(ctx, group[len(group)/2:])
		return
	}
	w.fail(group, err)
}

// receive keeps a defect that some message brings to light from ending the
// process: it would be sent again, and end it again.
func (w *Writer) receive(ctx context.Context, org string, batch []store.Delivery) (received []store.Received, durable func() error, err error) {
	defer func() {
		if p := recover(); p != nil {
			w.c.Log.Error("storing a group of messages failed", "panic", p, "stack", string(debug.Stack()))
			received, durable, err = nil, nil, busy("Switchboard failed on this message. Send it again; it is taken after an update.")
		}
	}()
	return w.db.ReceiveAhead(ctx, org, batch)
}

// worthBisecting tells a poison row from a store that can't commit at all.
func (w *Writer) worthBisecting(ctx context.Context) bool { return w.db.Ready(ctx) == nil }
