package sforg

import (
	"slices"
	"strings"
)

// A row is one version of a record. It never changes: a write puts a new one in
// its place, so that a query's pages show what was there when it began, and an
// undone transaction leaves no trace.
type row struct {
	id         string
	num        int
	deleted    bool
	created    instant
	modified   instant
	stamp      instant
	createdBy  string
	modifiedBy string
	cells      []cell // by ordinal; the fields that are not null
}

type cell struct {
	ordinal int
	value   any
}

// get returns the value of a field.
func (r *row) get(ob *object, f *Field) any {
	switch f.ordinal {
	case fieldID:
		return r.id
	case fieldIsDeleted:
		return r.deleted
	case fieldCreatedDate:
		return r.created
	case fieldCreatedByID:
		return r.createdBy
	case fieldLastModifiedDate:
		return r.modified
	case fieldLastModifiedByID:
		return r.modifiedBy
	case fieldSystemModstamp:
		return r.stamp
	}
	if f.Calculated {
		return r.calculate(ob, f)
	}
	if v := r.raw(f.ordinal); v != nil {
		return v
	}
	if f.Type == TypeBoolean {
		return false
	}
	return nil
}

func (r *row) raw(ordinal int) any {
	for i := range r.cells {
		if c := &r.cells[i]; c.ordinal >= ordinal {
			if c.ordinal == ordinal {
				return c.value
			}
			return nil
		}
	}
	return nil
}

// calculate makes the value of a field that is made of others.
func (r *row) calculate(ob *object, f *Field) any {
	if f.Type == TypeAddress {
		whole := map[string]any{}
		prefix := strings.TrimSuffix(f.Name, "Address")
		empty := true
		for _, c := range ob.fields {
			if c.Compound != f.Name {
				continue
			}
			name := strings.TrimPrefix(c.Name, prefix)
			name = strings.ToLower(name[:1]) + name[1:]
			whole[name] = r.raw(c.ordinal)
			empty = empty && whole[name] == nil
		}
		if empty {
			return nil
		}
		whole["geocodeAccuracy"] = nil
		return whole
	}
	switch {
	case f.Formula != nil:
		stored := map[string]any{}
		for _, c := range r.cells {
			stored[ob.fields[c.ordinal].Name] = export(c.value)
		}
		v, err := coerce(f, f.Formula(stored))
		if err != nil {
			return nil
		}
		return v
	case strings.HasPrefix(f.Name, "Is"):
		return r.text(ob, "LastName") != "" // IsPersonAccount
	case f.Name == "Name":
		return strings.TrimSpace(r.text(ob, "FirstName") + " " + r.text(ob, "LastName"))
	}
	return nil
}

// text returns a text field's value, "" if it is null or unknown.
func (r *row) text(ob *object, name string) string {
	f := ob.field(name)
	if f == nil {
		return ""
	}
	if f.ordinal < systemFields || f.Calculated {
		s, _ := r.get(ob, f).(string)
		return s
	}
	s, _ := r.raw(f.ordinal).(string)
	return s
}

// set changes a version that nobody has seen yet.
func (r *row) set(ordinal int, v any) {
	i, found := slices.BinarySearchFunc(r.cells, ordinal, func(c cell, o int) int { return c.ordinal - o })
	switch {
	case found && v == nil:
		r.cells = slices.Delete(r.cells, i, i+1)
	case found:
		r.cells[i].value = v
	case v != nil:
		r.cells = slices.Insert(r.cells, i, cell{ordinal, v})
	}
}

// copy returns a version to change.
func (r *row) copy() *row {
	c := *r
	c.cells = slices.Clone(r.cells)
	return &c
}

// find returns the current version of a record, deleted or not.
func (ob *object) find(id string) *row {
	prefix, n, ok := idNumber(id)
	if !ok || prefix != ob.Prefix || n < 1 || n > len(ob.rows) {
		return nil
	}
	return ob.rows[n-1]
}

// exported returns a row as Go callers see it: all that is not null.
func (r *row) exported(ob *object) map[string]any {
	m := map[string]any{}
	for _, f := range ob.fields {
		if v := r.get(ob, f); v != nil {
			m[f.Name] = export(v)
		}
	}
	return m
}
