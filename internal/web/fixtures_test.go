package web

// Pages as they look on a morning at Northside Home Services. Tests render
// them; a person compares their screenshots with the design.

func fixturePage(title, section string) Page {
	return Page{
		Title: title, Section: section, Org: "Northside Home Services",
		User:    User{Name: "Dana Reyes", Email: "dana@northside.example", Initials: "DR", Admin: true, Writes: true},
		Waiting: 7,
		Return:  "/unassigned",
		Bell:    fixtureBell(),
	}
}

func age(text, full string) Age {
	return Age{Text: text, Full: full, ISO: "2026-11-23T15:41:07Z"}
}

func fixtureBell() Bell {
	note := func(sender, texts, body, when string, unread bool) Note {
		return Note{ID: "n" + sender, URL: "/messages/" + sender, Title: "New SMS! (not assigned)", Object: "SMS",
			Sender: sender, Count: texts, Body: body, Age: age(when, "Today, 9:41 AM"), Unread: unread}
	}
	return Bell{Unread: 4, Waiting: 7, Notes: []Note{
		note("(512) 555-0177", "3 texts", "Hi, it’s Ada from Okafor Interiors. Could you move Thursday’s install to the morning?", "4 min", true),
		note("(206) 555-0142", "", "Hello, I got your flyer. Could somebody look at our roof this week? There’s a wet patch", "12 min", true),
		note("(737) 555-0119", "2 texts", "Yes please, 2 pm works for us.", "26 min", true),
		note("(512) 555-0150", "3 texts", "The technician left his ladder in our driveway. Not urgent, but we can’t get the second car out.", "48 min", true),
		{ID: "n9", URL: "/messages/9", Title: "New SMS from Jonas Weber", Object: "Contact", Sender: "(512) 555-0188", Body: "Great, see you at nine then.", Age: age("1 h", "Today, 8:41 AM")},
		note("88202", "", "Your Brightline Supply delivery arrives today between 1 and 3 PM…", "1 h", false),
	}}
}

func several(n int) Chip {
	return Chip{Kind: "several", Icon: "people", Text: itoa(n) + " records have this number"}
}

var noRecord = Chip{Kind: "none", Icon: "unlinked", Text: "No record has this number"}

func candidate(id, object, name, account, field, value string, key int) Candidate {
	return Candidate{ID: id, URL: "/records/" + id, Object: object, Name: name, Account: account,
		Fields: []MatchedField{{Label: field, Value: value}}, Last: "None", Key: key, Writes: true}
}

func fixtureRows() []QueueRow {
	rows := []QueueRow{
		{ID: "m128", Number: "(512) 555-0177", Unread: true, Texts: "3 texts", Known: "Austin, TX · first heard today", Chip: several(2), Age: age("4 min", "Today, 9:41 AM"), Current: true, NewContact: true,
			Body: "Hi, it’s Ada from Okafor Interiors. Could you move Thursday’s install to the morning? The painters need the room from noon, so 8 or 9 would be perfect.",
			Candidates: []Candidate{
				candidate("r1", "Contact", "Ada Okafor", "Okafor Interiors", "Mobile", "(512) 555-0177", 1),
				candidate("r2", "Contact", "Ben Okafor", "Okafor Interiors", "Home Phone", "512.555.0177", 2)}},
		{ID: "m125", Number: "(206) 555-0142", Unread: true, Known: "Seattle, WA · first text", Chip: noRecord, Age: age("12 min", "Today, 9:33 AM"), NewContact: true,
			Body: "Hello, I got your flyer. Could somebody look at our roof this week? There’s a wet patch over the hallway and it’s growing. 14 Alder Street. Marcus Bell"},
		{ID: "m124", Number: "(737) 555-0119", Unread: true, Texts: "2 texts", Known: "Austin, TX · 2 texts since Friday", Chip: several(2), Age: age("26 min", "Today, 9:19 AM"),
			Body:       "Yes please, 2 pm works for us.",
			Candidates: []Candidate{candidate("r3", "Contact", "Priya Raman", "", "Mobile", "", 1), candidate("r4", "Lead", "P. Raman", "", "Phone", "", 2)}},
		{ID: "m122", Number: "(512) 555-0150", Unread: true, Texts: "3 texts", Known: "Austin, TX · first heard today", Chip: several(3), Age: age("48 min", "Today, 8:57 AM"),
			Body:       "The technician left his ladder in our driveway. Not urgent, but we can’t get the second car out.",
			Candidates: []Candidate{candidate("r5", "Contact", "Grace Hollis", "", "Mobile", "", 1), candidate("r6", "Contact", "Tom Hollis", "", "Home Phone", "", 2), candidate("r7", "Account", "Hollis Dental", "", "Phone", "", 3)}},
		{ID: "m120", Number: "88202", Known: "Short code · can only match a link", Chip: noRecord, Age: age("1 h", "Today, 8:40 AM"), Block: true,
			Body: "Your Brightline Supply delivery arrives today between 1 and 3 PM. Reply STOP to opt out."},
		{ID: "m119", Number: "(425) 555-0163", Known: "Everett, WA · opted out", Chip: Chip{Icon: "undo", Text: "Sam Ortiz took it off Lena Fox"}, Age: age("2 h", "Today, 7:40 AM"), NewContact: true,
			Body:       "Wrong person, I’m not Lena. Please stop texting me about the gutters.",
			Candidates: []Candidate{candidate("r8", "Contact", "Lena Fox", "", "Mobile", "", 1)}},
		{ID: "m110", Number: "+44 7700 900123", Known: "United Kingdom", Chip: noRecord, Age: age("3 h", "Today, 6:40 AM"), NewContact: true, Body: "Is this still the right number for Jo? Landing on Friday."},
	}
	for i := range rows {
		rows[i].URL, rows[i].Return, rows[i].Writes = "/messages/"+rows[i].ID, "/unassigned", true
	}
	return rows
}

func fixtureUnassigned() UnassignedPage {
	return UnassignedPage{
		Page:    fixturePage("Unassigned", "unassigned"),
		Summary: "7 senders · 12 texts · oldest 3 h", Updated: Age{Text: "just now", ISO: "2026-11-23T15:45:00Z"},
		Filters: []Option{
			{Value: "all", Label: "All", Count: "7", URL: "/unassigned", Current: true},
			{Value: "none", Label: "No record", Count: "3", URL: "/unassigned?reason=no_match"},
			{Value: "several", Label: "Several records", Count: "3", URL: "/unassigned?reason=ambiguous"},
			{Value: "taken", Label: "Taken off", Count: "1", URL: "/unassigned?reason=person"},
		},
		Channels: []Option{{Label: "All channels", URL: "/unassigned", Current: true}, {Label: "Main line", URL: "/unassigned?channel=c1"}},
		Orders:   []Option{{Label: "Newest first", URL: "/unassigned", Current: true}, {Label: "Oldest first", URL: "/unassigned?order=oldest"}},
		Rows:     fixtureRows(),
		Since:    "1",
		Preview: &Preview{ID: "m128", Number: "(512) 555-0177", Name: "SMS-000128", URL: "/messages/m128",
			Line:   "To Main line (512) 555-0100 · Austin, TX · 3 texts",
			Thread: Thread{Days: []Day{{Label: "Today", Bubbles: append(fixtureEarlier("unassigned"), Bubble{ID: "m128", Name: "SMS-000128", URL: "/messages/m128", Time: "9:41 AM", Body: adaText(true)})}}},
			Why:    fixtureWhy()},
	}
}

func adaText(marked bool) []Segment {
	if !marked {
		return []Segment{{Text: "Hi, it’s Ada from Okafor Interiors. Could you move Thursday’s install to the morning? The painters need the room from noon, so 8 or 9 would be perfect."}}
	}
	return []Segment{{Text: "Hi, it’s "}, {Text: "Ada", Mark: true}, {Text: " from "}, {Text: "Okafor Interiors", Mark: true},
		{Text: ". Could you move Thursday’s install to the morning? The painters need the room from noon, so 8 or 9 would be perfect."}}
}

func fixtureEarlier(note string) []Bubble {
	return []Bubble{
		{ID: "m126", Name: "SMS-000126", URL: "/messages/m126", Time: "9:36 AM", Note: note, Body: []Segment{{Text: "Hello, is this Northside?"}}},
		{ID: "m127", Name: "SMS-000127", URL: "/messages/m127", Time: "9:38 AM", Note: note, Body: []Segment{{Text: "It’s about our install on Thursday."}}},
	}
}

func fixtureWhy() Why {
	ada := candidate("r1", "Contact", "Ada Okafor", "Okafor Interiors", "Mobile", "(512) 555-0177", 1)
	ada.Mentions = []string{"Ada", "Okafor Interiors"}
	return Why{
		ID: "m128", Waits: true, Writes: true, Return: "/messages/m128", Others: 2, CanLink: true, NewContact: true, Settings: "14", Version: "3",
		Because:    "2 records have (512) 555-0177 and neither has a previous message, so a person decides.",
		Candidates: []Candidate{ada, candidate("r2", "Contact", "Ben Okafor", "Okafor Interiors", "Home Phone", "512.555.0177", 2)},
		Steps: []Step{{Text: "Number read as +1 512 555 0177 (US)"}, {Text: "2 records have it: Mobile, Home Phone"}, {Text: "0 of them have a previous message"},
			{Text: "Left to a person, Dana Reyes notified at 9:41 AM", Last: true, Kind: "several"}},
	}
}

func fixtureMessage() MessagePage {
	p := MessagePage{
		Page: fixturePage("SMS-000128", "unassigned"), ID: "m128", Name: "SMS-000128", URL: "/messages/m128",
		State: Chip{Kind: "several", Icon: "routing_offline", Text: "Unassigned"},
		Line:  "from (512) 555-0177 to Main line, 4 minutes ago", Waits: true, Place: "1 of 7", PrevURL: "/messages/m110", NextURL: "/messages/m125",
		Number: "(512) 555-0177", Known: "Austin, TX", When: age("Today, 9:41 AM", "Monday, November 23, 2026, 9:41:07 AM"),
		Body:    adaText(true),
		Earlier: Conversation{Title: "Earlier from this number", Count: 2, Fold: "2 earlier texts from this number", Thread: Thread{Days: []Day{{Bubbles: fixtureEarlier("unassigned")}}}},
		Details: Details{ID: "m128", URL: "/messages/m128", Name: "SMS-000128", Number: "(512) 555-0177", Received: "Today, 9:41:07 AM", Channel: "Main line · (512) 555-0100", Status: "Unassigned", Writes: true, Version: "3", Return: "/messages/m128",
			Fields: []RecordField{
				{Key: "contact", Label: "Contact", Object: "Contact", NewPath: "/records/new/contact", Message: "m128"},
				{Key: "lead", Label: "Lead", Object: "Lead", NewPath: "/records/new/lead", Message: "m128"},
				{Key: "account", Label: "Account", Object: "Account", NewPath: "/records/new/account", Message: "m128"}}},
		Why: fixtureWhy(), Version: "3",
		Dismiss: &DismissMenu{ID: "m128", Number: "(512) 555-0177", Return: "/unassigned", Others: 2},
	}
	p.Focused = true
	return p
}

func fixtureEditing() MessagePage {
	p := fixtureMessage()
	p.Details.Editing = true
	p.Details.Fields[0].Focus = true
	return p
}

func fixtureAssigned() MessagePage {
	p := fixtureMessage()
	p.Waiting, p.Bell.Unread = 6, 3
	p.Toasts = []Toast{{Kind: "done", Icon: "success", Title: "Assigned to Ada Okafor", Note: "and 2 others from this number", Undo: "u1", Return: "/messages/m128"}}
	p.State = Chip{Kind: "done", Icon: "check", Text: "Assigned to Ada Okafor"}
	p.Line = "from (512) 555-0177, by Dana Reyes just now"
	p.Waits, p.Place, p.Dismiss, p.TakeOff = false, "", nil, true
	p.Body = adaText(false)
	p.Earlier.Title, p.Earlier.Count = "Conversation with Ada Okafor", 3
	p.Earlier.Days[0].Bubbles = fixtureEarlier("assigned along")
	p.Details.Status = "Assigned"
	p.Details.Fields[0].ID, p.Details.Fields[0].Name, p.Details.Fields[0].URL = "r1", "Ada Okafor", "/records/r1"
	w := fixtureWhy()
	w.Because, w.Waits, w.Others, w.Undo = "Dana Reyes assigned it to Ada Okafor just now.", false, 0, "u1"
	w.Candidates[0].Chosen, w.Candidates[0].Mentions, w.Candidates[0].Last = true, nil, "just now"
	w.Candidates[0].Key, w.Candidates[1].Key = 0, 0
	w.NextText = "The next text from (512) 555-0177 goes to Ada Okafor by itself: of the 2 records, only hers has a previous message."
	w.Settings = ""
	w.Steps = []Step{{Text: "2 records had the number, 0 had a previous message"}, {Text: "Left to a person at 9:41 AM"}, {Text: "Assigned by Dana Reyes at 9:45 AM, with 2 others", Last: true, Kind: "done"}}
	p.Why = w
	p.Next = &NextUp{URL: "/messages/m125", Number: "(206) 555-0142", Chip: noRecord, Age: age("12 min", "Today, 9:33 AM"), Left: "6 left", Body: fixtureRows()[1].Body}
	return p
}

func fixtureNoMatch() MessagePage {
	p := fixtureMessage()
	p.ID, p.Name, p.Title, p.Number, p.Known = "m125", "SMS-000125", "SMS-000125", "(206) 555-0142", "Seattle, WA"
	p.Line, p.Place = "from (206) 555-0142 to Main line, 12 minutes ago", "2 of 7"
	p.Body = []Segment{{Text: fixtureRows()[1].Body}}
	p.Earlier = Conversation{}
	p.Why = Why{ID: "m125", Waits: true, Writes: true, Return: "/messages/m125", NewContact: true, Version: "1",
		Because: "No record has (206) 555-0142, so there is nobody to assign it to yet.",
		Steps:   []Step{{Text: "Number read as +1 206 555 0142 (US)"}, {Text: "0 records have it"}, {Text: "Left to a person, Dana Reyes notified at 9:33 AM", Last: true, Kind: "several"}}}
	return p
}

func fixtureConflict() MessagePage {
	p := fixtureAssigned()
	p.Toasts = nil
	p.Conflict = &Conflict{What: "Sam Ortiz assigned this to Ben Okafor 8 seconds ago.", Lost: "Your choice, Ada Okafor, was not saved.",
		Keep: "Keep Ben Okafor", Record: "r1", Name: "Ada Okafor", ID: "m128", URL: "/messages/m128", Return: "/messages/m128"}
	return p
}

func fixtureLookup() LookupList {
	return LookupList{Object: "Contact", Query: "oka", NewURL: "/records/new/contact?message=m128&from=lookup", Groups: []LookupGroup{
		{Title: "Contacts that match “oka”", Options: []LookupOption{
			{ID: "r1", Object: "Contact", Name: "Ada Okafor", Marked: []Segment{{Text: "Ada "}, {Text: "Oka", Mark: true}, {Text: "for"}}, Line: "Okafor Interiors · (512) 555-0177", Side: "has this number"},
			{ID: "r2", Object: "Contact", Name: "Ben Okafor", Marked: []Segment{{Text: "Ben "}, {Text: "Oka", Mark: true}, {Text: "for"}}, Line: "Okafor Interiors · 512.555.0177", Side: "has this number"},
			{ID: "r9", Object: "Contact", Name: "Miles Okamoto", Marked: []Segment{{Text: "Miles "}, {Text: "Oka", Mark: true}, {Text: "moto"}}, Line: "Lakeside Dental · (512) 555-0121"},
		}},
		{Title: "Recent contacts", Recent: true, Options: []LookupOption{
			{ID: "r10", Object: "Contact", Name: "Jonas Weber", Marked: []Segment{{Text: "Jonas Weber"}}, Line: "Weber Bakery · (512) 555-0188", Side: "1 h"},
			{ID: "r5", Object: "Contact", Name: "Grace Hollis", Marked: []Segment{{Text: "Grace Hollis"}}, Line: "Hollis Dental · (512) 555-0150", Side: "Fri"},
		}},
	}}
}

func fixtureForm() RecordForm {
	return RecordForm{
		DOM: "new-1", Object: "Contact", Title: "New Contact", Subtitle: "for the text from (206) 555-0142", Action: "/records/contact",
		Hidden: []Hidden{{Name: "message", Value: "m125"}, {Name: "from", Value: "why"}},
		Foot:   "Saving also assigns this text to the new contact.",
		Likely: Likely{DOM: "new-1", Records: []Duplicate{{ID: "r20", Object: "Lead", Name: "Marcus Bell", Line: "Lead · Bell & Sons · Seattle", Because: "Same name · Phone (206) 555-0124", Assign: "/messages/m125/assign"}}},
		Fields: []FormField{
			{ID: "new-1-first", Name: "FirstName", Label: "First Name", Type: "text", Value: "Marcus", Focus: true, Watch: true},
			{ID: "new-1-last", Name: "LastName", Label: "Last Name", Type: "text", Value: "Bell", Required: true, Watch: true},
			{ID: "new-1-mobile", Name: "MobilePhone", Label: "Mobile", Type: "tel", Value: "(206) 555-0142", Hint: "From the text", HintIcon: "sms", Watch: true},
			{ID: "new-1-phone", Name: "Phone", Label: "Phone", Type: "tel"},
			{ID: "new-1-account", Name: "AccountId", Label: "Account Name", Type: "lookup", Object: "Account", Wide: true, Hint: "Type to search, or leave empty for a private person"},
			{ID: "new-1-email", Name: "Email", Label: "Email", Type: "email", Wide: true, Watch: true},
		},
		More: []FormField{{ID: "new-1-title", Name: "Title", Label: "Title", Type: "text"}, {ID: "new-1-desc", Name: "Description", Label: "Description", Type: "area", Wide: true}},
	}
}

func fixtureTexts() []MessageRow {
	return []MessageRow{{URL: "/messages/m128", Name: "SMS-000128", Number: "(512) 555-0177", Body: adaText(true), State: Chip{Kind: "done", Icon: "check", Text: "Assigned to Ada Okafor"}, Reason: Chip{Kind: "done", Icon: "check", Text: "Only match"}, Age: age("4 min", "Today")}}
}

// deskFixtures are the pages where people place texts, in their states.
func deskFixtures() []pageCase {
	queue := func(edit func(*UnassignedPage)) UnassignedPage {
		p := fixtureUnassigned()
		edit(&p)
		return p
	}
	form := fixtureForm()
	form.Error = "Last Name is missing."
	form.Fields[1].Error = "Enter a last name."
	wrong := fixtureEditing()
	wrong.Details.Error = "Choose a contact from the list."
	wrong.Details.Fields[0].Error, wrong.Details.Fields[0].Query = "Choose a contact from the list, or clear the field.", "oka"
	wrong.Details.Fields[0].Choices = fixtureLookup().Groups[0].Options
	many := fixtureMessage()
	for i := range 5 {
		many.Why.Candidates = append(many.Why.Candidates, candidate("x"+itoa(i), "Property__c", "Unit "+itoa(i), "", "Phone", "512 555 0177", i+3))
	}
	many.Why.CameAlong = []Along{{ID: "m130", Name: "SMS-000130", Body: "See you"}}
	many.Why.Later = "Jo Martin’s Mobile was changed to +44 7700 900123 at 9:50 AM, so this text was assigned to her by the rule."
	many.OptOut, many.Repeat = "(512) 555-0177 opted out on Nov 20.", "The same text came as SMS-000127 a minute before."
	many.Media = []Media{{URL: "https://media.example/1.jpg", Type: "image/jpeg"}}
	return []pageCase{
		{name: "queue", page: "unassigned", data: fixtureUnassigned()},
		{name: "queue empty", page: "unassigned", data: queue(func(p *UnassignedPage) {
			p.Rows, p.Preview, p.Empty = nil, nil, &EmptyQueue{Placed: "14 texts of today were placed by the rule.", Placing: "/messages"}
		})},
		{name: "queue filtered empty", page: "unassigned", data: queue(func(p *UnassignedPage) {
			p.Rows, p.Preview, p.Empty = nil, nil, &EmptyQueue{Filter: "Taken off", Waiting: "7 senders wait under other filters.", AllURL: "/unassigned", AllText: "Show all 7"}
		})},
		{name: "message", page: "message", data: fixtureMessage()},
		{name: "message without a record", page: "message", data: fixtureNoMatch()},
		{name: "message with many candidates", page: "message", data: many},
		{name: "message being edited", page: "message", data: fixtureEditing()},
		{name: "message edited wrongly", page: "message", data: wrong},
		{name: "message assigned", page: "message", data: fixtureAssigned()},
		{name: "message in conflict", page: "message", data: fixtureConflict()},
		{name: "new record", page: "record_new", data: NewRecordPage{Page: fixturePage("New Contact", ""), Form: form}},
		{name: "error", page: "error", data: ErrorPage{Page: fixturePage("Not found", ""), Code: 404, What: "There is no text with this address.", Next: "It may have been deleted.", URL: "/unassigned", URLText: "Open Unassigned"}},
		{name: "error before signing in", page: "error", data: ErrorPage{Page: Page{Title: "Not found"}, Code: 404, What: "Nothing is here.", Next: "Check the address."}},
		{name: "search", page: "search", data: SearchPage{Page: fixturePage("Search", ""), Query: "oka", Records: fixtureLookup().Groups[0].Options, Messages: fixtureTexts(), MoreURL: "/messages?q=oka"}},
		{name: "search without a result", page: "search", data: SearchPage{Page: fixturePage("Search", ""), Query: "oka"}},
		{name: "texts", page: "messages", data: MessagesPage{Page: fixturePage("Texts", ""), Line: "assigned, newest first", Rows: fixtureTexts(), NextURL: "/messages?after=1"}},
		{name: "find", page: "find", data: FindPage{Page: fixturePage("Find a record", ""), Dialog: FindDialog{Title: "Find a record", Return: "/unassigned"}, Query: "oka", URL: "/find", Messages: []string{"m128"}, Found: fixtureLookup().Groups[0].Options}},
		{name: "lookup", fragment: "lookup-list", data: fixtureLookup()},
		{name: "new record dialog", fragment: "record-dialog", data: fixtureForm()},
		{name: "find dialog", fragment: "find-dialog", data: FindDialog{Title: "Find a record", Note: "for the text from (512) 555-0177", IDs: []string{"m128"}, Others: 2, Return: "/unassigned"}},
		{name: "preview", fragment: "preview", data: *fixtureUnassigned().Preview},
		{name: "new senders", fragment: "new-senders", data: NewSenders{Count: 2, Text: "2 new senders, show", URL: "/unassigned"}},
		{name: "bell", fragment: "bell-notes", data: fixtureBell()},
	}
}
