package web

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// span is a stretch of runes.
type span struct{ from, to int }

// mentioned returns the phrases that stand in text word for word, whatever
// their case, with the places where they stand. Where phrases overlap, the
// longer one counts.
func mentioned(text string, phrases []string) (found []string, at []span) {
	body := lowered(text)
	sorted := slices.Clone(phrases)
	slices.SortStableFunc(sorted, func(a, b string) int { return cmp.Compare(utf8.RuneCountInString(b), utf8.RuneCountInString(a)) })
	for _, phrase := range sorted {
		p := lowered(strings.TrimSpace(phrase))
		if len(p) < 2 {
			continue
		}
		first := len(at)
		for i := 0; i+len(p) <= len(body); i++ {
			s := span{i, i + len(p)}
			if slices.Equal(body[s.from:s.to], p) && wordAt(body, s) && !slices.ContainsFunc(at, func(o span) bool { return s.from < o.to && o.from < s.to }) {
				at = append(at, s)
			}
		}
		if len(at) > first {
			runes := []rune(text)
			found = append(found, string(runes[at[first].from:at[first].to]))
		}
	}
	slices.SortFunc(found, func(a, b string) int { return cmp.Compare(strings.Index(text, a), strings.Index(text, b)) })
	return found, at
}

func lowered(s string) []rune {
	r := []rune(s)
	for i := range r {
		r[i] = unicode.ToLower(r[i])
	}
	return r
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

func wordAt(text []rune, s span) bool {
	letter := func(i int) bool {
		return i >= 0 && i < len(text) && isWord(text[i])
	}
	return !letter(s.from-1) && !letter(s.to)
}

// namePhrases are the ways in which a text may name a record: its whole name,
// the words of it, and its account.
func namePhrases(name, account string) []string {
	phrases := []string{name}
	for word := range strings.FieldsSeq(name) {
		if utf8.RuneCountInString(strings.Trim(word, ".")) >= 3 {
			phrases = append(phrases, word)
		}
	}
	if account != "" {
		phrases = append(phrases, account)
	}
	return phrases
}

// segments cuts text at the spans and marks what is inside them.
func segments(text string, at []span) []Segment {
	if len(at) == 0 {
		return []Segment{{Text: text}}
	}
	at = slices.Clone(at)
	slices.SortFunc(at, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	runes := []rune(text)
	var all []Segment
	done := 0
	for _, s := range at {
		if s.to <= done {
			continue
		}
		from := max(s.from, done)
		if from > done {
			all = append(all, Segment{Text: string(runes[done:from])})
		}
		all = append(all, Segment{Text: string(runes[from:s.to]), Mark: true})
		done = s.to
	}
	if done < len(runes) {
		all = append(all, Segment{Text: string(runes[done:])})
	}
	return all
}
