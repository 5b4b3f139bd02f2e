package salesforce_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

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
