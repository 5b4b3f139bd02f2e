package sforg

import (
	"fmt"
	"slices"
	"strings"
)

// run returns the rows that the query finds, in order. The caller holds the lock.
func (p *plan) run() []*row {
	rows := p.scan()
	if len(p.order) > 0 {
		p.sort(rows)
	}
	rows = rows[min(p.offset, len(rows)):]
	if p.limit >= 0 && len(rows) > p.limit && len(p.groups) == 0 {
		rows = rows[:p.limit]
	}
	return rows
}

// scan returns the rows that match, by id. It looks at few where the condition
// names ids, values of unique fields, or how new a record is.
func (p *plan) scan() []*row {
	var found []*row
	keep := func(r *row) {
		if r != nil && (p.all || !r.deleted) && p.filter(r) {
			found = append(found, r)
		}
	}
	if nums, ok := p.ob.named(p.where); ok {
		for _, n := range nums {
			keep(p.ob.rows[n])
		}
		return found
	}
	if since, ok := p.ob.bound(p.where); ok {
		i, _ := slices.BinarySearchFunc(p.ob.log, since, func(e stampEntry, at instant) int {
			if e.at < at {
				return -1
			}
			return 1
		})
		var nums []int
		for _, e := range p.ob.log[i:] {
			if e.num < len(p.ob.rows) && p.ob.rows[e.num] != nil && p.ob.rows[e.num].stamp == e.at {
				nums = append(nums, e.num)
			}
		}
		slices.Sort(nums)
		for _, n := range slices.Compact(nums) {
			keep(p.ob.rows[n])
		}
		return found
	}
	stop := -1
	if len(p.order) == 0 && len(p.groups) == 0 && p.limit >= 0 {
		stop = p.offset + p.limit
	}
	for _, r := range p.ob.rows {
		if stop >= 0 && len(found) >= stop {
			break
		}
		keep(r)
	}
	return found
}

// named returns the numbers of the only records that can meet a condition which
// names them by id or by the value of a unique field.
func (ob *object) named(n node) ([]int, bool) {
	switch n := n.(type) {
	case *junction:
		var all []int
		for _, m := range n.list {
			nums, ok := ob.named(m)
			switch {
			case ok && !n.or:
				return nums, true
			case !ok && n.or:
				return nil, false
			case ok:
				all = append(all, nums...)
			}
		}
		slices.Sort(all)
		return slices.Compact(all), n.or
	case *comparison:
		f := ob.field(n.path)
		if f == nil || n.sub != nil || n.op != "=" && n.op != "IN" || f.ordinal != fieldID && !f.Unique {
			return nil, false
		}
		var nums []int
		for _, l := range n.values {
			if l.kind != litString || f.ordinal != fieldID && l.text == "" {
				return nil, false
			}
			if f.ordinal == fieldID {
				if r := ob.find(l.text); r != nil {
					nums = append(nums, r.num)
				}
			} else {
				return nil, false // deleted ones keep their value and are not in the index
			}
		}
		slices.Sort(nums)
		return slices.Compact(nums), true
	}
	return nil, false
}

// bound returns the time before whose SystemModstamp nothing meets a condition.
func (ob *object) bound(n node) (instant, bool) {
	switch n := n.(type) {
	case *junction:
		var best instant
		any := false
		for _, m := range n.list {
			at, ok := ob.bound(m)
			switch {
			case !ok && n.or:
				return 0, false
			case !ok:
				continue
			case !any, n.or && at < best, !n.or && at > best:
				best = at
			}
			any = true
		}
		return best, any
	case *comparison:
		if !strings.EqualFold(n.path, "SystemModstamp") || n.sub != nil {
			return 0, false
		}
		if n.op != "=" && n.op != ">" && n.op != ">=" || n.values[0].kind != litDateTime {
			return 0, false
		}
		t, err := parseTime(n.values[0].text)
		at := instantOf(t)
		if n.op == ">" {
			at++ // stamps are whole seconds
		}
		return at, err == nil
	}
	return 0, false
}

func (p *plan) sort(rows []*row) {
	type keyed struct {
		r    *row
		keys []any
	}
	list := make([]keyed, len(rows))
	backing := make([]any, len(rows)*len(p.order))
	for i, r := range rows {
		keys := backing[i*len(p.order) : (i+1)*len(p.order)]
		for j, c := range p.order {
			keys[j] = folded(c.field, c.of(r))
		}
		list[i] = keyed{r, keys}
	}
	slices.SortStableFunc(list, func(a, b keyed) int {
		for j := range p.order {
			x, y, ord := a.keys[j], b.keys[j], p.soql.order[j]
			var d int
			switch {
			case x == nil && y == nil:
				continue
			case x == nil || y == nil:
				// Nulls come first unless the query says otherwise, whichever the direction.
				d = -1
				if (x == nil) == ord.nullsLast {
					d = 1
				}
				return d
			default:
				d = compareValues(x, y)
			}
			if ord.descending {
				d = -d
			}
			if d != 0 {
				return d
			}
		}
		return 0
	})
	for i := range list {
		rows[i] = list[i].r
	}
}

// aggregate reports whether the query answers with AggregateResults.
func (p *plan) aggregate() bool {
	return !p.count && (len(p.groups) > 0 || slices.ContainsFunc(p.selects, func(s selection) bool { return s.fn != "" && s.fn != "FIELDS" }))
}

// names returns what the columns of an aggregate query are called: an alias, a
// field's name, or expr and the number of those that have neither.
func (p *plan) names() []string {
	var names []string
	unnamed := 0
	for i, s := range p.selects {
		switch {
		case s.alias != "":
			names = append(names, s.alias)
		case s.fn == "":
			names = append(names, p.columns[i].field.Name)
		default:
			names = append(names, fmt.Sprintf("expr%d", unnamed))
			unnamed++
		}
	}
	return names
}

// groupRows makes the rows of an aggregate query, as JSON objects.
func (p *plan) groupRows(rows []*row) [][]byte {
	var keys []string
	groups := map[string][]*row{}
	if len(p.groups) == 0 {
		keys, groups[""] = []string{""}, rows
	}
	for _, r := range rows {
		if len(p.groups) == 0 {
			break
		}
		var vals []any
		for _, g := range p.groups {
			vals = append(vals, folded(g.field, g.of(r)))
		}
		k := fmt.Sprintf("%#v", vals)
		if groups[k] == nil {
			keys = append(keys, k)
		}
		groups[k] = append(groups[k], r)
	}
	var out [][]byte
	names := p.names()
	for _, k := range keys {
		b := []byte(`{"attributes":{"type":"AggregateResult"}`)
		for i, s := range p.selects {
			c := p.columns[i]
			b = append(b, ',')
			b = appendString(b, names[i])
			b = append(b, ':')
			if s.fn == "" {
				b = appendJSON(b, c.field, c.of(groups[k][0]))
				continue
			}
			v, f := fold(s.fn, c, groups[k])
			b = appendJSON(b, f, v)
		}
		out = append(out, append(b, '}'))
		if p.limit >= 0 && len(out) == p.limit {
			break
		}
	}
	return out
}

// fold computes an aggregate of a column.
func fold(fn string, c *column, rows []*row) (any, *Field) {
	whole := &Field{Type: TypeInt}
	if c == nil {
		return float64(len(rows)), whole
	}
	n, sum := 0.0, 0.0
	distinct := map[any]bool{}
	var least, most any
	for _, r := range rows {
		v := c.of(r)
		if v == nil {
			continue
		}
		n++
		distinct[folded(c.field, v)] = true
		if x, ok := v.(float64); ok {
			sum += x
		}
		if least == nil || compareValues(v, least) < 0 {
			least = v
		}
		if most == nil || compareValues(v, most) > 0 {
			most = v
		}
	}
	switch fn {
	case "COUNT":
		return n, whole
	case "COUNT_DISTINCT":
		return float64(len(distinct)), whole
	case "MIN":
		return least, c.field
	case "MAX":
		return most, c.field
	case "AVG":
		if n == 0 {
			return nil, c.field
		}
		return sum / n, &Field{Type: TypeDouble}
	}
	return sum, c.field
}

// shape is the tree of a record's members in JSON.
type shape struct {
	name   string
	column *column  // of a leaf
	ref    *Field   // of a branch
	kids   []*shape // of a branch
	nested []*nested
}

func (p *plan) shape() *shape {
	root := &shape{nested: p.nested}
	for _, c := range p.columns {
		at := root
		for i, ref := range c.refs {
			j := slices.IndexFunc(at.kids, func(s *shape) bool { return s.ref == ref })
			if j < 0 {
				at.kids = append(at.kids, &shape{name: c.names[i], ref: ref})
				j = len(at.kids) - 1
			}
			at = at.kids[j]
		}
		if !slices.ContainsFunc(at.kids, func(s *shape) bool { return s.column != nil && s.name == c.field.Name }) {
			at.kids = append(at.kids, &shape{name: c.field.Name, column: c})
		}
	}
	return root
}

// append writes a record as JSON.
func (s *shape) append(b []byte, o *Org, ob *object, r *row, version string) []byte {
	b = append(b, `{"attributes":{"type":"`...)
	b = append(b, ob.Name...)
	b = append(b, `","url":"/services/data/v`...)
	b = append(b, version...)
	b = append(b, `/sobjects/`...)
	b = append(b, ob.Name...)
	b = append(b, '/')
	b = append(b, r.id...)
	b = append(b, `"}`...)
	for _, k := range s.kids {
		b = append(b, ',')
		b = appendString(b, k.name)
		b = append(b, ':')
		if k.ref == nil {
			if f := ob.field(k.column.field.Name); f != nil {
				b = appendJSON(b, f, r.get(ob, f))
			} else {
				b = append(b, "null"...)
			}
			continue
		}
		id, _ := r.get(ob, k.ref).(string)
		var parent *row
		target := o.objectOf(id)
		if target != nil {
			parent = target.find(id)
		}
		if parent == nil {
			b = append(b, "null"...)
			continue
		}
		b = k.append(b, o, target, parent, version)
	}
	for _, n := range s.nested {
		b = n.append(b, o, r.id, version)
	}
	return append(b, '}')
}
