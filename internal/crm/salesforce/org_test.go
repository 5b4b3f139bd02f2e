package salesforce_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// clock is a clock that a test moves. Each look at it is a moment later, so
// that no two stamps are the same unless they are meant to be.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// simulated is an org with our package in it, and our view of it.
type simulated struct {
	*salesforce.Org
	there *sforg.Org
	clock *clock
	meter *meter
	url   string
}

func simulate(t testing.TB, change ...func(*sforg.Config)) *simulated {
	t.Helper()
	s := &simulated{clock: &clock{t: now}, meter: &meter{}}
	config := sforg.Config{Now: s.clock.Now, Random: rand.NewChaCha8([32]byte{1}), DailyLimit: 1_000_000}
	for _, f := range change {
		f(&config)
	}
	s.there = sforg.New(config)
	if err := s.there.InstallPackage(orgpackage.FS()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.there)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.there.SetURL(server.URL)
	grant, err := salesforce.ClientCredentials(salesforce.App{LoginURL: server.URL, ClientID: s.there.ClientID(), HTTP: server.Client()}, s.there.ClientSecret())
	if err != nil {
		t.Fatal(err)
	}
	client, err := salesforce.New(salesforce.Config{HTTP: server.Client(), Source: salesforce.NewSource(grant), Budget: s.meter, Now: s.clock.Now,
		Wait: func(ctx context.Context, d time.Duration) error { s.clock.Add(d); return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	s.Org = salesforce.NewOrg(client)
	return s
}

// make makes a record in the org, as its admin would.
func (s *simulated) make(t testing.TB, object string, fields map[string]any) string {
	t.Helper()
	s.clock.Add(time.Second)
	id, err := s.there.Create(nil, object, fields)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Changes yields what a poll finds of one object.
func (s *simulated) Changes(ctx context.Context, object switchboard.Object, fields []string, after salesforce.Cursor) iter.Seq2[salesforce.ChangePage, error] {
	return func(yield func(salesforce.ChangePage, error) bool) {
		p, err := s.Poll(ctx, salesforce.Cursor{Stamp: s.clock.Now()}, []salesforce.Asked{{Object: object, Fields: fields, After: after}})
		if err != nil {
			yield(salesforce.ChangePage{}, err)
			return
		}
		p.Records[0](yield)
	}
}

// MessageChanges yields what a poll finds of messages.
func (s *simulated) MessageChanges(ctx context.Context, after salesforce.Cursor) iter.Seq2[salesforce.MessagePage, error] {
	return func(yield func(salesforce.MessagePage, error) bool) {
		p, err := s.Poll(ctx, after, nil)
		if err != nil {
			yield(salesforce.MessagePage{}, err)
			return
		}
		p.Messages(yield)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loaded returns all records of pages, by id.
func loaded[P any](t testing.TB, pages iter.Seq2[P, error], records func(P) []switchboard.RemoteRecord) map[string]switchboard.RemoteRecord {
	t.Helper()
	all := map[string]switchboard.RemoteRecord{}
	for p, err := range pages {
		must(t, err)
		for _, r := range records(p) {
			all[r.SalesforceID] = r
		}
	}
	return all
}

func ofLoad(p salesforce.LoadPage) []switchboard.RemoteRecord     { return p.Records }
func ofChange(p salesforce.ChangePage) []switchboard.RemoteRecord { return p.Records }

var contactFields = []string{"FirstName", "LastName", "MobilePhone", "Phone", "AccountId", "OwnerId", "Email", "DoNotCall", "Birthdate", "Description", "MailingAddress", "Nope__c"}

// Whichever way a record comes, it is the same record.
func TestARecordIsTheSameByEveryWay(t *testing.T) {
	s := simulate(t)
	account := s.make(t, "Account", map[string]any{"Name": "Acme \"Ltd\", O'Neil\r\n", "AnnualRevenue": 1234567.0, "NumberOfEmployees": 5, "Phone": "(512) 555-0100"})
	var ids []string
	for i, name := range []string{"Doe", "O'Neil", "a,b", "x\"y", "línea\nnueva", "日本"} {
		ids = append(ids, s.make(t, "Contact", map[string]any{"LastName": name, "MobilePhone": fmt.Sprintf("(512) 555-01%02d", i), "AccountId": account, "DoNotCall": i%2 == 0, "Description": "one\r\ntwo"}))
	}
	for object, fields := range map[switchboard.Object][]string{switchboard.Contact: contactFields, switchboard.Account: {"Name", "AnnualRevenue", "NumberOfEmployees", "Phone"}} {
		byPage := loaded(t, s.Load(t.Context(), object, fields, salesforce.Loading{}), ofLoad)
		byChange := loaded(t, s.Changes(t.Context(), object, fields, salesforce.Cursor{}), ofChange)
		// A bulk job, whatever the size.
		job := startBulk(t, s, object, fields)
		byBulk := loaded(t, s.Load(t.Context(), object, fields, salesforce.Loading{Since: now, Job: job}), ofLoad)
		byID := map[string]switchboard.RemoteRecord{}
		records, err := s.Records(t.Context(), object, fields, slices.Collect(maps.Keys(byPage)))
		must(t, err)
		for _, r := range records {
			byID[r.SalesforceID] = r
		}
		for way, got := range map[string]map[string]switchboard.RemoteRecord{"changes": byChange, "bulk": byBulk, "id": byID} {
			if d := cmp.Diff(byPage, got); d != "" {
				t.Errorf("%s by %s:\n%s", object, way, d)
			}
		}
		if object == switchboard.Contact {
			r := byPage[ids[1]]
			if r.Fields.Text("LastName") != "O'Neil" || r.Fields["AccountId"] != account || r.Fields["DoNotCall"] != false || r.Fields["Phone"] != nil || r.Fields.Text("Description") != "one\ntwo" {
				t.Errorf("the record is %+v", r)
			}
			if _, there := r.Fields["Phone"]; !there {
				t.Error("an empty field is not told from one that was not read")
			}
			for _, name := range []string{"Nope__c", "MailingAddress"} {
				if _, there := r.Fields[name]; there {
					t.Errorf("%s is there", name)
				}
			}
		}
	}
}

// startBulk begins the job that a load of many records would begin.
func startBulk(t testing.TB, s *simulated, object switchboard.Object, fields []string) string {
	t.Helper()
	d, err := s.Describe(t.Context(), string(object))
	must(t, err)
	columns := []string{"Id", "SystemModstamp", "IsDeleted"}
	for _, name := range append([]string{"MasterRecordId", "IsConverted", "ConvertedContactId", "ConvertedAccountId", "IsPersonAccount", orgpackage.KeyField}, fields...) {
		if f, ok := d.Field(name); ok && f.Type != "address" && !slices.Contains(columns, name) {
			columns = append(columns, name)
		}
	}
	job, err := s.StartBulk(t.Context(), salesforce.Select(string(object), columns...), true)
	must(t, err)
	return job.ID
}

func fill(t testing.TB, s *simulated, n int) {
	t.Helper()
	must(t, s.there.Load("Contact", n, func(i int) map[string]any {
		return map[string]any{"LastName": fmt.Sprintf("Person %d", i), "MobilePhone": fmt.Sprintf("+1512%07d", i), "Phone": "(512) 555-0177"}
	}))
}

// A first load survives any restart: nothing is missing, and nothing is read
// twice but within one page.
func TestALoadGoesOnWhereItStopped(t *testing.T) {
	for _, n := range []int{4_500, 12_345} {
		s := simulate(t)
		fill(t, s, n)
		at := salesforce.Loading{}
		seen := map[string]int{}
		for runs := 0; !at.Done; runs++ {
			if runs > 20 {
				t.Fatal("it never ends")
			}
			for p, err := range s.Load(t.Context(), switchboard.Contact, contactFields, at) {
				must(t, err)
				for _, r := range p.Records {
					seen[r.SalesforceID]++
				}
				at = p.Loading
				break // a crash after each page
			}
		}
		if len(seen) != n || at.Rows != int64(n) || at.Total != int64(n) || (n >= 10_000) != (at.Job != "") {
			t.Errorf("%d of %d, %+v", len(seen), n, at)
		}
		for id, times := range seen {
			if times != 1 {
				t.Fatalf("%s was read %d times", id, times)
			}
		}
		if at.Since.After(s.clock.Now().Add(-salesforce.Overlap)) {
			t.Errorf("polling would go on from %v", at.Since)
		}
	}
}

func TestALoadWhoseJobIsGoneBeginsAnew(t *testing.T) {
	s := simulate(t)
	fill(t, s, 10_000)
	at := salesforce.Loading{}
	for p, err := range s.Load(t.Context(), switchboard.Contact, contactFields, at) {
		must(t, err)
		at = p.Loading
		break
	}
	must(t, s.DeleteJob(t.Context(), at.Job)) // as after a week
	got := loaded(t, s.Load(t.Context(), switchboard.Contact, contactFields, at), ofLoad)
	if len(got) != 10_000 {
		t.Errorf("it read %d", len(got))
	}
	// So does one that asks for other fields than the job did.
	job := startBulk(t, s, switchboard.Contact, []string{"LastName"})
	got = loaded(t, s.Load(t.Context(), switchboard.Contact, contactFields, salesforce.Loading{Since: now, Job: job}), ofLoad)
	if len(got) != 10_000 {
		t.Errorf("it read %d", len(got))
	}
}

func TestChangesComeInTheirOrder(t *testing.T) {
	s := simulate(t)
	// Thousands with one stamp, as after a bulk update.
	fill(t, s, 2_500)
	var last salesforce.Cursor
	n := 0
	for p, err := range s.Changes(t.Context(), switchboard.Contact, contactFields, salesforce.Cursor{}) {
		must(t, err)
		n += len(p.Records)
		last = p.Next
		if n == 2_000 {
			break
		}
	}
	rest := loaded(t, s.Changes(t.Context(), switchboard.Contact, contactFields, last), ofChange)
	if n != 2_000 || len(rest) != 500 {
		t.Fatalf("%d and then %d", n, len(rest))
	}
	for p, err := range s.Changes(t.Context(), switchboard.Contact, contactFields, last) {
		must(t, err)
		last = p.Next
	}
	id := s.make(t, "Contact", map[string]any{"LastName": "New"})
	got := loaded(t, s.Changes(t.Context(), switchboard.Contact, contactFields, last), ofChange)
	if len(got) != 1 || got[id].Fields.Text("LastName") != "New" {
		t.Errorf("then %v", got)
	}
	// A transaction that ends late shows rows with an old stamp: only who looks
	// back finds them.
	for p, err := range s.Changes(t.Context(), switchboard.Contact, contactFields, last) {
		must(t, err)
		last = p.Next
	}
	s.there.SetCommitDelay(2 * time.Minute)
	late := s.make(t, "Contact", map[string]any{"LastName": "Late"})
	if got := loaded(t, s.Changes(t.Context(), switchboard.Contact, contactFields, last), ofChange); len(got) != 0 {
		t.Logf("the late row is seen without looking back: %v", got)
	}
	if got := loaded(t, s.Changes(t.Context(), switchboard.Contact, contactFields, last.Back(salesforce.Overlap)), ofChange); got[late].SalesforceID == "" {
		t.Error("the late row is never seen")
	}
}

func TestWhatStandsForARecordIsKnown(t *testing.T) {
	s := simulate(t)
	var c []string
	for i := range 5 {
		c = append(c, s.make(t, "Contact", map[string]any{"LastName": fmt.Sprint("Doe ", i)}))
	}
	// 0 into 1, then 1 into 2, then 2 into 3: all of them are 3 now. 4 is deleted.
	for i := range 3 {
		s.clock.Add(time.Second)
		must(t, s.there.Merge(nil, "Contact", c[i+1], c[i]))
	}
	must(t, s.there.Delete(nil, "Contact", c[4]))
	got := loaded(t, s.Changes(t.Context(), switchboard.Contact, contactFields, salesforce.Cursor{}), ofChange)
	for i := range 3 {
		if r := got[c[i]]; !r.Deleted || r.MasterID != c[3] || r.StandIn() != c[3] {
			t.Errorf("%d is %+v", i, r)
		}
	}
	if r := got[c[4]]; !r.Deleted || r.MasterID != "" {
		t.Errorf("the deleted one is %+v", r)
	}
	if r := got[c[3]]; r.Deleted || r.Gone() {
		t.Errorf("the winner is %+v", r)
	}
	// Asked for by its id alone, too.
	records, err := s.Records(t.Context(), switchboard.Contact, contactFields, c[:1])
	if err != nil || len(records) != 1 || records[0].MasterID != c[3] {
		t.Errorf("got %+v, %v", records, err)
	}
	lead := s.make(t, "Lead", map[string]any{"LastName": "Doe", "Company": "Acme"})
	to, err := s.there.Convert(nil, lead, sforg.ConvertOptions{})
	must(t, err)
	leads := loaded(t, s.Changes(t.Context(), switchboard.Lead, []string{"LastName"}, salesforce.Cursor{}), ofChange)
	if r := leads[lead]; r.ConvertedID != to.ContactID || r.Deleted || !r.Gone() {
		t.Errorf("the lead is %+v, not %s", r, to.ContactID)
	}
	// The ids are of those that are there.
	var there []string
	for ids, err := range s.IDs(t.Context(), switchboard.Contact) {
		must(t, err)
		there = append(there, ids...)
	}
	slices.Sort(there)
	want := []string{c[3], to.ContactID}
	slices.Sort(want)
	if d := cmp.Diff(want, there); d != "" {
		t.Error(d)
	}
}

func TestAPersonAccountIsOneRecord(t *testing.T) {
	s := simulate(t, func(c *sforg.Config) { c.PersonAccounts = true })
	types, err := s.there.Query("SELECT Id FROM RecordType WHERE IsPersonType = true")
	fields := map[string]any{"LastName": "Doe", "PersonMobilePhone": "(512) 555-0177"}
	if err == nil && len(types) > 0 {
		fields["RecordTypeId"] = types[0]["Id"]
	}
	account := s.make(t, "Account", fields)
	if on, err := s.PersonAccounts(t.Context()); err != nil || !on {
		t.Fatalf("%v %v", on, err)
	}
	accounts := loaded(t, s.Changes(t.Context(), switchboard.Account, []string{"Name", "PersonMobilePhone", "PersonContactId"}, salesforce.Cursor{}), ofChange)
	r := accounts[account]
	if r.Fields.Text("PersonMobilePhone") != "(512) 555-0177" || r.Gone() {
		t.Fatalf("the account is %+v", r)
	}
	contact := r.Fields.Text("PersonContactId")
	contacts := loaded(t, s.Changes(t.Context(), switchboard.Contact, []string{"LastName"}, salesforce.Cursor{}), ofChange)
	if c := contacts[contact]; c.StandIn() != account {
		t.Errorf("its contact is %+v", c)
	}
	phones, err := s.PhoneFields(t.Context(), switchboard.Account)
	must(t, err)
	if !slices.ContainsFunc(phones, func(f salesforce.Field) bool { return f.Name == "PersonMobilePhone" }) {
		t.Errorf("phone fields are %v", phones)
	}
}

func TestMessagesAreWrittenAndComeBack(t *testing.T) {
	s := simulate(t)
	contact := s.make(t, "Contact", map[string]any{"LastName": "Doe"})
	account := s.make(t, "Account", map[string]any{"Name": "Acme"})
	messages := make([]salesforce.SMS, 450)
	for i := range messages {
		messages[i] = salesforce.SMS{ID: fmt.Sprintf("m%03d", i), Name: fmt.Sprintf("SMS-%06d", i), Phone: "+15125550177", Body: "Hello 🙂 \x00 ' \"",
			Direction: "inbound", State: "unassigned", Channel: "Support", ReceivedAt: now, Reason: "no_match", Explanation: "Nobody has this number."}
	}
	messages[7].State, messages[7].Reason = "assigned", "only_match"
	messages[7].Lookups = map[switchboard.Object]string{switchboard.Contact: contact}
	results := s.UpsertMessages(t.Context(), messages)
	if n := s.meter.count(salesforce.UseWrite); n != 4 {
		t.Errorf("it took %d calls", n) // three, and one to describe
	}
	for i, r := range results {
		if r.Err != nil || !r.Created || r.ID == "" {
			t.Fatalf("message %d: %+v", i, r)
		}
		row := s.there.Get("SMS__c", r.ID)
		if row["External_Id__c"] != messages[i].ID || row["Name"] != messages[i].Name || row["Message__c"] != "Hello 🙂 \uFFFD ' \"" || row["Direction__c"] != "Inbound" {
			t.Fatalf("message %d is %v", i, row)
		}
	}
	row := s.there.Get("SMS__c", results[7].ID)
	if row["Contact__c"] != contact || row["Status__c"] != "Assigned" {
		t.Errorf("the assigned one is %v", row)
	}
	// Again, moved, is the same row, and the old lookup is cleared.
	messages[7].Lookups = nil
	if r := s.UpsertMessages(t.Context(), messages[7:8]); r[0].Err != nil || s.there.Get("SMS__c", results[7].ID)["Contact__c"] != contact {
		t.Errorf("lookups that were to be left alone are not: %+v", r)
	}
	messages[7].Lookups, messages[7].Channel = map[switchboard.Object]string{}, strings.Repeat("é", 300)
	if r := s.UpsertMessages(t.Context(), messages[7:8]); r[0].Err != nil || s.there.Get("SMS__c", results[7].ID)["Contact__c"] != nil || s.there.Get("SMS__c", results[7].ID)["Channel__c"] != strings.Repeat("é", 255) {
		t.Errorf("lookups that were to be cleared are not, or a text is too long: %+v", r)
	}
	messages[7].Lookups = map[switchboard.Object]string{switchboard.Account: account}
	again := s.UpsertMessages(t.Context(), messages[7:8])
	row = s.there.Get("SMS__c", results[7].ID)
	if again[0].Err != nil || again[0].Created || again[0].ID != results[7].ID || row["Contact__c"] != nil || row["Account__c"] != account {
		t.Errorf("%+v, %v", again, row)
	}
	// An admin moves it back, in the org.
	var last salesforce.Cursor
	for p, err := range s.MessageChanges(t.Context(), salesforce.Cursor{}) {
		must(t, err)
		last = p.Next
	}
	ada, err := s.there.AddUser("ada@example.com", "Ada Lovelace")
	must(t, err)
	s.clock.Add(time.Minute)
	must(t, s.there.Update(ada, "SMS__c", results[7].ID, map[string]any{"Contact__c": contact, "Account__c": nil}))
	var changed []switchboard.RemoteMessage
	for p, err := range s.MessageChanges(t.Context(), last) {
		must(t, err)
		changed = append(changed, p.Messages...)
	}
	want := []switchboard.RemoteMessage{{SalesforceID: results[7].ID, MessageID: "m007", Lookups: map[switchboard.Object]string{switchboard.Contact: contact}, ModifiedBy: ada.ID}}
	if len(changed) == 1 {
		want[0].Stamp = changed[0].Stamp
	}
	if d := cmp.Diff(want, changed); d != "" {
		t.Error(d)
	}
	byID, err := s.Messages(t.Context(), []string{results[7].ID})
	if d := cmp.Diff(want, byID); d != "" || err != nil {
		t.Error(d, err)
	}
	if err := s.Ring(t.Context(), salesforce.Bell{UserIDs: []string{s.there.Admin().ID}, Title: "New SMS! (not assigned)", Body: "+1 512 555 0177: Hello", TargetID: results[0].ID}); err != nil {
		t.Fatal(err)
	}
	if bell := s.there.Notifications(); len(bell) != 1 || bell[0].Target != results[0].ID || bell[0].Recipients[0] != s.there.Admin().ID {
		t.Errorf("the bell is %+v", bell)
	}
	users, err := s.Users(t.Context())
	if err != nil || len(users) != 2 || !users[1].Active {
		t.Errorf("users are %+v, %v", users, err)
	}
}

func TestARecordIsMadeOnce(t *testing.T) {
	s := simulate(t)
	fields := switchboard.Fields{"LastName": "Doe", "MobilePhone": "+15125550177", "Email": "", "CreatedDate": "2020-01-01T00:00:00Z", "Nope__c": "x"}
	// The write takes effect, and nobody hears of it.
	s.there.Fail(sforg.Fault{Kind: sforg.TimeoutAfterWrite, Method: "PATCH"})
	_, err := s.CreateRecord(t.Context(), switchboard.Contact, "r1", fields, salesforce.WriteOptions{})
	if salesforce.ClassOf(err) != salesforce.ClassUnknown {
		t.Fatalf("got %v", err)
	}
	got, err := s.CreateRecord(t.Context(), switchboard.Contact, "r1", fields, salesforce.WriteOptions{})
	if err != nil || got.Created {
		t.Fatalf("got %+v, %v", got, err)
	}
	rows, err := s.there.Query("SELECT Id FROM Contact")
	if err != nil || len(rows) != 1 {
		t.Errorf("there are %v, %v", rows, err)
	}
	records, err := s.Records(t.Context(), switchboard.Contact, []string{"LastName"}, []string{got.ID})
	if err != nil || records[0].Key != "r1" {
		t.Errorf("%+v, %v", records, err)
	}
	// One that a person would be warned of is refused, and says which it is.
	s.there.AddDuplicateRule(sforg.DuplicateRule{Object: "Contact", Match: [][]string{{"MobilePhone"}}})
	_, err = s.CreateRecord(t.Context(), switchboard.Contact, "r2", fields, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassDuplicate || len(e.Matches) != 1 || e.Matches[0].ID != got.ID || !e.Save {
		t.Fatalf("got %+v", e)
	}
	if _, err = s.CreateRecord(t.Context(), switchboard.Contact, "r2", fields, salesforce.WriteOptions{SaveDuplicate: true}); err != nil {
		t.Fatal(err)
	}
	s.there.ClearRules()
	s.there.AddValidation("Contact", "Email", "Enter an e-mail address.", func(f map[string]any) bool { return f["Email"] == nil })
	err = s.UpdateRecord(t.Context(), switchboard.Contact, got.ID, switchboard.Fields{"LastName": "Roe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassPermanent || e.Sentence() != "Enter an e-mail address." || !slices.Equal(e.Fields, []string{"Email"}) {
		t.Errorf("got %+v", e)
	}
	s.there.ClearRules()
	must(t, s.UpdateRecord(t.Context(), switchboard.Contact, got.ID, switchboard.Fields{"MobilePhone": nil, "Name": "x"}, salesforce.WriteOptions{}))
	if row := s.there.Get("Contact", got.ID); row["MobilePhone"] != nil {
		t.Errorf("the record is %v", row)
	}
	must(t, s.DeleteRecord(t.Context(), switchboard.Contact, got.ID))
	must(t, s.DeleteRecord(t.Context(), switchboard.Contact, got.ID))
	err = s.UpdateRecord(t.Context(), switchboard.Contact, got.ID, switchboard.Fields{"LastName": "Roe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassGone || !e.Row {
		t.Errorf("got %+v", e)
	}
	s.there.Fail(sforg.Fault{Kind: sforg.RequestLimit})
	err = s.UpdateRecord(t.Context(), switchboard.Contact, got.ID, switchboard.Fields{"LastName": "Roe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassLimit || e.Row {
		t.Errorf("got %+v", e)
	}
}

// Whatever goes wrong on the way of a batch, every message has its verdict, and
// doing it again puts all of them there once.
func TestEveryFaultHasItsVerdict(t *testing.T) {
	batch := make([]salesforce.SMS, 5)
	for i := range batch {
		batch[i] = salesforce.SMS{ID: fmt.Sprint("m", i), Name: fmt.Sprint("SMS-", i), Phone: "+15125550177", Body: "Hi", Direction: "inbound", State: "unassigned", ReceivedAt: now}
	}
	for _, tt := range []struct {
		name  string
		fault sforg.Fault
		want  []salesforce.Class // of each row
	}{
		{"an expired session", sforg.Fault{Kind: sforg.ExpiredSession}, []salesforce.Class{"", "", "", "", ""}},
		{"the limit", sforg.Fault{Kind: sforg.RequestLimit}, slices.Repeat([]salesforce.Class{salesforce.ClassLimit}, 5)},
		{"a locked row", sforg.Fault{Kind: sforg.LockRow, Rows: []int{1}}, []salesforce.Class{"", salesforce.ClassRetry, "", "", ""}},
		{"a row's error", sforg.Fault{Kind: sforg.RowError, Rows: []int{2}, Err: &sforg.Error{Code: "INVALID_CROSS_REFERENCE_KEY", Message: "invalid cross reference id"}}, []salesforce.Class{"", "", salesforce.ClassGone, "", ""}},
		{"maintenance", sforg.Fault{Kind: sforg.HTML503}, slices.Repeat([]salesforce.Class{salesforce.ClassRetry}, 5)},
		{"an exception", sforg.Fault{Kind: sforg.ServerError}, slices.Repeat([]salesforce.Class{salesforce.ClassRetry}, 5)},
		{"a cut after the write", sforg.Fault{Kind: sforg.TimeoutAfterWrite}, slices.Repeat([]salesforce.Class{salesforce.ClassUnknown}, 5)},
		{"a cut before the write", sforg.Fault{Kind: sforg.TimeoutBefore}, slices.Repeat([]salesforce.Class{salesforce.ClassUnknown}, 5)},
	} {
		s := simulate(t)
		tt.fault.Path = "/composite/sobjects"
		s.there.Fail(tt.fault)
		for i, r := range s.UpsertMessages(t.Context(), batch) {
			var got salesforce.Class
			if r.Err != nil {
				got = r.Err.Class
			}
			if got != tt.want[i] {
				t.Errorf("%s: row %d is %q, %v", tt.name, i, got, r.Err)
			}
			if r.Err != nil && r.Err.Row != (tt.fault.Rows != nil) {
				t.Errorf("%s: row %d is about the row alone: %v", tt.name, i, r.Err.Row)
			}
		}
		for i, r := range s.UpsertMessages(t.Context(), batch) {
			if r.Err != nil {
				t.Errorf("%s: again, row %d: %v", tt.name, i, r.Err)
			}
		}
		if rows, err := s.there.Query("SELECT Id FROM SMS__c"); err != nil || len(rows) != len(batch) {
			t.Errorf("%s: there are %d rows, %v", tt.name, len(rows), err)
		}
	}
}

// A load rides out what comes and goes.
func TestALoadRidesOutFaults(t *testing.T) {
	for _, kind := range []sforg.FaultKind{sforg.ExpiredSession, sforg.HTML503, sforg.ServerError, sforg.TimeoutBefore, sforg.TimeoutAfterWrite} {
		s := simulate(t)
		fill(t, s, 10_500)
		for skip := 1; skip < 4; skip++ { // a look at the job, and a page
			s.there.Fail(sforg.Fault{Kind: kind, Path: "/jobs/query/", Method: "GET", Skip: skip})
		}
		got := loaded(t, s.Load(t.Context(), switchboard.Contact, contactFields, salesforce.Loading{}), ofLoad)
		if len(got) != 10_500 {
			t.Errorf("%s: it read %d", kind, len(got))
		}
	}
}

func TestASettingInTheOrgIsRead(t *testing.T) {
	s := simulate(t)
	got, err := s.UnknownNumbers(t.Context())
	if err != nil || got == nil || got.Enabled || got.Object != switchboard.Contact || got.PhoneField == "" || got.Fields["LastName"] == "" {
		t.Errorf("got %+v, %v", got, err)
	}
	bare := sforg.New(sforg.Config{Now: s.clock.Now, Random: rand.NewChaCha8([32]byte{2})})
	server := httptest.NewServer(bare)
	defer server.Close()
	bare.SetURL(server.URL)
	g, err := salesforce.ClientCredentials(salesforce.App{LoginURL: server.URL, ClientID: bare.ClientID(), HTTP: server.Client()}, bare.ClientSecret())
	must(t, err)
	c, err := salesforce.New(salesforce.Config{HTTP: server.Client(), Source: salesforce.NewSource(g), Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
	must(t, err)
	if got, err := salesforce.NewOrg(c).UnknownNumbers(t.Context()); err != nil || got != nil {
		t.Errorf("without the package: %+v, %v", got, err)
	}
	// Installed over the wire, it is there.
	var zip bytes.Buffer
	must(t, orgpackage.Zip(&zip, orgpackage.Options{}))
	var seen []string
	d, err := c.Deploy(t.Context(), zip.Bytes(), func(d salesforce.Deployment) { seen = append(seen, d.Status) })
	if err != nil || !d.Success || len(seen) == 0 {
		t.Fatalf("%+v, %v", d, err)
	}
	if got, err := salesforce.NewOrg(c).UnknownNumbers(t.Context()); err != nil || got == nil {
		t.Errorf("with the package: %+v, %v", got, err)
	}
	if v, err := salesforce.NewOrg(c).PackageVersion(t.Context()); err != nil || v != orgpackage.Version {
		t.Errorf("the package's version is %q, %v", v, err)
	}
}

// The owner is named by username, address or id, and looked up once an hour.
func TestTheOwnerInTheOrgsSettingIsLookedUp(t *testing.T) {
	s := simulate(t)
	bob, err := s.there.AddUser("bob@example.com", "Bob Roe")
	must(t, err)
	eve, err := s.there.AddUser("eve@example.com", "Eve Poe")
	must(t, err)
	gone, err := s.there.AddUser("gone@example.com", "Gus Doe")
	must(t, err)
	must(t, s.there.Update(nil, "User", gone.ID, map[string]any{"Email": "shared@example.com", "IsActive": false}))
	must(t, s.there.Update(nil, "User", eve.ID, map[string]any{"Email": "shared@example.com"}))
	for _, tc := range []struct{ name, id string }{
		{"bob@example.com", bob.ID}, {" BOB@example.com ", bob.ID}, {bob.ID, bob.ID}, {bob.ID[:15], bob.ID},
		{"shared@example.com", eve.ID}, {"gone@example.com", gone.ID}, {"o'neil\\' OR Id != '", ""}, {"nobody", ""}, {"", ""},
	} {
		installSetting(t, s, tc.name)
		s.there.ResetCalls()
		for range 3 {
			got, err := s.UnknownNumbers(t.Context())
			if err != nil || got.OwnerID != tc.id || got.Owner != strings.TrimSpace(tc.name) {
				t.Errorf("%q is %+v, %v, want %q", tc.name, got, err, tc.id)
			}
		}
		if n := s.there.APIUsage(); n > 4 || tc.name == "" && n != 3 {
			t.Errorf("%q: three readings took %d calls", tc.name, n)
		}
	}
}

// installSetting deploys the package with an owner in its setting.
func installSetting(t testing.TB, s *simulated, owner string) {
	t.Helper()
	var whole, changed bytes.Buffer
	must(t, orgpackage.Zip(&whole, orgpackage.Options{}))
	from, err := zip.NewReader(bytes.NewReader(whole.Bytes()), int64(whole.Len()))
	must(t, err)
	to := zip.NewWriter(&changed)
	for _, f := range from.File {
		r, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(r)
		must(t, err)
		if strings.Contains(f.Name, "Create_Records_From_Unknown_Numbers.Default") {
			var value bytes.Buffer
			must(t, xml.EscapeText(&value, []byte(owner)))
			text = regexp.MustCompile(`(?s)(<field>Owner__c</field>\s*)<value[^>]*/>`).ReplaceAll(text,
				[]byte(`${1}<value xsi:type="xsd:string">`+strings.ReplaceAll(value.String(), "$", "$$")+`</value>`))
		}
		w, err := to.Create(f.Name)
		must(t, err)
		_, err = w.Write(text)
		must(t, err)
	}
	must(t, to.Close())
	_, err = s.Deploy(t.Context(), changed.Bytes(), nil)
	must(t, err)
}

func TestTheCheckSaysWhatIsMissing(t *testing.T) {
	s := simulate(t)
	levels := func(want salesforce.Level) []string {
		var lines []string
		for _, f := range s.Check(t.Context(), switchboard.DefaultPhoneFields()) {
			if f.Level == want {
				lines = append(lines, f.What)
			}
			if (f.Level == salesforce.OK) != (f.Remedy == "") || strings.ContainsAny(f.What+f.Remedy, "\n") {
				t.Errorf("the line %+v is not one", f)
			}
		}
		return lines
	}
	if bad := append(levels(salesforce.Fail), levels(salesforce.Warn)...); len(bad) > 0 {
		t.Errorf("a good org has %q", bad)
	}
	bob, err := s.there.AddUser("bob@example.com", "Bob")
	must(t, err)
	s.there.RunAs(bob)
	s.there.ExpireSessions()
	bob.Deny(sforg.SendCustomNotifications)
	bob.Deny("Contact.HomePhone")
	bob.Deny("SMS__c.Lead__c")
	bob.Deny("Lead")
	for _, o := range []string{"Contact", "Lead", "Account", "SMS__c"} {
		s.Forget(o)
	}
	got := strings.Join(levels(salesforce.Fail), "\n")
	for _, want := range []string{"no access to HomePhone", "Lead", "may not write Lead__c", "no View All on Account, Contact, Lead", "may not send notifications"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not among\n%s", want, got)
		}
	}
	// The permission set gives what is missing.
	sets, err := s.there.Query("SELECT Id FROM PermissionSet WHERE Name LIKE '%Integration%'")
	must(t, err)
	s.make(t, "PermissionSetAssignment", map[string]any{"PermissionSetId": sets[0]["Id"], "AssigneeId": bob.ID})
	if got := strings.Join(levels(salesforce.Fail), "\n"); strings.Contains(got, "View All") {
		t.Errorf("with the permission set:\n%s", got)
	}
	s.there.RunAs(nil)
	s.there.ExpireSessions()
	if got := s.Check(t.Context(), nil); !strings.Contains(got[len(got)-1].Remedy, "Run As") {
		t.Errorf("without a user: %+v", got)
	}
}
