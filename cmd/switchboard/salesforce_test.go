package main

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// testLog says nothing in benchmarks.
func testLog(t testing.TB) *slog.Logger {
	if _, ok := t.(*testing.B); ok {
		return quiet()
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// eachJoint runs a test against a simulated org on each database, beside other
// tests: most of the time one waits for a disk.
func eachJoint(t *testing.T, do func(t *testing.T, j *joint)) {
	t.Parallel()
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			do(t, newJoint(t, dialect))
		})
	}
}

func TestTheDocumentedPathInSalesforce(t *testing.T) { eachJoint(t, placeThereOnNew) }

func placeThereOnNew(t *testing.T, j *joint) {
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
}

func TestTheDocumentedPathHere(t *testing.T) { eachJoint(t, placeHereOnNew) }

func placeHereOnNew(t *testing.T, j *joint) {
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
}

func TestWhatIsPlacedOnBothSidesAtOnceIsOneThingInTheEnd(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		ours, theirs := j.create("Contact", map[string]any{"LastName": "Ours"}), j.create("Contact", map[string]any{"LastName": "Theirs"})
		m := j.text("+15125550177", "hi")
		j.sync()
		_, err := j.db.Place(t.Context(), j.dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: j.here(ours).ID})
		j.must(err)
		j.update("SMS__c", j.smsID(m.ID), map[string]any{"Contact__c": theirs})
		j.sync()
		got, row := j.message(m.ID), j.sms(m.ID)
		if got.Record == nil || row["Contact__c"] != placeThere(j, got) {
			t.Errorf("it is on %+v here and on %v there", got.Record, row["Contact__c"])
		}
		// The one that came later here won, and the other person can see whose it was.
		if got.Record.ID != j.here(theirs).ID || got.Decision.By.ID != j.dana.ID {
			t.Errorf("it is on %+v by %+v", got.Record, got.Decision)
		}
	})
}

// placeThere returns the Salesforce id of the record that a message is on.
func placeThere(j *joint, m *switchboard.Message) string {
	return storetest.RecordOf(j.t, j.db, j.org, m.Record.ID).SalesforceID
}

func TestAnUnknownNumberMakesOneRecordThere(t *testing.T) { eachJoint(t, createForUnknown) }

func createForUnknown(t *testing.T, j *joint) {
	j.createUnknown()
	// The answer to the creation is lost: the contact is there, and nobody knows.
	j.sf.Fail(sforg.Fault{Kind: sforg.TimeoutAfterWrite, Method: "PATCH", Object: "Contact"})
	m := j.text("+15125550177", "hi")
	_ = j.engine.SyncOnce(t.Context(), false)
	j.clock.Advance(time.Minute)
	j.sync()
	r := storetest.RecordOf(t, j.db, j.org, m.Record.ID)
	if n := j.count("Contact"); n != 1 || r.SalesforceID == "" {
		t.Errorf("there are %d contacts; ours is %q there", n, r.SalesforceID)
	}
	if row := j.sms(m.ID); row["Contact__c"] != r.SalesforceID {
		t.Errorf("the message names %v", row["Contact__c"])
	}
	if bells := j.sf.Notifications(); len(bells) > 0 {
		t.Errorf("it rang: %+v", bells)
	}
}

func TestAnUnknownNumberThatSalesforceKnowsIsTheOneItKnows(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.createUnknown()
		j.sync()
		j.sf.AddDuplicateRule(sforg.DuplicateRule{Object: "Contact", Match: [][]string{{"MobilePhone"}}})
		ada := j.create("Contact", map[string]any{"LastName": "Okafor", "MobilePhone": "+15125550177"}) // not read yet
		m := j.text("+15125550177", "hi")
		// The poll has not seen it: the push learns of it.
		j.sf.Fail(sforg.Fault{Kind: sforg.HTML503, Path: "/composite", Method: "POST", Times: -1})
		_ = j.engine.SyncOnce(t.Context(), false)
		j.sf.Heal()
		j.clock.Advance(time.Minute)
		j.sync()
		if n := j.count("Contact"); n != 1 {
			t.Errorf("there are %d contacts", n)
		}
		if got := j.message(m.ID); got.Record == nil || got.Record.ID != j.here(ada).ID {
			t.Errorf("it is on %+v", got.Record)
		}
	})
}

// Who was deleted here, and is not yet deleted in Salesforce, is nobody to put a
// text on: it waits for a person.
func TestAnUnknownNumberOfADeletedRecordWaits(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.createUnknown()
		j.sf.AddDuplicateRule(sforg.DuplicateRule{Object: "Contact", Match: [][]string{{"MobilePhone"}}})
		ada := j.create("Contact", map[string]any{"LastName": "Okafor", "MobilePhone": "+15125550177"})
		j.sync()
		_, err := j.db.DeleteRecord(t.Context(), j.dana, j.here(ada).ID)
		j.must(err)
		j.sf.Fail(sforg.Fault{Kind: sforg.RowError, Method: "DELETE", Times: -1, Err: &sforg.Error{Code: "DELETE_FAILED", Message: "Her cases have to be closed first."}})
		m := j.text("+15125550177", "hi")
		for range 2 {
			_ = j.engine.SyncOnce(t.Context(), false)
			j.clock.Advance(time.Minute)
		}
		if got := j.message(m.ID); got.State != switchboard.Unassigned || got.Decision.Refused == "" {
			t.Errorf("it is %s on %+v", got.State, got.Record)
		}
	})
}

func TestARefusedRecordRingsAfterAll(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.createUnknown()
		j.sf.AddValidation("Contact", "Email", "Enter an e-mail address.", func(f map[string]any) bool { return f["Email"] == nil })
		m := j.text("+15125550177", "hi")
		j.sync()
		got, row := j.message(m.ID), j.sms(m.ID)
		if got.State != switchboard.Unassigned || got.Decision.Refused != "Enter an e-mail address." || row["Status__c"] != "Unassigned" {
			t.Errorf("here %s by %+v, there %v", got.State, got.Decision, row["Status__c"])
		}
		if bells := j.sf.Notifications(); len(bells) != 1 || bells[0].Target != row["Id"] {
			t.Errorf("the bells are %+v", bells)
		}
		// A person's record stays, with the reason, and is taken when it is mended.
		r := storetest.Contact(t, j.db, j.dana, "Ada Okafor", "(512) 555-0188")
		j.sync()
		if e, ok, err := j.db.SyncError(t.Context(), j.org, r.ID); err != nil || !ok || e.Field != "Email" || e.Message != "Enter an e-mail address." {
			t.Errorf("the reason is %+v, %v, %v", e, ok, err)
		}
		_, _, err := j.db.UpdateRecord(t.Context(), j.dana, r.ID, 0, switchboard.Fields{"Email": "ada@example.com"}, switchboard.CheckFields)
		j.must(err)
		j.sync()
		if _, ok, err := j.db.SyncError(t.Context(), j.org, r.ID); err != nil || ok || storetest.RecordOf(t, j.db, j.org, r.ID).SalesforceID == "" {
			t.Errorf("mended, it is not there: %v, %v", ok, err)
		}
	})
}

func TestABellRingsOnceMoreOnlyAfterAnUnknownOutcome(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.text("+15125550177", "hi")
		j.sf.Fail(sforg.Fault{Kind: sforg.TimeoutAfterWrite, Path: "customNotificationAction"})
		_ = j.engine.SyncOnce(t.Context(), false)
		j.clock.Advance(5 * time.Second)
		j.sync()
		if n := len(j.sf.Notifications()); n != 2 {
			t.Fatalf("it rang %d times, want one whose answer was lost and one more", n)
		}
		j.text("+15125550177", "hello?")
		for range 3 {
			j.sync()
		}
		if n := len(j.sf.Notifications()); n != 2 {
			t.Errorf("it rang %d times for one conversation", n)
		}
	})
}

func TestTheLastCallsOfTheDayAreForMessages(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		for range 30 { // so that a share of the calls is some calls
			j.sync()
		}
		j.sf.SetDailyLimit(j.sf.APIUsage()*100/85 + 1)
		j.withRemote(func(remote *salesforceOrg) { // somebody's call tells of the new limit
			_, err := remote.UserInfo(t.Context())
			j.must(err)
		})
		_ = j.engine.SyncOnce(t.Context(), false)
		before := j.sf.Calls()["composite"]
		m := j.text("+15125550177", "hi")
		if err := j.engine.SyncOnce(t.Context(), false); err == nil {
			t.Error("it says that everything was read")
		}
		if after := j.sf.Calls()["composite"]; after != before {
			t.Errorf("it polled %d times more", after-before)
		}
		if row := j.sms(m.ID); row["Status__c"] != "Unassigned" {
			t.Errorf("the message there is %v", row)
		}
		if n := len(j.sf.Notifications()); n != 1 {
			t.Errorf("it rang %d times", n)
		}
	})
}

func TestAThousandTextsTakeFewCalls(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	j.sync()
	const texts = 1000
	var batch []store.Delivery
	for i := range texts {
		batch = append(batch, store.Delivery{ChannelID: j.channel.ID, Events: []switchboard.Event{{Text: &switchboard.Text{
			ProviderMessageID: fmt.Sprintf("id-%d", i), Sender: fmt.Sprintf("+1512555%04d", i%40), Body: "hi"}}}})
	}
	_, err := j.db.Receive(t.Context(), j.org, batch)
	j.must(err)
	before := j.sf.Calls()["composite/sobjects"]
	j.sync()
	if n := j.sf.Calls()["composite/sobjects"] - before; n > 8 || n < 5 {
		t.Errorf("%d texts took %d calls, want at most 8", texts, n)
	}
	if n := j.count("SMS__c"); n != texts {
		t.Errorf("there are %d messages there", n)
	}
}

func TestSalesforceIsDownForAnHour(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.sync()
		j.sf.Fail(sforg.Fault{Kind: sforg.HTML503, Times: -1})
		var messages []*switchboard.Message
		for minute := range 60 {
			for i := range 5 {
				messages = append(messages, j.text(fmt.Sprintf("+1512555%04d", (minute*5+i)%30), "hi"))
			}
			_ = j.engine.SyncOnce(t.Context(), false)
			j.clock.Advance(time.Minute)
		}
		j.sf.Heal()
		before := j.sf.Calls()["composite/sobjects"]
		j.clock.Advance(time.Minute)
		j.sync()
		if n := j.count("SMS__c"); n != len(messages) {
			t.Errorf("%d of %d messages are there", n, len(messages))
		}
		if n := j.sf.Calls()["composite/sobjects"] - before; n > 4 {
			t.Errorf("they took %d calls", n)
		}
		if n := len(j.sf.Notifications()); n != 30 {
			t.Errorf("it rang %d times for 30 conversations", n)
		}
		dead, _, err := j.db.DeadJobs(t.Context(), j.org, store.Page{Limit: 10})
		if err != nil || len(dead) > 0 {
			t.Errorf("jobs were given up: %+v, %v", dead, err)
		}
	})
}

func TestEverythingIsReadAtFirst(t *testing.T) { eachJoint(t, readAtFirst) }

func readAtFirst(t *testing.T, j *joint) {
	account := j.create("Account", map[string]any{"Name": "Globex", "Phone": "(512) 555-0100"})
	contact := j.create("Contact", map[string]any{"LastName": "Okafor", "MobilePhone": "(512) 555-0177", "AccountId": account})
	lead := j.create("Lead", map[string]any{"LastName": "Weber", "Company": "Initech", "Phone": "(512) 555-0188"})
	waiting := j.text("+15125550188", "hi")
	j.sync()
	if r := j.here(contact); r.Fields.Text("AccountId") != j.here(account).ID || r.Fields.Text("OwnerId") != j.dana.ID {
		t.Errorf("the contact names %v", r.Fields)
	}
	if got := j.message(waiting.ID); got.Record == nil || got.Record.ID != j.here(lead).ID {
		t.Errorf("the waiting text is on %+v", got.Record)
	}
	if m := j.text("+15125550100", "hi"); m.Record == nil || m.Record.ID != j.here(account).ID {
		t.Errorf("a text from the account went to %+v", m.Record)
	}
	calls := j.sf.APIUsage()
	j.sync()
	if n := j.sf.APIUsage() - calls; n > 20 {
		t.Errorf("a cycle without changes took %d calls", n)
	}
}

func TestAContactIsMadeThereAfterTheAccountThatItNames(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.sync()
		account := storetest.Record(t, j.db, j.dana, switchboard.Account, switchboard.Fields{"Name": "Globex"})
		contact := storetest.Record(t, j.db, j.dana, switchboard.Contact, switchboard.Fields{"LastName": "Okafor", "AccountId": account.ID, "OwnerId": j.dana.ID})
		j.sync()
		there := j.sf.Get("Contact", storetest.RecordOf(t, j.db, j.org, contact.ID).SalesforceID)
		if id := storetest.RecordOf(t, j.db, j.org, account.ID).SalesforceID; id == "" || there["AccountId"] != id || there["OwnerId"] != j.sf.Admin().ID {
			t.Errorf("there it is %v; the account is %q", there, id)
		}
	})
}

func TestACustomObjectIsSyncedBothWays(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		j.must(j.sf.DefineObject(sforg.Object{Name: "Patient__c", Label: "Patient", Plural: "Patients", Fields: []sforg.Field{{Name: "Name", Type: sforg.TypeString, Length: 80}, {Name: "Cell__c", Type: sforg.TypePhone, Length: 40}}}))
		fields := switchboard.DefaultPhoneFields()
		fields["Patient__c"] = []string{"Cell__c"}
		_, err := j.db.SetPhoneFields(t.Context(), j.dana, fields)
		j.must(err)
		theirs := j.create("Patient__c", map[string]any{"Name": "P-0042", "Cell__c": "(512) 555-0177"})
		ours := storetest.Record(t, j.db, j.dana, "Patient__c", switchboard.Fields{"Name": "P-0043", "Cell__c": "(512) 555-0188"})
		// The answer is lost, and there is no key to find it by.
		j.sf.Fail(sforg.Fault{Kind: sforg.TimeoutAfterWrite, Method: "POST", Path: "Patient__c"})
		_ = j.engine.SyncOnce(t.Context(), false)
		j.clock.Advance(time.Minute)
		j.sync()
		if m := j.text("+15125550177", "hi"); m.Record == nil || m.Record.ID != j.here(theirs).ID {
			t.Errorf("a text went to %+v", m.Record)
		}
		if id := storetest.RecordOf(t, j.db, j.org, ours.ID).SalesforceID; id == "" || j.sf.Get("Patient__c", id)["Cell__c"] != "(512) 555-0188" || j.count("Patient__c") != 2 {
			t.Errorf("ours is %q there, among %d", id, j.count("Patient__c"))
		}
	})
}

func TestAMessagesRowThatIsDeletedThereComesBack(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		m := j.text("+15125550177", "hi")
		j.sync()
		j.must(j.sf.Delete(nil, "SMS__c", j.smsID(m.ID)))
		j.sync()
		if row := j.sms(m.ID); row["IsDeleted"] == true || j.count("SMS__c") != 1 {
			t.Errorf("there it is %v", row)
		}
		if n := len(j.sf.Notifications()); n != 1 {
			t.Errorf("it rang %d times", n)
		}
	})
}
