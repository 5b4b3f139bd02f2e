package crm

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/outbox"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Pusher writes to Salesforce what was decided here: the work of the outbox's
// jobs. It is safe for concurrent use.
type Pusher struct {
	db     *store.DB
	org    string
	remote Remote
	gate   *Gate
	puller *Puller
	now    func() time.Time
	log    *slog.Logger

	// One push after the other: a bell's message is mostly just being written,
	// and two pushes of one record would both make it.
	mu sync.Mutex
}

// Messages, Records and Bells return who does the jobs of
// [store.KindMessagePush], [store.KindRecordPush] and [store.KindBell].
func (p *Pusher) Messages() outbox.Handler { return handlerFunc(p.pushMessages) }

// Records is described at Messages.
func (p *Pusher) Records() outbox.Handler { return handlerFunc(p.pushRecords) }

// Bells is described at Messages.
func (p *Pusher) Bells() outbox.Handler { return handlerFunc(p.ringBells) }

type handlerFunc func(context.Context, []store.Job) []error

func (f handlerFunc) Do(ctx context.Context, jobs []store.Job) []error { return f(ctx, jobs) }

// outcome turns a problem into what the outbox does about the job: it tries
// again, gives up, or waits until Salesforce can be called.
func (p *Pusher) outcome(ctx context.Context, err error) error {
	if err == nil {
		p.gate.note(nil)
		return nil
	}
	var problem *Problem
	if !errors.As(err, &problem) {
		return err // the store's
	}
	if p.gate.note(problem) {
		if perr := p.db.ParkSalesforce(ctx, p.org, p.gate.Until()); perr != nil {
			p.log.Warn("could not write down that Salesforce is to be left alone", "err", perr)
		}
	}
	switch {
	case errors.Is(err, errSpent):
		return outbox.Postponed(err, p.now().Add(limitMost))
	case !problem.Row && problem.Kind != Unknown:
		return outbox.Postponed(err, p.gate.Until())
	case problem.Kind == Permanent, problem.Kind == Duplicate:
		return outbox.Permanent(err)
	}
	return err
}

func all(jobs []store.Job, err error) []error {
	errs := make([]error, len(jobs))
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// noteWithin bounds the writing down of what Salesforce answered: it happens
// also when the service is about to stop.
const noteWithin = 5 * time.Second

func noting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
}

func subjects(jobs []store.Job) []string {
	ids := make([]string, len(jobs))
	for i, j := range jobs {
		ids[i] = j.SubjectID
	}
	return ids
}

// system is who changes what Salesforce's answers ask for.
func (p *Pusher) system() switchboard.Actor {
	return switchboard.Actor{OrgID: p.org, Name: "Salesforce", Role: switchboard.Agent}
}
