package store

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// RecordSent notes, before it happens, what is written to Salesforce of a
// record. If nobody learns what came of it, values that come back are known for
// ours. It reports false, and then nothing is to be sent, if the record is not
// what p was read from any more: its job comes again.
func (db *DB) RecordSent(ctx context.Context, org string, p *RecordPush) (bool, error) {
	ok := false
	err := db.inTx(ctx, func(t *tx) error {
		ok = false
		if err := t.holdRecord(org, p.Record.ID); err != nil {
			return err
		}
		now, err := t.recordToPush(org, p.Record.ID)
		if err != nil || now == nil {
			return err
		}
		if now.SalesforceID != p.SalesforceID || now.Delete != p.Delete || !sameFields(now.Agreed, p.Agreed) {
			return nil
		}
		s, err := t.syncedByRecord(org, p.Record.ID)
		if err != nil {
			return err
		}
		if s == nil {
			s = &synced{recordID: p.Record.ID, object: string(p.Record.Object), base: switchboard.Fields{}}
		}
		s.sending, s.sentAt = p.Agreed, micros(t.now)
		if s.sending == nil {
			s.sending = switchboard.Fields{}
		}
		ok = true
		return t.writeSynced(org, s)
	})
	return ok, err
}

// NoteRecord writes down that Salesforce has taken p, under the given id.
func (db *DB) NoteRecord(ctx context.Context, org string, p *RecordPush, salesforceID string) error {
	return db.inTx(ctx, func(t *tx) error {
		if err := t.holdRecord(org, p.Record.ID); err != nil {
			return err
		}
		s, err := t.syncedByRecord(org, p.Record.ID)
		if err != nil {
			return err
		}
		if s == nil {
			return errNoRecord
		}
		s.notedAt, s.sending = micros(t.now), nil
		if p.Delete {
			s.baseDeleted = true
			return t.writeSynced(org, s)
		}
		if s.salesforceID != salesforceID || s.baseDeleted {
			s.base, s.stamp = switchboard.Fields{}, 0
		}
		base := maps.Clone(s.base)
		maps.Copy(base, p.Agreed)
		s.base, s.baseDeleted = base, false
		s.salesforceID = salesforceID
		if err := t.writeSynced(org, s); err != nil {
			return err
		}
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		now, err := t.record(org, p.Record.ID)
		if err != nil {
			return err
		}
		if now.SalesforceID != salesforceID {
			if err := t.setSalesforceID(org, snap, now.ID, salesforceID); err != nil {
				return err
			}
		}
		if p.Record.Object != switchboard.Account || p.SalesforceID != "" {
			return nil
		}
		return t.pushContactsOf(org, snap, now.ID)
	})
}

// pushContactsOf asks for those contacts to be written again that were written
// before the account they name was there.
func (t *tx) pushContactsOf(org string, snap *snapshot, account string) error {
	ids, err := t.recordIDs(`SELECT id FROM record WHERE org_id = $1 AND object = 'Contact' AND NOT deleted AND fields LIKE '%' || CAST($2 AS TEXT) || '%'
		AND id IN (SELECT job_key FROM outbox WHERE org_id = $1 AND kind = $3) ORDER BY id LIMIT 100`, org, account, KindRecordPush)
	if err != nil {
		return err
	}
	return t.pushRecords(org, snap, ids...)
}

// Refusal is why Salesforce did not take a record.
type Refusal struct {
	Message string   // a sentence for a person
	Field   string   // that it is about; "" if about none
	Matches []string // Salesforce ids of likely duplicates that exist there
}

// RefuseRecord writes down that Salesforce did not take a record, and why, for
// the person who can mend it. One that was made for an unknown number, and that
// no person has touched, goes: its messages wait for a person then, who is told
// the reason. It reports whether the record has gone.
func (db *DB) RefuseRecord(ctx context.Context, org, id string, why Refusal) (gone bool, err error) {
	why.Message, _ = switchboard.Repair(why.Message)
	err = db.inRecordTx(ctx, func(t *tx) error {
		gone = false
		locked, err := t.lockNumbers(org, id, nil)
		if err != nil {
			return err
		}
		if err := t.holdRecord(org, id); err != nil {
			return err
		}
		r, err := t.record(org, id)
		if err != nil {
			return err
		}
		if err := t.noteRefusal(org, r, why); err != nil {
			return err
		}
		if r.Origin != switchboard.OriginUnknownNumber || r.Deleted || r.Version > 1 || r.SalesforceID != "" {
			return nil
		}
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		if gone, err = t.takeOffRefused(org, snap, r, locked, why); err != nil || !gone {
			return err
		}
		return t.audit(salesforceActor(org), "record.refuse", "record", id, why.Message)
	})
	return gone, err
}

func (t *tx) noteRefusal(org string, r *switchboard.Record, why Refusal) error {
	return t.exec(`INSERT INTO record_sync (org_id, record_id, object, salesforce_id, base, base_deleted, stamp, sending, sent_at, noted_at, merged_into, error, error_field, matches, error_at)
		VALUES ($1, $2, $3, NULL, '{}', FALSE, 0, '', 0, $7, '', $4, $5, $6, $7)
		ON CONFLICT (org_id, record_id) DO UPDATE SET sending = '', noted_at = excluded.noted_at, error = excluded.error, error_field = excluded.error_field,
			matches = excluded.matches, error_at = excluded.error_at`,
		org, r.ID, string(r.Object), why.Message, why.Field, strings.Join(why.Matches, " "), micros(t.now))
}

// takeOffRefused deletes a record that Salesforce refused, and leaves its
// messages to a person. The senders that it matches are locked. It does nothing
// if a person has placed a message on it, or linked a number to it.
func (t *tx) takeOffRefused(org string, snap *snapshot, r *switchboard.Record, locked map[switchboard.MatchKey]*heard, why Refusal) (bool, error) {
	messages, err := t.messages(onRecord+" ORDER BY m.message_time, m.seq", org, r.ID)
	if err != nil {
		return false, err
	}
	for _, m := range messages {
		if m.PlacementID != "" || m.Direction == switchboard.Outbound {
			return false, nil
		}
		if locked[m.Sender.Key] == nil {
			return false, errAgain
		}
	}
	keys, err := t.matchKeys(org, r.ID)
	if err != nil {
		return false, err
	}
	links, err := t.linksOf(org, r.ID)
	if err != nil || len(links) > 0 {
		return false, err
	}
	if err := t.setDeleted(org, r, true); err != nil {
		return false, err
	}
	touched := unsettled{}
	for _, m := range messages {
		if err := t.refuse(org, m, why); err != nil {
			return false, err
		}
		touched.ring(m.Sender.Key, m.ChannelID)
	}
	// Others may match the number by now: the rule decides, and where it can't
	// the reason stays.
	for _, k := range keys {
		others, err := t.matching(org, k)
		if err != nil {
			return false, err
		}
		touched.add(k)
		if len(others) == 0 {
			continue
		}
		if _, err := t.decideAgain(org, snap, k, switchboard.Change{Kind: switchboard.RecordDeleted, Record: r.Ref()}); err != nil {
			return false, err
		}
	}
	if err := t.pushMessages(org, snap, idsOf(messages)...); err != nil {
		return false, err
	}
	return true, t.settle(org, snap, touched)
}

// refuse makes a message wait for a person, because the record that was made
// for it was refused.
func (t *tx) refuse(org string, m *switchboard.Message, why Refusal) error {
	d := switchboard.Decision{Outcome: switchboard.OutcomeUnassigned, Reason: switchboard.ReasonNoMatch, Sender: m.Sender.Address, Refused: why.Message}
	if m.Decision != nil {
		d.SettingsVersion = m.Decision.SettingsVersion
	}
	text, err := encodeDecision(d)
	if err != nil {
		return err
	}
	return t.exec(`UPDATE message SET state = 'unassigned', record_id = NULL, reason = $3, rule_reason = $3, rule_record_id = '', decision = $4, decided_at = $5, version = version + 1
		WHERE org_id = $1 AND id = $2`, org, m.ID, string(d.Reason), text, micros(t.now))
}

// AdoptRecord makes a record that Salesforce took for a duplicate be the one
// that exists there: its messages and links move to that, which has to be here
// already, and it is deleted here. It fails with not_found if one of them is
// not here, with conflict if the record is in Salesforce itself or was merged
// before, and with record_deleted if the one that exists is deleted here.
func (db *DB) AdoptRecord(ctx context.Context, actor switchboard.Actor, id, salesforceID string) (*switchboard.Record, error) {
	var into *switchboard.Record
	err := db.inRecordTx(ctx, func(t *tx) error {
		found, err := t.syncedThere(actor.OrgID, salesforceID)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return switchboard.Errorf(switchboard.CodeNotFound, "The Salesforce record %s is not here yet. Try again in a moment.", salesforceID)
		}
		into, err = t.adopt(actor, id, found[0].recordID)
		return err
	})
	return into, err
}

func (t *tx) adopt(actor switchboard.Actor, id, existing string) (*switchboard.Record, error) {
	org := actor.OrgID
	snap, err := t.snapshot(org)
	if err != nil {
		return nil, err
	}
	standIn, err := t.standIn(org, existing)
	if err != nil {
		return nil, err
	}
	a := &applier{tx: t, org: org, snap: snap, senders: map[switchboard.MatchKey]switchboard.Sender{}}
	both := []string{id, standIn}
	slices.Sort(both)
	if err := a.addSenders(both); err != nil {
		return nil, err
	}
	if a.locked, err = t.lockSenders(org, a.senders, nil); err != nil {
		return nil, err
	}
	for _, id := range both {
		if err := t.holdRecord(org, id); err != nil {
			return nil, err
		}
	}
	if now, err := t.standIn(org, existing); err != nil {
		return nil, err
	} else if now != standIn {
		return nil, errAgain
	}
	from, err := t.record(org, id)
	if err != nil {
		return nil, err
	}
	if from.SalesforceID != "" {
		return nil, switchboard.Errorf(switchboard.CodeConflict, "%s is in Salesforce itself. Merge the two there.", from.Name)
	}
	if err := t.standsForItself(org, from); err != nil {
		return nil, err
	}
	if _, err := t.liveRecord(org, standIn, ""); err != nil {
		return nil, err
	}
	into, err := t.record(org, standIn)
	if err != nil {
		return nil, err
	}
	return into, a.takeIn(actor, from, into)
}

// takeIn lets a record be stood for by another. Both are held, and so are their
// senders.
func (a *applier) takeIn(actor switchboard.Actor, from, into *switchboard.Record) error {
	both := []string{from.ID, into.ID}
	before, err := a.keysOf(both)
	if err != nil {
		return err
	}
	if err := a.moveAll(actor, a.snap, from, into); err != nil {
		return err
	}
	if err := a.mergedInto(a.org, from, into.ID); err != nil {
		return err
	}
	after, err := a.keysOf(both)
	if err != nil {
		return err
	}
	touched := unsettled{}
	change := switchboard.Change{Kind: switchboard.RecordMerged, Record: into.Ref()}
	for _, k := range slices.Sorted(maps.Keys(a.locked)) {
		if maps.Equal(before[k], after[k]) {
			continue
		}
		if _, err := a.decideAgain(a.org, a.snap, k, change); err != nil {
			return err
		}
		touched.add(k)
	}
	for k := range before {
		if a.locked[k] == nil {
			return errAgain
		}
	}
	return a.settle(a.org, a.snap, touched)
}

func (t *tx) mergedInto(org string, from *switchboard.Record, into string) error {
	s, err := t.syncedByRecord(org, from.ID)
	if err != nil {
		return err
	}
	if s == nil {
		s = &synced{recordID: from.ID, object: string(from.Object), base: switchboard.Fields{}}
	}
	s.mergedInto, s.baseDeleted, s.sending = into, true, nil
	return t.writeSynced(org, s)
}

// RecordBySalesforceID returns the record that stands here for the one with the
// Salesforce id, or an error with code not_found.
func (db *DB) RecordBySalesforceID(ctx context.Context, org, id string) (*switchboard.Record, error) {
	var r *switchboard.Record
	err := db.inRead(ctx, func(t *tx) error {
		found, err := t.syncedThere(org, id)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return switchboard.Errorf(switchboard.CodeNotFound, "The Salesforce record %q is not here.", id)
		}
		standIn, err := t.standIn(org, found[0].recordID)
		if err != nil {
			return err
		}
		r, err = t.record(org, standIn)
		return err
	})
	return r, err
}
