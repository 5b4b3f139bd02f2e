package web

func fixtureSalesforce() SalesforcePage {
	objects := []SyncedObject{
		{Object: "Contact", Plural: "Contacts", Rows: 412_000, Total: 1_000_000, Count: "412,000 of 1,000,000", Loads: true, Chip: Chip{Kind: "none", Icon: "clock", Text: "Loading"}},
		{Object: "Lead", Plural: "Leads", Count: "3,204", Chip: Chip{Kind: "done", Icon: "check", Text: "Loaded"}, Read: age("now", "Today, 9:41 AM")},
		{Object: "Patient__c", Plural: "Patient", Count: "18 so far", Loads: true, Chip: Chip{Kind: "none", Icon: "clock", Text: "Loading"}},
		{Object: "SMS", Plural: "Texts", Count: "–", Chip: Chip{Kind: "done", Icon: "check", Text: "Followed"}, Read: age("now", "Today, 9:41 AM")},
	}
	return SalesforcePage{
		Settings: fixtureSettings("Salesforce", "Salesforce"), Connected: true, Here: true,
		Who: SalesforceWho{Facts: []Highlight{{"Org", "Northside · northside.my.salesforce.com", "https://northside.my.salesforce.com"}, {"Acts there as", "switchboard@northside.example", ""}, {"Tied to", "Dana Reyes", ""}}},
		State: SalesforceState{State: "x", Every: "2s", Chip: Chip{Kind: "done", Icon: "success", Text: "Connected"}, Line: &Notice{Kind: "none", Text: "Reading the org for the first time…", Wait: true},
			Objects: objects, Waiting: "3 records and 12 texts still to be written.", Calls: "1,204 of 15,000 API calls in 24 hours", CallsUsed: 1204, CallsMax: 15_000, CallsOurs: "318 by Switchboard today", Unwritten: "2 things could not be written"},
		Checks:  SalesforceChecks{Line: "1 problem and 1 warning. Checked just now.", Again: "/settings/salesforce?check=again", List: fixtureChecks(true)},
		Package: SalesforcePackage{Chip: Chip{Kind: "several", Icon: "warning", Text: "Not installed"}, Button: "Install the package", Version: "1.0.0", Error: "CustomObject SMS__c: it could not be made.", Running: true, Done: 12, Total: 40, Line: "12 of 40 parts are there."},
	}
}

func fixtureSalesforceForm(key bool) SalesforcePage {
	p := fixtureSalesforce()
	p.Before = "Disconnected from the org 00D5g000004CVEpEAO."
	p.Connect = &SalesforceConnect{
		Ways: []Option{{Label: "Client credentials", URL: "/settings/salesforce?by=client-credentials", Current: true}, {Label: "JWT bearer", URL: "/settings/salesforce?by=jwt"}}, By: "web", About: "The usual way.", Warning: "Salesforce leads back to an https address alone.",
		Action: "/settings/salesforce", Error: "Correct what is marked.", Key: key, KeyError: "There is no key in it.", Callback: Secret{ID: "callback", Label: "callback address", Value: "https://sms.northside.example/settings/salesforce/callback"},
		Fields: []Input{{ID: "sf-login", Name: "login_url", Label: "My Domain", Type: "url", Value: "northside", Error: "Enter an address."}, {ID: "sf-secret", Name: "client_secret", Label: "Consumer secret", Type: "password", Hint: "Stored encrypted."}},
		More:   []Input{{ID: "sf-version", Name: "api_version", Label: "API version", Type: "text", Value: "62.0"}}, MoreOpen: true, Button: "Connect", Cancel: "/settings/salesforce",
	}
	return p
}

func fixtureRecordSync() RecordPage {
	p := fixtureRecord()
	p.Sync = &RecordSync{
		ID: "r1", Writes: true, Chip: Chip{Kind: "error", Icon: "error", Text: "Refused by Salesforce"}, There: "https://northside.my.salesforce.com/003x", TheirID: "003x",
		GivenUp: "No answer came.", Refused: "Enter an e-mail address.", Field: "Email", EditURL: "/records/r1?edit=Email", EditKey: "Email", Into: &RecordLink{URL: "/records/r2", Object: "Contact", Name: "Ben Okafor"},
		Twins: []Twin{{SalesforceID: "003y", URL: "/records/r2", Object: "Contact", Name: "Ada Okafor", Line: "(512) 555-0177", Here: true}, {SalesforceID: "003z", URL: "https://northside.my.salesforce.com/003z", Object: "Contact", Name: "003z"}},
		Kept:  []KeptValue{{Label: "Title", Ours: "“Owner”", Theirs: "“Founder”", When: age("4 min", "Today, 9:41 AM")}},
	}
	return p
}

func salesforceFixtures() []pageCase {
	p, asked := fixtureSalesforce(), fixtureSalesforce()
	asked.Checks = SalesforceChecks{Wait: true, Again: "/settings/salesforce?check=again"}
	asked.State.Objects, asked.Package = nil, SalesforcePackage{Chip: Chip{Icon: "clock", Text: "Not looked at yet"}}
	failed := p.Checks
	failed.List, failed.Error, failed.Swap, failed.Who, failed.Pack = nil, "Salesforce did not answer in time.", true, p.Who, p.Package
	return []pageCase{
		{name: "salesforce", page: "settings_salesforce", data: p},
		{name: "salesforce being checked", page: "settings_salesforce", data: asked},
		{name: "salesforce not connected", page: "settings_salesforce", data: fixtureSalesforceForm(false)},
		{name: "salesforce by a key", page: "settings_salesforce", data: fixtureSalesforceForm(true)},
		{name: "salesforce out of reach", page: "settings_salesforce", data: SalesforcePage{Settings: fixtureSettings("Salesforce", "Salesforce")}},
		{name: "salesforce live", fragment: "salesforce-live", data: p.State},
		{name: "salesforce checked", fragment: "salesforce-checked", data: failed},
		{name: "salesforce package", fragment: "salesforce-package", data: p.Package},
		{name: "to salesforce", page: "settings_salesforce_leave", data: SalesforceLeavePage{Settings: fixtureSettings("Salesforce", "Salesforce"), URL: "https://northside.my.salesforce.com/services/oauth2/authorize", Host: "northside.my.salesforce.com"}},
		{name: "unwritten", page: "settings_unwritten", data: UnwrittenPage{Settings: fixtureSettings("Could not be written", "Salesforce"), More: "These are the newest.", Rows: []UnwrittenRow{
			{Kind: "salesforce.record", ID: "r1", Object: "Contact", Name: "Ada Okafor", URL: "/records/r1", Field: "Email", Reason: "Enter an e-mail address.", When: age("4 min", ""), Tries: "1 try", Mend: "Edit Email", MendURL: "/records/r1?edit=Email"},
			{Kind: "salesforce.message", ID: "m1", Object: "SMS", Name: "SMS-000128", URL: "/messages/m1", Reason: "Salesforce did not say why.", When: age("1 h", "")}}}},
		{name: "nothing unwritten", page: "settings_unwritten", data: UnwrittenPage{Settings: fixtureSettings("Could not be written", "Salesforce")}},
		{name: "contact refused by salesforce", page: "record", data: fixtureRecordSync()},
	}
}
