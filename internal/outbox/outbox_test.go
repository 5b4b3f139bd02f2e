package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard/internal/outbox"
	"github.com/switchboardhq/switchboard/internal/seal"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// handler answers each job as the test says and notes when it was asked.
type handler struct {
	do func(ctx context.Context, j store.Job) error

	mu    sync.Mutex
	tries []string // key at seconds since the start
	sizes []int
	start time.Time
}

func (h *handler) Do(ctx context.Context, jobs []store.Job) []error {
	h.mu.Lock()
	h.sizes = append(h.sizes, len(jobs))
	for _, j := range jobs {
		h.tries = append(h.tries, fmt.Sprintf("%s %d", j.Key, time.Since(h.start)/time.Second))
	}
	h.mu.Unlock()
	errs := make([]error, len(jobs))
	for i, j := range jobs {
		errs[i] = h.do(ctx, j)
	}
	return errs
}

func (h *handler) seen() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.tries)
}

// run runs a worker in a bubble where time is the test's, on a real store.
func run(t *testing.T, h *handler, c outbox.Config, test func(t *testing.T, db *store.DB, org string, w *outbox.Worker)) {
	synctest.Test(t, func(t *testing.T) {
		key, err := seal.Generate()
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.NewTextHandler(t.Output(), nil))
		db := storetest.OpenConfig(t, store.Config{Dir: t.TempDir(), Now: time.Now, Random: storetest.Random(t.Name()), Key: key, Log: log})
		c.Kind, c.Now, c.Random, c.Log = "bell", time.Now, func() float64 { return 0 }, log
		w := outbox.New(db, h, c)
		h.start = time.Now()
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { w.Run(ctx) })
		synctest.Wait() // it has looked once, and found nothing
		test(t, db, storetest.Org(t, db), w)
		cancel()
		wg.Wait()
	})
}

func enqueue(t *testing.T, db *store.DB, org string, keys ...string) {
	t.Helper()
	for _, k := range keys {
		if err := db.Enqueue(t.Context(), org, store.NewJob{Kind: "bell", Key: k}); err != nil {
			t.Fatal(err)
		}
	}
}

// pass lets the worker work for d.
func pass(d time.Duration) {
	time.Sleep(d) // of the bubble's time
	synctest.Wait()
}

func want(t *testing.T, h *handler, tries ...string) {
	t.Helper()
	if got := h.seen(); !slices.Equal(got, tries) {
		t.Errorf("jobs were tried at %v, want %v", got, tries)
	}
}

func TestAJobIsTriedUntilItIsDone(t *testing.T) {
	failures := 3
	h := &handler{do: func(context.Context, store.Job) error {
		if failures--; failures >= 0 {
			return errors.New("busy")
		}
		return nil
	}}
	run(t, h, outbox.Config{}, func(t *testing.T, db *store.DB, org string, w *outbox.Worker) {
		enqueue(t, db, org, "a")
		pass(time.Hour)
		// A poll finds it, then come 2, 4 and 8 seconds, each found by the next poll.
		if got := h.seen(); len(got) != 4 {
			t.Fatalf("tried at %v", got)
		}
		want(t, h, "a 1", "a 3", "a 7", "a 15")
	})
}

func TestOneFailureLeavesTheOthersDone(t *testing.T) {
	h := &handler{do: func(_ context.Context, j store.Job) error {
		if j.Key == "b" {
			return outbox.Permanent(errors.New("no such address"))
		}
		return nil
	}}
	run(t, h, outbox.Config{Batch: 2}, func(t *testing.T, db *store.DB, org string, w *outbox.Worker) {
		enqueue(t, db, org, "a", "b", "c")
		pass(time.Hour)
		if !slices.Equal(h.sizes, []int{2, 1}) || len(h.seen()) != 3 {
			t.Errorf("batches of %v: %v", h.sizes, h.seen())
		}
		dead, _, err := db.DeadJobs(t.Context(), org, store.Page{Limit: 5})
		if err != nil || len(dead) != 1 || dead[0].LastError != "no such address" {
			t.Errorf("given up: %+v, %v", dead, err)
		}
	})
}

func TestAJobIsGivenUpInTheEnd(t *testing.T) {
	h := &handler{do: func(context.Context, store.Job) error { return errors.New("busy") }}
	run(t, h, outbox.Config{Retries: outbox.Retries{First: time.Second, Soon: time.Second, Late: time.Second, Attempts: 3}}, func(t *testing.T, db *store.DB, org string, w *outbox.Worker) {
		enqueue(t, db, org, "a")
		pass(time.Hour)
		if got := h.seen(); len(got) != 3 {
			t.Errorf("tried %v", got)
		}
		if s, err := db.OutboxState(t.Context()); err != nil || s.Dead != 1 || s.Waiting != 0 {
			t.Errorf("the outbox: %+v, %v", s, err)
		}
	})
}

func TestAHintSparesTheWait(t *testing.T) {
	h := &handler{do: func(context.Context, store.Job) error { return nil }}
	run(t, h, outbox.Config{Poll: time.Hour}, func(t *testing.T, db *store.DB, org string, w *outbox.Worker) {
		pass(time.Minute)
		enqueue(t, db, org, "a")
		pass(time.Minute)
		want(t, h)
		w.Wake()
		w.Wake()
		pass(time.Minute)
		want(t, h, "a 120")
	})
}

// A handler that hangs is cut off while its lease holds, and what it was doing
// is tried again.
func TestAHangingHandlerEndsBeforeItsLease(t *testing.T) {
	var cut time.Duration
	h := &handler{}
	h.do = func(ctx context.Context, _ store.Job) error {
		if len(h.seen()) > 1 {
			return nil
		}
		began := time.Now()
		<-ctx.Done()
		cut = time.Since(began)
		return ctx.Err()
	}
	run(t, h, outbox.Config{Lease: 10 * time.Second}, func(t *testing.T, db *store.DB, org string, w *outbox.Worker) {
		enqueue(t, db, org, "a")
		pass(time.Minute)
		if cut != 9*time.Second {
			t.Errorf("it was cut off after %v", cut)
		}
		if got := h.seen(); len(got) != 2 {
			t.Errorf("tried at %v", got)
		}
	})
}

// What is being done when the service stops is written down before Run returns.
func TestStoppingKeepsWhatBecameOfTheJobs(t *testing.T) {
	h := &handler{do: func(ctx context.Context, _ store.Job) error { <-ctx.Done(); return nil }}
	synctest.Test(t, func(t *testing.T) {
		key, err := seal.Generate()
		if err != nil {
			t.Fatal(err)
		}
		log := slog.New(slog.DiscardHandler)
		db := storetest.OpenConfig(t, store.Config{Dir: t.TempDir(), Now: time.Now, Random: storetest.Random("x"), Key: key, Log: log})
		org := storetest.Org(t, db)
		w := outbox.New(db, h, outbox.Config{Kind: "bell", Now: time.Now, Random: func() float64 { return 0 }, Log: log})
		enqueue(t, db, org, "a")
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { w.Run(ctx) })
		pass(time.Second)
		cancel()
		wg.Wait()
		if s, err := db.OutboxState(t.Context()); err != nil || s.Waiting != 0 || s.Dead != 0 {
			t.Errorf("after it stopped the outbox is %+v, %v", s, err)
		}
	})
}

func TestRetriesComeSoonAtFirst(t *testing.T) {
	r := outbox.DefaultRetries()
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(1, 1000).Draw(t, "attempt")
		random := rapid.Float64Range(0, 0.999).Draw(t, "random")
		wait := r.Wait(attempt, random)
		switch {
		case wait <= 0 || wait > r.Late:
			t.Errorf("after attempt %d: %v", attempt, wait)
		case attempt == 1 && wait > 5*time.Second:
			t.Errorf("the first retry starts after %v", wait)
		case attempt <= 10 && wait > 30*time.Second:
			t.Errorf("after attempt %d: %v", attempt, wait)
		case r.Wait(attempt+1, random) < wait:
			t.Errorf("after attempt %d the wait gets shorter", attempt+1)
		}
	})
	total := time.Duration(0)
	for i := 1; i < r.Attempts; i++ {
		total += r.Wait(i, 0)
	}
	if total < 20*time.Hour || total > 30*time.Hour {
		t.Errorf("a job is given up after %v", total)
	}
}

func TestAJobThatCouldNotBeTriedIsNeverGivenUp(t *testing.T) {
	var open atomic.Bool
	h := &handler{}
	h.do = func(context.Context, store.Job) error {
		if !open.Load() {
			return outbox.Postponed(errors.New("down"), time.Now().Add(30*time.Second))
		}
		return nil
	}
	run(t, h, outbox.Config{Retries: outbox.Retries{First: time.Second, Soon: time.Second, Late: time.Second, Attempts: 3}}, func(t *testing.T, db *store.DB, org string, w *outbox.Worker) {
		enqueue(t, db, org, "a")
		pass(10 * time.Minute)
		if n := len(h.seen()); n < 15 || n > 21 {
			t.Errorf("in ten minutes it was tried %d times", n)
		}
		open.Store(true)
		pass(time.Minute)
		state, err := db.OutboxState(t.Context())
		if err != nil || state.Waiting != 0 || state.Dead != 0 {
			t.Errorf("in the end: %+v, %v", state, err)
		}
	})
}

func TestAWorkerPauses(t *testing.T) {
	var pause time.Duration
	var mu sync.Mutex
	h := &handler{do: func(context.Context, store.Job) error { return nil }}
	c := outbox.Config{Pause: func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return pause
	}}
	pause = time.Hour
	run(t, h, c, func(t *testing.T, db *store.DB, org string, w *outbox.Worker) {
		enqueue(t, db, org, "a")
		pass(5 * time.Minute)
		want(t, h)
		if n, err := w.Drain(t.Context()); n != 0 || err != nil {
			t.Errorf("paused, it drains %d, %v", n, err)
		}
		mu.Lock()
		pause = 0
		mu.Unlock()
		pass(30 * time.Second)
		if n := len(h.seen()); n != 1 {
			t.Errorf("afterwards it did %d", n)
		}
		enqueue(t, db, org, "b", "c")
		if n, err := w.Drain(t.Context()); n != 2 || err != nil {
			t.Errorf("it drained %d, %v", n, err)
		}
	})
}
