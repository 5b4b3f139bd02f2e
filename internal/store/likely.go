package store

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// Duplicate is a record that a new one would likely repeat, and by what.
type Duplicate struct {
	Record                          *switchboard.Record
	SameName, SameNumber, SameEmail bool
}

// likelyMost bounds the answer of Likely, likelyLook the records that it takes
// for each of name and number, and mailedLook those whose e-mail address it
// compares.
const (
	likelyMost = 5
	likelyLook = 20
	mailedLook = 200
)

// Likely returns the records, at most five, that have the name, a number or the
// e-mail address of the fields of a new one: first those with most in common.
func (db *DB) Likely(ctx context.Context, org string, fields switchboard.Fields) ([]Duplicate, error) {
	var list []Duplicate
	err := db.inRead(ctx, func(t *tx) error {
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		found := map[string]*Duplicate{}
		note := func(ids []string, mark func(*Duplicate)) {
			for _, id := range ids {
				if found[id] == nil {
					found[id] = &Duplicate{}
				}
				mark(found[id])
			}
		}
		named, err := t.recordsNamed(org, fields)
		if err != nil {
			return err
		}
		note(named, func(d *Duplicate) { d.SameName = true })
		numbered, err := t.recordsNumbered(org, fields, snap.settings)
		if err != nil {
			return err
		}
		note(numbered, func(d *Duplicate) { d.SameNumber = true })
		mailed, err := t.recordsMailed(org, fields.Text("Email"))
		if err != nil {
			return err
		}
		note(mailed, func(d *Duplicate) { d.SameEmail = true })

		ids := make([]string, 0, len(found))
		for id := range found {
			ids = append(ids, id)
		}
		slices.SortFunc(ids, func(a, b string) int {
			if c := found[b].weight() - found[a].weight(); c != 0 {
				return c
			}
			return strings.Compare(a, b)
		})
		records, err := t.recordsByID(org, ids[:min(likelyMost, len(ids))])
		for _, r := range records {
			d := *found[r.ID]
			d.Record = r
			list = append(list, d)
		}
		return err
	})
	return list, err
}

func (d *Duplicate) weight() int {
	n := 0
	for _, same := range []bool{d.SameName, d.SameNumber, d.SameEmail} {
		if same {
			n++
		}
	}
	return n
}

func (t *tx) recordIDs(query string, args ...any) ([]string, error) {
	var ids []string
	err := t.each(func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	}, query, args...)
	return ids, err
}

// recordsNamed finds the records with the very name, of whatever object.
func (t *tx) recordsNamed(org string, fields switchboard.Fields) ([]string, error) {
	var all []string
	for _, o := range switchboard.Objects() {
		// One last name alone names half a family.
		name := nameKey(switchboard.RecordName(o, fields))
		if name == "" || o != switchboard.Account && strings.TrimSpace(fields.Text("FirstName")) == "" {
			continue
		}
		ids, err := t.recordIDs("SELECT id FROM record WHERE org_id = $1 AND object = $2 AND deleted = FALSE AND name_key = $3 ORDER BY id LIMIT $4", org, string(o), name, likelyLook)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
	}
	return all, nil
}

func (t *tx) recordsNumbered(org string, fields switchboard.Fields, s switchboard.Settings) ([]string, error) {
	keys := map[string]bool{}
	for _, o := range switchboard.Objects() {
		numbers, _ := switchboard.RecordNumbers(o, fields, s.PhoneFields, s.Region)
		for _, n := range numbers {
			keys[string(n.Key)] = true
		}
	}
	var all []string
	for k := range keys {
		ids, err := t.recordIDs("SELECT DISTINCT record_id FROM record_number WHERE org_id = $1 AND match_key = $2 ORDER BY record_id LIMIT $3", org, k, likelyLook)
		if err != nil {
			return nil, err
		}
		all = append(all, ids...)
	}
	return all, nil
}

// recordsMailed finds the records whose e-mail address is this one, by its words.
func (t *tx) recordsMailed(org, address string) ([]string, error) {
	address = strings.TrimSpace(address)
	words, _ := mailWords(address)
	if len(words) < 2 { // no address yet
		return nil, nil
	}
	terms := make([]searchTerm, len(words))
	for i, w := range words {
		terms[i].beginnings = []string{w}
	}
	terms, err := t.rarestFirst(org, terms)
	if err != nil {
		return nil, err
	}
	candidates, err := t.recordIDs("SELECT record_id FROM record_word WHERE org_id = $1 AND word = $2 LIMIT $3", org, terms[0].beginnings[0], mailedLook)
	if err != nil {
		return nil, err
	}
	records, err := t.recordsByID(org, candidates)
	var ids []string
	for _, r := range records {
		if !r.Deleted && strings.EqualFold(strings.TrimSpace(r.Fields.Text("Email")), address) {
			ids = append(ids, r.ID)
		}
	}
	return ids, err
}
