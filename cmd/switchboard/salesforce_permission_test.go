package main

import (
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// integrate makes Switchboard act in the org as a user who has the permission
// set for it and nothing else, where nobody sees another's records unasked.
func (j *joint) integrate() *sforg.User {
	j.t.Helper()
	for _, o := range switchboard.Objects() {
		j.must(j.sf.DefineObject(sforg.Object{Name: string(o), Private: true}))
	}
	u, err := j.sf.AddUserWith(sforg.MinimumAccess, "switchboard@acme.example", "Switchboard")
	j.must(err)
	j.must(u.Assign(orgpackage.IntegrationSet))
	j.sf.RunAs(u)
	j.sf.ExpireSessions()
	return u
}

func TestTheIntegrationPermissionSetIsEnough(t *testing.T) {
	for name, path := range map[string]func(*testing.T, *joint){
		"the first load": readAtFirst, "placed there": placeThereOnNew, "placed here": placeHereOnNew, "an unknown number": createForUnknown,
		"all fields": syncAllFields, "an owner": giveAway,
	} {
		t.Run(name, func(t *testing.T) {
			eachJoint(t, func(t *testing.T, j *joint) {
				j.integrate()
				path(t, j)
			})
		})
	}
}

// syncAllFields reads and writes what is synced of each object.
func syncAllFields(t *testing.T, j *joint) {
	all := map[switchboard.Object]switchboard.Fields{
		switchboard.Account: {"Name": "Globex", "Phone": "1", "Website": "https://globex.example", "Industry": "Energy", "BillingStreet": "1 Way", "BillingCity": "Austin",
			"BillingState": "TX", "BillingPostalCode": "78701", "BillingCountry": "US", "Description": "Big."},
		switchboard.Contact: {"FirstName": "Ada", "LastName": "Okafor", "Title": "Dr", "Department": "R&D", "Email": "ada@example.com", "MobilePhone": "1", "Phone": "2",
			"HomePhone": "3", "OtherPhone": "4", "MailingStreet": "1 Way", "MailingCity": "Austin", "MailingState": "TX", "MailingPostalCode": "78701", "MailingCountry": "US", "Description": "Kind."},
		switchboard.Lead: {"FirstName": "Max", "LastName": "Weber", "Company": "Initech", "Title": "Dr", "Status": "Working - Contacted", "LeadSource": "Web", "Email": "max@example.com",
			"MobilePhone": "1", "Phone": "2", "Street": "1 Way", "City": "Austin", "State": "TX", "PostalCode": "78701", "Country": "US", "Description": "New."},
	}
	theirs, ours := map[switchboard.Object]string{}, map[switchboard.Object]string{}
	for o, fields := range all {
		theirs[o] = j.create(string(o), fields)
		ours[o] = storetest.Record(t, j.db, j.dana, o, fields).ID
	}
	j.sync()
	for o, fields := range all {
		here, there := j.here(theirs[o]).Fields, j.sf.Get(string(o), storetest.RecordOf(t, j.db, j.org, ours[o]).SalesforceID)
		for name, want := range fields {
			if here[name] != want || there[name] != want {
				t.Errorf("%s.%s is %v here and %v there, want %v", o, name, here[name], there[name], want)
			}
		}
	}
}

// giveAway moves a message to a record of another owner, twice: the second time
// it is not ours any more.
func giveAway(t *testing.T, j *joint) {
	m := j.text("+15125550177", "hi")
	for email, name := range map[string]string{"grace@example.com": "Grace Hopper", "bob@example.com": "Bob Roe"} {
		u, err := j.sf.AddUser(email, name)
		j.must(err)
		j.must(u.Assign("Switchboard_User"))
		contact := j.create("Contact", map[string]any{"LastName": name, "OwnerId": u.ID})
		j.sync()
		_, err = j.db.Place(t.Context(), j.dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: j.here(contact).ID})
		j.must(err)
		j.sync()
		j.wantOwner("on a record of "+name, m.ID, u.ID)
	}
}

func TestTheIntegrationPermissionSetHearsChanges(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	j.integrate()
	goLive(t, j)
	j.synced()
	j.listening()
}

// A job of the Bulk API needs no right of its own.
func TestTheIntegrationPermissionSetReadsMuch(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	j.integrate()
	const records = 10_000
	j.must(j.sf.Load("Lead", records, func(int) map[string]any { return map[string]any{"LastName": "Many", "Company": "Acme"} }))
	j.sync()
	if n := j.sf.Calls()["jobs"]; n == 0 {
		t.Error("there was no bulk job")
	}
	ids, err := j.db.SyncedIDs(t.Context(), j.org, switchboard.Lead, "", 2*records)
	j.must(err)
	if len(ids) != records {
		t.Errorf("%d records are here", len(ids))
	}
}

// An agent is an ordinary user of the org. The permission set gives them the
// messages, to place and nothing else.
func TestAnAgentPlacesAMessageThere(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.integrate()
		user := storetest.User(t, j.db, "Grace Hopper", switchboard.Agent)
		grace, err := j.sf.AddUser("grace@example.com", "Grace Hopper")
		j.must(err)
		m := j.text("+15125550177", "hi")
		j.sync()
		if err := j.sf.Update(grace, "SMS__c", j.smsID(m.ID), map[string]any{"Contact__c": nil}); err == nil {
			t.Error("who has no permission set changes a message")
		}
		j.must(grace.Assign("Switchboard_User"))
		for _, change := range []map[string]any{{"Message__c": "bye"}, {"Phone__c": "1"}, {"Status__c": "Assigned"}, {"External_Id__c": "x"}} {
			if err := j.sf.Update(grace, "SMS__c", j.smsID(m.ID), change); err == nil {
				t.Errorf("an agent wrote %v", change)
			}
		}
		if err := j.sf.Delete(grace, "SMS__c", j.smsID(m.ID)); err == nil {
			t.Error("an agent deleted a message")
		}
		j.clock.Advance(time.Second)
		acme, err := j.sf.Create(grace, "Account", map[string]any{"Name": "Acme"})
		j.must(err)
		ada, err := j.sf.Create(grace, "Contact", map[string]any{"LastName": "Okafor", "AccountId": acme, "MobilePhone": j.sms(m.ID)["Phone__c"]})
		j.must(err)
		j.must(j.sf.Update(grace, "SMS__c", j.smsID(m.ID), map[string]any{"Contact__c": ada}))
		j.sync()
		got := j.message(m.ID)
		if got.State != switchboard.Assigned || got.Record.ID != j.here(ada).ID || got.Decision.By == nil || got.Decision.By.ID != user.ID {
			t.Errorf("it is %s on %+v by %+v", got.State, got.Record, got.Decision)
		}
		j.wantOwner("placed by her", m.ID, grace.ID)
	})
}
