// Package intake is the way into the store: one writer takes what is waiting
// and commits it as a group, so that the cost of a durable commit is shared.
package intake

import (
	"context"
	"log/slog"
	"runtime/debug"
	"sync"
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
	db   *store.DB
	c    Config
	done chan committed

	mu        sync.Mutex
	queue     []*pending
	closed    bool
	unflushed int           // groups that are committed and not known to be on the disk
	asleep    bool          // the writer waits for more
	wake      chan struct{} // holds a value when it is to look again
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
	enough = 20
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
	return &Writer{db: db, c: c, done: make(chan committed, ahead), wake: make(chan struct{}, 1)}
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
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return busy("The service is stopping. Send it again.")
	case len(w.queue) >= w.c.Queue:
		return busy("Too many messages are waiting to be stored. Send it again.")
	}
	w.queue = append(w.queue, p)
	w.rouse()
	return nil
}

// rouse wakes the writer if it sleeps and there is something to do. w.mu is held.
func (w *Writer) rouse() {
	if w.asleep && w.due() {
		w.asleep = false
		w.wake <- struct{}{}
	}
}

// due reports whether a group should be taken now. w.mu is held.
func (w *Writer) due() bool {
	worth := 1
	if w.unflushed > 0 {
		worth = min(enough, w.c.MaxBatch)
	}
	return w.closed || len(w.queue) >= worth
}

// Waiting returns how many deliveries wait to be committed.
func (w *Writer) Waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.queue)
}

// Run commits what is handed in until ctx ends; then it refuses more, commits
// what waits, and returns.
func (w *Writer) Run(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.closed = true
		w.rouse()
	})
	defer stop()
	var answering sync.WaitGroup
	answering.Go(w.answer)
	defer answering.Wait()
	defer close(w.done)
	for {
		group := w.group()
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
		w.flushed()
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

// flushed notes that a group is on the disk, or failed to get there.
func (w *Writer) flushed() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unflushed--
	w.rouse()
}

// group takes deliveries of one org, up to the bounds, in the order in which
// they came: as soon as there is one, or, while groups are being flushed, there
// are enough. It returns none when the writer is to end.
func (w *Writer) group() []*pending {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.due() {
		w.asleep = true
		w.mu.Unlock()
		<-w.wake
		w.mu.Lock()
	}
	n, size := 0, 0
	for _, p := range w.queue[:min(len(w.queue), w.c.MaxBatch)] {
		if size += p.size; n > 0 && (p.org != w.queue[0].org || size > w.c.MaxBytes) {
			break
		}
		n++
	}
	group := w.queue[:n:n]
	w.queue = w.queue[n:]
	return group
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
		w.mu.Lock()
		w.unflushed++
		w.mu.Unlock()
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
