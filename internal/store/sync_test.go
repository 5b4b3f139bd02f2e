package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestRecordsComeFromSalesforce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		forgetJobs(t, db)

		ada := remoteContact(1, "Okafor", "(512) 555-0177")
		if a := applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ada}}); a.Created != 1 {
			t.Fatalf("applied %+v", a)
		}
		r := bySalesforceID(t, db, org, ada.SalesforceID)
		if r.Name != "Okafor" || r.Origin != switchboard.OriginSalesforce || r.SalesforceID != ada.SalesforceID {
			t.Errorf("the record is %+v", r)
		}
		if diff := cmp.Diff(switchboard.Fields{"LastName": "Okafor", "MobilePhone": "(512) 555-0177"}, r.Fields); diff != "" {
			t.Errorf("its fields:\n%s", diff)
		}
		m = storetest.Message(t, db, org, m.ID)
		if m.Record == nil || m.Record.ID != r.ID || !m.Decision.Retroactive || openBells(t, db, org) != 0 {
			t.Errorf("the waiting text: %+v, %d bells", m, openBells(t, db, org))
		}
		if got, want := jobs(t, db, org), []string{"message " + m.ID}; !slices.Equal(got, want) {
			t.Errorf("jobs %v, want %v", got, want)
		}
		forgetJobs(t, db)

		if a := applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ada}}); !cmp.Equal(a, store.Applied{Unchanged: 1}) {
			t.Errorf("once more: %+v", a)
		}
	})
}

func TestBothSidesOfARecordAreMerged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		org := dana.OrgID
		remote := remoteContact(1, "Okafor", "(512) 555-0177")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{remote}})
		r := bySalesforceID(t, db, org, remote.SalesforceID)
		_, _, err := db.UpdateRecord(t.Context(), dana, r.ID, 0, switchboard.Fields{"FirstName": "Ada", "LastName": "Ours", "Email": "ada@example.com"},
			func(switchboard.Object, switchboard.Fields) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		remote.Fields["LastName"], remote.Fields["MobilePhone"] = "Theirs", "(512) 555-0199"
		remote.Stamp = remote.Stamp.Add(time.Second)
		forgetJobs(t, db)
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{remote}})
		r = storetest.RecordOf(t, db, org, r.ID)
		want := switchboard.Fields{"FirstName": "Ada", "LastName": "Theirs", "Email": "ada@example.com", "MobilePhone": "(512) 555-0199"}
		if diff := cmp.Diff(want, r.Fields); diff != "" || r.Name != "Ada Theirs" {
			t.Errorf("merged to %q:\n%s", r.Name, diff)
		}
		p, err := db.RecordToPush(t.Context(), org, r.ID)
		if err != nil || p == nil || p.SalesforceID != remote.SalesforceID {
			t.Fatalf("to push: %+v, %v", p, err)
		}
		if diff := cmp.Diff(switchboard.Fields{"FirstName": "Ada", "Email": "ada@example.com"}, p.Fields); diff != "" {
			t.Errorf("to push:\n%s", diff)
		}
		if got := jobs(t, db, org); !slices.Equal(got, []string{"record " + r.ID}) {
			t.Errorf("jobs %v", got)
		}
		trail, _, err := db.AuditTrail(t.Context(), org, store.AuditFilter{Page: store.Page{Limit: 50}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(trail, func(e store.AuditEntry) bool {
			return e.Action == "record.override" && e.SubjectID == r.ID && strings.Contains(e.Detail, `"Ours":"Ours"`)
		}) {
			t.Errorf("the value that was overridden is not in the trail: %+v", trail)
		}
	})
}

func TestOurOwnValuesThatComeBackAreNoChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		org := dana.OrgID
		r := storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0177")
		p, err := db.RecordToPush(t.Context(), org, r.ID)
		if err != nil || p == nil || p.SalesforceID != "" || p.Fields.Text("LastName") != "Okafor" {
			t.Fatalf("to push: %+v, %v", p, err)
		}
		if ok, err := db.RecordSent(t.Context(), org, p); err != nil || !ok {
			t.Fatalf("sent: %v, %v", ok, err)
		}
		// Nobody learns what came of it, and meanwhile the record is edited here.
		_, _, err = db.UpdateRecord(t.Context(), dana, r.ID, 0, switchboard.Fields{"LastName": "Newer"}, func(switchboard.Object, switchboard.Fields) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		remote := remoteContact(7, "Okafor", "(512) 555-0177")
		remote.Fields["FirstName"], remote.Key = "Ada", r.ID
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{remote}})
		r = bySalesforceID(t, db, org, remote.SalesforceID)
		if r.Fields.Text("LastName") != "Newer" {
			t.Errorf("the later edit was lost to our own value: %v", r.Fields)
		}
		if p, err = db.RecordToPush(t.Context(), org, r.ID); err != nil || p == nil || !cmp.Equal(p.Fields, switchboard.Fields{"LastName": "Newer"}) {
			t.Errorf("to push: %+v, %v", p, err)
		}
	})
}

func TestWhatWasReadBeforeAPushIsReadAgain(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		dana, _ := connected(t, db)
		org := dana.OrgID
		old := remoteContact(1, "Okafor", "")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{old}})
		r := bySalesforceID(t, db, org, old.SalesforceID)
		_, _, err := db.UpdateRecord(t.Context(), dana, r.ID, 0, switchboard.Fields{"LastName": "Newer"}, func(switchboard.Object, switchboard.Fields) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		readAt := clock.Now()
		p, err := db.RecordToPush(t.Context(), org, r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if ok, err := db.RecordSent(t.Context(), org, p); err != nil || !ok {
			t.Fatalf("sent: %v, %v", ok, err)
		}
		if err := db.NoteRecord(t.Context(), org, p, old.SalesforceID); err != nil {
			t.Fatal(err)
		}
		if a := applyRemote(t, db, org, store.Remote{ReadAt: readAt, Records: []switchboard.RemoteRecord{old}}); a.Later != 1 {
			t.Errorf("applied %+v", a)
		}
		if r = storetest.RecordOf(t, db, org, r.ID); r.Fields.Text("LastName") != "Newer" {
			t.Errorf("an old reading undid the edit: %v", r.Fields)
		}
		if p, err := db.RecordToPush(t.Context(), org, r.ID); err != nil || p != nil {
			t.Errorf("there is something to push: %+v, %v", p, err)
		}
	})
}

func TestRecordsAreDeletedAndRestoredByEitherSide(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		remote := remoteContact(1, "Okafor", "(512) 555-0177")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{remote}})
		r := bySalesforceID(t, db, org, remote.SalesforceID)
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")

		remote.Deleted = true
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{remote}})
		if r = storetest.RecordOf(t, db, org, r.ID); !r.Deleted {
			t.Error("it was not deleted")
		}
		if m = storetest.Message(t, db, org, m.ID); m.Record == nil || m.Record.ID != r.ID {
			t.Error("it did not keep its text")
		}
		remote.Deleted = false
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{remote}})
		if r = storetest.RecordOf(t, db, org, r.ID); r.Deleted {
			t.Error("it was not restored")
		}
		if got := storetest.Text(t, db, org, channel, "+15125550177", "again"); got.Record == nil {
			t.Error("restored, it does not match")
		}

		if _, err := db.DeleteRecord(t.Context(), dana, r.ID); err != nil {
			t.Fatal(err)
		}
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{remote}})
		p, err := db.RecordToPush(t.Context(), org, r.ID)
		if err != nil || p == nil || !p.Delete {
			t.Fatalf("to push: %+v, %v", p, err)
		}
		if ok, err := db.RecordSent(t.Context(), org, p); err != nil || !ok {
			t.Fatalf("sent: %v, %v", ok, err)
		}
		if err := db.NoteRecord(t.Context(), org, p, remote.SalesforceID); err != nil {
			t.Fatal(err)
		}
		if p, err := db.RecordToPush(t.Context(), org, r.ID); err != nil || p != nil {
			t.Errorf("to push after it: %+v, %v", p, err)
		}
		if _, _, err := db.RestoreRecord(t.Context(), dana, r.ID); err != nil {
			t.Fatal(err)
		}
		if p, err := db.RecordToPush(t.Context(), org, r.ID); err != nil || p == nil || p.SalesforceID != "" || p.Delete {
			t.Errorf("to push after it was restored: %+v, %v", p, err)
		}
	})
}

func TestAMergesWinnerStandsForItsLoser(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		loser, winner, last := remoteContact(1, "Loser", "(512) 555-0177"), remoteContact(2, "Winner", "(512) 555-0188"), remoteContact(3, "Last", "")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{loser, winner, last}})
		lost, won := bySalesforceID(t, db, org, loser.SalesforceID), bySalesforceID(t, db, org, winner.SalesforceID)
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		linked := storetest.Text(t, db, org, channel, "88202", "hi")
		if _, err := db.Place(t.Context(), dana, store.Placement{MessageIDs: []string{linked.ID}, RecordID: lost.ID, Remember: true}); err != nil {
			t.Fatal(err)
		}
		forgetJobs(t, db)

		loser.Deleted, loser.MasterID = true, winner.SalesforceID
		winner.Fields["MobilePhone"] = "(512) 555-0177"
		if a := applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{loser, winner}}); a.Merged != 1 || a.Updated != 1 {
			t.Errorf("applied %+v", a)
		}
		for _, id := range []string{m.ID, linked.ID} {
			got := storetest.Message(t, db, org, id)
			if got.Record == nil || got.Record.ID != won.ID || got.Decision.Record.ID != won.ID {
				t.Errorf("%s is on %+v by %+v", got.Name(), got.Record, got.Decision)
			}
		}
		if on, _, err := db.Messages(t.Context(), org, store.MessageFilter{RecordID: won.ID, Page: store.Page{Limit: 10}}); err != nil || len(on) != 2 {
			t.Errorf("the winner's page has %d texts, %v", len(on), err)
		}
		if !storetest.RecordOf(t, db, org, lost.ID).Deleted {
			t.Error("the loser is still there")
		}
		if got := storetest.Text(t, db, org, channel, "88202", "again"); got.Record == nil || got.Record.ID != won.ID {
			t.Errorf("a remembered number went to %+v", got.Record)
		}
		if got := jobs(t, db, org); len(got) != 3 {
			t.Errorf("jobs %v", got)
		}

		// The winner is merged in turn, and so is yet another one into the first loser's winner.
		late := remoteContact(4, "Late", "(512) 555-0199")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{late}})
		lateText := storetest.Text(t, db, org, channel, "+15125550199", "hi")
		winner.Deleted, winner.MasterID = true, last.SalesforceID
		late.Deleted, late.MasterID = true, winner.SalesforceID
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{winner, late}})
		end := bySalesforceID(t, db, org, last.SalesforceID)
		for _, id := range []string{m.ID, linked.ID, lateText.ID} {
			if got := storetest.Message(t, db, org, id); got.Record == nil || got.Record.ID != end.ID {
				t.Errorf("after two merges %s is on %+v", got.Name(), got.Record)
			}
		}
	})
}

func TestAMergeWithAStrangerWaitsForIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		loser := remoteContact(1, "Loser", "")
		applyRemote(t, db, dana.OrgID, store.Remote{Records: []switchboard.RemoteRecord{loser}})
		loser.Deleted, loser.MasterID = true, sfID("003", 99)
		a := applyRemote(t, db, dana.OrgID, store.Remote{Records: []switchboard.RemoteRecord{loser}})
		if !slices.Equal(a.Missing, []string{loser.MasterID}) || bySalesforceID(t, db, dana.OrgID, loser.SalesforceID).Deleted {
			t.Errorf("applied %+v", a)
		}
	})
}

func TestAConvertedLeadIsStoodForByItsContact(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		lead := switchboard.RemoteRecord{SalesforceID: sfID("00Q", 1), Object: switchboard.Lead, Stamp: worldStart,
			Fields: switchboard.Fields{"LastName": "Okafor", "Company": "Acme", "Phone": "(512) 555-0177"}}
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{lead}})
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		contact := remoteContact(1, "Okafor", "(512) 555-0177")
		lead.ConvertedID = contact.SalesforceID
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{lead, contact}})
		r := bySalesforceID(t, db, org, contact.SalesforceID)
		if got := storetest.Message(t, db, org, m.ID); got.Record == nil || got.Record.ID != r.ID {
			t.Errorf("its text is on %+v", got.Record)
		}
		if got := storetest.Text(t, db, org, channel, "+15125550177", "again"); got.Record == nil || got.Record.ID != r.ID || got.Decision.Reason != switchboard.ReasonOnlyMatch {
			t.Errorf("the next one is on %+v by %s", got.Record, got.Decision.Reason)
		}
	})
}

// What a Lead became may be in the bin before anybody hears of it. Salesforce
// leaves the Lead in the lookups of its texts, where it names nobody any more.
func TestAConvertedLeadWithoutItsContactIsNamedNoMore(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		lead := switchboard.RemoteRecord{SalesforceID: sfID("00Q", 1), Object: switchboard.Lead, Stamp: worldStart,
			Fields: switchboard.Fields{"LastName": "Okafor", "Company": "Acme", "Phone": "(512) 555-0177"}}
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{lead}})
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		if row := pushed(t, db, org, 1, m.ID); row.Lookups[switchboard.Lead] != lead.SalesforceID {
			t.Fatalf("there it names %v", row.Lookups)
		}
		forgetJobs(t, db)
		lead.ConvertedID = sfID("003", 1)
		lost := store.Remote{Records: []switchboard.RemoteRecord{lead}, Unseen: []string{lead.ConvertedID}}
		if a := applyRemote(t, db, org, lost); a.Deleted != 1 {
			t.Errorf("applied %+v", a)
		}
		if got := jobs(t, db, org); !slices.Equal(got, []string{"message " + m.ID}) {
			t.Errorf("jobs %v", got)
		}
		if row := pushed(t, db, org, 1, m.ID); len(row.Lookups) > 0 {
			t.Errorf("there it goes on naming %v", row.Lookups)
		}
		forgetJobs(t, db)
		if applyRemote(t, db, org, lost); len(jobs(t, db, org)) > 0 {
			t.Errorf("once more there are jobs: %v", jobs(t, db, org))
		}
	})
}

func TestCustomObjectsAreMatched(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		fields := switchboard.DefaultPhoneFields()
		fields["Patient__c"] = []string{"Cell__c"}
		if _, err := db.SetPhoneFields(t.Context(), dana, fields); err != nil {
			t.Fatal(err)
		}
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{{SalesforceID: sfID("a0P", 1), Object: "Patient__c", Stamp: worldStart,
			Fields: switchboard.Fields{"Name": "P-0042", "Cell__c": "(512) 555-0177"}}}})
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		if m.Record == nil || m.Record.Name != "P-0042" || m.Record.Object != "Patient__c" {
			t.Errorf("it is on %+v", m.Record)
		}
	})
}

func TestAnOlderReadingChangesNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		newer, older := remoteContact(1, "Newer", ""), remoteContact(1, "Older", "")
		newer.Stamp = newer.Stamp.Add(time.Second)
		applyRemote(t, db, dana.OrgID, store.Remote{Records: []switchboard.RemoteRecord{newer}})
		applyRemote(t, db, dana.OrgID, store.Remote{Records: []switchboard.RemoteRecord{older}})
		if r := bySalesforceID(t, db, dana.OrgID, newer.SalesforceID); r.Name != "Newer" {
			t.Errorf("it is called %s", r.Name)
		}
	})
}

// A part of what is applied is prepared while the one before it is written, and
// what that one brings may be what it needs.
func TestALaterPartFindsWhatTheOneBeforeItBrought(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		var records []switchboard.RemoteRecord
		for i := range 200 {
			records = append(records, switchboard.RemoteRecord{SalesforceID: sfID("001", i+1), Object: switchboard.Account, Fields: switchboard.Fields{"Name": fmt.Sprintf("Acme %d", i)}, Stamp: worldStart})
		}
		ada := remoteContact(1, "Okafor", "(512) 555-0177")
		ada.Fields["AccountId"] = sfID("001", 200)
		a := applyRemote(t, db, org, store.Remote{Records: append(records, ada)})
		if a.Created != 201 || len(a.Missing) != 0 {
			t.Errorf("applied %+v", a)
		}
		here := bySalesforceID(t, db, org, ada.SalesforceID)
		if account := bySalesforceID(t, db, org, sfID("001", 200)); here.Fields.Text("AccountId") != account.ID {
			t.Errorf("its account is %q and not %q", here.Fields.Text("AccountId"), account.ID)
		}
		if got := storetest.Message(t, db, org, m.ID); got.Record == nil || got.Record.ID != here.ID {
			t.Errorf("the text that waited is on %+v", got.Record)
		}
	})
}
