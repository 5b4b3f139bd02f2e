package crm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// pushMessages writes the jobs' messages as they are now.
func (p *Pusher) pushMessages(ctx context.Context, jobs []store.Job) []error {
	p.mu.Lock()
	defer p.mu.Unlock()
	failed, err := p.writeMessages(ctx, subjects(jobs))
	if err != nil {
		return all(jobs, p.outcome(ctx, err))
	}
	errs := make([]error, len(jobs))
	for i, j := range jobs {
		errs[i] = failed[j.SubjectID]
	}
	return errs
}

// outgoing is a message on its way.
type outgoing struct {
	sms     SMS
	hash    string
	lookups map[switchboard.Object]string // as they will be
	owner   string
}

// writeMessages writes messages, and returns what keeps single ones from being
// written. An error is about all.
func (p *Pusher) writeMessages(ctx context.Context, ids []string) (failed map[string]error, err error) {
	pushes, err := p.db.MessagesToPush(ctx, p.org, ids)
	if err != nil {
		return nil, err
	}
	for _, first := range []func(context.Context, []store.MessagePush) (bool, error){p.heedPeople, p.writeTheirRecords} {
		news, err := first(ctx, pushes)
		if err == nil && news {
			pushes, err = p.db.MessagesToPush(ctx, p.org, ids)
		}
		if err != nil {
			return nil, err
		}
	}
	var out []outgoing
	var sent []store.MessageSent
	for _, m := range pushes {
		o, err := outgoingOf(m)
		if err != nil {
			return nil, err
		}
		if m.SMSID != "" && o.hash == m.Hash {
			continue // it has this already
		}
		out = append(out, o)
		sent = append(sent, store.MessageSent{MessageID: o.sms.ID, Lookups: o.lookups})
	}
	failed = map[string]error{}
	if len(out) == 0 {
		return failed, nil
	}
	if err := p.db.MessagesSent(ctx, p.org, sent); err != nil {
		return nil, err
	}
	messages := make([]SMS, len(out))
	for i, o := range out {
		messages[i] = o.sms
	}
	results := p.remote.Sender.Upsert(ctx, messages)
	return failed, p.noteUpserted(ctx, out, results, failed)
}

// outgoingOf returns the message as it is to be. Lookups that are as they were
// are left alone, and so is the owner, for somebody there may have changed them
// since.
func outgoingOf(m store.MessagePush) (outgoing, error) {
	message := m.Message
	o := outgoing{lookups: m.Lookups, owner: m.Owner, sms: SMS{
		ID: message.ID, Name: message.Name(), Phone: message.Sender.Address, Body: message.Body, Direction: string(message.Direction), State: string(message.State),
		Channel: m.Channel, ReceivedAt: message.ReceivedAt, Explanation: m.Explanation, Lookups: m.Lookups, Owner: m.Owner,
	}}
	if message.Decision != nil {
		o.sms.Reason = string(message.Decision.Reason)
	}
	text, err := json.Marshal(o.sms)
	if err != nil {
		return o, err
	}
	sum := sha256.Sum256(text)
	o.hash = hex.EncodeToString(sum[:16])
	if m.SMSID != "" && maps.Equal(m.Seen, m.Lookups) {
		o.sms.Lookups = nil
	}
	if m.Owner == m.Owned {
		o.sms.Owner = ""
	}
	return o, nil
}

// noteUpserted writes down what became of messages, and sorts out the failures.
func (p *Pusher) noteUpserted(ctx context.Context, out []outgoing, results []Upserted, failed map[string]error) error {
	var noted []store.MessageNoted
	var first error // of the whole call
	for i, o := range out {
		err := error(&Problem{Kind: Unknown, Message: "Salesforce did not say what became of the message."})
		if i < len(results) {
			err = results[i].Err
		}
		n := store.MessageNoted{MessageID: o.sms.ID, Hash: o.hash, Lookups: o.lookups, Owner: o.owner}
		switch problem := problemOf(err); {
		case err == nil:
			n.SMSID = results[i].ID
		case problem.Kind == Unknown:
			failed[o.sms.ID] = p.outcome(ctx, err)
			continue // it may be there: what was sent stays noted
		case !problem.Row:
			first = err
			n.Error = sentenceOf(err)
		default:
			n.Error = sentenceOf(err)
			failed[o.sms.ID] = p.rowProblem(ctx, o, problem)
		}
		noted = append(noted, n)
	}
	within, cancel := noting(ctx)
	defer cancel()
	if err := p.db.NoteMessages(within, p.org, noted); err != nil {
		return err
	}
	if first != nil {
		return first
	}
	p.gate.note(nil)
	return nil
}

// rowProblem says what to do about one message that was refused. Where a record
// that it names is not what it was, that record is read anew: with what it is
// now, the message is written again.
func (p *Pusher) rowProblem(ctx context.Context, o outgoing, problem *Problem) error {
	if problem.Kind != Gone {
		return p.outcome(ctx, problem)
	}
	for object, id := range o.lookups {
		if err := p.puller.Refresh(ctx, object, []string{id}); err != nil {
			return errors.Join(problem, err)
		}
	}
	return problem
}

// heedPeople reads the rows that the rule is about to move, and reports whether
// it read any. Somebody who made the record there may have set it on the message
// meanwhile, or another one, and then that is who placed it: what a person chose
// is never overwritten by the rule.
func (p *Pusher) heedPeople(ctx context.Context, pushes []store.MessagePush) (bool, error) {
	var rows []string
	for _, m := range pushes {
		if m.SMSID != "" && m.Message.Decision != nil && m.Message.Decision.By == nil && !maps.Equal(m.Seen, m.Lookups) {
			rows = append(rows, m.SMSID)
		}
	}
	if len(rows) == 0 {
		return false, nil
	}
	err := p.puller.Refresh(ctx, switchboard.SMSObject, rows)
	if errors.Is(err, errSpent) {
		return false, nil // the calls that are left are for writing
	}
	return true, err
}

// writeTheirRecords makes the records in Salesforce that the messages are on
// and that it does not have yet, and reports whether it tried to. Why one was
// refused is noted with the record.
func (p *Pusher) writeTheirRecords(ctx context.Context, pushes []store.MessagePush) (bool, error) {
	done := map[string]bool{}
	for _, m := range pushes {
		if m.Unsynced == "" || done[m.Unsynced] {
			continue
		}
		done[m.Unsynced] = true
		err := p.writeRecord(ctx, m.Unsynced, 0)
		var problem *Problem
		if errors.As(err, &problem) && problem.Row {
			continue // its own job sees to it
		}
		if err != nil {
			return true, err
		}
	}
	return len(done) > 0, nil
}
