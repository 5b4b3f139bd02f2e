package switchboard

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Object is the kind of a record, by Salesforce's API name.
type Object string

// The objects whose records are matched.
const (
	Contact Object = "Contact"
	Lead    Object = "Lead"
	Account Object = "Account"
)

// Objects returns the objects in the order in which people see them.
func Objects() []Object { return []Object{Contact, Lead, Account} }

// Origin says how a record came to be.
type Origin string

// The origins of a record.
const (
	OriginPerson        Origin = "person"
	OriginImport        Origin = "import"
	OriginSalesforce    Origin = "salesforce"
	OriginUnknownNumber Origin = "unknown_number"
)

// Fields holds a record's values by Salesforce field name. A value is a
// string, a bool, or a number ([encoding/json.Number] or float64).
type Fields map[string]any

// Text returns the field as text, "" if it is missing or not text.
func (f Fields) Text(name string) string {
	s, _ := f[name].(string)
	return s
}

// Record is a row of the CRM: a Contact, a Lead, an Account, or one of a custom
// object.
type Record struct {
	ID           string
	Object       Object
	Name         string // derived from the fields: see [RecordName]
	Fields       Fields
	SalesforceID string
	Origin       Origin
	Deleted      bool
	Version      int64 // grows with each change
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// Ref returns what is needed to name the record.
func (r *Record) Ref() RecordRef { return RecordRef{ID: r.ID, Object: r.Object, Name: r.Name} }

// RecordRef names a record.
type RecordRef struct {
	ID     string `json:"id"`
	Object Object `json:"object"`
	Name   string `json:"name"`
}

// Limits of what a record may hold.
const (
	maxFields      = 200
	maxFieldName   = 80
	maxObjectName  = 60 // a namespace of 15, a name of 40, and the underscores
	maxPhoneFields = 20
	maxFieldValue  = 32_768 // runes; a Salesforce long text area holds 131,072, nothing we match holds more than 255
)

// ParseObject returns the object called name: one of [Objects], or a custom
// object of the org's own, such as Patient__c.
func ParseObject(name string) (Object, error) {
	for _, o := range Objects() {
		if string(o) == name {
			return o, nil
		}
	}
	if o := Object(name); o.Custom() && o != SMSObject {
		return o, nil
	}
	return "", Invalid("object", "There is no object %q. Use Contact, Lead, Account, or a custom object such as Patient__c.", truncate(name, 40))
}

// Custom reports whether the object is one that an org made for itself. Its
// records are called by their field Name.
func (o Object) Custom() bool {
	return strings.HasSuffix(string(o), "__c") && len(o) > len("__c") && len(o) <= maxObjectName && validFieldName(string(o))
}

// RequiredFields returns the fields without which Salesforce refuses a record
// of the object.
func RequiredFields(o Object) []string {
	switch o {
	case Contact:
		return []string{"LastName"}
	case Lead:
		return []string{"LastName", "Company"}
	case Account:
		return []string{"Name"}
	}
	return nil
}

// RecordName returns the name that people see for a record with these fields.
func RecordName(o Object, f Fields) string {
	if o == Account || o.Custom() {
		return strings.TrimSpace(f.Text("Name"))
	}
	name := strings.TrimSpace(f.Text("FirstName") + " " + f.Text("LastName"))
	return name
}

// CheckFields reports what keeps the fields from being a record of the object:
// a required one that is missing, a name that is no field name, a value that
// is neither text, number nor bool, or one that is too long. The error names
// the field.
func CheckFields(o Object, f Fields) error {
	for _, name := range RequiredFields(o) {
		if strings.TrimSpace(f.Text(name)) == "" {
			return Invalid(name, "Enter %s.", withArticle(strings.ToLower(FieldLabel(name))))
		}
	}
	if len(f) > maxFields {
		return Invalid("fields", "A record holds at most %d fields.", maxFields)
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !validFieldName(name) {
			return Invalid("fields", "%q is not a Salesforce field name.", truncate(name, 40))
		}
		switch v := f[name].(type) {
		case string:
			if utf8.RuneCountInString(v) > maxFieldValue {
				return Invalid(name, "%s is longer than %d characters.", FieldLabel(name), maxFieldValue)
			}
		case nil:
			return Invalid(name, "%s has no value.", FieldLabel(name))
		case map[string]any, []any:
			return Invalid(name, "%s must be text, a number, true or false.", FieldLabel(name))
		}
	}
	return nil
}

func withArticle(noun string) string {
	if strings.IndexByte("aeiou", noun[0]) >= 0 {
		return "an " + noun
	}
	return "a " + noun
}

func validFieldName(s string) bool {
	if s == "" || len(s) > maxFieldName {
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

// FieldLabel returns the words that Salesforce's pages use for a field:
// MobilePhone is Mobile, LastName is Last Name.
func FieldLabel(name string) string {
	switch name {
	case "MobilePhone":
		return "Mobile"
	case "AccountId":
		return "Account Name"
	case "Name":
		return "Account Name"
	case "link":
		return "Remembered number"
	}
	if custom, ok := strings.CutSuffix(name, "__c"); ok {
		name = custom
	} else if lookup := strings.TrimSuffix(name, "Id"); lookup != "" {
		name = lookup
	}
	var b strings.Builder
	for i, r := range name {
		if r == '_' {
			b.WriteByte(' ')
			continue
		}
		if i > 0 && r >= 'A' && r <= 'Z' && name[i-1] >= 'a' && name[i-1] <= 'z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// PhoneFields says which fields of each object are matched.
type PhoneFields map[Object][]string

// DefaultPhoneFields returns the fields that are matched unless the org says
// otherwise. AssistantPhone and Fax belong to somebody else or to a machine.
func DefaultPhoneFields() PhoneFields {
	return PhoneFields{
		Contact: {"MobilePhone", "Phone", "HomePhone", "OtherPhone"},
		Lead:    {"MobilePhone", "Phone"},
		Account: {"Phone"},
	}
}

// Check reports what keeps p from being used: an object that there is none of,
// a name that is no field name, or a field named twice.
func (p PhoneFields) Check() error {
	for _, o := range slices.Sorted(maps.Keys(p)) {
		if _, err := ParseObject(string(o)); err != nil {
			return Invalid("phone_fields", "There is no object %q. Use Contact, Lead, Account, or a custom object such as Patient__c.", truncate(string(o), 40))
		}
		if len(p[o]) > maxPhoneFields {
			return Invalid("phone_fields", "At most %d fields of an object can be matched.", maxPhoneFields)
		}
		for i, f := range p[o] {
			if !validFieldName(f) || f == LinkField {
				return Invalid("phone_fields", "%q is not a Salesforce field name.", truncate(f, 40))
			}
			if slices.Contains(p[o][:i], f) {
				return Invalid("phone_fields", "%s of %s is named twice.", f, o)
			}
		}
	}
	return nil
}

// RecordNumber is one number of one field of a record.
type RecordNumber struct {
	Field string
	Value string // as it stands in the record
	Phone Phone
	Key   MatchKey
}

// RejectedNumber is a phone field that cannot be read, or not wholly.
type RejectedNumber struct {
	Field  string
	Value  string
	Reason string // a sentence for a person
}

// RecordRegion returns the region that completes a record's national numbers:
// its country field's, else orgRegion.
func RecordRegion(f Fields, orgRegion string) string {
	for _, name := range [...]string{"MailingCountryCode", "MailingCountry", "CountryCode", "Country", "BillingCountryCode", "BillingCountry"} {
		if v := f.Text(name); v != "" {
			if region, ok := CountryRegion(v); ok {
				return region
			}
		}
	}
	return orgRegion
}

// RecordNumbers reads the phone fields of a record. What cannot be read is
// reported, not guessed.
func RecordNumbers(o Object, f Fields, fields PhoneFields, orgRegion string) ([]RecordNumber, []RejectedNumber) {
	var numbers []RecordNumber
	var rejected []RejectedNumber
	region := ""
	for _, field := range fields[o] {
		value := f.Text(field)
		if strings.TrimSpace(value) == "" {
			continue
		}
		if region == "" {
			region = RecordRegion(f, orgRegion)
		}
		phones, err := ParsePhoneField(value, region)
		for _, p := range phones {
			numbers = append(numbers, RecordNumber{Field: field, Value: value, Phone: p, Key: p.MatchKey()})
		}
		if err != nil {
			rejected = append(rejected, RejectedNumber{Field: field, Value: value, Reason: err.Error()})
		}
	}
	return numbers, rejected
}

func truncate(s string, runes int) string {
	n := 0
	for i := range s {
		if n == runes {
			return s[:i] + "…"
		}
		n++
	}
	return s
}
