package switchboard

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Settings are what an org has decided. Version grows with each change, and
// every decision says under which it was made.
type Settings struct {
	Version        int64
	OrgName        string
	Region         string // completes national numbers; "" until set-up, then the first channel's
	TimeZone       string // IANA name, for dates in pages and created records; "" is UTC
	PhoneFields    PhoneFields
	UnknownNumbers UnknownNumbers
}

// UnknownNumbers is Create Records From Unknown Numbers: what is created when a
// text comes from a number that no record has.
type UnknownNumbers struct {
	Enabled    bool              `json:"enabled"`
	Object     Object            `json:"object"`
	PhoneField string            `json:"phone_field"`
	Fields     map[string]string `json:"fields"`
	OwnerID    string            `json:"owner_id,omitempty"` // a user of Switchboard; "" is the channel's authenticated user
}

// DefaultUnknownNumbers returns the setting of a new org: off.
func DefaultUnknownNumbers() UnknownNumbers {
	return UnknownNumbers{Object: Contact, PhoneField: "MobilePhone", Fields: map[string]string{"LastName": "Unknown {phone}"}}
}

// Placeholders returns the names that may stand in braces in the values of
// [UnknownNumbers].
func Placeholders() []string { return []string{"phone", "national", "date", "channel", "body"} }

// Check reports what keeps u from being used. The phone field must be one that
// is matched, or the next text would make a second record; no other matched
// field may hold a fixed number, or the new record would match a stranger.
func (u UnknownNumbers) Check(matched PhoneFields) error {
	if _, err := ParseObject(string(u.Object)); err != nil {
		return err
	}
	found := false
	for _, f := range matched[u.Object] {
		found = found || f == u.PhoneField
		if v, ok := u.Fields[f]; ok && f != u.PhoneField && v != "" {
			return Invalid(f, "%s is matched, so it can't have a value of its own here: leave it out.", FieldLabel(f))
		}
	}
	if !found {
		return Invalid("phone_field", "%q is not one of the matched phone fields of %s. A record made without one would not be found by the next text.", truncate(u.PhoneField, 40), u.Object)
	}
	for name, v := range u.Fields {
		if utf8.RuneCountInString(v) > 1000 {
			return Invalid(name, "The value is longer than 1,000 characters.")
		}
		if bad, ok := unknownPlaceholder(v); ok {
			return Invalid(name, "There is no placeholder {%s}. Use {phone}, {national}, {date}, {channel} or {body}.", bad)
		}
	}
	f := Fields{u.PhoneField: "+15125550177"}
	for name, v := range u.Fields {
		f[name] = v
	}
	return CheckFields(u.Object, f)
}

func unknownPlaceholder(v string) (string, bool) {
	for {
		_, rest, ok := strings.Cut(v, "{")
		if !ok {
			return "", false
		}
		name, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", false
		}
		known := false
		for _, p := range Placeholders() {
			known = known || p == name
		}
		if !known {
			return truncate(name, 40), true
		}
		v = after
	}
}

// MayCreate reports whether a record may be made for a sender: only for a full
// number that is neither blocked nor opted out.
func (u UnknownNumbers) MayCreate(s Sender, blocked, optedOut bool) bool {
	return u.Enabled && s.Kind == SenderPhone && !blocked && !optedOut
}

// RecordFields returns the fields of the record that is created for a text
// from phone. The phone field always holds the number in E.164.
func (u UnknownNumbers) RecordFields(phone Phone, channel, body string, at time.Time) Fields {
	r := strings.NewReplacer(
		"{phone}", string(phone),
		"{national}", phone.National(),
		"{date}", at.Format(time.DateOnly),
		"{channel}", channel,
		"{body}", truncate(oneLine(body), 200),
	)
	f := make(Fields, len(u.Fields)+1)
	for name, v := range u.Fields {
		if s := strings.TrimSpace(r.Replace(v)); s != "" {
			f[name] = s
		}
	}
	for _, name := range RequiredFields(u.Object) {
		if f.Text(name) == "" { // a placeholder may have come out empty, such as {body} of a picture
			f[name] = "Unknown " + string(phone)
		}
	}
	f[u.PhoneField] = string(phone)
	return f
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// Wish is what a text asks for by a keyword.
type Wish int

// The wishes.
const (
	NoWish     Wish = iota
	WishOptOut      // no more texts
	WishOptIn       // texts again
)

// KeywordWish returns the wish of a text that consists of an opt-out or opt-in
// keyword and nothing else. The words are those that the FCC (47 CFR
// 64.1200(a)(10)) and the providers name; case, punctuation and quotes around
// them don't matter. A YES is no wish: it answers questions too.
func KeywordWish(body string) Wish {
	if len(body) > 64 {
		return NoWish
	}
	word := strings.Join(strings.FieldsFunc(strings.ToLower(body), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}), " ")
	switch word {
	case "stop", "stopall", "stop all", "quit", "end", "revoke", "optout", "opt out", "cancel", "unsubscribe", "arret", "arrêt":
		return WishOptOut
	case "start", "unstop", "optin", "opt in", "subscribe":
		return WishOptIn
	}
	return NoWish
}

// Repair returns s as a database and a page can hold it: NUL and what is not
// UTF-8 become U+FFFD. The second result says whether anything was changed.
func Repair(s string) (string, bool) {
	if utf8.ValidString(s) && !strings.ContainsRune(s, 0) {
		return s, false
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD"), true
}
