package sforg

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
)

var (
	sosl      = regexp.MustCompile(`(?is)^\s*FIND\s*\{((?:[^}\\]|\\.)*)\}\s*(?:IN\s+(ALL|NAME|EMAIL|PHONE|SIDEBAR)\s+FIELDS\s*)?(?:RETURNING\s+(.*))?$`)
	returning = regexp.MustCompile(`(?is)^\s*([A-Za-z0-9_]+)\s*(?:\(([^()]*)\))?\s*(?:,|$)`)
)

// search answers the part of SOSL that looks for one phrase: all its words, in
// any field of the kind. Phones are searched by the tokens that punctuation
// leaves of them, so that +14155551212 does not find (415) 555-1212.
func (q *request) search() {
	text := q.r.URL.Query().Get("q")
	m := sosl.FindStringSubmatch(text)
	if m == nil || len(text) > maxQuery {
		q.fail(errorPlain("MALFORMED_SEARCH", "No search term found. The search term must be enclosed in braces."))
		return
	}
	words := searchTokens(strings.NewReplacer(`\`, "").Replace(m[1]))
	if len(words) == 0 {
		q.fail(errorPlain("MALFORMED_SEARCH", "search term must be longer than one character"))
		return
	}
	q.lock()
	defer q.unlock()
	list := []json.RawMessage{}
	rest := m[3]
	if rest == "" {
		rest = "Account, Contact, Lead"
	}
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		r := returning.FindStringSubmatch(rest)
		if r == nil {
			q.fail(errorPlain("MALFORMED_SEARCH", "unexpected token: "+cut(rest, 40)))
			return
		}
		rest = rest[len(r[0]):]
		fields := strings.TrimSpace(r[2])
		clause := ""
		if i := regexp.MustCompile(`(?i)(^|\s)(WHERE|ORDER BY|LIMIT)\s`).FindStringIndex(fields); i != nil {
			fields, clause = fields[:i[0]], fields[i[0]:]
		}
		if strings.TrimSpace(fields) == "" {
			fields = "Id"
		}
		s, err := parseSOQL("SELECT " + fields + " FROM " + r[1] + " " + clause)
		if err != nil {
			q.fail(err)
			return
		}
		p, err := q.o.bind(s, q.who.user, false)
		if err != nil {
			q.fail(err)
			return
		}
		filter := p.filter
		p.filter = func(row *row) bool {
			return filter(row) && found(p.ob, row, strings.ToUpper(m[2]), words)
		}
		sh := p.shape()
		for _, row := range p.run() {
			if len(list) < 2000 {
				list = append(list, sh.append(nil, q.o, p.ob, row, q.version))
			}
		}
	}
	q.reply(http.StatusOK, map[string]any{"searchRecords": list})
}

func searchTokens(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(c rune) bool {
		return c != '*' && c != '?' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && c < 0x80
	})
}

// found reports whether every word is a token of one of the row's fields.
func found(ob *object, r *row, kind string, words []string) bool {
	var tokens []string
	for _, f := range ob.fields[systemFields:] {
		switch kind {
		case "PHONE":
			if f.Type != TypePhone {
				continue
			}
		case "EMAIL":
			if f.Type != TypeEmail {
				continue
			}
		case "NAME":
			if f.Name != "Name" && f.Compound != "Name" {
				continue
			}
		}
		if s, ok := r.get(ob, f).(string); ok && f.Type != TypeReference {
			tokens = append(tokens, searchTokens(s)...)
			if f.Type == TypePhone { // the whole, without punctuation, is a token too
				tokens = append(tokens, strings.Join(searchTokens(s), ""))
			}
		}
	}
	for _, w := range words {
		pattern := strings.NewReplacer("*", "%", "?", "_").Replace(w)
		ok := false
		for _, t := range tokens {
			ok = ok || like(t, pattern)
		}
		if !ok {
			return false
		}
	}
	return true
}
