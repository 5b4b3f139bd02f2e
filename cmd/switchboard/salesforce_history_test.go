package main

import (
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// on reports what a message is on: here, and by the lookups of its row there.
func (j *joint) on(message string) (here string, there map[string]any) {
	j.t.Helper()
	if m := j.message(message); m.Record != nil {
		here = storetest.RecordOf(j.t, j.db, j.org, m.Record.ID).SalesforceID
	}
	row := j.sms(message)
	there = map[string]any{}
	for _, lookup := range []string{"Contact__c", "Lead__c", "Account__c"} {
		if row[lookup] != nil {
			there[lookup] = row[lookup]
		}
	}
	return here, there
}

func (j *joint) wantOn(message, lookup, id string) {
	j.t.Helper()
	here, there := j.on(message)
	if here != id || len(there) != 1 || there[lookup] != id {
		j.t.Errorf("the message is on %q here and %v there, want %s %q", here, there, lookup, id)
	}
}

// What was said with a Lead is the history of the Contact that it became: of two
// records that have the number, the next text goes to that one.
func TestAConversionThereTakesTheHistoryAlong(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		lead := j.create("Lead", map[string]any{"LastName": "Weber", "Company": "Initech", "Phone": "(512) 555-0177"})
		j.create("Contact", map[string]any{"LastName": "Other", "Phone": "(512) 555-0177"})
		j.sync()
		m := j.text("+15125550177", "hi")
		if m.Decision.Reason != switchboard.ReasonAmbiguous {
			t.Fatalf("decided by %s", m.Decision.Reason)
		}
		j.sync()
		j.update("SMS__c", j.smsID(m.ID), map[string]any{"Lead__c": lead})
		j.sync()
		j.wantOn(m.ID, "Lead__c", lead)

		became, err := j.sf.Convert(nil, lead, sforg.ConvertOptions{})
		j.must(err)
		j.sync()
		j.wantOn(m.ID, "Contact__c", became.ContactID)
		next := j.text("+15125550177", "me again")
		if next.Decision.Reason != switchboard.ReasonOnlyHistory {
			t.Errorf("the next is decided by %s", next.Decision.Reason)
		}
		j.sync()
		j.wantOn(next.ID, "Contact__c", became.ContactID)
	})
}

func TestAMergeThereTakesTheHistoryAlong(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		winner := j.create("Contact", map[string]any{"LastName": "Okafor", "Phone": "(512) 555-0177"})
		loser := j.create("Contact", map[string]any{"LastName": "Okafor, Ada", "Phone": "(512) 555-0177"})
		other := j.create("Contact", map[string]any{"LastName": "Other", "Phone": "(512) 555-0177"})
		j.sync()
		m := j.text("+15125550177", "hi")
		_, err := j.db.Place(t.Context(), j.dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: j.here(loser).ID})
		j.must(err)
		j.sync()
		j.wantOn(m.ID, "Contact__c", loser)

		j.must(j.sf.Merge(nil, "Contact", winner, loser))
		j.sync()
		j.wantOn(m.ID, "Contact__c", winner)
		next := j.text("+15125550177", "me again")
		if next.Decision.Reason != switchboard.ReasonOnlyHistory || len(next.Decision.Candidates) != 2 {
			t.Errorf("the next is decided by %s of %+v", next.Decision.Reason, next.Decision.Candidates)
		}
		j.sync()
		j.wantOn(next.ID, "Contact__c", winner)
		if j.here(other).Deleted || j.here(loser).ID != j.here(winner).ID {
			t.Error("the winner does not stand for the loser")
		}
	})
}

// A person account is an Account and a Contact with the same numbers, and one
// match.
func TestAPersonAccountIsOneMatch(t *testing.T) {
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			j := newJoint(t, dialect, func(c *sforg.Config) { c.PersonAccounts = true })
			fields := switchboard.DefaultPhoneFields()
			fields[switchboard.Account] = append(fields[switchboard.Account], "PersonMobilePhone")
			_, err := j.db.SetPhoneFields(t.Context(), j.dana, fields)
			j.must(err)
			person := j.create("Account", map[string]any{"FirstName": "Ada", "LastName": "Okafor", "PersonMobilePhone": "(512) 555-0177"})
			waiting := j.text("+15125550177", "hi")
			j.sync()
			j.sync()
			j.wantOn(waiting.ID, "Account__c", person)
			next := j.text("+15125550177", "me again")
			if next.Decision.Reason != switchboard.ReasonOnlyMatch || next.Record.ID != j.here(person).ID {
				t.Errorf("decided by %s of %+v", next.Decision.Reason, next.Decision.Candidates)
			}
			// Its contact can be chosen in Salesforce, and stands for the account.
			contact, _ := j.sf.Get("Account", person)["PersonContactId"].(string)
			stranger := j.text("+15125550199", "from another phone")
			j.sync()
			j.update("SMS__c", j.smsID(stranger.ID), map[string]any{"Contact__c": contact})
			for range 3 {
				j.sync()
			}
			if here, _ := j.on(stranger.ID); here != person {
				t.Errorf("what was placed on its contact is on %q", here)
			}
			if n := j.count("Account"); n != 1 {
				t.Errorf("there are %d accounts", n)
			}
		})
	}
}

// A contact that Salesforce takes for one that it has is never made a second
// time, however often it is tried; the person is told which one it is, and the
// message is safe.
func TestADuplicateIsOfferedAndNeverMade(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.sync()
		j.sf.AddDuplicateRule(sforg.DuplicateRule{Object: "Contact", Match: [][]string{{"MobilePhone"}}})
		m := j.text("+15125550177", "hi")
		ada := j.create("Contact", map[string]any{"LastName": "Okafor", "MobilePhone": "(512) 555-0177"}) // not read yet
		j.sf.Fail(sforg.Fault{Kind: sforg.HTML503, Path: "queryAll", Times: -1})                          // nor is it
		c, err := j.db.PlaceOnNew(t.Context(), j.dana, switchboard.Contact, switchboard.Fields{"LastName": "Okafor", "MobilePhone": "+1 512 555 0177"}, store.Placement{MessageIDs: []string{m.ID}})
		j.must(err)
		_ = j.engine.SyncOnce(t.Context(), false)
		j.sf.Heal()
		for range 4 {
			j.sync()
		}
		if n := j.count("Contact"); n != 1 {
			t.Fatalf("there are %d contacts", n)
		}
		refused, ok, err := j.db.SyncError(t.Context(), j.org, c.Record.ID)
		if err != nil || !ok || len(refused.Matches) != 1 || refused.Matches[0] != ada {
			t.Fatalf("the person is told %+v, %v, %v", refused, ok, err)
		}
		if got := j.message(m.ID); got.Record == nil || got.Record.ID != c.Record.ID {
			t.Errorf("the message is on %+v", got.Record)
		}
		// The person takes the one that is there.
		_, err = j.db.Place(t.Context(), j.dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: j.here(ada).ID})
		j.must(err)
		_, err = j.db.DeleteRecord(t.Context(), j.dana, c.Record.ID)
		j.must(err)
		j.sync()
		j.wantOn(m.ID, "Contact__c", ada)
		if n := j.count("Contact"); n != 1 {
			t.Errorf("in the end there are %d contacts", n)
		}
	})
}
