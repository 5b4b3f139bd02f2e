package web

// SetupPage makes the first admin and names the organization.
type SetupPage struct {
	Page
	Token string
	Error string
	You   []Input
	Them  []Input // the organization
}

// ChannelSetupPage gets the first text in: three steps on one page.
type ChannelSetupPage struct {
	Page
	Providers []Option
	Form      ChannelForm
	Channel   *ConnectedChannel // nil until step 1 is done
	Checks    []Check
}

// ChannelForm asks for what a channel is made of.
type ChannelForm struct {
	Action   string
	Provider string
	Title    string // the provider's own name
	Error    string
	Fields   []Input
	Button   string
}

// ConnectedChannel is a channel on its way to the first text.
type ConnectedChannel struct {
	ID       string
	Provider string // what a sentence calls it
	Summary  string // "TrueDialog, as Main line with (512) 555-0100."
	Bell     string // "Unassigned texts ring your bell, because you connected it."
	Number   string
	Address  Secret
	Secret   *Secret // what is to be pasted there; nil if the provider makes it
	Steps    []string
	Live     ChannelLive
}

// A Secret is shown cut, and copied whole.
type Secret struct {
	ID    string
	Label string // "webhook address"
	Value string
	Brand bool
}

// ChannelLive is the part of the page that follows what arrives.
type ChannelLive struct {
	ID     string
	State  string // changes when the page has something new to show
	Swap   bool   // it is an answer to the page's own question
	Line   Notice
	Result *TestResult
	Checks []Check
}

// A Notice is a sentence with a state.
type Notice struct {
	Kind string // none, several, done, error
	Icon string
	Text string
	Wait bool // something is being waited for
}

// TestResult is the newest text of the channel, and what became of it.
type TestResult struct {
	Name, URL string
	From      string
	Body      string
	Chip      Chip
	Because   string
	When      Age
}

// A Check is one thing that has to be right for texts to arrive.
type Check struct {
	Kind string // done, several, error
	Icon string
	Text string
	Note string
}
