package sforg

import (
	"encoding/json"
	"fmt"
	"math"
	"net/mail"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Inside the org a value is nil, a string, a bool, a float64, an instant or a
// day. Text that is empty is nil, as in Salesforce.
type (
	instant int64  // seconds: Salesforce keeps no less of a date and time
	day     string // 2006-01-02
)

const (
	restTime = "2006-01-02T15:04:05.000-0700" // of JSON: no colon in the offset
	bulkTime = "2006-01-02T15:04:05.000Z"     // of CSV
)

func instantOf(t time.Time) instant { return instant(t.Unix()) }

func (i instant) time() time.Time { return time.Unix(int64(i), 0).UTC() }

// export turns a value into what Go callers see.
func export(v any) any {
	switch v := v.(type) {
	case instant:
		return v.time()
	case day:
		t, err := time.Parse(time.DateOnly, string(v))
		if err != nil {
			return nil
		}
		return t
	}
	return v
}

// appendJSON writes a value as REST does.
func appendJSON(b []byte, f *Field, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendString(b, v)
	case bool:
		return strconv.AppendBool(b, v)
	case float64:
		if f != nil && f.Type == TypeInt {
			return strconv.AppendInt(b, int64(v), 10)
		}
		return appendDouble(b, v)
	case instant:
		b = append(b, '"')
		b = v.time().AppendFormat(b, restTime)
		return append(b, '"')
	case day:
		return appendString(b, string(v))
	case map[string]any: // a compound address
		text, err := json.Marshal(v)
		if err != nil {
			return append(b, "null"...)
		}
		return append(b, text...)
	}
	return append(b, "null"...)
}

// appendDouble writes 5 as 5.0, as Salesforce does with its doubles.
func appendDouble(b []byte, v float64) []byte {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.AppendFloat(b, v, 'f', 1, 64)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64)
}

func appendString(b []byte, s string) []byte {
	plain := true
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	text, err := json.Marshal(s)
	if err != nil {
		return append(b, `""`...)
	}
	return append(b, text...)
}

// appendCSV writes a value as Bulk API 2.0 does: everything quoted, and nothing
// that would tell null from empty.
func appendCSV(b []byte, f *Field, v any) []byte {
	b = append(b, '"')
	switch v := v.(type) {
	case string:
		if strings.IndexByte(v, '"') < 0 {
			b = append(b, v...)
		} else {
			b = append(b, strings.ReplaceAll(v, `"`, `""`)...)
		}
	case bool:
		b = strconv.AppendBool(b, v)
	case float64:
		if f != nil && f.Type == TypeInt {
			b = strconv.AppendInt(b, int64(v), 10)
		} else {
			b = appendDouble(b, v)
		}
	case instant:
		b = v.time().AppendFormat(b, bulkTime)
	case day:
		b = append(b, v...)
	}
	return append(b, '"')
}

// coerce turns what a caller gave for a field into a value of its type.
func coerce(f *Field, in any) (any, *Error) {
	switch v := in.(type) {
	case nil:
		if f.Type == TypeBoolean {
			return nil, badValue(f, "boolean", "null")
		}
		return nil, nil
	case time.Time:
		if f.Type == TypeDate {
			return day(v.UTC().Format(time.DateOnly)), nil
		}
		if f.Type == TypeDateTime {
			return instantOf(v), nil
		}
		return nil, badValue(f, string(f.Type), v.String())
	case instant, day:
		return v, nil
	case int:
		return coerce(f, float64(v))
	case json.Number:
		n, err := v.Float64()
		if err != nil {
			return nil, badValue(f, "number", v.String())
		}
		return coerce(f, n)
	case float64:
		switch f.Type {
		case TypeDouble:
			return v, nil
		case TypeInt:
			return math.Trunc(v), nil
		case TypeBoolean, TypeDate, TypeDateTime, TypeReference, TypeID:
			return nil, badValue(f, string(f.Type), strconv.FormatFloat(v, 'f', -1, 64))
		}
		return coerceText(f, strconv.FormatFloat(v, 'f', -1, 64))
	case bool:
		if f.Type == TypeBoolean {
			return v, nil
		}
		if f.Type == TypeString || f.Type == TypeTextArea || f.Type == TypePicklist {
			return strconv.FormatBool(v), nil
		}
		return nil, badValue(f, string(f.Type), strconv.FormatBool(v))
	case string:
		return coerceText(f, v)
	}
	return nil, &Error{Code: "JSON_PARSER_ERROR", Message: fmt.Sprintf("Unexpected value for the field %s", f.Name)}
}

func coerceText(f *Field, s string) (any, *Error) {
	if f.Type != TypeTextArea {
		s = strings.TrimSpace(s) // what surrounds a single line is dropped, without a word
	}
	if s == "" {
		if f.Type == TypeBoolean {
			return false, nil
		}
		return nil, nil
	}
	switch f.Type {
	case TypeBoolean:
		switch strings.ToLower(s) {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
		return nil, badValue(f, "boolean", s)
	case TypeDouble, TypeInt:
		n, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return nil, badValue(f, string(f.Type), s)
		}
		return coerce(f, n)
	case TypeDate:
		if t, err := time.Parse(time.DateOnly, s); err == nil {
			return day(t.Format(time.DateOnly)), nil
		}
		return nil, badValue(f, "date", s)
	case TypeDateTime:
		t, err := parseTime(s)
		if err != nil {
			return nil, badValue(f, "datetime", s)
		}
		return instantOf(t), nil
	case TypeReference, TypeID:
		if !looksLikeID(s) {
			return nil, &Error{Code: "MALFORMED_ID", Message: fmt.Sprintf("%s: id value of incorrect type: %s", f.Label, s), Fields: []string{f.Name}}
		}
		return longID(s[:15]), nil
	case TypeEmail:
		if a, err := mail.ParseAddress(s); err != nil || a.Address != s || !strings.Contains(s[strings.LastIndexByte(s, '@'):], ".") {
			return nil, &Error{Code: "INVALID_EMAIL_ADDRESS", Message: fmt.Sprintf("%s: invalid email address: %s", f.Label, s), Fields: []string{f.Name}}
		}
	case TypePicklist:
		if f.Restricted {
			for _, v := range f.Values {
				if strings.EqualFold(v, s) {
					return v, nil
				}
			}
			return nil, &Error{Code: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", Message: fmt.Sprintf("%s: bad value for restricted picklist field: %s", f.Label, s), Fields: []string{f.Name}}
		}
	}
	if f.Length > 0 && utf8.RuneCountInString(s) > f.Length {
		return nil, &Error{Code: "STRING_TOO_LONG", Message: fmt.Sprintf("%s: data value too large: %s (max length=%d)", f.Label, cut(s, 80), f.Length), Fields: []string{f.Name}}
	}
	return s, nil
}

// parseTime reads the forms of a date and time that the API takes.
func parseTime(s string) (time.Time, error) {
	var first error
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", time.DateOnly} {
		t, err := time.Parse(layout, s)
		if err == nil {
			return t.UTC(), nil
		}
		if first == nil {
			first = err
		}
	}
	return time.Time{}, first
}

func badValue(f *Field, kind, text string) *Error {
	return &Error{Code: "JSON_PARSER_ERROR", Fields: []string{f.Name},
		Message: fmt.Sprintf("Cannot deserialize instance of %s from VALUE_STRING value %s or request may be missing a required field", kind, cut(text, 80))}
}
