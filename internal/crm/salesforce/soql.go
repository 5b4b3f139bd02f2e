package salesforce

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Query is a SOQL query that is made of parts. Names are checked and values
// quoted when it is written out, so that neither can become anything else.
type Query struct {
	fields []string
	count  bool
	from   string
	where  []Cond
	order  []string
	limit  int
}

// Cond is a condition of a query.
type Cond struct {
	write func(*soqlWriter)
}

// Select begins a query for fields of an object.
func Select(from string, fields ...string) *Query { return &Query{from: from, fields: fields} }

// Count begins a query that only counts: the answer's totalSize is the number,
// and there are no rows.
func Count(from string) *Query { return &Query{from: from, count: true} }

// Where adds conditions, all of which have to hold.
func (q *Query) Where(conds ...Cond) *Query {
	q.where = append(q.where, conds...)
	return q
}

// OrderBy sorts by fields, ascending.
func (q *Query) OrderBy(fields ...string) *Query {
	q.order = append(q.order, fields...)
	return q
}

// Limit bounds the number of rows; 0 does not.
func (q *Query) Limit(n int) *Query {
	q.limit = n
	return q
}

// Eq holds where the field is the value: text, a bool, a whole number, a
// time, or nil for none. Salesforce compares text without regard to case.
func Eq(field string, value any) Cond { return compare(field, "=", value) }

// NotEq holds where the field is not the value.
func NotEq(field string, value any) Cond { return compare(field, "!=", value) }

// Greater holds where the field is beyond the value.
func Greater(field string, value any) Cond { return compare(field, ">", value) }

// AtLeast holds where the field is the value or beyond.
func AtLeast(field string, value any) Cond { return compare(field, ">=", value) }

// Less holds where the field is before the value.
func Less(field string, value any) Cond { return compare(field, "<", value) }

// AtMost holds where the field is the value or before.
func AtMost(field string, value any) Cond { return compare(field, "<=", value) }

func compare(field, operator string, value any) Cond {
	return Cond{func(w *soqlWriter) {
		w.path(field)
		w.WriteString(" " + operator + " ")
		w.value(value)
	}}
}

// In holds where the field is one of the values. Of none it holds nowhere.
func In(field string, values ...string) Cond {
	return Cond{func(w *soqlWriter) {
		if len(values) == 0 {
			// SOQL has no empty list, and no false. Nothing is both of these.
			w.WriteByte('(')
			w.path(field)
			w.WriteString(" = null AND ")
			w.path(field)
			w.WriteString(" != null)")
			return
		}
		w.path(field)
		w.WriteString(" IN (")
		for i, v := range values {
			if i > 0 {
				w.WriteByte(',')
			}
			w.value(v)
		}
		w.WriteByte(')')
	}}
}

// And holds where all of the conditions do.
func And(conds ...Cond) Cond { return join(" AND ", conds) }

// Or holds where one of the conditions does.
func Or(conds ...Cond) Cond { return join(" OR ", conds) }

func join(operator string, conds []Cond) Cond {
	return Cond{func(w *soqlWriter) {
		if len(conds) == 0 {
			w.fail(badValue("query", "A condition is made of nothing"))
			return
		}
		w.WriteByte('(')
		for i, c := range conds {
			if i > 0 {
				w.WriteString(operator)
			}
			c.write(w)
		}
		w.WriteByte(')')
	}}
}

// After holds for what comes behind a row in the order of two fields: later in
// the first, or equal there and greater in the second. It continues a list where
// many rows share one stamp, as after every bulk update.
func After(first string, stamp time.Time, second, id string) Cond {
	return Or(Greater(first, stamp), And(Eq(first, stamp), Greater(second, id)))
}

// String writes the query out. It fails with [CodeBadName] for what is no name,
// and with [CodeBadValue] for a value that SOQL has no form for.
func (q *Query) String() (string, error) {
	w := &soqlWriter{}
	w.WriteString("SELECT ")
	switch {
	case q.count:
		w.WriteString("COUNT()")
	case len(q.fields) == 0:
		w.fail(badValue("query", "A query asks for no field"))
	}
	for i, f := range q.fields {
		if i > 0 {
			w.WriteByte(',')
		}
		w.path(f)
	}
	w.WriteString(" FROM ")
	w.name(q.from)
	for i, c := range q.where {
		if i == 0 {
			w.WriteString(" WHERE ")
		} else {
			w.WriteString(" AND ")
		}
		c.write(w)
	}
	for i, f := range q.order {
		if i == 0 {
			w.WriteString(" ORDER BY ")
		} else {
			w.WriteByte(',')
		}
		w.path(f)
	}
	if q.limit > 0 {
		w.WriteString(" LIMIT " + strconv.Itoa(q.limit))
	}
	if w.err != nil {
		return "", w.err
	}
	return w.Builder.String(), nil
}

// soqlWriter keeps the first thing that was wrong.
type soqlWriter struct {
	strings.Builder
	err error
}

func (w *soqlWriter) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *soqlWriter) name(s string) {
	if !validName(s) {
		w.fail(badName("query", s))
		return
	}
	w.WriteString(s)
}

func (w *soqlWriter) path(s string) {
	if !validPath(s) {
		w.fail(badName("query", s))
		return
	}
	w.WriteString(s)
}

func (w *soqlWriter) value(v any) {
	switch v := v.(type) {
	case nil:
		w.WriteString("null")
	case string:
		w.WriteString(Quote(v))
	case bool:
		w.WriteString(strconv.FormatBool(v))
	case int:
		w.WriteString(strconv.Itoa(v))
	case int64:
		w.WriteString(strconv.FormatInt(v, 10))
	case time.Time:
		if y := v.UTC().Year(); y < 1700 || y > 4000 {
			w.fail(badValue("query", "A time is outside of what Salesforce knows"))
			return
		}
		w.WriteString(FormatTime(v))
	default:
		w.fail(badValue("query", fmt.Sprintf("A query cannot hold a %T", v)))
	}
}

// Quote returns s as a SOQL string. A quote and a backslash get a backslash,
// and so do the control characters that SOQL has a form for; what it has none
// for becomes U+FFFD, which no field holds.
func Quote(s string) string {
	var b strings.Builder
	b.Grow(len(s) + 2)
	b.WriteByte('\'')
	for _, r := range s {
		switch r {
		case '\'':
			b.WriteString(`\'`)
		case '"':
			b.WriteString(`\"`)
		case '\\':
			b.WriteString(`\\`)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		default:
			if r < 0x20 || r == 0x7f {
				r = utf8.RuneError
			}
			b.WriteRune(r)
		}
	}
	b.WriteByte('\'')
	return b.String()
}
