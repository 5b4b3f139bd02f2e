package main

import (
	"context"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm"
	"github.com/switchboardhq/switchboard/internal/store"
)

// pollThen does something in the org after a poll has read it, and before what
// it read is applied.
type pollThen struct {
	crm.ChangeReader
	do func()
}

func (p pollThen) Poll(ctx context.Context, messages crm.Cursor, records []crm.Asked) (crm.Polled, error) {
	polled, err := p.ChangeReader.Poll(ctx, messages, records)
	p.do()
	return polled, err
}

// afterPoll lets do happen behind the next poll's back.
func (j *joint) afterPoll(do func()) {
	config := engineConfig(j.p, j.db, j.org, testLog(j.t), nil)
	open, done := config.Open, false
	config.Open = func(ctx context.Context, c store.Salesforce, secret store.SalesforceSecret, gate *crm.Gate) (crm.Remote, func(), error) {
		remote, end, err := open(ctx, c, secret, gate)
		remote.Changes = pollThen{remote.Changes, func() {
			if !done {
				done = true
				do()
			}
		}}
		return remote, end, err
	}
	j.engine = crm.NewEngine(config)
}

// The poll finds the contact that somebody made there, and not yet that it was
// set on the message: the rule puts the message on it, and hears of the person
// before it says so there.
func TestWhoPlacesAMessageThereBeforeTheRuleSaysSoHasPlacedIt(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		m, other := j.text("+15125550177", "hi"), j.text("+15125550177", "hello?")
		j.sync()
		grace, err := j.sf.AddUser("grace@example.com", "Grace Hopper")
		j.must(err)
		j.must(grace.Assign("Switchboard_User"))
		ada := j.create("Contact", map[string]any{"LastName": "Okafor", "MobilePhone": "(512) 555-0177"})
		j.afterPoll(func() {
			j.must(j.sf.Update(grace, "SMS__c", j.smsID(m.ID), map[string]any{"Contact__c": ada}))
		})
		j.sync()
		got := j.message(m.ID)
		if got.Record == nil || got.Record.ID != j.here(ada).ID || got.Decision.Reason != switchboard.ReasonPerson || got.Decision.By == nil || got.Decision.By.ID != grace.ID {
			t.Errorf("it is on %+v by %+v", got.Record, got.Decision)
		}
		if row := j.sms(m.ID); row["Contact__c"] != ada || row["Status__c"] != "Assigned" || row["Assignment_Reason__c"] != string(switchboard.ReasonPerson) {
			t.Errorf("there it is %v", row)
		}
		if got := j.message(other.ID); got.Record == nil || got.Decision.Reason != switchboard.ReasonOnlyMatch || !got.Decision.Retroactive {
			t.Errorf("the other one is on %+v by %+v", got.Record, got.Decision)
		}
		if row := j.sms(other.ID); row["Contact__c"] != ada {
			t.Errorf("there the other one is %v", row)
		}
	})
}

func TestWhoChoosesAnotherRecordThereThanTheRuleIsNotOverwritten(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		m := j.text("+15125550177", "hi")
		acme := j.create("Account", map[string]any{"Name": "Acme"})
		j.sync()
		ada := j.create("Contact", map[string]any{"LastName": "Okafor", "MobilePhone": "(512) 555-0177"})
		j.afterPoll(func() { j.update("SMS__c", j.smsID(m.ID), map[string]any{"Account__c": acme}) })
		j.sync()
		got := j.message(m.ID)
		if got.Record == nil || got.Record.ID != j.here(acme).ID || got.Decision.By == nil || got.Decision.By.ID != j.dana.ID {
			t.Errorf("it is on %+v by %+v", got.Record, got.Decision)
		}
		if row := j.sms(m.ID); row["Account__c"] != acme || row["Contact__c"] != nil {
			t.Errorf("there it is %v, not on %s", row, ada)
		}
	})
}

// With no calls left for reading, the rule's word goes there unasked.
func TestTheRulesWordNeedsNoReading(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		m := j.text("+15125550177", "hi")
		j.sync()
		c, err := j.db.Salesforce(t.Context(), j.org)
		j.must(err)
		secret, err := j.db.SalesforceSecret(t.Context(), j.org)
		j.must(err)
		calls, err := j.db.CallsToday(t.Context(), j.org)
		j.must(err)
		for _, n := range calls {
			c.DailyCalls += n
		}
		c.DailyCalls = c.DailyCalls*10/9 + 5 // nine tenths are used up: none is left to read by
		j.must(j.db.ConnectSalesforce(t.Context(), j.dana, c, secret))
		r, _, err := j.db.CreateRecord(t.Context(), j.dana, switchboard.Contact, switchboard.Fields{"LastName": "Okafor", "MobilePhone": "(512) 555-0177"}, switchboard.OriginPerson)
		j.must(err)
		j.clock.Advance(2 * time.Second)
		if err := j.engine.SyncOnce(t.Context(), false); err == nil {
			t.Fatal("it read from Salesforce")
		}
		if row := j.sms(m.ID); row["Contact__c"] == nil || row["Status__c"] != "Assigned" {
			t.Errorf("there it is %v, not on %s", row, r.Name)
		}
	})
}
