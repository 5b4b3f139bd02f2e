package web

// Settings is what every settings page has: its place among the others.
type Settings struct {
	Page
	Nav []Option
}

// SettingsPage is the overview: each part with its state.
type SettingsPage struct {
	Settings
	Parts []SettingsPart
}

// A SettingsPart is one card of the overview.
type SettingsPart struct {
	URL, Title, About, State string
}

// OrganizationPage names the organization and its country.
type OrganizationPage struct {
	Settings
	Error  string
	Fields []Input
}

// ChannelsPage lists the channels.
type ChannelsPage struct {
	Settings
	Rows []ChannelRow
}

// A ChannelRow is one channel in the list.
type ChannelRow struct {
	URL      string
	Name     string
	Provider string
	Numbers  string
	Called   string // "2 minutes ago"; empty for never
	Chip     Chip
}

// NewChannelPage connects another provider account.
type NewChannelPage struct {
	Settings
	Providers []Option
	Form      ChannelForm
}

// ChannelPage is one channel: where its provider sends texts, and what it is
// made of.
type ChannelPage struct {
	Settings
	ID         string
	Name       string
	Provider   string
	Line       string // "TrueDialog · since November 20"
	Address    Secret
	Secret     *Secret // one that we made, to paste at the provider
	Steps      []string
	Call       Notice
	Test       bool
	Numbers    []ChannelNumber
	Error      string
	Fields     []Input
	SecretNote string
	Version    string
}

// A ChannelNumber is one of our numbers.
type ChannelNumber struct {
	Number string
	Found  bool // it was not configured: a payload named it
}

// PhoneFieldsPage says which fields are matched.
type PhoneFieldsPage struct {
	Settings
	Error    string
	Objects  []PhoneFieldsOf
	Custom   []Input         // one more object, of the org's own
	Rejected []RejectedField // of records, the newest first
	More     string
}

// PhoneFieldsOf are the phone fields of one object.
type PhoneFieldsOf struct {
	Object string
	Plural string
	Fields []Option
	Other  Input // more field names, for custom fields
}

// A RejectedField is a number that cannot be read.
type RejectedField struct {
	URL, Object, Name   string
	Field, Value, Cause string
}

// UnknownNumbersPage is Create Records From Unknown Numbers.
type UnknownNumbersPage struct {
	Settings
	Enabled bool
	Error   string
	Fields  []Input
	Values  []FieldValue
	Example string // "A text from (206) 555-0142 would create …"
}

// A FieldValue is a field of the record to be made and its value.
type FieldValue struct {
	Index       string
	Field       string
	Value       string
	Error       string
	Placeholder string
}

// UsersPage lists who may sign in.
type UsersPage struct {
	Settings
	Error  string
	Fields []Input
	Rows   []UserRow
	Link   *ShownOnce
}

// A UserRow is one user.
type UserRow struct {
	ID       string
	Name     string
	Email    string
	Initials string
	Roles    []Option
	Role     string
	Chip     Chip
	Active   bool
	Self     bool
	Since    string
}

// ShownOnce is a secret that is shown now and never again.
type ShownOnce struct {
	Title string
	Note  string
	Secret
}

// APIKeysPage lists the keys of programs.
type APIKeysPage struct {
	Settings
	Error  string
	Fields []Input
	Rows   []APIKeyRow
	Key    *ShownOnce
}

// An APIKeyRow is one key.
type APIKeyRow struct {
	ID, Name, Role, Since string
	Chip                  Chip
	Active                bool
}

// BlockedPage is the block list.
type BlockedPage struct {
	Settings
	Error   string
	Fields  []Input
	Rows    []BlockedRow
	NextURL string
	Writes  bool
}

// A BlockedRow is one blocked sender.
type BlockedRow struct {
	Sender string // as it is stored
	Number string
	Reason string
	By     string
	When   Age
}

// QuarantinePage lists what arrived authentic but unreadable.
type QuarantinePage struct {
	Settings
	Rows    []QuarantineRow
	NextURL string
}

// A QuarantineRow is one delivery.
type QuarantineRow struct {
	ID       string
	URL      string
	Provider string
	Channel  string
	Reason   string
	Size     string
	When     Age
	Chip     Chip
	Replayed bool
}

// QuarantinedPage is one delivery, with what it says of people left out.
type QuarantinedPage struct {
	Settings
	Item    QuarantineRow
	Headers []Fact
	Body    string
	Note    string
}

// AuditPage lists what people changed.
type AuditPage struct {
	Settings
	Rows    []AuditRow
	NextURL string
	First   string
}

// An AuditRow is one change.
type AuditRow struct {
	When   Age
	Who    string
	What   string
	About  string
	URL    string
	Detail string
}
