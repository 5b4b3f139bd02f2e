package switchboard

import (
	"testing"
	"time"
)

func TestBecauseIsOneSentence(t *testing.T) {
	// The reader looks on Monday 2 March 2026 at noon, in Texas where it is 6 AM.
	texas := time.FixedZone("CST", -6*60*60)
	reader := Reader{Region: "US", Location: texas, Now: time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC)}
	ref := func(name string) RecordRef { return RecordRef{ID: name, Object: Contact, Name: name} }
	ada, jonas, noor, lena := ref("Ada Okafor"), ref("Jonas Weber"), ref("Noor Haddad"), ref("Lena Fox")
	unknown := ref("Unknown (206) 555-0142")
	dana, sam := &By{Name: "Dana Reyes"}, &By{Name: "Sam Ortiz"}
	last := func(r RecordRef, at time.Time) Candidate { return Candidate{Record: r, Last: Moment{At: at, Seq: 1}} }
	friday := time.Date(2026, 2, 27, 22, 12, 0, 0, time.UTC)
	today := time.Date(2026, 3, 2, 13, 58, 0, 0, time.UTC)
	tests := []struct {
		name string
		d    Decision
		want string
	}{
		{"no match", Decision{Outcome: OutcomeUnassigned, Reason: ReasonNoMatch, Sender: "+12065550142"},
			"No record has (206) 555-0142, so there is nobody to assign it to yet."},
		{"two, none has history", Decision{Outcome: OutcomeUnassigned, Reason: ReasonAmbiguous, Sender: "+15125550177", Candidates: make([]Candidate, 2)},
			"2 records have (512) 555-0177 and neither has a previous message, so a person decides."},
		{"three, none has history", Decision{Outcome: OutcomeUnassigned, Reason: ReasonAmbiguous, Sender: "+15125550177", Candidates: make([]Candidate, 3)},
			"3 records have (512) 555-0177 and none of them has a previous message, so a person decides."},
		{"one match", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyMatch, Record: &ada, Sender: "+15125550177", Candidates: []Candidate{{Record: ada}}},
			"Ada Okafor is the only record that has (512) 555-0177."},
		{"two, one has history", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyHistory, Record: &jonas, Sender: "+15125550188",
			Candidates: []Candidate{{Record: lena}, last(jonas, friday)}},
			"Of the 2 records that have (512) 555-0188, only Jonas Weber has a previous message, from Friday at 4:12 PM."},
		{"two of three have history", Decision{Outcome: OutcomeAssigned, Reason: ReasonLatestHistory, Record: &noor, Sender: "+15125550188",
			Candidates: []Candidate{{Record: lena}, last(jonas, friday), last(noor, today)}},
			"Of the 2 records with previous messages, Noor Haddad has the most recent one, from today at 7:58 AM."},
		{"created", Decision{Outcome: OutcomeCreated, Reason: ReasonCreatedRecord, Record: &unknown, Sender: "+12065550142"},
			"No record had the number, so Contact Unknown (206) 555-0142 was created."},
		{"blocked short code", Decision{Outcome: OutcomeDismissed, Reason: ReasonBlocked, Sender: "88202"},
			"88202 is on the block list."},
		{"blocked number", Decision{Outcome: OutcomeDismissed, Reason: ReasonBlocked, Sender: "+15125550177"},
			"(512) 555-0177 is on the block list."},
		{"a record was refused", Decision{Outcome: OutcomeUnassigned, Reason: ReasonNoMatch, Sender: "+12065550142", Refused: "Enter an e-mail."},
			"No record has (206) 555-0142, and Salesforce refused the one that was made: Enter an e-mail."},
		{"another record was merged", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyMatch, Record: &ada, Sender: "+15125550177", Retroactive: true,
			Change: &Change{Kind: RecordMerged, Record: ada}},
			"Another record became part of Contact Ada Okafor, so this text was assigned to Ada Okafor by the rule."},
		{"a number from abroad", Decision{Outcome: OutcomeUnassigned, Reason: ReasonNoMatch, Sender: "+442079460958"},
			"No record has +44 20 7946 0958, so there is nobody to assign it to yet."},

		{"a person placed it", Decision{Outcome: OutcomeAssigned, Reason: ReasonPerson, Record: &ada, By: dana},
			"Dana Reyes assigned it to Ada Okafor."},
		{"a person took it off", Decision{Outcome: OutcomeUnassigned, Reason: ReasonPerson, From: &lena, By: sam},
			"Sam Ortiz took it off Lena Fox."},
		{"a person dismissed it as spam", Decision{Outcome: OutcomeDismissed, Reason: ReasonPerson, Dismissal: "spam", By: sam},
			"Sam Ortiz dismissed it as spam."},
		{"a person dismissed it", Decision{Outcome: OutcomeDismissed, Reason: ReasonPerson, Dismissal: "not_needed", By: sam},
			"Sam Ortiz dismissed it: nobody needs to place it."},

		{"a field was changed", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyMatch, Record: &jo, Sender: "+447700900123", Retroactive: true,
			Change: &Change{Kind: RecordEdited, Record: jo, Field: "MobilePhone", Value: "+44 7700 900123"}},
			"Jo Martin's Mobile was changed to +44 7700 900123, so this text was assigned to Jo Martin by the rule."},
		{"a field was cleared", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyMatch, Record: &ada, Sender: "+15125550177", Retroactive: true,
			Change: &Change{Kind: RecordEdited, Record: jo, Field: "Phone"}},
			"Jo Martin's Phone was cleared, so this text was assigned to Ada Okafor by the rule."},
		{"something else of it was edited", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyMatch, Record: &jo, Retroactive: true,
			Change: &Change{Kind: RecordEdited, Record: jo}},
			"Lead Jo Martin was edited, so this text was assigned to Jo Martin by the rule."},
		{"a record was created", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyMatch, Record: &ada, Retroactive: true, Change: &Change{Kind: RecordCreated, Record: ada}},
			"Contact Ada Okafor was created, so this text was assigned to Ada Okafor by the rule."},
		{"a record was deleted", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyMatch, Record: &ada, Retroactive: true, Change: &Change{Kind: RecordDeleted, Record: lena}},
			"Contact Lena Fox was deleted, so this text was assigned to Ada Okafor by the rule."},
		{"a record was restored", Decision{Outcome: OutcomeAssigned, Reason: ReasonOnlyMatch, Record: &ada, Retroactive: true, Change: &Change{Kind: RecordRestored, Record: ada}},
			"Contact Ada Okafor was restored, so this text was assigned to Ada Okafor by the rule."},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := tc.d.Because(reader); got != tc.want {
				t.Errorf("because:\n got %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestTimesAreWrittenAsPeopleSayThem(t *testing.T) {
	texas := time.FixedZone("CST", -6*60*60)
	now := time.Date(2026, 3, 2, 18, 0, 0, 0, time.UTC) // Monday, noon there
	for _, tc := range []struct {
		at   time.Time
		want string
	}{
		{time.Date(2026, 3, 2, 13, 58, 0, 0, time.UTC), "today at 7:58 AM"},
		{time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC), "today at 12:00 AM"},
		{time.Date(2026, 3, 2, 5, 59, 0, 0, time.UTC), "yesterday at 11:59 PM"}, // the 2nd in London, still the 1st in Texas
		{time.Date(2026, 2, 28, 18, 0, 0, 0, time.UTC), "Saturday at 12:00 PM"},
		{time.Date(2026, 2, 24, 18, 0, 0, 0, time.UTC), "Tuesday at 12:00 PM"},
		{time.Date(2026, 2, 23, 18, 0, 0, 0, time.UTC), "February 23 at 12:00 PM"}, // a week ago: "Monday" would be read as today
		{time.Date(2025, 12, 31, 18, 0, 0, 0, time.UTC), "December 31, 2025 at 12:00 PM"},
		{time.Date(2026, 3, 3, 18, 0, 0, 0, time.UTC), "March 3 at 12:00 PM"}, // the future has no weekday
	} {
		if got := (Reader{Location: texas, Now: now}).Time(tc.at); got != tc.want {
			t.Errorf("%s is written %q, want %q", tc.at, got, tc.want)
		}
	}
	if got, want := (Reader{}).Time(now), "March 2, 2026 at 6:00 PM UTC"; got != want {
		t.Errorf("without a clock: %q, want %q", got, want)
	}
}
