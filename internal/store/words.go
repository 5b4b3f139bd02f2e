package store

import (
	"slices"
	"strings"
	"unicode"

	"github.com/switchboardhq/switchboard"
)

// maxWord bounds a search word in bytes.
const maxWord = 64

// wordsOf returns the words that a search finds the record by, sorted.
func wordsOf(r *switchboard.Record, numbers []switchboard.RecordNumber) []string {
	var words []string
	for _, s := range [...]string{r.Name, r.Fields.Text("Email"), r.Fields.Text("Company"), r.Fields.Text("Title")} {
		words = append(words, searchWords(s)...)
	}
	for _, n := range numbers {
		words = append(words, numberWords(n.Phone)...)
	}
	slices.Sort(words)
	return slices.Compact(words)
}

// joinedWords is how a record's row holds its words: "% word%" is like it if one
// begins so.
func joinedWords(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return " " + strings.Join(words, " ") + " "
}

func appendWords(args []any, record string, words []string) []any {
	for _, w := range words {
		args = append(args, w, record)
	}
	return args
}

// rewriteWords lets a search find the record by what it is now.
func (t *tx) rewriteWords(org string, r *switchboard.Record, numbers []switchboard.RecordNumber) error {
	var stored string
	if err := t.one("SELECT words FROM record WHERE org_id = $1 AND id = $2", []any{org, r.ID}, &stored); err != nil {
		return err
	}
	words := wordsOf(r, numbers)
	joined := joinedWords(words)
	if joined == stored {
		return nil
	}
	if err := t.exec("UPDATE record SET words = $3 WHERE org_id = $1 AND id = $2", org, r.ID, joined); err != nil {
		return err
	}
	before := strings.Fields(stored)
	for _, w := range without(before, words) {
		if err := t.exec("DELETE FROM record_word WHERE org_id = $1 AND word = $2 AND record_id = $3", org, w, r.ID); err != nil {
			return err
		}
	}
	return t.insert(insertion{into: wordColumns, shared: []any{org}, width: wordWidth, args: appendWords(nil, r.ID, without(words, before))})
}

// searchWords splits text into the lower-case words that an index or a search
// uses.
func searchWords(s string) []string {
	words := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	for i, w := range words {
		if len(w) > maxWord {
			words[i] = strings.ToValidUTF8(w[:maxWord], "")
		}
	}
	return words
}

// numberWords returns the digits by which people look for a number: from its
// national start, and its last four and seven. Whole numbers are found by
// record_number.
func numberWords(p switchboard.Phone) []string {
	digits := strings.TrimPrefix(string(p), "+")
	var words []string
	national := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, p.National())
	if national != "" {
		words = append(words, national)
	}
	for _, n := range [...]int{4, 7} {
		if len(digits) > n {
			words = append(words, digits[len(digits)-n:])
		}
	}
	return words
}
