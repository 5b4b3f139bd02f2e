package salesforce_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
)

// nasty is text that is code somewhere on the way.
func nasty(f *testing.F) {
	f.Helper()
	for _, s := range []string{"Doe", "O'Neil", `' OR Name != '`, `\`, `\'`, "a,b\"c\"\nd", "\r\n", "=cmd|' /C calc'!A0", "@{c.id}", "<b>&amp;", "\x00\x01", "\xff\xfe", "日本🙂", " ", "null", "a%27b+c", "../..", "{\"a\":1}", "\u2028", "\uFFFE"} {
		f.Add(s)
	}
}

// Whatever a name, a number or a body holds, it arrives as it is, comes back by
// every way as it is, is found by itself, and nothing else happens.
func FuzzTextArrivesAsItIs(f *testing.F) {
	nasty(f)
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 70 || strings.TrimSpace(text) == "" {
			return
		}
		want := strings.Map(func(r rune) rune {
			if r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0x7f || r == 0xfffe || r == 0xffff {
				return utf8.RuneError
			}
			return r
		}, strings.ToValidUTF8(text, "\uFFFD"))
		if utf8.RuneCountInString(want) > 60 {
			return
		}
		s := simulate(t)
		s.make(t, "Contact", map[string]any{"LastName": "Bystander"})
		made, err := s.CreateRecord(t.Context(), switchboard.Contact, "r1", switchboard.Fields{"LastName": text, "Description": text}, salesforce.WriteOptions{})
		must(t, err)
		if got := s.there.Get("Contact", made.ID)["Description"]; got != want && got != strings.TrimSpace(want) {
			t.Fatalf("%q arrived as %q", text, got)
		}
		sent := s.UpsertMessages(t.Context(), []salesforce.SMS{{ID: "m1", Name: "SMS-1", Phone: "x", Body: text, Explanation: text, Direction: "inbound", State: "unassigned"}})
		if sent[0].Err != nil {
			t.Fatal(sent[0].Err)
		}
		fields := []string{"LastName", "Description"}
		records, err := s.Records(t.Context(), switchboard.Contact, fields, []string{made.ID})
		must(t, err)
		job := startBulk(t, s, switchboard.Contact, fields)
		bulk := loaded(t, s.Load(t.Context(), switchboard.Contact, fields, salesforce.Loading{Since: now, Job: job}), ofLoad)
		if a, b := records[0].Fields["Description"], bulk[made.ID].Fields["Description"]; a != b || a != strings.ReplaceAll(want, "\r\n", "\n") && a != strings.ReplaceAll(strings.TrimSpace(want), "\r\n", "\n") {
			t.Fatalf("%q came back as %q and as %q", text, a, b)
		}
		rows, err := salesforce.Collect(s.Query(t.Context(), salesforce.Select("Contact", "Id").Where(salesforce.Eq("LastName", s.there.Get("Contact", made.ID)["LastName"]))))
		if err != nil || len(rows) != 1 || rows[0].ID("Id") != made.ID {
			t.Fatalf("%q finds %v, %v", text, rows, err)
		}
		if err := s.Ring(t.Context(), salesforce.Bell{UserIDs: []string{s.there.Admin().ID}, Title: text, Body: text, TargetID: made.ID}); err != nil {
			t.Fatal(err)
		}
		if all, err := s.there.Query("SELECT Id FROM Contact"); err != nil || len(all) != 2 {
			t.Fatalf("%q left %d contacts, %v", text, len(all), err)
		}
	})
}

// An answer may be anything: it is an error or it is read, and a write whose
// success cannot be read is never taken for a failure that had no effect.
func FuzzAnyAnswerIsSurvived(f *testing.F) {
	for _, s := range []string{`[]`, `{}`, `null`, `""`, `[{"errorCode":"X"}]`, `[{"duplicateResut":{"matchResults":[{"matchRecords":[{"record":{"Id":"x"}}]}]},"errorCode":"DUPLICATES_DETECTED"}]`, `{"error":1}`,
		`[{"success":true,"id":"a00000000000001AAA"}]`, `{"records":[{"a":{"b":{"c":[1]}}}],"done":false,"nextRecordsUrl":"/services/data/v1/x"}`, `{"id":"750000000000001AAA","state":"JobComplete"}`, "\"Id\"\n\"1\"\n", "Id,\"\n", `{"sobjects":7}`} {
		f.Add(uint16(200), s, "null", "api-usage=1/2")
		f.Add(uint16(400), s, "x", "api-usage=/, (=)")
		f.Add(uint16(300), s, "", "((((")
	}
	f.Fuzz(func(t *testing.T, status uint16, body, locator, limit string) {
		code := 200 + int(status)%400
		header := http.Header{"Sforce-Limit-Info": {limit}, "Sforce-Locator": {locator}, "Content-Type": {"application/json"}}
		calls := 0
		rt := func(r *http.Request) (*http.Response, error) {
			if calls++; calls > 50 {
				return nil, io.ErrUnexpectedEOF
			}
			return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
		}
		c, err := salesforce.New(salesforce.Config{HTTP: &http.Client{Transport: transport(rt)}, Source: salesforce.NewSource(&fixed{url: "https://acme.my.salesforce.com"}),
			Wait: func(context.Context, time.Duration) error { return io.EOF }})
		must(t, err)
		o, ctx := salesforce.NewOrg(c), t.Context()
		check := func(what string, err error) {
			if err != nil && err.Error() == "" {
				t.Errorf("%s says nothing", what)
			}
		}
		_, err = c.Create(ctx, "Contact", map[string]any{"LastName": "x"}, salesforce.WriteOptions{})
		check("create", err)
		if err != nil && code/100 == 2 && salesforce.ClassOf(err) == salesforce.ClassRetry && !json.Valid([]byte(body)) {
			t.Errorf("a success of %q is taken for nothing done", body)
		}
		for _, r := range o.UpsertMessages(ctx, []salesforce.SMS{{ID: "m1"}}) {
			check("upsert", errOf(r.Err))
		}
		_, err = salesforce.Collect(c.QueryAll(ctx, salesforce.Select("Contact", "Id")))
		check("query", err)
		polled, err := o.Poll(ctx, salesforce.Cursor{}, []salesforce.Asked{{Object: "Contact", Fields: []string{"LastName"}}})
		check("poll", err)
		if err == nil {
			for _, err := range polled.Messages {
				check("changed messages", err)
			}
			for _, err := range polled.Records[0] {
				check("changes", err)
			}
		}
		for _, err := range o.Load(ctx, "Contact", []string{"LastName"}, salesforce.Loading{}) {
			check("load", err)
		}
		calls = 0
		_, err = c.BulkRows(ctx, job, salesforce.Place{}, func(salesforce.BulkRow) bool { return true })
		check("bulk", err)
		_, err = c.Composite(ctx, false, []salesforce.Step{c.CreateStep("a", "Contact", nil)})
		check("composite", err)
		_, err = c.Deploy(ctx, []byte("PK"), nil)
		check("deploy", err)
		check("ring", c.Ring(ctx, salesforce.Bell{UserIDs: []string{userID}, TargetID: userID}))
		_, err = o.UnknownNumbers(ctx)
		check("unknown numbers", err)
		o.Check(ctx, switchboard.DefaultPhoneFields())
	})
}

func errOf(e *salesforce.Error) error {
	if e == nil {
		return nil
	}
	return e
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Names of fields come from settings and from imports: none gets into a query, an
// address or a header as anything but a name.
func FuzzAFieldNameIsRefusedOrAName(f *testing.F) {
	nasty(f)
	f.Add(orgpackage.KeyField)
	f.Fuzz(func(t *testing.T, name string) {
		var sent []string
		rt := func(r *http.Request) (*http.Response, error) {
			body := ""
			if r.Body != nil {
				b, err := io.ReadAll(r.Body)
				must(t, err)
				body = string(b)
			}
			sent = append(sent, r.URL.RequestURI()+" "+body)
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
		}
		c, err := salesforce.New(salesforce.Config{HTTP: &http.Client{Transport: transport(rt)}, Source: salesforce.NewSource(&fixed{url: "https://acme.my.salesforce.com"})})
		must(t, err)
		ctx := t.Context()
		_, _ = c.Create(ctx, name, map[string]any{}, salesforce.WriteOptions{})
		_, _ = c.Create(ctx, "Contact", map[string]any{name: "x"}, salesforce.WriteOptions{})
		_, _ = c.Retrieve(ctx, "Contact", "003000000000001AAA", name)
		_, _ = c.Upsert(ctx, "Contact", name, "k", nil, salesforce.WriteOptions{})
		_, _ = c.Describe(ctx, name)
		_, _ = salesforce.Collect(c.Query(ctx, salesforce.Select(name, name).Where(salesforce.Eq(name, name)).OrderBy(name)))
		plainName := name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.") == ""
		if !plainName && len(sent) > 0 {
			t.Fatalf("%q was sent: %s", name, fmt.Sprint(sent))
		}
	})
}
