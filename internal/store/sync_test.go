package store_test

import (
	"context"
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

// salesforceUser is whom the connection's token belongs to.
const salesforceUser = "005000000000001AAA"

// connected makes an org with an admin, a channel and a Salesforce.
func connected(t *testing.T, db *store.DB) (switchboard.Actor, switchboard.Channel) {
	t.Helper()
	dana := storetest.Admin(t, db)
	channel := storetest.Channel(t, db, dana)
	connect(t, db, dana)
	return dana, channel
}

func connect(t *testing.T, db *store.DB, dana switchboard.Actor) {
	t.Helper()
	err := db.ConnectSalesforce(t.Context(), dana, store.Salesforce{
		SalesforceSettings: store.SalesforceSettings{Method: "client_credentials", LoginURL: "https://acme.my.salesforce.com", ClientID: "id", APIVersion: "62.0"},
		UserID:             dana.ID, SalesforceUserID: salesforceUser, SalesforceOrgID: "00D000000000001EAA",
	}, store.SalesforceSecret{ClientSecret: "hush"})
	if err != nil {
		t.Fatal(err)
	}
}

// sfID returns a Salesforce id with a prefix and a number.
func sfID(prefix string, n int) string {
	id, ok := switchboard.ParseSalesforceID(prefix + fmt.Sprintf("%0*d", 15-len(prefix), n))
	if !ok {
		panic("no id")
	}
	return id
}

// remoteContact is a Contact there, stamped n seconds after noon.
func remoteContact(n int, name, mobile string) switchboard.RemoteRecord {
	f := switchboard.Fields{"FirstName": nil, "LastName": name, "MobilePhone": nil, "Email": nil, "AccountId": nil}
	if mobile != "" {
		f["MobilePhone"] = mobile
	}
	return switchboard.RemoteRecord{SalesforceID: sfID("003", n), Object: switchboard.Contact, Fields: f, Stamp: worldStart}
}

// applyRemote applies what was read after everything that happened so far.
func applyRemote(t *testing.T, db *store.DB, org string, r store.Remote) store.Applied {
	t.Helper()
	if r.ReadAt.IsZero() {
		r.ReadAt = time.Now().AddDate(1000, 0, 0)
	}
	a, err := db.ApplyRemote(t.Context(), org, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func bySalesforceID(t *testing.T, db *store.DB, org, id string) *switchboard.Record {
	t.Helper()
	rows, err := db.Rows(t.Context(), "SELECT id FROM record WHERE org_id = $1 AND salesforce_id = $2", org, id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		found = append(found, one)
	}
	if len(found) != 1 {
		t.Fatalf("%d records have the Salesforce id %s", len(found), id)
	}
	return storetest.RecordOf(t, db, org, found[0])
}

// jobs returns what is to be done outside, as "kind subject".
func jobs(t *testing.T, db *store.DB, org string) []string {
	t.Helper()
	rows, err := db.Rows(t.Context(), "SELECT kind, subject_id FROM outbox WHERE org_id = $1 AND NOT dead", org)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var kind, subject string
		if err := rows.Scan(&kind, &subject); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimPrefix(kind, "salesforce.")+" "+subject)
	}
	slices.Sort(all)
	return all
}

func forgetJobs(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.Exec(t.Context(), "DELETE FROM outbox"); err != nil {
		t.Fatal(err)
	}
}

func openBells(t *testing.T, db *store.DB, org string) int {
	t.Helper()
	n := 0
	for _, state := range []switchboard.NotificationState{switchboard.Unread, switchboard.Read} {
		list, _, err := db.Notifications(t.Context(), org, store.NotificationFilter{State: state, Page: store.Page{Limit: 100}})
		if err != nil {
			t.Fatal(err)
		}
		n += len(list)
	}
	return n
}

func TestTheSalesforceConnectionIsKeptSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		c, err := db.Salesforce(t.Context(), dana.OrgID)
		if err != nil || !c.Connected || c.ClientID != "id" || c.UserID != dana.ID || c.SalesforceUserID != salesforceUser {
			t.Errorf("got %+v, %v", c, err)
		}
		if s, err := db.SalesforceSecret(t.Context(), dana.OrgID); err != nil || s.ClientSecret != "hush" {
			t.Errorf("the secret is %+v, %v", s, err)
		}
		rows, err := db.Rows(t.Context(), "SELECT secret_sealed, settings FROM salesforce")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var sealed []byte
			var settings string
			if err := rows.Scan(&sealed, &settings); err != nil || strings.Contains(string(sealed)+settings, "hush") {
				t.Errorf("the secret can be read in the database (%v)", err)
			}
		}
	})
}

func TestAnotherSalesforceOrgIsNotConnectedByMistake(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		if err := db.DisconnectSalesforce(t.Context(), dana); err != nil {
			t.Fatal(err)
		}
		if _, err := db.SalesforceSecret(t.Context(), dana.OrgID); switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			t.Errorf("after disconnecting, the secret: %v", err)
		}
		other := store.Salesforce{UserID: dana.ID, SalesforceUserID: salesforceUser, SalesforceOrgID: "00D000000000002EAA"}
		if err := db.ConnectSalesforce(t.Context(), dana, other, store.SalesforceSecret{}); switchboard.ErrorCode(err) != switchboard.CodeConflict {
			t.Errorf("another org was connected: %v", err)
		}
		other.SalesforceOrgID = "00D000000000001EAA"
		other.UserID = storetest.User(t, db, "Sam Ortiz", switchboard.Agent).ID
		if err := db.ConnectSalesforce(t.Context(), dana, other, store.SalesforceSecret{}); switchboard.ErrorCode(err) != switchboard.CodeInvalid {
			t.Errorf("an agent was tied to it: %v", err)
		}
		other.UserID = dana.ID
		if err := db.ConnectSalesforce(t.Context(), dana, other, store.SalesforceSecret{}); err != nil {
			t.Errorf("the same org was refused: %v", err)
		}
	})
}

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

// pushed plays the pusher: the message is in Salesforce as it is here.
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

func TestOneReadsFromSalesforceAtATime(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		dana, _ := connected(t, db)
		read := func(who string, d time.Duration, want bool) {
			t.Helper()
			if got, err := db.ReadSalesforce(t.Context(), dana.OrgID, who, d); err != nil || got != want {
				t.Errorf("%s for %s: %v, %v", who, d, got, err)
			}
		}
		read("a", time.Minute, true)
		read("b", time.Minute, false)
		read("a", time.Minute, true)
		clock.Advance(2 * time.Minute)
		read("b", time.Minute, true)
		read("a", 0, false)
		read("b", 0, true)
		read("a", time.Minute, true)
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

func TestTheLastChangeOfUnknownNumbersHolds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		here := func(enabled bool) {
			t.Helper()
			u := switchboard.DefaultUnknownNumbers()
			u.Enabled = enabled
			if _, err := db.SetUnknownNumbers(t.Context(), dana, u); err != nil {
				t.Fatal(err)
			}
		}
		there := func(enabled, changed bool) {
			t.Helper()
			r := switchboard.RemoteUnknownNumbers{Enabled: enabled, Object: "Contact", PhoneField: "MobilePhone", Fields: map[string]string{"LastName": "Unknown {phone}"}}
			before, err := db.Settings(t.Context(), dana.OrgID)
			if err != nil {
				t.Fatal(err)
			}
			if stranger, err := db.SetRemoteUnknownNumbers(t.Context(), dana.OrgID, r); err != nil || stranger {
				t.Errorf("the org says %v: stranger %v, %v", enabled, stranger, err)
			}
			after, err := db.Settings(t.Context(), dana.OrgID)
			if err != nil {
				t.Fatal(err)
			}
			if got := after.Version != before.Version; got != changed {
				t.Errorf("the org says %v: changed %v", enabled, got)
			}
		}
		want := func(enabled bool) {
			t.Helper()
			if s, err := db.Settings(t.Context(), dana.OrgID); err != nil || s.UnknownNumbers.Enabled != enabled {
				t.Errorf("it is %v, %v", s.UnknownNumbers.Enabled, err)
			}
		}
		here(true)
		there(false, false) // as installed
		want(true)
		there(true, false)
		there(false, true)
		want(false)
		here(true)
		there(false, false)
		want(true)
		bad := switchboard.RemoteUnknownNumbers{Enabled: true, Object: "Contact", PhoneField: "Shoe__c"}
		if _, err := db.SetRemoteUnknownNumbers(t.Context(), dana.OrgID, bad); switchboard.ErrorCode(err) != switchboard.CodeInvalid {
			t.Errorf("a field that is not matched: %v", err)
		}
		want(true)
	})
}

// The owner that the org names counts once he is a user here, and until somebody
// changes it on either side.
func TestTheOwnerOfUnknownNumbersIsWhoTheOrgNames(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		bob, ann := sfID("005", 8), sfID("005", 9)
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(db.SetSalesforceUsers(t.Context(), dana.OrgID, []switchboard.RemoteUser{
			{SalesforceID: bob, Email: "Bob@Example.com", Name: "Bob", Active: true}, {SalesforceID: ann, Email: "ann@example.com", Name: "Ann", Active: true}}))
		r := switchboard.RemoteUnknownNumbers{Object: "Contact", PhoneField: "MobilePhone", Fields: map[string]string{"LastName": "Unknown {phone}"}}
		there := func(name, id string, stranger bool) {
			t.Helper()
			r.Owner, r.OwnerID = name, id
			if got, err := db.SetRemoteUnknownNumbers(t.Context(), dana.OrgID, r); err != nil || got != stranger {
				t.Errorf("the org names %q: stranger %v, %v", name, got, err)
			}
		}
		here := func(owner string) {
			t.Helper()
			u := switchboard.DefaultUnknownNumbers()
			u.Enabled, u.OwnerID = true, owner
			_, err := db.SetUnknownNumbers(t.Context(), dana, u)
			ok(err)
		}
		want := func(owner string) {
			t.Helper()
			s, err := db.Settings(t.Context(), dana.OrgID)
			ok(err)
			if s.UnknownNumbers.OwnerID != owner || !s.UnknownNumbers.Enabled {
				t.Errorf("it is %+v, want it owned by %q", s.UnknownNumbers, owner)
			}
		}
		here(dana.ID)
		there("", "", false) // as installed: nobody's word
		want(dana.ID)
		there("nobody@example.com", "", true)
		want(dana.ID)
		there("bob@example.com", bob, true) // a user there, and none here
		want(dana.ID)
		user := storetest.User(t, db, "Bob Roe", switchboard.Agent)
		there("bob@example.com", bob, false)
		want(user.ID)
		here(dana.ID) // changed here since
		there("bob@example.com", bob, false)
		want(dana.ID)
		there("ann@example.com", ann, true)
		there("dana", salesforceUser, false) // the connection's own user
		want(dana.ID)
		there("", "", false)
		want("")
		here(user.ID)
		r.PhoneField = "Phone"
		there("", "", false) // its owner is not what was changed there; off is, but for the owner
		s, err := db.Settings(t.Context(), dana.OrgID)
		ok(err)
		if u := s.UnknownNumbers; u.PhoneField != "Phone" || u.OwnerID != user.ID || u.Enabled {
			t.Errorf("it is %+v", u)
		}
	})
}
