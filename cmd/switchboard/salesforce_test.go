package main

import (
	"log/slog"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func testLog(t testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// eachJoint runs a test against a simulated org on each database.
func eachJoint(t *testing.T, do func(t *testing.T, j *joint)) {
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) { do(t, newJoint(t, dialect)) })
	}
}

func TestTheDocumentedPathInSalesforce(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		m := j.text("+15125550177", "Hi, is this Acme?")
		j.sync()
		row := j.sms(m.ID)
		for name, want := range map[string]any{"Name": m.Name(), "Phone__c": "+15125550177", "Message__c": "Hi, is this Acme?", "Direction__c": "Inbound",
			"Status__c": "Unassigned", "External_Id__c": m.ID, "Assignment_Reason__c": "no_match"} {
			if row[name] != want {
				t.Errorf("%s is %v, want %v", name, row[name], want)
			}
		}
		bells := j.sf.Notifications()
		if len(bells) != 1 || bells[0].Title != "New SMS! (not assigned)" || bells[0].Target != row["Id"] || len(bells[0].Recipients) != 1 || bells[0].Recipients[0] != j.sf.Admin().ID {
			t.Fatalf("the bells are %+v", bells)
		}

		// The admin makes a contact there and sets it on the message.
		ada := j.create("Contact", map[string]any{"FirstName": "Ada", "LastName": "Okafor", "MobilePhone": "(512) 555-0177"})
		j.update("SMS__c", j.smsID(m.ID), map[string]any{"Contact__c": ada})
		j.sync()
		got := j.message(m.ID)
		if got.State != switchboard.Assigned || got.Record.ID != j.here(ada).ID || got.Decision.Reason != switchboard.ReasonPerson || got.Decision.By.ID != j.dana.ID {
			t.Errorf("it is %s on %+v by %+v", got.State, got.Record, got.Decision)
		}
		if n := j.openBells(); n != 0 {
			t.Errorf("%d bells are open here", n)
		}
		if row := j.sms(m.ID); row["Status__c"] != "Assigned" || row["Contact__c"] != ada {
			t.Errorf("there it is %v", row)
		}
		second := j.text("+15125550177", "Thanks!")
		if second.Record == nil || second.Record.ID != got.Record.ID {
			t.Errorf("the second text went to %+v", second.Record)
		}
		j.sync()
		if row := j.sms(second.ID); row["Status__c"] != "Assigned" || row["Contact__c"] != ada {
			t.Errorf("there the second is %v", row)
		}
		if bells := j.sf.Notifications(); len(bells) != 1 {
			t.Errorf("it rang %d times", len(bells))
		}
	})
}

func TestTheDocumentedPathHere(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		m := j.text("+15125550177", "hi")
		j.sync()
		c, err := j.db.PlaceOnNew(t.Context(), j.dana, switchboard.Contact, switchboard.Fields{"FirstName": "Ada", "LastName": "Okafor", "MobilePhone": "(512) 555-0177"},
			store.Placement{MessageIDs: []string{m.ID}})
		j.must(err)
		j.sync()
		r := storetest.RecordOf(t, j.db, j.org, c.Record.ID)
		if r.SalesforceID == "" {
			t.Fatal("the contact is not in Salesforce")
		}
		there := j.sf.Get("Contact", r.SalesforceID)
		if there["LastName"] != "Okafor" || there["MobilePhone"] != "(512) 555-0177" || there["Switchboard_Key__c"] != r.ID {
			t.Errorf("there it is %v", there)
		}
		if row := j.sms(m.ID); row["Contact__c"] != r.SalesforceID || row["Status__c"] != "Assigned" {
			t.Errorf("there the message is %v", row)
		}
		j.sync()
		if after := storetest.RecordOf(t, j.db, j.org, r.ID); after.Version != c.Record.Version {
			t.Errorf("syncing changed the record from version %d to %d: %v", c.Record.Version, after.Version, after.Fields)
		}
		if _, err := j.db.Undo(t.Context(), j.dana, c.Undo); err != nil {
			t.Fatal(err)
		}
		j.sync()
		if row := j.sms(m.ID); row["Contact__c"] != nil || row["Status__c"] != "Unassigned" {
			t.Errorf("after the undo it is %v", row)
		}
		if there := j.sf.Get("Contact", r.SalesforceID); there["IsDeleted"] != true {
			t.Errorf("after the undo the contact is %v", there)
		}
	})
}
