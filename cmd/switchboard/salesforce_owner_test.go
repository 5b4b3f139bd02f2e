package main

import (
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store"
)

// wantOwner says whose the message's row is to be there.
func (j *joint) wantOwner(what, message, user string) {
	j.t.Helper()
	if got := j.sms(message)["OwnerId"]; got != user {
		j.t.Errorf("%s, its owner is %v and not %s", what, got, user)
	}
}

// A message belongs to whom the record belongs that it is on, so that it stands
// in that person's list Mine; and to whom a person gave it.
func TestAMessageBelongsThereToWhomItsRecordBelongs(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		admin := j.sf.Admin().ID
		user := func(email, name string) *sforg.User {
			u, err := j.sf.AddUser(email, name)
			j.must(err)
			j.must(u.Assign("Switchboard_User"))
			return u
		}
		grace, bob, gone := user("grace@example.com", "Grace Hopper"), user("bob@example.com", "Bob Roe"), user("gone@example.com", "Gus Doe")
		hers := j.create("Contact", map[string]any{"LastName": "Hers", "MobilePhone": "(512) 555-0177", "OwnerId": grace.ID})
		his := j.create("Contact", map[string]any{"LastName": "His", "OwnerId": bob.ID})
		nobodys := j.create("Contact", map[string]any{"LastName": "Nobody's", "OwnerId": gone.ID})
		j.must(j.sf.Update(nil, "User", gone.ID, map[string]any{"IsActive": false}))
		j.sync()
		place := func(m *switchboard.Message, id string) {
			t.Helper()
			_, err := j.db.Place(t.Context(), j.dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: j.here(id).ID})
			j.must(err)
			j.sync()
		}
		m, waits := j.text("+15125550177", "hi"), j.text("+15125550188", "hello?")
		j.sync()
		j.wantOwner("placed by the rule", m.ID, grace.ID)
		j.wantOwner("waiting", waits.ID, admin)

		// Somebody gives it to somebody else, and what is written afterwards leaves that.
		j.must(j.sf.Update(grace, "SMS__c", j.smsID(m.ID), map[string]any{"OwnerId": bob.ID}))
		place(m, hers)
		if row := j.sms(m.ID); row["Assignment_Reason__c"] != string(switchboard.ReasonPerson) {
			t.Errorf("it was not written: %v", row)
		}
		j.wantOwner("given away", m.ID, bob.ID)

		place(m, nobodys)
		j.wantOwner("on the record of somebody who has left", m.ID, admin)
		place(m, his)
		j.wantOwner("moved", m.ID, bob.ID)
		_, err := j.db.TakeOff(t.Context(), j.dana, []string{m.ID}, 0)
		j.must(err)
		j.sync()
		j.wantOwner("taken off", m.ID, admin)

		// Placed there, it belongs to her all the same.
		j.update("SMS__c", j.smsID(waits.ID), map[string]any{"Contact__c": hers})
		j.sync()
		j.wantOwner("placed there", waits.ID, grace.ID)
		if row := j.sms(waits.ID); row["Contact__c"] != hers || row["Status__c"] != "Assigned" {
			t.Errorf("there it is %v", row)
		}
		// A row that is deleted there is made anew, with the same owner.
		j.must(j.sf.Delete(nil, "SMS__c", j.smsID(waits.ID)))
		j.sync()
		j.wantOwner("made anew", waits.ID, grace.ID)
	})
}

// An owner costs no call: it goes with the row.
func TestAnOwnerCostsNoCall(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		grace, err := j.sf.AddUser("grace@example.com", "Grace Hopper")
		j.must(err)
		j.must(grace.Assign("Switchboard_User"))
		j.create("Contact", map[string]any{"LastName": "Ours", "MobilePhone": "(512) 555-0166"})
		j.create("Contact", map[string]any{"LastName": "Hers", "MobilePhone": "(512) 555-0177", "OwnerId": grace.ID})
		j.sync()
		calls := func(from string) int {
			j.text(from, "hi")
			before := j.sf.APIUsage()
			j.sync()
			return j.sf.APIUsage() - before
		}
		calls("+15125550166") // the first describes
		if ours, hers := calls("+15125550166"), calls("+15125550177"); hers != ours {
			t.Errorf("hers took %d calls, ours %d", hers, ours)
		}
	})
}
