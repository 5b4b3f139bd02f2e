package web

// RecordPage is a Contact, Lead or Account: its fields as Lightning shows
// them, and its messages.
type RecordPage struct {
	Page
	ID           string
	URL          string
	Object       string
	Name         string
	Line         string // "Created by Dana Reyes, Friday at 4:12 PM"
	Deleted      string // "Deleted. It matches no text …"; empty while it is not
	Writes       bool
	Version      string
	Highlights   []Highlight
	Details      RecordDetails
	Remembered   []RememberedNumber
	Conversation Conversation
	EarlierURL   string // older messages; empty when all are shown
	NoMessages   string
	ListURL      string      // of a custom object, which has no tab
	Sync         *RecordSync // nil where Salesforce has nothing to do with it
}

// A Highlight is one of the facts in the head of the page.
type Highlight struct {
	Label, Value, URL string
}

// RecordDetails are the fields, as text or as a form.
type RecordDetails struct {
	ID       string
	URL      string
	Object   string
	Writes   bool
	Version  string
	Was      string // what the fields held when the form was made
	Editing  bool
	Error    string
	Conflict string // somebody changed the record meanwhile
	Sections []FieldSection
}

// A FieldSection is a headed group of fields.
type FieldSection struct {
	Title  string
	Fields []DetailField
	Inputs []FormField // while editing
}

// A DetailField is a field and what it holds.
type DetailField struct {
	Name   string // MobilePhone
	Label  string // Mobile
	Value  string
	URL    string // of a record, an e-mail or a website
	Object string // of the record behind URL
	Copy   bool
	Warn   string // why it matches nothing
	Long   bool
}

// A RememberedNumber is one that a person linked to the record.
type RememberedNumber struct {
	ID     string
	Number string
	Line   string // "Dana Reyes, Friday at 4:12 PM"
}
