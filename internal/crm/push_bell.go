package crm

import (
	"context"
	"errors"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/outbox"
	"github.com/switchboardhq/switchboard/internal/store"
)

// errNoRow is why a bell does not ring yet.
var errNoRow = errors.New("the message that the bell is for is not in Salesforce yet")

// ringBells rings for the jobs' notifications, each once, when its message is in
// Salesforce. A bell of which nobody knows whether it rang rings once more: one
// that is lost is worse.
func (p *Pusher) ringBells(ctx context.Context, jobs []store.Job) []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	bells, err := p.db.BellsToRing(ctx, p.org, subjects(jobs))
	if err != nil {
		return all(jobs, err)
	}
	failed := map[string]error{}
	var unwritten []string
	for _, b := range bells {
		if b.SMSID == "" {
			unwritten = append(unwritten, b.MessageID)
		}
	}
	if len(unwritten) > 0 {
		if failed, err = p.writeMessages(ctx, unwritten); err != nil {
			return all(jobs, p.outcome(ctx, err))
		}
		if bells, err = p.db.BellsToRing(ctx, p.org, subjects(jobs)); err != nil {
			return all(jobs, err)
		}
	}
	rung := map[string]error{}
	for _, b := range bells {
		rung[b.NotificationID] = p.ring(ctx, b, failed[b.MessageID])
	}
	errs := make([]error, len(jobs))
	for i, j := range jobs {
		errs[i] = rung[j.SubjectID]
	}
	return errs
}

func (p *Pusher) ring(ctx context.Context, b store.BellPush, unwritten error) error {
	if b.SMSID == "" {
		if unwritten != nil {
			return unwritten
		}
		return errNoRow
	}
	err := p.remote.Sender.Ring(ctx, Ring{UserID: b.Recipient, Title: switchboard.NotificationTitle, Body: b.Body, TargetID: b.SMSID})
	if problem := problemOf(err); problem != nil && (problem.Kind == Permanent || problem.Kind == Gone) {
		// The package or a permission is missing: messages need neither, so they
		// are not held up, and the bell rings when somebody has seen to it.
		return outbox.Postponed(err, p.now().Add(limitPause))
	}
	if err != nil {
		return p.outcome(ctx, err)
	}
	within, cancel := noting(ctx)
	defer cancel()
	return p.outcome(ctx, p.db.NoteRung(within, p.org, []string{b.NotificationID}))
}
