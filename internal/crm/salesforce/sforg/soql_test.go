package sforg_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// people fills an org with contacts whose names are asked for below.
func people(t testing.TB) *world {
	w := newWorld(t)
	acme := w.create("Account", map[string]any{"Name": "Acme", "Phone": "1", "AnnualRevenue": 5})
	for i, p := range []map[string]any{
		{"LastName": "Ash", "Email": "ash@example.com", "AccountId": acme},
		{"LastName": "birch", "MobilePhone": "+1 512", "DoNotCall": true, "Birthdate": "1990-05-01"},
		{"LastName": "Cedar_50%", "Email": "CEDAR@example.com", "Birthdate": "2001-01-31", "AccountId": acme},
		{"LastName": "D'Oak\\", "Title": "a\nb"},
	} {
		w.clock.Add(time.Duration(i) * time.Minute)
		w.create("Contact", p)
	}
	if err := w.Delete(nil, "Contact", w.create("Contact", map[string]any{"LastName": "Gone"})); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestConditionsFindWhatTheyMean(t *testing.T) {
	w := people(t)
	for _, tc := range []struct{ where, want string }{
		{"LastName = 'ASH'", "Ash"},
		{"LastName != 'ash'", "birch,Cedar_50%,D'Oak\\"},
		{"LastName LIKE 'b%' OR LastName LIKE '%sh'", "Ash,birch"},
		{`LastName LIKE 'cedar\_50\%'`, "Cedar_50%"},
		{`LastName LIKE 'c_d_r%'`, "Cedar_50%"},
		{`LastName = 'Cedar_50%'`, "Cedar_50%"},
		{`LastName = 'D\'Oak\\'`, "D'Oak\\"},
		{`LastName LIKE 'd\'o%\\'`, "D'Oak\\"},
		{`Title = 'a\nb'`, "D'Oak\\"},
		{"Email = null", "birch,D'Oak\\"},
		{"Email != null AND Birthdate = null", "Ash"},
		{"NOT Email = null", "Ash,Cedar_50%"},
		{"NOT (LastName = 'ash' OR DoNotCall = true)", "Cedar_50%,D'Oak\\"},
		{"LastName IN ('ash', 'BIRCH')", "Ash,birch"},
		{"LastName NOT IN ('ash', 'BIRCH')", "Cedar_50%,D'Oak\\"},
		{"Birthdate < 2000-01-01", "birch"},
		{"Birthdate >= 1990-05-01", "birch,Cedar_50%"},
		{"CreatedDate > 2026-03-02T09:30:00Z", "birch,Cedar_50%,D'Oak\\"},
		{"CreatedDate > 2026-03-02T10:30:00%2B01:00", "birch,Cedar_50%,D'Oak\\"},
		{"SystemModstamp > 2026-03-02T09:31:00Z OR (SystemModstamp = 2026-03-02T09:31:00Z AND LastName > 'a')", "birch,Cedar_50%,D'Oak\\"},
		{"SystemModstamp >= 2026-03-02T09:33:00Z AND SystemModstamp < 2026-03-02T09:36:00Z", "Cedar_50%"},
		{"CreatedDate = TODAY", "Ash,birch,Cedar_50%,D'Oak\\"},
		{"CreatedDate >= TODAY AND CreatedDate <= TODAY", "Ash,birch,Cedar_50%,D'Oak\\"},
		{"CreatedDate > TODAY OR CreatedDate < TODAY OR CreatedDate = YESTERDAY OR CreatedDate = LAST_MONTH", ""},
		{"CreatedDate = LAST_N_DAYS:3 AND CreatedDate = THIS_YEAR AND CreatedDate = THIS_WEEK", "Ash,birch,Cedar_50%,D'Oak\\"},
		{"Birthdate != TODAY", "Ash,birch,Cedar_50%,D'Oak\\"},
		{"Account.Name = 'acme'", "Ash,Cedar_50%"},
		{"AccountId IN (SELECT Id FROM Account WHERE AnnualRevenue > 4.5)", "Ash,Cedar_50%"},
		{"DoNotCall = false AND (Account.Name = null)", "D'Oak\\"},
		{"((LastName = 'ash'))", "Ash"},
	} {
		var got struct{ Records []struct{ LastName string } }
		text := "SELECT LastName FROM Contact WHERE " + strings.ReplaceAll(tc.where, "%2B", "+") + " ORDER BY CreatedDate"
		w.do("GET", "/services/data/v62.0/query?q="+url.QueryEscape(text), nil).must(t, 200, &got)
		var names []string
		for _, r := range got.Records {
			names = append(names, r.LastName)
		}
		if strings.Join(names, ",") != tc.want {
			t.Errorf("%s: %q, want %q", tc.where, strings.Join(names, ","), tc.want)
		}
	}
}

func TestAnswersComeInTheOrderAskedFor(t *testing.T) {
	w := people(t)
	for _, tc := range []struct{ tail, want string }{
		{"ORDER BY LastName DESC LIMIT 2", "D'Oak\\,Cedar_50%"},
		{"ORDER BY Email, LastName", "birch,D'Oak\\,Ash,Cedar_50%"},
		{"ORDER BY Email DESC NULLS LAST, LastName DESC", "Cedar_50%,Ash,D'Oak\\,birch"},
		{"ORDER BY LastName LIMIT 2 OFFSET 1", "birch,Cedar_50%"},
		{"ORDER BY Account.Name NULLS LAST, LastName LIMIT 1", "Ash"},
		{"ORDER BY Id DESC LIMIT 1", "D'Oak\\"},
		{"LIMIT 0", ""},
	} {
		var got struct{ Records []struct{ LastName string } }
		w.do("GET", "/services/data/v62.0/query?q="+url.QueryEscape("SELECT LastName FROM Contact "+tc.tail), nil).must(t, 200, &got)
		var names []string
		for _, r := range got.Records {
			names = append(names, r.LastName)
		}
		if strings.Join(names, ",") != tc.want {
			t.Errorf("%s: %q, want %q", tc.tail, strings.Join(names, ","), tc.want)
		}
	}
}

func TestAQueryThatCannotBeMeantIsRefused(t *testing.T) {
	w := people(t)
	long := sforg.Object{Name: "Note__c", Fields: []sforg.Field{{Name: "Long__c", Type: sforg.TypeTextArea, Length: 32768}}}
	if err := w.DefineObject(long); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ query, code string }{
		{"", "MALFORMED_QUERY"},
		{"SELECT", "MALFORMED_QUERY"},
		{"SELECT Id", "MALFORMED_QUERY"},
		{"SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"},
		{"SELECT Id FROM Contact WHERE LastName = 'a", "MALFORMED_QUERY"},
		{"SELECT Id FROM Contact WHERE LastName = 'a' OR LastName = 'b' AND LastName = 'c'", "MALFORMED_QUERY"},
		{`SELECT Id FROM Contact WHERE LastName = 'a\x'`, "MALFORMED_QUERY"},
		{"SELECT Id FROM Contact; DELETE", "MALFORMED_QUERY"},
		{"SELECT Id FROM Contact LIMIT -1", "MALFORMED_QUERY"},
		{"SELECT Id FROM Contact OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"},
		{"SELECT * FROM Contact", "MALFORMED_QUERY"},
		{"SELECT Nope FROM Contact", "INVALID_FIELD"},
		{"SELECT Id FROM Contact WHERE Nope = 1", "INVALID_FIELD"},
		{"SELECT Nope.Name FROM Contact", "INVALID_FIELD"},
		{"SELECT Id FROM Contact ORDER BY Nope", "INVALID_FIELD"},
		{"SELECT Id FROM Contact WHERE CreatedDate > '2026-01-01T00:00:00Z'", "INVALID_FIELD"},
		{"SELECT Id FROM Contact WHERE LastName = 5", "INVALID_FIELD"},
		{"SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"},
		{"SELECT Id FROM Contact WHERE Birthdate > 2026-01-01T00:00:00Z", "INVALID_FIELD"},
		{"SELECT Id FROM Contact WHERE DoNotCall = 'true'", "INVALID_FIELD"},
		{"SELECT Id FROM Contact WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"},
		{"SELECT Id FROM Note__c WHERE Long__c = 'x'", "INVALID_FIELD"},
		{"SELECT Id FROM Note__c WHERE MasterRecordId = null", "INVALID_FIELD"},
		{"SELECT Id FROM Nope", "INVALID_TYPE"},
		{"SELECT Id FROM Contact WHERE " + strings.Repeat("(", 100) + "Id = null" + strings.Repeat(")", 100), "MALFORMED_QUERY"},
	} {
		var got []struct{ ErrorCode, Message string }
		w.do("GET", "/services/data/v62.0/query?q="+url.QueryEscape(tc.query), nil).must(t, 400, &got)
		if len(got) != 1 || got[0].ErrorCode != tc.code || got[0].Message == "" {
			t.Errorf("%s: %+v, want %s", tc.query, got, tc.code)
		}
	}
}

func TestAFieldThatAUserMayNotSeeDoesNotExistForThem(t *testing.T) {
	w := people(t)
	u, err := w.AddUser("sam@example.com", "Sam Smith")
	if err != nil {
		t.Fatal(err)
	}
	u.Deny("Contact.Email")
	u.Deny("Lead")
	w.token = u.Token()
	w.do("GET", "/services/data/v62.0/query?q=SELECT+Email+FROM+Contact", nil).must(t, 400, nil)
	w.do("GET", "/services/data/v62.0/query?q=SELECT+Id+FROM+Lead", nil).must(t, 400, nil)
	w.do("GET", "/services/data/v62.0/sobjects/Lead/describe", nil).must(t, 404, nil)
	w.do("POST", "/services/data/v62.0/sobjects/Contact", map[string]any{"LastName": "A", "Email": "a@example.com"}).must(t, 400, nil)
	var d struct{ Fields []struct{ Name string } }
	w.do("GET", "/services/data/v62.0/sobjects/Contact/describe", nil).must(t, 200, &d)
	for _, f := range d.Fields {
		if f.Name == "Email" {
			t.Error("describe tells of the field")
		}
	}
	u.Allow("Contact.Email")
	w.do("GET", "/services/data/v62.0/query?q=SELECT+Email+FROM+Contact", nil).must(t, 200, nil)
}

func TestAggregates(t *testing.T) {
	w := people(t)
	got := w.do("GET", "/services/data/v62.0/query?q="+url.QueryEscape("SELECT COUNT() FROM Contact"), nil)
	if string(got.body) != `{"totalSize":4,"done":true,"records":[]}` {
		t.Errorf("COUNT(): %s", got.body)
	}
	got = w.do("GET", "/services/data/v62.0/query?q="+url.QueryEscape("SELECT COUNT(Id), MAX(SystemModstamp) newest FROM Contact"), nil)
	if want := `{"totalSize":1,"done":true,"records":[{"attributes":{"type":"AggregateResult"},"expr0":4,"newest":"2026-03-02T09:36:00.000+0000"}]}`; string(got.body) != want {
		t.Errorf("MAX: %s\nwant %s", got.body, want)
	}
	got = w.do("GET", "/services/data/v62.0/query?q="+url.QueryEscape("SELECT AccountId, COUNT(Id) n FROM Contact GROUP BY AccountId"), nil)
	if !strings.Contains(string(got.body), `"totalSize":2`) || strings.Count(string(got.body), `"n":2`) != 2 {
		t.Errorf("GROUP BY: %s", got.body)
	}
}

// TestAQuotedTextIsFoundWhateverItHolds is the property that escaping by the
// book is enough, and that nothing in a text acts on the query.
func TestAQuotedTextIsFoundWhateverItHolds(t *testing.T) {
	w := newWorld(t)
	escape := strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		last := rapid.StringOfN(rapid.RuneFrom([]rune(`ab'"\%_;)(-`+"\n\tä👍")), 1, 20, -1).Draw(rt, "name")
		if strings.TrimSpace(last) == "" {
			return
		}
		id, err := w.Create(nil, "Contact", map[string]any{"LastName": last, "FirstName": fmt.Sprint(n)})
		if err != nil {
			rt.Fatal(err)
		}
		rows, err := w.Query("SELECT Id FROM Contact WHERE FirstName = '" + fmt.Sprint(n) + "' AND LastName = '" + escape.Replace(strings.TrimSpace(last)) + "'")
		if err != nil || len(rows) != 1 || rows[0]["Id"] != id {
			rt.Fatalf("%q: %v, %v", last, rows, err)
		}
	})
}

func FuzzQuery(f *testing.F) {
	for _, q := range []string{"SELECT Id FROM Contact", "SELECT Id, Owner.Name FROM Contact WHERE (LastName LIKE 'a%' AND CreatedDate > 2026-01-01T00:00:00Z) OR Id IN ('003000000000000AAA') ORDER BY Name DESC NULLS LAST LIMIT 5 OFFSET 1",
		"SELECT COUNT(Id), MAX(CreatedDate) FROM Contact GROUP BY LastName", "SELECT FIELDS(ALL) FROM Contact LIMIT 1", `SELECT Id FROM Contact WHERE LastName = '\u00e4\'\\'`} {
		f.Add(q)
	}
	w := people(f)
	f.Fuzz(func(t *testing.T, q string) {
		_, err := w.Query(q)
		if e := (*sforg.Error)(nil); err != nil && errors.As(err, &e) && (e.Code == "" || e.Message == "") {
			t.Errorf("an error without a word: %#v", e)
		}
	})
}

func TestAQueryBringsTheChildrenOfItsRows(t *testing.T) {
	w := people(t)
	empty := w.create("Account", map[string]any{"Name": "Zero"})
	var got struct {
		Records []struct {
			Name     string
			Contacts *struct {
				TotalSize int
				Records   []struct {
					LastName string
					Owner    struct{ Username string }
				}
			}
		}
	}
	w.do("GET", data+"/query?q="+url.QueryEscape("SELECT Name, (SELECT LastName, Owner.Username FROM Contacts ORDER BY LastName DESC LIMIT 1) FROM Account ORDER BY Name"), nil).must(t, 200, &got)
	if len(got.Records) != 2 || got.Records[0].Contacts == nil || got.Records[0].Contacts.TotalSize != 1 || got.Records[0].Contacts.Records[0].LastName != "Cedar_50%" ||
		got.Records[0].Contacts.Records[0].Owner.Username != "admin@example.com" || got.Records[1].Contacts != nil {
		t.Errorf("got %+v (%s has none)", got, empty)
	}
	for _, q := range []string{"SELECT Name, (SELECT Id FROM Nopes) FROM Account", "SELECT Name, (SELECT COUNT() FROM Contacts) FROM Account", "SELECT (SELECT Id FROM Contacts"} {
		w.do("GET", data+"/query?q="+url.QueryEscape(q), nil).must(t, 400, nil)
	}
}
