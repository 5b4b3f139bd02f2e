package switchboard

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SenderKind tells what a sender's address is.
type SenderKind string

const (
	// SenderPhone is a full telephone number.
	SenderPhone SenderKind = "phone"
	// SenderShortCode is 3 to 8 digits that a network gave to a company.
	SenderShortCode SenderKind = "short_code"
	// SenderAlphanumeric is everything else: a name ("MTN"), an e-mail
	// address, a withheld number, nothing at all.
	SenderAlphanumeric SenderKind = "alphanumeric"
)

// Sender is the other side of a message: who wrote an inbound one. Only a
// SenderPhone can match a record by its fields; the other kinds match what a
// person linked them to, and never make a record.
type Sender struct {
	Kind SenderKind
	// Address is a SenderPhone's number in E.164 form, and any other sender as
	// it came, made fit to be stored and shown.
	Address string
	// Key is never empty. Those of the three kinds differ: a phone's begins
	// with "+", a short code's with "s:", any other's with "x:".
	Key MatchKey
}

// maxSender bounds, in characters, the address of a sender that is no number.
const maxSender = 255

// ParseSender reads a sender as a provider names it; region completes numbers
// in national form and is that of the channel. It never fails: what is not a
// full number is kept as it came, but trimmed, cut to 255 characters, and with
// U+FFFD in the place of control characters and invalid UTF-8.
//
// Up to 6 digits are a number only where the numbering plan gives out numbers
// that short; elsewhere they are a short code even where such a length would
// be possible, since nobody's text comes from "+4988202".
//
// ParseSender of an Address gives a sender with the same key.
func ParseSender(s, region string) Sender {
	if p, ok := parseNANP(s, region); ok {
		return phoneSender(p)
	}
	s = storable(s)
	text, ok := plainText(s, maxPhoneText)
	if !ok {
		return alphanumericSender(s)
	}
	text = strings.Trim(text, " \n")
	p, reason := readPlain(text, region, fromProvider)
	if allDigits(text) && len(text) >= 3 && len(text) <= 8 {
		if reason != "" || len(text) <= 6 && !p.assigned() {
			return Sender{Kind: SenderShortCode, Address: s, Key: MatchKey("s:" + text)}
		}
	}
	if reason != "" {
		return alphanumericSender(s)
	}
	return phoneSender(p)
}

// Phone returns the sender's number, if it is one.
func (s Sender) Phone() (Phone, bool) {
	if s.Kind != SenderPhone {
		return "", false
	}
	return Phone(s.Address), true
}

func phoneSender(p Phone) Sender {
	return Sender{Kind: SenderPhone, Address: string(p), Key: p.MatchKey()}
}

// alphanumericSender keys a name by what a reader takes for the same one:
// without regard to case and to invisible marks.
func alphanumericSender(s string) Sender {
	key := strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return foldCase(r)
	}, s)
	return Sender{Kind: SenderAlphanumeric, Address: s, Key: MatchKey("x:" + key)}
}

// foldCase returns one representative of all characters that differ from r by
// case only.
func foldCase(r rune) rune {
	if r < utf8.RuneSelf {
		return unicode.ToLower(r)
	}
	first := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		first = min(first, next)
	}
	return unicode.ToLower(first)
}

// storable returns s trimmed and cut, with U+FFFD for what a database or a
// page cannot hold. Applied again, it changes nothing.
func storable(s string) string {
	s = strings.TrimSpace(s)
	clean, count := true, 0
	for i, r := range s {
		if count == maxSender {
			s = strings.TrimSpace(s[:i])
			break
		}
		count++
		clean = clean && r != utf8.RuneError && !unicode.IsControl(r)
	}
	if clean {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}
