package web

// HomePage says what waits, and how the rule is doing.
type HomePage struct {
	Page
	Greeting string // "Good morning, Dana"
	Line     string // "7 senders wait for you"
	Spans    []Option
	Figures  []Figure
	Chart    Chart
	Reasons  []ReasonRow
	Longest  []WaitingRow
	AllText  string // "All 7"
	Times    []TimeBar
	TimesOf  string // "41 senders placed by people"
	Moved    []MovedRow
	MovedAll int
	Channels bool // there is one; without, the page leads to making it
	Empty    bool // no text has come yet
}

// A Figure is one card with a number.
type Figure struct {
	Title string
	Value string // "94.4 %"; "–" before the first text
	Unit  string // "of texts"
	Note  string
	Start bool // it is what waits, and something does
	Brand bool
}

// Chart is a stacked column for each day, in the numbers of its drawing.
type Chart struct {
	Title   string // for those who can't see it
	Lines   []ChartLine
	Columns []ChartColumn
}

// A ChartLine is a horizontal line with its figure.
type ChartLine struct {
	Y, TextY int
	Label    string
}

// A ChartColumn is one day.
type ChartColumn struct {
	X, Middle int
	Label     string // "Tue 17", "Today"
	Total     string
	TotalY    int
	Current   bool
	Parts     []ChartPart
}

// A ChartPart is one reason's part of a day.
type ChartPart struct {
	Class     string // of its colour
	X, Y      int
	Height    int
	Width     int
	Tip       string // "Only match: 131"
	BottomEnd bool
}

// A ReasonRow is a line of the table beside the chart, and its legend.
type ReasonRow struct {
	Class string
	Label string
	Count string
	Share string
	URL   string
}

// A WaitingRow is a sender that has waited long.
type WaitingRow struct {
	URL    string
	Number string
	Chip   Chip
	Age    Age
	Body   string
}

// A TimeBar is how many senders were placed within a time.
type TimeBar struct {
	Label string
	Count string
	Width int // of 100
	Late  bool
}

// A MovedRow is a placement of the rule that a person changed.
type MovedRow struct {
	Name, URL     string // of the text
	Chose, Moved  RecordLink
	Reason        string
	By            string
	When          Age
	TakenOffQueue bool // it was put back, not moved
}

// A RecordLink names a record and leads to it.
type RecordLink struct {
	URL, Object, Name string
}
