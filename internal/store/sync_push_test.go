package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestNothingIsPushedWithoutASalesforce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana := storetest.Admin(t, db)
		channel := storetest.Channel(t, db, dana)
		m := storetest.Text(t, db, dana.OrgID, channel, "+15125550177", "hi")
		r := storetest.Contact(t, db, dana, "Ada Okafor", "+15125550188")
		if _, err := db.Place(t.Context(), dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: r.ID}); err != nil {
			t.Fatal(err)
		}
		if got := jobs(t, db, dana.OrgID); len(got) > 0 {
			t.Errorf("there are jobs: %v", got)
		}
		connect(t, db, dana)
		if n, all, err := db.PushMissing(t.Context(), dana.OrgID, 1); err != nil || n != 2 || all {
			t.Errorf("what was here before: %d, %v, %v", n, all, err)
		}
		want := []string{"message " + m.ID, "record " + r.ID}
		if got := jobs(t, db, dana.OrgID); !slices.Equal(got, want) {
			t.Errorf("jobs %v, want %v", got, want)
		}
		if n, all, err := db.PushMissing(t.Context(), dana.OrgID, 1); err != nil || n != 0 || !all {
			t.Errorf("it asked again for %d, %v, %v", n, all, err)
		}
	})
}

func TestEveryChangeIsPushed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		var undo string
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		bells, _, err := db.Notifications(t.Context(), org, store.NotificationFilter{Page: store.Page{Limit: 10}})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(what string, want ...string) {
			t.Helper()
			slices.Sort(want)
			if got := jobs(t, db, org); !slices.Equal(got, want) {
				t.Errorf("%s: jobs %v, want %v", what, got, want)
			}
			forgetJobs(t, db)
		}
		expect("a text that waits", "message "+m.ID, "bell "+bells[0].ID)
		r := storetest.Contact(t, db, dana, "Ada Okafor", "+15125550188")
		expect("a record", "record "+r.ID)
		c, err := db.Place(t.Context(), dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: r.ID})
		if err != nil {
			t.Fatal(err)
		}
		undo = c.Undo
		expect("a placement", "message "+m.ID)
		if _, err := db.Undo(t.Context(), dana, undo); err != nil {
			t.Fatal(err)
		}
		expect("an undo", "message "+m.ID, "bell "+bells[0].ID)
		set := func(phone string) {
			t.Helper()
			_, _, err := db.UpdateRecord(t.Context(), dana, r.ID, 0, switchboard.Fields{"Phone": phone}, func(switchboard.Object, switchboard.Fields) error { return nil })
			if err != nil {
				t.Fatal(err)
			}
		}
		set("+15125550177")
		expect("an edit that places a text", "record "+r.ID, "message "+m.ID)
		if _, err := db.DeleteRecord(t.Context(), dana, r.ID); err != nil {
			t.Fatal(err)
		}
		expect("a deletion", "record "+r.ID)
		if _, _, err := db.RestoreRecord(t.Context(), dana, r.ID); err != nil {
			t.Fatal(err)
		}
		expect("a restoration", "record "+r.ID)
		ids, err := db.CreateRecords(t.Context(), dana, switchboard.OriginImport, []store.NewRecord{{Object: switchboard.Contact, Fields: switchboard.Fields{"LastName": "Roe"}}})
		if err != nil {
			t.Fatal(err)
		}
		expect("an import", "record "+ids[0])
		u := switchboard.DefaultUnknownNumbers()
		u.Enabled = true
		if _, err := db.SetUnknownNumbers(t.Context(), dana, u); err != nil {
			t.Fatal(err)
		}
		made := storetest.Text(t, db, org, channel, "+15125550199", "hi")
		expect("a record for an unknown number", "message "+made.ID, "record "+made.Record.ID)
	})
}

func pushed(t *testing.T, db *store.DB, org string, n int, id string) switchboard.RemoteMessage {
	t.Helper()
	all, err := db.MessagesToPush(t.Context(), org, []string{id})
	if err != nil || len(all) != 1 {
		t.Fatalf("to push: %v, %v", all, err)
	}
	p := all[0]
	if err := db.MessagesSent(t.Context(), org, []store.MessageSent{{MessageID: id, Lookups: p.Lookups}}); err != nil {
		t.Fatal(err)
	}
	row := switchboard.RemoteMessage{SalesforceID: sfID("a00", n), MessageID: id, Lookups: p.Lookups, ModifiedBy: salesforceUser}
	if err := db.NoteMessages(t.Context(), org, []store.MessageNoted{{MessageID: id, SMSID: row.SalesforceID, Hash: "h", Lookups: p.Lookups}}); err != nil {
		t.Fatal(err)
	}
	return row
}

func TestAPlacementInSalesforceIsAPersons(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		row := pushed(t, db, org, 1, m.ID)
		if a := applyRemote(t, db, org, store.Remote{Messages: []switchboard.RemoteMessage{row}}); a.Placed != 0 {
			t.Errorf("our own row was taken for a placement: %+v", a)
		}

		// The admin makes a contact there, without the number, and sets it on the row.
		ada := remoteContact(1, "Okafor", "")
		row.Lookups = map[switchboard.Object]string{switchboard.Contact: ada.SalesforceID}
		if a := applyRemote(t, db, org, store.Remote{Messages: []switchboard.RemoteMessage{row}}); !slices.Equal(a.Missing, []string{ada.SalesforceID}) {
			t.Errorf("applied %+v", a)
		}
		forgetJobs(t, db)
		if a := applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ada}, Messages: []switchboard.RemoteMessage{row}}); a.Placed != 1 {
			t.Errorf("applied %+v", a)
		}
		r := bySalesforceID(t, db, org, ada.SalesforceID)
		got := storetest.Message(t, db, org, m.ID)
		if got.Record == nil || got.Record.ID != r.ID || got.Decision.Reason != switchboard.ReasonPerson || got.Decision.By.ID != dana.ID {
			t.Errorf("it is on %+v by %+v", got.Record, got.Decision)
		}
		if n := openBells(t, db, org); n != 0 {
			t.Errorf("%d bells are still open", n)
		}
		if got := jobs(t, db, org); !slices.Equal(got, []string{"message " + m.ID}) {
			t.Errorf("jobs %v", got)
		}
		if a := applyRemote(t, db, org, store.Remote{Messages: []switchboard.RemoteMessage{row}}); a.Placed != 0 {
			t.Errorf("once more: %+v", a)
		}

		row.Lookups = nil
		if a := applyRemote(t, db, org, store.Remote{Messages: []switchboard.RemoteMessage{row}}); a.Placed != 1 {
			t.Errorf("emptied: %+v", a)
		}
		if got := storetest.Message(t, db, org, m.ID); got.State != switchboard.Unassigned || got.Decision.By.ID != dana.ID {
			t.Errorf("emptied, it is %s by %+v", got.State, got.Decision)
		}
	})
}

func TestWhatAPersonThereChoseBeatsTheRuleInTheSameReading(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		other := storetest.Text(t, db, org, channel, "+15125550177", "hello?")
		row := pushed(t, db, org, 1, m.ID)
		ada := remoteContact(1, "Okafor", "(512) 555-0177")
		row.Lookups = map[switchboard.Object]string{switchboard.Contact: ada.SalesforceID}
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{ada}, Messages: []switchboard.RemoteMessage{row}})
		if got := storetest.Message(t, db, org, m.ID); got.Record == nil || got.Decision.Reason != switchboard.ReasonPerson {
			t.Errorf("it was assigned by %+v", got.Decision)
		}
		if got := storetest.Message(t, db, org, other.ID); got.Record == nil || got.Decision.Reason != switchboard.ReasonOnlyMatch {
			t.Errorf("the other one was assigned by %+v", got.Decision)
		}
	})
}

func TestLookupsThatSalesforceChangesByItselfAreNobodysPlacement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		loser, winner := remoteContact(1, "Loser", "(512) 555-0177"), remoteContact(2, "Winner", "")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{loser, winner}})
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		row := pushed(t, db, org, 1, m.ID)

		loser.Deleted, loser.MasterID = true, winner.SalesforceID
		row.Lookups = map[switchboard.Object]string{switchboard.Contact: winner.SalesforceID}
		a := applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{loser}, Messages: []switchboard.RemoteMessage{row}})
		got := storetest.Message(t, db, org, m.ID)
		if a.Placed != 0 || a.Merged != 1 || got.Record == nil || got.Record.Name != "Winner" || got.Decision.Reason != switchboard.ReasonOnlyMatch {
			t.Errorf("a merge: %+v, on %+v by %+v", a, got.Record, got.Decision)
		}
		winner.Deleted = true
		row.Lookups = nil
		a = applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{winner}, Messages: []switchboard.RemoteMessage{row}})
		if got := storetest.Message(t, db, org, m.ID); a.Placed != 0 || got.State != switchboard.Assigned {
			t.Errorf("a deletion: %+v, %s", a, got.State)
		}
	})
}

func TestARefusedRecordLeavesItsTextsToAPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		u := switchboard.DefaultUnknownNumbers()
		u.Enabled = true
		if _, err := db.SetUnknownNumbers(t.Context(), dana, u); err != nil {
			t.Fatal(err)
		}
		first, second := storetest.Text(t, db, org, channel, "+15125550177", "hi"), storetest.Text(t, db, org, channel, "+15125550177", "hello?")
		gone, err := db.RefuseRecord(t.Context(), org, first.Record.ID, store.Refusal{Message: "Enter an e-mail address.", Field: "Email"})
		if err != nil || !gone {
			t.Fatalf("refused: %v, %v", gone, err)
		}
		for _, id := range []string{first.ID, second.ID} {
			m := storetest.Message(t, db, org, id)
			if m.State != switchboard.Unassigned || m.Decision.Reason != switchboard.ReasonNoMatch || m.Decision.Refused != "Enter an e-mail address." {
				t.Errorf("%s is %s by %+v", m.Name(), m.State, m.Decision)
			}
		}
		if n := openBells(t, db, org); n != 1 {
			t.Errorf("%d bells", n)
		}
		if !storetest.RecordOf(t, db, org, first.Record.ID).Deleted {
			t.Error("the record is still there")
		}

		// One that a person has touched stays, with the reason.
		third := storetest.Text(t, db, org, channel, "+15125550188", "hi")
		if _, err := db.Place(t.Context(), dana, store.Placement{MessageIDs: []string{third.ID}, RecordID: third.Record.ID}); err != nil {
			t.Fatal(err)
		}
		if gone, err := db.RefuseRecord(t.Context(), org, third.Record.ID, store.Refusal{Message: "No."}); err != nil || gone {
			t.Errorf("refused: %v, %v", gone, err)
		}
		if e, ok, err := db.SyncError(t.Context(), org, third.Record.ID); err != nil || !ok || e.Message != "No." {
			t.Errorf("the reason is %+v, %v, %v", e, ok, err)
		}
	})
}

func TestADuplicateBecomesTheOneThatExists(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		ours := storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0177")
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		theirs := remoteContact(1, "Okafor", "512 555 0177")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{theirs}})
		waits := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		into, err := db.AdoptRecord(t.Context(), dana, ours.ID, theirs.SalesforceID)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{m.ID, waits.ID} {
			if got := storetest.Message(t, db, org, id); got.Record == nil || got.Record.ID != into.ID {
				t.Errorf("%s is on %+v", got.Name(), got.Record)
			}
		}
		if p, err := db.RecordToPush(context.Background(), org, ours.ID); err != nil || p != nil {
			t.Errorf("the duplicate is pushed still: %+v, %v", p, err)
		}
	})
}

// Nothing goes to a record that is deleted here, and what stands for a duplicate
// stays the same.
func TestADuplicateOfADeletedRecordStays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		gone, theirs := remoteContact(1, "Gone", ""), remoteContact(2, "Okafor", "")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{gone, theirs}})
		if _, err := db.DeleteRecord(t.Context(), dana, bySalesforceID(t, db, org, gone.SalesforceID).ID); err != nil {
			t.Fatal(err)
		}
		ours := storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0177")
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		_, err := db.AdoptRecord(t.Context(), dana, ours.ID, gone.SalesforceID)
		wantCode(t, err, switchboard.CodeRecordDeleted)
		if got := storetest.Message(t, db, org, m.ID); got.Record == nil || got.Record.ID != ours.ID || storetest.RecordOf(t, db, org, ours.ID).Deleted {
			t.Errorf("its text is on %+v", got.Record)
		}
		into, err := db.AdoptRecord(t.Context(), dana, ours.ID, theirs.SalesforceID)
		if err != nil {
			t.Fatal(err)
		}
		other := remoteContact(3, "Other", "")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{other}})
		_, err = db.AdoptRecord(t.Context(), dana, ours.ID, other.SalesforceID)
		wantCode(t, err, switchboard.CodeConflict)
		if got := storetest.Message(t, db, org, m.ID); got.Record == nil || got.Record.ID != into.ID {
			t.Errorf("its text is on %+v", got.Record)
		}
	})
}

func TestWhatChangedWhileDisconnectedIsPushedAfterwards(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, channel := connected(t, db)
		org := dana.OrgID
		same, edited := remoteContact(1, "Same", ""), remoteContact(2, "Edited", "")
		applyRemote(t, db, org, store.Remote{Records: []switchboard.RemoteRecord{same, edited}})
		m := storetest.Text(t, db, org, channel, "+15125550177", "hi")
		pushed(t, db, org, 1, m.ID)
		left := storetest.Text(t, db, org, channel, "+15125550188", "hi")
		pushed(t, db, org, 2, left.ID)
		if err := db.DisconnectSalesforce(t.Context(), dana); err != nil {
			t.Fatal(err)
		}
		if got := jobs(t, db, org); len(got) > 0 {
			t.Errorf("disconnected, there are jobs: %v", got)
		}
		r := bySalesforceID(t, db, org, edited.SalesforceID)
		_, _, err := db.UpdateRecord(t.Context(), dana, r.ID, 0, switchboard.Fields{"LastName": "Newer"}, func(switchboard.Object, switchboard.Fields) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Place(t.Context(), dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: r.ID}); err != nil {
			t.Fatal(err)
		}
		connect(t, db, dana)
		if n, all, err := db.PushMissing(t.Context(), org, 100); err != nil || n != 2 || !all {
			t.Errorf("it asked for %d, %v, %v", n, all, err)
		}
		if got, want := jobs(t, db, org), []string{"message " + m.ID, "record " + r.ID}; !slices.Equal(got, want) {
			t.Errorf("jobs %v, want %v", got, want)
		}
	})
}
