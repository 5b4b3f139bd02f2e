// Package outbox does what has to happen outside the database: it takes the
// jobs that transactions have left in the store, hands them to whoever can do
// them, and tries again until they are done.
//
// A job is done at least once. Whoever does it makes twice have the effect of
// once, by the job's key, and looks at the current state of what the job is
// about, not at what it was when the job was asked for.
package outbox

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/switchboardhq/switchboard/internal/store"
)

// Handler does the jobs of one kind.
type Handler interface {
	// Do does the jobs, all of one org and at most a batch of them, and returns
	// an error or nil for each, in their order; or a single error that holds for
	// all. A job whose error is [Permanent] is given up, any other is tried
	// again. Do has to end when ctx does: that is before another worker may take
	// the jobs.
	Do(ctx context.Context, jobs []store.Job) []error
}

// Config says how a worker works. A zero member takes its default.
type Config struct {
	Kind    string        // of the jobs
	Batch   int           // jobs that are done together at most; 200
	Lease   time.Duration // how long a batch may take; a minute
	Poll    time.Duration // how long an idle worker waits to look again; a second
	Retries Retries
	// Pause returns how long to take no jobs yet, 0 for not at all: because all
	// go to one place, and that is not to be bothered. nil never pauses.
	Pause  func() time.Duration
	Now    func() time.Time
	Random func() float64 // from 0 to 1, 1 left out: spreads retries
	Log    *slog.Logger
}

// Worker does the jobs of one kind.
type Worker struct {
	db      *store.DB
	handler Handler
	c       Config
	wake    chan struct{}
}

// New returns a worker. It does nothing until Run runs.
func New(db *store.DB, h Handler, c Config) *Worker {
	if c.Batch == 0 {
		c.Batch = 200
	}
	if c.Lease == 0 {
		c.Lease = time.Minute
	}
	if c.Poll == 0 {
		c.Poll = time.Second
	}
	if c.Retries == (Retries{}) {
		c.Retries = DefaultRetries()
	}
	return &Worker{db: db, handler: h, c: c, wake: make(chan struct{}, 1)}
}

// Wake hints that there is a job. It never blocks; a hint that is lost costs a
// poll's wait.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run does jobs until ctx ends. What is being done then gets ctx's end as its
// own, and what became of it is written down before Run returns. Several
// workers of a kind may run, here and on other machines.
func (w *Worker) Run(ctx context.Context) {
	for ctx.Err() == nil {
		n, err := 0, error(nil)
		if w.pause() == 0 {
			n, err = w.once(ctx)
		}
		if err != nil && ctx.Err() == nil {
			w.c.Log.Error("the outbox can't be worked on; trying again", "kind", w.c.Kind, "err", err)
		}
		if err == nil && n > 0 {
			continue
		}
		timer := time.NewTimer(max(w.c.Poll, min(w.pause(), longestPause)))
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// longestPause bounds the wait until Pause is asked again.
const longestPause = 30 * time.Second

func (w *Worker) pause() time.Duration {
	if w.c.Pause == nil {
		return 0
	}
	return w.c.Pause()
}

// Drain does the jobs that are due until there are none, or the worker is to
// pause, and returns how many it did.
func (w *Worker) Drain(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil && w.pause() == 0 {
		n, err := w.once(ctx)
		total += n
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, ctx.Err()
}

// once does a batch and returns how many jobs it held.
func (w *Worker) once(ctx context.Context) (int, error) {
	jobs, err := w.db.ClaimJobs(ctx, w.c.Kind, w.c.Batch, w.c.Lease)
	if err != nil || len(jobs) == 0 {
		return 0, err
	}
	// Nine tenths, so that the result is written while the lease holds.
	doing, cancel := context.WithTimeout(ctx, w.c.Lease*9/10)
	errs := w.handler.Do(doing, jobs)
	cancel()
	results := make([]store.JobResult, len(jobs))
	for i, j := range jobs {
		results[i] = w.result(j, errorOf(errs, i, len(jobs)), ctx.Err() != nil)
	}
	return len(jobs), w.db.FinishJobs(context.WithoutCancel(ctx), results)
}

var errUncounted = errors.New("the handler did not say what became of the job")

func errorOf(errs []error, i, jobs int) error {
	switch {
	case len(errs) == jobs:
		return errs[i]
	case len(errs) == 1 && errs[0] != nil:
		return errs[0]
	}
	return errUncounted
}

// result says what becomes of a job. One that failed while the worker was asked
// to stop has failed for that.
func (w *Worker) result(j store.Job, err error, stopping bool) store.JobResult {
	r := store.JobResult{Job: j}
	if err == nil {
		return r
	}
	r.Error = err.Error()
	var postponed *postponedError
	if errors.As(err, &postponed) {
		r.Retry, r.NotTried = postponed.until, true
		w.c.Log.Debug("a job was put off", "kind", j.Kind, "job", j.ID, "subject", j.SubjectID, "at", r.Retry, "err", err)
		return r
	}
	var permanent *permanentError
	if errors.As(err, &permanent) || !stopping && j.Attempts >= w.c.Retries.Attempts {
		w.c.Log.Error("a job was given up", "kind", j.Kind, "job", j.ID, "subject", j.SubjectID, "attempts", j.Attempts, "err", err)
		return r
	}
	r.Retry = w.c.Now().Add(w.c.Retries.Wait(j.Attempts, w.c.Random()))
	level := slog.LevelWarn
	if stopping {
		level = slog.LevelInfo
	}
	w.c.Log.Log(context.Background(), level, "a job failed and is tried again", "kind", j.Kind, "job", j.ID, "subject", j.SubjectID, "attempts", j.Attempts, "at", r.Retry, "err", err)
	return r
}

// Permanent marks an error that no further attempt will mend.
func Permanent(err error) error { return &permanentError{err} }

type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Postponed marks an error that is not the job's: it could not be tried, and is
// to be at the given time. It counts as no attempt, however often it happens.
func Postponed(err error, until time.Time) error { return &postponedError{err, until} }

type postponedError struct {
	err   error
	until time.Time
}

func (e *postponedError) Error() string { return e.err.Error() }
func (e *postponedError) Unwrap() error { return e.err }
