package crm

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/outbox"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Config is what an [Engine] works with.
type Config struct {
	DB  *store.DB
	Org string
	// Who tells this process from others on the same store.
	Who string
	// Open reaches the Salesforce of a connection. budget has to be asked before
	// each call and told of it. The result's end is called when it is not used any
	// more.
	Open func(ctx context.Context, c store.Salesforce, secret store.SalesforceSecret, budget *Gate) (remote Remote, end func(), err error)
	// Progress, if not nil, is told how far a first load is.
	Progress Progress
	Now      func() time.Time
	// After is how polls wait; nil waits by the machine's clock.
	After  func(time.Duration) <-chan time.Time
	Random func() float64
	Log    *slog.Logger
}

// Engine keeps one org and its Salesforce the same, for as long as one is
// connected. It is safe for concurrent use.
type Engine struct {
	c    Config
	wake chan struct{}
	poll chan struct{}
}

// NewEngine returns an engine. It does nothing until it is run.
func NewEngine(c Config) *Engine {
	if c.After == nil {
		c.After = time.After
	}
	return &Engine{c: c, wake: make(chan struct{}, 1), poll: make(chan struct{}, 1)}
}

// Wake hints that there are jobs. It never blocks.
func (e *Engine) Wake() { hint(e.wake) }

func hint(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// lookAgain is how often an engine looks whether the connection is still the
// same.
const lookAgain = 2 * time.Second

// session is an engine at work on one connection.
type session struct {
	connection store.Salesforce
	puller     *Puller
	pusher     *Pusher
	gate       *Gate
	workers    []*outbox.Worker
	end        func()
}

// open opens the org's connection; nil if there is none.
func (e *Engine) open(ctx context.Context) (*session, error) {
	c, err := e.c.DB.Salesforce(ctx, e.c.Org)
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound || err == nil && !c.Connected {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	secret, err := e.c.DB.SalesforceSecret(ctx, e.c.Org)
	if err != nil {
		return nil, err
	}
	gate, err := NewGate(ctx, e.c.DB, e.c.Org, c, e.c.Now)
	if err != nil {
		return nil, err
	}
	remote, end, err := e.c.Open(ctx, c, secret, gate)
	if err != nil {
		return nil, err
	}
	s := &session{connection: c, gate: gate, end: end}
	s.puller = &Puller{hidden: map[switchboard.Object]*hiding{}, db: e.c.DB, org: e.c.Org, who: e.c.Who, remote: remote, gate: gate, progress: e.c.Progress, now: e.c.Now, log: e.c.Log}
	s.pusher = &Pusher{db: e.c.DB, org: e.c.Org, remote: remote, gate: gate, puller: s.puller, now: e.c.Now, log: e.c.Log}
	for _, w := range []struct {
		kind    string
		handler outbox.Handler
		batch   int
	}{
		{store.KindRecordPush, s.pusher.Records(), 20},
		{store.KindMessagePush, s.pusher.Messages(), 200},
		{store.KindBell, s.pusher.Bells(), 20},
	} {
		s.workers = append(s.workers, outbox.New(e.c.DB, w.handler, outbox.Config{
			Kind: w.kind, Batch: w.batch, Pause: gate.Pause, Now: e.c.Now, Random: e.c.Random, Log: e.c.Log,
		}))
	}
	return s, nil
}

// same reports whether c is the connection that the session works on.
func (s *session) same(c store.Salesforce) bool {
	a, b := s.connection, c
	return b.Connected && a.Method == b.Method && a.LoginURL == b.LoginURL && a.Audience == b.Audience && a.ClientID == b.ClientID && a.Username == b.Username &&
		a.APIVersion == b.APIVersion && a.PubSub == b.PubSub && a.DailyCalls == b.DailyCalls && a.Renewed == b.Renewed && a.PubSubCA == b.PubSubCA && a.SalesforceUserID == b.SalesforceUserID
}

// Run syncs until ctx ends, whenever a Salesforce is connected.
func (e *Engine) Run(ctx context.Context) {
	failures := 0
	for ctx.Err() == nil {
		s, err := e.open(ctx)
		wait := lookAgain
		switch {
		case err != nil:
			failures++
			wait = min(firstPause<<min(failures, 10), 5*time.Minute)
			e.c.Log.Error("Salesforce can't be opened", "err", err)
			e.note(ctx, nil, err)
		case s != nil:
			failures = 0
			e.c.Log.Info("syncing with Salesforce", "salesforce_org", s.connection.SalesforceOrgID)
			e.work(ctx, s)
			s.end()
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// work syncs by the session until ctx ends or the connection is another.
func (e *Engine) work(ctx context.Context, s *session) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, w := range s.workers {
		running.Go(func() { w.Run(ctx) })
	}
	running.Go(func() { e.pullOften(ctx, s) })
	running.Go(func() { s.puller.Listen(ctx, func() { hint(e.poll) }) })
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-e.wake:
			for _, w := range s.workers {
				w.Wake()
			}
		case <-tick.C:
			c, err := e.c.DB.Salesforce(ctx, e.c.Org)
			if err == nil && !s.same(c) {
				e.c.Log.Info("the connection to Salesforce was changed")
				cancel()
			}
			if err := s.gate.Flush(ctx, e.c.DB, e.c.Org); err != nil && ctx.Err() == nil {
				e.c.Log.Warn("could not count the calls of Salesforce's API", "err", err)
			}
		}
	}
	cancel()
	running.Wait()
	within, done := noting(ctx)
	defer done()
	if err := s.gate.Flush(within, e.c.DB, e.c.Org); err != nil {
		e.c.Log.Warn("could not count the calls of Salesforce's API", "err", err)
	}
}

// pullOften reads what changes until ctx ends.
func (e *Engine) pullOften(ctx context.Context, s *session) {
	for asked := true; ctx.Err() == nil; {
		all, wait := true, s.gate.pollEvery(s.streamed())
		switch since := e.sinceCycle(ctx); {
		case s.gate.Pause() > 0:
			wait = max(pollUsual, min(s.gate.Pause(), pollSlowest))
		case !asked && since < wait-pollSlack:
			wait -= since // another process did it meanwhile
		default:
			// What a stream may have left out is asked for seldom, and then all of it.
			pull := s.puller.PullByTurns
			if asked || s.streamed() {
				pull = func(ctx context.Context) error { return s.puller.Pull(ctx, false) }
			}
			err := pull(ctx)
			if err == nil || errors.Is(err, errPartly) {
				var berr error
				if all, berr = e.backfill(ctx); err == nil {
					err = berr
				}
			}
			wait = s.gate.pollEvery(s.streamed() && err == nil)
			e.report(ctx, s, err)
		}
		asked = e.rest(ctx, wait, all)
	}
}

// pollSlack is how much sooner than it is due a poll may be done.
const pollSlack = 2 * time.Second

// streamed reports whether changes are heard of as they happen.
func (s *session) streamed() bool { return s.puller.streams.all() }

// sinceCycle returns how long ago everything was synced last, by whichever
// process.
func (e *Engine) sinceCycle(ctx context.Context) time.Duration {
	c, err := e.c.DB.Salesforce(ctx, e.c.Org)
	if err != nil {
		return time.Duration(1<<63 - 1)
	}
	return max(0, e.c.Now().Sub(c.SyncedAt))
}

// rest waits until a poll is due, and meanwhile asks for what was here before,
// unless that is all done. It reports whether somebody wants the poll now.
func (e *Engine) rest(ctx context.Context, wait time.Duration, all bool) bool {
	due := e.c.After(wait)
	for {
		var more <-chan time.Time
		if !all && wait > pollUsual {
			more = e.c.After(pollUsual)
		}
		select {
		case <-ctx.Done():
			return false
		case <-e.poll:
			return true
		case <-due:
			return false
		case <-more:
			var err error
			if all, err = e.backfill(ctx); err != nil && ctx.Err() == nil {
				e.c.Log.Warn("could not ask for what was here before Salesforce", "err", err)
			}
		}
	}
}

func (e *Engine) report(ctx context.Context, s *session, err error) {
	switch {
	case ctx.Err() != nil, errors.Is(err, errBusy):
		return
	case errors.Is(err, errSpent), errors.Is(err, errHeld):
		e.c.Log.Debug("Salesforce is not read from for now", "err", err)
	case err != nil:
		e.c.Log.Warn("could not read what changed in Salesforce", "err", err)
	}
	e.note(ctx, s, err)
}

// note writes down how it stands: what is wrong, what a person should know
// though all was synced, or that all is well. s is nil if there is none.
func (e *Engine) note(ctx context.Context, s *session, err error) {
	status, cycle := store.VerdictOK, err == nil
	switch {
	case err != nil:
		status = sentenceOf(err)
	case s != nil:
		if said := cmp.Or(s.puller.notice(), slow(s.gate.pollEvery(false))); said != "" {
			status = said
		}
	}
	if nerr := e.c.DB.NoteSalesforce(ctx, e.c.Org, status, cycle); nerr != nil && ctx.Err() == nil {
		e.c.Log.Warn("could not write down how it stands with Salesforce", "err", nerr)
	}
}

// backfillAtOnce bounds what is asked for in one go, so that new texts don't
// wait long behind old ones.
const backfillAtOnce = 400

// backfill asks for what was here before the Salesforce was connected, and
// reports whether that is all of it.
func (e *Engine) backfill(ctx context.Context) (bool, error) {
	state, err := e.c.DB.OutboxState(ctx)
	if err != nil || state.Waiting > backfillAtOnce {
		return false, err
	}
	for ctx.Err() == nil {
		n, all, err := e.c.DB.PushMissing(ctx, e.c.Org, backfillAtOnce)
		if n > 0 {
			e.Wake()
		}
		if err != nil || all || n > 0 {
			return all, err
		}
	}
	return false, ctx.Err()
}

// syncRounds bounds how often a whole cycle is repeated for what it brings up
// itself, and busyTries how often it waits for another process that reads.
const (
	syncRounds = 3
	busyTries  = 60
)

// SyncOnce runs one cycle both ways: what changed there is here, and what was
// decided here is there, when it returns nil. With full, everything is read
// again. It fails with not_found if no Salesforce is connected.
func (e *Engine) SyncOnce(ctx context.Context, full bool) error {
	s, err := e.open(ctx)
	if err != nil {
		return err
	}
	if s == nil {
		return switchboard.Errorf(switchboard.CodeNotFound, "No Salesforce is connected. Run switchboard salesforce connect.")
	}
	defer s.end()
	err = e.syncOnce(ctx, s, full)
	within, done := noting(ctx)
	defer done()
	e.note(within, s, err)
	return errors.Join(err, s.gate.Flush(within, e.c.DB, e.c.Org))
}

func (e *Engine) syncOnce(ctx context.Context, s *session, full bool) error {
	for round := range syncRounds {
		// What can't be read is no reason not to write: the last calls of a day are
		// for that.
		pulled := e.pullPatiently(ctx, s, full && round == 0)
		done, err := e.pushAll(ctx, s)
		if pulled != nil || err != nil || done == 0 {
			return cmp.Or(pulled, err)
		}
	}
	return nil
}

// pushAll does all jobs that are due, and returns how many those were.
func (e *Engine) pushAll(ctx context.Context, s *session) (int, error) {
	total := 0
	for {
		_, all, err := e.c.DB.PushMissing(ctx, e.c.Org, backfillAtOnce)
		if err != nil {
			return total, err
		}
		done := 0
		for _, w := range s.workers {
			n, err := w.Drain(ctx)
			if err != nil {
				return total, err
			}
			done += n
		}
		if pause := s.gate.Pause(); pause > 0 {
			return total, switchboard.Errorf(switchboard.CodeUnavailable, "Salesforce doesn't take calls right now. What is left is sent when it does; try again in %s.", pause.Round(time.Second))
		}
		total += done
		if all && done == 0 {
			return total, nil
		}
	}
}

// pullPatiently pulls, and waits for another process that does.
func (e *Engine) pullPatiently(ctx context.Context, s *session, full bool) error {
	for range busyTries {
		err := s.puller.Pull(ctx, full)
		if !errors.Is(err, errBusy) {
			return err
		}
		timer := time.NewTimer(time.Second)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return errBusy
}
