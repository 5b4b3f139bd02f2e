package web

// UnassignedPage is the queue: one row a sender, and the current one's
// conversation beside it.
type UnassignedPage struct {
	Page
	Summary  string // "7 senders · 12 texts · oldest 3 h"
	Updated  Age    // "just now"
	Filters  []Option
	Channels []Option
	Orders   []Option
	Rows     []QueueRow
	Preview  *Preview
	Since    string // the place in the stream of changes that the rows show
	NextURL  string // the next page of rows; empty at the end
	Empty    *EmptyQueue
}

// Filter is the current filter.
func (p UnassignedPage) Filter() Option { return current(p.Filters) }

// Channel is the current choice of channel.
func (p UnassignedPage) Channel() Option { return current(p.Channels) }

// Order is the current order of the rows.
func (p UnassignedPage) Order() Option { return current(p.Orders) }

func current(options []Option) Option {
	for _, o := range options {
		if o.Current {
			return o
		}
	}
	return Option{}
}

// EmptyQueue says why the list has no row.
type EmptyQueue struct {
	Filter  string // the filter without a result; empty when nothing waits at all
	Waiting string // "7 senders wait under other filters."
	AllURL  string
	AllText string // "Show all 7"
	Placed  string // "14 texts of today were placed by the rule."; empty for none
	Placing string // address of what was placed today; empty for nothing
}

// A QueueRow is one sender that waits.
type QueueRow struct {
	ID         string // of the newest waiting message
	URL        string
	Number     string
	Unread     bool
	Texts      string // "3 texts", empty for one
	Known      string // "Austin, TX · first heard today"
	Chip       Chip
	Age        Age
	Body       string
	Current    bool
	Return     string
	Version    string
	Candidates []Candidate
	More       int // candidates that are not shown
	Block      bool
	NewContact bool // the sender can become a contact
	Writes     bool
}

// A Candidate is a record that has the sender's number.
type Candidate struct {
	ID       string
	URL      string
	Object   string
	Name     string
	Account  string // "Okafor Interiors"
	Fields   []MatchedField
	Last     string // "None", "Friday at 4:12 PM"
	Mentions []string
	Key      int // 1 to 9, or 0
	Chosen   bool
	Writes   bool // this visitor may assign to it
}

// Field is the label of the first field that matched.
func (c Candidate) Field() string {
	if len(c.Fields) == 0 {
		return ""
	}
	return c.Fields[0].Label
}

// A MatchedField is where the number was found.
type MatchedField struct {
	Label string // "Mobile"
	Value string // as the record has it
}

// Preview is the pane beside the queue.
type Preview struct {
	ID     string
	Number string
	Name   string // SMS-000128
	URL    string
	There  string // its address in Salesforce; empty if it is not there
	Line   string // "To Main line (512) 555-0100 · Austin, TX · 3 texts"
	Thread Thread
	OptOut string
	Why    Why
}

// A Day is the texts of one day.
type Day struct {
	Label   string
	Bubbles []Bubble
}

// A Bubble is one text in a conversation.
type Bubble struct {
	ID       string
	Name     string
	URL      string
	Body     []Segment
	Outbound bool
	Time     string
	Note     string // "unassigned", "assigned along"
	Media    []Media
}

// Media is a picture or file that came with a text. It is shown as a link,
// never loaded by itself.
type Media struct {
	URL  string
	Type string
}

// NewSenders is the pill over the list: rows that came meanwhile wait behind
// it, so that nothing moves under the pointer.
type NewSenders struct {
	Gone  []GoneRow
	Count int
	Text  string
	URL   string
}

// A GoneRow stands where a sender stood whose text somebody else has placed
// meanwhile.
type GoneRow struct {
	ID     string
	URL    string
	Number string
	Chip   Chip
	By     string // "by Sam Ortiz"
}
