package store

import (
	"cmp"
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
	// word of the record's name, company, title or e-mail address, or, if it is
	// digits, to begin or end one of its numbers.
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
		if err != nil || len(list) > 0 {
			return list, next, err
		}
		// It may be the last page of those that match, or one of those found by words.
		whole.Page = Page{Limit: 1}
		if list, _, err = t.newestRecords(org, whole, nil); err != nil || len(list) > 0 {
			return nil, "", err
		}
	}
	terms, err := t.rarestFirst(org, searchTerms(f.Q, snap.settings.Region))
	if err != nil || len(terms) == 0 {
		return nil, "", err
	}
	if f.Order == BestFirst && f.Phone == "" {
		return t.searchRecords(org, f, terms)
	}
	return t.newestRecords(org, f, terms)
}

// searchTerm is a word of a search. A record has it if one of its words begins
// with one of beginnings, none of which begins with another.
type searchTerm struct {
	beginnings []string
	// atLeast is as how frequent it counts where the indexes do not find all
	// records that have it.
	atLeast int
}

// numberEnd is how many digits may at least be the end of a number.
const numberEnd = 4

// searchTerms splits a search into words. Groups of digits that follow each
// other are one number: (512) 555-0177.
func searchTerms(q, region string) []searchTerm {
	ends := map[string]bool{} // of e-mail addresses and domains
	for _, part := range strings.Fields(q) {
		if dot := strings.LastIndexByte(part, '.'); dot >= 0 && (strings.Contains(part, "@") || len(part)-dot <= len(".com")) {
			for _, w := range searchWords(part[dot:]) {
				ends[w] = true
			}
		}
	}
	var words []string
	digits := false
	for _, w := range searchWords(q) {
		number := isNumber(w)
		if number && digits {
			words[len(words)-1] += w
		} else {
			words = append(words, w)
		}
		digits = number
	}
	slices.Sort(words)
	var terms []searchTerm
	for _, w := range slices.Compact(words) {
		if isNumber(w) {
			terms = append(terms, searchTerm{numberBeginnings(w, region), countLimit - 1})
		} else if ends[w] {
			terms = append(terms, searchTerm{[]string{w}, countLimit + 1})
		} else {
			terms = append(terms, searchTerm{[]string{w}, 0})
		}
	}
	return terms
}

// numberBeginnings returns what begins a word, a number, or a number backwards,
// that is told by the digits. A leading zero is dialled and no part of a number.
func numberBeginnings(digits, region string) []string {
	beginnings := []string{digits}
	for _, b := range switchboard.NumberBeginnings(digits, region) {
		if !slices.ContainsFunc(beginnings, func(have string) bool { return strings.HasPrefix(b, have) }) {
			beginnings = append(beginnings, b)
		}
	}
	if end := strings.TrimLeft(digits, "0"); len(digits) >= numberEnd && end != "" {
		beginnings = append(beginnings, backwards+reversed(end))
	}
	return beginnings
}

// afterAll sorts after all that begins with the same letters.
const afterAll = "\U0010FFFF"

// wordIndex is an index in which a search finds records.
type wordIndex struct{ table, word, and string }

// indexOf returns the index that has what begins so: numbers stand in
// record_number, all else in record_word.
func (t *tx) indexOf(beginning string) wordIndex {
	if isKey(beginning) {
		return wordIndex{"record_number", "match_key " + t.db.dialect.bytes, " AND field <> 'link'"}
	}
	return wordIndex{"record_word", "word", ""}
}

func isKey(word string) bool { return strings.HasPrefix(word, "+") }

// where returns the condition that an entry begins with the second of three
// parameters: the org, the beginning, and that with afterAll.
func (x wordIndex) where() string {
	return "org_id = ? AND " + x.word + " >= ? AND " + x.word + " < ?" + x.and
}

// rarestFirst puts the term that begins the fewest index entries first.
func (t *tx) rarestFirst(org string, terms []searchTerm) ([]searchTerm, error) {
	if len(terms) < 2 {
		return terms, nil
	}
	counts := make(map[string]int, len(terms))
	for _, term := range terms {
		sum := 0
		for _, b := range term.beginnings {
			x := t.indexOf(b)
			q := newQuery(x.where(), org, b, b+afterAll)
			var n int
			if err := t.one("SELECT COUNT(*) FROM (SELECT record_id FROM "+x.table+" WHERE "+q.where()+" "+q.limit(countLimit)+") w", q.args, &n); err != nil {
				return nil, err
			}
			sum += n
		}
		counts[term.beginnings[0]] = max(min(sum, countLimit), term.atLeast)
	}
	slices.SortStableFunc(terms, func(a, b searchTerm) int { return counts[a.beginnings[0]] - counts[b.beginnings[0]] })
	return terms, nil
}

// narrow adds the filter's conditions on record r, except for the first term.
func (f *RecordFilter) narrow(q *query, terms []searchTerm) {
	q.and("r.deleted = ?", f.Deleted)
	if f.Object != "" {
		q.and("r.object = ?", string(f.Object))
	}
	if f.Phone != "" {
		q.and("EXISTS (SELECT 1 FROM record_number n WHERE n.org_id = r.org_id AND n.record_id = r.id AND n.match_key = ?)", string(f.Phone))
	}
	for _, term := range terms[min(1, len(terms)):] {
		var has []string
		for _, b := range term.beginnings {
			has = append(has, "r.words LIKE "+q.param("% "+b+"%"))
		}
		q.and("(" + strings.Join(has, " OR ") + ")")
	}
}

func (t *tx) newestRecords(org string, f RecordFilter, terms []searchTerm) ([]*switchboard.Record, string, error) {
	q := newQuery("r.org_id = ?", org)
	switch {
	case len(terms) > 0:
		var found []string
		var args []any
		for _, b := range terms[0].beginnings {
			x := t.indexOf(b)
			found, args = append(found, "SELECT record_id FROM "+x.table+" WHERE "+x.where()), append(args, org, b, b+afterAll)
		}
		q.and("r.id IN ("+strings.Join(found, " UNION ALL ")+")", args...)
	case f.Phone != "": // few have it
		q.and("r.id IN (SELECT n.record_id FROM record_number n WHERE n.org_id = ? AND n.match_key = ?)", org, string(f.Phone))
	}
	f.narrow(q, terms)
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

// hit is a record that was found, and the cursor that goes on after it.
type hit struct{ id, cursor string }

// searchRecords walks the indexes of the first term from where the cursor says,
// one beginning after the other.
func (t *tx) searchRecords(org string, f RecordFilter, terms []searchTerm) ([]*switchboard.Record, string, error) {
	_, at := cutCursor(f.Cursor)
	here := max(0, slices.IndexFunc(terms[0].beginnings, func(b string) bool { return strings.HasPrefix(at, b) }))
	var hits []hit
	end := ""
	for i := here; i < len(terms[0].beginnings) && len(hits) <= f.Limit && end == ""; i++ {
		more, windowEnd, err := t.searchStretch(org, f, terms, i, f.Limit+1-len(hits))
		if err != nil {
			return nil, "", err
		}
		hits, end, f.Cursor = append(hits, more...), windowEnd, ""
	}
	hits, next := cutPage(hits, f.Limit, func(h hit) string { return h.cursor })
	ids := make([]string, len(hits))
	for i, h := range hits {
		ids[i] = h.id
	}
	list, err := t.recordsByID(org, ids)
	return list, cmp.Or(next, end), err
}

// searchStretch returns at most n records that have a word with one beginning of
// the first term, and none with an earlier one. Where the part of the index ends
// that it looks at, and there are fewer, it returns the cursor of that place.
func (t *tx) searchStretch(org string, f RecordFilter, terms []searchTerm, beginning, n int) (hits []hit, end string, err error) {
	b := terms[0].beginnings[beginning]
	x := t.indexOf(b)
	window := newQuery(x.where(), org, b, b+afterAll)
	if f.Cursor != "" {
		id, word := cutCursor(f.Cursor)
		window.and("("+x.word+", record_id) > (?, ?)", word, id)
	}
	from := "SELECT " + x.word + " AS word, record_id FROM " + x.table + " WHERE " + window.where() + " ORDER BY word, record_id "
	q := &query{args: slices.Clone(window.args)}
	within := from + q.limit(searchWindow)
	q.and("r.org_id = ? AND r.id = w.record_id", org)
	f.narrow(q, terms)
	// A record with two words that begin so comes once, by the first of them.
	q.and("r.words NOT LIKE ? || w.word || ?", "% "+b+"% ", " "+restOfRow(b))
	for _, earlier := range terms[0].beginnings[:beginning] {
		q.and("r.words NOT LIKE ?", "% "+earlier+restOfRow(earlier))
	}
	err = t.each(func(rows *sql.Rows) error {
		var word, id string
		err := rows.Scan(&word, &id)
		hits = append(hits, hit{id, id + " " + word})
		return err
	}, "SELECT w.word, w.record_id FROM ("+within+") w, record r WHERE "+q.where()+" ORDER BY w.word, w.record_id "+q.limit(n), q.args...)
	if err == nil && len(hits) < n {
		end, err = t.windowEnd(from, window)
	}
	return hits, end, err
}

// restOfRow is the pattern of what follows, in a record's row, the beginning of a
// word that the indexes have.
func restOfRow(beginning string) string {
	if isKey(beginning) {
		return "%"
	}
	return "%" + besideMark + "%"
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
	}, from+"LIMIT 2 OFFSET $"+strconv.Itoa(len(args)), args...)
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
