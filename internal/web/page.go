package web

// Page is what every page of the app has: the frame around its content. Page
// structs embed it. Everything in it is prepared for display; templates
// decide markup, never facts.
type Page struct {
	Title    string // the page's own name, shown in the browser's tab
	Heading  string // the name shown in the header of a phone; Title if empty
	Section  string // the current tab: home, unassigned, contacts, leads, accounts, settings, one of Own, or none
	Own      []Tab  // of the custom objects that are matched
	Org      string
	User     User
	Theme    string // "light", "dark", or empty to follow the system
	KeysOff  bool   // the user switched single-key shortcuts off
	Waiting  int    // senders in Unassigned
	Bell     Bell
	Toasts   []Toast
	Return   string // this page's own address, where a form comes back to
	Focused  bool   // a phone shows the page's own head instead of the app's
	Detached bool   // the page does not follow live changes
	Now      int64  // when the page was written, in Unix milliseconds: browsers' clocks differ
}

// A Tab leads to a list.
type Tab struct {
	Section string // its address, after the slash
	Label   string
}

// PhoneTitle is the name in the header of a phone.
func (p Page) PhoneTitle() string {
	if p.Heading != "" {
		return p.Heading
	}
	return p.Title
}

// A User is the person who is looking.
type User struct {
	Name     string
	Email    string
	Initials string
	Admin    bool // may change settings
	Writes   bool // may assign, create and dismiss; a viewer may not
}

// Bell is the state of the notifications button and its panel.
type Bell struct {
	Unread  int
	Notes   []Note
	Waiting int // senders in Unassigned, for the panel's last line
}

// Label is the accessible name of the bell.
func (b Bell) Label() string {
	if b.Unread == 0 {
		return "Notifications"
	}
	return "Notifications, " + itoa(b.Unread) + " unread"
}

// A Note is one notification in the panel.
type Note struct {
	ID     string
	URL    string // the SMS record that it leads to
	Title  string // "New SMS! (not assigned)"
	Object string // whose icon stands before it
	Sender string
	Count  string // "3 texts", empty for one
	Body   string
	Age    Age
	Unread bool
}

// Age is a moment as people say it.
type Age struct {
	Text string // "4 min"
	ISO  string // for machines
	Full string // "Today, 9:41 AM"
}

// A Chip is a state in one glance: always a glyph and words.
type Chip struct {
	Kind string // none, several, done, error, or empty for neutral
	Icon string // of the utility set
	Text string
}

// A Toast says what has just happened and offers the way back.
type Toast struct {
	Kind     string // done, error, or empty
	Icon     string // of the utility set
	Title    string
	Label    string // its accessible name, where that is another than the title
	Note     string
	Undo     string // token; empty when there is nothing to undo
	Return   string // where undoing comes back to
	Link     string // address behind LinkText
	LinkText string
}

// A Segment is a stretch of text, marked when a candidate's name was found
// there word for word.
type Segment struct {
	Text string
	Mark bool
}

// Hidden is a form value that the page passes along.
type Hidden struct {
	Name  string
	Value string
}

// An Option is one choice of a menu or a select.
type Option struct {
	Value   string
	Label   string
	URL     string
	Count   string
	Current bool
}
