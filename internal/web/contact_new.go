package web

// NewRecordPage is the page of a new record, for browsers that do not open
// dialogs.
type NewRecordPage struct {
	Page
	Form RecordForm
}

// RecordForm is the form of a new record, inside a dialog or on a page.
type RecordForm struct {
	DOM      string // prefix of its element ids
	Object   string
	Title    string // "New Contact"
	Subtitle string // "for the text from (206) 555-0142"
	Action   string
	Cancel   string // where a plain page goes back to
	Hidden   []Hidden
	Error    string // "Last Name is missing."
	Fields   []FormField
	More     []FormField
	MoreOpen bool
	Likely   Likely
	Foot     string // "Saving also assigns this text to the new contact."
}

// A FormField is one field of a form.
type FormField struct {
	ID       string
	Name     string // of the form value
	Label    string
	Type     string // text, tel, email, lookup, area
	Value    string
	Complete string // the autocomplete attribute
	Required bool
	Error    string
	Hint     string
	HintIcon string
	Wide     bool // takes the whole row
	Focus    bool
	Watch    bool // likely duplicates are looked up when it is left

	// Of a lookup:
	Object     string
	RecordID   string
	RecordName string
	Query      string // more values for the lookup's address
}

// Likely are records that the new one may be a twin of.
type Likely struct {
	DOM     string
	Records []Duplicate
}

// A Duplicate is a record that looks like the one being made.
type Duplicate struct {
	ID      string
	Object  string
	Name    string
	Line    string // "Lead · Bell & Sons · Seattle"
	Because string // "Same name · Phone (206) 555-0124"
	Assign  string // address that assigns the text to it; empty to pick it for the field
}

// FindDialog searches one record for one or many texts.
type FindDialog struct {
	Title   string
	Note    string
	IDs     []string
	Version string // of the text, where it is one
	Scope   string
	Return  string
	Others  int
	Error   string
}
