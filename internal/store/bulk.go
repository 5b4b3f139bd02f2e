package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"

	"github.com/switchboardhq/switchboard"
)

// NewRecord is a record to be added. Its fields have been checked.
type NewRecord struct {
	Object       switchboard.Object
	Fields       switchboard.Fields
	SalesforceID string // "" for one that is not there yet
}

// MaxBulk is how many records one transaction should add at most, so that
// messages never wait long for it.
const MaxBulk = 200

// CreateRecords adds many records in one transaction, and then decides the
// waiting messages of their numbers again. It returns the records' ids in order.
func (db *DB) CreateRecords(ctx context.Context, actor switchboard.Actor, origin switchboard.Origin, records []NewRecord) ([]string, error) {
	var ids []string
	err := db.inTx(ctx, func(t *tx) error {
		b := bulk{tx: t, org: actor.OrgID, senders: map[switchboard.MatchKey]switchboard.Sender{}, changes: map[switchboard.MatchKey]switchboard.Change{}}
		if err := b.add(origin, records); err != nil {
			return err
		}
		ids = b.ids
		if err := t.pushRecords(actor.OrgID, b.snap, ids...); err != nil {
			return err
		}
		return t.audit(actor, "record.create_many", "record", firstOf(ids), strconv.Itoa(len(ids))+" by "+string(origin))
	})
	return ids, err
}

// bulk collects the rows of many records.
type bulk struct {
	*tx
	org                     string
	snap                    *snapshot
	ids                     []string
	senders                 map[switchboard.MatchKey]switchboard.Sender
	changes                 map[switchboard.MatchKey]switchboard.Change // by number: the record that brought it
	records, numbers, words []any
	rejected                []any
}

func (b *bulk) add(origin switchboard.Origin, records []NewRecord) error {
	var err error
	if b.snap, err = b.snapshot(b.org); err != nil {
		return err
	}
	for _, n := range records {
		if err := b.collect(b.snap, origin, n); err != nil {
			return err
		}
	}
	locked, err := b.lockSenders(b.org, b.senders, nil)
	if err != nil {
		return err
	}
	if err := b.write(); err != nil {
		return err
	}
	touched := unsettled{}
	for _, k := range slices.Sorted(maps.Keys(b.changes)) {
		if !locked[k].waiting {
			continue
		}
		if _, err := b.decideAgain(b.org, b.snap, k, b.changes[k]); err != nil {
			return err
		}
		touched.add(k)
	}
	return b.settle(b.org, b.snap, touched)
}

// write adds what was collected. The senders are locked.
func (b *bulk) write() error {
	for _, rows := range []struct {
		table, columns string
		width          int
		args           []any
	}{
		{"record", recordInsert, recordWidth, b.records},
		{"record_number", numberInsert, numberWidth, b.numbers},
		{"record_word", wordInsert, wordWidth, b.words},
		{"rejected_number", rejectedInsert, rejectedWidth, b.rejected},
	} {
		if err := b.insert(rows.table, rows.columns, "ON CONFLICT DO NOTHING", rows.width, rows.args); err != nil {
			return err
		}
	}
	return nil
}

func (b *bulk) collect(snap *snapshot, origin switchboard.Origin, n NewRecord) error {
	r := &switchboard.Record{ID: b.newID(), Object: n.Object, Name: switchboard.RecordName(n.Object, n.Fields), Fields: n.Fields,
		SalesforceID: n.SalesforceID, Origin: origin, Version: 1, CreatedAt: b.now, UpdatedAt: b.now}
	numbers, rejected := switchboard.RecordNumbers(n.Object, n.Fields, snap.settings.PhoneFields, snap.settings.Region)
	b.ids = append(b.ids, r.ID)
	for _, number := range numbers {
		b.senders[number.Key] = switchboard.Sender{Kind: switchboard.SenderPhone, Address: string(number.Phone), Key: number.Key}
		b.changes[number.Key] = switchboard.Change{Kind: switchboard.RecordCreated, Record: r.Ref()}
	}
	var err error
	if b.records, err = appendRecord(b.records, b.org, r); err != nil {
		return err
	}
	b.numbers = appendNumbers(b.numbers, b.org, r.Ref(), numbers)
	b.words = appendWords(b.words, b.org, r, numbers)
	for _, x := range rejected {
		b.rejected = append(b.rejected, b.org, r.ID, x.Field, x.Value, x.Reason)
	}
	return nil
}

const (
	recordInsert   = "(org_id, id, object, name, name_key, fields, salesforce_id, origin, deleted, version, created_at, updated_at)"
	recordWidth    = 12
	numberInsert   = "(org_id, match_key, record_id, field, value, position, object, name)"
	numberWidth    = 8
	wordInsert     = "(org_id, word, record_id)"
	wordWidth      = 3
	rejectedInsert = "(org_id, record_id, field, value, reason)"

	rejectedWidth = 5
)

func appendRecord(args []any, org string, r *switchboard.Record) ([]any, error) {
	fields, err := encodeFields(r.Fields)
	if err != nil {
		return nil, err
	}
	salesforce := sql.NullString{String: r.SalesforceID, Valid: r.SalesforceID != ""}
	return append(args, org, r.ID, string(r.Object), r.Name, nameKey(r.Name), fields, salesforce, string(r.Origin), r.Deleted, r.Version, micros(r.CreatedAt), micros(r.UpdatedAt)), nil
}

func appendNumbers(args []any, org string, r switchboard.RecordRef, numbers []switchboard.RecordNumber) []any {
	for i, n := range numbers {
		args = append(args, org, string(n.Key), r.ID, n.Field, n.Value, i, string(r.Object), r.Name)
	}
	return args
}
