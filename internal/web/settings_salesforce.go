package web

// SalesforcePage is the connection to the org's Salesforce: how to make it, or
// how it stands.
type SalesforcePage struct {
	Settings
	Connect   *SalesforceConnect // the form; nil while it is connected and not being changed
	Connected bool
	Here      bool // this process can reach Salesforce
	Before    string
	Who       SalesforceWho
	State     SalesforceState
	Checks    SalesforceChecks
	Package   SalesforcePackage
}

// SalesforceConnect asks for what a connection is made of.
type SalesforceConnect struct {
	Ways     []Option
	By       string
	About    string
	Warning  string // why this way can't work here; empty if it can
	Action   string
	Error    string
	Fields   []Input
	Key      bool // a private key is asked for
	KeyError string
	Callback Secret
	More     []Input
	MoreOpen bool
	Button   string
	Cancel   string // the page without the form; empty if there is none
}

// SalesforceLeavePage leads to Salesforce, for browsers that follow no redirect
// of a script's.
type SalesforceLeavePage struct {
	Settings
	URL  string
	Host string
}

// SalesforceWho says what is connected.
type SalesforceWho struct {
	Facts []Highlight
	Swap  bool
}

// SalesforceState is the part of the page that follows what is synced.
type SalesforceState struct {
	State     string // changes when the page has something new to show
	Every     string // how often it asks: "2s"
	Swap      bool
	Chip      Chip
	Line      *Notice // what is wrong, or what is being waited for
	Objects   []SyncedObject
	Waiting   string // "3 records and 12 texts are still to be written."
	Calls     string
	CallsUsed int64
	CallsMax  int64 // 0: Salesforce has not said
	CallsOurs string
	Unwritten string // "3 could not be written"; empty for none
}

// SyncedObject is how far an object has been read.
type SyncedObject struct {
	Object string
	Plural string
	Rows   int64
	Total  int64 // 0: not known
	Count  string
	Chip   Chip
	Loads  bool
	Read   Age
}

// SalesforceChecks is the list of what was looked at.
type SalesforceChecks struct {
	List  []Check
	Line  string // "1 problem, 2 warnings. Checked just now."
	Error string
	Wait  bool // it is not known yet: the page asks for it
	Again string
	Swap  bool
	Who   SalesforceWho
	Pack  SalesforcePackage
}

// SalesforcePackage is what is installed in the org, and the way to it.
type SalesforcePackage struct {
	Swap    bool
	Chip    Chip
	Version string // that would be installed; empty until it is known
	Wanted  bool   // nothing goes to the org without it
	Button  string // empty while it is being installed, or nothing can be
	Error   string
	Running bool
	Done    int
	Total   int
	Line    string
}

// UnwrittenPage lists what Salesforce did not take.
type UnwrittenPage struct {
	Settings
	Rows []UnwrittenRow
	More string
}

// UnwrittenRow is one record, text or bell that Salesforce did not take.
type UnwrittenRow struct {
	Kind    string
	ID      string
	Object  string
	Name    string
	URL     string // where it can be mended
	Field   string // the label of the field that it is about
	Reason  string
	When    Age
	Tries   string
	Mend    string // "Edit Email"
	MendURL string
}
