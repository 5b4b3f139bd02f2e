package web

import "strings"

// LookupList is the list under a search box of records.
type LookupList struct {
	Object string // Contact; empty for all objects
	Query  string
	Groups []LookupGroup
	NewURL string // of the dialog that makes a record; empty for none
}

// NewLabel is the name of the last option.
func (l LookupList) NewLabel() string { return "New " + objectLabel(l.Object) }

// Singular is the object in the middle of a sentence.
func (l LookupList) Singular() string {
	if l.Object == "" {
		return "record"
	}
	return strings.ToLower(objectLabel(l.Object))
}

// Found is how many matches there are.
func (l LookupList) Found() int {
	n := 0
	for _, g := range l.Groups {
		if !g.Recent {
			n += len(g.Options)
		}
	}
	return n
}

// A LookupGroup is one headed part of the list.
type LookupGroup struct {
	Title   string
	Recent  bool
	Options []LookupOption
}

// A LookupOption is one record to choose.
type LookupOption struct {
	ID     string
	Object string
	Name   string
	Marked []Segment // the name, with the typed letters marked
	Line   string    // "Okafor Interiors · (512) 555-0177"
	Side   string    // "has this number", "Fri"
}

// FindPage is the search of a record for browsers that do not open dialogs.
type FindPage struct {
	Page
	Dialog   FindDialog
	Query    string
	URL      string
	Messages []string
	Found    []LookupOption
}
