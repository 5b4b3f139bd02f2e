package sforg

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A soql is a parsed query; names are as written.
type soql struct {
	text    string
	selects []selection
	count   bool // SELECT COUNT()
	from    string
	alias   string
	where   node
	groupBy []string
	order   []ordering
	limit   int // -1: none
	offset  int
}

// selection is one item behind SELECT.
type selection struct {
	path  string
	fn    string // COUNT, MAX … in capitals; FIELDS
	alias string
	sub   *soql // of (SELECT …)
	at    int   // in the text
}

type ordering struct {
	path       string
	descending bool
	nullsLast  bool
}

// node is a condition: one of *junction, *negation, *comparison.
type node interface{}

type junction struct {
	or   bool
	list []node
}

type negation struct{ of node }

type comparison struct {
	path   string
	op     string // = != < <= > >= LIKE IN NOT IN
	values []literal
	sub    *soql // of IN (SELECT …)
	at     int
}

type literalKind int

const (
	litString literalKind = iota
	litNumber
	litDate
	litDateTime
	litBool
	litNull
	litRelative // TODAY, LAST_N_DAYS:3
)

type literal struct {
	kind literalKind
	text string
}

type token struct {
	kind byte // 'w' word, 's' string, 'n' number or date, 'o' operator, 0 end
	text string
	at   int
}

const (
	maxQuery = 100_000 // characters; as Salesforce has it
	maxDepth = 50      // of parentheses
)

// parser reads a query. Its methods panic with *Error, which parseSOQL catches.
type parser struct {
	text   string
	tokens []token
	depth  int
}

func parseSOQL(text string) (q *soql, err *Error) {
	if utf8.RuneCountInString(text) > maxQuery {
		return nil, errorPlain("MALFORMED_QUERY", "SOQL statements cannot be longer than 100,000 characters")
	}
	defer func() {
		switch e := recover().(type) {
		case nil:
		case *Error:
			q, err = nil, e
		default:
			panic(e)
		}
	}()
	p := &parser{text: text}
	p.tokens = p.lex()
	q = p.query()
	if t := p.peek(); t.kind != 0 {
		p.unexpected(t)
	}
	return q, nil
}

// errorPlain makes an error without a member "fields", as query errors are.
func errorPlain(code, message string) *Error { return &Error{Code: code, Message: message} }

func (p *parser) fail(format string, args ...any) {
	panic(errorPlain("MALFORMED_QUERY", fmt.Sprintf(format, args...)))
}

func (p *parser) unexpected(t token) {
	if t.kind == 0 {
		p.fail("unexpected token: '<EOF>'")
	}
	p.fail("%sunexpected token: '%s'", p.where(t.at), t.text)
}

// where shows a place of the query as Salesforce does, in front of a message.
func (p *parser) where(at int) string {
	return pointAt(p.text, at)
}

func pointAt(text string, at int) string {
	line := strings.NewReplacer("\n", " ", "\r", " ", "\t", " ").Replace(text)
	start, end := max(0, at-40), min(len(line), at+40)
	for start > 0 && !utf8.RuneStart(line[start]) {
		start--
	}
	for end < len(line) && !utf8.RuneStart(line[end]) {
		end++
	}
	return fmt.Sprintf("\n%s\n%s^\nERROR at Row:1:Column:%d\n", line[start:end], strings.Repeat(" ", at-start), at+1)
}

func (p *parser) lex() []token {
	var tokens []token
	s := p.text
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '\'':
			var b strings.Builder
			start := i
			i++
			for {
				if i >= len(s) {
					p.fail("%sunterminated string literal", p.where(start))
				}
				if s[i] == '\'' {
					i++
					break
				}
				if s[i] != '\\' {
					b.WriteByte(s[i])
					i++
					continue
				}
				if i+1 >= len(s) {
					p.fail("%sunterminated string literal", p.where(start))
				}
				i += p.unescape(&b, i+1) + 1
			}
			tokens = append(tokens, token{'s', b.String(), start})
		case c >= '0' && c <= '9' || (c == '-' || c == '+') && i+1 < len(s) && s[i+1] >= '0' && s[i+1] <= '9':
			start := i
			i++
			for i < len(s) && strings.IndexByte("0123456789.:+-TZtzeE", s[i]) >= 0 {
				i++
			}
			tokens = append(tokens, token{'n', s[start:i], start})
		case c == '_' || unicode.IsLetter(rune(c)) && c < 0x80:
			start := i
			for i < len(s) && (s[i] == '_' || s[i] == '.' || s[i] == ':' || s[i] >= '0' && s[i] <= '9' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'z') {
				i++
			}
			tokens = append(tokens, token{'w', s[start:i], start})
		default:
			op := string(c)
			if i+1 < len(s) {
				switch two := s[i : i+2]; two {
				case "!=", "<=", ">=", "<>":
					op = two
				}
			}
			if !strings.Contains("= != <> < <= > >= ( ) ,", op) {
				r, _ := utf8.DecodeRuneInString(s[i:])
				p.fail("%sunexpected token: '%s'", p.where(i), string(r))
			}
			tokens = append(tokens, token{'o', op, i})
			i += len(op)
		}
	}
	return append(tokens, token{at: len(s)})
}

// unescape writes what the escape at s[i], behind a backslash, stands for, and
// returns its length. \_ and \% stay as they are: LIKE reads them.
func (p *parser) unescape(b *strings.Builder, i int) int {
	switch c := p.text[i]; c {
	case '\'', '"', '\\':
		if c == '\\' {
			b.WriteByte('\\') // doubled, so that LIKE can tell it from an escape
		}
		b.WriteByte(c)
	case 'n', 'N':
		b.WriteByte('\n')
	case 'r', 'R':
		b.WriteByte('\r')
	case 't', 'T':
		b.WriteByte('\t')
	case 'b', 'B':
		b.WriteByte('\b')
	case 'f', 'F':
		b.WriteByte('\f')
	case '_', '%':
		b.WriteByte('\\')
		b.WriteByte(c)
	case 'u':
		if i+5 <= len(p.text) {
			if n, err := strconv.ParseUint(p.text[i+1:i+5], 16, 32); err == nil {
				b.WriteRune(rune(n))
				return 5
			}
		}
		p.fail("%sinvalid unicode escape", p.where(i))
	default:
		p.fail("%sInvalid string literal '\\%c'. Illegal character sequence '\\%c' in string literal", p.where(i), c, c)
	}
	return 1
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

// word takes the next token if it is this keyword.
func (p *parser) word(keyword string) bool {
	if t := p.peek(); t.kind == 'w' && strings.EqualFold(t.text, keyword) {
		p.next()
		return true
	}
	return false
}

func (p *parser) op(text string) bool {
	if t := p.peek(); t.kind == 'o' && t.text == text {
		p.next()
		return true
	}
	return false
}

func (p *parser) mustWord(keyword string) {
	if !p.word(keyword) {
		p.unexpected(p.peek())
	}
}

func (p *parser) mustOp(text string) {
	if !p.op(text) {
		p.unexpected(p.peek())
	}
}

func (p *parser) name() token {
	t := p.next()
	if t.kind != 'w' {
		p.unexpected(t)
	}
	return t
}

func (p *parser) query() *soql {
	q := &soql{text: p.text, limit: -1}
	p.mustWord("SELECT")
	for {
		q.selects = append(q.selects, p.selection(q))
		if !p.op(",") {
			break
		}
	}
	p.mustWord("FROM")
	q.from = p.name().text
	p.word("AS")
	if t := p.peek(); t.kind == 'w' && !isKeyword(t.text) {
		q.alias = p.next().text
	}
	if p.word("USING") {
		p.mustWord("SCOPE")
		p.name()
	}
	if p.word("WHERE") {
		q.where = p.condition()
	}
	if p.word("WITH") {
		p.name() // SECURITY_ENFORCED, USER_MODE: what a caller sees is enforced anyway
	}
	if p.word("GROUP") {
		p.mustWord("BY")
		for {
			q.groupBy = append(q.groupBy, p.name().text)
			if !p.op(",") {
				break
			}
		}
	}
	if p.word("ORDER") {
		p.mustWord("BY")
		for {
			q.order = append(q.order, p.ordering())
			if !p.op(",") {
				break
			}
		}
	}
	if p.word("LIMIT") {
		q.limit = p.count()
	}
	if p.word("OFFSET") {
		q.offset = p.count()
		if q.offset > 2000 {
			panic(errorPlain("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000"))
		}
	}
	if p.word("FOR") {
		p.name() // VIEW, REFERENCE
	}
	if p.word("ALL") {
		p.mustWord("ROWS")
	}
	return q
}

func isKeyword(s string) bool {
	switch strings.ToUpper(s) {
	case "WHERE", "ORDER", "LIMIT", "OFFSET", "GROUP", "WITH", "USING", "FOR", "ALL", "HAVING":
		return true
	}
	return false
}

func (p *parser) count() int {
	t := p.next()
	n, err := strconv.Atoi(t.text)
	if t.kind != 'n' || err != nil || n < 0 {
		p.unexpected(t)
	}
	return n
}

func (p *parser) ordering() ordering {
	o := ordering{path: p.name().text}
	if p.word("DESC") {
		o.descending = true
	} else {
		p.word("ASC")
	}
	if p.word("NULLS") {
		if p.word("LAST") {
			o.nullsLast = true
		} else {
			p.mustWord("FIRST")
		}
	}
	return o
}

func (p *parser) selection(q *soql) selection {
	if t := p.peek(); t.kind == 'o' && t.text == "(" {
		p.next()
		if p.depth++; p.depth > maxDepth {
			p.fail("the query is nested too deeply")
		}
		s := selection{sub: p.query(), at: t.at}
		p.depth--
		p.mustOp(")")
		return s
	}
	t := p.name()
	s := selection{path: t.text, at: t.at}
	if p.op("(") {
		s.fn, s.path = strings.ToUpper(t.text), ""
		if !p.op(")") {
			s.path = p.name().text
			p.mustOp(")")
		}
		switch s.fn {
		case "COUNT":
			q.count = q.count || s.path == ""
		case "COUNT_DISTINCT", "MAX", "MIN", "SUM", "AVG", "FIELDS":
			if s.path == "" {
				p.unexpected(token{'o', ")", t.at})
			}
		default:
			p.unexpected(t)
		}
	}
	if n := p.peek(); n.kind == 'w' && !strings.EqualFold(n.text, "FROM") {
		s.alias = p.next().text
	}
	return s
}

// condition reads a WHERE. AND and OR do not mix without parentheses, as in
// Salesforce.
func (p *parser) condition() node {
	if p.depth++; p.depth > maxDepth {
		p.fail("the query is nested too deeply")
	}
	defer func() { p.depth-- }()
	first := p.term()
	j := &junction{list: []node{first}}
	for {
		t := p.peek()
		and, or := p.word("AND"), false
		if !and {
			or = p.word("OR")
		}
		if !and && !or {
			break
		}
		if len(j.list) > 1 && j.or != or {
			p.unexpected(t)
		}
		j.or = or
		j.list = append(j.list, p.term())
	}
	if len(j.list) == 1 {
		return first
	}
	return j
}

func (p *parser) term() node {
	if p.word("NOT") {
		if p.depth++; p.depth > maxDepth {
			p.fail("the query is nested too deeply")
		}
		defer func() { p.depth-- }()
		return &negation{p.term()}
	}
	if p.op("(") {
		n := p.condition()
		p.mustOp(")")
		return n
	}
	name := p.name()
	c := &comparison{path: name.text, at: name.at}
	t := p.next()
	switch {
	case t.kind == 'o' && strings.Contains("= != < <= > >=", t.text):
		c.op = t.text
	case t.kind == 'o' && t.text == "<>":
		c.op = "!="
	case t.kind == 'w' && strings.EqualFold(t.text, "LIKE"):
		c.op = "LIKE"
	case t.kind == 'w' && strings.EqualFold(t.text, "IN"):
		c.op = "IN"
	case t.kind == 'w' && strings.EqualFold(t.text, "NOT"):
		p.mustWord("IN")
		c.op = "NOT IN"
	default:
		p.unexpected(t)
	}
	if c.op != "IN" && c.op != "NOT IN" {
		c.values = []literal{p.literal()}
		return c
	}
	p.mustOp("(")
	if t := p.peek(); t.kind == 'w' && strings.EqualFold(t.text, "SELECT") {
		if p.depth++; p.depth > maxDepth {
			p.fail("the query is nested too deeply")
		}
		c.sub = p.query()
		p.depth--
		p.mustOp(")")
		return c
	}
	for {
		c.values = append(c.values, p.literal())
		if !p.op(",") {
			break
		}
	}
	p.mustOp(")")
	return c
}

func (p *parser) literal() literal {
	t := p.next()
	switch t.kind {
	case 's':
		return literal{litString, t.text}
	case 'n':
		switch {
		case strings.ContainsAny(t.text, "T:"):
			if _, err := parseTime(t.text); err != nil {
				p.unexpected(t)
			}
			return literal{litDateTime, t.text}
		case strings.Count(t.text, "-") == 2 && t.text[0] != '-':
			if _, err := parseTime(t.text); err != nil {
				p.unexpected(t)
			}
			return literal{litDate, t.text}
		}
		if _, err := strconv.ParseFloat(t.text, 64); err != nil {
			p.unexpected(t)
		}
		return literal{litNumber, t.text}
	case 'w':
		switch up := strings.ToUpper(t.text); {
		case up == "TRUE" || up == "FALSE":
			return literal{litBool, strings.ToLower(up)}
		case up == "NULL":
			return literal{kind: litNull}
		default:
			if _, _, ok := relative(up, time.Time{}); ok {
				return literal{litRelative, up}
			}
		}
	}
	p.unexpected(t)
	return literal{}
}
