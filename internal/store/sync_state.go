package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// synced is a record as both sides last agreed on it.
type synced struct {
	recordID, object string
	salesforceID     string
	base             switchboard.Fields // by our ids
	baseDeleted      bool
	stamp            int64
	sending          switchboard.Fields // nil: nothing is on its way
	sentAt, notedAt  int64
	mergedInto       string
}

const syncedSelect = "SELECT record_id, object, COALESCE(salesforce_id, ''), base, base_deleted, stamp, sending, sent_at, noted_at, merged_into FROM "

func (t *tx) synced(where string, args ...any) ([]*synced, error) {
	return t.syncedFrom("record_sync", where, args...)
}

// syncedThere returns what is agreed on the records with the Salesforce ids.
func (t *tx) syncedThere(org string, ids ...string) ([]*synced, error) {
	return t.syncedFrom(t.bySalesforceID(), "org_id = $1 AND "+t.in("salesforce_id", "$2"), org, t.list(ids))
}

// bySalesforceID is the table with the index that finds its rows. SQLite would
// rather read all rows of the org than look up two hundred ids.
func (t *tx) bySalesforceID() string {
	if t.db.dialect == &sqliteDialect {
		return "record_sync INDEXED BY record_sync_salesforce"
	}
	return "record_sync"
}

func (t *tx) syncedFrom(table, where string, args ...any) ([]*synced, error) {
	var all []*synced
	err := t.each(func(rows *sql.Rows) error {
		s := &synced{}
		var base, sending string
		if err := rows.Scan(&s.recordID, &s.object, &s.salesforceID, &base, &s.baseDeleted, &s.stamp, &sending, &s.sentAt, &s.notedAt, &s.mergedInto); err != nil {
			return err
		}
		all = append(all, s)
		if err := decodeFields(base, &s.base); err != nil || sending == "" {
			return err
		}
		return decodeFields(sending, &s.sending)
	}, syncedSelect+table+" WHERE "+where, args...)
	return all, err
}

func decodeFields(text string, f *switchboard.Fields) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return d.Decode(f)
}

func (t *tx) syncedByRecord(org, record string) (*synced, error) {
	all, err := t.synced("org_id = $1 AND record_id = $2", org, record)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	return all[0], nil
}

const (
	syncedColumns = "record_sync (org_id, error, error_field, matches, error_at, record_id, object, salesforce_id, base, base_deleted, stamp, sending, sent_at, noted_at, merged_into)"
	syncedWidth   = 10
	// What Salesforce has said of the record is no refusal any more.
	syncedUpdate = `ON CONFLICT (org_id, record_id) DO UPDATE SET salesforce_id = excluded.salesforce_id, base = excluded.base, base_deleted = excluded.base_deleted,
		stamp = excluded.stamp, sending = excluded.sending, sent_at = excluded.sent_at, noted_at = excluded.noted_at, merged_into = excluded.merged_into,
		error = '', error_field = '', matches = '', error_at = 0`
)

func (t *tx) writeSynced(org string, all ...*synced) error {
	i := insertion{into: syncedColumns, tail: syncedUpdate, shared: []any{org, "", "", "", 0}, width: syncedWidth, args: make([]any, 0, len(all)*syncedWidth)}
	for _, s := range all {
		base, err := encodeFields(s.base)
		if err != nil {
			return err
		}
		sending := ""
		if s.sending != nil {
			if sending, err = encodeFields(s.sending); err != nil {
				return err
			}
		}
		i.args = append(i.args, s.recordID, s.object, sql.NullString{String: s.salesforceID, Valid: s.salesforceID != ""}, base, s.baseDeleted, s.stamp, sending,
			s.sentAt, s.notedAt, s.mergedInto)
	}
	return t.insert(i)
}

// newlySynced returns the rows of what is agreed on records that both sides have
// alike: they are just being made here.
func newlySynced(org string, made []*synced) (insertion, error) {
	const width = 5
	i := insertion{
		into: `record_sync (org_id, base_deleted, sending, sent_at, noted_at, merged_into, error, error_field, matches, error_at,
			record_id, object, salesforce_id, base, stamp)`,
		shared: []any{org, false, "", 0, 0, "", "", "", "", 0},
		width:  width,
		args:   make([]any, 0, len(made)*width),
	}
	var fields fieldsEncoder
	for _, s := range made {
		base, err := fields.encode(s.base)
		if err != nil {
			return insertion{}, err
		}
		i.args = append(i.args, s.recordID, s.object, s.salesforceID, base, s.stamp)
	}
	return i, nil
}

// standIn returns the record that stands for the given one, which is itself
// unless it was merged into another or converted.
func (t *tx) standIn(org, record string) (string, error) {
	for range maxChain {
		var into string
		err := t.one("SELECT merged_into FROM record_sync WHERE org_id = $1 AND record_id = $2", []any{org, record}, &into)
		if errors.Is(err, sql.ErrNoRows) {
			return record, nil
		}
		if err != nil || into == "" {
			return record, err
		}
		record = into
	}
	return record, nil
}

// standsForItself fails with conflict for a record that was merged into another,
// or converted: that one stands for it.
func (t *tx) standsForItself(org string, r *switchboard.Record) error {
	id, err := t.standIn(org, r.ID)
	if err != nil || id == r.ID {
		return err
	}
	into, err := t.record(org, id)
	if err != nil {
		return err
	}
	return switchboard.Errorf(switchboard.CodeConflict, "%s was merged into %s in Salesforce, which has its messages. Look at that one, or bring this one back in Salesforce.", r.Name, into.Name)
}

// maxChain bounds how many merges one after the other are followed.
const maxChain = 20

// base with what is on its way to Salesforce, where that has arrived: our own
// values that come back are no change of theirs.
func (s *synced) agreed(theirs switchboard.Fields) switchboard.Fields {
	if s.sending == nil {
		return s.base
	}
	agreed := switchboard.Fields{}
	for name, v := range s.base {
		agreed[name] = v
	}
	for name, v := range s.sending {
		if there, known := theirs[name]; known && switchboard.SameValue(there, v) {
			agreed[name] = there
		}
	}
	return agreed
}

// stale reports whether something that was read at readAt may be older than
// what we have written to Salesforce.
func stale(readAt, sentAt, notedAt int64) bool { return max(sentAt, notedAt) >= readAt }

// SyncError is a record that Salesforce refused.
type SyncError struct {
	Record  switchboard.RecordRef
	Message string
	Field   string   // that it is about; "" if about none
	Matches []string // Salesforce ids of likely duplicates that exist there
	At      time.Time
}

// SyncErrors lists the records that Salesforce refused, newest first.
func (db *DB) SyncErrors(ctx context.Context, org string, p Page) ([]SyncError, string, error) {
	var list []SyncError
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		q := newQuery("s.org_id = ? AND s.error_at > 0", org)
		if p.Cursor != "" {
			q.and("s.record_id < ?", p.Cursor)
		}
		var err error
		list, err = t.syncErrors(q.where()+" ORDER BY s.record_id DESC "+q.limit(p.Limit+1), q.args...)
		list, next = cutPage(list, p.Limit, func(e SyncError) string { return e.Record.ID })
		return err
	})
	return list, next, err
}

func (t *tx) syncErrors(where string, args ...any) ([]SyncError, error) {
	var list []SyncError
	err := t.each(func(rows *sql.Rows) error {
		var e SyncError
		var matches string
		var at int64
		err := rows.Scan(&e.Record.ID, &e.Record.Object, &e.Record.Name, &e.Message, &e.Field, &matches, &at)
		e.Matches, e.At = strings.Fields(matches), fromMicros(at)
		list = append(list, e)
		return err
	}, "SELECT r.id, r.object, r.name, s.error, s.error_field, s.matches, s.error_at FROM record_sync s JOIN record r ON r.org_id = s.org_id AND r.id = s.record_id WHERE "+where, args...)
	return list, err
}

// SyncError returns why Salesforce refused the record; false if it did not.
func (db *DB) SyncError(ctx context.Context, org, record string) (SyncError, bool, error) {
	var found []SyncError
	err := db.inRead(ctx, func(t *tx) (err error) {
		found, err = t.syncErrors("s.org_id = $1 AND s.record_id = $2 AND s.error_at > 0", org, record)
		return err
	})
	if err != nil || len(found) == 0 {
		return SyncError{}, false, err
	}
	return found[0], true, nil
}

// lookups are the records that an SMS__c row names, by object.
type lookups map[switchboard.Object]string

func parseLookups(s string) lookups {
	l := lookups{}
	parts := strings.Fields(s)
	for i := 0; i+1 < len(parts); i += 2 {
		l[switchboard.Object(parts[i])] = parts[i+1]
	}
	return l
}

func (l lookups) String() string {
	var b strings.Builder
	for _, o := range l.objects() {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(o) + " " + l[o])
	}
	return b.String()
}

// objects returns those that name a record: Contact, Lead and Account first.
func (l lookups) objects() []switchboard.Object {
	var all []switchboard.Object
	for o, id := range l {
		if id != "" {
			all = append(all, o)
		}
	}
	usual := switchboard.Objects()
	place := func(o switchboard.Object) int {
		if i := slices.Index(usual, o); i >= 0 {
			return i
		}
		return len(usual)
	}
	slices.SortFunc(all, func(a, b switchboard.Object) int { return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a, b)) })
	return all
}
