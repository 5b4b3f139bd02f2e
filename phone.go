package switchboard

import (
	"strings"
	"unicode/utf8"
)

// PhoneMetadataVersion names the rules that numbers are read and matched by:
// our own, counted by the leading number, and the numbering plans of the
// phone-number library. It is stored beside every index of match keys; where
// the stored one differs, records have to be indexed again.
const PhoneMetadataVersion = "1 phonenumbers v1.8.1"

// Phone is a telephone number in E.164 form, such as "+15125550177": a plus
// sign, a country's calling code and the national number, 7 to 15 digits in
// all. The zero value is no number. ParsePhone makes one; a Phone read back
// from the store is trusted.
type Phone string

// MatchKey is what the variants of a number have in common: two senders or
// record fields belong together exactly when their keys are equal. A key is
// for comparing only; it need not be a number that can be called.
type MatchKey string

// ParsePhone reads one telephone number the way CRMs and people write them:
// national or international, with the usual punctuation, in any script's
// digits, as a tel: or sms: URI, with an extension (dropped), a label from a
// short list ("cell 512…") or a trailing remark in parentheses (dropped).
// Anything else around the number makes it no number: none is ever dug out of
// prose, and letters are not turned into digits.
//
// The region, an ISO 3166-1 alpha-2 code in capitals, completes a number
// written in national form. Without a known region only numbers in
// international form can be read.
//
// A number counts as one when its length is possible in its country, whether
// or not it has been assigned. Its text is read only up to 64 characters.
//
// The error is always a [*PhoneError].
func ParsePhone(s, region string) (Phone, error) {
	if p, ok := parseNANP(s, region); ok {
		return p, nil
	}
	p, reason := readPhone(s, region, fromPeople)
	if reason != "" {
		return "", newPhoneError(s, reason)
	}
	return p, nil
}

// MatchKey returns the key that all forms of p share. Three countries have
// numbers that go by two forms, and both reach the same telephone:
//
//   - Mexico: +52 and, for mobiles until 2019, +521;
//   - Argentina: +54, and +549 for mobiles called from abroad;
//   - Brazil: mobiles with and without the ninth digit. Only numbers that
//     begin with 6 to 9 after the area code have gained one; landlines
//     (2 to 5) never did.
//
// The zero Phone has the empty key, which no sender and no number has.
func (p Phone) MatchKey() MatchKey {
	switch {
	case isOldMexicanMobile(string(p)):
		return MatchKey("+52" + p[len("+521"):])
	case len(p) == len("+5491123456789") && strings.HasPrefix(string(p), "+549"):
		return MatchKey("+54" + p[len("+549"):])
	case len(p) == len("+551187654321") && strings.HasPrefix(string(p), "+55") &&
		p[3] != '0' && p[4] != '0' && p[5] >= '6':
		return MatchKey(p[:5] + "9" + p[5:])
	}
	return MatchKey(p)
}

// PhoneReason says why a text is not a telephone number.
type PhoneReason string

const (
	PhoneEmpty          PhoneReason = "empty"           // nothing, or nothing visible
	PhoneNotANumber     PhoneReason = "not_a_number"    // prose, letters, more than a number
	PhoneTooShort       PhoneReason = "too_short"       // digits are missing, often the area code
	PhoneTooLong        PhoneReason = "too_long"        // more digits, or more text, than a number has
	PhoneImpossible     PhoneReason = "impossible"      // no number of its country has this form
	PhoneNoCountry      PhoneReason = "no_country"      // national form, and no region to complete it
	PhoneUnknownCountry PhoneReason = "unknown_country" // no country has this calling code
)

// PhoneError is why a text could not be read as a telephone number.
type PhoneError struct {
	Input  string // the text, valid UTF-8, cut to about 64 characters
	Reason PhoneReason
}

func newPhoneError(input string, reason PhoneReason) *PhoneError {
	return &PhoneError{Input: excerpt(input), Reason: reason}
}

// Error is a sentence for the person who looks after the record.
func (e *PhoneError) Error() string {
	input := "“" + e.Input + "”"
	switch e.Reason {
	case PhoneEmpty:
		return "there is no phone number"
	case PhoneTooShort:
		return input + " is too short for a phone number; is the area code missing?"
	case PhoneTooLong:
		return input + " is too long for one phone number"
	case PhoneImpossible:
		return input + " has a length or form that no phone number of its country has"
	case PhoneNoCountry:
		return input + " does not say its country; write it as +, country code, number, or set the record's country"
	case PhoneUnknownCountry:
		return input + " begins with a country code that no country has"
	}
	return input + " is not a phone number; write just the number, in digits"
}

// maxExcerpt bounds, in characters, how much of a text an error repeats.
const maxExcerpt = 64

func excerpt(s string) string {
	n := 0
	for i := range s {
		if n == maxExcerpt {
			return strings.ToValidUTF8(s[:i], string(utf8.RuneError)) + "…"
		}
		n++
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}
