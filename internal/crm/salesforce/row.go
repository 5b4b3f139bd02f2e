package salesforce

import (
	"strconv"
	"strings"
	"time"
)

// Row is a record as a query gives it, by field name. A value is nil, a string,
// a bool, a [json.Number], or the [Row] of a parent.
type Row map[string]any

// asRow makes a row of an object as JSON has it. What says only what kind of
// record it is, and where, is left out.
func asRow(m map[string]any) Row {
	delete(m, "attributes")
	for k, v := range m {
		if child, ok := v.(map[string]any); ok {
			m[k] = asRow(child)
		}
	}
	return m
}

// Text returns a field as text: "" if it is missing, null or not text. A name
// with a dot is a field of a parent.
func (r Row) Text(name string) string {
	s, _ := r.value(name).(string)
	return s
}

// Bool returns a field that is true or false.
func (r Row) Bool(name string) bool {
	b, _ := r.value(name).(bool)
	return b
}

// ID returns a field that holds an id, in 18 characters, or "".
func (r Row) ID(name string) string {
	id, _ := LongID(r.Text(name))
	return id
}

// Time returns a field that holds a moment; zero if it does not.
func (r Row) Time(name string) time.Time {
	t, err := ParseTime(r.Text(name))
	if err != nil {
		return time.Time{}
	}
	return t
}

func (r Row) value(name string) any {
	for {
		parent, rest, ok := strings.Cut(name, ".")
		if !ok {
			return r[name]
		}
		if r, ok = r[parent].(Row); !ok {
			return nil
		}
		name = rest
	}
}

// flexInt is a number that Salesforce writes as one, as text or as 62.0.
type flexInt int64

// UnmarshalJSON implements [json.Unmarshaler].
func (n *flexInt) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	*n = flexInt(f)
	return err
}
