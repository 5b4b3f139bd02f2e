package store

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/switchboardhq/switchboard"
)

// maxWord bounds a search word in bytes.
const maxWord = 64

// indexWords stores the words that a search finds the record by.
func (t *tx) indexWords(org string, r *switchboard.Record, numbers []switchboard.RecordNumber) error {
	return t.insert("record_word", wordInsert, "ON CONFLICT DO NOTHING", wordWidth, appendWords(nil, org, r, numbers))
}

func appendWords(args []any, org string, r *switchboard.Record, numbers []switchboard.RecordNumber) []any {
	words := map[string]bool{}
	for _, s := range []string{r.Name, r.Fields.Text("Email"), r.Fields.Text("Company"), r.Fields.Text("Title")} {
		for _, w := range searchWords(s) {
			words[w] = true
		}
	}
	for _, n := range numbers {
		for _, w := range numberWords(n.Phone) {
			words[w] = true
		}
	}
	for _, w := range slices.Sorted(maps.Keys(words)) {
		args = append(args, org, w, r.ID)
	}
	return args
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
