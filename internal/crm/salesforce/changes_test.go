package salesforce_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

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
