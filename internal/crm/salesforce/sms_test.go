package salesforce_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

func TestMessagesAreWrittenAndComeBack(t *testing.T) {
	s := simulate(t)
	contact := s.make(t, "Contact", map[string]any{"LastName": "Doe"})
	account := s.make(t, "Account", map[string]any{"Name": "Acme"})
	messages := make([]salesforce.SMS, 450)
	for i := range messages {
		messages[i] = salesforce.SMS{ID: fmt.Sprintf("m%03d", i), Name: fmt.Sprintf("SMS-%06d", i), Phone: "+15125550177", Body: "Hello 🙂 \x00 ' \"",
			Direction: "inbound", State: "unassigned", Channel: "Support", ReceivedAt: now, Reason: "no_match", Explanation: "Nobody has this number."}
	}
	messages[7].State, messages[7].Reason = "assigned", "only_match"
	messages[7].Lookups = map[switchboard.Object]string{switchboard.Contact: contact}
	results := s.UpsertMessages(t.Context(), messages)
	if n := s.meter.count(salesforce.UseWrite); n != 4 {
		t.Errorf("it took %d calls", n) // three, and one to describe
	}
	for i, r := range results {
		if r.Err != nil || !r.Created || r.ID == "" {
			t.Fatalf("message %d: %+v", i, r)
		}
		row := s.there.Get("SMS__c", r.ID)
		if row["External_Id__c"] != messages[i].ID || row["Name"] != messages[i].Name || row["Message__c"] != "Hello 🙂 \uFFFD ' \"" || row["Direction__c"] != "Inbound" {
			t.Fatalf("message %d is %v", i, row)
		}
	}
	row := s.there.Get("SMS__c", results[7].ID)
	if row["Contact__c"] != contact || row["Status__c"] != "Assigned" {
		t.Errorf("the assigned one is %v", row)
	}
	// Again, moved, is the same row, and the old lookup is cleared.
	messages[7].Lookups = nil
	if r := s.UpsertMessages(t.Context(), messages[7:8]); r[0].Err != nil || s.there.Get("SMS__c", results[7].ID)["Contact__c"] != contact {
		t.Errorf("lookups that were to be left alone are not: %+v", r)
	}
	messages[7].Lookups, messages[7].Channel = map[switchboard.Object]string{}, strings.Repeat("é", 300)
	if r := s.UpsertMessages(t.Context(), messages[7:8]); r[0].Err != nil || s.there.Get("SMS__c", results[7].ID)["Contact__c"] != nil || s.there.Get("SMS__c", results[7].ID)["Channel__c"] != strings.Repeat("é", 255) {
		t.Errorf("lookups that were to be cleared are not, or a text is too long: %+v", r)
	}
	messages[7].Lookups = map[switchboard.Object]string{switchboard.Account: account}
	again := s.UpsertMessages(t.Context(), messages[7:8])
	row = s.there.Get("SMS__c", results[7].ID)
	if again[0].Err != nil || again[0].Created || again[0].ID != results[7].ID || row["Contact__c"] != nil || row["Account__c"] != account {
		t.Errorf("%+v, %v", again, row)
	}
	// An admin moves it back, in the org.
	var last salesforce.Cursor
	for p, err := range s.MessageChanges(t.Context(), salesforce.Cursor{}) {
		must(t, err)
		last = p.Next
	}
	ada, err := s.there.AddUser("ada@example.com", "Ada Lovelace")
	must(t, err)
	must(t, ada.Assign("Switchboard_User"))
	s.clock.Add(time.Minute)
	must(t, s.there.Update(ada, "SMS__c", results[7].ID, map[string]any{"Contact__c": contact, "Account__c": nil}))
	var changed []switchboard.RemoteMessage
	for p, err := range s.MessageChanges(t.Context(), last) {
		must(t, err)
		changed = append(changed, p.Messages...)
	}
	want := []switchboard.RemoteMessage{{SalesforceID: results[7].ID, MessageID: "m007", Lookups: map[switchboard.Object]string{switchboard.Contact: contact}, ModifiedBy: ada.ID}}
	if len(changed) == 1 {
		want[0].Stamp = changed[0].Stamp
	}
	if d := cmp.Diff(want, changed); d != "" {
		t.Error(d)
	}
	byID, err := s.Messages(t.Context(), []string{results[7].ID})
	if d := cmp.Diff(want, byID); d != "" || err != nil {
		t.Error(d, err)
	}
	if err := s.Ring(t.Context(), salesforce.Bell{UserIDs: []string{s.there.Admin().ID}, Title: "New SMS! (not assigned)", Body: "+1 512 555 0177: Hello", TargetID: results[0].ID}); err != nil {
		t.Fatal(err)
	}
	if bell := s.there.Notifications(); len(bell) != 1 || bell[0].Target != results[0].ID || bell[0].Recipients[0] != s.there.Admin().ID {
		t.Errorf("the bell is %+v", bell)
	}
	users, err := s.Users(t.Context())
	if err != nil || len(users) != 2 || !users[1].Active {
		t.Errorf("users are %+v, %v", users, err)
	}
}

// Whatever goes wrong on the way of a batch, every message has its verdict, and
// doing it again puts all of them there once.
func TestEveryFaultHasItsVerdict(t *testing.T) {
	batch := make([]salesforce.SMS, 5)
	for i := range batch {
		batch[i] = salesforce.SMS{ID: fmt.Sprint("m", i), Name: fmt.Sprint("SMS-", i), Phone: "+15125550177", Body: "Hi", Direction: "inbound", State: "unassigned", ReceivedAt: now}
	}
	for _, tt := range []struct {
		name  string
		fault sforg.Fault
		want  []salesforce.Class // of each row
	}{
		{"an expired session", sforg.Fault{Kind: sforg.ExpiredSession}, []salesforce.Class{"", "", "", "", ""}},
		{"the limit", sforg.Fault{Kind: sforg.RequestLimit}, slices.Repeat([]salesforce.Class{salesforce.ClassLimit}, 5)},
		{"a locked row", sforg.Fault{Kind: sforg.LockRow, Rows: []int{1}}, []salesforce.Class{"", salesforce.ClassRetry, "", "", ""}},
		{"a row's error", sforg.Fault{Kind: sforg.RowError, Rows: []int{2}, Err: &sforg.Error{Code: "INVALID_CROSS_REFERENCE_KEY", Message: "invalid cross reference id"}}, []salesforce.Class{"", "", salesforce.ClassGone, "", ""}},
		{"maintenance", sforg.Fault{Kind: sforg.HTML503}, slices.Repeat([]salesforce.Class{salesforce.ClassRetry}, 5)},
		{"an exception", sforg.Fault{Kind: sforg.ServerError}, slices.Repeat([]salesforce.Class{salesforce.ClassRetry}, 5)},
		{"a cut after the write", sforg.Fault{Kind: sforg.TimeoutAfterWrite}, slices.Repeat([]salesforce.Class{salesforce.ClassUnknown}, 5)},
		{"a cut before the write", sforg.Fault{Kind: sforg.TimeoutBefore}, slices.Repeat([]salesforce.Class{salesforce.ClassUnknown}, 5)},
	} {
		s := simulate(t)
		tt.fault.Path = "/composite/sobjects"
		s.there.Fail(tt.fault)
		for i, r := range s.UpsertMessages(t.Context(), batch) {
			var got salesforce.Class
			if r.Err != nil {
				got = r.Err.Class
			}
			if got != tt.want[i] {
				t.Errorf("%s: row %d is %q, %v", tt.name, i, got, r.Err)
			}
			if r.Err != nil && r.Err.Row != (tt.fault.Rows != nil) {
				t.Errorf("%s: row %d is about the row alone: %v", tt.name, i, r.Err.Row)
			}
		}
		for i, r := range s.UpsertMessages(t.Context(), batch) {
			if r.Err != nil {
				t.Errorf("%s: again, row %d: %v", tt.name, i, r.Err)
			}
		}
		if rows, err := s.there.Query("SELECT Id FROM SMS__c"); err != nil || len(rows) != len(batch) {
			t.Errorf("%s: there are %d rows, %v", tt.name, len(rows), err)
		}
	}
}

// Who may not own a row leaves it to whom it belongs, and the row is written.
func TestAnOwnerWhoMayNotOwnIsDoneWithout(t *testing.T) {
	s := simulate(t)
	bob, err := s.there.AddUser("bob@example.com", "Bob Roe")
	must(t, err)
	gone, err := s.there.AddUser("gone@example.com", "Gus Doe")
	must(t, err)
	must(t, s.there.Update(nil, "User", gone.ID, map[string]any{"IsActive": false}))
	eve, err := s.there.AddUser("eve@example.com", "Eve Poe") // she may not read messages
	must(t, err)
	must(t, bob.Assign("Switchboard_User"))
	owners := []string{"", bob.ID, gone.ID, "005000000000000AAA", bob.ID, eve.ID}
	write := func(change string) {
		t.Helper()
		var messages []salesforce.SMS
		for i, owner := range owners {
			messages = append(messages, salesforce.SMS{ID: fmt.Sprint("m", i), Name: fmt.Sprint("SMS-", i), Phone: "+15125550177", Body: change, Owner: owner})
		}
		before := s.meter.count(salesforce.UseWrite)
		for i, r := range s.UpsertMessages(t.Context(), messages) {
			if r.Err != nil || s.there.Get("SMS__c", r.ID)["Message__c"] != change {
				t.Errorf("row %d: %+v", i, r)
			}
			want := s.there.Admin().ID
			if owners[i] == bob.ID {
				want = bob.ID
			}
			if got := s.there.Get("SMS__c", r.ID)["OwnerId"]; got != want {
				t.Errorf("row %d belongs to %v, not %s", i, got, want)
			}
		}
		if n := s.meter.count(salesforce.UseWrite) - before; n > 3 {
			t.Errorf("it took %d calls", n)
		}
	}
	write("made")
	write("changed")
	// Other refusals for the owner, as real orgs word them, and one that stands.
	owners = []string{bob.ID, bob.ID, bob.ID}
	for _, e := range []*sforg.Error{{Code: "INSUFFICIENT_ACCESS_OR_READONLY", Message: "insufficient access rights on object id"}, {Code: "FIELD_INTEGRITY_EXCEPTION", Message: "Owner ID", Fields: []string{"OwnerId"}},
		{Code: "INVALID_CROSS_REFERENCE_KEY", Message: "invalid cross reference id"}} {
		s.there.Fail(sforg.Fault{Kind: sforg.RowError, Path: "/composite/sobjects", Rows: []int{1}, Err: e})
		write(e.Code)
	}
	s.there.Fail(sforg.Fault{Kind: sforg.RowError, Path: "/composite/sobjects", Rows: []int{0}, Err: &sforg.Error{Code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", Message: "No.", Fields: []string{"Phone__c"}}})
	before := s.meter.count(salesforce.UseWrite)
	if r := s.UpsertMessages(t.Context(), []salesforce.SMS{{ID: "m0", Owner: bob.ID}}); r[0].Err == nil || s.meter.count(salesforce.UseWrite)-before != 1 {
		t.Errorf("got %+v", r)
	}
}
