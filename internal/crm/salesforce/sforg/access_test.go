package sforg_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

func TestWhoMayNotViewAllSeesTheirOwn(t *testing.T) {
	w := newWorld(t)
	u, err := w.AddUser("sam@example.com", "Sam Smith")
	if err != nil {
		t.Fatal(err)
	}
	others := w.create("Contact", map[string]any{"LastName": "Theirs"})
	if _, err := w.Create(u, "Contact", map[string]any{"LastName": "Mine"}); err != nil {
		t.Fatal(err)
	}
	w.token = u.Token()
	count := func() string {
		return string(w.do("GET", data+"/query?q=SELECT+COUNT()+FROM+Contact", nil).body)
	}
	if got := count(); !strings.Contains(got, `"totalSize":2`) {
		t.Errorf("who may: %s", got)
	}
	if err := w.DefineObject(sforg.Object{Name: "Contact", Private: true}); err != nil {
		t.Fatal(err)
	}
	if got := count(); !strings.Contains(got, `"totalSize":1`) {
		t.Errorf("who may not: %s", got)
	}
	w.do("GET", data+"/sobjects/Contact/"+others, nil).must(t, 404, nil)
}

// A permission set is all that gives a user of minimum access anything.
func TestAPermissionSetGivesWhatItSaysAndNoMore(t *testing.T) {
	w := packaged(t)
	admin := w.token
	u, err := w.AddUserWith(sforg.MinimumAccess, "api@example.com", "Api User")
	if err != nil {
		t.Fatal(err)
	}
	sms := w.create("SMS__c", map[string]any{"Phone__c": "1", "Message__c": "hi"})
	contact := w.create("Contact", map[string]any{"LastName": "A", "Phone": "1"})
	query := func(q string) string { return data + "/query?q=" + url.QueryEscape(q) }
	refused := func(a answer, code string) {
		t.Helper()
		var got []problem
		if err := json.Unmarshal(a.body, &got); err != nil || len(got) != 1 || got[0].ErrorCode != code {
			t.Errorf("answered %d %s, want %s", a.status, a.body, code)
		}
	}
	w.token = u.Token()
	for _, object := range []string{"SMS__c", "Contact", "PermissionSet", "Switchboard_Package__mdt"} {
		refused(w.do("GET", query("SELECT Id FROM "+object), nil), "INVALID_TYPE")
		w.do("GET", data+"/sobjects/"+object+"/describe", nil).must(t, 404, nil)
	}
	w.do("GET", query("SELECT Username FROM User"), nil).must(t, 200, nil)
	refused(w.do("POST", data+"/sobjects/Account", map[string]any{"Name": "Acme"}), "NOT_FOUND")

	// It is assigned as any record is made, by an admin and once.
	sets, err := w.Query("SELECT Id FROM PermissionSet WHERE Name = 'Switchboard_User'")
	if err != nil || len(sets) != 1 {
		t.Fatal(sets, err)
	}
	assignment := map[string]any{"PermissionSetId": sets[0]["Id"], "AssigneeId": u.ID}
	refused(w.do("POST", data+"/sobjects/PermissionSetAssignment", assignment), "NOT_FOUND")
	w.token = admin
	var made struct{ ID string }
	w.do("POST", data+"/sobjects/PermissionSetAssignment", assignment).must(t, 201, &made)
	refused(w.do("POST", data+"/sobjects/PermissionSetAssignment", assignment), "DUPLICATE_VALUE")

	w.token = u.Token()
	w.do("GET", query("SELECT Phone__c, Name, OwnerId, SystemModstamp FROM SMS__c"), nil).must(t, 200, nil)
	refused(w.do("GET", query("SELECT Contact__r.Name FROM SMS__c"), nil), "INVALID_FIELD")
	refused(w.do("PATCH", data+"/sobjects/SMS__c/"+sms, map[string]any{"Message__c": "bye"}), "INVALID_FIELD_FOR_INSERT_UPDATE")
	refused(w.do("POST", data+"/sobjects/SMS__c", map[string]any{}), "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")
	refused(w.do("DELETE", data+"/sobjects/SMS__c/"+sms, nil), "INSUFFICIENT_ACCESS_OR_READONLY")
	w.do("PATCH", data+"/sobjects/SMS__c/"+sms, map[string]any{"Contact__c": contact}).must(t, 204, nil)
	var d struct {
		Createable, Updateable, Deletable bool
		Fields                            []struct {
			Name                   string
			Createable, Updateable bool
		}
	}
	w.do("GET", data+"/sobjects/SMS__c/describe", nil).must(t, 200, &d)
	if d.Createable || !d.Updateable || d.Deletable {
		t.Errorf("the object is described as %+v", d)
	}
	for _, f := range d.Fields {
		if want := f.Name == "Contact__c" || f.Name == "Lead__c" || f.Name == "Account__c" || f.Name == "OwnerId" || f.Name == "Name"; f.Createable || f.Updateable != want {
			t.Errorf("the field is described as %+v", f)
		}
	}

	// What another deploy of the set leaves out is gone, and what another set gives
	// comes on top.
	deploy := func(name, grants string) {
		t.Helper()
		set := `<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata"><label>x</label>` + grants + `</PermissionSet>`
		if err := w.InstallPackage(fstest.MapFS{"permissionsets/" + name + ".permissionset": {Data: []byte(set)}}); err != nil {
			t.Fatal(err)
		}
	}
	reads := func(object, field string) string {
		return `<objectPermissions><allowRead>true</allowRead><object>` + object + `</object></objectPermissions><fieldPermissions><field>` + object + `.` + field + `</field><readable>true</readable></fieldPermissions>`
	}
	deploy("Switchboard_User", reads("SMS__c", "Phone__c"))
	deploy("Other", reads("Contact", "MailingAddress"))
	if err := u.Assign("Other"); err != nil {
		t.Fatal(err)
	}
	w.do("GET", query("SELECT Phone__c FROM SMS__c"), nil).must(t, 200, nil)
	refused(w.do("GET", query("SELECT Message__c FROM SMS__c"), nil), "INVALID_FIELD")
	w.do("GET", query("SELECT LastName, MailingCity FROM Contact"), nil).must(t, 200, nil)
	refused(w.do("GET", query("SELECT Phone FROM Contact"), nil), "INVALID_FIELD")
	refused(w.do("PATCH", data+"/sobjects/Contact/"+contact, map[string]any{"LastName": "B"}), "INSUFFICIENT_ACCESS_OR_READONLY")

	w.token = admin
	w.do("DELETE", data+"/sobjects/PermissionSetAssignment/"+made.ID, nil).must(t, 204, nil)
	w.token = u.Token()
	refused(w.do("GET", query("SELECT Id FROM SMS__c"), nil), "INVALID_TYPE")
}

// Who sees every record of a private object may not change every one.
func TestWhoMayNotModifyAllChangesTheirOwn(t *testing.T) {
	w := packaged(t)
	u, err := w.AddUserWith(sforg.MinimumAccess, "api@example.com", "Api User")
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Assign("Switchboard_Integration"); err != nil {
		t.Fatal(err)
	}
	if err := w.DefineObject(sforg.Object{Name: "Contact", Private: true}); err != nil {
		t.Fatal(err)
	}
	theirs := w.create("Contact", map[string]any{"LastName": "Theirs"})
	w.token = u.Token()
	mine, err := w.Create(u, "Contact", map[string]any{"LastName": "Mine"})
	if err != nil {
		t.Fatal(err)
	}
	w.do("GET", data+"/sobjects/Contact/"+theirs, nil).must(t, 200, nil)
	for _, change := range []map[string]any{{"Email": "x@example.com"}, {"OwnerId": w.Admin().ID}} {
		w.do("PATCH", data+"/sobjects/Contact/"+theirs, change).must(t, 400, nil)
		w.do("PATCH", data+"/sobjects/Contact/"+mine, change).must(t, 204, nil)
	}
	w.do("DELETE", data+"/sobjects/Contact/"+theirs, nil).must(t, 400, nil)
}

func TestWhoIsShutOutIsToldHow(t *testing.T) {
	w := newWorld(t)
	u, err := w.AddUser("sam@example.com", "Sam Smith")
	if err != nil {
		t.Fatal(err)
	}
	w.token = u.Token()
	u.Deny(sforg.APIEnabled)
	var got []problem
	w.do("GET", data+"/limits", nil).must(t, 403, &got)
	if got[0].ErrorCode != "API_DISABLED_FOR_ORG" {
		t.Errorf("without the API: %+v", got)
	}
	u.Allow(sforg.APIEnabled)
	w.SetScope("id openid")
	w.RunAs(u)
	poor := w.issue(url.Values{"grant_type": {"client_credentials"}, "client_id": {w.ClientID()}, "client_secret": {w.ClientSecret()}})
	w.do("GET", data+"/limits", nil, "Authorization", "Bearer "+poor["access_token"]).must(t, 403, &got)
	if poor["scope"] != "id openid" || got[0].Message != "This session is not valid for use with the REST API" {
		t.Errorf("without the scope: %v, %+v", poor, got)
	}
	w.do("GET", data+"/limits", nil).must(t, 200, nil)
	if err := w.Update(nil, "User", u.ID, map[string]any{"IsActive": false}); err != nil {
		t.Fatal(err)
	}
	w.do("GET", data+"/limits", nil).must(t, 401, nil)
}

func TestAFormulaChangesWithoutATrace(t *testing.T) {
	w := newWorld(t)
	if err := w.DefineObject(sforg.Object{Name: "Contact", Fields: []sforg.Field{{Name: "Best__c", Type: sforg.TypeString, Formula: func(f map[string]any) any {
		if f["MobilePhone"] != nil {
			return f["MobilePhone"]
		}
		return f["Phone"]
	}}}}); err != nil {
		t.Fatal(err)
	}
	id := w.create("Contact", map[string]any{"LastName": "A", "Phone": "1"})
	w.do("PATCH", data+"/sobjects/Contact/"+id, map[string]any{"Best__c": "x"}).must(t, 400, nil)
	rows, err := w.Query("SELECT Id FROM Contact WHERE Best__c = '1'")
	if err != nil || len(rows) != 1 {
		t.Errorf("by the formula: %v, %v", rows, err)
	}
	if _, ok := w.ChangesAfter("Contact", 0)[0].Fields["Best__c"]; ok {
		t.Error("the feed has the formula")
	}
	var d struct {
		Fields []struct {
			Name                   string
			Calculated, Createable bool
		}
	}
	a := w.do("GET", data+"/sobjects/Contact/describe", nil)
	a.must(t, 200, &d)
	for _, f := range d.Fields {
		if f.Name == "Best__c" && (!f.Calculated || f.Createable) {
			t.Errorf("described as %+v", f)
		}
	}
	since := a.header.Get("Last-Modified")
	w.do("GET", data+"/sobjects/Contact/describe", nil, "If-Modified-Since", since).must(t, http.StatusNotModified, nil)
	w.clock.Add(time.Minute)
	if err := w.DefineObject(sforg.Object{Name: "Contact", Fields: []sforg.Field{{Name: "New__c", Type: sforg.TypePhone}}}); err != nil {
		t.Fatal(err)
	}
	w.do("GET", data+"/sobjects/Contact/describe", nil, "If-Modified-Since", since).must(t, 200, nil)
}

func TestEachGraphStandsAlone(t *testing.T) {
	w := packaged(t)
	step := func(method, url, id string, body map[string]any) map[string]any {
		return map[string]any{"method": method, "url": data + url, "referenceId": id, "body": body}
	}
	var got struct {
		Graphs []struct {
			GraphID       string
			IsSuccessful  bool
			GraphResponse struct {
				CompositeResponse []struct {
					HTTPStatusCode int
					Body           json.RawMessage
				}
			}
		}
	}
	w.do("POST", data+"/composite/graph", map[string]any{"graphs": []any{
		map[string]any{"graphId": "bad", "compositeRequest": []any{step("POST", "/sobjects/Contact", "c", map[string]any{"LastName": "A"}), step("POST", "/sobjects/Contact", "d", map[string]any{})}},
		map[string]any{"graphId": "good", "compositeRequest": []any{step("POST", "/sobjects/Contact", "c", map[string]any{"LastName": "B"}), step("POST", "/sobjects/SMS__c", "s", map[string]any{"Contact__c": "@{c.id}"})}},
	}}).must(t, 200, &got)
	if got.Graphs[0].IsSuccessful || !got.Graphs[1].IsSuccessful || got.Graphs[1].GraphResponse.CompositeResponse[1].HTTPStatusCode != 201 {
		t.Errorf("answered %+v", got)
	}
	if rows, err := w.Query("SELECT LastName FROM Contact"); err != nil || len(rows) != 1 || rows[0]["LastName"] != "B" {
		t.Errorf("contacts %v, %v", rows, err)
	}
	w.do("POST", data+"/composite/graph", map[string]any{"graphs": []any{map[string]any{"graphId": "q", "compositeRequest": []any{step("GET", "/query?q=x", "q", nil)}}}}).must(t, 400, nil)
}

func TestAnUndeleteSetsWhatTheDeleteCleared(t *testing.T) {
	w := packaged(t)
	contact := w.create("Contact", map[string]any{"LastName": "A"})
	a, b := w.create("SMS__c", map[string]any{"Contact__c": contact}), w.create("SMS__c", map[string]any{"Contact__c": contact})
	other := w.create("Contact", map[string]any{"LastName": "B"})
	if err := w.Delete(nil, "Contact", contact); err != nil {
		t.Fatal(err)
	}
	if err := w.Update(nil, "SMS__c", b, map[string]any{"Contact__c": other}); err != nil {
		t.Fatal(err)
	}
	if err := w.Undelete(nil, "Contact", contact); err != nil {
		t.Fatal(err)
	}
	if got := w.Get("SMS__c", a)["Contact__c"]; got != contact {
		t.Errorf("the lookup is %v", got)
	}
	if got := w.Get("SMS__c", b)["Contact__c"]; got != other {
		t.Errorf("what somebody set in between is %v", got)
	}
}

func TestAnOldOrgSpeaksOldVersions(t *testing.T) {
	w := packaged(t)
	w.SetVersions(31, 51)
	w.do("GET", data+"/limits", nil).must(t, 404, nil)
	var list []struct{ Label, Version string }
	w.do("GET", "/services/data", nil).must(t, 200, &list)
	if last := list[len(list)-1]; last.Version != "51.0" || last.Label != "Spring '21" {
		t.Errorf("the newest is %+v", last)
	}
	w.do("PATCH", "/services/data/v45.0/sobjects/SMS__c/External_Id__c/x", map[string]any{}).must(t, 201, nil)
	w.do("PATCH", "/services/data/v45.0/sobjects/SMS__c/External_Id__c/x", map[string]any{}).must(t, 204, nil)
}
