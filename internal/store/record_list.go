package store

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// RecordOrder is how a list of records is sorted.
type RecordOrder int

// The orders.
const (
	// NewestFirst is by when they were stored.
	NewestFirst RecordOrder = iota
	// ByName needs an Object, and neither Q nor Phone.
	ByName
	// BestFirst is for who types a search: those that hold the word as typed,
	// then those where it goes on. Only a bounded part of the matches is looked
	// at for one page, so it answers in milliseconds also among a million
	// records; a page may hold fewer than asked for and still have a next one.
	BestFirst
)

// RecordFilter narrows a list of records. What is zero narrows nothing.
type RecordFilter struct {
	Object switchboard.Object
	// Q is a whole number that matches, or words, each of which has to begin a
	// word of the record's name, company, title or e-mail address, or one of its
	// numbers, its last seven or its last four digits.
	Q       string
	Phone   switchboard.MatchKey // matched through a field or a remembered number
	Deleted bool                 // the deleted ones instead of the others
	Order   RecordOrder
	Page
}

// searchWindow bounds the index entries that a page of a search BestFirst looks at.
const searchWindow = 2000

// Records lists records.
func (db *DB) Records(ctx context.Context, org string, f RecordFilter) ([]*switchboard.Record, string, error) {
	var list []*switchboard.Record
	next := ""
	err := db.inRead(ctx, func(t *tx) (err error) {
		list, next, err = t.findRecords(org, f)
		return err
	})
	return list, next, err
}

func (t *tx) findRecords(org string, f RecordFilter) ([]*switchboard.Record, string, error) {
	if f.Q = strings.TrimSpace(f.Q); f.Q == "" {
		if f.Order == ByName && f.Object != "" && f.Phone == "" {
			return t.recordsByName(org, f)
		}
		return t.newestRecords(org, f, nil)
	}
	if len(f.Q) > maxQuery {
		return nil, "", switchboard.Invalid("q", "Search for at most %d characters.", maxQuery)
	}
	snap, err := t.snapshot(org)
	if err != nil {
		return nil, "", err
	}
	if p, ok := switchboard.ParseSender(f.Q, snap.settings.Region).Phone(); ok && f.Phone == "" {
		whole := f
		whole.Phone = p.MatchKey()
		list, next, err := t.newestRecords(org, whole, nil)
		if err != nil || len(list) > 0 || f.Cursor != "" {
			return list, next, err
		}
	}
	words, err := t.rarestFirst(org, queryWords(f.Q))
	if err != nil || len(words) == 0 {
		return nil, "", err
	}
	if f.Order == BestFirst && f.Phone == "" {
		return t.searchRecords(org, f, words)
	}
	return t.newestRecords(org, f, words)
}

// queryWords splits a search into words as the index holds them. Groups of
// digits that follow each other are one number: (512) 555-0177.
func queryWords(q string) []string {
	var words []string
	digits := false
	for _, w := range searchWords(q) {
		number := onlyDigits(w) == w
		if number && digits {
			words[len(words)-1] += w
		} else {
			words = append(words, w)
		}
		digits = number
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// afterAll sorts after all that begins with the same letters.
const afterAll = "\U0010FFFF"

// rarestFirst puts the word that begins the fewest index entries first.
func (t *tx) rarestFirst(org string, words []string) ([]string, error) {
	if len(words) < 2 {
		return words, nil
	}
	counts := make(map[string]int, len(words))
	for _, w := range words {
		var n int
		err := t.one("SELECT COUNT(*) FROM (SELECT word FROM record_word WHERE org_id = $1 AND word >= $2 AND word < $3 LIMIT "+strconv.Itoa(countLimit)+") w",
			[]any{org, w, w + afterAll}, &n)
		if err != nil {
			return nil, err
		}
		counts[w] = n
	}
	slices.SortStableFunc(words, func(a, b string) int { return counts[a] - counts[b] })
	return words, nil
}

// narrow adds the filter's conditions on record r, except for the first word.
func (f *RecordFilter) narrow(q *query, words []string) {
	q.and("r.deleted = ?", f.Deleted)
	if f.Object != "" {
		q.and("r.object = ?", string(f.Object))
	}
	if f.Phone != "" {
		q.and("EXISTS (SELECT 1 FROM record_number n WHERE n.org_id = r.org_id AND n.record_id = r.id AND n.match_key = ?)", string(f.Phone))
	}
	for _, w := range words[min(1, len(words)):] {
		q.and("r.words LIKE ?", "% "+w+"%")
	}
}

func (t *tx) newestRecords(org string, f RecordFilter, words []string) ([]*switchboard.Record, string, error) {
	q := newQuery("r.org_id = ?", org)
	switch {
	case len(words) > 0:
		q.and("r.id IN (SELECT w.record_id FROM record_word w WHERE w.org_id = ? AND w.word >= ? AND w.word < ?)", org, words[0], words[0]+afterAll)
	case f.Phone != "": // few have it
		q.and("r.id IN (SELECT n.record_id FROM record_number n WHERE n.org_id = ? AND n.match_key = ?)", org, string(f.Phone))
	}
	f.narrow(q, words)
	if f.Cursor != "" {
		q.and("r.id < ?", f.Cursor)
	}
	list, err := t.records(recordList+" FROM record r WHERE "+q.where()+" ORDER BY r.id DESC "+q.limit(f.Limit+1), q.args...)
	list, next := cutPage(list, f.Limit, func(r *switchboard.Record) string { return r.ID })
	return list, next, err
}

func (t *tx) recordsByName(org string, f RecordFilter) ([]*switchboard.Record, string, error) {
	q := newQuery("r.org_id = ?", org)
	f.narrow(q, nil)
	if f.Cursor != "" {
		id, name := cutCursor(f.Cursor)
		q.and("(r.name_key, r.id) > (?, ?)", name, id)
	}
	list, err := t.records(recordList+" FROM record r WHERE "+q.where()+" ORDER BY r.name_key, r.id "+q.limit(f.Limit+1), q.args...)
	list, next := cutPage(list, f.Limit, func(r *switchboard.Record) string { return r.ID + " " + nameKey(r.Name) })
	return list, next, err
}

// searchRecords walks the index of the first word from where the cursor says.
func (t *tx) searchRecords(org string, f RecordFilter, words []string) ([]*switchboard.Record, string, error) {
	first := words[0]
	window := newQuery("org_id = ? AND word >= ? AND word < ?", org, first, first+afterAll)
	if f.Cursor != "" {
		id, word := cutCursor(f.Cursor)
		window.and("(word, record_id) > (?, ?)", word, id)
	}
	from := "FROM record_word WHERE " + window.where() + " ORDER BY word, record_id "
	q := &query{args: slices.Clone(window.args)}
	from2 := from + q.limit(searchWindow)
	q.and("r.org_id = ? AND r.id = w.record_id", org)
	f.narrow(q, words)
	// A record with two words that begin alike comes once, by the first of them.
	q.and("r.words NOT LIKE ? || w.word || ' %'", "% "+first+"% ")
	var ids, cursors []string
	err := t.each(func(rows *sql.Rows) error {
		var word, id string
		err := rows.Scan(&word, &id)
		ids, cursors = append(ids, id), append(cursors, id+" "+word)
		return err
	}, "SELECT w.word, w.record_id FROM (SELECT word, record_id "+from2+") w, record r WHERE "+q.where()+" ORDER BY w.word, w.record_id "+q.limit(f.Limit+1), q.args...)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(ids) > f.Limit {
		ids, next = ids[:f.Limit], cursors[f.Limit-1]
	} else if next, err = t.windowEnd(from, window); err != nil {
		return nil, "", err
	}
	list, err := t.recordsByID(org, ids)
	return list, next, err
}

// windowEnd returns the cursor of the last index entry that a search looked at,
// "" if there are no more after it.
func (t *tx) windowEnd(from string, window *query) (string, error) {
	cursor := ""
	n := 0
	args := append(slices.Clone(window.args), searchWindow-1)
	err := t.each(func(rows *sql.Rows) error {
		var word, id string
		err := rows.Scan(&word, &id)
		if n++; n == 1 {
			cursor = id + " " + word
		}
		return err
	}, "SELECT word, record_id "+from+"LIMIT 2 OFFSET $"+strconv.Itoa(len(args)), args...)
	if n < 2 {
		cursor = ""
	}
	return cursor, err
}

const recordList = "SELECT r.id, r.object, r.name, r.fields, r.salesforce_id, r.origin, r.deleted, r.version, r.created_at, r.updated_at"

func (t *tx) records(query string, args ...any) ([]*switchboard.Record, error) {
	var list []*switchboard.Record
	err := t.each(func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		list = append(list, r)
		return err
	}, query, args...)
	return list, err
}

// recordsByID reads records in the order of ids; missing ones are left out.
func (t *tx) recordsByID(org string, ids []string) ([]*switchboard.Record, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := t.records(recordList+" FROM record r WHERE r.org_id = $1 AND "+t.in("r.id", "$2"), org, t.list(ids))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b *switchboard.Record) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return found, nil
}

// recentWindow bounds the newest messages and records that RecentRecords looks at.
const recentWindow = 300

// RecentRecords returns the object's records that something happened to last,
// a text that was placed on one or its creation: at most limit, the latest
// first, of what the newest messages and records tell.
func (db *DB) RecentRecords(ctx context.Context, org string, object switchboard.Object, limit int) ([]*switchboard.Record, error) {
	var list []*switchboard.Record
	err := db.inRead(ctx, func(t *tx) error {
		// Ids begin with the time, a message's as well as a record's.
		latest := map[string]string{}
		note := func(rows *sql.Rows) error {
			var at, id string
			err := rows.Scan(&at, &id)
			latest[id] = max(latest[id], at)
			return err
		}
		err := t.each(note, "SELECT m.id, m.record_id FROM (SELECT id, record_id FROM message WHERE org_id = $1 ORDER BY id DESC LIMIT $2) m WHERE m.record_id IS NOT NULL", org, recentWindow)
		if err != nil {
			return err
		}
		if err := t.each(note, "SELECT id, id FROM record WHERE org_id = $1 ORDER BY id DESC LIMIT $2", org, recentWindow); err != nil {
			return err
		}
		var ids []string
		err = t.each(func(rows *sql.Rows) error {
			var id, of string
			var deleted bool
			err := rows.Scan(&id, &of, &deleted)
			if of == string(object) && !deleted {
				ids = append(ids, id)
			}
			return err
		}, "SELECT id, object, deleted FROM record WHERE org_id = $1 AND "+t.in("id", "$2"), org, t.list(slices.Collect(maps.Keys(latest))))
		if err != nil {
			return err
		}
		slices.SortFunc(ids, func(a, b string) int { return strings.Compare(latest[b], latest[a]) })
		list, err = t.recordsByID(org, ids[:min(limit, len(ids))])
		return err
	})
	return list, err
}

// RecordsByID returns records, deleted or not, in the order of ids; those that
// do not exist are left out.
func (db *DB) RecordsByID(ctx context.Context, org string, ids []string) ([]*switchboard.Record, error) {
	var list []*switchboard.Record
	err := db.inRead(ctx, func(t *tx) (err error) {
		list, err = t.recordsByID(org, ids)
		return err
	})
	return list, err
}
