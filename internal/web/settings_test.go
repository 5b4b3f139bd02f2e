package web

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// Every address asks for the permission that the role table gives; who is not
// signed in gets to none but the public ones.
func TestRoutesAskForPermission(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	visitors := map[switchboard.Role]*testVisitor{
		switchboard.Admin:  s.as(dana),
		switchboard.Agent:  s.as(storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)),
		switchboard.Viewer: s.as(storetest.User(t, s.db, "Kim Lee", switchboard.Viewer)),
	}
	public := []string{"/sign-in", "/sign-in/link", "/sign-out", "/setup"}
	for _, to := range s.server.routes() {
		method, path, _ := strings.Cut(to.pattern, " ")
		path = strings.NewReplacer("{$}", "", "{id}", "0123", "{object}", "contact").Replace(path)
		if to.may == "" {
			if !slices.Contains(public, path) {
				t.Errorf("%s is open to everybody", to.pattern)
			}
			continue
		}
		if path == "/live" {
			continue // it does not end by itself
		}
		visit := func(v *testVisitor) int {
			r, err := http.NewRequestWithContext(t.Context(), method, s.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			v.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			return v.sends(r).status
		}
		if got := visit(s.visitor()); got != http.StatusSeeOther && got != http.StatusUnauthorized {
			t.Errorf("%s answers a stranger %d", to.pattern, got)
		}
		for role, v := range visitors {
			if got := visit(v); (got == http.StatusForbidden) == role.Can(to.may) {
				t.Errorf("%s answers %s %d", to.pattern, role, got)
			}
		}
	}
}

func TestUsersComeAndGo(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	v := s.as(dana)
	v.posts("/settings/users", "name", "Sam Ortiz", "email", "sam", "role", "agent").says(http.StatusUnprocessableEntity, "is not an e-mail address")
	v.posts("/settings/users", "name", "Sam Ortiz", "email", "sam@example.com", "role", "agent").says(http.StatusOK, "Sam Ortiz can sign in by this link")
	link := v.value("link")
	sam := s.visitor()
	sam.opens(strings.TrimPrefix(link, s.url)).says(http.StatusOK, "Sign in as Sam Ortiz")
	_, token, _ := strings.Cut(link, "token=")
	sam.posts("/sign-in/link", "token", token).says(http.StatusOK, "Good")
	v.opens("/settings/users")
	if strings.Contains(v.body, token) {
		t.Error("the link is shown again")
	}
	v.posts("/settings/users", "name", "Sam", "email", "sam@example.com", "role", "agent").says(http.StatusUnprocessableEntity, "already")
	u, err := s.db.UserByEmail(t.Context(), dana.OrgID, "sam@example.com")
	if err != nil {
		t.Fatal(err)
	}
	sam.opens("/settings/users").says(http.StatusForbidden, "may not")
	v.posts("/settings/users/"+u.ID+"/role", "role", "viewer").says(http.StatusOK, "Sam Ortiz is Viewer now")
	v.posts("/settings/users/"+u.ID+"/disable").says(http.StatusOK, "Sam Ortiz is disabled", "Disabled")
	if sam.opens("/"); sam.path != "/sign-in" {
		t.Error("a disabled user is still signed in")
	}
	v.posts("/settings/users/"+u.ID+"/link").says(http.StatusOK, "Not changed")
	v.posts("/settings/users/"+dana.ID+"/disable").says(http.StatusOK, "Not changed", "You can't change your own account")
	v.opens("/settings/audit").says(http.StatusOK, "added a user", "disabled a user", "Sam Ortiz")
}

func TestTheAuditTrailSaysWhatWentAlong(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	channel := storetest.Channel(t, s.db, dana)
	for _, body := range []string{"Win a cruise", "Still time to win"} {
		storetest.Text(t, s.db, dana.OrgID, channel, "+12065550142", body)
	}
	m := storetest.Text(t, s.db, dana.OrgID, channel, "+12065550142", "Last chance")
	v := s.as(dana)
	v.posts("/messages/"+m.ID+"/dismiss", "reason", "spam", "scope", "sender").says(http.StatusOK, "3 texts dismissed")
	v.opens("/settings/audit").says(http.StatusOK, "dismissed a text", "with 2 others")
}

func TestAPIKeyIsShownOnce(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	v := s.as(dana)
	v.posts("/settings/api-keys", "name", " ", "role", "viewer").says(http.StatusUnprocessableEntity, "Name the program")
	v.posts("/settings/api-keys", "name", "Website", "role", "agent").says(http.StatusOK, "The key of Website")
	key := v.value("key")
	a, err := s.db.ActorByKey(t.Context(), key)
	if err != nil || a.Role != switchboard.Agent {
		t.Fatalf("the key %q is %+v, %v", key, a, err)
	}
	v.opens("/settings/api-keys").says(http.StatusOK, "Website")
	if strings.Contains(v.body, key) {
		t.Error("the key is shown again")
	}
	v.posts("/settings/api-keys/"+a.ID+"/revoke").says(http.StatusOK, "Key revoked")
	if _, err := s.db.ActorByKey(t.Context(), key); err == nil {
		t.Error("the revoked key works")
	}
}

func TestBlockList(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	storetest.Channel(t, s.db, dana)
	v := s.as(dana)
	v.posts("/settings/blocked-senders", "sender", "").says(http.StatusUnprocessableEntity, "Name the number or sender.")
	v.posts("/settings/blocked-senders", "sender", "(206) 555-0142", "reason", "spam").says(http.StatusOK, "(206) 555-0142 blocked", "spam", "by Dana Reyes")
	v.posts("/settings/blocked-senders/remove", "sender", "+12065550142").says(http.StatusOK, "unblocked", "Nobody is blocked.")
	viewer := s.as(storetest.User(t, s.db, "Kim Lee", switchboard.Viewer))
	viewer.opens("/settings/blocked-senders").says(http.StatusOK, "Nobody is blocked.")
	viewer.saysNot("Block a sender")
}

func TestChannelIsChanged(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	sam := storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent)
	v := s.as(dana)
	v.opens("/settings/channels/new?provider=twilio").says(http.StatusOK, "Connect Twilio")
	v.posts("/settings/channels", "provider", "twilio", "name", "Roofing", "region", "US", "number", "5125550101").says(http.StatusUnprocessableEntity, "Enter the auth token.")
	v.posts("/settings/channels", "provider", "twilio", "name", "Roofing", "region", "US", "number", "5125550101, 5125550102", "secret", "0123456789abcdef0123456789abcdef").
		says(http.StatusOK, "Roofing connected", "Waiting for the first call of Twilio")
	if strings.Contains(v.body, "0123456789abcdef") {
		t.Error("the provider's secret is shown")
	}
	channels, err := s.db.Channels(t.Context(), dana.OrgID)
	if err != nil || len(channels) != 1 {
		t.Fatalf("%d channels, %v", len(channels), err)
	}
	page := "/settings/channels/" + channels[0].ID
	v.posts(page, "name", "Roofs", "region", "US", "number", "", "authenticated_by", dana.ID).says(http.StatusUnprocessableEntity, "Name at least one number")
	v.posts(page, "name", "Roofs", "region", "US", "number", "(512) 555-0103", "authenticated_by", sam.ID).says(http.StatusOK, "Roofs saved", "Roofs")
	c, err := s.db.Channel(t.Context(), dana.OrgID, channels[0].ID)
	if err != nil || c.Name != "Roofs" || c.AuthenticatedBy != sam.ID || len(c.Numbers) != 1 || c.Numbers[0].Number != "+15125550103" || !c.HasSecret {
		t.Errorf("the channel is %+v, %v", c, err)
	}
	v.opens("/settings/channels").says(http.StatusOK, "Roofs", "Twilio", "(512) 555-0103", "No call yet")
}

func TestPhoneFieldsAndUnknownNumbers(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	c := storetest.Channel(t, s.db, dana)
	rec, _, err := s.desk.CreateRecord(t.Context(), dana, switchboard.Contact, switchboard.Fields{"LastName": "Okafor", "Fax": "(512) 555-0177", "Phone": "none"})
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := s.desk.Submit(t.Context(), dana, c.ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: "1", Sender: "+15125550177", Body: "Hello"})
	if err != nil || m.State != switchboard.Unassigned {
		t.Fatalf("%+v, %v", m, err)
	}
	v := s.as(dana)
	v.opens("/settings/phone-fields").says(http.StatusOK, "Numbers that cannot be read", "Okafor", "none")
	v.posts("/settings/phone-fields", "Contact", "Fax", "other-Contact", "not a field!").says(http.StatusUnprocessableEntity)
	v.posts("/settings/phone-fields", "Contact", "MobilePhone", "Contact", "Fax", "other-Contact", "Pager__c", "Lead", "Phone", "Account", "Phone").says(http.StatusOK, "Saved")
	if m, err = s.db.Message(t.Context(), dana.OrgID, m.ID); err != nil || m.Record == nil || m.Record.ID != rec.ID {
		t.Errorf("the text that waited is %s on %v, %v", m.State, m.Record, err)
	}
	set, err := s.db.Settings(t.Context(), dana.OrgID)
	if err != nil || !slices.Equal(set.PhoneFields[switchboard.Contact], []string{"MobilePhone", "Fax", "Pager__c"}) {
		t.Errorf("matched are %v, %v", set.PhoneFields, err)
	}

	v.opens("/settings/unknown-numbers").says(http.StatusOK, "would create Contact Unknown +12065550142")
	v.posts("/settings/unknown-numbers", "enabled", "on", "object", "Contact", "phone_field", "MobilePhone", "field", "LastName", "value", "New {fone}").says(http.StatusUnprocessableEntity, "There is no placeholder {fone}")
	v.posts("/settings/unknown-numbers", "enabled", "on", "object", "Contact", "phone_field", "MobilePhone", "field", "LastName", "value", "New {national}", "field", "", "value", "").says(http.StatusOK, "It is on.", "creates Contact New (206) 555-0142")
	m, _, err = s.desk.Submit(t.Context(), dana, c.ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: "2", Sender: "+12065550142", Body: "Hello"})
	if err != nil || m.Record == nil || m.Record.Name != "New (206) 555-0142" {
		t.Errorf("a text from an unknown number is on %+v, %v", m.Record, err)
	}
	v.opens("/records/"+m.Record.ID).says(http.StatusOK, "Created from an unknown number")
}

func TestOrganization(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	v := s.as(dana)
	v.posts("/settings/organization", "name", " ", "region", "GB", "time_zone", "Europe/London").says(http.StatusUnprocessableEntity, "Enter the name of your organization.")
	v.posts("/settings/organization", "name", "Northside", "region", "GB", "time_zone", "Nowhere/Land").says(http.StatusUnprocessableEntity, "There is no time zone")
	v.posts("/settings/organization", "name", "Northside", "region", "GB", "time_zone", "Europe/London").says(http.StatusOK, "Saved", "Northside")
	set, err := s.db.Settings(t.Context(), dana.OrgID)
	if err != nil || set.OrgName != "Northside" || set.Region != "GB" || set.TimeZone != "Europe/London" {
		t.Errorf("the settings are %+v, %v", set, err)
	}
}

func TestQuarantineShowsTheFormOnly(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	_, token, err := s.desk.CreateChannel(t.Context(), dana, store.NewChannel{Provider: "generic", Region: "US", Numbers: []string{"+15125550100"}, Secret: "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="})
	if err != nil {
		t.Fatal(err)
	}
	a, err := s.hooks.Account(t.Context(), "generic", token)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"from": "+15125550177", "text": "My secret is tangerine"}`
	err = s.hooks.Quarantine(t.Context(), a, provider.Request{Method: "POST", URL: s.url + "/hooks/generic/x", Header: http.Header{"Content-Type": {"application/json"}, "X-Secret": {"tangerine"}}, Body: []byte(body), ReceivedAt: s.clock.Now()}, "The body has no body.")
	if err != nil {
		t.Fatal(err)
	}
	v := s.as(dana)
	v.opens("/settings/quarantine").says(http.StatusOK, "The body has no body.", "58 bytes")
	list, _, err := s.db.Quarantined(t.Context(), dana.OrgID, store.Page{Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d items, %v", len(list), err)
	}
	page := "/settings/quarantine/" + list[0].ID
	v.opens(page).says(http.StatusOK, `"from"`, `"+00000000000"`, "application/json")
	if strings.Contains(v.body, "tangerine") || strings.Contains(v.body, "5550177") {
		t.Error("the page shows what somebody wrote")
	}
	v.posts(page + "/replay")
	v.says(http.StatusOK, "Not changed", "does not prove that it comes from the provider")
}
