package main

import (
	"bufio"
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The demo with a simulated org plays the documented path in Salesforce: a text
// from an unknown number rings there, the admin makes a contact there and sets it
// on the SMS record, which places the text here; the second text goes straight to
// the contact.
func TestTheDemoPlaysTheDocumentedPathInSalesforce(t *testing.T) {
	d := startDemo(t)
	there := newBrowser(t)
	list := there.get(d.salesforce)
	if !strings.Contains(list, "Notifications, 0") || strings.Count(list, "<td>Assigned</td>") < 20 || !strings.Contains(list, "<td>Unassigned</td>") {
		t.Fatalf("before anything is played, the org shows %s", list)
	}
	here := newBrowser(t)
	here.get(d.url + "/sign-in/link?" + d.signIn.RawQuery)
	here.post(d.url+"/sign-in/link", url.Values{"token": {d.signIn.Query().Get("token")}})

	here.post(d.url+"/demo/handset", url.Values{"situation": {"none"}})
	first := here.at.Query().Get("message")
	list = there.wait(d.salesforce, "Notifications, 1")
	if !strings.Contains(list, "New SMS! (not assigned)") {
		t.Errorf("the org's bell says %s", list)
	}
	sms := regexp.MustCompile(`/_sforg/SMS__c/\w+`).FindString(list)
	record := there.get(d.salesforceAt(sms))
	if !strings.Contains(record, "+12065550142") || !strings.Contains(record, "<dd>Unassigned</dd>") {
		t.Errorf("the SMS record there is %s", record)
	}
	there.post(d.salesforceAt(sms), url.Values{"new": {"yes"}, "FirstName": {"Marcus"}, "LastName": {"Bell"}, "MobilePhone": {"+12065550142"}})

	// By the admin's hand, or by the rule, where the contact is heard of a moment
	// before the placement.
	message := here.wait(d.url+"/messages/"+first, "Assigned to Marcus Bell")
	if !strings.Contains(message, "Assigned by Dana Reyes") && !strings.Contains(message, "Contact Marcus Bell was created") {
		t.Errorf("the text is on the new contact, but not for it: %s", message)
	}
	there.wait(d.salesforceAt(sms), "<dd>Assigned</dd>")

	played := here.post(d.url+"/demo/handset", url.Values{"as": {"marcus"}, "body": {"Thanks, see you then!"}})
	if !strings.Contains(played, "Assigned to") || !strings.Contains(played, "Marcus Bell") {
		t.Errorf("the second text: %s", played)
	}
	there.wait(d.salesforce, "Thanks, see you then!</td><td>Assigned</td><td>Marcus Bell")
	if list := there.get(d.salesforce); !strings.Contains(list, "Notifications, 1") {
		t.Error("the second text rang there too")
	}
}

// runningDemo is a demo in this process.
type runningDemo struct {
	url        string
	signIn     *url.URL
	salesforce string
}

// salesforceAt returns the address of a path of the simulated org.
func (d *runningDemo) salesforceAt(path string) string {
	at, _, _ := strings.Cut(d.salesforce, "/_sforg/")
	return at + path
}

func startDemo(t *testing.T) *runningDemo {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	var stderr bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		defer stdout.Close()
		ended <- run(ctx, []string{"demo", "--salesforce", "--listen", "127.0.0.1:0"}, os.Environ(), strings.NewReader(""), stdout, &stderr)
	}()
	lines := bufio.NewScanner(out)
	t.Cleanup(func() {
		stop()
		for lines.Scan() { // nothing may block
		}
		if code := <-ended; code != exitDone || stderr.Len() > 0 {
			t.Errorf("the demo ended with %d: %s", code, stderr.String())
		}
	})
	d := &runningDemo{}
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "Salesforce":
			d.salesforce = value
		case "sign in":
			u, err := url.Parse(value)
			if err != nil {
				t.Fatal(err)
			}
			d.signIn, d.url = u, u.Scheme+"://"+u.Host
		case "handset":
			return d
		}
	}
	t.Fatalf("the demo printed no more: %s", stderr.String())
	return nil
}

// browser keeps cookies and follows redirects.
type browser struct {
	t      *testing.T
	client http.Client
	at     *url.URL // of the page that it shows
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &browser{t: t, client: http.Client{Jar: jar, Transport: transport}}
}

func (b *browser) get(address string) string {
	b.t.Helper()
	return b.page(b.client.Get(address))
}

func (b *browser) post(address string, form url.Values) string {
	b.t.Helper()
	return b.page(b.client.PostForm(address, form))
}

func (b *browser) page(answer *http.Response, err error) string {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		b.t.Fatalf("%s: %s, %v: %s", answer.Request.URL, answer.Status, err, text)
	}
	b.at = answer.Request.URL
	return html.UnescapeString(string(text))
}

// wait loads a page again and again until it says something.
func (b *browser) wait(address, says string) string {
	b.t.Helper()
	patience, tick := time.After(time.Minute), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		text := b.get(address)
		if strings.Contains(text, says) {
			return text
		}
		select {
		case <-tick.C:
		case <-patience:
			b.t.Fatalf("after a minute %s does not say %q: %s", address, says, text)
		}
	}
}
