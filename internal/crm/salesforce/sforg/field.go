package sforg

// A FieldType is a field's type as describe names it.
type FieldType string

// The field types that this org has.
const (
	TypeID        FieldType = "id"
	TypeString    FieldType = "string"
	TypeTextArea  FieldType = "textarea"
	TypePhone     FieldType = "phone"
	TypeEmail     FieldType = "email"
	TypeURL       FieldType = "url"
	TypePicklist  FieldType = "picklist"
	TypeBoolean   FieldType = "boolean"
	TypeDouble    FieldType = "double"
	TypeInt       FieldType = "int"
	TypeDate      FieldType = "date"
	TypeDateTime  FieldType = "datetime"
	TypeReference FieldType = "reference"
	TypeAddress   FieldType = "address" // compound: made of its components
	TypeName      FieldType = "name"    // in the change feed only: see Field.Compound
)

// A Field is a field of an object.
type Field struct {
	Name   string
	Label  string
	Type   FieldType
	Length int // of text, in characters; 0: Salesforce's default of the type

	Required      bool // on create
	ReadOnly      bool // neither createable nor updateable
	FixedOnCreate bool // createable, not updateable
	Defaulted     bool // an omitted value is filled in
	Default       any

	// A calculated field has no value of its own: Name of a person, a compound
	// address. Change events carry its components instead.
	Calculated bool
	// Formula makes the value of a calculated field from those that are stored.
	// What it depends on may change it without a trace: no stamp, no event.
	Formula func(fields map[string]any) any
	// Compound names the calculated field that this one is a component of:
	// Name for FirstName, MailingAddress for MailingCity.
	Compound string

	ExternalID    bool
	Unique        bool
	CaseSensitive bool // of a unique text

	ReferenceTo  []string // objects that a reference may point at
	Relationship string   // its name in SOQL: Owner, Contact__r
	Children     string   // what the target calls the records that point at it: Contacts, Messages__r
	Values       []string // of a picklist
	Restricted   bool     // a picklist that takes no other value

	ordinal int
}

// Custom reports whether the field was made for this org.
func (f *Field) Custom() bool {
	n := len(f.Name)
	return n > 3 && f.Name[n-3:] == "__c"
}
