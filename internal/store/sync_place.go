package store

import (
	"context"
	"database/sql"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// messageSync is a message as Salesforce has it.
type messageSync struct {
	messageID       string
	smsID, hash     string
	owner           string
	seen, sent      lookups
	sentAt, notedAt int64
}

func (t *tx) messageSyncs(org string, ids []string) (map[string]*messageSync, error) {
	all := map[string]*messageSync{}
	err := t.each(func(rows *sql.Rows) error {
		s := &messageSync{}
		var seen, sent string
		err := rows.Scan(&s.messageID, &s.smsID, &s.hash, &seen, &sent, &s.sentAt, &s.notedAt, &s.owner)
		s.seen, s.sent = parseLookups(seen), parseLookups(sent)
		all[s.messageID] = s
		return err
	}, "SELECT message_id, sms_id, hash, seen, sent, sent_at, noted_at, owner FROM message_sync WHERE org_id = $1 AND "+t.in("message_id", "$2"), org, t.list(ids))
	return all, err
}

// placement is an SMS__c row whose lookups differ from what we know of it.
type placement struct {
	remote *switchboard.RemoteMessage
	state  *messageSync
}

// readPlacements finds the rows in which somebody in Salesforce changed a
// lookup, and adds their senders to those that are to be locked. What it learns
// of the others it writes down.
func (a *applier) readPlacements() ([]placement, error) {
	if len(a.remote.Messages) == 0 {
		return nil, nil
	}
	var ids []string
	for _, m := range a.remote.Messages {
		ids = append(ids, m.MessageID)
	}
	states, err := a.messageSyncs(a.org, ids)
	if err != nil {
		return nil, err
	}
	messages, err := a.messagesByID(a.org, ids)
	if err != nil {
		return nil, err
	}
	if err := a.readSeen(states); err != nil {
		return nil, err
	}
	byID := map[string]*switchboard.Message{}
	for _, m := range messages {
		byID[m.ID] = m
	}
	var all []placement
	for i := range a.remote.Messages {
		r := &a.remote.Messages[i]
		m, s := byID[r.MessageID], states[r.MessageID]
		if m == nil {
			continue // a row that somebody else made
		}
		if s == nil {
			s = &messageSync{messageID: m.ID}
		}
		if stale(a.readAt, s.sentAt, s.notedAt) {
			a.result.Later++
			continue
		}
		switch theirs := lookups(r.Lookups); {
		case r.Deleted && s.smsID != r.SalesforceID && s.smsID != "":
			continue // there is another row of it since
		case r.Deleted:
			// It is a message, whatever became of its row: it gets another one.
			if err := a.seeRow(s, "", lookups{}, ""); err != nil {
				return nil, err
			}
			if err := a.pushMessages(a.org, a.snap, m.ID); err != nil {
				return nil, err
			}
		case theirs.String() == s.seen.String() && s.smsID == r.SalesforceID:
		case theirs.String() == s.seen.String(), s.sentAt > s.notedAt && theirs.String() == s.sent.String():
			// Nobody changed it, or it is ours of which nobody heard that it arrived.
			if err := a.seeRow(s, r.SalesforceID, theirs, s.hash); err != nil {
				return nil, err
			}
		default:
			all = append(all, placement{r, s})
			a.senders[m.Sender.Key] = m.Sender
		}
	}
	return all, nil
}

// readSeen finds what is known of the records that the rows named last, so that
// a record which now stands for one of them is no other.
func (a *applier) readSeen(states map[string]*messageSync) error {
	var ids []string
	for _, s := range states {
		for _, id := range s.seen {
			if a.known[id] == nil {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := a.syncedThere(a.org, ids...)
	if err != nil {
		return err
	}
	return a.follow(found)
}

// seeRow notes the lookups that a row has in Salesforce.
func (a *applier) seeRow(s *messageSync, smsID string, seen lookups, hash string) error {
	return a.exec(`INSERT INTO message_sync (org_id, message_id, sms_id, hash, seen, sent, sent_at, noted_at, error) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '')
		ON CONFLICT (org_id, message_id) DO UPDATE SET sms_id = excluded.sms_id, hash = excluded.hash, seen = excluded.seen`,
		a.org, s.messageID, smsID, hash, seen.String(), s.sent.String(), s.sentAt, s.notedAt)
}

// carryOutPlacement does here what somebody did to a message there. Its sender
// is locked, and the records are as they are to be.
func (a *applier) carryOutPlacement(p placement) error {
	theirs := lookups(p.remote.Lookups)
	target, cleared := "", false
	for _, o := range lookupUnion(p.state.seen, theirs).objects() {
		was, is := a.standInOf(p.state.seen[o]), a.standInOf(theirs[o])
		switch {
		case was == is && (was != "" || p.state.seen[o] == theirs[o]):
		case theirs[o] == "":
			cleared = true
		case is == "" && slices.Contains(a.remote.Unseen, theirs[o]):
			// Nobody can see what it is: the row gets what holds here.
		case is == "":
			a.missing(theirs[o])
			return nil
		case target == "":
			target = is
		}
	}
	m, err := a.message(a.org, p.remote.MessageID)
	if err != nil {
		return err
	}
	if err := a.act(p, m, target, cleared); err != nil {
		return err
	}
	// The row says Unassigned, or names two records: it gets what holds now.
	if err := a.pushMessages(a.org, a.snap, m.ID); err != nil {
		return err
	}
	return a.seeRow(p.state, p.remote.SalesforceID, theirs, "")
}

func (a *applier) act(p placement, m *switchboard.Message, target string, cleared bool) error {
	actor := a.users.actor(a.org, p.remote.ModifiedBy, a.snap.users)
	keep := a.log
	defer func() { a.log = keep }()
	if target != "" {
		if m.Record != nil && m.Record.ID == target && m.Decision != nil && m.Decision.By != nil && m.Decision.By.ID == actor.ID {
			return nil
		}
		a.log = &changeLog{}
		_, err := a.tx.place(actor, Placement{MessageIDs: []string{m.ID}, RecordID: target})
		if switchboard.ErrorCode(err) == switchboard.CodeRecordDeleted {
			standIn, err := a.standIn(a.org, target)
			if err == nil && standIn != target {
				err = errAgain // it was merged before it was held
			}
			return err // nil: it was deleted here, and is about to be there
		}
		if err == nil {
			a.result.Placed++
			_, err = a.keepUndo(actor)
		}
		return err
	}
	if !cleared || m.Record == nil || m.Direction == switchboard.Outbound {
		return nil
	}
	record, err := a.record(a.org, m.Record.ID)
	if err != nil || record.Deleted {
		return err // Salesforce empties the lookups to a record that goes; what it had it keeps
	}
	if a.standInOf(p.state.seen[record.Object]) != record.ID {
		return nil // what was cleared is not where it is now
	}
	a.result.Placed++
	_, err = a.actOn(actor, "message.take_off", []string{m.ID}, 0, nil, takeOff(actor))
	return err
}

// standInOf returns the record here that stands for the one with the Salesforce
// id, "" if there is none.
func (a *applier) standInOf(id string) string {
	if s := a.known[id]; s != nil && id != "" {
		return a.final(s).recordID
	}
	return ""
}

func lookupUnion(a, b lookups) lookups {
	all := lookups{}
	for _, l := range []lookups{a, b} {
		for o, id := range l {
			if id != "" {
				all[o] = id
			}
		}
	}
	return all
}

// MissingBells returns the ids of notifications that are open, and should have
// rung in Salesforce but did not, at most limit of them: for one that has just
// been connected.
func (db *DB) MissingBells(ctx context.Context, org string, limit int) ([]string, error) {
	var ids []string
	err := db.inRead(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}, "SELECT id FROM notification WHERE org_id = $1 AND state <> 'cleared' AND rang_at = 0 ORDER BY id LIMIT $2", org, limit)
	})
	return ids, err
}
