package switchboard

import (
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"time"
)

// RemoteRecord is a record as Salesforce holds it.
type RemoteRecord struct {
	SalesforceID string // 18 characters
	Object       Object
	// Fields holds every field that was asked for, by Salesforce's name: nil
	// where Salesforce has no value. A field that is missing was not read, and
	// nothing is known about it. Ids of other records are Salesforce's.
	Fields  Fields
	Stamp   time.Time // SystemModstamp: of the whole record, not of a field
	Deleted bool
	// MasterID is the record that this one was merged into; only a deleted one has it.
	MasterID string
	// ConvertedID is what a converted Lead became: its Contact, or its Account
	// where the org has person accounts.
	ConvertedID string
	// Key is the external id by which we made it: our record's id; "" for one
	// that was made there.
	Key string
}

// Gone reports whether the record has stopped matching: it was deleted, merged
// into another or converted.
func (r *RemoteRecord) Gone() bool { return r.Deleted || r.ConvertedID != "" }

// StandIn returns the id of the record that stands for this one now: the winner
// of a merge, or what a Lead became; "" if none does.
func (r *RemoteRecord) StandIn() string {
	if r.ConvertedID != "" {
		return r.ConvertedID
	}
	if r.Deleted {
		return r.MasterID
	}
	return ""
}

// RemoteMessage is an SMS__c row as Salesforce holds it: what people may change
// about one, and who did.
type RemoteMessage struct {
	SalesforceID string
	MessageID    string // its external id: our message's id
	// Lookups holds the id of the record that each lookup names, by object; an
	// empty lookup is missing.
	Lookups    map[Object]string
	Stamp      time.Time
	ModifiedBy string // the Salesforce user's id
	Deleted    bool
}

// RemoteUser is a user of the Salesforce org.
type RemoteUser struct {
	SalesforceID string
	Email        string
	Name         string
	Active       bool
}

// RemoteUnknownNumbers is Create Records From Unknown Numbers as the org's
// custom metadata says it.
type RemoteUnknownNumbers struct {
	Enabled    bool
	Object     Object
	PhoneField string
	Fields     map[string]string
	Owner      string `json:",omitempty"` // as the admin there wrote it; "" leaves it to the channel
	OwnerID    string `json:"-"`          // the Salesforce id of that user, "" if there is none
}

// SMSObject is the object of our messages in Salesforce.
const SMSObject Object = "SMS__c"

// SalesforceIDLength is that of an id in the form that is kept: 15 characters,
// which tell upper from lower case, and 3 that repeat which of them are upper.
const SalesforceIDLength = 18

// ParseSalesforceID returns a Salesforce id in its 18 characters, from either
// of its forms; false for what is no id.
func ParseSalesforceID(s string) (string, bool) {
	if len(s) != 15 && len(s) != SalesforceIDLength {
		return "", false
	}
	var suffix [3]byte
	for i := range 15 {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z':
			suffix[i/5] |= 1 << (i % 5)
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		default:
			return "", false
		}
	}
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	for i, b := range suffix {
		suffix[i] = digits[b]
	}
	if len(s) == SalesforceIDLength && !strings.EqualFold(s[15:], string(suffix[:])) {
		return "", false
	}
	return s[:15] + string(suffix[:]), true
}

// SameValue reports whether two values of a field are the same to Salesforce,
// which knows no empty text, trims what it stores, and writes 12.0 as it likes.
func SameValue(a, b any) bool {
	a, b = plainValue(a), plainValue(b)
	if a == b {
		return true
	}
	x, xok := a.(float64)
	y, yok := b.(float64)
	return xok && yok && x == y
}

// plainValue returns nil, a string, a bool or a float64.
func plainValue(value any) any {
	switch v := value.(type) {
	case string:
		s := strings.TrimSpace(strings.ReplaceAll(v, "\r\n", "\n"))
		switch len(s) {
		case 0:
			return nil
		case len(v):
			return value
		}
		return s
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return string(v)
		}
		return f
	case int:
		return float64(v)
	case int64:
		return float64(v)
	}
	return value
}

// withValues returns the fields without those that have no value.
func (f Fields) withValues() Fields {
	g := maps.Clone(f)
	maps.DeleteFunc(g, func(_ string, v any) bool { return v == nil || v == "" })
	return g
}
