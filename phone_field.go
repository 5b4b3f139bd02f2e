package switchboard

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
)

// maxPhoneField bounds, in characters, the CRM field that numbers are read from.
const maxPhoneField = 256

// ParsePhoneField reads the phone field of a record, which holds one number or
// several: "512-555-0100 / 512-555-0101". Several are separated by a slash, a
// semicolon, a comma, a bar, an ampersand, a line break, or the words "or" and
// "and"; each is read as [ParsePhone] does. A slash may also stand inside one
// number, as in "030/1234567": what can be one number is one, unless each part
// is an assigned number by itself.
//
// The numbers come in the order written, each once. The error is a
// [*PhoneError] that names the first part that is no number; the numbers that
// could be read are returned all the same. A field without any number is an
// error too.
func ParsePhoneField(value, region string) ([]Phone, error) {
	if p, ok := parseNANP(value, region); ok {
		return []Phone{p}, nil
	}
	text, ok := plainText(value, maxPhoneField)
	if !ok {
		return nil, newPhoneError(value, PhoneTooLong)
	}
	if text = strings.Trim(text, " \n"); text == "" {
		return nil, newPhoneError(value, PhoneEmpty)
	}
	f := fieldReader{region: region}
	f.read(text)
	switch {
	case f.err == nil:
		return f.phones, nil
	case len(f.phones) == 0:
		_, reason := f.readOne(text)
		return nil, newPhoneError(value, reason)
	}
	return f.phones, f.err
}

type fieldReader struct {
	region string
	phones []Phone
	err    *PhoneError // the first
}

// read reads text as one number, or as many as its separators allow.
func (f *fieldReader) read(text string) {
	whole, reason := f.readOne(text)
	if reason == "" {
		parts := splitField(text, slashes, false)
		if len(parts) < 2 || !f.allAssigned(parts) {
			f.add(whole)
			return
		}
		for _, part := range parts {
			f.read(part)
		}
		return
	}
	for _, try := range []struct {
		at     separators
		inside bool
	}{{others, false}, {spacedSlashes, false}, {slashes, false}, {others | slashes, true}} {
		parts := splitField(text, try.at, try.inside)
		if len(parts) == 0 || parts[0] == text {
			continue
		}
		for _, part := range parts {
			f.read(part)
		}
		return
	}
	if f.err == nil {
		f.err = newPhoneError(text, reason)
	}
}

func (f *fieldReader) readOne(text string) (Phone, PhoneReason) {
	if utf8.RuneCountInString(text) > maxPhoneText {
		return "", PhoneTooLong
	}
	return readPlain(text, f.region, fromPeople)
}

func (f *fieldReader) add(p Phone) {
	if !slices.Contains(f.phones, p) {
		f.phones = append(f.phones, p)
	}
}

// allAssigned reports whether every part is a number that the numbering plan
// gives out, not merely one of a possible length.
func (f *fieldReader) allAssigned(parts []string) bool {
	for _, part := range parts {
		p, reason := f.readOne(part)
		if reason != "" || !p.assigned() {
			return false
		}
	}
	return true
}

// assigned reports whether the numbering plan gives p's range out.
func (p Phone) assigned() bool {
	number, err := phonenumbers.Parse(string(p), "")
	return err == nil && phonenumbers.IsValidNumber(number)
}

type separators uint8

const (
	slashes       separators = 1 << iota
	spacedSlashes            // only those with a space beside them
	others                   // ; , | & line breaks and the words "or" and "and"
)

// splitField cuts text at the separators, those inside parentheses only when
// asked to, and leaves out what is empty.
func splitField(text string, at separators, inside bool) []string {
	var parts []string
	start, depth := 0, 0
	cut := func(end, next int) {
		if part := strings.Trim(text[start:end], " \n"); part != "" {
			parts = append(parts, part)
		}
		start = next
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		}
		if i < start || depth > 0 && !inside {
			continue
		}
		if n := separatorAt(text, i, at); n > 0 {
			cut(i, i+n)
		}
	}
	cut(len(text), len(text))
	return parts
}

// separatorAt returns the length of the separator at text[i], or 0.
func separatorAt(text string, i int, at separators) int {
	opening := i > 0 && (text[i-1] == ' ' || text[i-1] == '(')
	if text[i] == '/' {
		spaced := opening || strings.HasPrefix(text[i+1:], " ")
		if at&slashes != 0 || at&spacedSlashes != 0 && spaced {
			return 1
		}
	}
	if at&others == 0 {
		return 0
	}
	switch {
	case strings.IndexByte(";,|&\n", text[i]) >= 0:
		return 1
	case opening && hasPrefixFold(text[i:], "or "):
		return len("or ")
	case opening && hasPrefixFold(text[i:], "and "):
		return len("and ")
	}
	return 0
}
