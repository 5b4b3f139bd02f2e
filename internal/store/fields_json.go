package store

import (
	"bytes"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
)

// encodeFields returns the fields as JSON, in the order of their names.
func encodeFields(f switchboard.Fields) (string, error) { return new(fieldsEncoder).encode(f) }

// fieldsEncoder is encodeFields for many records, which mostly have the same
// names: it keeps those of the last one.
type fieldsEncoder struct {
	names []string // sorted
	heads []string // as they begin the fields
	text  []byte
}

func (e *fieldsEncoder) encode(f switchboard.Fields) (string, error) {
	if !e.knows(f) {
		if err := e.learn(f); err != nil {
			return "", err
		}
	}
	b := append(e.text[:0], '{')
	for i, name := range e.names {
		var err error
		if b, err = appendJSON(append(b, e.heads[i]...), f[name]); err != nil {
			return "", err
		}
	}
	e.text = append(b, '}')
	return string(e.text), nil
}

func (e *fieldsEncoder) knows(f switchboard.Fields) bool {
	if len(f) != len(e.names) {
		return false
	}
	for _, name := range e.names {
		if _, has := f[name]; !has {
			return false
		}
	}
	return true
}

func (e *fieldsEncoder) learn(f switchboard.Fields) error {
	e.names, e.heads = e.names[:0], e.heads[:0]
	for name := range f {
		e.names = append(e.names, name)
	}
	slices.Sort(e.names)
	for i, name := range e.names {
		var head []byte
		if i > 0 {
			head = append(head, ',')
		}
		head, err := appendJSON(head, name)
		if err != nil {
			return err
		}
		e.heads = append(e.heads, string(append(head, ':')))
	}
	return nil
}

// appendJSON is the standard encoder but for most texts, which need no escapes:
// those it spares the reflection.
func appendJSON(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		if plainText(v) {
			b = append(b, '"')
			b = append(b, v...)
			return append(b, '"'), nil
		}
	}
	var rest bytes.Buffer
	e := json.NewEncoder(&rest)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return append(b, bytes.TrimSpace(rest.Bytes())...), err
}

// plainText reports whether s is the same between the quotes of JSON.
func plainText(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return utf8.ValidString(s)
}
