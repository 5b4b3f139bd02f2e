package sforg

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A column is a path of a query, bound to the org's fields.
type column struct {
	o     *Org
	ob    *object  // that field belongs to
	from  *object  // that the path starts at
	refs  []*Field // to follow first
	names []string // their relationship names as spelt in the org
	field *Field
}

func (c *column) path() string { return strings.Join(append(slices.Clone(c.names), c.field.Name), ".") }

// of returns the column's value for a row.
func (c *column) of(r *row) any {
	if len(c.refs) == 0 {
		return r.get(c.from, c.field)
	}
	ob := c.from
	for _, ref := range c.refs {
		id, _ := r.get(ob, ref).(string)
		if id == "" {
			return nil
		}
		if ob = c.o.objectOf(id); ob == nil {
			return nil
		}
		if r = ob.find(id); r == nil {
			return nil
		}
	}
	f := c.field
	if ob != c.ob { // a reference that points at several kinds
		if f = ob.field(f.Name); f == nil {
			return nil
		}
	}
	return r.get(ob, f)
}

// A plan is a query that has been checked against the org.
type plan struct {
	*soql
	ob      *object
	all     bool // deleted ones too
	columns []*column
	filter  func(*row) bool
	order   []*column
	groups  []*column
	nested  []*nested
}

// bind checks a query as a user, and makes it ready to run.
func (o *Org) bind(q *soql, u *User, all bool) (*plan, *Error) {
	ob := o.object(q.from)
	if ob == nil || !u.seesObject(ob) {
		return nil, errorPlain("INVALID_TYPE", fmt.Sprintf("%ssObject type '%s' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
			pointAt(q.text, max(0, strings.Index(q.text, q.from))), q.from))
	}
	b := &binder{o: o, q: q, ob: ob, u: u}
	p := &plan{soql: q, ob: ob, all: all}
	aggregate := len(q.groupBy) > 0
	for _, s := range q.selects {
		aggregate = aggregate || s.fn != "" && s.fn != "FIELDS"
	}
	for _, s := range q.selects {
		switch {
		case s.sub != nil && aggregate:
			return nil, errorPlain("MALFORMED_QUERY", "a subquery does not go with aggregates")
		case s.sub != nil:
			n, err := b.child(s)
			if err != nil {
				return nil, err
			}
			p.nested = append(p.nested, n)
		case s.fn == "FIELDS" && aggregate:
			return nil, errorPlain("MALFORMED_QUERY", "FIELDS does not go with aggregates")
		case s.fn == "FIELDS":
			if q.limit < 0 || q.limit > 200 {
				return nil, errorPlain("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
			}
			for _, f := range ob.fields {
				custom := strings.EqualFold(s.path, "CUSTOM")
				if u.sees(ob, f) && (strings.EqualFold(s.path, "ALL") || f.Custom() == custom) {
					p.columns = append(p.columns, &column{o: o, ob: ob, from: ob, field: f})
				}
			}
		case s.fn == "COUNT" && s.path == "":
			if len(q.selects) > 1 && !aggregate {
				return nil, errorPlain("MALFORMED_QUERY", "COUNT() must stand alone")
			}
			p.columns = append(p.columns, nil)
		default:
			c, err := b.column(s.path, s.at)
			if err != nil {
				return nil, err
			}
			if aggregate && s.fn == "" && !slices.ContainsFunc(q.groupBy, func(g string) bool { return strings.EqualFold(g, s.path) }) {
				return nil, errorPlain("MALFORMED_QUERY", pointAt(q.text, s.at)+"Field must be grouped or aggregated: "+s.path)
			}
			p.columns = append(p.columns, c)
		}
	}
	for _, g := range q.groupBy {
		c, err := b.column(g, max(0, strings.LastIndex(q.text, g)))
		if err != nil {
			return nil, err
		}
		p.groups = append(p.groups, c)
	}
	for _, ord := range q.order {
		c, err := b.column(ord.path, max(0, strings.LastIndex(q.text, ord.path)))
		if err != nil {
			return nil, err
		}
		if c.field.Type == TypeTextArea && c.field.Length > 255 {
			return nil, errorPlain("MALFORMED_QUERY", fmt.Sprintf("field '%s' can not be sorted in a query call", c.field.Name))
		}
		p.order = append(p.order, c)
	}
	filter, err := b.condition(q.where)
	p.filter = filter
	if !u.seesAll(ob) {
		p.filter = func(r *row) bool { return u.owns(ob, r) && filter(r) }
	}
	return p, err
}

// binder turns names into fields.
type binder struct {
	o  *Org
	q  *soql
	ob *object
	u  *User
}

func (b *binder) column(path string, at int) (*column, *Error) {
	parts := strings.Split(path, ".")
	if len(parts) > 1 && (strings.EqualFold(parts[0], b.q.alias) || strings.EqualFold(parts[0], b.q.from)) {
		parts = parts[1:]
	}
	c := &column{o: b.o, from: b.ob, ob: b.ob}
	if len(parts) > 6 {
		return nil, errorPlain("INVALID_FIELD", "more than five relationships in a path")
	}
	for _, rel := range parts[:len(parts)-1] {
		f := c.ob.byRel[strings.ToLower(rel)]
		if f == nil || !b.u.sees(c.ob, f) {
			return nil, errorPlain("INVALID_FIELD", fmt.Sprintf("%sDidn't understand relationship '%s' in field path. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.",
				pointAt(b.q.text, at), rel))
		}
		target := b.o.object(f.ReferenceTo[0])
		if target == nil || !b.u.seesObject(target) {
			return nil, errorPlain("INVALID_FIELD", fmt.Sprintf("Didn't understand relationship '%s' in field path.", rel))
		}
		c.refs = append(c.refs, f)
		c.names = append(c.names, f.Relationship)
		c.ob = target
	}
	name := parts[len(parts)-1]
	if c.field = c.ob.field(name); c.field == nil || !b.u.sees(c.ob, c.field) {
		return nil, errorPlain("INVALID_FIELD", fmt.Sprintf("%sNo such column '%s' on entity '%s'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.",
			pointAt(b.q.text, at), name, c.ob.Name))
	}
	return c, nil
}

func (b *binder) condition(n node) (func(*row) bool, *Error) {
	switch n := n.(type) {
	case nil:
		return func(*row) bool { return true }, nil
	case *negation:
		f, err := b.condition(n.of)
		if err != nil {
			return nil, err
		}
		return func(r *row) bool { return !f(r) }, nil
	case *junction:
		var list []func(*row) bool
		for _, m := range n.list {
			f, err := b.condition(m)
			if err != nil {
				return nil, err
			}
			list = append(list, f)
		}
		or := n.or
		return func(r *row) bool {
			for _, f := range list {
				if f(r) == or {
					return or
				}
			}
			return !or
		}, nil
	case *comparison:
		return b.comparison(n)
	}
	return nil, errorPlain("MALFORMED_QUERY", "unexpected condition")
}

func (b *binder) comparison(n *comparison) (func(*row) bool, *Error) {
	c, err := b.column(n.path, n.at)
	if err != nil {
		return nil, err
	}
	f := c.field
	if f.Type == TypeTextArea && f.Length > 255 || f.Type == TypeAddress {
		return nil, errorPlain("INVALID_FIELD", fmt.Sprintf("%sfield '%s' can not be filtered in a query call", pointAt(b.q.text, n.at), f.Name))
	}
	if n.sub != nil {
		return b.within(n, c)
	}
	if l := n.values[0]; l.kind == litRelative && len(n.values) == 1 && (f.Type == TypeDate || f.Type == TypeDateTime) {
		start, end, _ := relative(l.text, b.o.now())
		if test, ok := c.withinSpan(n.op, start, end); ok {
			return test, nil
		}
	}
	values := make([]any, len(n.values))
	for i, l := range n.values {
		v, err := b.value(f, l, n)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	switch n.op {
	case "LIKE":
		pattern, ok := values[0].(string)
		if !ok || f.Type == TypeReference || f.Type == TypeID {
			return nil, errorPlain("INVALID_FIELD", pointAt(b.q.text, n.at)+"invalid operator on id field")
		}
		return func(r *row) bool {
			s, ok := c.of(r).(string)
			return ok && like(strings.ToLower(s), strings.ToLower(pattern))
		}, nil
	case "IN", "NOT IN":
		set := map[any]bool{}
		for _, v := range values {
			set[folded(f, v)] = true
		}
		want := n.op == "IN"
		return func(r *row) bool { return set[folded(f, c.of(r))] == want }, nil
	case "=", "!=":
		v, want := folded(f, values[0]), n.op == "="
		return func(r *row) bool { return (folded(f, c.of(r)) == v) == want }, nil
	}
	v := folded(f, values[0])
	return func(r *row) bool {
		x := folded(f, c.of(r))
		if x == nil || v == nil {
			return false
		}
		d := compareValues(x, v)
		switch n.op {
		case "<":
			return d < 0
		case "<=":
			return d <= 0
		case ">":
			return d > 0
		}
		return d >= 0
	}, nil
}

// within makes the condition of IN (SELECT …).
func (b *binder) within(n *comparison, c *column) (func(*row) bool, *Error) {
	p, err := b.o.bind(n.sub, b.u, false)
	if err != nil {
		return nil, err
	}
	if len(p.columns) != 1 || p.columns[0] == nil {
		return nil, errorPlain("MALFORMED_QUERY", "a subquery of IN selects one field")
	}
	set := map[any]bool{}
	for _, r := range p.run() {
		if v := p.columns[0].of(r); v != nil {
			set[folded(c.field, v)] = true
		}
	}
	want := n.op == "IN"
	return func(r *row) bool { return set[folded(c.field, c.of(r))] == want }, nil
}

// value turns a literal into a value that the field is compared with.
func (b *binder) value(f *Field, l literal, n *comparison) (any, *Error) {
	wrong := func(kind, quotes string) *Error {
		return errorPlain("INVALID_FIELD", fmt.Sprintf("%svalue of filter criterion for field '%s' must be of type %s and should %sbe enclosed in quotes", pointAt(b.q.text, n.at), f.Name, kind, quotes))
	}
	if l.kind == litNull {
		return nil, nil
	}
	switch f.Type {
	case TypeBoolean:
		if l.kind != litBool {
			return nil, wrong("boolean", "not ")
		}
		return l.text == "true", nil
	case TypeInt, TypeDouble:
		v, err := strconv.ParseFloat(l.text, 64)
		if l.kind != litNumber || err != nil {
			return nil, wrong(string(f.Type), "not ")
		}
		return v, nil
	case TypeDate, TypeDateTime:
		t, err := parseTime(l.text)
		if err != nil || f.Type == TypeDate && l.kind != litDate || f.Type == TypeDateTime && l.kind != litDateTime {
			return nil, wrong(map[FieldType]string{TypeDate: "date", TypeDateTime: "dateTime"}[f.Type], "not ")
		}
		if f.Type == TypeDate {
			return day(t.Format(time.DateOnly)), nil
		}
		return instantOf(t), nil
	case TypeID, TypeReference:
		if l.kind != litString {
			return nil, wrong("string", "")
		}
		if l.text == "" {
			return nil, nil
		}
		if !looksLikeID(l.text) {
			return nil, errorPlain("INVALID_QUERY_FILTER_OPERATOR", fmt.Sprintf("%sinvalid ID field: %s", pointAt(b.q.text, n.at), cut(l.text, 80)))
		}
		return longID(l.text[:15]), nil
	}
	if l.kind != litString {
		return nil, wrong("string", "")
	}
	if n.op == "LIKE" {
		return l.text, nil
	}
	s := plainText(l.text)
	if s == "" {
		return nil, nil
	}
	return s, nil
}

// plainText takes the escapes out that were left for LIKE.
func plainText(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\_`, `_`, `\%`, `%`).Replace(s)
}

// folded makes values that SOQL takes for equal equal: text has no case, unless
// it is an id.
func folded(f *Field, v any) any {
	if s, ok := v.(string); ok && f.Type != TypeID && f.Type != TypeReference && !f.CaseSensitive {
		return strings.ToLower(s)
	}
	return v
}

func compareValues(a, b any) int {
	switch a := a.(type) {
	case string:
		if b, ok := b.(string); ok {
			return strings.Compare(a, b)
		}
	case float64:
		if b, ok := b.(float64); ok {
			return cmp.Compare(a, b)
		}
	case instant:
		if b, ok := b.(instant); ok {
			return cmp.Compare(a, b)
		}
	case day:
		if b, ok := b.(day); ok {
			return cmp.Compare(a, b)
		}
	case bool:
		if b, ok := b.(bool); ok && a != b {
			if b {
				return -1
			}
			return 1
		}
	}
	return 0
}

// like matches a pattern of % and _, without recursion, so that no pattern is
// expensive.
func like(s, pattern string) bool {
	text, pat := []rune(s), []rune(pattern)
	i, j, star, mark := 0, 0, -1, 0
	for i < len(text) {
		switch {
		case j < len(pat) && pat[j] == '%':
			star, mark = j, i
			j++
		case j < len(pat) && pat[j] == '_':
			i++
			j++
		case j+1 < len(pat) && pat[j] == '\\' && pat[j+1] == text[i]:
			i++
			j += 2
		case j < len(pat) && pat[j] != '\\' && pat[j] == text[i]:
			i++
			j++
		case star >= 0:
			mark++
			i, j = mark, star+1
		default:
			return false
		}
	}
	for j < len(pat) && pat[j] == '%' {
		j++
	}
	return j == len(pat)
}
