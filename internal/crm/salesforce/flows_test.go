package salesforce_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// Each way in gives a token that the org takes, and another once that is dead.
func TestEveryWayInLeadsIn(t *testing.T) {
	s := simulate(t)
	app := salesforce.App{LoginURL: s.url, ClientID: s.there.ClientID(), HTTP: http.DefaultClient}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	s.there.RegisterKey(&key.PublicKey)
	credentials, err := salesforce.ClientCredentials(app, s.there.ClientSecret())
	must(t, err)
	bearer, err := salesforce.JWTBearer(app, s.there.Admin().Username, key, "", s.clock.Now)
	must(t, err)
	web := salesforce.Web{App: app, Secret: s.there.ClientSecret(), Callback: "http://127.0.0.1:1/callback"}
	for name, grant := range map[string]salesforce.Grant{"client credentials": credentials, "JWT bearer": bearer, "web server": signIn(t, web)} {
		c, err := salesforce.New(salesforce.Config{HTTP: http.DefaultClient, Source: salesforce.NewSource(grant), Now: s.clock.Now})
		must(t, err)
		for range 2 {
			user, err := c.UserInfo(t.Context())
			if err != nil || user.UserID != s.there.Admin().ID || user.OrgID != s.there.OrgID() || user.Username != s.there.Admin().Username {
				t.Errorf("%s: %+v, %v", name, user, err)
			}
			token, err := c.Token(t.Context())
			if err != nil || token.UserID != user.UserID || token.OrgID != user.OrgID || token.Instance != s.url {
				t.Errorf("%s: the token is %+v, %v", name, token, err)
			}
			s.there.ExpireSessions()
		}
		if err := c.CheckVersion(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A key that the app does not know, and an audience that is no login host.
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	for what, tt := range map[string]struct {
		key      *rsa.PrivateKey
		user     string
		audience string
	}{"certificate": {other, s.there.Admin().Username, ""}, "audience": {key, s.there.Admin().Username, "https://elsewhere.example.com"}, "user": {key, "nobody@example.com", ""}} {
		g, err := salesforce.JWTBearer(app, tt.user, tt.key, tt.audience, s.clock.Now)
		must(t, err)
		if _, err := g.Grant(t.Context()); salesforce.ClassOf(err) != salesforce.ClassPermanent || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// signIn plays the browser of an admin who allows the app.
func signIn(t *testing.T, web salesforce.Web) salesforce.Grant {
	t.Helper()
	h, err := salesforce.NewHandshake(rand.Reader)
	must(t, err)
	address, err := web.AuthorizeURL(h)
	must(t, err)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := browser.Get(address)
	must(t, err)
	must(t, resp.Body.Close())
	back, err := url.Parse(resp.Header.Get("Location"))
	must(t, err)
	if back.Query().Get("state") != h.State {
		t.Fatalf("the browser came back with %q", back)
	}
	stolen := h
	stolen.Verifier = strings.Repeat("x", 43)
	if _, _, err := web.Exchange(t.Context(), stolen, back.Query().Get("code")); err == nil {
		t.Error("a code was exchanged without its verifier")
	}
	resp, err = browser.Get(address) // the first code is used up
	must(t, err)
	must(t, resp.Body.Close())
	back, err = url.Parse(resp.Header.Get("Location"))
	must(t, err)
	_, refresh, err := web.Exchange(t.Context(), h, back.Query().Get("code"))
	must(t, err)
	g, err := web.Refresh(refresh, nil)
	must(t, err)
	return g
}

// Every call of the client, once, against the simulated org.
func TestEveryCallOnce(t *testing.T) {
	s := simulate(t)
	ctx := t.Context()
	id, err := s.Create(ctx, "Contact", map[string]any{"LastName": "Doe", "MobilePhone": "+15125550177"}, salesforce.WriteOptions{})
	must(t, err)
	must(t, s.Update(ctx, "Contact", id, map[string]any{"FirstName": "Jane"}, salesforce.WriteOptions{}))
	row, err := s.Retrieve(ctx, "Contact", id, "Name", "MobilePhone")
	if err != nil || row.Text("Name") != "Jane Doe" {
		t.Errorf("got %v, %v", row, err)
	}
	results, err := s.UpsertCollection(ctx, "Contact", "Switchboard_Key__c", []map[string]any{{"Switchboard_Key__c": "a", "LastName": "A"}, {"Switchboard_Key__c": "b", "FirstName": "B"}}, salesforce.WriteOptions{})
	if err != nil || results[0].Err != nil || results[1].Err == nil || results[1].Err.Code != "REQUIRED_FIELD_MISSING" {
		t.Errorf("got %+v, %v", results, err)
	}
	steps, err := s.Composite(ctx, true, []salesforce.Step{
		s.UpsertStep("c", "Contact", "Switchboard_Key__c", "r/1 ü", map[string]any{"LastName": "Roe"}),
		s.UpsertStep("s", "SMS__c", "External_Id__c", "m1", map[string]any{"Name": "SMS-1", "Contact__c": "@{c.id}"})})
	must(t, err)
	if e := salesforce.FirstFailure(steps); e != nil {
		t.Fatal(e)
	}
	if sms := s.there.Get("SMS__c", steps[1].ID); sms["Contact__c"] != steps[0].ID {
		t.Errorf("the message is %v", sms)
	}
	steps, err = s.Composite(ctx, true, []salesforce.Step{s.CreateStep("a", "Contact", map[string]any{"LastName": "Undone"}), s.UpdateStep("b", "Contact", id, map[string]any{"LastName": nil})})
	if e := salesforce.FirstFailure(steps); err != nil || e == nil || e.Class != salesforce.ClassPermanent {
		t.Errorf("got %+v, %v", steps, err)
	}
	if n, err := s.Count(ctx, salesforce.Count("Contact").Where(salesforce.Eq("LastName", "Undone")), true); err != nil || n != 0 {
		t.Errorf("%d were made, %v", n, err)
	}
	// What we count is what the org counts.
	ours := 0
	for _, n := range s.meter.spent {
		ours += n
	}
	if theirs := s.there.APIUsage(); theirs != ours {
		t.Errorf("we counted %d calls, the org %d", ours, theirs)
	}
	must(t, s.Delete(ctx, "Contact", id))
	if _, err := s.Retrieve(ctx, "Contact", id); salesforce.ClassOf(err) != salesforce.ClassGone {
		t.Errorf("got %v", err)
	}
	if limits, err := s.Limits(ctx); err != nil || limits["DailyApiRequests"].Max != 1_000_000 {
		t.Errorf("got %v, %v", limits, err)
	}
	if all, err := s.Objects(ctx); err != nil || len(all) < 5 {
		t.Errorf("got %d objects, %v", len(all), err)
	}
	if _, err := s.Describe(ctx, "Nope__c"); !salesforce.HasCode(err, salesforce.CodeNoSuch) {
		t.Errorf("got %v", err)
	}
}

// A slow answer ends with its context, and what it may have done is unknown.
func TestASlowOrgIsLeft(t *testing.T) {
	s := simulate(t)
	end := make(chan struct{})
	defer close(end)
	s.there.Fail(sforg.Fault{Kind: sforg.Slow, Method: "POST", Path: "/sobjects/Contact", Until: end})
	_, err := s.Token(t.Context())
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Create(ctx, "Contact", map[string]any{"LastName": "Doe"}, salesforce.WriteOptions{}); salesforce.ClassOf(err) != salesforce.ClassUnknown {
		t.Errorf("got %v", err)
	}
}
