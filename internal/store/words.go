package store

import (
	"slices"
	"strings"
	"unicode"

	"github.com/switchboardhq/switchboard"
)

// maxWord bounds a search word in bytes.
const maxWord = 64

// recordWords are the words that a search finds a record by.
type recordWords struct {
	indexed []string // stand in record_word
	beside  []string // tell whether the record has all words of a search, once one has found it
}

// backwards begins a number's word that holds its digits from the last to the
// first: numbers are known by how they end. How they begin is in record_number.
const backwards = "-"

// wordsOf returns the words of the record, each part sorted.
func wordsOf(r *switchboard.Record, numbers []switchboard.RecordNumber) recordWords {
	indexed, beside := mailWords(r.Fields.Text("Email"))
	for _, s := range [...]string{r.Name, r.Fields.Text("Company"), r.Fields.Text("Title")} {
		indexed = append(indexed, searchWords(s)...)
	}
	for _, n := range numbers {
		indexed = append(indexed, backwards+reversed(onlyDigits(string(n.Key))))
		beside = append(append(beside, string(n.Key)), numberWords(n.Phone)...)
	}
	slices.Sort(indexed)
	slices.Sort(beside)
	return recordWords{slices.Compact(indexed), slices.Compact(beside)}
}

// mailWords returns the words of an e-mail address. Its end, such as com, is too
// common to find anything by.
func mailWords(address string) (indexed, beside []string) {
	if at, dot := strings.LastIndexByte(address, '@'), strings.LastIndexByte(address, '.'); at >= 0 && dot > at && !isNumber(address[dot+1:]) {
		return searchWords(address[:dot]), searchWords(address[dot:])
	}
	return searchWords(address), nil
}

// besideMark stands in a record's row between the two parts of its words. No word
// has it.
const besideMark = "|"

// String is how the record's row holds the words: "% word%" is like it if one
// begins so.
func (w recordWords) String() string {
	if len(w.indexed)+len(w.beside) == 0 {
		return ""
	}
	return " " + strings.Join(slices.Concat(w.indexed, []string{besideMark}, w.beside), " ") + " "
}

func appendWords(args []any, record string, words []string) []any {
	id := any(record) // one for all rows
	for _, w := range words {
		args = append(args, w, id)
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
	joined := words.String()
	if joined == stored {
		return nil
	}
	if err := t.exec("UPDATE record SET words = $3 WHERE org_id = $1 AND id = $2", org, r.ID, joined); err != nil {
		return err
	}
	indexed, _, _ := strings.Cut(stored, besideMark)
	before := strings.Fields(indexed)
	for _, w := range without(before, words.indexed) {
		if err := t.exec("DELETE FROM record_word WHERE org_id = $1 AND word = $2 AND record_id = $3", org, w, r.ID); err != nil {
			return err
		}
	}
	return t.insert(insertion{into: wordColumns, shared: []any{org}, width: wordWidth, args: appendWords(nil, r.ID, without(words.indexed, before))})
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

// numberWords returns the digits by which people name a number: from its
// national start, and its last four and seven.
func numberWords(p switchboard.Phone) []string {
	digits := strings.TrimPrefix(string(p), "+")
	var words []string
	if national := onlyDigits(p.National()); national != "" {
		words = append(words, national)
	}
	for _, n := range [...]int{4, 7} {
		if len(digits) > n {
			words = append(words, digits[len(digits)-n:])
		}
	}
	return words
}

func isNumber(word string) bool { return word != "" && onlyDigits(word) == word }

// reversed turns digits round.
func reversed(digits string) string {
	b := []byte(digits)
	slices.Reverse(b)
	return string(b)
}
