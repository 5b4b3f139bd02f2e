package sforg

import (
	"fmt"
	"slices"
	"strings"
)

// A nested query is one in the SELECT of another: the children of each row.
type nested struct {
	name  string // of the relationship
	field *Field // of the child, that points at the parent
	plan  *plan
	shape *shape
	found map[string][]*row // by the parent's id, once asked for
}

// childName returns what the parents of a lookup call their children in SOQL.
func (f *Field) childName(child *object) string {
	switch {
	case f.Children != "":
		return f.Children
	case f.Name == "AccountId":
		return child.Plural
	}
	return ""
}

// child binds a nested query of the query's object.
func (b *binder) child(s selection) (*nested, *Error) {
	for _, ob := range b.o.order {
		for _, f := range ob.fields {
			if !slices.Contains(f.ReferenceTo, b.ob.Name) || !strings.EqualFold(f.childName(ob), s.sub.from) {
				continue
			}
			q := *s.sub
			q.from = ob.Name
			p, err := b.o.bind(&q, b.u, false)
			if err != nil {
				return nil, err
			}
			if p.aggregate() || p.count || len(p.nested) > 0 {
				return nil, errorPlain("MALFORMED_QUERY", "a subquery selects fields")
			}
			return &nested{name: f.childName(ob), field: f, plan: p, shape: p.shape()}, nil
		}
	}
	return nil, errorPlain("INVALID_TYPE", fmt.Sprintf("%sDidn't understand relationship '%s' in FROM part of query call. If you are attempting to use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL or the describe call for the appropriate names.",
		pointAt(b.q.text, s.at), s.sub.from))
}

// of returns the children of a record.
func (n *nested) of(parent string) []*row {
	if n.found == nil {
		n.found = map[string][]*row{}
		p := *n.plan
		q := *p.soql
		q.limit, q.offset = -1, 0
		p.soql = &q
		for _, r := range p.run() {
			if id, ok := r.raw(n.field.ordinal).(string); ok {
				n.found[id] = append(n.found[id], r)
			}
		}
	}
	rows := n.found[parent]
	rows = rows[min(n.plan.offset, len(rows)):]
	if n.plan.limit >= 0 {
		rows = rows[:min(n.plan.limit, len(rows))]
	}
	return rows
}

// append writes the children of a record as JSON: null if there are none.
func (n *nested) append(b []byte, o *Org, parent, version string) []byte {
	rows := n.of(parent)
	b = append(b, ',')
	b = appendString(b, n.name)
	if len(rows) == 0 {
		return append(b, ":null"...)
	}
	b = fmt.Appendf(b, `:{"totalSize":%d,"done":true,"records":[`, len(rows))
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = n.shape.append(b, o, n.plan.ob, r, version)
	}
	return append(b, "]}"...)
}
