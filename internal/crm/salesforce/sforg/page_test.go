package sforg_test

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
)

// TestAPersonPlacesAMessageInTheOrgsPages plays what a visitor of the demo does.
func TestAPersonPlacesAMessageInTheOrgsPages(t *testing.T) {
	w := packaged(t)
	sms := w.create("SMS__c", map[string]any{"Name": "SMS-000001", "Phone__c": "+15125550177", "Message__c": "<b>hi</b>", "Status__c": "Unassigned"})
	u, err := w.AddUser("sam@example.com", "Sam Smith")
	if err != nil {
		t.Fatal(err)
	}
	if err := u.Assign("Switchboard_User"); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	read := func(res *http.Response, err error) (int, string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	record := w.url + "/_sforg/SMS__c/" + sms
	if status, _ := read(browser.Get(record)); status != http.StatusUnauthorized {
		t.Errorf("a stranger: %d", status)
	}
	if status, text := read(browser.Get(u.PageURL(w.url))); status != 200 || !strings.Contains(text, "SMS-000001") || !strings.Contains(text, "&lt;b&gt;hi") {
		t.Errorf("the list: %d %s", status, text)
	}
	if status, text := read(browser.PostForm(record, url.Values{"new": {"yes"}, "FirstName": {"Jo"}})); status != http.StatusUnprocessableEntity || !strings.Contains(text, "Required fields are missing: [LastName]") {
		t.Errorf("without a last name: %d %s", status, text)
	}
	status, text := read(browser.PostForm(record, url.Values{"new": {"yes"}, "FirstName": {"Jo"}, "LastName": {"Doe"}, "MobilePhone": {"+15125550177"}}))
	if status != 200 || !strings.Contains(text, "<dt>Contact</dt><dd>Jo Doe</dd>") {
		t.Errorf("placed: %d %s", status, text)
	}
	if got := w.Get("SMS__c", sms); got["LastModifiedById"] != u.ID || got["Contact__c"] == nil {
		t.Errorf("the record is %v", got)
	}
	for _, path := range []string{"/_sforg/SMS__c/x'%20OR%20Id%20!=%20'", "/_sforg/nope"} {
		if status, _ := read(browser.Get(w.url + path)); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), "POST", record, strings.NewReader("contact="))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if status, _ := read(browser.Do(r)); status != http.StatusForbidden {
		t.Errorf("from another site: %d", status)
	}
}
