package salesforce

import (
	"strings"

	"github.com/switchboardhq/switchboard"
)

// LongID returns a record id in its 18 characters. Salesforce's pages and old
// integrations use 15, whose case matters; the other three say which letters
// are capitals, so that it survives what ignores case. ok is false if s is no
// id.
func LongID(s string) (id string, ok bool) { return switchboard.ParseSalesforceID(s) }

// SameID reports whether two ids name one record, in whichever form.
func SameID(a, b string) bool {
	long, ok := LongID(a)
	other, both := LongID(b)
	return ok && both && long == other
}

// validName reports whether s can be the API name of an object or a field: a
// letter, then letters, digits and underscores. It is what keeps a name from
// being anything else in a query or an address.
func validName(s string) bool {
	if s == "" || len(s) > 120 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || c != '_' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// validPath reports whether s is a field, or one of a parent: Account.Name.
func validPath(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) > 6 {
		return false
	}
	for _, p := range parts {
		if !validName(p) {
			return false
		}
	}
	return true
}

// truncate cuts s after so many runes.
func truncate(s string, runes int) string {
	n := 0
	for i := range s {
		if n == runes {
			return s[:i]
		}
		n++
	}
	return s
}
