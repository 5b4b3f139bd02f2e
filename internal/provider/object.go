package provider

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
)

// Object is a JSON object, read as tolerantly as providers write: unknown
// members don't matter, names are compared without regard to case, null is the
// same as nothing, a number may stand where a string is expected, and of a
// member that comes twice the last counts, as it does for JavaScript.
type Object struct {
	members  map[string]json.RawMessage // by name in lower case
	envelope *Object
}

func errNotJSON() error { return Unreadable("The body is not JSON, or not all of it arrived.") }

// DecodeObjects reads body, which is one JSON object or an array of them; list
// tells which. A byte order mark in front, and control characters that should
// have been escaped, are tolerated.
func DecodeObjects(body []byte) (objects []Object, list bool, err error) {
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
	if !json.Valid(body) {
		if body = escapeControls(body); !json.Valid(body) {
			return nil, false, errNotJSON()
		}
	}
	if objects, list = decode(body); objects == nil && !list {
		return nil, false, Unreadable("The body is JSON, but neither an object nor an array of objects.")
	}
	return objects, list, nil
}

// decode takes apart raw, which is valid JSON. It returns nothing for any other
// shape.
func decode(raw json.RawMessage) (objects []Object, list bool) {
	for isSpace(raw[0]) {
		raw = raw[1:]
	}
	switch raw[0] {
	case '{':
		return []Object{newObject(members(raw))}, false
	case '[':
		for _, element := range elements(raw) {
			switch element[0] {
			case '{':
				objects = append(objects, newObject(members(element)))
			case 'n':
				objects = append(objects, Object{})
			default:
				return nil, false
			}
		}
		return objects, true
	}
	return nil, false
}

// members returns the members of raw, which is a valid object.
func members(raw []byte) map[string]json.RawMessage {
	m := map[string]json.RawMessage{}
	for name, rest := next(raw[1:]); len(name) > 0; name, rest = next(rest) {
		key, _ := unquote(name)
		m[key], rest = next(rest)
	}
	return m
}

// elements returns the elements of raw, which is a valid array.
func elements(raw []byte) (all []json.RawMessage) {
	for element, rest := next(raw[1:]); len(element) > 0; element, rest = next(rest) {
		all = append(all, element)
	}
	return all
}

// next returns the first literal, array or object in raw, the inside of a valid
// array or object, and what comes after it; nothing at the end.
func next(raw []byte) (value, rest []byte) {
	for isSpace(raw[0]) || raw[0] == ',' || raw[0] == ':' {
		raw = raw[1:]
	}
	depth := 0
	for i := 0; ; i++ {
		switch raw[i] {
		case '"':
			for i++; raw[i] != '"'; i++ {
				if raw[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth--; depth < 0 { // of what raw is the inside of
				return raw[:i], raw[i:]
			}
		case ' ', '\t', '\r', '\n', ',':
			if depth == 0 {
				return raw[:i], raw[i:]
			}
			continue
		default:
			continue
		}
		if depth == 0 {
			return raw[:i+1], raw[i+1:]
		}
	}
}

// isSpace reports whether JSON allows the byte between its tokens.
func isSpace(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

// newObject folds the names of members. Of names that differ in case alone, the
// first in order of the alphabet counts.
func newObject(members map[string]json.RawMessage) Object {
	fold := false
	for name := range members {
		fold = fold || strings.ToLower(name) != name
	}
	if !fold {
		return Object{members: members}
	}
	folded := make(map[string]json.RawMessage, len(members))
	for name, raw := range members {
		folded[strings.ToLower(name)] = raw
	}
	if len(folded) < len(members) {
		for _, name := range slices.Backward(slices.Sorted(maps.Keys(members))) {
			folded[strings.ToLower(name)] = members[name]
		}
	}
	return Object{members: folded}
}

// Within returns o with the members of envelope standing in for those that o
// does not have.
func (o Object) Within(envelope Object) Object {
	o.envelope = &envelope
	return o
}

// Has reports whether o has the member, be it null.
func (o Object) Has(name string) bool {
	_, ok := o.own(name)
	return ok || o.envelope != nil && o.envelope.Has(name)
}

// Owns reports whether o itself, not its envelope, has the member and it is not
// null.
func (o Object) Owns(name string) bool {
	raw, ok := o.own(name)
	return ok && string(raw) != "null"
}

func (o Object) own(name string) (json.RawMessage, bool) {
	raw, ok := o.members[strings.ToLower(name)]
	return raw, ok
}

// get returns nil for a member that is null or not there.
func (o Object) get(name string) json.RawMessage {
	if raw, ok := o.own(name); ok && string(raw) != "null" {
		return raw
	}
	if o.envelope != nil {
		return o.envelope.get(name)
	}
	return nil
}

// String returns the first of the named members that is there, "" if none is. A
// number is returned as it is written.
func (o Object) String(names ...string) (string, error) {
	for _, name := range names {
		if raw := o.get(name); raw != nil {
			s, _, err := text(name, raw)
			return s, err
		}
	}
	return "", nil
}

// Body returns the member that holds a message's text. The second result is the
// literal that it was written as, if the text cannot say all of that: a lone
// half of a surrogate pair, or bytes that are not UTF-8.
//
// A member that is not there at all is an error unless there is media: rather
// than that the message is empty, that means that the text is somewhere else.
func (o Object) Body(name string, media []switchboard.Media) (string, []byte, error) {
	raw := o.get(name)
	if raw == nil {
		if !o.Has(name) && len(media) == 0 {
			return "", nil, Unreadable("The message has no member “" + name + "”, where its text should be.")
		}
		return "", nil, nil
	}
	return text(name, raw)
}

func text(name string, raw json.RawMessage) (string, []byte, error) {
	switch c := raw[0]; {
	case c == '"':
		s, plain := unquote(raw)
		if !plain && !faithful(raw) {
			return s, bytes.Clone(raw), nil
		}
		return s, nil, nil
	case c == '-' || '0' <= c && c <= '9':
		return string(raw), nil, nil
	}
	return "", nil, Unreadable("The member “" + name + "” is not text.")
}

// unquote returns the text of a valid string literal, and whether it stands
// there as it is.
func unquote(literal []byte) (s string, plain bool) {
	if bytes.IndexByte(literal, '\\') < 0 && utf8.Valid(literal) {
		return string(literal[1 : len(literal)-1]), true
	}
	_ = json.Unmarshal(literal, &s) // it is valid
	return s, false
}

// faithful reports whether decoding the string literal raw loses nothing.
func faithful(raw []byte) bool {
	if !utf8.Valid(raw) {
		return false
	}
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		i++
		first, ok := escaped(raw, i)
		if !ok || !utf16.IsSurrogate(first) {
			continue
		}
		second, ok := escaped(raw, i+6)
		if !ok || raw[i+5] != '\\' || utf16.DecodeRune(first, second) == utf8.RuneError {
			return false
		}
		i += 10
	}
	return true
}

// escaped returns the rune of the \uXXXX whose u stands at raw[i].
func escaped(raw []byte, i int) (rune, bool) {
	if i+4 >= len(raw) || raw[i] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range raw[i+1 : i+5] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// Bool returns a truth that is written as a boolean, a number or a string; ok
// is false if it is not there or cannot be read.
func (o Object) Bool(name string) (value, ok bool) {
	switch strings.ToLower(strings.Trim(string(o.get(name)), `"`)) {
	case "true", "1":
		return true, true
	case "false", "0":
		return false, true
	}
	return false, false
}

// Time returns the time in the member, zero if there is none that can be read.
func (o Object) Time(name string) time.Time {
	s, err := o.String(name)
	if err != nil {
		return time.Time{}
	}
	return ParseTime(s)
}

// ParseTime reads RFC 3339 and what providers take for it: a blank instead of
// the T, a zone without its colon, and no zone, which is UTC. What cannot be
// read is the zero time: a text is worth more than its time.
func ParseTime(s string) time.Time {
	if s = strings.TrimSpace(s); len(s) <= 10 {
		return time.Time{}
	}
	if s[10] == ' ' {
		s = s[:10] + "T" + s[11:]
	}
	layout := "2006-01-02T15:04:05"
	if zone := strings.LastIndexAny(s, "Z+-"); zone > 10 {
		layout = time.RFC3339
		if s[zone] != 'Z' && strings.IndexByte(s[zone:], ':') < 0 {
			layout = "2006-01-02T15:04:05-0700"
		}
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// Objects returns the objects of a member that is an object or an array of
// objects; ok is false if it is there and is neither.
func (o Object) Objects(name string) (objects []Object, ok bool) {
	raw := o.get(name)
	if raw == nil {
		return nil, true
	}
	objects, list := decode(raw)
	return objects, list || objects != nil
}

// Media returns the attachments in the member: an array of links, or of objects
// with a link and its content type.
func (o Object) Media(name string) ([]switchboard.Media, error) {
	raw := o.get(name)
	if raw == nil {
		return nil, nil
	}
	items := []json.RawMessage{raw}
	if raw[0] == '[' {
		items = elements(raw)
	}
	var media []switchboard.Media
	for _, item := range items[:min(len(items), maxMedia)] {
		if string(item) == "null" {
			continue
		}
		m, err := medium(item)
		if err != nil {
			return nil, Unreadable("The member “" + name + "” holds an attachment without a link.")
		}
		media = append(media, m)
	}
	return media, nil
}

func medium(item json.RawMessage) (m switchboard.Media, err error) {
	if objects, list := decode(item); len(objects) == 1 && !list {
		o := objects[0]
		if m.URL, err = o.String("url", "MediaUrl", "link", "href"); err != nil {
			return m, err
		}
		if m.ContentType, err = o.String("content_type", "contentType", "mimeType", "type"); err != nil {
			m.ContentType = ""
		}
	} else if json.Unmarshal(item, &m.URL) != nil {
		return m, errNotJSON()
	}
	if m.URL == "" {
		return m, errNotJSON()
	}
	return m, nil
}

// escapeControls escapes the control characters inside the strings of body, as
// JSON demands and hand-made JSON forgets.
func escapeControls(body []byte) []byte {
	const hex = "0123456789abcdef"
	var out []byte
	inside := false
	for i := 0; i < len(body); i++ {
		c := body[i]
		switch {
		case c == '"':
			inside = !inside
		case c == '\\' && inside && i+1 < len(body):
			out = append(out, c)
			i++
			c = body[i]
		}
		if inside && c < ' ' {
			out = append(out, `\u00`...)
			out = append(out, hex[c>>4], hex[c&15])
			continue
		}
		out = append(out, c)
	}
	return out
}
