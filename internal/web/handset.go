package web

// HandsetPage is a simulated phone, and the four situations of the rule, each
// one click away. Only the demo has it.
type HandsetPage struct {
	Page
	People     []HandsetPerson
	Ours       string // "Northside"
	Number     string // (512) 555-0100
	As         string // "Jonas Weber, (512) 555-0188"
	Person     string // id of who texts
	Days       []Day
	Situations []SituationCard
	Happened   *Happened
	Error      string
	Salesforce string // where the simulated org is, "" if there is none
	Return     string
}

// A HandsetPerson is somebody whose phone this can be.
type HandsetPerson struct {
	ID, Name, Ending, Initials string
	URL                        string
	Tone                       string // of the avatar: 1 to 4
	Current                    bool
}

// A SituationCard is one row of the rule's table, to be played.
type SituationCard struct {
	ID      string
	Number  string
	Title   string
	Drawing Drawing
	Promise Chip   // before: what will happen; after: what did
	Button  string // "Send as Miles"
	Played  bool
}

// Drawing says who stands in a situation's diagram.
type Drawing struct {
	Title string // for those who can't see it
	Nodes []DrawingNode
}

// A DrawingNode is a record, or the person who decides.
type DrawingNode struct {
	Kind  string // chosen, match, other, bell
	Name  string
	Y     int
	MidY  int
	Path  string // of the line from the phone
	Past  bool   // it has previous messages
	TickX int
	TickY int
}

// Happened explains what became of the text just sent.
type Happened struct {
	Line   string // "situation 3, 9:52 AM, decided and stored in 4 ms"
	Start  string // "Assigned to "
	Strong string // "Jonas Weber"
	Rest   string // ", because …"
	Name   string
	URL    string
	Steps  []HappenedStep
}

// A HappenedStep is one of the four steps.
type HappenedStep struct {
	Kind  string // done or several, for the last one
	Title string
	Note  string
}
