package sforg_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

const data = "/services/data/v62.0"

// packaged is a world with the package installed.
func packaged(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	if err := w.InstallPackage(orgpackage.FS()); err != nil {
		t.Fatal(err)
	}
	return w
}

type problem struct {
	ErrorCode      string
	StatusCode     string
	Message        string
	Fields         []string
	DuplicateResut json.RawMessage
}

func TestARecordThatBreaksARuleIsRefusedWithTheField(t *testing.T) {
	w := packaged(t)
	gone := w.create("Contact", map[string]any{"LastName": "Gone"})
	if err := w.Delete(nil, "Contact", gone); err != nil {
		t.Fatal(err)
	}
	lead := w.create("Lead", map[string]any{"LastName": "L", "Company": "C"})
	w.AddValidation("Contact", "Title", "No kings here", func(f map[string]any) bool { return f["Title"] == "King" })
	for _, tc := range []struct {
		object string
		fields map[string]any
		code   string
		field  string
	}{
		{"Contact", map[string]any{"FirstName": "A"}, "REQUIRED_FIELD_MISSING", "LastName"},
		{"Contact", map[string]any{"LastName": "  "}, "REQUIRED_FIELD_MISSING", "LastName"},
		{"Lead", map[string]any{"LastName": "A"}, "REQUIRED_FIELD_MISSING", "Company"},
		{"Contact", map[string]any{"LastName": strings.Repeat("ä", 81)}, "STRING_TOO_LONG", "LastName"},
		{"Contact", map[string]any{"LastName": "A", "MobilePhone": strings.Repeat("1", 41)}, "STRING_TOO_LONG", "MobilePhone"},
		{"Contact", map[string]any{"LastName": "A", "Email": "no address"}, "INVALID_EMAIL_ADDRESS", "Email"},
		{"Contact", map[string]any{"LastName": "A", "Nope__c": 1}, "INVALID_FIELD", ""},
		{"Contact", map[string]any{"LastName": "A", "CreatedDate": "2020-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "CreatedDate"},
		{"Contact", map[string]any{"LastName": "A", "Name": "B"}, "INVALID_FIELD_FOR_INSERT_UPDATE", "Name"},
		{"Contact", map[string]any{"LastName": "A", "DoNotCall": "maybe"}, "JSON_PARSER_ERROR", "DoNotCall"},
		{"Contact", map[string]any{"LastName": "A", "AccountId": "nonsense"}, "MALFORMED_ID", "AccountId"},
		{"SMS__c", map[string]any{"Contact__c": gone}, "INVALID_CROSS_REFERENCE_KEY", "Contact__c"},
		{"SMS__c", map[string]any{"Contact__c": lead}, "MALFORMED_ID", "Contact__c"},
		{"SMS__c", map[string]any{"Status__c": "Nope"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Status__c"},
		{"SMS__c", map[string]any{"Received_At__c": "yesterday"}, "JSON_PARSER_ERROR", "Received_At__c"},
		{"Contact", map[string]any{"LastName": "A", "Title": "King"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Title"},
		{orgpackage.UnknownNumbersType, map[string]any{"DeveloperName": "x"}, "INVALID_TYPE_FOR_OPERATION", ""},
	} {
		var got []problem
		w.do("POST", data+"/sobjects/"+tc.object, tc.fields).must(t, 400, &got)
		if got[0].ErrorCode != tc.code || tc.field != "" && !slices.Equal(got[0].Fields, []string{tc.field}) {
			t.Errorf("%s %v: %+v, want %s of %s", tc.object, tc.fields, got, tc.code, tc.field)
		}
	}
	if n, err := w.Query("SELECT Id FROM Contact WHERE IsDeleted = false"); err != nil || len(n) != 0 {
		t.Errorf("refused records are there: %v, %v", n, err)
	}
	if len(w.ChangesAfter("SMS__c", 0)) != 0 {
		t.Error("a refused record was published")
	}
}

func TestUpsertTellsWhatItDid(t *testing.T) {
	w := packaged(t)
	var made struct {
		ID               string
		Success, Created bool
	}
	w.do("PATCH", data+"/sobjects/SMS__c/External_Id__c/a%2Fb%20'", map[string]any{"Message__c": "one"}).must(t, 201, &made)
	first := made.ID
	if !made.Created || w.Get("SMS__c", first)["External_Id__c"] != "a/b '" {
		t.Fatalf("made %+v: %v", made, w.Get("SMS__c", first))
	}
	w.do("PATCH", data+"/sobjects/SMS__c/External_Id__c/a%2Fb%20'", map[string]any{"Message__c": "two"}).must(t, 200, &made)
	if made.Created || made.ID != first || w.Get("SMS__c", first)["Message__c"] != "two" {
		t.Errorf("the second time: %+v", made)
	}
	var got []problem
	w.do("PATCH", data+"/sobjects/SMS__c/External_Id__c/x", map[string]any{"External_Id__c": "x"}).must(t, 400, &got)
	w.do("PATCH", data+"/sobjects/SMS__c/Phone__c/x", map[string]any{}).must(t, 404, &got)
	if got[0].ErrorCode != "NOT_FOUND" || got[0].Message != "Provided external ID field does not exist or is not accessible: Phone__c" {
		t.Errorf("no such key: %+v", got)
	}
	// By another record's key, which its relationship names.
	w.do("PATCH", data+"/sobjects/Contact/Switchboard_Key__c/+1512", map[string]any{"LastName": "Key"}).must(t, 201, nil)
	w.do("PATCH", data+"/sobjects/SMS__c/External_Id__c/x", map[string]any{"Contact__r": map[string]any{"Switchboard_Key__c": "+1512"}}).must(t, 201, nil)
	if rows, err := w.Query("SELECT Contact__r.LastName FROM SMS__c WHERE External_Id__c='x'"); err != nil || rows[0]["Contact__r.LastName"] != "Key" {
		t.Errorf("by its key: %v, %v", rows, err)
	}
	w.do("POST", data+"/sobjects/Contact", map[string]any{"LastName": "B", "Switchboard_Key__c": "+1512"}).must(t, 400, &got)
	if got[0].ErrorCode != "DUPLICATE_VALUE" {
		t.Errorf("a second with the key: %+v", got)
	}
}

func TestAKeyThatIsNotUniqueIsAmbiguous(t *testing.T) {
	w := newWorld(t)
	if err := w.DefineObject(sforg.Object{Name: "Whizbang__c", Fields: []sforg.Field{{Name: "Key__c", Type: sforg.TypeString, ExternalID: true}}}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		w.create("Whizbang__c", map[string]any{"Key__c": "x"})
	}
	var urls []string
	w.do("PATCH", data+"/sobjects/Whizbang__c/Key__c/x", map[string]any{}).must(t, 300, &urls)
	if len(urls) != 2 || !strings.HasPrefix(urls[0], data+"/sobjects/Whizbang__c/a0") {
		t.Errorf("answered %v", urls)
	}
}

func TestARowOfACollectionFailsAlone(t *testing.T) {
	w := packaged(t)
	send := func(allOrNone bool) []struct {
		ID      string
		Success bool
		Created *bool
		Errors  []problem
	} {
		var got []struct {
			ID      string
			Success bool
			Created *bool
			Errors  []problem
		}
		sms := func(key string, extra map[string]any) map[string]any {
			m := map[string]any{"attributes": map[string]any{"type": "SMS__c"}, "External_Id__c": key}
			for k, v := range extra {
				m[k] = v
			}
			return m
		}
		w.do("PATCH", data+"/composite/sobjects/SMS__c/External_Id__c", map[string]any{"allOrNone": allOrNone, "records": []any{
			sms("a", nil), sms("b", map[string]any{"Status__c": "Nope"}), sms("c", nil), sms("c", nil), sms("", nil)}}).must(t, 200, &got)
		return got
	}
	got := send(true)
	for i, want := range []string{"ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "ALL_OR_NONE_OPERATION_ROLLED_BACK", "DUPLICATE_EXTERNAL_ID", "MISSING_ARGUMENT"} {
		if got[i].Success || got[i].Errors[0].StatusCode != want || got[i].ID != "" {
			t.Errorf("all or none, row %d: %+v, want %s", i, got[i], want)
		}
	}
	if rows, err := w.Query("SELECT Id FROM SMS__c"); err != nil || len(rows) != 0 || len(w.ChangesAfter("SMS__c", 0)) != 0 {
		t.Errorf("something was written: %v, %v", rows, err)
	}
	got = send(false)
	if !got[0].Success || !*got[0].Created || got[1].Success || !got[2].Success || got[3].Success {
		t.Errorf("each alone: %+v", got)
	}
	if got = send(false); !got[0].Success || *got[0].Created {
		t.Errorf("again: %+v", got)
	}
	many := make([]any, 201)
	for i := range many {
		many[i] = map[string]any{"attributes": map[string]any{"type": "SMS__c"}}
	}
	w.do("POST", data+"/composite/sobjects", map[string]any{"records": many}).must(t, 400, nil)
	mixed := make([]any, 12)
	for i := range mixed {
		mixed[i] = map[string]any{"attributes": map[string]any{"type": []string{"SMS__c", "Contact"}[i%2]}, "LastName": "x"}
	}
	w.do("POST", data+"/composite/sobjects", map[string]any{"records": mixed}).must(t, 400, nil)
}

func TestACompositeRequestIsOneWrite(t *testing.T) {
	w := packaged(t)
	send := func(status string) []struct {
		HTTPStatusCode int
		ReferenceID    string
		Body           json.RawMessage
	} {
		var got struct {
			CompositeResponse []struct {
				HTTPStatusCode int
				ReferenceID    string
				Body           json.RawMessage
			}
		}
		w.do("POST", data+"/composite", map[string]any{"allOrNone": true, "compositeRequest": []any{
			map[string]any{"method": "PATCH", "url": data + "/sobjects/Contact/Switchboard_Key__c/k", "referenceId": "c", "body": map[string]any{"LastName": "Doe"}},
			map[string]any{"method": "PATCH", "url": data + "/sobjects/SMS__c/External_Id__c/m", "referenceId": "s", "body": map[string]any{"Contact__c": "@{c.id}", "Status__c": status}},
			map[string]any{"method": "GET", "url": data + "/query?q=SELECT+Contact__r.LastName+FROM+SMS__c+WHERE+Id='@{s.id}'", "referenceId": "q"},
		}}).must(t, 200, &got)
		return got.CompositeResponse
	}
	got := send("Nope")
	if got[0].HTTPStatusCode != 400 || !strings.Contains(string(got[0].Body), "PROCESSING_HALTED") || !strings.Contains(string(got[1].Body), "RESTRICTED_PICKLIST") || got[2].HTTPStatusCode != 400 {
		t.Errorf("answered %+v", got)
	}
	if rows, err := w.Query("SELECT Id FROM Contact"); err != nil || len(rows) != 0 {
		t.Errorf("a part remained: %v, %v", rows, err)
	}
	got = send("Assigned")
	if got[0].HTTPStatusCode != 201 || got[1].HTTPStatusCode != 201 || got[2].HTTPStatusCode != 200 || !strings.Contains(string(got[2].Body), `"LastName":"Doe"`) {
		t.Errorf("answered %+v", got)
	}
	c, s := w.ChangesAfter("Contact", 0), w.ChangesAfter("SMS__c", 0)
	if len(c) != 1 || len(s) != 1 || c[0].TransactionKey != s[0].TransactionKey || s[0].Sequence != 2 {
		t.Errorf("published %+v and %+v", c, s)
	}
	if w.APIUsage() != 2 {
		t.Errorf("%d calls, want one each", w.APIUsage())
	}
}

func TestADuplicateIsDetectedAsSalesforceSpellsIt(t *testing.T) {
	w := packaged(t)
	twin := w.create("Contact", map[string]any{"LastName": "Doe", "MobilePhone": "(512) 555-0177"})
	w.AddDuplicateRule(sforg.DuplicateRule{Object: "Contact", Match: [][]string{{"MobilePhone"}}})
	fields := map[string]any{"LastName": "Dough", "MobilePhone": "+15125550177"}
	var got []struct {
		problem
		DuplicateResut struct {
			AllowSave    bool
			MatchResults []struct {
				MatchRecords []struct{ Record map[string]any }
			}
		}
	}
	w.do("POST", data+"/sobjects/Contact", fields).must(t, 400, &got)
	if got[0].ErrorCode != "DUPLICATES_DETECTED" || !got[0].DuplicateResut.AllowSave || got[0].DuplicateResut.MatchResults[0].MatchRecords[0].Record["Id"] != twin {
		t.Errorf("answered %+v", got)
	}
	if got[0].DuplicateResut.MatchResults[0].MatchRecords[0].Record["MobilePhone"] != nil {
		t.Error("details that were not asked for")
	}
	w.do("POST", data+"/sobjects/Contact", fields, "Sforce-Duplicate-Rule-Header", "includeRecordDetails=true").must(t, 400, &got)
	if got[0].DuplicateResut.MatchResults[0].MatchRecords[0].Record["MobilePhone"] != "(512) 555-0177" {
		t.Errorf("no details: %+v", got)
	}
	var rows []struct{ Errors []map[string]any }
	w.do("POST", data+"/composite/sobjects", map[string]any{"records": []any{map[string]any{"attributes": map[string]any{"type": "Contact"}, "LastName": "D", "MobilePhone": "+15125550177"}}}).must(t, 200, &rows)
	if rows[0].Errors[0]["statusCode"] != "DUPLICATES_DETECTED" || rows[0].Errors[0]["duplicateResut"] != nil {
		t.Errorf("a row tells %v", rows)
	}
	w.do("POST", data+"/sobjects/Contact", fields, "Sforce-Duplicate-Rule-Header", "allowSave=true; includeRecordDetails=true").must(t, 201, nil)
	w.ClearRules()
	w.AddDuplicateRule(sforg.DuplicateRule{Object: "Contact", Match: [][]string{{"MobilePhone"}}, Block: true})
	w.do("POST", data+"/sobjects/Contact", fields, "Sforce-Duplicate-Rule-Header", "allowSave=true").must(t, 400, nil)
}

func TestDeletedRecordsAreSeenByThoseWhoAsk(t *testing.T) {
	w := packaged(t)
	contact := w.create("Contact", map[string]any{"LastName": "Doe"})
	sms := w.create("SMS__c", map[string]any{"Contact__c": contact})
	w.do("DELETE", data+"/sobjects/Contact/"+contact, nil).must(t, 204, nil)
	var got []problem
	w.do("GET", data+"/sobjects/Contact/"+contact, nil).must(t, 404, &got)
	w.do("PATCH", data+"/sobjects/Contact/"+contact, map[string]any{"Title": "x"}).must(t, 404, &got)
	if got[0].ErrorCode != "ENTITY_IS_DELETED" {
		t.Errorf("updating it: %+v", got)
	}
	if v := w.Get("SMS__c", sms)["Contact__c"]; v != nil {
		t.Errorf("the lookup is %v", v)
	}
	for path, want := range map[string]string{"query": `"totalSize":0`, "queryAll": `"totalSize":1`} {
		if got := w.do("GET", data+"/"+path+"?q=SELECT+Id,IsDeleted+FROM+Contact", nil); !strings.Contains(string(got.body), want) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	if err := w.Undelete(nil, "Contact", contact); err != nil {
		t.Fatal(err)
	}
	w.do("GET", data+"/sobjects/Contact/"+contact[:15], nil).must(t, 200, nil)
	var kinds []string
	for _, c := range w.ChangesAfter("Contact", 0) {
		kinds = append(kinds, string(c.Type))
	}
	if fmt.Sprint(kinds) != "[CREATE DELETE UNDELETE]" {
		t.Errorf("published %v", kinds)
	}
}

func TestAMergeLeavesALinkToTheWinner(t *testing.T) {
	w := packaged(t)
	a, b, c := w.create("Contact", map[string]any{"LastName": "A"}), w.create("Contact", map[string]any{"LastName": "B"}), w.create("Contact", map[string]any{"LastName": "C"})
	sms := w.create("SMS__c", map[string]any{"Contact__c": b})
	before := w.LastPosition()
	if err := w.Merge(nil, "Contact", a, b); err != nil {
		t.Fatal(err)
	}
	if err := w.Merge(nil, "Contact", c, a); err != nil {
		t.Fatal(err)
	}
	if got := w.Get("SMS__c", sms)["Contact__c"]; got != c {
		t.Errorf("the message belongs to %v, want %s", got, c)
	}
	if b := w.Get("Contact", b); b["MasterRecordId"] != a || b["IsDeleted"] != true {
		t.Errorf("the loser is %v", b)
	}
	var kinds []string
	for _, ch := range w.ChangesAfter("Contact", before) {
		kinds = append(kinds, string(ch.Type))
		if slices.Contains(ch.Changed, "MasterRecordId") {
			t.Error("the feed tells of the link, which it does not in Salesforce")
		}
	}
	slices.Sort(kinds)
	if fmt.Sprint(kinds) != "[DELETE DELETE UPDATE UPDATE]" {
		t.Errorf("published %v", kinds)
	}
	if err := w.Merge(nil, "SMS__c", sms, sms); err == nil {
		t.Error("custom objects merge")
	}
}

func TestAConvertedLeadIsReadOnly(t *testing.T) {
	w := newWorld(t)
	lead := w.create("Lead", map[string]any{"LastName": "Doe", "Company": "Acme", "MobilePhone": "+1512"})
	got, err := w.Convert(nil, lead, sforg.ConvertOptions{Opportunity: true})
	if err != nil {
		t.Fatal(err)
	}
	if c := w.Get("Contact", got.ContactID); c["MobilePhone"] != "+1512" || c["AccountId"] != got.AccountID {
		t.Errorf("the contact is %v", c)
	}
	if l := w.Get("Lead", lead); l["IsConverted"] != true || l["ConvertedContactId"] != got.ContactID || l["ConvertedOpportunityId"] != got.OpportunityID {
		t.Errorf("the lead is %v", l)
	}
	var p []problem
	w.do("PATCH", data+"/sobjects/Lead/"+lead, map[string]any{"Title": "x"}).must(t, 400, &p)
	if p[0].ErrorCode != "CANNOT_UPDATE_CONVERTED_LEAD" {
		t.Errorf("updating it: %+v", p)
	}
	w.do("PATCH", data+"/sobjects/Contact/"+got.ContactID, map[string]any{"Title": "x"}).must(t, 204, nil)
}

func TestAnUpdateIsPublishedWithItsNulls(t *testing.T) {
	w := newWorld(t)
	id := w.create("Contact", map[string]any{"LastName": "Doe", "Phone": "1", "Title": "x"})
	at := w.LastPosition()
	u, err := w.AddUser("sam@example.com", "Sam Smith")
	if err != nil {
		t.Fatal(err)
	}
	changed := w.Changed()
	if err := w.Update(u, "Contact", id, map[string]any{"Phone": nil, "Title": "y", "LastName": "Doe"}); err != nil {
		t.Fatal(err)
	}
	<-changed
	got := w.ChangesAfter("Contact", at)
	if len(got) != 1 {
		t.Fatalf("published %+v", got)
	}
	c := got[0]
	if v, ok := c.Fields["Phone"]; v != nil || !ok || c.Fields["Title"] != "y" || c.User != u.ID || c.Origin != "com/salesforce/api/rest/62.0" {
		t.Errorf("published %+v", c)
	}
	slices.Sort(c.Changed)
	if fmt.Sprint(c.Changed) != "[LastModifiedById LastModifiedDate Phone Title]" {
		t.Errorf("changed %v", c.Changed)
	}
}

func TestPersonAccountsAreTwoRecords(t *testing.T) {
	w := newWorld(t, func(c *sforg.Config) { c.PersonAccounts = true })
	id := w.create("Account", map[string]any{"LastName": "Doe", "FirstName": "Jo", "PersonMobilePhone": "+1512"})
	a := w.Get("Account", id)
	contact, _ := a["PersonContactId"].(string)
	if a["IsPersonAccount"] != true || a["Name"] != "Jo Doe" || w.Get("Contact", contact)["MobilePhone"] != "+1512" {
		t.Errorf("the account is %v, its contact %v", a, w.Get("Contact", contact))
	}
	if err := w.Update(nil, "Account", id, map[string]any{"PersonMobilePhone": "+1513"}); err != nil {
		t.Fatal(err)
	}
	if got := w.Get("Contact", contact)["MobilePhone"]; got != "+1513" {
		t.Errorf("the contact has %v", got)
	}
	if got := w.Get("Account", w.create("Account", map[string]any{"Name": "Acme"})); got["IsPersonAccount"] != false {
		t.Errorf("a company is %v", got)
	}
}
