package sforg_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"mime/multipart"
	"net/textproto"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

func TestTheOrgFailsAsItIsTold(t *testing.T) {
	w := packaged(t)
	body := map[string]any{"LastName": "A"}
	contacts := func() int {
		rows, err := w.Query("SELECT Id FROM Contact")
		if err != nil {
			t.Fatal(err)
		}
		return len(rows)
	}
	for _, tc := range []struct {
		kind   sforg.FaultKind
		status int // -1: no answer
		code   string
		wrote  bool
	}{
		{sforg.RequestLimit, 403, "REQUEST_LIMIT_EXCEEDED", false},
		{sforg.LockRow, 400, "UNABLE_TO_LOCK_ROW", false},
		{sforg.RowError, 400, "UNKNOWN_EXCEPTION", false},
		{sforg.HTML503, 503, "<html>", false},
		{sforg.ServerError, 500, "UNKNOWN_EXCEPTION", false},
		{sforg.TimeoutBefore, -1, "", false},
		{sforg.TimeoutAfterWrite, -1, "", true},
		{sforg.ExpiredSession, 401, "INVALID_SESSION_ID", false}, // the last: the token is gone
	} {
		before := contacts()
		w.Fail(sforg.Fault{Kind: tc.kind, Method: "POST", Path: "/sobjects/Contact", Skip: 1})
		w.do("POST", data+"/sobjects/Contact", body).must(t, 201, nil)
		got := w.do("POST", data+"/sobjects/Contact", body)
		if got.status != tc.status || !strings.Contains(string(got.body), tc.code) {
			t.Errorf("%s: %d %s", tc.kind, got.status, got.body)
		}
		wrote := contacts() - before - 1
		if tc.wrote != (wrote == 1) {
			t.Errorf("%s: %d written", tc.kind, wrote)
		}
		if tc.kind == sforg.ExpiredSession {
			w.do("GET", data+"/limits", nil).must(t, 401, nil)
			break
		}
		w.do("POST", data+"/sobjects/Contact", body).must(t, 201, nil) // over
	}
}

func TestAFaultOfARowLeavesTheOthers(t *testing.T) {
	w := packaged(t)
	w.Fail(sforg.Fault{Kind: sforg.LockRow, Object: "SMS__c", Rows: []int{1}})
	w.do("GET", data+"/sobjects/SMS__c/describe", nil).must(t, 200, nil) // no write
	var got []struct {
		Success bool
		Errors  []problem
	}
	row := map[string]any{"attributes": map[string]any{"type": "SMS__c"}}
	w.do("POST", data+"/composite/sobjects", map[string]any{"records": []any{row, row, row}}).must(t, 200, &got)
	if !got[0].Success || got[1].Success || got[1].Errors[0].StatusCode != "UNABLE_TO_LOCK_ROW" || !got[2].Success {
		t.Errorf("rows %+v", got)
	}
}

func TestASlowAnswerComesWhenItMay(t *testing.T) {
	w := newWorld(t)
	until := make(chan struct{})
	w.Fail(sforg.Fault{Kind: sforg.Slow, Path: "/limits", Until: until})
	done := make(chan int, 1)
	go func() { done <- w.do("GET", data+"/limits", nil).status }()
	w.do("GET", data+"/sobjects", nil).must(t, 200, nil) // others are not kept
	select {
	case <-done:
		t.Error("it came before it might")
	default:
	}
	close(until)
	if status := <-done; status != 200 {
		t.Errorf("status %d", status)
	}
}

func TestCallsAreCountedAndLimited(t *testing.T) {
	w := newWorld(t, func(c *sforg.Config) { c.DailyLimit = 3 })
	for i := range 3 {
		if got := w.do("GET", data+"/limits", nil).header.Get("Sforce-Limit-Info"); got != fmt.Sprintf("api-usage=%d/3", i+1) {
			t.Errorf("told %q", got)
		}
	}
	var got []problem
	w.do("GET", data+"/limits", nil).must(t, 403, &got)
	if got[0].ErrorCode != "REQUEST_LIMIT_EXCEEDED" || got[0].Message != "TotalRequests Limit exceeded." {
		t.Errorf("refused with %+v", got)
	}
	w.clock.Add(24 * time.Hour)
	w.do("GET", data+"/limits", nil).must(t, 200, nil)
	w.do("GET", "/services/data", nil).must(t, 200, nil) // counts for nothing
	if w.APIUsage() != 1 || w.Calls()["limits"] != 5 {
		t.Errorf("used %d, calls %v", w.APIUsage(), w.Calls())
	}
}

func TestTheBellRingsForActivePeople(t *testing.T) {
	w := packaged(t)
	kind, err := w.Query("SELECT Id FROM CustomNotificationType WHERE DeveloperName = 'New_SMS'")
	if err != nil || len(kind) != 1 {
		t.Fatal(kind, err)
	}
	gone, err := w.AddUser("gone@example.com", "Gone User")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Update(nil, "User", gone.ID, map[string]any{"IsActive": false}); err != nil {
		t.Fatal(err)
	}
	sms := w.create("SMS__c", nil)
	input := func(change ...any) map[string]any {
		m := map[string]any{"customNotifTypeId": kind[0]["Id"], "recipientIds": []string{w.Admin().ID, gone.ID}, "title": "New SMS! (not assigned)", "body": "hello", "targetId": sms}
		for i := 0; i < len(change); i += 2 {
			m[change[i].(string)] = change[i+1]
		}
		return map[string]any{"inputs": []any{m}}
	}
	const action = data + "/actions/standard/customNotificationAction"
	var got []struct {
		IsSuccess    bool
		Errors       []problem
		OutputValues struct{ SuccessMessage string }
	}
	w.do("POST", action, input()).must(t, 200, &got)
	if !got[0].IsSuccess || got[0].OutputValues.SuccessMessage != "Your custom notification is processed successfully." {
		t.Errorf("answered %+v", got)
	}
	for _, bad := range []map[string]any{input("title", ""), input("title", strings.Repeat("x", 251)), input("body", strings.Repeat("x", 751)), input("targetId", ""),
		input("targetId", "a00000000000000AAA"), input("recipientIds", []string{}), input("recipientIds", []string{"nobody"}), input("customNotifTypeId", sms)} {
		w.do("POST", action, bad).must(t, 400, &got)
		if got[0].IsSuccess || len(got[0].Errors) == 0 || got[0].Errors[0].StatusCode == "" {
			t.Errorf("%v: %+v", bad, got)
		}
	}
	var bell []map[string]any
	w.do("GET", "/_sforg/notifications", nil).must(t, 200, &bell)
	if len(bell) != 1 || bell[0]["title"] != "New SMS! (not assigned)" || bell[0]["targetId"] != sms || fmt.Sprint(bell[0]["recipientIds"]) != fmt.Sprint([]any{w.Admin().ID}) {
		t.Errorf("the bell has %v", bell)
	}
	w.Admin().Deny(sforg.SendCustomNotifications)
	w.do("POST", action, input()).must(t, 400, nil)
}

// deploy uploads a zip file, and returns the deploy's answer once it is done.
func (w *world) deploy(archive []byte, options string) (status int, done map[string]any) {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, p := range []struct {
		name, kind string
		text       []byte
	}{{"json", "application/json", []byte(options)}, {"file", "application/zip", archive}} {
		head := textproto.MIMEHeader{"Content-Disposition": {`form-data; name="` + p.name + `"; filename="x"`}, "Content-Type": {p.kind}}
		part, err := form.CreatePart(head)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := part.Write(p.text); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		w.t.Fatal(err)
	}
	var made struct{ ID string }
	a := w.do("POST", data+"/metadata/deployRequest", body.String(), "Content-Type", form.FormDataContentType())
	if a.status != 201 {
		return a.status, nil
	}
	a.must(w.t, 201, &made)
	for range 5 {
		var got struct{ DeployResult map[string]any }
		w.do("GET", data+"/metadata/deployRequest/"+made.ID+"?includeDetails=true", nil).must(w.t, 200, &got)
		if got.DeployResult["done"] == true {
			return 201, got.DeployResult
		}
	}
	w.t.Fatal("the deploy is never done")
	return 0, nil
}

func TestADeployIsAllOrNothing(t *testing.T) {
	var good bytes.Buffer
	if err := orgpackage.Zip(&good, orgpackage.Options{ChangeDataCapture: true}); err != nil {
		t.Fatal(err)
	}
	// broken returns the package with one file changed.
	broken := func(name, from, to string) []byte {
		z, err := zip.NewReader(bytes.NewReader(good.Bytes()), int64(good.Len()))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		changed := false
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(f.Name, name) && bytes.Contains(text, []byte(from)) {
				text, changed = bytes.Replace(text, []byte(from), []byte(to), 1), true
			}
			part, err := w.Create(f.Name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := part.Write(text); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if !changed {
			t.Fatalf("%s has no %s", name, from)
		}
		return out.Bytes()
	}
	w := newWorld(t)
	for name, archive := range map[string][]byte{
		"a type that does not exist":    broken("SMS__c.object", "<type>Phone</type>", "<type>Phonez</type>"),
		"a tag that is not closed":      broken("SMS__c.object", "</CustomObject>", ""),
		"a lookup that leads nowhere":   broken("SMS__c.object", "<referenceTo>Lead</referenceTo>", "<referenceTo>Nope__c</referenceTo>"),
		"a notification without label":  broken(".notiftype", "masterLabel", "label"),
		"a permission on nothing":       broken(".permissionset", "SMS__c.Phone__c", "SMS__c.Nope__c"),
		"a record of no type":           broken(".md", "Enabled__c", "Nope__c"),
		"a file that is not in the zip": broken("package.xml", "<members>New_SMS</members>", "<members>New_SMSes</members>"),
	} {
		status, result := w.deploy(archive, `{"deployOptions":{}}`)
		if status != 201 || result["status"] != "Failed" || result["success"] != false {
			t.Errorf("%s: %d %v", name, status, result["status"])
		}
		if w.Fields("SMS__c") != nil {
			t.Fatalf("%s: a part was deployed", name)
		}
	}
	if _, result := w.deploy(good.Bytes(), `{"deployOptions":{"checkOnly":true}}`); result["status"] != "Succeeded" || w.Fields("SMS__c") != nil {
		t.Errorf("a check: %v", result["status"])
	}
	_, result := w.deploy(good.Bytes(), `{"deployOptions":{}}`)
	if result["status"] != "Succeeded" || result["numberComponentsTotal"] != result["numberComponentsDeployed"] || w.Fields("SMS__c") == nil {
		t.Errorf("deployed %v: %v", result["status"], result["details"])
	}
	if u, err := w.AddUser("sam@example.com", "Sam Smith"); err != nil {
		t.Error(err)
	} else if w.token = u.Token(); true {
		if status, _ := w.deploy(good.Bytes(), `{"deployOptions":{}}`); status != 403 {
			t.Errorf("who is no admin deploys: %d", status)
		}
	}
}

func TestASmallZipDoesNotUnfoldIntoALargeOne(t *testing.T) {
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	part, err := z.Create("objects/SMS__c.object")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(part, zeros{}, 64<<20); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	if status, _ := w.deploy(bomb.Bytes(), `{"deployOptions":{}}`); status != 400 {
		t.Errorf("status %d", status)
	}
	if status, _ := w.deploy([]byte("no zip"), `{"deployOptions":{}}`); status != 400 {
		t.Errorf("status %d", status)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestWritersDoNotMeet upserts the same keys from several sides at once: each
// key gets one record. It is here for the race detector too.
func TestWritersDoNotMeet(t *testing.T) {
	w := packaged(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 25 {
				w.do("PATCH", fmt.Sprintf("%s/sobjects/SMS__c/External_Id__c/k%d", data, i), map[string]any{"Message__c": "x"})
				w.do("GET", data+"/query?q=SELECT+Id+FROM+SMS__c+WHERE+SystemModstamp+%3E+2026-01-01T00:00:00Z", nil)
				w.Notifications()
				w.ChangesAfter("SMS__c", 0)
			}
		})
	}
	all.Wait()
	if rows, err := w.Query("SELECT Id FROM SMS__c"); err != nil || len(rows) != 25 {
		t.Errorf("%d records, %v", len(rows), err)
	}
}
