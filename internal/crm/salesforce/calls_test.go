package salesforce_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
)

func TestAQueryIsReadPageByPage(t *testing.T) {
	var asked []string
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RequestURI())
		if r.URL.Query().Get("q") != "" {
			says(200, `{"totalSize":3,"done":false,"nextRecordsUrl":"/services/data/v62.0/query/01gD0000002HU6KIAW-2000",
			 "records":[{"attributes":{"type":"Contact","url":"/x"},"Id":"003000000000001AAA","Account":{"attributes":{"type":"Account"},"Name":"Acme"},"N":5.0},{"attributes":{"type":"Contact"},"Id":"003000000000002AAA","Account":null}]}`)(rw, r)
			return
		}
		says(200, `{"totalSize":3,"done":true,"records":[{"attributes":{"type":"Contact"},"Id":"003000000000003AAA"}]}`)(rw, r)
	})
	rows, err := salesforce.Collect(w.QueryAll(t.Context(), salesforce.Select("Contact", "Id", "Account.Name")))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/services/data/v62.0/queryAll?q=SELECT+Id%2CAccount.Name+FROM+Contact", "/services/data/v62.0/query/01gD0000002HU6KIAW-2000"}
	if d := cmp.Diff(want, asked); d != "" {
		t.Error(d)
	}
	if len(rows) != 3 || rows[0].Text("Account.Name") != "Acme" || rows[1].Text("Account.Name") != "" || rows[2].ID("Id") != "003000000000003AAA" || rows[0]["attributes"] != nil {
		t.Errorf("rows are %v", rows)
	}
	if rows[0]["N"] != json.Number("5.0") {
		t.Errorf("a number became %T", rows[0]["N"])
	}
	// Who has seen enough gets no further page.
	asked = nil
	for range salesforce.Rows(w.Query(t.Context(), salesforce.Select("Contact", "Id"))) {
		break
	}
	if len(asked) != 1 {
		t.Errorf("asked %v", asked)
	}
}

// An app with the scope api alone may not ask OpenID's address who it is.
func TestWhoWeAreIsKnownWithTheScopeAPI(t *testing.T) {
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/services/oauth2/userinfo" {
			says(403, `"Bad_OAuth_Token"`)(rw, r)
			return
		}
		says(200, `{"totalSize":1,"done":true,"records":[{"Id":"`+userID+`","Username":"ada@example.com","Name":"Ada","Email":"ada@example.com"}]}`)(rw, r)
	})
	u, err := w.UserInfo(t.Context())
	if err != nil || u != (salesforce.UserInfo{UserID: userID, OrgID: orgID, Username: "ada@example.com", Name: "Ada", Email: "ada@example.com"}) {
		t.Errorf("got %+v, %v", u, err)
	}
	w = serve(t, says(401, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`))
	if _, err := w.UserInfo(t.Context()); salesforce.ClassOf(err) != salesforce.ClassNewToken {
		t.Errorf("got %v", err)
	}
}

func TestADescriptionIsAskedForAgainWhenItMayBeOld(t *testing.T) {
	calls, modified := 0, ""
	at := now
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/services/data/v62.0/query" {
			says(400, `[{"message":"No such column 'Gone__c'","errorCode":"INVALID_FIELD"}]`)(rw, r)
			return
		}
		calls++
		modified = r.Header.Get("If-Modified-Since")
		if modified != "" {
			rw.WriteHeader(304)
			return
		}
		says(200, `{"name":"Contact","keyPrefix":"003","fields":[{"name":"LastName","type":"string","createable":true,"nillable":false},{"name":"MobilePhone","type":"phone","createable":true,"nillable":true}]}`,
			"Last-Modified", "Mon, 02 Mar 2026 10:00:00 GMT")(rw, r)
	})
	c, err := salesforce.New(salesforce.Config{HTTP: http.DefaultClient, Source: salesforce.NewSource(w.grant), Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	describe := func() *salesforce.Object {
		o, err := c.Describe(t.Context(), "Contact")
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := describe()
	if f, ok := o.Field("lastname"); !ok || !f.Required() || o.Has("Fax") {
		t.Errorf("the description is %+v", o)
	}
	describe()
	if calls != 1 {
		t.Errorf("%d calls within a minute", calls)
	}
	at = at.Add(11 * time.Minute)
	if describe() != o || calls != 2 || modified != "Mon, 02 Mar 2026 10:00:00 GMT" {
		t.Errorf("%d calls, %q", calls, modified)
	}
	if _, err := salesforce.Collect(c.Query(t.Context(), salesforce.Select("Contact", "Gone__c"))); !salesforce.HasCode(err, "INVALID_FIELD") {
		t.Errorf("got %v", err)
	}
	describe()
	if calls != 3 || modified != "" {
		t.Errorf("after INVALID_FIELD: %d calls, %q", calls, modified)
	}
	w = serve(t, says(404, `[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]`))
	if _, err := w.Describe(t.Context(), "Nope__c"); !salesforce.HasCode(err, salesforce.CodeNoSuch) {
		t.Errorf("got %v", err)
	}
	if _, err := w.Describe(t.Context(), "../x"); !salesforce.HasCode(err, salesforce.CodeBadName) {
		t.Errorf("got %v", err)
	}
}

func TestAnUpsertTakesEachAnswer(t *testing.T) {
	const id = "a00000000000001AAA"
	for _, tt := range []struct {
		status  int
		body    string
		created bool
	}{
		{201, `{"id":"` + id + `","success":true,"errors":[],"created":true}`, true},
		{200, `{"id":"` + id + `","success":true,"errors":[],"created":false}`, false},
		{204, ``, false},
	} {
		w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				says(200, `{"attributes":{"type":"SMS__c"},"Id":"`+id+`"}`)(rw, r)
				return
			}
			says(tt.status, tt.body)(rw, r)
		})
		got, err := w.Upsert(t.Context(), "SMS__c", "External_Id__c", "m 1", map[string]any{"Phone__c": "+1"}, salesforce.WriteOptions{})
		if err != nil || got.ID != id || got.Created != tt.created {
			t.Errorf("%d: %+v, %v", tt.status, got, err)
		}
	}
	w := serve(t, says(404, `[{"message":"Provided external ID field does not exist or is not accessible: Namez","errorCode":"NOT_FOUND"}]`))
	_, err := w.Upsert(t.Context(), "SMS__c", "Namez", "m1", map[string]any{}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassPermanent {
		t.Errorf("a field that is not there is %s", e.Class)
	}
}

// A collection answers 200 whatever became of its rows.
func TestRowsFailByThemselves(t *testing.T) {
	var sent struct {
		AllOrNone bool             `json:"allOrNone"`
		Records   []map[string]any `json:"records"`
	}
	var path string
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		path = r.Method + " " + r.URL.Path
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		says(200, `[{"id":"a00000000000001AAA","success":true,"errors":[],"created":true},
		 {"success":false,"errors":[{"statusCode":"FIELD_CUSTOM_VALIDATION_EXCEPTION","message":"Enter a phone","fields":["Phone__c"]}]},
		 {"id":null,"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"locked","fields":[]}]},
		 {"success":false,"errors":[{"statusCode":"ENTITY_IS_DELETED","message":"entity is deleted","fields":[]}]},
		 {"success":false,"errors":[{"statusCode":"INVALID_CROSS_REFERENCE_KEY","message":"invalid cross reference id","fields":["Contact__c"]}]}]`)(rw, r)
	})
	records := make([]map[string]any, 5)
	for i := range records {
		records[i] = map[string]any{"External_Id__c": fmt.Sprint("m", i)}
	}
	results, err := w.UpsertCollection(t.Context(), "SMS__c", "External_Id__c", records, salesforce.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if path != "PATCH /services/data/v62.0/composite/sobjects/SMS__c/External_Id__c" || sent.AllOrNone || len(sent.Records) != 5 ||
		cmp.Diff(sent.Records[0], map[string]any{"attributes": map[string]any{"type": "SMS__c"}, "External_Id__c": "m0"}) != "" {
		t.Errorf("sent %s %+v", path, sent)
	}
	if results[0].Err != nil || !results[0].Created || results[0].ID != "a00000000000001AAA" {
		t.Errorf("the first is %+v", results[0])
	}
	for i, want := range []salesforce.Class{"", salesforce.ClassPermanent, salesforce.ClassRetry, salesforce.ClassGone, salesforce.ClassGone} {
		if i > 0 && (results[i].Err == nil || results[i].Err.Class != want) {
			t.Errorf("row %d is %+v", i, results[i].Err)
		}
	}
	if results[3].Err.Reference() || !results[4].Err.Reference() || results[1].Err.Sentence() != "Enter a phone" {
		t.Error("the errors say the wrong thing")
	}
	if _, err := w.UpsertCollection(t.Context(), "SMS__c", "External_Id__c", make([]map[string]any, 201), salesforce.WriteOptions{}); !salesforce.HasCode(err, salesforce.CodeBadValue) {
		t.Errorf("201 rows: %v", err)
	}
	w = serve(t, says(200, `[{"id":"a00000000000001AAA","success":true,"errors":[]}]`))
	if _, err := w.UpsertCollection(t.Context(), "SMS__c", "External_Id__c", records, salesforce.WriteOptions{}); asError(t, err).Class != salesforce.ClassUnknown {
		t.Errorf("an answer for one row of five: %v", err)
	}
}

func TestACompositeNamesTheOneAtFault(t *testing.T) {
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		want := `{"allOrNone":true,"compositeRequest":[{"method":"PATCH","url":"/services/data/v62.0/sobjects/Contact/Switchboard_Key__c/a%2Fb","referenceId":"c","body":{"LastName":"Doe"}},` +
			`{"method":"PATCH","url":"/services/data/v62.0/sobjects/SMS__c/External_Id__c/m1","referenceId":"s","body":{"Contact__c":"@{c.id}"}}]}`
		if string(body) != want {
			t.Errorf("sent %s", body)
		}
		says(200, `{"compositeResponse":[{"body":[{"errorCode":"PROCESSING_HALTED","message":"The transaction was rolled back since another operation in the same transaction failed."}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"c"},
		 {"body":[{"errorCode":"STRING_TOO_LONG","message":"too long","fields":["Phone__c"]}],"httpHeaders":{},"httpStatusCode":400,"referenceId":"s"}]}`)(rw, r)
	})
	steps := []salesforce.Step{w.UpsertStep("c", "Contact", "Switchboard_Key__c", "a/b", map[string]any{"LastName": "Doe"}),
		w.UpsertStep("s", "SMS__c", "External_Id__c", "m1", map[string]any{"Contact__c": "@{c.id}"})}
	results, err := w.Composite(t.Context(), true, steps)
	if err != nil {
		t.Fatal(err)
	}
	if e := salesforce.FirstFailure(results); e == nil || e.Code != "STRING_TOO_LONG" || results[0].Err.Class != salesforce.ClassRetry {
		t.Errorf("got %+v", results)
	}
	for _, bad := range []salesforce.Step{w.CreateStep("a-b", "Contact", nil), w.CreateStep("a", "x y", nil), w.UpdateStep("a", "Contact", "zz", nil), w.UpsertStep("a", "SMS__c", "External_Id__c", "..", nil)} {
		if _, err := w.Composite(t.Context(), true, []salesforce.Step{bad}); asError(t, err).Class != salesforce.ClassPermanent {
			t.Errorf("got %v", err)
		}
	}
}

func TestABellIsCutAndRung(t *testing.T) {
	var sent struct {
		Inputs []struct {
			Type, Title, Body, Target string
			Recipients                []string
		}
	}
	types, answer, status := 0, `[{"actionName":"customNotificationAction","errors":null,"isSuccess":true,"outputValues":{"SuccessMessage":"Your custom notification is processed successfully."}}]`, 200
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			types++
			says(200, `{"totalSize":1,"done":true,"records":[{"Id":"0MLR0000000008eOAA","DeveloperName":"New_SMS"}]}`)(rw, r)
			return
		}
		var body struct {
			Inputs []map[string]any `json:"inputs"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		in := body.Inputs[0]
		sent.Inputs = append(sent.Inputs[:0], struct {
			Type, Title, Body, Target string
			Recipients                []string
		}{in["customNotifTypeId"].(string), in["title"].(string), in["body"].(string), in["targetId"].(string), nil})
		says(status, answer)(rw, r)
	})
	b := salesforce.Bell{UserIDs: []string{"005000000000001"}, Title: "New SMS! (not assigned)", Body: strings.Repeat("é🙂", 400), TargetID: "a00000000000001"}
	for range 2 {
		if err := w.Ring(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	in := sent.Inputs[0]
	if in.Type != "0MLR0000000008eOAA" || in.Title != b.Title || in.Target != "a00000000000001AAA" || in.Body != strings.Repeat("é🙂", 250) || types != 1 {
		t.Errorf("sent %+v after %d questions", in, types)
	}
	if w.meter.count(salesforce.UseBell) != 3 {
		t.Errorf("counted %v", w.meter.spent)
	}
	status, answer = 400, `[{"actionName":"customNotificationAction","errors":[{"statusCode":"INSUFFICIENT_ACCESS","message":"no","fields":[]}],"isSuccess":false,"outputValues":null}]`
	if err := w.Ring(t.Context(), b); asError(t, err).Class != salesforce.ClassPermanent || !strings.Contains(err.Error(), "Send Custom Notifications") {
		t.Errorf("got %v", err)
	}
	b.TargetID = ""
	if err := w.Ring(t.Context(), b); !salesforce.HasCode(err, salesforce.CodeBadValue) {
		t.Errorf("without a target: %v", err)
	}
}

func TestADeploymentIsFollowedToItsEnd(t *testing.T) {
	looks := 0
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
			if err != nil {
				t.Error(err)
			}
			form, err := multipart.NewReader(r.Body, params["boundary"]).ReadForm(1 << 20)
			if err != nil {
				t.Error(err)
				return
			}
			if !strings.Contains(strings.Join(form.Value["json"], ""), `"rollbackOnError":true`) || len(form.File["file"]) != 1 {
				t.Errorf("sent %v", form)
			}
			says(201, `{"id":"0Af000000000001AAA","deployOptions":{}}`)(rw, r)
			return
		}
		looks++
		if looks == 1 {
			says(200, `{"id":"0Af000000000001AAA","deployResult":{"done":false,"status":"InProgress","numberComponentsDeployed":3,"numberComponentsTotal":9,"details":{"componentFailures":[]}}}`)(rw, r)
			return
		}
		says(200, `{"id":"0Af000000000001AAA","deployResult":{"done":true,"success":false,"status":"Failed","numberComponentsDeployed":0,"numberComponentsTotal":9,"details":{"componentFailures":{"componentType":"CustomField","fullName":"SMS__c.X__c","problem":"bad type"}}}}`)(rw, r)
	})
	var seen []string
	d, err := w.Deploy(t.Context(), []byte("PK"), func(d salesforce.Deployment) {
		seen = append(seen, fmt.Sprintf("%s %d/%d", d.Status, d.Deployed, d.Total))
	})
	if !salesforce.HasCode(err, salesforce.CodeJobFailed) || !strings.Contains(err.Error(), "CustomField SMS__c.X__c: bad type") || len(d.Failures) != 1 {
		t.Errorf("got %+v, %v", d, err)
	}
	if d := cmp.Diff([]string{"InProgress 3/9", "Failed 0/9"}, seen); d != "" {
		t.Error(d)
	}
}

// page is one page of a bulk result.
type page struct {
	body    string
	next    string
	records int
	cut     bool
}

func bulkServer(t *testing.T, pages map[string][]page) (*world, *[]string) {
	var asked []string
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		at := r.URL.Query().Get("locator")
		asked = append(asked, at)
		if r.URL.Query().Get("maxRecords") == "" || r.Header.Get("Accept") != "text/csv" {
			t.Error("a page is asked for without a bound, or not as CSV")
		}
		if len(pages[at]) == 0 {
			t.Errorf("page %q is asked for once more", at)
			return
		}
		p := pages[at][0]
		pages[at] = pages[at][1:]
		rw.Header().Set("Content-Type", "text/csv")
		if p.next != "" {
			rw.Header().Set("Sforce-Locator", p.next)
		}
		if p.records > 0 {
			rw.Header().Set("Sforce-NumberOfRecords", fmt.Sprint(p.records))
		}
		if p.cut {
			rw.Header().Set("Content-Length", fmt.Sprint(len(p.body)+100))
		}
		_, _ = io.WriteString(rw, p.body)
	})
	return w, &asked
}

const job = "750000000000001AAA"

func TestABulkResultIsReadOnWhereItBroke(t *testing.T) {
	const header = "\"Id\",\"Name\"\n"
	w, asked := bulkServer(t, map[string][]page{
		"":   {{body: header + "\"1\",\"a\nb\"\n\"2\",\"\"\n\"3\",\"wh", next: "x", cut: true}, {body: header + "\"1\",\"a\nb\"\n\"2\",\"\"\n\"3\",\"what \"\"ever\"\"\"\n", next: "x", records: 3}},
		"x":  {{body: header + "\"4\",\"d\"\n", next: "zz", records: 2}, {body: header + "\"4\",\"d\"\n\"5\",\"e\"\n", next: "zz", records: 2}},
		"zz": {{body: header, next: "null"}},
	})
	var got []string
	at, err := w.BulkRows(t.Context(), job, salesforce.Place{}, func(r salesforce.BulkRow) bool {
		got = append(got, strings.Join(r.Values, "|"))
		return true
	})
	if err != nil || !at.Done {
		t.Fatalf("ended at %+v, %v", at, err)
	}
	if d := cmp.Diff([]string{"1|a\nb", "2|", `3|what "ever"`, "4|d", "5|e"}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"", "", "x", "x", "zz"}, *asked); d != "" {
		t.Error(d)
	}
	if len(w.waits) != 2 {
		t.Errorf("waited %v", w.waits)
	}
}

func TestABulkResultIsReadOnAfterARestart(t *testing.T) {
	all := func() map[string][]page {
		return map[string][]page{"": {{body: "Id\n1\n2\n", next: "x"}}, "x": {{body: "Id\n3\n4\n", next: "null"}}}
	}
	// Wherever reading stops, going on gives the rest and nothing twice.
	for stop := range 5 {
		w, _ := bulkServer(t, all())
		var got []string
		at := salesforce.Place{}
		for !at.Done {
			n := 0
			next, err := w.BulkRows(t.Context(), job, at, func(r salesforce.BulkRow) bool {
				got = append(got, r.Values[0])
				n++
				return n < stop+1
			})
			if err != nil {
				t.Fatal(err)
			}
			at = next
			w, _ = bulkServer(t, all())
		}
		if strings.Join(got, "") != "1234" {
			t.Errorf("stopping after %d: %v", stop+1, got)
		}
	}
}

func TestABulkResultThatCannotBeReadIsAnError(t *testing.T) {
	for name, tt := range map[string]struct {
		page page
		code string
	}{
		"no locator":     {page{body: "Id\n1\n"}, salesforce.CodeUnreadable},
		"uneven rows":    {page{body: "Id,Name\n1\n2,b\n", next: "null"}, salesforce.CodeUnreadable},
		"an endless row": {page{body: "Id\n\"" + strings.Repeat("x", 9<<20) + "\"\n", next: "null"}, salesforce.CodeTooLarge},
	} {
		w, _ := bulkServer(t, map[string][]page{"": {tt.page, tt.page, tt.page, tt.page, tt.page, tt.page}})
		_, err := w.BulkRows(t.Context(), job, salesforce.Place{}, func(salesforce.BulkRow) bool { return true })
		if !salesforce.HasCode(err, tt.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w, _ := bulkServer(t, map[string][]page{"": {{body: "Id\n1\n", next: "x"}}, "x": {{body: "Id\n1\n", next: "x"}}})
	_, err := w.BulkRows(t.Context(), job, salesforce.Place{}, func(salesforce.BulkRow) bool { return true })
	if !salesforce.HasCode(err, salesforce.CodeUnreadable) {
		t.Errorf("a page that leads to itself: %v", err)
	}
}

func TestAJobIsAwaited(t *testing.T) {
	states := []string{"UploadComplete", "503", "InProgress", "JobComplete"}
	var sent map[string]string
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
				t.Error(err)
			}
			says(200, `{"id":"750000000000001AAA","operation":"queryAll","object":"Contact","state":"UploadComplete","apiVersion":62.0}`)(rw, r)
			return
		}
		state := states[0]
		states = states[1:]
		if state == "503" {
			says(503, "<html></html>")(rw, r)
			return
		}
		says(200, `{"id":"750000000000001AAA","object":"Contact","state":"`+state+`","numberRecordsProcessed":12.0,"errorMessage":"why"}`)(rw, r)
	})
	j, err := w.StartBulk(t.Context(), salesforce.Select("Contact", "Id"), true)
	if err != nil || j.ID != job {
		t.Fatalf("got %+v, %v", j, err)
	}
	if sent["operation"] != "queryAll" || sent["query"] != "SELECT Id FROM Contact" || sent["contentType"] != "CSV" || sent["lineEnding"] != "LF" {
		t.Errorf("sent %v", sent)
	}
	if j, err = w.AwaitJob(t.Context(), j.ID, nil); err != nil || j.Rows != 12 || len(w.waits) != 3 {
		t.Errorf("got %+v, %v, waited %v", j, err, w.waits)
	}
	states = []string{"Failed"}
	if _, err = w.AwaitJob(t.Context(), j.ID, nil); !salesforce.HasCode(err, salesforce.CodeJobFailed) || asError(t, err).Sentence() != "why" {
		t.Errorf("got %v", err)
	}
	if _, err := w.Job(t.Context(), ".."); !salesforce.HasCode(err, salesforce.CodeBadValue) {
		t.Errorf("got %v", err)
	}
	if errors.Is(err, io.EOF) {
		t.Error(err)
	}
}
