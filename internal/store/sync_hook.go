package store

import "github.com/switchboardhq/switchboard"

// The kinds of the jobs that bring what was decided here to Salesforce. The
// subject is a message, a record, or a notification.
const (
	KindMessagePush = "salesforce.message"
	KindRecordPush  = "salesforce.record"
	KindBell        = "salesforce.bell"
)

// pushMessages asks for the messages to be written to Salesforce as they are
// when that is done, if the org has one.
func (t *tx) pushMessages(org string, snap *snapshot, ids ...string) error {
	return t.push(org, snap, KindMessagePush, ids)
}

// pushRecords asks for what was changed of the records here to be written to
// Salesforce, if the org has one.
func (t *tx) pushRecords(org string, snap *snapshot, ids ...string) error {
	return t.push(org, snap, KindRecordPush, ids)
}

// pushBells asks for the notifications to ring in Salesforce, if the org has one.
func (t *tx) pushBells(org string, snap *snapshot, ids []string) error {
	return t.push(org, snap, KindBell, ids)
}

func (t *tx) push(org string, snap *snapshot, kind string, ids []string) error {
	if !snap.salesforce || len(ids) == 0 {
		return nil
	}
	jobs := make([]NewJob, len(ids))
	for i, id := range ids {
		jobs[i] = NewJob{Kind: kind, Key: id, SubjectID: id}
	}
	return t.enqueue(org, jobs...)
}

// pushDecided is pushMessages for what is being received.
func (r *receiver) pushDecided() error {
	if !r.snap.salesforce {
		return nil
	}
	ids := make([]string, len(r.decided))
	for i, a := range r.decided {
		ids[i] = a.message.ID
	}
	return r.pushMessages(r.org, r.snap, ids...)
}

func idsOf(messages []*switchboard.Message) []string {
	ids := make([]string, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	return ids
}
