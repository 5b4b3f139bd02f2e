package web

// An Input is one field of a form of the pages around the desk.
type Input struct {
	ID          string
	Name        string
	Label       string
	Type        string // text, email, password, tel, select, area
	Value       string
	Complete    string // the autocomplete attribute
	Placeholder string
	Hint        string
	Error       string
	Options     []Option // of a select
	Required    bool
	Wide        bool
	Focus       bool
}

// withError returns the fields with the error at the one it is about, which
// gets the focus, and whether there is such a field.
func withError(fields []Input, name, message string) ([]Input, bool) {
	found := false
	for i := range fields {
		fields[i].Focus = false
		if fields[i].Name == name {
			fields[i].Error, fields[i].Focus, found = message, true, true
		}
	}
	return fields, found
}
