package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// MessagePush is a message as it is to be in Salesforce.
type MessagePush struct {
	Message     *switchboard.Message
	Channel     string // what people call it
	Explanation string // why it is where it is
	SMSID       string // of its row there; "": there is none yet
	Hash        string // of what the row was last given
	// Seen holds the lookups that the row has there, as far as we know, and
	// Lookups those that it is to have: Salesforce ids, by object. A record that
	// is deleted, or not there, is named by no lookup.
	Seen, Lookups map[switchboard.Object]string
	// Owner is the Salesforce user who is to own the row: the owner of the record
	// that the message is on, or the connection's own. Owned is who was last to;
	// while that is the same, whoever owns it has it from a person.
	Owner, Owned string
	// Unsynced is the record that the message is on, if Salesforce does not have
	// it yet and has not refused it either.
	Unsynced string
}

// MessagesToPush returns what is to be written to Salesforce of the messages.
// Those that are gone are left out.
func (db *DB) MessagesToPush(ctx context.Context, org string, ids []string) ([]MessagePush, error) {
	var all []MessagePush
	err := db.inRead(ctx, func(t *tx) error {
		messages, err := t.messagesByID(org, ids)
		if err != nil {
			return err
		}
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		states, err := t.messageSyncs(org, ids)
		if err != nil {
			return err
		}
		places, err := t.placesOf(org, messages)
		if err != nil {
			return err
		}
		users, err := t.userMap(org, snap.users)
		if err != nil {
			return err
		}
		for _, m := range messages {
			p := MessagePush{Message: m, Seen: map[switchboard.Object]string{}, Lookups: map[switchboard.Object]string{}, Owner: users.own, Owned: users.own}
			if c := snap.channel(m.ChannelID); c != nil {
				p.Channel = c.Label()
			}
			if m.Decision != nil {
				p.Explanation = m.Decision.Because(switchboard.Reader{Region: snap.settings.Region, Location: snap.location})
			}
			if s := states[m.ID]; s != nil {
				p.SMSID, p.Hash, p.Seen = s.smsID, s.hash, s.seen
				if s.smsID != "" && s.owner != "" {
					p.Owned = s.owner
				}
			}
			if m.Record != nil {
				at := places[m.Record.ID]
				p.Unsynced = at.unsynced
				if at.salesforceID != "" {
					p.Lookups[m.Record.Object], p.Owner = at.salesforceID, users.owner(at.owner)
				}
			}
			all = append(all, p)
		}
		return nil
	})
	return all, err
}

// place is where a record is in Salesforce.
type place struct{ salesforceID, unsynced, owner string }

func (t *tx) placesOf(org string, messages []*switchboard.Message) (map[string]place, error) {
	var ids []string
	for _, m := range messages {
		if m.Record != nil {
			ids = append(ids, m.Record.ID)
		}
	}
	places := map[string]place{}
	if len(ids) == 0 {
		return places, nil
	}
	return places, t.each(func(rows *sql.Rows) error {
		var id, salesforceID, fields string
		var deleted, refused, gone bool
		if err := rows.Scan(&id, &salesforceID, &deleted, &refused, &gone, &fields); err != nil {
			return err
		}
		switch {
		case deleted || gone:
		case salesforceID != "":
			var f struct {
				OwnerID string `json:"OwnerId"`
			}
			if err := json.Unmarshal([]byte(fields), &f); err != nil {
				return err
			}
			places[id] = place{salesforceID: salesforceID, owner: f.OwnerID}
		case !refused:
			places[id] = place{unsynced: id}
		}
		return nil
	}, `SELECT r.id, COALESCE(s.salesforce_id, ''), r.deleted, COALESCE(s.error_at, 0) > 0, COALESCE(s.base_deleted, FALSE), r.fields FROM record r
		LEFT JOIN record_sync s ON s.org_id = r.org_id AND s.record_id = r.id WHERE r.org_id = $1 AND `+t.in("r.id", "$2"), org, t.list(ids))
}

// MessageSent is a row that is about to be written to Salesforce.
type MessageSent struct {
	MessageID string
	Lookups   map[switchboard.Object]string // as they will be
}

// MessagesSent notes, before it happens, what is written to Salesforce. If
// nobody learns what came of it, a row with these lookups is known for ours.
func (db *DB) MessagesSent(ctx context.Context, org string, sent []MessageSent) error {
	sent = slices.Clone(sent)
	slices.SortFunc(sent, func(a, b MessageSent) int { return strings.Compare(a.MessageID, b.MessageID) })
	return db.inTx(ctx, func(t *tx) error {
		i := insertion{
			into:   "message_sync (org_id, sms_id, hash, seen, noted_at, error, sent_at, message_id, sent)",
			tail:   "ON CONFLICT (org_id, message_id) DO UPDATE SET sent = excluded.sent, sent_at = excluded.sent_at",
			shared: []any{org, "", "", "", 0, "", micros(t.now)},
			width:  2,
		}
		for _, s := range sent {
			i.args = append(i.args, s.MessageID, lookups(s.Lookups).String())
		}
		return t.insert(i)
	})
}

// MessageNoted is what Salesforce answered about a row.
type MessageNoted struct {
	MessageID string
	SMSID     string
	Hash      string                        // of what it was given
	Lookups   map[switchboard.Object]string // as they are now
	Owner     string                        // who was to own it
	Error     string                        // why it was refused; "": it was taken
}

// NoteMessages writes down what became of rows that were sent.
func (db *DB) NoteMessages(ctx context.Context, org string, noted []MessageNoted) error {
	noted = slices.Clone(noted)
	slices.SortFunc(noted, func(a, b MessageNoted) int { return strings.Compare(a.MessageID, b.MessageID) })
	return db.inTx(ctx, func(t *tx) error {
		for _, n := range noted {
			var err error
			if n.Error != "" {
				err = t.exec("UPDATE message_sync SET error = $3, noted_at = $4 WHERE org_id = $1 AND message_id = $2", org, n.MessageID, n.Error, micros(t.now))
			} else {
				err = t.exec("UPDATE message_sync SET sms_id = $3, hash = $4, seen = $5, noted_at = $6, owner = $7, error = '' WHERE org_id = $1 AND message_id = $2",
					org, n.MessageID, n.SMSID, n.Hash, lookups(n.Lookups).String(), micros(t.now), n.Owner)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// SMSOf returns the id of the message's row in Salesforce, "" if there is none.
func (db *DB) SMSOf(ctx context.Context, org, message string) (string, error) {
	var id string
	err := db.inRead(ctx, func(t *tx) error {
		err := t.one("SELECT sms_id FROM message_sync WHERE org_id = $1 AND message_id = $2", []any{org, message}, &id)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return id, err
}

// BellPush is a notification that is to ring in Salesforce.
type BellPush struct {
	NotificationID string
	MessageID      string
	SMSID          string // "": the message is not there yet
	Recipient      string // the Salesforce user
	Body           string
}

// BellsToRing returns those of the notifications that are open, have not rung
// yet, and are for somebody who is a user of the Salesforce org.
func (db *DB) BellsToRing(ctx context.Context, org string, ids []string) ([]BellPush, error) {
	var all []BellPush
	err := db.inRead(ctx, func(t *tx) error {
		snap, err := t.snapshot(org)
		if err != nil || !snap.salesforce {
			return err
		}
		users, err := t.userMap(org, snap.users)
		if err != nil {
			return err
		}
		return t.each(func(rows *sql.Rows) error {
			var b BellPush
			var user string
			err := rows.Scan(&b.NotificationID, &user, &b.MessageID, &b.Body, &b.SMSID)
			if b.Recipient = users.there[user]; b.Recipient != "" {
				all = append(all, b)
			}
			return err
		}, `SELECT n.id, n.user_id, n.message_id, n.body, COALESCE(s.sms_id, '') FROM notification n
			LEFT JOIN message_sync s ON s.org_id = n.org_id AND s.message_id = n.message_id
			WHERE n.org_id = $1 AND n.state <> 'cleared' AND n.rang_at = 0 AND `+t.in("n.id", "$2")+" ORDER BY n.id", org, t.list(ids))
	})
	return all, err
}

// NoteRung remembers that the notifications rang in Salesforce. They never ring
// there again.
func (db *DB) NoteRung(ctx context.Context, org string, ids []string) error {
	return db.inTx(ctx, func(t *tx) error {
		return t.exec("UPDATE notification SET rang_at = $3 WHERE org_id = $1 AND "+t.in("id", "$2"), org, t.list(ids), micros(t.now))
	})
}

// allAsked stands where the place of PushMissing was: there is no more.
const allAsked = "-"

// PushMissing asks for what Salesforce does not have yet, of what was here
// before it was connected, or changed while it was not: it looks at the next
// limit records and as many messages, oldest first, and goes on there the next
// time. It returns how many
// it asked for, and whether that was the rest.
func (db *DB) PushMissing(ctx context.Context, org string, limit int) (asked int, all bool, err error) {
	err = db.inTx(ctx, func(t *tx) error {
		asked, all = 0, false
		var records, messages string
		var away int64
		if err := t.one("SELECT missing_records, missing_messages, away_since FROM salesforce WHERE org_id = $1", []any{org}, &records, &messages, &away); err != nil {
			return err
		}
		if all = records == allAsked && messages == allAsked; all {
			return nil
		}
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		var n, m int
		if n, records, err = t.pushMissing(org, snap, KindRecordPush, records, limit, away, `SELECT r.id, CASE WHEN s.record_id IS NULL THEN NOT r.deleted ELSE CAST($4 AS BIGINT) > 0 AND r.updated_at >= $4 END FROM record r
			LEFT JOIN record_sync s ON s.org_id = r.org_id AND s.record_id = r.id WHERE r.org_id = $1 AND r.id > $2 ORDER BY r.id LIMIT $3`); err != nil {
			return err
		}
		if m, messages, err = t.pushMissing(org, snap, KindMessagePush, messages, limit, away, `SELECT m.id, s.message_id IS NULL OR CAST($4 AS BIGINT) > 0 AND m.decided_at >= $4 FROM message m
			LEFT JOIN message_sync s ON s.org_id = m.org_id AND s.message_id = m.id WHERE m.org_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3`); err != nil {
			return err
		}
		asked, all = n+m, records == allAsked && messages == allAsked
		return t.exec("UPDATE salesforce SET missing_records = $2, missing_messages = $3 WHERE org_id = $1", org, records, messages)
	})
	return asked, all, err
}

// pushMissing asks for those of the next rows that are not there yet, and
// returns how many those were, and the place of the last.
func (t *tx) pushMissing(org string, snap *snapshot, kind, after string, limit int, away int64, query string) (int, string, error) {
	if after == allAsked {
		return 0, after, nil
	}
	var ids []string
	seen := 0
	err := t.each(func(rows *sql.Rows) error {
		var missing bool
		err := rows.Scan(&after, &missing)
		if seen++; missing {
			ids = append(ids, after)
		}
		return err
	}, query, org, after, limit, away)
	if err != nil {
		return 0, after, err
	}
	if seen < limit {
		after = allAsked
	}
	return len(ids), after, t.push(org, snap, kind, ids)
}

// RecordPush is what is to be written to Salesforce of a record.
type RecordPush struct {
	Record       *switchboard.Record
	SalesforceID string // "": it is to be made there
	// Key is what it carries there from when it is made.
	Key string
	// Delete says that it is to be deleted there; Fields is nil then.
	Delete bool
	// Fields are those that Salesforce does not have, by its ids; nil clears one.
	Fields switchboard.Fields
	// Agreed are the same by our ids: what both will have.
	Agreed switchboard.Fields
	// Unsynced is the account that the record names, if Salesforce does not have
	// it yet.
	Unsynced string
	// Tried says that it was sent before, and nobody knows what came of it.
	Tried bool
}

// Nothing reports whether Salesforce has everything already.
func (p *RecordPush) Nothing() bool {
	return !p.Delete && len(p.Fields) == 0 && p.SalesforceID != ""
}

// RecordToPush returns what is to be written to Salesforce of a record, or nil
// for one that needs nothing, or whose stand-in does.
func (db *DB) RecordToPush(ctx context.Context, org, id string) (*RecordPush, error) {
	var p *RecordPush
	err := db.inRead(ctx, func(t *tx) (err error) {
		p, err = t.recordToPush(org, id)
		return err
	})
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
		return nil, nil
	}
	return p, err
}

func (t *tx) recordToPush(org, id string) (*RecordPush, error) {
	r, err := t.record(org, id)
	if err != nil {
		return nil, err
	}
	s, err := t.syncedByRecord(org, id)
	if err != nil {
		return nil, err
	}
	if s == nil {
		s = &synced{}
	}
	p := &RecordPush{Record: r, SalesforceID: s.salesforceID, Key: recordKey(id, s.salesforceID), Tried: s.sending != nil}
	switch {
	case s.mergedInto != "":
		return nil, nil
	case r.Deleted:
		// One that is on its way may have arrived, and then it has to go there too.
		if p.Delete = s.salesforceID != "" && !s.baseDeleted; !p.Delete {
			return nil, nil
		}
		return p, nil
	case s.salesforceID == "" || s.baseDeleted:
		p.SalesforceID = "" // what was deleted there is made anew: nobody can bring it back by the API
		p.Agreed = maps.Clone(r.Fields)
	default:
		p.Agreed = switchboard.PendingFields(s.base, r.Fields)
	}
	if err := t.theirFields(org, p); err != nil {
		return nil, err
	}
	if p.Nothing() {
		return nil, nil
	}
	return p, nil
}

// theirFields fills in the fields by Salesforce's ids. One that Salesforce has
// no id for is left out.
func (t *tx) theirFields(org string, p *RecordPush) error {
	p.Fields = maps.Clone(p.Agreed)
	drop := func(name string) {
		delete(p.Fields, name)
		delete(p.Agreed, name)
	}
	if id := p.Fields.Text("AccountId"); id != "" {
		if _, theirs := switchboard.ParseSalesforceID(id); !theirs {
			places, err := t.placesOf(org, []*switchboard.Message{{Record: &switchboard.RecordRef{ID: id}}})
			if err != nil {
				return err
			}
			at := places[id]
			if p.Unsynced = at.unsynced; at.salesforceID == "" {
				drop("AccountId")
			} else {
				p.Fields["AccountId"] = at.salesforceID
			}
		}
	}
	if id := p.Fields.Text("OwnerId"); id != "" {
		if _, theirs := switchboard.ParseSalesforceID(id); !theirs {
			snap, err := t.snapshot(org)
			if err != nil {
				return err
			}
			users, err := t.userMap(org, snap.users)
			if err != nil {
				return err
			}
			if there := users.there[id]; there != "" {
				p.Fields["OwnerId"] = there
			} else {
				drop("OwnerId")
			}
		}
	} else if _, cleared := p.Fields["OwnerId"]; cleared {
		drop("OwnerId") // every record there has an owner
	}
	return nil
}
