package store

import (
	"context"
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
		snap, err := t.heldSnapshot(actor.OrgID)
		if err != nil {
			return err
		}
		b := t.newBulk(actor.OrgID, snap, origin, len(records))
		if err := b.add(records); err != nil {
			return err
		}
		ids = b.ids
		if err := t.pushRecords(actor.OrgID, snap, ids...); err != nil {
			return err
		}
		return t.audit(actor, "record.create_many", "record", firstOf(ids), strconv.Itoa(len(ids))+" by "+string(origin))
	})
	return ids, err
}

// bulk collects the rows of many records.
type bulk struct {
	*tx
	org     string
	snap    *snapshot
	ids     []string
	senders map[switchboard.MatchKey]switchboard.Sender
	changes map[switchboard.MatchKey]switchboard.Change // by number: the record that brought it
	rows    *recordRows
}

// newBulk collects the rows of about n records.
func (t *tx) newBulk(org string, snap *snapshot, origin switchboard.Origin, n int) *bulk {
	return &bulk{tx: t, org: org, snap: snap, senders: make(map[switchboard.MatchKey]switchboard.Sender, n), changes: make(map[switchboard.MatchKey]switchboard.Change, n),
		rows: newRecordRows(org, origin, t.now, n)}
}

func (b *bulk) add(records []NewRecord) error {
	for _, n := range records {
		if err := b.collect(n); err != nil {
			return err
		}
	}
	locked, err := b.lockSenders(b.org, b.senders, nil)
	if err != nil {
		return err
	}
	if err := b.insertRecords(b.rows); err != nil {
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

func (b *bulk) collect(n NewRecord) error {
	r := b.newRecord(n.Object, n.Fields, b.rows.origin)
	r.SalesforceID = n.SalesforceID
	numbers, rejected := switchboard.RecordNumbers(n.Object, n.Fields, b.snap.settings.PhoneFields, b.snap.settings.Region)
	b.ids = append(b.ids, r.ID)
	for _, number := range numbers {
		b.senders[number.Key] = switchboard.Sender{Kind: switchboard.SenderPhone, Address: string(number.Phone), Key: number.Key}
		b.changes[number.Key] = switchboard.Change{Kind: switchboard.RecordCreated, Record: r.Ref()}
	}
	return b.rows.add(r, numbers, rejected)
}
