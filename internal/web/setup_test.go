package web

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func (s *testSite) setupLink() string {
	s.t.Helper()
	token, err := s.db.CreateSetupLink(s.t.Context(), storetest.Org(s.t, s.db))
	if err != nil {
		s.t.Fatal(err)
	}
	return token
}

func TestSetUpToTheFirstText(t *testing.T) {
	s := newTestSite(t)
	token, later := s.setupLink(), s.setupLink()
	v := s.visitor()
	v.opens("/sign-in").says(http.StatusOK, "not set up yet")
	v.opens("/setup?token="+token).says(http.StatusOK, "Your name", "Organization name", "Country", "Time zone")
	if got := v.header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("Referrer-Policy is %q", got)
	}

	// All that is wrong is said at once.
	v.posts("/setup", "token", token, "password", "short", "region", "US", "zone", "UTC").says(http.StatusUnprocessableEntity, "Enter a name.", "Use at least 10 characters", "Enter the name of your organization.")
	form := []string{"token", token, "name", "Dana Reyes", "email", "dana@northside.example", "password", "short", "organization", "Northside", "region", "US", "zone", "America/Chicago"}
	v.posts("/setup", form...).says(http.StatusUnprocessableEntity, "Use at least 10 characters")
	if got := v.value("name"); got != "Dana Reyes" {
		t.Errorf("what was typed is gone: the name is %q", got)
	}
	form[7] = goodPassword
	v.posts("/setup", form...).says(http.StatusOK, "Get your first text in", "TrueDialog", "Twilio", "Any program")
	if v.path != "/setup/channel" {
		t.Errorf("it goes on at %s", v.path)
	}

	v.posts("/setup/channel", "provider", "generic", "name", "Main line", "region", "US", "number", "call me").says(http.StatusUnprocessableEntity, "neither a full number")
	v.posts("/setup/channel", "provider", "generic", "name", "Main line", "region", "US", "number", "(512) 555-0100").
		says(http.StatusOK, "as Main line with (512) 555-0100", "Waiting for the first call")
	address := v.value("address")
	if !strings.HasPrefix(address, s.url+"/hooks/generic/") || !strings.HasPrefix(v.value("secret"), "whsec_") {
		t.Errorf("the address is %q, the secret %q", address, v.value("secret"))
	}
	id := regexp.MustCompile(`/setup/channel/([0-9a-f]+)/test`).FindStringSubmatch(v.body)
	if id == nil {
		t.Fatal("there is no button for a test text")
	}
	v.posts("/setup/channel/"+id[1]+"/test").says(http.StatusOK, "SMS-000001", "(202) 555-0147", "No record has (202) 555-0147")

	org := storetest.Org(t, s.db)
	list, _, err := s.db.Messages(t.Context(), org, store.MessageFilter{Page: store.Page{Limit: 10}})
	if err != nil || len(list) != 1 || list[0].Ours != "+15125550100" || list[0].State != switchboard.Unassigned {
		t.Fatalf("the store holds %d texts, %v", len(list), err)
	}
	users, err := s.db.Users(t.Context(), org)
	if err != nil || len(users) != 1 || users[0].Role != switchboard.Admin {
		t.Fatalf("the users are %+v, %v", users, err)
	}
	bell, err := s.db.OpenNotifications(t.Context(), org, users[0].ID, 10)
	if err != nil || bell.Unread != 1 {
		t.Errorf("the bell of who connected the channel says %d, %v", bell.Unread, err)
	}

	// Neither link works any more.
	s.visitor().opens("/setup?token="+token).says(http.StatusGone, "used already")
	s.visitor().opens("/setup?token="+later).says(http.StatusGone, "set up already")
	form[1] = later
	s.visitor().posts("/setup", form...).says(http.StatusGone, "set up already")
	v.opens("/setup/channel").says(http.StatusOK, "Main line")
}

func TestChannelLiveAnswersOnlyWhatIsNew(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	c, _, err := s.desk.CreateChannel(t.Context(), dana, store.NewChannel{Provider: "generic", Region: "US", Numbers: []string{"+15125550100"}})
	if err != nil {
		t.Fatal(err)
	}
	v := s.as(dana)
	live := "/setup/channel/" + c.ID + "/live?was="
	if v.opens(live + "waiting"); v.status != http.StatusNoContent {
		t.Errorf("nothing new is %d", v.status)
	}
	for verdict, want := range map[string]string{"ok": "called 0 seconds ago", "The signature did not match. Check the secret here and at the provider.": "but it was not accepted. The signature did not match."} {
		if err := s.db.NoteCall(t.Context(), dana.OrgID, c.ID, verdict); err != nil {
			t.Fatal(err)
		}
		v.opens(live+"waiting").says(http.StatusOK, want)
	}
}

// A test text is refused where a provider's would be.
func TestTestTextNeedsTheRightSecret(t *testing.T) {
	s := newTestSite(t)
	dana := storetest.Admin(t, s.db)
	for provider, secret := range map[string]string{"generic": "whsec_MDEyMzQ1Njc4OWFiY2RlZg==", "twilio": "0123456789abcdef0123456789abcdef", "truedialog": "6f9619ff-8b86-d011-b42d-00cf4fc964ff"} {
		c, _, err := s.desk.CreateChannel(t.Context(), dana, store.NewChannel{Provider: provider, Region: "US", Numbers: []string{"+15125550100"}, Secret: secret})
		if err != nil {
			t.Fatal(err)
		}
		v := s.as(dana)
		v.posts("/settings/channels/"+c.ID+"/test").says(http.StatusOK, "A test text arrived")
		list, _, err := s.db.Messages(t.Context(), dana.OrgID, store.MessageFilter{ChannelID: c.ID, Page: store.Page{Limit: 10}})
		if err != nil || len(list) != 1 || list[0].Body != testBody {
			t.Errorf("%s: %d texts arrived, %v", provider, len(list), err)
		}
	}
}
