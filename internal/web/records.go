package web

// RecordsPage is a list of the records of one object.
type RecordsPage struct {
	Page
	Object  string // Contact
	Plural  string // Contacts
	Query   string
	URL     string // of the list itself
	Count   string // "48 contacts", or how many are shown of more
	Filters []Option
	Columns []string
	Rows    []RecordRow
	Sorted  bool   // by name
	Show    string // the filter, for the search in it
	First   string // address of the first page, when this is a later one
	NextURL string
	Deleted bool   // the list of what was deleted
	NewURL  string // "" for who may not create
	New     string // "New Contact"
	Empty   string // why the list is empty
}

// A RecordRow is one record of a list.
type RecordRow struct {
	URL    string
	Object string
	Name   string
	Line   string // on a phone: the most telling values
	Cells  []Cell
}

// A Cell is one value of a row.
type Cell struct {
	Text string
	URL  string
	Warn string // why a phone field cannot be read
}
