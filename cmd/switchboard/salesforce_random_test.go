package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// Texts, edits on both sides, merges, conversions, deletions, placements and
// failures happen in any order. When all is quiet again both sides hold the
// same: the same records, each once, the same messages on the same records. No
// bell rang twice but after an outcome that nobody knows, and each call that the
// org has counted was counted here.
func TestBothSidesAgreeInTheEnd(t *testing.T) {
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			fewerChecks(t, map[string]int{storetest.SQLite: 12, storetest.Postgres: 3}[dialect])
			rapid.Check(t, func(rt *rapid.T) {
				w := &jointWorld{joint: newJoint(t, dialect, func(c *sforg.Config) { c.DailyLimit = 1_000_000 }), rt: rt}
				w.sf.ResetCalls()
				rt.Repeat(map[string]func(*rapid.T){
					"text": w.textComes, "text more": w.textComes, "create here": w.createHere, "edit here": w.editHere, "delete here": w.deleteHere, "restore here": w.restoreHere,
					"place here": w.placeHere, "take off here": w.takeOffHere, "undo": w.undo,
					"create there": w.createThere, "edit there": w.editThere, "delete there": w.deleteThere, "undelete there": w.undeleteThere,
					"merge": w.merge, "convert": w.convert, "place there": w.placeThere, "empty there": w.emptyThere,
					"sync": w.cycle, "sync more": w.cycle, "fail": w.fail, "creation": w.creation,
				})
				w.settle()
				w.compare()
			})
		})
	}
}

type jointWorld struct {
	*joint
	rt       *rapid.T
	messages []string
	records  []string // here
	tokens   []string
	there    map[string][]string // ids by object
	unknown  int                 // bells of which nobody may know whether they rang
	cut      int                 // readings that package http repeats by itself, because the connection went
}

var jointNumbers = []string{"+15125550177", "+15125550188", "+15125550199"}

func (w *jointWorld) ok(err error) {
	w.rt.Helper()
	// A person's act may be refused; the store must not fail.
	if err != nil && (switchboard.ErrorCode(err) == switchboard.CodeInternal || switchboard.ErrorCode(err) == switchboard.CodeUnavailable) {
		w.rt.Fatal(err)
	}
}

func pickOne(t *rapid.T, from []string, what string) string {
	if len(from) == 0 {
		return ""
	}
	return rapid.SampledFrom(from).Draw(t, what)
}

func (w *jointWorld) textComes(t *rapid.T) {
	got, err := w.db.Receive(t.Context(), w.org, []store.Delivery{{ChannelID: w.channel.ID, Events: []switchboard.Event{{Text: &switchboard.Text{
		ProviderMessageID: rand.Text(), Sender: pickOne(t, jointNumbers, "from"), Body: "hello 'there' & \\ \n 👋"}}}}})
	if err == nil {
		err = got[0].Err
	}
	if err != nil {
		t.Fatal(err)
	}
	w.messages = append(w.messages, got[0].Messages[0].ID)
}

func phoneOrNone(t *rapid.T) any {
	if n := rapid.IntRange(0, len(jointNumbers)).Draw(t, "phone"); n > 0 {
		return jointNumbers[n-1]
	}
	return nil
}

func (w *jointWorld) createHere(t *rapid.T) {
	object := rapid.SampledFrom(switchboard.Objects()).Draw(t, "object")
	f := switchboard.Fields{"LastName": "Doe " + strconv.Itoa(len(w.records))}
	switch object {
	case switchboard.Lead:
		f["Company"] = "Acme"
	case switchboard.Account:
		f = switchboard.Fields{"Name": "Acme " + strconv.Itoa(len(w.records))}
	}
	if p := phoneOrNone(t); p != nil {
		f["Phone"] = p
	}
	r, _, err := w.db.CreateRecord(t.Context(), w.dana, object, f, switchboard.OriginPerson)
	w.ok(err)
	w.records = append(w.records, r.ID)
}

func (w *jointWorld) editHere(t *rapid.T) {
	id := pickOne(t, w.records, "record")
	if id == "" {
		return
	}
	field := rapid.SampledFrom([]string{"Phone", "Description"}).Draw(t, "field")
	value := phoneOrNone(t)
	_, _, err := w.db.UpdateRecord(t.Context(), w.dana, id, 0, switchboard.Fields{field: value}, switchboard.CheckFields)
	w.ok(err)
}

func (w *jointWorld) deleteHere(t *rapid.T) {
	if id := pickOne(t, w.records, "record"); id != "" {
		_, err := w.db.DeleteRecord(t.Context(), w.dana, id)
		w.ok(err)
	}
}

func (w *jointWorld) restoreHere(t *rapid.T) {
	id := pickOne(t, w.records, "record")
	if id == "" {
		return
	}
	_, _, err := w.db.RestoreRecord(t.Context(), w.dana, id)
	w.ok(err)
}

func (w *jointWorld) placeHere(t *rapid.T) {
	m, r := pickOne(t, w.messages, "message"), pickOne(t, w.records, "record")
	if m == "" || r == "" {
		return
	}
	c, err := w.db.Place(t.Context(), w.dana, store.Placement{MessageIDs: []string{m}, RecordID: r, Remember: rapid.Bool().Draw(t, "remember")})
	w.ok(err)
	if err == nil {
		w.tokens = append(w.tokens, c.Undo)
	}
}

func (w *jointWorld) takeOffHere(t *rapid.T) {
	if m := pickOne(t, w.messages, "message"); m != "" {
		_, err := w.db.TakeOff(t.Context(), w.dana, []string{m}, 0)
		w.ok(err)
	}
}

func (w *jointWorld) undo(t *rapid.T) {
	if token := pickOne(t, w.tokens, "token"); token != "" {
		_, err := w.db.Undo(t.Context(), w.dana, token)
		w.ok(err)
	}
}

func (w *jointWorld) add(object, id string) {
	if w.there == nil {
		w.there = map[string][]string{}
	}
	w.there[object] = append(w.there[object], id)
}

func (w *jointWorld) createThere(t *rapid.T) {
	object := rapid.SampledFrom([]string{"Contact", "Lead", "Account"}).Draw(t, "object")
	f := map[string]any{"LastName": "Roe " + strconv.Itoa(len(w.there[object])), "Phone": phoneOrNone(t)}
	switch object {
	case "Lead":
		f["Company"] = "Globex"
	case "Account":
		f["Name"] = f["LastName"]
		delete(f, "LastName")
	case "Contact":
		if account := pickOne(t, w.there["Account"], "account"); account != "" && w.sf.Get("Account", account)["IsDeleted"] != true {
			f["AccountId"] = account
		}
	}
	w.clock.Advance(time.Second)
	id, err := w.sf.Create(nil, object, f)
	if err != nil {
		t.Fatal(err)
	}
	w.add(object, id)
}

// remote draws a record there, made by either side.
func (w *jointWorld) remote(t *rapid.T, objects ...string) (object, id string) {
	object = rapid.SampledFrom(objects).Draw(t, "object")
	for _, r := range w.records {
		if have, err := w.db.Record(t.Context(), w.org, r); err == nil && string(have.Object) == object && have.SalesforceID != "" && !slices.Contains(w.there[object], have.SalesforceID) {
			w.add(object, have.SalesforceID)
		}
	}
	w.clock.Advance(time.Second)
	return object, pickOne(t, w.there[object], "there")
}

func (w *jointWorld) editThere(t *rapid.T) {
	if object, id := w.remote(t, "Contact", "Lead", "Account"); id != "" {
		field := rapid.SampledFrom([]string{"Phone", "Description"}).Draw(t, "field")
		_ = w.sf.Update(nil, object, id, map[string]any{field: phoneOrNone(t)}) // a deleted or converted one can't be
	}
}

func (w *jointWorld) deleteThere(t *rapid.T) {
	if object, id := w.remote(t, "Contact", "Lead", "Account"); id != "" {
		_ = w.sf.Delete(nil, object, id)
	}
}

func (w *jointWorld) undeleteThere(t *rapid.T) {
	if object, id := w.remote(t, "Contact", "Lead"); id != "" && w.sf.Get(object, id)["MasterRecordId"] == nil {
		_ = w.sf.Undelete(nil, object, id)
	}
}

func (w *jointWorld) merge(t *rapid.T) {
	object, winner := w.remote(t, "Contact", "Lead", "Account")
	if loser := pickOne(t, w.there[object], "loser"); loser != winner {
		_ = w.sf.Merge(nil, object, winner, loser)
	}
}

func (w *jointWorld) convert(t *rapid.T) {
	if _, lead := w.remote(t, "Lead"); lead != "" {
		if c, err := w.sf.Convert(nil, lead, sforg.ConvertOptions{}); err == nil {
			w.add("Contact", c.ContactID)
			w.add("Account", c.AccountID)
		}
	}
}

// row draws a message's row there.
func (w *jointWorld) row(t *rapid.T) string {
	m := pickOne(t, w.messages, "message")
	if m == "" {
		return ""
	}
	id, err := w.db.SMSOf(t.Context(), w.org, m)
	w.ok(err)
	w.clock.Advance(time.Second)
	return id
}

func (w *jointWorld) placeThere(t *rapid.T) {
	row := w.row(t)
	object, id := w.remote(t, "Contact", "Lead", "Account")
	if row != "" && id != "" {
		_ = w.sf.Update(nil, "SMS__c", row, map[string]any{object + "__c": id})
	}
}

func (w *jointWorld) emptyThere(t *rapid.T) {
	if row := w.row(t); row != "" {
		_ = w.sf.Update(nil, "SMS__c", row, map[string]any{"Contact__c": nil, "Lead__c": nil, "Account__c": nil})
	}
}

func (w *jointWorld) creation(t *rapid.T) {
	u := switchboard.DefaultUnknownNumbers()
	u.Enabled = rapid.Bool().Draw(t, "enabled")
	_, err := w.db.SetUnknownNumbers(t.Context(), w.dana, u)
	w.ok(err)
}

// fail makes the next calls of some kind fail.
func (w *jointWorld) fail(t *rapid.T) {
	f := sforg.Fault{
		Kind:   rapid.SampledFrom([]sforg.FaultKind{sforg.ExpiredSession, sforg.RequestLimit, sforg.LockRow, sforg.HTML503, sforg.ServerError, sforg.TimeoutAfterWrite, sforg.TimeoutBefore}).Draw(t, "fault"),
		Method: rapid.SampledFrom([]string{"", "PATCH", "POST", "DELETE", "GET"}).Draw(t, "method"),
		Skip:   rapid.IntRange(0, 3).Draw(t, "skip"), Times: rapid.IntRange(1, 3).Draw(t, "times"),
	}
	if (f.Kind == sforg.TimeoutAfterWrite || f.Kind == sforg.ServerError || f.Kind == sforg.TimeoutBefore) && f.Method != "GET" {
		w.unknown += f.Times
	}
	if (f.Kind == sforg.TimeoutAfterWrite || f.Kind == sforg.TimeoutBefore) && (f.Method == "GET" || f.Method == "") {
		w.cut += f.Times
	}
	w.sf.Fail(f)
}

func (w *jointWorld) cycle(t *rapid.T) {
	w.clock.Advance(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
	_ = w.engine.SyncOnce(t.Context(), false) // it may fail; what counts is the end
}

// settle lets everything get through.
func (w *jointWorld) settle() {
	w.sf.Heal()
	u := switchboard.DefaultUnknownNumbers() // no more are made meanwhile
	_, err := w.db.SetUnknownNumbers(w.rt.Context(), w.dana, u)
	w.ok(err)
	for range 6 {
		w.clock.Advance(20 * time.Minute)
		err = w.engine.SyncOnce(w.rt.Context(), false)
	}
	if err != nil {
		w.rt.Fatalf("it does not settle: %v", err)
	}
	dead, _, err := w.db.DeadJobs(w.rt.Context(), w.org, store.Page{Limit: 100})
	w.ok(err)
	for _, j := range dead {
		w.rt.Errorf("%s of %s was given up: %s", j.Kind, j.SubjectID, j.LastError)
	}
	state, err := w.db.OutboxState(w.rt.Context())
	w.ok(err)
	if state.Waiting > 0 {
		w.rt.Errorf("%d jobs are left", state.Waiting)
	}
}

func (w *jointWorld) compare() {
	t := w.rt
	calls, err := w.db.CallsToday(t.Context(), w.org)
	w.ok(err)
	var ours int64
	for _, n := range calls {
		ours += n
	}
	if there := w.sf.APIUsage(); ours < int64(there-w.cut) {
		t.Errorf("the org counted %d calls, and we %d", there, ours)
	}
	connection, err := w.db.Salesforce(t.Context(), w.org)
	w.ok(err)
	secret, err := w.db.SalesforceSecret(t.Context(), w.org)
	w.ok(err)
	remote, err := openSalesforce(w.p, w.db, w.org, connection, secret, nil, quiet())
	w.ok(err)
	defer remote.close()
	live := map[string]map[string]salesforce.Row{}
	for object, columns := range map[string][]string{
		"Contact": {"Id", "LastName", "Phone", "MobilePhone", "Description"}, "Lead": {"Id", "LastName", "Phone", "MobilePhone", "Description", "IsConverted"}, "Account": {"Id", "Name", "Phone", "Description"},
		"SMS__c": {"Id", "External_Id__c", "Status__c", "Contact__c", "Lead__c", "Account__c", "Assignment_Reason__c"},
	} {
		rows, err := salesforce.Collect(remote.Query(t.Context(), salesforce.Select(object, columns...)))
		if err != nil {
			t.Fatal(err)
		}
		live[object] = map[string]salesforce.Row{}
		for _, r := range rows {
			if !r.Bool("IsConverted") {
				live[object][r.ID("Id")] = r
			}
		}
	}
	w.compareRecords(live)
	w.compareMessages(live)
	all, _, err := w.db.Notifications(t.Context(), w.org, store.NotificationFilter{Page: store.Page{Limit: 500}})
	w.ok(err)
	if rung := len(w.sf.Notifications()); rung > len(all)+w.unknown {
		t.Errorf("the bell rang %d times for %d conversations and %d unknown outcomes", rung, len(all), w.unknown)
	}
	if w.unknown == 0 {
		seen := map[string]bool{}
		for _, n := range w.sf.Notifications() {
			key := n.Target + " " + n.Body
			if seen[key] {
				t.Errorf("it rang twice for %s", key)
			}
			seen[key] = true
		}
	}
}

func (w *jointWorld) compareRecords(live map[string]map[string]salesforce.Row) {
	t := w.rt
	here := map[string]bool{}
	for _, object := range switchboard.Objects() {
		list, _, err := w.db.Records(t.Context(), w.org, store.RecordFilter{Object: object, Page: store.Page{Limit: 500}})
		w.ok(err)
		for i := range list {
			r := list[i]
			if r.Deleted {
				continue
			}
			row, ok := live[string(object)][r.SalesforceID]
			if !ok {
				push, err := w.db.RecordToPush(t.Context(), w.org, r.ID)
				refused, _, _ := w.db.SyncError(t.Context(), w.org, r.ID)
				t.Errorf("%s %s (%s) is here and not there: %v; to push: %+v, %v; refused: %+v", object, r.ID, r.SalesforceID, w.sf.Get(string(object), r.SalesforceID), push, err, refused)
				continue
			}
			if here[r.SalesforceID] {
				t.Errorf("%s is here twice", r.SalesforceID)
			}
			here[r.SalesforceID] = true
			for _, name := range []string{"LastName", "Name", "Phone", "MobilePhone", "Description"} {
				if _, asked := row[name]; asked && r.Fields.Text(name) != row.Text(name) {
					t.Errorf("%s of %s %s is %q here and %q there", name, object, r.SalesforceID, r.Fields.Text(name), row.Text(name))
				}
			}
		}
	}
	for _, object := range switchboard.Objects() {
		for _, id := range slices.Sorted(maps.Keys(live[string(object)])) {
			if !here[id] {
				t.Errorf("%s %s is there and not here: %v", object, id, live[string(object)][id])
			}
		}
	}
}

func (w *jointWorld) compareMessages(live map[string]map[string]salesforce.Row) {
	t := w.rt
	rows := map[string]salesforce.Row{}
	for _, r := range live["SMS__c"] {
		id := r.Text("External_Id__c")
		if _, twice := rows[id]; twice {
			t.Errorf("the message %s is there twice", id)
		}
		rows[id] = r
	}
	if len(rows) != len(w.messages) {
		t.Errorf("there are %d messages there and %d here", len(rows), len(w.messages))
	}
	for _, id := range w.messages {
		m, err := w.db.Message(t.Context(), w.org, id)
		if err != nil {
			t.Fatal(err)
		}
		row, ok := rows[id]
		if !ok {
			t.Errorf("%s is not there", m.Name())
			continue
		}
		if !strings.EqualFold(row.Text("Status__c"), string(m.State)) || row.Text("Assignment_Reason__c") != string(m.Decision.Reason) {
			t.Errorf("%s is %s by %s here, and %s by %s there", m.Name(), m.State, m.Decision.Reason, row.Text("Status__c"), row.Text("Assignment_Reason__c"))
		}
		want := map[string]string{}
		if m.Record != nil {
			r, err := w.db.Record(t.Context(), w.org, m.Record.ID)
			w.ok(err)
			if !r.Deleted {
				want[string(r.Object)] = r.SalesforceID
			}
		}
		for _, object := range []string{"Contact", "Lead", "Account"} {
			if got := row.ID(object + "__c"); got != want[object] {
				t.Errorf("%s names the %s %q there, and is on %q here (%s)", m.Name(), object, got, want[object], fmt.Sprint(m.Record))
			}
		}
	}
}

// fewerChecks lets rapid try n times where it would try a hundred times: a world
// with two sides costs a second or more.
func fewerChecks(t *testing.T, n int) {
	t.Helper()
	const name = "rapid.checks"
	before := flag.Lookup(name).Value.String()
	all, err := strconv.Atoi(before)
	if err != nil {
		t.Fatal(err)
	}
	set := func(v string) {
		if err := flag.Set(name, v); err != nil {
			t.Fatal(err)
		}
	}
	set(strconv.Itoa(max(1, all*n/100)))
	t.Cleanup(func() { set(before) })
}
