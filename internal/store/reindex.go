package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// pieceAtMost bounds the rows of one transaction of a long write, and
// pieceWithin the time that one is to take: a text that comes in waits for no
// more than that.
const (
	pieceAtMost = 200
	pieceWithin = 50 * time.Millisecond
)

// reindexDue says that the numbers of all records have to be read again.
func (t *tx) reindexDue(org string) error {
	return t.exec("UPDATE org SET phone_metadata = '' WHERE id = $1", org)
}

// reindexSilence is how long a reindex may show no progress before another may
// take its place.
const reindexSilence = time.Minute

// reindexMark stands in the place of the parser's version while a reindex goes
// on. A change of the settings wipes it away.
type reindexMark struct {
	id string
	at int64 // when it last got on
}

func (m reindexMark) String() string { return fmt.Sprintf("reading %s %d", m.id, m.at) }

func parseReindexMark(s string) (m reindexMark, ok bool) {
	_, err := fmt.Sscanf(s, "reading %s %d", &m.id, &m.at)
	return m, err == nil
}

func (m reindexMark) alive(now time.Time) bool { return now.Sub(fromMicros(m.at)) < reindexSilence }

// ReindexDue reports whether the numbers of records were read by other
// settings, or by another version of the number parser, than the current ones,
// and nobody is about to read them again.
func (db *DB) ReindexDue(ctx context.Context, org string) (bool, error) {
	due := false
	err := db.inRead(ctx, func(t *tx) error {
		var version string
		err := t.one("SELECT phone_metadata FROM org WHERE id = $1", []any{org}, &version)
		mark, reading := parseReindexMark(version)
		due = version != switchboard.PhoneMetadataVersion && !(reading && mark.alive(t.now))
		return err
	})
	return due, err
}

// errSettingsChanged ends a reindex whose ground has moved.
var errSettingsChanged = errors.New("the settings changed during the reindex")

// Reindex reads the numbers of all records again. It first compares, record by
// record, what is stored with what is read now; then it brings each number that
// differs over to its new records in one step and decides its waiting texts
// again: no text is decided on half of a change. It works in short
// transactions, may be cut off and called again, and starts over when the
// settings change meanwhile. It fails with conflict while another one gets on.
// progress, if not nil, hears how many records of how many have been compared.
func (db *DB) Reindex(ctx context.Context, org string, progress func(done, total int)) error {
	if progress == nil {
		progress = func(int, int) {}
	}
	for {
		err := db.reindex(ctx, org, progress)
		if !errors.Is(err, errSettingsChanged) {
			return err
		}
	}
}

func (db *DB) reindex(ctx context.Context, org string, progress func(done, total int)) error {
	r := &reindexer{db: db, org: org}
	if err := db.inTx(ctx, r.begin); err != nil {
		return err
	}
	err := r.run(ctx, progress)
	if ctx.Err() != nil {
		// It was cut off: whoever comes next need not wait. That it can't be said is no matter.
		_ = db.inTx(context.WithoutCancel(ctx), func(t *tx) error { return r.write(t, "") })
	}
	return err
}

func (r *reindexer) run(ctx context.Context, progress func(done, total int)) error {
	total, done := 0, 0
	err := r.db.inRead(ctx, func(t *tx) error {
		return t.one("SELECT COUNT(*) FROM record WHERE org_id = $1 AND NOT deleted", []any{r.org}, &total)
	})
	if err != nil {
		return err
	}
	err = r.inPieces(ctx, r.compare, func(n int) {
		done += n
		progress(done, max(done, total))
	})
	if err != nil {
		return err
	}
	if err := r.inPieces(ctx, r.apply, func(int) {}); err != nil {
		return err
	}
	return r.db.inTx(ctx, func(t *tx) error { return r.write(t, switchboard.PhoneMetadataVersion) })
}

// reindexer is one run of Reindex.
type reindexer struct {
	db   *DB
	org  string
	mark reindexMark // as it stands in the org's row while this run goes on
	last string      // the record that was compared last
}

func (r *reindexer) begin(t *tx) error {
	var now string
	if err := t.one("SELECT phone_metadata FROM org WHERE id = $1"+t.db.dialect.forUpdate, []any{r.org}, &now); err != nil {
		return err
	}
	if m, reading := parseReindexMark(now); reading && m.alive(t.now) {
		return errReindexing()
	}
	r.mark = reindexMark{t.newID(), micros(t.now)}
	if err := t.exec("DELETE FROM number_change WHERE org_id = $1", r.org); err != nil {
		return err
	}
	return t.exec("UPDATE org SET phone_metadata = $2 WHERE id = $1", r.org, r.mark.String())
}

func errReindexing() error {
	return switchboard.Errorf(switchboard.CodeConflict, "The phone numbers are being read again already. Wait until that is done.")
}

// write puts mark in the place of this run's. It fails unless the settings are
// those that this run began with, and no other run has taken its place.
func (r *reindexer) write(t *tx, mark string) error {
	n, err := t.execN("UPDATE org SET phone_metadata = $3 WHERE id = $1 AND phone_metadata = $2", r.org, r.mark.String(), mark)
	if err != nil || n > 0 {
		return err
	}
	var now string
	if err := t.one("SELECT phone_metadata FROM org WHERE id = $1", []any{r.org}, &now); err != nil {
		return err
	}
	if now == "" {
		return errSettingsChanged
	}
	return errReindexing()
}

// inPieces runs do, in transactions that take about as long as one may take,
// until it finds nothing more to do. do returns how many rows it did, at most
// size; done hears the same once that is committed.
func (r *reindexer) inPieces(ctx context.Context, do func(t *tx, size int) (int, error), done func(int)) error {
	size := 25
	for {
		var n int
		var took time.Duration
		var next reindexMark
		if ctx.Err() != nil {
			return unavailable(ctx.Err())
		}
		last := r.last
		err := r.db.inRecordTx(ctx, func(t *tx) error {
			r.last = last
			var err error
			if n, err = do(t, size); err != nil {
				return err
			}
			// At the end, because message numbers are taken from the same row.
			next = reindexMark{r.mark.id, max(r.mark.at+1, micros(t.now))}
			took = r.db.clock().Sub(t.now)
			return r.write(t, next.String())
		})
		if err == nil {
			r.mark = next
		}
		if err != nil || n == 0 {
			return err
		}
		done(n)
		switch {
		case took > pieceWithin:
			size = max(1, size/2)
		case took < pieceWithin/4:
			size = min(pieceAtMost, size*2)
		}
	}
}

// compare notes in number_change what is to change about the numbers of the
// next records. What no decision looks at, it writes at once.
func (r *reindexer) compare(t *tx, size int) (int, error) {
	snap, err := t.snapshot(r.org)
	if err != nil {
		return 0, err
	}
	var records []*switchboard.Record
	var ids []string
	err = t.each(func(rows *sql.Rows) error {
		record, err := scanRecord(rows)
		if err != nil {
			return err
		}
		records, ids, r.last = append(records, record), append(ids, record.ID), record.ID
		return nil
	}, recordSelect+"org_id = $1 AND id > $2 AND NOT deleted ORDER BY id LIMIT $3"+t.db.dialect.forUpdate, r.org, r.last, size)
	if err != nil || len(records) == 0 {
		return 0, err
	}
	stored, rejections, err := t.storedNumbers(r.org, ids)
	if err != nil {
		return 0, err
	}
	for _, record := range records {
		numbers, rejected := switchboard.RecordNumbers(record.Object, record.Fields, snap.settings.PhoneFields, snap.settings.Region)
		if err := r.note(t, record, numbers, stored[record.ID]); err != nil {
			return 0, err
		}
		var now []string
		for _, x := range rejected {
			now = append(now, x.Field+" "+x.Value+" "+x.Reason)
		}
		slices.Sort(now)
		if slices.Equal(now, rejections[record.ID]) {
			continue
		}
		if err := t.exec("DELETE FROM rejected_number WHERE org_id = $1 AND record_id = $2", r.org, record.ID); err != nil {
			return 0, err
		}
		if err := t.indexNumbers(r.org, record.Ref(), nil, rejected); err != nil {
			return 0, err
		}
	}
	return len(records), nil
}

// storedNumber is a row of record_number.
type storedNumber struct {
	key      switchboard.MatchKey
	field    string
	value    string
	position int
}

// storedNumbers reads what is stored of the records' numbers and of their
// fields that could not be read, sorted.
func (t *tx) storedNumbers(org string, records []string) (map[string][]storedNumber, map[string][]string, error) {
	stored, rejections := map[string][]storedNumber{}, map[string][]string{}
	err := t.each(func(rows *sql.Rows) error {
		var id string
		var n storedNumber
		err := rows.Scan(&id, &n.key, &n.field, &n.value, &n.position)
		stored[id] = append(stored[id], n)
		return err
	}, "SELECT record_id, match_key, field, value, position FROM record_number WHERE org_id = $1 AND field <> 'link' AND "+t.in("record_id", "$2"), org, t.list(records))
	if err != nil {
		return nil, nil, err
	}
	err = t.each(func(rows *sql.Rows) error {
		var id, field, value, reason string
		err := rows.Scan(&id, &field, &value, &reason)
		rejections[id] = append(rejections[id], field+" "+value+" "+reason)
		return err
	}, "SELECT record_id, field, value, reason FROM rejected_number WHERE org_id = $1 AND "+t.in("record_id", "$2"), org, t.list(records))
	for _, lines := range rejections {
		slices.Sort(lines)
	}
	return stored, rejections, err
}

// note writes down how the stored numbers of a record differ from those that
// are read now, and finds the record by the new ones.
func (r *reindexer) note(t *tx, record *switchboard.Record, numbers []switchboard.RecordNumber, stored []storedNumber) error {
	changes := 0
	change := func(n storedNumber, address string, gone bool) error {
		changes++
		return t.exec(`INSERT INTO number_change (org_id, match_key, record_id, field, address, value, position, gone, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT DO NOTHING`, r.org, string(n.key), record.ID, n.field, address, n.value, n.position, gone, record.Version)
	}
	for i, n := range numbers {
		now := storedNumber{n.Key, n.Field, n.Value, i}
		if slices.Contains(stored, now) {
			continue
		}
		if err := change(now, string(n.Phone), false); err != nil {
			return err
		}
	}
	for _, old := range stored {
		if slices.ContainsFunc(numbers, func(n switchboard.RecordNumber) bool { return n.Key == old.key && n.Field == old.field }) {
			continue
		}
		if err := change(old, "", true); err != nil {
			return err
		}
	}
	if changes == 0 {
		return nil
	}
	return t.rewriteWords(r.org, record, numbers)
}

// numberChange is a row of number_change, with what its record is called now.
type numberChange struct {
	record switchboard.RecordRef
	stored storedNumber
	gone   bool
}

// apply brings the next numbers over to the records that have them now.
func (r *reindexer) apply(t *tx, size int) (int, error) {
	senders := map[switchboard.MatchKey]switchboard.Sender{}
	var keys []string
	err := t.each(func(rows *sql.Rows) error {
		var key, address string
		err := rows.Scan(&key, &address)
		s := senderOfKey(switchboard.MatchKey(key))
		if address != "" { // else it only goes
			s = switchboard.ParseSender(address, "")
			s.Key = switchboard.MatchKey(key)
		}
		senders[s.Key], keys = s, append(keys, key)
		return err
	}, "SELECT match_key, MAX(address) FROM number_change WHERE org_id = $1 GROUP BY match_key ORDER BY match_key LIMIT $2", r.org, size)
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	locked, err := t.lockSenders(r.org, senders, nil)
	if err != nil {
		return 0, err
	}
	changes, err := r.changesOf(t, keys)
	if err != nil {
		return 0, err
	}
	snap, err := t.snapshot(r.org)
	if err != nil {
		return 0, err
	}
	touched := unsettled{}
	for _, k := range keys {
		key := switchboard.MatchKey(k)
		record, err := r.bringOver(t, key, changes[key])
		if err != nil {
			return 0, err
		}
		if record == nil || !locked[key].waiting {
			continue
		}
		touched.add(key)
		change := switchboard.Change{Kind: switchboard.RecordReread, Record: *record}
		if _, err := t.decideAgain(r.org, snap, key, change); err != nil {
			return 0, err
		}
	}
	if err := t.exec("DELETE FROM number_change WHERE org_id = $1 AND "+t.in("match_key", "$2"), r.org, t.list(keys)); err != nil {
		return 0, err
	}
	return len(keys), t.settle(r.org, snap, touched)
}

// changesOf reads what was noted of the numbers, and keeps the records as they
// are. A record that was changed since is left out: that change has read its
// numbers by the new settings.
func (r *reindexer) changesOf(t *tx, keys []string) (map[switchboard.MatchKey][]numberChange, error) {
	lock := ""
	if t.db.dialect == &postgresDialect {
		lock = " FOR SHARE OF r"
	}
	changes := map[switchboard.MatchKey][]numberChange{}
	err := t.each(func(rows *sql.Rows) error {
		var c numberChange
		err := rows.Scan(&c.stored.key, &c.record.ID, &c.record.Object, &c.record.Name, &c.stored.field, &c.stored.value, &c.stored.position, &c.gone)
		changes[c.stored.key] = append(changes[c.stored.key], c)
		return err
	}, `SELECT c.match_key, r.id, r.object, r.name, c.field, c.value, c.position, c.gone
		FROM number_change c JOIN record r ON r.org_id = c.org_id AND r.id = c.record_id AND r.version = c.version AND NOT r.deleted
		WHERE c.org_id = $1 AND `+t.in("c.match_key", "$2")+" ORDER BY r.id, c.match_key, c.field"+lock, r.org, t.list(keys))
	return changes, err
}

// bringOver changes which records match the number, and returns the first that
// has gained or lost it; nil if the set is what it was.
func (r *reindexer) bringOver(t *tx, key switchboard.MatchKey, changes []numberChange) (*switchboard.RecordRef, error) {
	before, err := t.matching(r.org, key)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		err := t.exec("DELETE FROM record_number WHERE org_id = $1 AND match_key = $2 AND record_id = $3 AND field = $4", r.org, string(key), c.record.ID, c.stored.field)
		if err != nil {
			return nil, err
		}
		if c.gone {
			err = t.keepSender(r.org, c.record.ID, key)
		} else {
			err = t.insert(insertion{into: numberColumns, shared: []any{r.org}, width: numberWidth,
				args: []any{string(key), c.record.ID, c.stored.field, c.stored.value, c.stored.position, string(c.record.Object), c.record.Name}})
		}
		if err != nil {
			return nil, err
		}
	}
	after, err := t.matching(r.org, key)
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if slices.Contains(before, c.record.ID) != slices.Contains(after, c.record.ID) {
			return &c.record, nil
		}
	}
	return nil, nil
}

// matching returns the ids of the records that match the number, sorted.
func (t *tx) matching(org string, key switchboard.MatchKey) ([]string, error) {
	var ids []string
	err := t.each(func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, "SELECT DISTINCT record_id FROM record_number WHERE org_id = $1 AND match_key = $2 ORDER BY record_id", org, string(key))
	return ids, err
}

// Rejected is a phone field of a record that cannot be read, or not wholly.
type Rejected struct {
	Record switchboard.RecordRef
	switchboard.RejectedNumber
}

// RejectedNumbers lists the phone fields that cannot be read, in the order in
// which their records were made.
func (db *DB) RejectedNumbers(ctx context.Context, org string, p Page) ([]Rejected, string, error) {
	var list []Rejected
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		q := newQuery("x.org_id = ?", org)
		if p.Cursor != "" {
			record, field := cutCursor(p.Cursor)
			q.and("(x.record_id > ? OR x.record_id = ? AND x.field > ?)", record, record, field)
		}
		err := t.each(func(rows *sql.Rows) error {
			var x Rejected
			err := rows.Scan(&x.Record.ID, &x.Record.Object, &x.Record.Name, &x.Field, &x.Value, &x.Reason)
			list = append(list, x)
			return err
		}, `SELECT r.id, r.object, r.name, x.field, x.value, x.reason FROM rejected_number x JOIN record r ON r.org_id = x.org_id AND r.id = x.record_id
			WHERE `+q.where()+" ORDER BY x.record_id, x.field "+q.limit(p.Limit+1), q.args...)
		list, next = cutPage(list, p.Limit, func(x Rejected) string { return x.Record.ID + " " + x.Field })
		return err
	})
	return list, next, err
}
