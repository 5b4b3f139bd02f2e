package sforg_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// FuzzRequest sends anything to any address: the org answers, in JSON where it
// says so, and is not brought to a stop.
func FuzzRequest(f *testing.F) {
	for _, s := range [][3]string{
		{"POST", data + "/sobjects/SMS__c", `{"Message__c":"x","Contact__r":{"Switchboard_Key__c":"k"}}`},
		{"PATCH", data + "/sobjects/SMS__c/External_Id__c/a%2Fb", `{"Status__c":null}`},
		{"POST", data + "/composite/sobjects", `{"allOrNone":true,"records":[{"attributes":{"type":"SMS__c"},"Name":"x"},{"attributes":{"type":"Contact"},"LastName":5}]}`},
		{"PATCH", data + "/composite/sobjects/SMS__c/External_Id__c", `{"records":[{"attributes":{"type":"SMS__c"},"External_Id__c":"x","id":null}]}`},
		{"POST", data + "/composite", `{"allOrNone":true,"compositeRequest":[{"method":"POST","url":"` + data + `/sobjects/Contact","referenceId":"a","body":{"LastName":"x"}},{"method":"GET","url":"` + data + `/query?q=SELECT+Id+FROM+Contact","referenceId":"b"},{"method":"PATCH","url":"` + data + `/sobjects/Contact/@{b.records[0].Id}","referenceId":"c","body":{"Title":"@{a.id}"}}]}`},
		{"POST", data + "/composite/graph", `{"graphs":[{"graphId":"1","compositeRequest":[{"method":"DELETE","url":"` + data + `/sobjects/Contact/x","referenceId":"a"}]}]}`},
		{"POST", data + "/jobs/query", `{"operation":"query","query":"SELECT Id FROM Contact"}`},
		{"POST", data + "/jobs/ingest", `{"operation":"upsert","object":"Contact","externalIdFieldName":"Switchboard_Key__c"}`},
		{"POST", data + "/actions/standard/customNotificationAction", `{"inputs":[{"title":"x"}]}`},
		{"GET", data + "/search?q=FIND+%7Ba*%7D+RETURNING+Contact(Id+WHERE+Name+LIKE+'a%25')", ""},
		{"GET", data + "/sobjects/Contact/updated?start=2026-03-01T00:00:00Z&end=2026-03-02T00:00:00Z", ""},
		{"DELETE", data + "/composite/sobjects?ids=a,b", ""},
		{"POST", "/services/oauth2/token", "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=a.b.c"},
		{"GET", "/_sforg/SMS__c/x", ""},
		{"POST", "/services/Soap/u/62.0", `<Envelope><Header><SessionHeader><sessionId>x</sessionId></SessionHeader></Header><Body><merge><mergeRequests/></merge></Body></Envelope>`},
		{"POST", data + "/metadata/deployRequest", "--x"},
	} {
		f.Add(s[0], s[1], s[2])
	}
	w := packaged(f)
	w.create("Contact", map[string]any{"LastName": "Doe"})
	f.Fuzz(func(t *testing.T, method, path, body string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || !strings.HasPrefix(path, "/") || strings.TrimLeft(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || method == "" {
			return
		}
		r := httptest.NewRequestWithContext(t.Context(), method, "http://org.example", strings.NewReader(body))
		r.URL, r.RequestURI = u, path
		r.Header.Set("Authorization", "Bearer "+w.AccessToken())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		rec := httptest.NewRecorder()
		w.ServeHTTP(rec, r)
		soap := strings.HasPrefix(rec.Header().Get("Content-Type"), "text/xml") // whose faults are 500
		if rec.Code == http.StatusInternalServerError && !soap {
			t.Errorf("%s %s: %s", method, path, rec.Body)
		}
		if strings.HasPrefix(rec.Header().Get("Content-Type"), "application/json") && !json.Valid(rec.Body.Bytes()) {
			t.Errorf("%s %s: no JSON: %s", method, path, rec.Body)
		}
	})
}
