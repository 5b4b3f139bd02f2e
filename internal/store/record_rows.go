package store

import (
	"cmp"
	"database/sql"
	"sort"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// newRecord returns a record that is about to be added.
func (t *tx) newRecord(object switchboard.Object, fields switchboard.Fields, origin switchboard.Origin) *switchboard.Record {
	return &switchboard.Record{ID: t.newID(), Object: object, Name: switchboard.RecordName(object, fields), Fields: fields,
		Origin: origin, Version: 1, CreatedAt: t.now, UpdatedAt: t.now}
}

// recordRows collects the rows of new records of one origin, with all that finds them.
type recordRows struct {
	origin                            switchboard.Origin
	records, numbers, words, rejected insertion
	fields                            fieldsEncoder
}

const (
	recordWidth   = 7
	numberColumns = "record_number (org_id, match_key, record_id, field, value, position, object, name)"
	numberWidth   = 7
	wordColumns   = "record_word (org_id, word, record_id)"
	wordWidth     = 2
	usualWords    = 8 // of a record
)

// newRecordRows collects the rows of about n records.
func newRecordRows(org string, origin switchboard.Origin, now time.Time, n int) *recordRows {
	return &recordRows{
		origin: origin,
		records: insertion{
			into:   "record (org_id, origin, deleted, version, created_at, updated_at, id, object, name, name_key, fields, salesforce_id, words)",
			shared: []any{org, string(origin), false, 1, micros(now), micros(now)},
			width:  recordWidth,
			args:   make([]any, 0, n*recordWidth),
		},
		numbers:  numberRows(org, n),
		words:    insertion{into: wordColumns, shared: []any{org}, width: wordWidth, args: make([]any, 0, n*wordWidth*usualWords)},
		rejected: rejectedRows(org),
	}
}

// add collects the rows of r, which newRecord has made.
func (w *recordRows) add(r *switchboard.Record, numbers []switchboard.RecordNumber, rejected []switchboard.RejectedNumber) error {
	fields, err := w.fields.encode(r.Fields)
	if err != nil {
		return err
	}
	words := wordsOf(r, numbers)
	salesforce := sql.NullString{String: r.SalesforceID, Valid: r.SalesforceID != ""}
	w.records.args = append(w.records.args, r.ID, string(r.Object), r.Name, nameKey(r.Name), fields, salesforce, words.String())
	w.numbers.args = appendNumbers(w.numbers.args, r.Ref(), numbers)
	w.words.args = appendWords(w.words.args, r.ID, words.indexed)
	w.rejected.args = appendRejected(w.rejected.args, r.ID, rejected)
	return nil
}

// sortWords puts the words' rows in the order of their table, where rows beside
// each other are added sooner.
func (w *recordRows) sortWords() {
	sort.Sort(wordRows(w.words.args))
}

// wordRows are the values of rows of wordColumns.
type wordRows []any

func (r wordRows) Len() int { return len(r) / wordWidth }

func (r wordRows) Less(i, j int) bool {
	i, j = i*wordWidth, j*wordWidth
	return cmp.Or(strings.Compare(r[i].(string), r[j].(string)), strings.Compare(r[i+1].(string), r[j+1].(string))) < 0
}

func (r wordRows) Swap(i, j int) {
	i, j = i*wordWidth, j*wordWidth
	r[i], r[i+1], r[j], r[j+1] = r[j], r[j+1], r[i], r[i+1]
}

// insertRecords adds what was collected. The senders are locked.
func (t *tx) insertRecords(w *recordRows) error {
	for _, i := range []insertion{w.records, w.numbers, w.words, w.rejected} {
		if err := t.insert(i); err != nil {
			return err
		}
	}
	return nil
}

func numberRows(org string, n int) insertion {
	return insertion{into: numberColumns, tail: "ON CONFLICT DO NOTHING", shared: []any{org}, width: numberWidth, args: make([]any, 0, n*numberWidth)}
}

func appendNumbers(args []any, r switchboard.RecordRef, numbers []switchboard.RecordNumber) []any {
	id := any(r.ID) // one for all rows
	for i, n := range numbers {
		args = append(args, string(n.Key), id, n.Field, n.Value, i, string(r.Object), r.Name)
	}
	return args
}

func rejectedRows(org string) insertion {
	return insertion{into: "rejected_number (org_id, record_id, field, value, reason)", shared: []any{org}, width: 4}
}

func appendRejected(args []any, record string, rejected []switchboard.RejectedNumber) []any {
	for _, r := range rejected {
		args = append(args, record, r.Field, r.Value, r.Reason)
	}
	return args
}
