package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// salesforceUser is whom the connection's token belongs to.
const salesforceUser = "005000000000001AAA"

func connected(t *testing.T, db *store.DB) (switchboard.Actor, switchboard.Channel) {
	t.Helper()
	dana := storetest.Admin(t, db)
	channel := storetest.Channel(t, db, dana)
	connect(t, db, dana)
	return dana, channel
}

func connect(t testing.TB, db *store.DB, dana switchboard.Actor) {
	t.Helper()
	err := db.ConnectSalesforce(t.Context(), dana, store.Salesforce{
		SalesforceSettings: store.SalesforceSettings{Method: "client_credentials", LoginURL: "https://acme.my.salesforce.com", ClientID: "id", APIVersion: "62.0"},
		UserID:             dana.ID, SalesforceUserID: salesforceUser, SalesforceOrgID: "00D000000000001EAA",
	}, store.SalesforceSecret{ClientSecret: "hush"})
	if err != nil {
		t.Fatal(err)
	}
}

func sfID(prefix string, n int) string {
	id, ok := switchboard.ParseSalesforceID(prefix + fmt.Sprintf("%0*d", 15-len(prefix), n))
	if !ok {
		panic("no id")
	}
	return id
}

func remoteContact(n int, name, mobile string) switchboard.RemoteRecord {
	f := switchboard.Fields{"FirstName": nil, "LastName": name, "MobilePhone": nil, "Email": nil, "AccountId": nil}
	if mobile != "" {
		f["MobilePhone"] = mobile
	}
	return switchboard.RemoteRecord{SalesforceID: sfID("003", n), Object: switchboard.Contact, Fields: f, Stamp: worldStart}
}

// merged is a record as Salesforce tells of it after it was merged into another.
func merged(r, into switchboard.RemoteRecord) switchboard.RemoteRecord {
	r.Deleted, r.MasterID = true, into.SalesforceID
	return r
}

func applyRemote(t *testing.T, db *store.DB, org string, r store.Remote) store.Applied {
	t.Helper()
	if r.ReadAt.IsZero() {
		r.ReadAt = time.Now().AddDate(1000, 0, 0)
	}
	a, err := db.ApplyRemote(t.Context(), org, r)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func bySalesforceID(t *testing.T, db *store.DB, org, id string) *switchboard.Record {
	t.Helper()
	rows, err := db.Rows(t.Context(), "SELECT id FROM record WHERE org_id = $1 AND salesforce_id = $2", org, id)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			t.Fatal(err)
		}
		found = append(found, one)
	}
	if len(found) != 1 {
		t.Fatalf("%d records have the Salesforce id %s", len(found), id)
	}
	return storetest.RecordOf(t, db, org, found[0])
}

func jobs(t *testing.T, db *store.DB, org string) []string {
	t.Helper()
	rows, err := db.Rows(t.Context(), "SELECT kind, subject_id FROM outbox WHERE org_id = $1 AND NOT dead", org)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var kind, subject string
		if err := rows.Scan(&kind, &subject); err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.TrimPrefix(kind, "salesforce.")+" "+subject)
	}
	slices.Sort(all)
	return all
}

func forgetJobs(t *testing.T, db *store.DB) {
	t.Helper()
	if err := db.Exec(t.Context(), "DELETE FROM outbox"); err != nil {
		t.Fatal(err)
	}
}

func openBells(t *testing.T, db *store.DB, org string) int {
	t.Helper()
	n := 0
	for _, state := range []switchboard.NotificationState{switchboard.Unread, switchboard.Read} {
		list, _, err := db.Notifications(t.Context(), org, store.NotificationFilter{State: state, Page: store.Page{Limit: 100}})
		if err != nil {
			t.Fatal(err)
		}
		n += len(list)
	}
	return n
}

func TestTheSalesforceConnectionIsKeptSealed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		c, err := db.Salesforce(t.Context(), dana.OrgID)
		if err != nil || !c.Connected || c.ClientID != "id" || c.UserID != dana.ID || c.SalesforceUserID != salesforceUser {
			t.Errorf("got %+v, %v", c, err)
		}
		if s, err := db.SalesforceSecret(t.Context(), dana.OrgID); err != nil || s.ClientSecret != "hush" {
			t.Errorf("the secret is %+v, %v", s, err)
		}
		rows, err := db.Rows(t.Context(), "SELECT secret_sealed, settings FROM salesforce")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var sealed []byte
			var settings string
			if err := rows.Scan(&sealed, &settings); err != nil || strings.Contains(string(sealed)+settings, "hush") {
				t.Errorf("the secret can be read in the database (%v)", err)
			}
		}
	})
}

func TestAnotherSalesforceOrgIsNotConnectedByMistake(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		if err := db.DisconnectSalesforce(t.Context(), dana); err != nil {
			t.Fatal(err)
		}
		if _, err := db.SalesforceSecret(t.Context(), dana.OrgID); switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			t.Errorf("after disconnecting, the secret: %v", err)
		}
		other := store.Salesforce{UserID: dana.ID, SalesforceUserID: salesforceUser, SalesforceOrgID: "00D000000000002EAA"}
		if err := db.ConnectSalesforce(t.Context(), dana, other, store.SalesforceSecret{}); switchboard.ErrorCode(err) != switchboard.CodeConflict {
			t.Errorf("another org was connected: %v", err)
		}
		other.SalesforceOrgID = "00D000000000001EAA"
		other.UserID = storetest.User(t, db, "Sam Ortiz", switchboard.Agent).ID
		if err := db.ConnectSalesforce(t.Context(), dana, other, store.SalesforceSecret{}); switchboard.ErrorCode(err) != switchboard.CodeInvalid {
			t.Errorf("an agent was tied to it: %v", err)
		}
		other.UserID = dana.ID
		if err := db.ConnectSalesforce(t.Context(), dana, other, store.SalesforceSecret{}); err != nil {
			t.Errorf("the same org was refused: %v", err)
		}
	})
}

func TestOneReadsFromSalesforceAtATime(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		dana, _ := connected(t, db)
		read := func(who string, d time.Duration, want bool) {
			t.Helper()
			if got, err := db.ReadSalesforce(t.Context(), dana.OrgID, who, d); err != nil || got != want {
				t.Errorf("%s for %s: %v, %v", who, d, got, err)
			}
		}
		read("a", time.Minute, true)
		read("b", time.Minute, false)
		read("a", time.Minute, true)
		clock.Advance(2 * time.Minute)
		read("b", time.Minute, true)
		read("a", 0, false)
		read("b", 0, true)
		read("a", time.Minute, true)
	})
}

func TestTheLastChangeOfUnknownNumbersHolds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		here := func(enabled bool) {
			t.Helper()
			u := switchboard.DefaultUnknownNumbers()
			u.Enabled = enabled
			if _, err := db.SetUnknownNumbers(t.Context(), dana, u); err != nil {
				t.Fatal(err)
			}
		}
		there := func(enabled, changed bool) {
			t.Helper()
			r := switchboard.RemoteUnknownNumbers{Enabled: enabled, Object: "Contact", PhoneField: "MobilePhone", Fields: map[string]string{"LastName": "Unknown {phone}"}}
			before, err := db.Settings(t.Context(), dana.OrgID)
			if err != nil {
				t.Fatal(err)
			}
			if stranger, err := db.SetRemoteUnknownNumbers(t.Context(), dana.OrgID, r); err != nil || stranger {
				t.Errorf("the org says %v: stranger %v, %v", enabled, stranger, err)
			}
			after, err := db.Settings(t.Context(), dana.OrgID)
			if err != nil {
				t.Fatal(err)
			}
			if got := after.Version != before.Version; got != changed {
				t.Errorf("the org says %v: changed %v", enabled, got)
			}
		}
		want := func(enabled bool) {
			t.Helper()
			if s, err := db.Settings(t.Context(), dana.OrgID); err != nil || s.UnknownNumbers.Enabled != enabled {
				t.Errorf("it is %v, %v", s.UnknownNumbers.Enabled, err)
			}
		}
		here(true)
		there(false, false) // as installed
		want(true)
		there(true, false)
		there(false, true)
		want(false)
		here(true)
		there(false, false)
		want(true)
		bad := switchboard.RemoteUnknownNumbers{Enabled: true, Object: "Contact", PhoneField: "Shoe__c"}
		if _, err := db.SetRemoteUnknownNumbers(t.Context(), dana.OrgID, bad); switchboard.ErrorCode(err) != switchboard.CodeInvalid {
			t.Errorf("a field that is not matched: %v", err)
		}
		want(true)
	})
}

func TestTheOwnerOfUnknownNumbersIsWhoTheOrgNames(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana, _ := connected(t, db)
		bob, ann := sfID("005", 8), sfID("005", 9)
		ok := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(db.SetSalesforceUsers(t.Context(), dana.OrgID, []switchboard.RemoteUser{
			{SalesforceID: bob, Email: "Bob@Example.com", Name: "Bob", Active: true}, {SalesforceID: ann, Email: "ann@example.com", Name: "Ann", Active: true}}))
		r := switchboard.RemoteUnknownNumbers{Object: "Contact", PhoneField: "MobilePhone", Fields: map[string]string{"LastName": "Unknown {phone}"}}
		there := func(name, id string, stranger bool) {
			t.Helper()
			r.Owner, r.OwnerID = name, id
			if got, err := db.SetRemoteUnknownNumbers(t.Context(), dana.OrgID, r); err != nil || got != stranger {
				t.Errorf("the org names %q: stranger %v, %v", name, got, err)
			}
		}
		here := func(owner string) {
			t.Helper()
			u := switchboard.DefaultUnknownNumbers()
			u.Enabled, u.OwnerID = true, owner
			_, err := db.SetUnknownNumbers(t.Context(), dana, u)
			ok(err)
		}
		want := func(owner string) {
			t.Helper()
			s, err := db.Settings(t.Context(), dana.OrgID)
			ok(err)
			if s.UnknownNumbers.OwnerID != owner || !s.UnknownNumbers.Enabled {
				t.Errorf("it is %+v, want it owned by %q", s.UnknownNumbers, owner)
			}
		}
		here(dana.ID)
		there("", "", false) // as installed: nobody's word
		want(dana.ID)
		there("nobody@example.com", "", true)
		want(dana.ID)
		there("bob@example.com", bob, true) // a user there, and none here
		want(dana.ID)
		user := storetest.User(t, db, "Bob Roe", switchboard.Agent)
		there("bob@example.com", bob, false)
		want(user.ID)
		here(dana.ID) // changed here since
		there("bob@example.com", bob, false)
		want(dana.ID)
		there("ann@example.com", ann, true)
		there("dana", salesforceUser, false) // the connection's own user
		want(dana.ID)
		there("", "", false)
		want("")
		here(user.ID)
		r.PhoneField = "Phone"
		there("", "", false) // its owner is not what was changed there; off is, but for the owner
		s, err := db.Settings(t.Context(), dana.OrgID)
		ok(err)
		if u := s.UnknownNumbers; u.PhoneField != "Phone" || u.OwnerID != user.ID || u.Enabled {
			t.Errorf("it is %+v", u)
		}
	})
}
