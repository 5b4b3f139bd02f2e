package web

// MessagePage is the SMS record page.
type MessagePage struct {
	Page
	ID       string
	Name     string // SMS-000128
	URL      string
	There    string // its address in Salesforce; empty if it is not there
	State    Chip
	Line     string // "from (512) 555-0177 to Main line, 4 minutes ago"
	Waits    bool   // unassigned: the candidates can be chosen
	Place    string // "1 of 7", empty when it does not wait
	PrevURL  string
	NextURL  string
	Number   string
	Known    string // "Austin, TX"
	When     Age
	Body     []Segment
	Empty    bool // it has neither words nor anything with them
	Media    []Media
	OptOut   string // "(425) 555-0163 opted out on Nov 20. …"
	Repeat   string // a possible repeat of another text
	Conflict *Conflict
	Earlier  Conversation
	Details  Details
	Why      Why
	Next     *NextUp
	TakeOff  bool // it is on a record, and this user may take it off
	Dismiss  *DismissMenu
	Version  string
}

// Conversation is what else was exchanged with the sender.
type Conversation struct {
	Title string // "Earlier from this number", "Conversation with Ada Okafor"
	Count int
	Fold  string // "2 earlier texts from this number", on a phone
	Thread
}

// A Thread is texts by day, the long-ago ones folded.
type Thread struct {
	Older     []Day
	OlderText string // "38 earlier texts"
	Days      []Day
}

// DismissMenu offers to put a text aside.
type DismissMenu struct {
	ID     string
	Number string
	Return string
	Others int // more waiting texts of this sender
}

// Conflict says that somebody was faster, and what was not saved.
type Conflict struct {
	What   string // "Sam Ortiz assigned this to Ben Okafor 8 seconds ago."
	Lost   string // "Your choice, Ada Okafor, was not saved."
	Keep   string // "Keep Ben Okafor"
	Record string // id of the lost choice
	Name   string // its name
	ID     string // message
	URL    string
	Return string
	Along  bool
}

// Why is the panel that explains a decision and offers the next one.
type Why struct {
	ID         string // of the message; also tells panels on one page apart
	Because    string
	Waits      bool
	Writes     bool
	Return     string
	Candidates []Candidate
	Hidden     int    // candidates behind "2 more"
	Others     int    // more waiting texts of this sender
	CanLink    bool   // "Remember this number" makes sense
	NewContact bool   // the sender can become a contact
	TakeOff    bool   // it is on a record, and this user may take it off
	Undo       string // token of this placement, while it can be taken back
	NextText   string // what the next text from this number will do
	Later      string // what changed, when the rule placed it later
	CameAlong  []Along
	Steps      []Step
	Settings   string // version of the settings that decided
	Dismiss    *DismissMenu
	Version    string
}

// MoreCandidates are those that stay folded at first.
func (w Why) MoreCandidates() []Candidate {
	if len(w.Candidates) <= shownCandidates {
		return nil
	}
	return w.Candidates[shownCandidates:]
}

// FirstCandidates are those shown at once.
func (w Why) FirstCandidates() []Candidate {
	return w.Candidates[:min(len(w.Candidates), shownCandidates)]
}

const shownCandidates = 3

// Along is a later text that came to the record by the link that a placement
// made; taking off that placement leaves it to the person.
type Along struct {
	ID   string
	Name string
	Body string
}

// A Step is one line of how a message was decided.
type Step struct {
	Text string
	Last bool
	Kind string // done or several, for the last one
}

// NextUp is the next sender that waits.
type NextUp struct {
	URL    string
	Number string
	Chip   Chip
	Age    Age
	Body   string
	Left   string // "6 left"
}

// Details is the section of fields, as text or as a form.
type Details struct {
	ID       string
	URL      string
	Name     string
	Number   string
	Received string
	Channel  string
	Status   string
	Fields   []RecordField // Contact, Lead, Account
	Editing  bool
	Writes   bool
	Error    string
	Version  string
	Return   string
}

// A RecordField is one of the lookups of an SMS record.
type RecordField struct {
	Key     string // contact
	NewPath string // of the form of a new one; empty where none is made here
	Label   string // Contact
	Object  string
	ID      string // of the chosen record; empty for none
	Name    string
	URL     string
	Query   string // what was typed and led to no choice
	Changed bool
	Focus   bool
	Error   string
	Choices []LookupOption
	Message string
}

// Plural is what people call the records to choose from.
func (f RecordField) Plural() string { return plural(f.Object) }

// Text is what stands in the field.
func (f RecordField) Text() string {
	if f.ID != "" {
		return f.Name
	}
	return f.Query
}
