package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// errAgain makes the transaction run again: what it read was changed before it
// had the locks.
var errAgain = errors.New("changed before it was locked")

const recordSelect = "SELECT id, object, name, fields, salesforce_id, origin, deleted, version, created_at, updated_at FROM record WHERE "

func scanRecord(rows *sql.Rows) (*switchboard.Record, error) {
	r := &switchboard.Record{}
	var fields string
	var salesforce sql.NullString
	var created, updated int64
	if err := rows.Scan(&r.ID, &r.Object, &r.Name, &fields, &salesforce, &r.Origin, &r.Deleted, &r.Version, &created, &updated); err != nil {
		return nil, err
	}
	r.SalesforceID, r.CreatedAt, r.UpdatedAt = salesforce.String, fromMicros(created), fromMicros(updated)
	d := json.NewDecoder(strings.NewReader(fields))
	d.UseNumber()
	return r, d.Decode(&r.Fields)
}

func (t *tx) record(org, id string) (*switchboard.Record, error) {
	var r *switchboard.Record
	err := t.each(func(rows *sql.Rows) (err error) {
		r, err = scanRecord(rows)
		return err
	}, recordSelect+"org_id = $1 AND id = $2", org, id)
	if err == nil && r == nil {
		return nil, switchboard.Errorf(switchboard.CodeNotFound, "There is no record %q.", id)
	}
	return r, err
}

// liveRecord returns a record that may take messages. With the dialect's
// forShare it is kept from being changed until the transaction ends.
func (t *tx) liveRecord(org, id, lock string) (switchboard.RecordRef, error) {
	var ref switchboard.RecordRef
	var deleted bool
	err := t.one("SELECT id, object, name, deleted FROM record WHERE org_id = $1 AND id = $2"+lock, []any{org, id}, &ref.ID, &ref.Object, &ref.Name, &deleted)
	if errors.Is(err, sql.ErrNoRows) {
		return ref, switchboard.Errorf(switchboard.CodeNotFound, "There is no record %q.", id)
	}
	if err == nil && deleted {
		return ref, switchboard.Errorf(switchboard.CodeRecordDeleted, "%s is deleted. Restore it first, or choose another record.", ref.Name)
	}
	return ref, err
}

// holdRecord keeps others from changing the record, and from linking a number
// to it, until the transaction ends. The senders that it matches are locked: one
// that was linked before this is among them, or the change starts again.
func (t *tx) holdRecord(org, id string) error {
	return t.lockRecord(org, id, t.db.dialect.forUpdate)
}

// lockRecord locks the record, deleted or not, by the dialect's forUpdate or
// forShare.
func (t *tx) lockRecord(org, id, lock string) error {
	if lock == "" {
		return nil
	}
	return t.each(func(*sql.Rows) error { return nil }, "SELECT id FROM record WHERE org_id = $1 AND id = $2"+lock, org, id)
}

// Record returns one record, deleted or not, or an error with code not_found.
func (db *DB) Record(ctx context.Context, org, id string) (*switchboard.Record, error) {
	var r *switchboard.Record
	err := db.inRead(ctx, func(t *tx) (err error) {
		r, err = t.record(org, id)
		return err
	})
	return r, err
}

// matchKeys returns the numbers that the record matches now, sorted.
func (t *tx) matchKeys(org, record string) ([]switchboard.MatchKey, error) {
	var keys []switchboard.MatchKey
	err := t.each(func(rows *sql.Rows) error {
		var k string
		err := rows.Scan(&k)
		keys = append(keys, switchboard.MatchKey(k))
		return err
	}, "SELECT DISTINCT match_key FROM record_number WHERE org_id = $1 AND record_id = $2 ORDER BY match_key", org, record)
	return keys, err
}

// lockNumbers locks the senders of everything that the record matches or is
// about to match.
func (t *tx) lockNumbers(org, record string, next []switchboard.RecordNumber) (map[switchboard.MatchKey]*heard, error) {
	senders := map[switchboard.MatchKey]switchboard.Sender{}
	for _, n := range next {
		senders[n.Key] = switchboard.Sender{Kind: switchboard.SenderPhone, Address: string(n.Phone), Key: n.Key}
	}
	if record != "" {
		keys, err := t.matchKeys(org, record)
		if err != nil {
			return nil, err
		}
		linked, err := t.linksOf(org, record)
		if err != nil {
			return nil, err
		}
		for _, l := range linked {
			senders[l.Key] = switchboard.Sender{Kind: l.Kind, Address: l.Address, Key: l.Key}
		}
		for _, k := range keys {
			if _, ok := senders[k]; !ok {
				senders[k] = senderOfKey(k)
			}
		}
	}
	return t.lockSenders(org, senders, nil)
}

func (t *tx) linksOf(org, record string) ([]linkRow, error) {
	var links []linkRow
	err := t.each(func(rows *sql.Rows) error {
		l := linkRow{RecordID: record}
		err := rows.Scan(&l.ID, &l.Key, &l.Kind, &l.Address)
		links = append(links, l)
		return err
	}, "SELECT id, match_key, sender_kind, address FROM link WHERE org_id = $1 AND record_id = $2 ORDER BY match_key", org, record)
	return links, err
}

// insertRecord adds a record with all that finds it. Its senders are locked.
func (t *tx) insertRecord(org string, r *switchboard.Record, numbers []switchboard.RecordNumber, rejected []switchboard.RejectedNumber) error {
	rows := newRecordRows(org, r.Origin, r.CreatedAt, 1)
	if err := rows.add(r, numbers, rejected); err != nil {
		return err
	}
	return t.insertRecords(rows)
}

func nameKey(name string) string { return strings.ToLower(name) }

func (t *tx) indexNumbers(org string, record switchboard.RecordRef, numbers []switchboard.RecordNumber, rejected []switchboard.RejectedNumber) error {
	i := numberRows(org, len(numbers))
	i.args = appendNumbers(i.args, record, numbers)
	if err := t.insert(i); err != nil {
		return err
	}
	i = rejectedRows(org)
	i.args = appendRejected(i.args, record.ID, rejected)
	return t.insert(i)
}

// dropNumbers takes away what the record matches by its fields, and remembers
// that it may have messages of those numbers.
func (t *tx) dropNumbers(org, record string) error {
	if err := t.keepSenders(org, record); err != nil {
		return err
	}
	if err := t.exec("DELETE FROM record_number WHERE org_id = $1 AND record_id = $2 AND field <> $3", org, record, switchboard.LinkField); err != nil {
		return err
	}
	return t.exec("DELETE FROM rejected_number WHERE org_id = $1 AND record_id = $2", org, record)
}

// keepSenders notes that the record may have messages of all that it matches now.
func (t *tx) keepSenders(org, record string) error {
	return t.exec(`INSERT INTO record_sender (org_id, record_id, match_key)
		SELECT DISTINCT org_id, record_id, match_key FROM record_number WHERE org_id = $1 AND record_id = $2 ON CONFLICT DO NOTHING`, org, record)
}

// keepSender notes that the record has a message of the sender.
func (t *tx) keepSender(org, record string, key switchboard.MatchKey) error {
	return t.exec("INSERT INTO record_sender (org_id, record_id, match_key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", org, record, string(key))
}

// setDeleted deletes or restores a record: a deleted one matches nothing, and
// keeps its fields, links and messages.
func (t *tx) setDeleted(org string, r *switchboard.Record, deleted bool) error {
	n, err := t.execN("UPDATE record SET deleted = $4, version = version + 1, updated_at = $5 WHERE org_id = $1 AND id = $2 AND version = $3",
		org, r.ID, r.Version, deleted, micros(t.now))
	if err != nil {
		return err
	}
	if n == 0 {
		return errAgain
	}
	if deleted {
		if err := t.dropNumbers(org, r.ID); err != nil {
			return err
		}
		return t.exec("DELETE FROM record_number WHERE org_id = $1 AND record_id = $2", org, r.ID)
	}
	links, err := t.linksOf(org, r.ID)
	if err != nil {
		return err
	}
	for _, l := range links {
		if err := t.matchLink(org, l); err != nil {
			return err
		}
	}
	return nil
}

// changed runs edit, which changes what the record matches, and then decides
// again exactly the numbers whose set of matching records differs. It returns the messages that were placed by it.
func (t *tx) changed(org string, record string, locked map[switchboard.MatchKey]*heard, change switchboard.Change, edit func() error) ([]*switchboard.Message, error) {
	before, err := t.matchKeys(org, record)
	if err != nil {
		return nil, err
	}
	if err := edit(); err != nil {
		return nil, err
	}
	after, err := t.matchKeys(org, record)
	if err != nil {
		return nil, err
	}
	for _, k := range slices.Concat(before, after) {
		if locked[k] == nil {
			return nil, errAgain
		}
	}
	snap, err := t.snapshot(org)
	if err != nil {
		return nil, err
	}
	touched := unsettled{}
	var placed []string
	for _, k := range difference(before, after) {
		if !locked[k].waiting {
			continue
		}
		ids, err := t.decideAgain(org, snap, k, change)
		if err != nil {
			return nil, err
		}
		placed = append(placed, ids...)
		touched.add(k)
	}
	if err := t.settle(org, snap, touched); err != nil {
		return nil, err
	}
	if len(placed) == 0 {
		return nil, nil
	}
	return t.messagesByID(org, placed)
}

// difference returns what stands in only one of two sorted lists, sorted.
func difference(a, b []switchboard.MatchKey) []switchboard.MatchKey {
	d := slices.Concat(without(a, b), without(b, a))
	slices.Sort(d)
	return d
}

// without returns what stands in a and not in b. Both are sorted.
func without[T cmp.Ordered](a, b []T) []T {
	var rest []T
	for _, v := range a {
		if _, both := slices.BinarySearch(b, v); !both {
			rest = append(rest, v)
		}
	}
	return rest
}

// inRecordTx is inTx for changes of a record: it runs again as long as the
// record changes before it is locked.
func (db *DB) inRecordTx(ctx context.Context, do func(*tx) error) error {
	durable, err := db.commitRecord(ctx, do)
	if err != nil {
		return err
	}
	return durable()
}

// commitRecord is inRecordTx up to the COMMIT, as [DB.commit] is inTx.
func (db *DB) commitRecord(ctx context.Context, do func(*tx) error) (durable func() error, err error) {
	for range maxTries {
		if durable, err = db.commit(ctx, do); !errors.Is(err, errAgain) {
			break
		}
	}
	return durable, err
}

// CreateRecord adds a record, whose fields have been checked, and decides the
// waiting messages of its numbers again. It returns those that this placed.
func (db *DB) CreateRecord(ctx context.Context, actor switchboard.Actor, object switchboard.Object, fields switchboard.Fields, origin switchboard.Origin) (*switchboard.Record, []*switchboard.Message, error) {
	var r *switchboard.Record
	var resolved []*switchboard.Message
	err := db.inRecordTx(ctx, func(t *tx) (err error) {
		r, resolved, err = t.createRecord(actor, object, fields, origin)
		return err
	})
	return r, resolved, err
}

func (t *tx) createRecord(actor switchboard.Actor, object switchboard.Object, fields switchboard.Fields, origin switchboard.Origin) (*switchboard.Record, []*switchboard.Message, error) {
	org := actor.OrgID
	snap, err := t.heldSnapshot(org)
	if err != nil {
		return nil, nil, err
	}
	numbers, rejected := switchboard.RecordNumbers(object, fields, snap.settings.PhoneFields, snap.settings.Region)
	locked, err := t.lockNumbers(org, "", numbers)
	if err != nil {
		return nil, nil, err
	}
	r := t.newRecord(object, fields, origin)
	resolved, err := t.changed(org, r.ID, locked, switchboard.Change{Kind: switchboard.RecordCreated, Record: r.Ref()}, func() error {
		return t.insertRecord(org, r, numbers, rejected)
	})
	if err != nil {
		return nil, nil, err
	}
	if err := t.pushRecords(org, snap, r.ID); err != nil {
		return nil, nil, err
	}
	return r, resolved, t.audit(actor, "record.create", "record", r.ID, string(object))
}

// UpdateRecord changes fields of a record, a nil value clears one, and decides
// the waiting messages of the numbers that it gained or lost again. check sees
// the record with the change made, before anything is written. A version other
// than 0 must be the record's, else the error is a conflict.
func (db *DB) UpdateRecord(ctx context.Context, actor switchboard.Actor, id string, version int64, patch switchboard.Fields, check func(switchboard.Object, switchboard.Fields) error) (*switchboard.Record, []*switchboard.Message, error) {
	var r *switchboard.Record
	var resolved []*switchboard.Message
	err := db.inRecordTx(ctx, func(t *tx) (err error) {
		org := actor.OrgID
		if r, err = t.record(org, id); err != nil {
			return err
		}
		if r.Deleted {
			return switchboard.Errorf(switchboard.CodeRecordDeleted, "%s is deleted. Restore it before you change it.", r.Name)
		}
		if version != 0 && version != r.Version {
			return switchboard.Errorf(switchboard.CodeConflict, "Somebody changed %s in the meantime. Your entries were not saved; look at it again.", r.Name)
		}
		edited := *r
		edited.Fields = maps.Clone(r.Fields)
		for name, v := range patch {
			if v == nil {
				delete(edited.Fields, name)
			} else {
				edited.Fields[name] = v
			}
		}
		if err := check(r.Object, edited.Fields); err != nil {
			return err
		}
		edited.Name = switchboard.RecordName(r.Object, edited.Fields)
		snap, err := t.heldSnapshot(org)
		if err != nil {
			return err
		}
		numbers, rejected := switchboard.RecordNumbers(r.Object, edited.Fields, snap.settings.PhoneFields, snap.settings.Region)
		locked, err := t.lockNumbers(org, id, numbers)
		if err != nil {
			return err
		}
		if err := t.holdRecord(org, id); err != nil {
			return err
		}
		resolved, err = t.changed(org, id, locked, editChange(r, &edited, snap.settings.PhoneFields), func() error {
			return t.rewriteRecord(org, &edited, numbers, rejected)
		})
		if err != nil {
			return err
		}
		if err := t.pushRecords(org, snap, id); err != nil {
			return err
		}
		edited.Version, edited.UpdatedAt = r.Version+1, t.now
		r = &edited
		return t.audit(actor, "record.update", "record", id, strings.Join(slices.Sorted(maps.Keys(patch)), " "))
	})
	return r, resolved, err
}

// editChange names the phone field that was edited, if one was.
func editChange(before, after *switchboard.Record, fields switchboard.PhoneFields) switchboard.Change {
	c := switchboard.Change{Kind: switchboard.RecordEdited, Record: after.Ref()}
	for _, f := range fields[after.Object] {
		if v := after.Fields.Text(f); v != before.Fields.Text(f) {
			c.Field, c.Value = f, v
			break
		}
	}
	return c
}

func (t *tx) rewriteRecord(org string, r *switchboard.Record, numbers []switchboard.RecordNumber, rejected []switchboard.RejectedNumber) error {
	fields, err := encodeFields(r.Fields)
	if err != nil {
		return err
	}
	n, err := t.execN("UPDATE record SET name = $4, name_key = $5, fields = $6, version = version + 1, updated_at = $7 WHERE org_id = $1 AND id = $2 AND version = $3",
		org, r.ID, r.Version, r.Name, nameKey(r.Name), fields, micros(t.now))
	if err != nil {
		return err
	}
	if n == 0 {
		return errAgain
	}
	if err := t.dropNumbers(org, r.ID); err != nil {
		return err
	}
	if err := t.indexNumbers(org, r.Ref(), numbers, rejected); err != nil {
		return err
	}
	if err := t.exec("UPDATE record_number SET name = $3 WHERE org_id = $1 AND record_id = $2 AND name <> $3", org, r.ID, r.Name); err != nil {
		return err
	}
	return t.rewriteWords(org, r, numbers)
}

// DeleteRecord deletes a record: it stops matching and keeps its messages.
// Deleting a deleted one does nothing. It returns the messages that the rule
// placed elsewhere because of it.
func (db *DB) DeleteRecord(ctx context.Context, actor switchboard.Actor, id string) ([]*switchboard.Message, error) {
	_, resolved, err := db.setRecordDeleted(ctx, actor, id, true)
	return resolved, err
}

// RestoreRecord brings a deleted record back with everything. It fails with
// conflict for one that was merged into another.
func (db *DB) RestoreRecord(ctx context.Context, actor switchboard.Actor, id string) (*switchboard.Record, []*switchboard.Message, error) {
	return db.setRecordDeleted(ctx, actor, id, false)
}

func (db *DB) setRecordDeleted(ctx context.Context, actor switchboard.Actor, id string, deleted bool) (*switchboard.Record, []*switchboard.Message, error) {
	var r *switchboard.Record
	var resolved []*switchboard.Message
	err := db.inRecordTx(ctx, func(t *tx) (err error) {
		org := actor.OrgID
		resolved = nil
		if r, err = t.record(org, id); err != nil || r.Deleted == deleted {
			return err
		}
		snap, err := t.heldSnapshot(org)
		if err != nil {
			return err
		}
		numbers, rejected := switchboard.RecordNumbers(r.Object, r.Fields, snap.settings.PhoneFields, snap.settings.Region)
		locked, err := t.lockNumbers(org, id, numbers)
		if err != nil {
			return err
		}
		if err := t.holdRecord(org, id); err != nil {
			return err
		}
		if !deleted {
			if err := t.standsForItself(org, r); err != nil {
				return err
			}
		}
		kind, action := switchboard.RecordDeleted, "record.delete"
		if !deleted {
			kind, action = switchboard.RecordRestored, "record.restore"
		}
		resolved, err = t.changed(org, id, locked, switchboard.Change{Kind: kind, Record: r.Ref()}, func() error {
			if err := t.setDeleted(org, r, deleted); err != nil || deleted {
				return err
			}
			return t.indexNumbers(org, r.Ref(), numbers, rejected)
		})
		if err != nil {
			return err
		}
		if err := t.pushRecords(org, snap, id); err != nil {
			return err
		}
		r.Deleted, r.Version, r.UpdatedAt = deleted, r.Version+1, t.now
		return t.audit(actor, action, "record", id, string(r.Object))
	})
	return r, resolved, err
}

// createForUnknown makes the record of a text from an unknown number. Its
// sender is locked, and it matches that number alone.
func (r *receiver) createForUnknown(a *arriving, u switchboard.UnknownNumbers) (switchboard.RecordRef, error) {
	m := &a.message
	phone, _ := m.Sender.Phone()
	fields := u.RecordFields(phone, a.channel.Label(), m.Body, r.snap.local(m.ReceivedAt))
	numbers, _ := switchboard.RecordNumbers(u.Object, fields, switchboard.PhoneFields{u.Object: {u.PhoneField}}, r.snap.settings.Region)
	record := r.newRecord(u.Object, fields, switchboard.OriginUnknownNumber)
	if u.OwnerID != "" {
		record.Fields["OwnerId"] = u.OwnerID
	} else if a.channel.AuthenticatedBy != "" {
		record.Fields["OwnerId"] = a.channel.AuthenticatedBy
	}
	if err := r.insertRecord(r.org, record, numbers, nil); err != nil {
		return switchboard.RecordRef{}, err
	}
	if err := r.pushRecords(r.org, r.snap, record.ID); err != nil {
		return switchboard.RecordRef{}, err
	}
	c := switchboard.Candidate{Record: record.Ref()}
	for _, n := range numbers {
		c.Matched = append(c.Matched, switchboard.Matched{Field: n.Field, Value: n.Value})
	}
	r.candidates[m.Sender.Key] = append(r.candidates[m.Sender.Key], c)
	return record.Ref(), nil
}
