package web

import (
	"github.com/switchboardhq/switchboard"
)

func fixtureHome() HomePage {
	r := testReader()
	weeks := [][]int{{131, 18, 12, 0, 4, 3, 1}, {158, 21, 14, 0, 7, 4, 1}, {163, 24, 15, 0, 7, 4, 1}, {171, 26, 17, 0, 9, 5, 2}, {102, 14, 8, 0, 3, 3, 1}, {74, 10, 5, 0, 2, 1, 1}, {169, 28, 19, 1, 10, 7, 1}}
	var days []dayCount
	for i, w := range weeks {
		d := dayCount{Day: r.Now.AddDate(0, 0, i-6), Reasons: map[switchboard.Reason]int{}}
		for j, k := range chartReasons() {
			d.Reasons[k.reason] = w[j]
		}
		days = append(days, d)
	}
	contact := func(name string) RecordLink { return RecordLink{URL: "/records/r1", Object: "Contact", Name: name} }
	p := HomePage{
		Page: fixturePage("Home", "home"), Greeting: "Good morning, Dana", Line: "7 senders wait for you", Channels: true,
		Spans: []Option{{Value: "1", Label: "Today", URL: "/?days=1"}, {Value: "7", Label: "7 days", URL: "/", Current: true}, {Value: "30", Label: "30 days", URL: "/?days=30"}},
		Figures: []Figure{
			{Title: "Waiting now", Value: "7", Unit: "senders, 12 texts", Note: "oldest 3 h", Start: true, Brand: true},
			{Title: "Placed by the rule", Value: "94.4 %", Unit: "of texts", Note: "1,205 of 1,277, none took a person"},
			{Title: "Time to placed", Value: "3 min 40 s", Unit: "median", Note: "by people; 9 of 10 within 22 min"},
			{Title: "Moved later", Value: "4", Unit: "automatic placements", Note: "of 1,205, that is 0.3 %"},
		},
		Chart: r.chart(days), AllText: "All 7", TimesOf: "41 senders placed by people", MovedAll: 2,
		Times: []TimeBar{{"under 1 min", "11", 73, false}, {"1 to 5 min", "15", 100, false}, {"5 to 15 min", "8", 53, false}, {"15 to 60 min", "4", 27, false}, {"1 to 4 h", "2", 13, true}, {"over 4 h", "1", 7, true}},
		Longest: []WaitingRow{
			{URL: "/messages/m110", Number: "+44 7700 900123", Chip: noRecord, Age: age("3 h", "Today, 6:40 AM"), Body: "Is this still the right number for Jo? Landing on Friday."},
			{URL: "/messages/m119", Number: "(425) 555-0163", Chip: Chip{Icon: "undo", Text: "Taken off Lena Fox"}, Age: age("2 h", "Today, 7:40 AM"), Body: "Wrong person, I’m not Lena. Please stop texting me about the gutters."},
			{URL: "/messages/m120", Number: "88202", Chip: noRecord, Age: age("1 h", "Today, 8:40 AM"), Body: "Your Brightline Supply delivery arrives today…"},
			{URL: "/messages/m122", Number: "(512) 555-0150", Chip: several(3), Age: age("48 min", "Today, 8:57 AM"), Body: "The technician left his ladder in our driveway…"},
		},
		Moved: []MovedRow{
			{Name: "SMS-000117", URL: "/messages/m117", Chose: contact("Noor Haddad"), Moved: contact("Sami Haddad"), Reason: "Latest previous message", By: "Sam Ortiz", When: age("Today, 8:12 AM", "")},
			{Name: "SMS-000098", URL: "/messages/m98", Chose: contact("Lena Fox"), TakenOffQueue: true, Reason: "Only match", By: "Sam Ortiz", When: age("Today, 7:40 AM", "")},
		},
	}
	for i, k := range chartReasons() {
		n := 0
		for _, d := range days {
			n += d.Reasons[k.reason]
		}
		p.Reasons = append(p.Reasons, ReasonRow{Class: k.class, Label: k.label, Count: grouped(n), Share: share(n, 1277), URL: "/messages?reason=" + itoa(i)})
	}
	return p
}

func fixtureHomeEmpty() HomePage {
	p := HomePage{Page: fixturePage("Home", "home"), Greeting: "Good morning, Dana", Line: "Nothing waits", Empty: true, Chart: testReader().chart(nil)}
	p.Waiting, p.Bell = 0, Bell{}
	for _, t := range []string{"Waiting now", "Placed by the rule", "Time to placed", "Moved later"} {
		p.Figures = append(p.Figures, Figure{Title: t, Value: "–", Note: "After the first text"})
	}
	for _, k := range chartReasons() {
		p.Reasons = append(p.Reasons, ReasonRow{Class: k.class, Label: k.label, Count: "–", Share: "–"})
	}
	return p
}

func fixtureRegions(current string) []Option {
	return []Option{{Value: "CA", Label: "Canada"}, {Value: "GB", Label: "United Kingdom"}, {Value: "US", Label: "United States", Current: current == "US"}}
}

func fixtureSetup() SetupPage {
	return SetupPage{
		Page: Page{Title: "Set-up"}, Token: "abc",
		You: []Input{
			{ID: "name", Name: "name", Label: "Your name", Type: "text", Complete: "name", Required: true, Focus: true},
			{ID: "email", Name: "email", Label: "Email", Type: "email", Complete: "username", Required: true},
			{ID: "password", Name: "password", Label: "Password", Type: "password", Complete: "new-password", Required: true, Wide: true, Hint: "At least 10 characters. A few words in a row are easy to remember and hard to guess."},
		},
		Them: []Input{
			{ID: "organization", Name: "organization", Label: "Name", Type: "text", Complete: "organization", Required: true, Wide: true},
			{ID: "region", Name: "region", Label: "Country", Type: "select", Options: fixtureRegions("US")},
			{ID: "zone", Name: "zone", Label: "Time zone", Type: "select", Options: []Option{{Value: "America/Chicago", Label: "Chicago (UTC−6)", Current: true}}},
		},
	}
}

func fixtureChecks(called bool) []Check {
	c := []Check{{Kind: "done", Icon: "success", Text: "Reachable by HTTPS", Note: "sms.northside.example is the address that providers call"}, {Kind: "done", Icon: "success", Text: "The store commits", Note: "Texts are safe before the provider hears of it"}}
	if called {
		return append(c, Check{Kind: "done", Icon: "success", Text: "TrueDialog called", Note: "Its signature matched"})
	}
	return append(c, Check{Kind: "several", Icon: "clock", Text: "No call from TrueDialog yet", Note: "Calls that fail their signature would show here"})
}

func fixtureProviders() []Option {
	return []Option{{Value: "truedialog", Label: "TrueDialog", URL: "/setup/channel?provider=truedialog", Current: true}, {Value: "twilio", Label: "Twilio", URL: "/setup/channel?provider=twilio"}, {Value: "generic", Label: "Any program", URL: "/setup/channel?provider=generic"}}
}

func fixtureChannelForm(action string) ChannelForm {
	return ChannelForm{Action: action, Provider: "truedialog", Title: "TrueDialog", Button: "Connect", Fields: []Input{
		{ID: "channel-name", Name: "name", Label: "Name of the channel", Type: "text", Value: "Main line"},
		{ID: "channel-numbers", Name: "numbers", Label: "Numbers that people text", Type: "text", Required: true, Placeholder: "+15125550100", Hint: "Several are separated by commas."},
		{ID: "channel-secret", Name: "secret", Label: "Callback token", Type: "password", Required: true, Wide: true, Hint: "Choose one when you add the callback."},
	}}
}

func fixtureChannelSetup() ChannelSetupPage {
	p := ChannelSetupPage{Page: Page{Title: "Set-up", User: User{Name: "Dana Reyes", Initials: "DR", Admin: true}, Return: "/setup/channel"}, Checks: fixtureChecks(false)}
	p.Channel = &ConnectedChannel{
		ID: "c1", Provider: "TrueDialog", Summary: "TrueDialog, as Main line with (512) 555-0100.", Bell: "Unassigned texts ring your bell, because you connected it.", Number: "(512) 555-0100",
		Address: Secret{ID: "address", Label: "webhook address", Value: "https://sms.northside.example/hooks/truedialog/k3Vw9sTq2LxB7dRmYk3Vw9sTq2LxB7dRmYk3Vw9sTq2LxB7dRmY", Brand: true},
		Steps:   []string{"In TrueDialog, open the callbacks of your account and add one.", "Paste the address. Choose Incoming message, Keyword and Stop.", "Save there, then come back: this page notices by itself."},
		Live:    ChannelLive{ID: "c1", State: "waiting", Line: Notice{Kind: "none", Text: "Waiting for TrueDialog’s first call…", Wait: true}},
	}
	return p
}

func fixtureResult() *TestResult {
	return &TestResult{Name: "SMS-000001", URL: "/messages/m1", From: "(202) 555-0147", Body: "Hello from Switchboard. This is a test text.", When: age("now", "Today, 9:41 AM"),
		Chip: Chip{Kind: "several", Icon: "notification", Text: "Unassigned, your bell rings"}, Because: "No record has (202) 555-0147, so there is nobody to assign it to yet."}
}

func fixtureSetupCalled() ChannelSetupPage {
	p := fixtureChannelSetup()
	p.Checks = fixtureChecks(true)
	p.Channel.Secret = &Secret{ID: "secret", Label: "Signing secret", Value: "whsec_abcdef"}
	p.Channel.Live = ChannelLive{ID: "c1", State: "ok", Line: Notice{Kind: "done", Icon: "success", Text: "TrueDialog called 2 seconds ago."}, Result: fixtureResult()}
	return p
}

func fixtureRecords() RecordsPage {
	row := func(name, account, mobile, phone, email string) RecordRow {
		return RecordRow{URL: "/records/" + name, Object: "Contact", Name: name, Line: account + " · " + mobile, Cells: []Cell{{Text: account, URL: "/records/a1"}, {Text: mobile}, {Text: phone}, {Text: email}}}
	}
	p := RecordsPage{
		Page: fixturePage("Contacts", "contacts"), Object: "Contact", Plural: "Contacts", URL: "/contacts", Count: "48 contacts", Columns: []string{"Account Name", "Mobile", "Phone", "Email"},
		Filters: []Option{{Value: "all", Label: "All", URL: "/contacts", Current: true}, {Value: "deleted", Label: "Deleted", URL: "/contacts?show=deleted"}},
		Sorted:  true, Show: "x", NextURL: "/contacts?after=x", First: "/contacts", NewURL: "/records/new/contact",
		Rows: []RecordRow{
			row("Ada Okafor", "Okafor Interiors", "(512) 555-0177", "", "ada@okafor.example"),
			row("Ben Okafor", "Okafor Interiors", "", "512.555.0177", "ben@okafor.example"),
			row("Grace Hollis", "Hollis Dental", "(512) 555-0150", "", "grace@hollis.example"),
			row("Jonas Weber", "Weber Bakery", "(512) 555-0188", "", "jonas@weber.example"),
			row("Lena Fox", "", "(425) 555-0163", "", ""),
			row("Miles Okamoto", "Lakeside Dental", "(512) 555-0121", "", "miles@lakeside.example"),
		},
	}
	p.Rows[4].Cells[2] = Cell{Text: "call the office", Warn: "There is no number in it."}
	return p
}

func fixtureSections() []FieldSection {
	return []FieldSection{
		{Title: "Contact", Fields: []DetailField{
			{Name: "FirstName", Label: "First Name", Value: "Ada"}, {Name: "LastName", Label: "Last Name", Value: "Okafor"},
			{Name: "AccountId", Label: "Account Name", Value: "Okafor Interiors", URL: "/records/a1", Object: "Account"}, {Name: "Title", Label: "Title", Value: "Owner"},
			{Name: "Email", Label: "Email", Value: "ada@okafor.example", URL: "mailto:ada@okafor.example"}}},
		{Title: "Numbers", Fields: []DetailField{
			{Name: "MobilePhone", Label: "Mobile", Value: "(512) 555-0177", Copy: true}, {Name: "Phone", Label: "Phone", Value: "call the office", Warn: "There is no number in it, so it matches no text.", Copy: true},
			{Name: "HomePhone", Label: "Home Phone"}, {Name: "OtherPhone", Label: "Other Phone"}}},
		{Title: "Address", Fields: []DetailField{{Name: "MailingStreet", Label: "Mailing Street", Value: "14 Alder Street", Long: true}, {Name: "MailingCity", Label: "Mailing City", Value: "Austin"}}},
	}
}

func fixtureRecord() RecordPage {
	return RecordPage{
		Page: fixturePage("Ada Okafor", "contacts"), ID: "r1", URL: "/records/r1", Object: "Contact", Name: "Ada Okafor", Line: "Created by a person, Friday at 4:12 PM", Writes: true, Version: "3",
		Highlights:   []Highlight{{"Title", "Owner", ""}, {"Account Name", "Okafor Interiors", "/records/a1"}, {"Mobile", "(512) 555-0177", ""}, {"Last message", "Today, 9:41 AM", ""}},
		Details:      RecordDetails{ID: "r1", URL: "/records/r1", Object: "Contact", Writes: true, Version: "3", Sections: fixtureSections()},
		Conversation: Conversation{Count: 3, Thread: Thread{Days: []Day{{Label: "Today", Bubbles: append(fixtureEarlier(""), Bubble{ID: "m128", Name: "SMS-000128", URL: "/messages/m128", Time: "9:41 AM", Body: adaText(false)}, Bubble{ID: "m129", Name: "SMS-000129", URL: "/messages/m129", Time: "9:50 AM", Outbound: true, Body: []Segment{{Text: "Thursday at 8 it is."}}})}}}},
		EarlierURL:   "/records/r1?all=1",
		Remembered:   []RememberedNumber{{ID: "l1", Number: "(737) 555-0100", Line: "Dana Reyes, Friday at 4:12 PM"}},
	}
}

func fixtureRecordEditing() RecordPage {
	p := fixtureRecord()
	p.Details.Editing, p.Details.Error, p.Details.Conflict = true, "Last Name is missing.", "Sam Ortiz changed this record a moment ago."
	p.Details.Sections = []FieldSection{{Title: "Contact", Inputs: []FormField{
		{ID: "f-FirstName", Name: "FirstName", Label: "First Name", Type: "text", Value: "Ada"},
		{ID: "f-LastName", Name: "LastName", Label: "Last Name", Type: "text", Required: true, Error: "Enter a last name."},
		{ID: "f-AccountId", Name: "AccountId", Label: "Account Name", Type: "lookup", Object: "Account", RecordID: "a1", RecordName: "Okafor Interiors"},
		{ID: "f-Description", Name: "Description", Label: "Description", Type: "area", Wide: true},
	}}}
	return p
}

func fixtureSettings(title, current string) Settings {
	s := Settings{Page: fixturePage(title, "settings")}
	for _, n := range []string{"Organization", "Channels", "Phone fields", "Unknown numbers", "Users", "API keys", "Blocked senders", "Quarantine", "Audit trail"} {
		s.Nav = append(s.Nav, Option{Label: n, URL: "/settings/" + n, Current: n == current})
	}
	return s
}

func fixtureHandset(played bool) HandsetPage {
	p := HandsetPage{
		Page: Page{Title: "Handset", Waiting: 2}, Ours: "Northside", Number: "(512) 555-0100", As: "Jonas Weber, (512) 555-0188", Person: "jonas",
		People: []HandsetPerson{{"miles", "Miles", "0121", "MO", "?as=miles", "1", false}, {"marcus", "Marcus", "0142", "MB", "?as=marcus", "2", false}, {"jonas", "Jonas", "0188", "JW", "?as=jonas", "3", true}, {"priya", "Priya", "0119", "PR", "?as=priya", "4", false}},
		Days:   []Day{{Label: "Friday", Bubbles: []Bubble{{Body: []Segment{{Text: "Your gutters are booked for Tuesday at 10."}}}, {Outbound: true, Note: "Delivered", Body: []Segment{{Text: "Perfect, thank you!"}}}}}},
	}
	if played {
		p.Days = append(p.Days, Day{Label: "Today", Bubbles: []Bubble{{Outbound: true, Note: "Delivered, 9:52 AM", Body: []Segment{{Text: "Running late, can we say 10:30?"}}}}})
		p.Happened = &Happened{Line: "situation 3, 9:52 AM, decided and stored in 4 ms", Start: "Assigned to ", Strong: "Jonas Weber", Rest: ", because of the 2 records that have (512) 555-0188 only his has a previous message, from Friday at 4:12 PM.", Name: "SMS-000133", URL: "/messages/m133",
			Steps: []HappenedStep{{"", "Text arrived", "“Running late, can we say 10:30?”"}, {"", "2 records have the number", "Jonas Weber, Mia Weber"}, {"", "1 has a previous message", "Jonas Weber, Friday"}, {"done", "Assigned", "No bell, nothing to do"}}}
	}
	done, bell := Chip{Kind: "done", Icon: "check", Text: "Assigned to Jonas Weber"}, Chip{Kind: "several", Icon: "notification", Text: "Unassigned, bell rings"}
	p.Situations = []SituationCard{
		{ID: "one", Number: "1", Title: "One record has the number", Promise: Chip{Kind: "done", Icon: "check", Text: "Assigned to Miles Okamoto"}, Button: "Send as Miles", Drawing: draw("One record has the number: the text goes there.", figurant{"chosen", "Miles", false}, figurant{"other", "Lena", false})},
		{ID: "none", Number: "2", Title: "No record has the number", Promise: bell, Button: "Send as Marcus", Drawing: draw("No record has the number: a person decides.", figurant{"other", "Lena", false}, figurant{"other", "Tom", false}, figurant{"bell", "A person", false})},
		{ID: "history", Number: "3", Title: "Two have it, one has previous messages", Promise: done, Button: "Send again", Played: played, Drawing: draw("Two records have the number, one has previous messages: the text goes there.", figurant{"match", "Mia", false}, figurant{"chosen", "Jonas", true})},
		{ID: "ambiguous", Number: "4", Title: "Two have it, neither has previous messages", Promise: bell, Button: "Send as Priya", Drawing: draw("Two records have the number, neither has a previous message: a person decides.", figurant{"match", "Priya", false}, figurant{"match", "P. Raman", false}, figurant{"bell", "A person", false})},
	}
	return p
}

func fixtureUsers() UsersPage {
	roles := func(current string) []Option {
		return []Option{{Value: "admin", Label: "Admin", Current: current == "admin"}, {Value: "agent", Label: "Agent", Current: current == "agent"}, {Value: "viewer", Label: "Viewer", Current: current == "viewer"}}
	}
	return UsersPage{
		Settings: fixtureSettings("Users", "Users"),
		Link:     &ShownOnce{Title: "Sam Ortiz can sign in", Note: "Hand this link over. It works once, for 15 minutes, and is not shown again.", Secret: Secret{ID: "link", Label: "sign-in link", Value: "https://sms.northside.example/sign-in/link?token=abcdefabcdef"}},
		Rows: []UserRow{
			{ID: "u1", Name: "Dana Reyes", Email: "dana@northside.example", Initials: "DR", Role: "Admin", Active: true, Self: true, Since: "Nov 16"},
			{ID: "u2", Name: "Sam Ortiz", Email: "sam@northside.example", Initials: "SO", Role: "Agent", Roles: roles("agent"), Active: true, Since: "Nov 17"},
			{ID: "u3", Name: "Kim Lee", Email: "kim@northside.example", Initials: "KL", Role: "Viewer", Roles: roles("viewer"), Chip: Chip{Icon: "ban", Text: "Disabled"}, Since: "Nov 18"},
		},
		Fields: []Input{{ID: "user-name", Name: "name", Label: "Name", Type: "text", Required: true}, {ID: "user-email", Name: "email", Label: "Email", Type: "email", Required: true, Error: "\"sam\" is not an e-mail address."}, {ID: "user-role", Name: "role", Label: "Role", Type: "select", Options: roles("agent")}},
		Error:  "There is a mistake in the form.",
	}
}

// adminFixtures are the pages around the desk, in their states.
func adminFixtures() []pageCase {
	deleted := fixtureRecord()
	deleted.Deleted, deleted.Details.Writes, deleted.Remembered, deleted.Conversation, deleted.NoMessages = "Deleted. It matches no text until it is restored; its messages stay here.", false, nil, Conversation{}, "No messages yet."
	none := fixtureRecords()
	none.Rows, none.Empty, none.Query = nil, "No contact matches “okaf”.", "okaf"
	form := fixtureChannelSetup()
	form.Channel, form.Providers, form.Form = nil, fixtureProviders(), fixtureChannelForm("/setup/channel")
	form.Form.Error = "Name at least one number."
	setup := fixtureSetup()
	setup.Error, setup.You[1].Error, setup.You[1].Value = "Check the e-mail address.", "\"dana\" is not an e-mail address.", "dana"
	item := QuarantineRow{ID: "q1", URL: "/settings/quarantine/q1", Provider: "TrueDialog", Channel: "Main line", Reason: "The body is not JSON.", Size: "1,204 bytes", When: age("4 min", "Today, 9:41 AM"), Chip: Chip{Kind: "several", Icon: "clock", Text: "Waiting"}}
	profile := ProfilePage{Page: fixturePage("Profile", ""), HasPassword: true, Role: "Admin", RoleMeans: "may do everything, settings too", Error: "The current password is wrong.", CurrentErr: "This is not your password.", NewErr: "Use at least 10 characters.", Themes: []Option{{Value: "", Label: "Follow the system", Current: true}, {Value: "light", Label: "Light"}, {Value: "dark", Label: "Dark"}}}
	other := Input{ID: "other-Contact", Name: "other-Contact", Label: "Other fields", Type: "text", Placeholder: "Assistant_Mobile__c"}
	other2 := other
	other2.ID = "other-Lead"
	return []pageCase{
		{name: "sign-in", page: "sign_in", data: SignInPage{Page: Page{Title: "Sign in", Org: "Northside Home Services"}, Next: "/unassigned"}},
		{name: "sign-in refused", page: "sign_in", data: SignInPage{Page: Page{Title: "Sign in", Org: "Northside Home Services"}, Email: "dana@northside.example", Error: "E-mail address or password is wrong.", Note: "You are signed out."}},
		{name: "sign-in link", page: "sign_in_link", data: LinkPage{Page: Page{Title: "Sign in", Org: "Northside Home Services"}, Token: "abc", Who: "Dana Reyes", Email: "dana@northside.example"}},
		{name: "profile", page: "profile", data: profile},
		{name: "set-up", page: "setup", data: fixtureSetup()},
		{name: "set-up refused", page: "setup", data: setup},
		{name: "set-up of the channel", page: "setup_channel", data: form},
		{name: "set-up waiting", page: "setup_channel", data: fixtureChannelSetup()},
		{name: "set-up called", page: "setup_channel", data: fixtureSetupCalled()},
		{name: "set-up live", fragment: "channel-live", data: ChannelLive{ID: "c1", State: "ok", Swap: true, Line: Notice{Kind: "error", Icon: "error", Text: "TrueDialog called, but the signature did not match."}, Result: fixtureResult(), Checks: fixtureChecks(true)}},
		{name: "home", page: "home", data: fixtureHome()},
		{name: "home before the first text", page: "home", data: fixtureHomeEmpty()},
		{name: "contacts", page: "records", data: fixtureRecords()},
		{name: "contacts without a match", page: "records", data: none},
		{name: "contact", page: "record", data: fixtureRecord()},
		{name: "contact being edited", page: "record", data: fixtureRecordEditing()},
		{name: "contact deleted", page: "record", data: deleted},
		{name: "settings", page: "settings", data: SettingsPage{Settings: fixtureSettings("Settings", ""), Parts: []SettingsPart{{"/settings/channels", "Channels", "Accounts at SMS providers, and our numbers there.", "2 channels"}, {"/settings/users", "Users", "Who may sign in, and what they may do.", "3 users"}, {"/settings/unknown-numbers", "Create Records From Unknown Numbers", "What happens when no record has the number.", "Off"}}}},
		{name: "organization", page: "settings_organization", data: OrganizationPage{Settings: fixtureSettings("Organization", "Organization"), Fields: fixtureSetup().Them, Error: "Choose a country."}},
		{name: "channels", page: "settings_channels", data: ChannelsPage{Settings: fixtureSettings("Channels", "Channels"), Rows: []ChannelRow{{"/settings/channels/c1", "Main line", "TrueDialog", "(512) 555-0100", "2 minutes ago", Chip{Kind: "done", Icon: "check", Text: "Receives"}}, {"/settings/channels/c2", "Roofing", "Twilio", "(512) 555-0101, (512) 555-0102", "", Chip{Kind: "several", Icon: "clock", Text: "No call yet"}}}}},
		{name: "no channels", page: "settings_channels", data: ChannelsPage{Settings: fixtureSettings("Channels", "Channels")}},
		{name: "new channel", page: "settings_channel_new", data: NewChannelPage{Settings: fixtureSettings("New channel", "Channels"), Providers: fixtureProviders(), Form: fixtureChannelForm("/settings/channels")}},
		{name: "channel", page: "settings_channel", data: ChannelPage{Settings: fixtureSettings("Main line", "Channels"), ID: "c1", Name: "Main line", Provider: "TrueDialog", Line: "TrueDialog · since November 20", Test: true,
			Address: fixtureChannelSetup().Channel.Address, Secret: &Secret{ID: "secret", Label: "Signing secret", Value: "whsec_abc"}, Steps: fixtureChannelSetup().Channel.Steps,
			Call: Notice{Kind: "done", Icon: "success", Text: "TrueDialog called 2 minutes ago."}, Numbers: []ChannelNumber{{"(512) 555-0103", true}}, Fields: fixtureChannelForm("").Fields, Error: "Enter a number."}},
		{name: "phone fields", page: "settings_phone_fields", data: PhoneFieldsPage{Settings: fixtureSettings("Phone fields", "Phone fields"), Error: "Choose one.", More: "and 4 more", Custom: []Input{{ID: "custom-object", Name: "custom_object", Label: "Custom object", Type: "text"}},
			Objects:  []PhoneFieldsOf{{"Contact", "Contacts", []Option{{Value: "MobilePhone", Label: "Mobile", Current: true}, {Value: "Fax", Label: "Fax"}}, other}, {"Lead", "Leads", []Option{{Value: "Phone", Label: "Phone", Current: true}}, other2}},
			Rejected: []RejectedField{{"/records/r5", "Contact", "Lena Fox", "Phone", "call the office", "There is no number in it."}}}},
		{name: "unknown numbers", page: "settings_unknown", data: UnknownNumbersPage{Settings: fixtureSettings("Create Records From Unknown Numbers", "Unknown numbers"), Enabled: true, Error: "Last Name is missing.",
			Fields:  []Input{{ID: "object", Name: "object", Label: "Object", Type: "select", Options: []Option{{Value: "Contact", Label: "Contact"}}}, {ID: "phone_field", Name: "phone_field", Label: "Phone field", Type: "select", Options: []Option{{Value: "MobilePhone", Label: "Mobile"}}}},
			Values:  []FieldValue{{Index: "1", Field: "LastName", Value: "Unknown {phone}", Error: "There is no placeholder {fone}."}, {Index: "2", Placeholder: "Value"}},
			Example: "A text from (206) 555-0142 would create Contact Unknown +12065550142."}},
		{name: "users", page: "settings_users", data: fixtureUsers()},
		{name: "api keys", page: "settings_keys", data: APIKeysPage{Settings: fixtureSettings("API keys", "API keys"), Fields: fixtureUsers().Fields, Error: "Enter a name.",
			Key:  &ShownOnce{Title: "The key of Website", Note: "Copy it now: it is not shown again.", Secret: Secret{ID: "key", Label: "API key", Value: "sbk_abcdef"}},
			Rows: []APIKeyRow{{"k1", "Website", "Agent", "Nov 20", Chip{Kind: "done", Icon: "check", Text: "Works"}, true}, {"k2", "Old import", "Viewer", "Nov 2", Chip{Icon: "ban", Text: "Revoked Nov 3"}, false}}}},
		{name: "webhook", page: "settings_webhook", data: WebhookPage{Settings: fixtureSettings("Outgoing webhook", "Outgoing webhook"), Set: true, Button: "Save", Error: "Correct what is marked.",
			Once:   &ShownOnce{Title: "The secret of this webhook", Note: "Copy it now.", Secret: Secret{ID: "secret", Label: "signing secret", Value: "whsec_abcdef"}},
			Fields: []Input{{ID: "webhook-url", Name: "url", Label: "Address", Type: "url", Value: "https://pager.example/hook", Required: true, Wide: true, Hint: "Another address gets a secret of its own."}},
			Call:   Notice{Kind: "several", Icon: "warning", Text: "Called 2 minutes ago, but it answered 401 Unauthorized."},
			Lost:   []LostCall{{"j1", "/messages/m1", "(206) 555-0142", "It answered 401 Unauthorized", age("4 min", "Today, 9:41 AM")}}}},
		{name: "no webhook", page: "settings_webhook", data: WebhookPage{Settings: fixtureSettings("Outgoing webhook", "Outgoing webhook"), Button: "Add webhook", Fields: []Input{{ID: "webhook-url", Name: "url", Label: "Address", Type: "url"}}}},
		{name: "blocked", page: "settings_blocked", data: BlockedPage{Settings: fixtureSettings("Blocked senders", "Blocked senders"), Writes: true, Fields: fixtureUsers().Fields, NextURL: "/x", Error: "Name the number or sender.", Rows: []BlockedRow{{"88202", "88202", "delivery notes", "Dana Reyes", age("1 h", "Today, 8:40 AM")}}}},
		{name: "quarantine", page: "settings_quarantine", data: QuarantinePage{Settings: fixtureSettings("Quarantine", "Quarantine"), Rows: []QuarantineRow{item}, NextURL: "/x"}},
		{name: "quarantined", page: "settings_quarantined", data: QuarantinedPage{Settings: fixtureSettings("Quarantined", "Quarantine"), Item: item, Headers: []Fact{{"Content-Type", "application/json"}}, Body: "{\"from\": \"…0177\"", Note: "Letters and digits of what could be personal are left out."}},
		{name: "audit", page: "settings_audit", data: AuditPage{Settings: fixtureSettings("Audit trail", "Audit trail"), NextURL: "/x", First: "/y", Rows: []AuditRow{{age("4 min", "Today, 9:41 AM"), "Dana Reyes", "assigned a text", "SMS-000128", "/messages/m128", "2"}, {age("5 min", "Today, 9:40 AM"), "API key Website", "created a record", "Contact", "", ""}}}},
		{name: "handset", page: "handset", data: fixtureHandset(false)},
		{name: "handset played", page: "handset", data: fixtureHandset(true)},
	}
}
