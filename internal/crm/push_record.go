package crm

import (
	"context"
	"errors"
	"slices"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// pushRecords writes the jobs' records as they are now, one by one: only so
// does Salesforce say of which record one is a duplicate.
func (p *Pusher) pushRecords(ctx context.Context, jobs []store.Job) []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	errs := make([]error, len(jobs))
	for i, j := range jobs {
		errs[i] = p.outcome(ctx, p.writeRecord(ctx, j.SubjectID, 0))
	}
	return errs
}

// tries bounds how often a record is read anew because it was changed while it
// was about to be written.
const tries = 3

// writeRecord writes what Salesforce does not have of a record. depth is how
// many records wait for this one.
func (p *Pusher) writeRecord(ctx context.Context, id string, depth int) error {
	for range tries {
		push, err := p.db.RecordToPush(ctx, p.org, id)
		if err != nil || push == nil {
			return err
		}
		if push.Unsynced != "" && depth == 0 {
			err := p.writeRecord(ctx, push.Unsynced, depth+1)
			var problem *Problem
			if err != nil && (!errors.As(err, &problem) || !problem.Row) {
				return err
			}
			if push, err = p.db.RecordToPush(ctx, p.org, id); err != nil || push == nil {
				return err
			}
		}
		if push.Nothing() {
			return nil
		}
		ok, err := p.db.RecordSent(ctx, p.org, push)
		if err != nil {
			return err
		}
		if ok {
			return p.send(ctx, push)
		}
	}
	return nil // whoever changes it so often has asked for it once more
}

func (p *Pusher) send(ctx context.Context, push *store.RecordPush) error {
	object, id := push.Record.Object, push.SalesforceID
	var err error
	switch {
	case push.Delete:
		err = p.remote.Writer.Delete(ctx, object, id)
	case id == "":
		id, err = p.remote.Writer.Create(ctx, object, push.Key, push.Tried, push.Fields)
	default:
		err = p.remote.Writer.Update(ctx, object, id, push.Fields)
	}
	within, cancel := noting(ctx)
	defer cancel()
	if err == nil {
		return p.db.NoteRecord(within, p.org, push, id)
	}
	problem := problemOf(err)
	if !problem.Row {
		return err // it is not about this record
	}
	switch problem.Kind {
	case Permanent:
		return p.refused(within, push, problem)
	case Duplicate:
		return p.duplicate(ctx, push, problem)
	case Gone:
		if push.SalesforceID == "" {
			return err // what it names, or the field for its key, is not there yet: another try may find it
		}
		if rerr := p.puller.Refresh(ctx, object, []string{push.SalesforceID}); rerr != nil {
			return errors.Join(err, rerr)
		}
		return nil
	}
	return err
}

// refused writes down why Salesforce did not take a record, for the person who
// can mend it. A record that was made for an unknown number goes, and its
// messages wait for a person.
func (p *Pusher) refused(ctx context.Context, push *store.RecordPush, problem *Problem) error {
	gone, err := p.db.RefuseRecord(ctx, p.org, push.Record.ID, store.Refusal{Message: sentenceOf(problem), Field: problem.Field, Matches: problem.Matches})
	if err != nil {
		return err
	}
	p.log.Info("Salesforce refused a record", "record", push.Record.ID, "object", push.Record.Object, "field", problem.Field, "gone", gone, "err", problem.Err)
	if gone {
		return nil
	}
	row := *problem
	row.Row = true
	return &row
}

// duplicate deals with a record that Salesforce takes for one that it has. What
// was made for an unknown number becomes that one, if it is one alone and has
// the number. A person is offered it otherwise; a second one is never made.
func (p *Pusher) duplicate(ctx context.Context, push *store.RecordPush, problem *Problem) error {
	object := push.Record.Object
	if len(problem.Matches) > 0 {
		if err := p.puller.Refresh(ctx, object, problem.Matches); err != nil {
			return errors.Join(problem, err)
		}
	}
	if push.Record.Origin == switchboard.OriginUnknownNumber && push.SalesforceID == "" && len(problem.Matches) == 1 {
		same, err := p.sameNumber(ctx, push.Record, problem.Matches[0])
		if err != nil {
			return err
		}
		if same {
			_, err := p.db.AdoptRecord(ctx, p.system(), push.Record.ID, problem.Matches[0])
			return err
		}
	}
	return p.refused(ctx, push, problem)
}

// sameNumber reports whether the record in Salesforce, which has been read, has
// one of the record's numbers. One that was deleted here has none.
func (p *Pusher) sameNumber(ctx context.Context, r *switchboard.Record, salesforceID string) (bool, error) {
	settings, err := p.db.Settings(ctx, p.org)
	if err != nil {
		return false, err
	}
	other, err := p.db.RecordBySalesforceID(ctx, p.org, salesforceID)
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
		return false, nil
	}
	if err != nil || other.Deleted {
		return false, err
	}
	ours, _ := switchboard.RecordNumbers(r.Object, r.Fields, settings.PhoneFields, settings.Region)
	theirs, _ := switchboard.RecordNumbers(other.Object, other.Fields, settings.PhoneFields, settings.Region)
	return slices.ContainsFunc(ours, func(n switchboard.RecordNumber) bool {
		return slices.ContainsFunc(theirs, func(m switchboard.RecordNumber) bool { return m.Key == n.Key })
	}), nil
}
