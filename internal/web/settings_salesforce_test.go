package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// fakeSalesforce is an org that lets in who has the secret "open".
type fakeSalesforce struct {
	db        *store.DB
	login     SalesforceLogin
	callback  string
	check     SalesforceCheck
	failed    error
	installed SalesforceInstallation
}

func (f *fakeSalesforce) Connect(ctx context.Context, actor switchboard.Actor, l SalesforceLogin) error {
	f.login = l
	switch {
	case l.LoginURL == "":
		return switchboard.Invalid("login_url", "Enter the org’s My Domain.")
	case l.Method == ByJWT && !strings.Contains(l.PrivateKey, "BEGIN"):
		return switchboard.Invalid("key", "Paste the key.")
	case l.Method == ByClientCredentials && l.ClientSecret != "open":
		return switchboard.Invalid("", "Salesforce does not know the app.")
	}
	return f.keep(ctx, actor)
}

func (f *fakeSalesforce) keep(ctx context.Context, actor switchboard.Actor) error {
	c := store.Salesforce{SalesforceSettings: store.SalesforceSettings{Method: "client_credentials", LoginURL: "https://acme.my.salesforce.com", ClientID: "key", APIVersion: "62.0"},
		UserID: actor.ID, SalesforceUserID: "0055g000004CVEpAAO", SalesforceOrgID: "00D5g000004CVEpEAO"}
	return f.db.ConnectSalesforce(ctx, actor, c, store.SalesforceSecret{ClientSecret: "open"})
}

func (f *fakeSalesforce) Leave(_ context.Context, _ switchboard.Actor, l SalesforceLogin, callback string) (string, []byte, error) {
	f.login, f.callback = l, callback
	return "https://acme.my.salesforce.com/services/oauth2/authorize?state=s1", []byte("pending"), nil
}

func (f *fakeSalesforce) Return(ctx context.Context, actor switchboard.Actor, pending []byte, state, code string) error {
	if string(pending) != "pending" || state != "s1" || code != "c1" {
		return switchboard.Errorf(switchboard.CodeConflict, "Begin it again.")
	}
	return f.keep(ctx, actor)
}

func (f *fakeSalesforce) Check(context.Context, string, bool) (SalesforceCheck, error) {
	return f.check, f.failed
}
func (f *fakeSalesforce) Install(context.Context, string) (string, error) { return "0Af1", f.failed }
func (f *fakeSalesforce) Installation(context.Context, string, string) (SalesforceInstallation, error) {
	return f.installed, f.failed
}

func newSalesforceSite(t *testing.T) (*testSite, *fakeSalesforce, switchboard.Actor) {
	f := &fakeSalesforce{}
	s := newTestSite(t, func(c *Config) { f.db, c.SignIn, c.Salesforce = c.DB, f, f })
	return s, f, storetest.Admin(t, s.db)
}

func TestConnectSalesforce(t *testing.T) {
	s, f, dana := newSalesforceSite(t)
	v := s.as(dana)
	v.opens("/settings").says(http.StatusOK, "Salesforce", "Not connected")
	v.opens(partSalesforce).says(http.StatusOK, "How to sign in", "Client credentials", salesforceCallback)
	form := []string{"by", ByClientCredentials, "login_url", " https://acme.my.salesforce.com ", "client_id", "key", "client_secret", "hush-hush", "daily_calls", "5,000"}
	v.posts(partSalesforce, form...).says(http.StatusUnprocessableEntity, "Salesforce does not know the app.")
	if strings.Contains(v.body, "hush-hush") || v.value("sf-login") != " https://acme.my.salesforce.com " && v.value("sf-login") == "" {
		t.Error("the secret is shown again, or what may be is not")
	}
	if f.login.DailyCalls != 5000 || f.login.LoginURL != "https://acme.my.salesforce.com" {
		t.Errorf("the login is %+v", f.login)
	}
	v.posts(partSalesforce, "by", ByClientCredentials, "daily_calls", "many").says(http.StatusUnprocessableEntity, "Enter a number such as 5000")
	v.posts(partSalesforce, "by", ByClientCredentials).says(http.StatusUnprocessableEntity, "Enter the org’s My Domain.")
	v.posts(partSalesforce, "by", ByJWT, "login_url", "https://acme.my.salesforce.com", "key", "nonsense-key").says(http.StatusUnprocessableEntity, "Paste the key.")
	if strings.Contains(v.body, "nonsense-key") {
		t.Error("the key is shown again")
	}
	v.posts(partSalesforce, "by", ByJWT, "key", strings.Repeat("x", maxConnectForm)).says(http.StatusUnprocessableEntity, "too large")
	form[7] = "open"
	v.posts(partSalesforce, form...).says(http.StatusOK, "Connected", "acme.my.salesforce.com", "Tied to", storetestName)
	v.opens("/settings").says(http.StatusOK, "Connected")
	v.posts(partSalesforce+"/sync").says(http.StatusOK, "Syncing")
	v.posts(partSalesforce+"/disconnect").says(http.StatusOK, "Disconnected", "00D5g000004CVEpEAO", "How to sign in")
	v.posts(partSalesforce + "/sync").says(http.StatusOK)

	// Nobody but an admin comes near any of it.
	sam := s.as(storetest.User(t, s.db, "Sam Ortiz", switchboard.Agent))
	for _, r := range s.server.salesforceRoutes() {
		method, path, _ := strings.Cut(r.pattern, " ")
		if method == http.MethodGet {
			sam.opens(path)
		} else {
			sam.posts(path)
		}
		if sam.status != http.StatusForbidden {
			t.Errorf("%s answers an agent %d", r.pattern, sam.status)
		}
	}
}

// storetestName is what storetest calls the admin.
const storetestName = "Dana Reyes"

func TestSignInWithSalesforce(t *testing.T) {
	s, f, dana := newSalesforceSite(t)
	v := s.as(dana)
	v.opens(salesforceCallback+"?code=c1&state=s1").says(http.StatusUnprocessableEntity, "was not begun in this browser")
	form := []string{"by", ByWebServer, "login_url", "https://acme.my.salesforce.com", "client_id", "key"}
	// Without a script there is a link: our policy stops a form's redirect.
	v.posts(partSalesforce, form...).says(http.StatusOK, "Continue to acme.my.salesforce.com")
	if f.callback != s.url+salesforceCallback {
		t.Errorf("Salesforce is to lead back to %s", f.callback)
	}
	v.opens(salesforceCallback+"?error=access_denied&state=s1").says(http.StatusUnprocessableEntity, "was not allowed in Salesforce")
	v.opens(salesforceCallback+"?code=c1&state=s1").says(http.StatusUnprocessableEntity, "was not begun in this browser")
	v.posts(partSalesforce, form...)
	v.opens(salesforceCallback+"?error=x&error_description="+url.QueryEscape(strings.Repeat("<b>no</b> ", 100))).says(http.StatusUnprocessableEntity, "Salesforce did not let us in: <b>no</b>", "…")
	v.posts(partSalesforce, form...)
	v.opens(salesforceCallback+"?code=c1&state=other").says(http.StatusUnprocessableEntity, "Begin it again.")
	v.posts(partSalesforce, form...)
	v.opens(salesforceCallback+"?code=c1&state=s1").says(http.StatusOK, "Connected", "Tied to")
	// A script is told where to go.
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+partSalesforce, strings.NewReader(url.Values{"by": {ByWebServer}, "login_url": {"https://acme.my.salesforce.com"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("HX-Request", "true")
	if v.sends(r); !strings.HasPrefix(v.header.Get("HX-Redirect"), "https://acme.my.salesforce.com/") {
		t.Errorf("a script is led to %q", v.header.Get("HX-Redirect"))
	}
}

func TestSalesforceChecksAndInstallation(t *testing.T) {
	s, f, dana := newSalesforceSite(t)
	if err := f.keep(t.Context(), dana); err != nil {
		t.Fatal(err)
	}
	v := s.as(dana)
	f.check = SalesforceCheck{Org: "Acme", User: "bot@acme.example", Ours: "1.2.0", Findings: []SalesforceFinding{
		{LevelOK, "scope api", ""}, {LevelWarn, "package 1.1.0 is older than 1.2.0", "Install the package"}, {LevelFail, "no View All on Lead", "Assign it"}}}
	v.opens(partSalesforce).says(http.StatusOK, "Asking Salesforce…", "Not looked at yet")
	v.opens(partSalesforce+"/checks").says(http.StatusOK, "1 problem and 1 warning", "No View All on Lead", "Assign it.", "bot@acme.example", "Acme · acme.my.salesforce.com")
	v.opens(partSalesforce+"?check=again").says(http.StatusOK, "Scope api", "Not installed", "Install the package")
	f.check.Package = "1.1.0"
	v.opens(partSalesforce+"/checks?again=1").says(http.StatusOK, "Installed, 1.1.0", "Install 1.2.0")
	f.failed = switchboard.Errorf(switchboard.CodeConflict, "Salesforce did not answer in time.")
	v.opens(partSalesforce+"/checks").says(http.StatusOK, "Could not be checked.", "Salesforce did not answer in time.")
	v.posts(partSalesforce+"/install").says(http.StatusOK, "Not changed", "Salesforce did not answer in time.")

	f.failed = nil
	v.posts(partSalesforce+"/install").says(http.StatusOK, "Being installed")
	f.installed = SalesforceInstallation{Deployed: 3, Total: 40}
	v.opens(partSalesforce+"/installation").says(http.StatusOK, "3 of 40 parts are there.")
	f.failed = switchboard.Errorf(switchboard.CodeConflict, "It is away.")
	v.opens(partSalesforce+"/installation").says(http.StatusOK, "Looking again")
	f.failed, f.installed = nil, SalesforceInstallation{Done: true, Failed: "CustomObject SMS__c: no room"}
	v.opens(partSalesforce+"/installation").says(http.StatusOK, "Not installed.", "CustomObject SMS__c: no room.", "Install the package")
	v.opens(partSalesforce + "/installation")
	if v.status != http.StatusNoContent || v.header.Get("HX-Refresh") != "true" {
		t.Errorf("after its end it is %d", v.status)
	}
	v.posts(partSalesforce + "/install")
	f.installed = SalesforceInstallation{Done: true}
	if v.opens(partSalesforce + "/installation"); v.header.Get("HX-Redirect") != partSalesforce {
		t.Errorf("when it is done, the page goes to %q", v.header.Get("HX-Redirect"))
	}
	v.opens(partSalesforce).says(http.StatusOK, "Package installed")
}

func TestSalesforceProgress(t *testing.T) {
	s, f, dana := newSalesforceSite(t)
	if err := f.keep(t.Context(), dana); err != nil {
		t.Fatal(err)
	}
	v := s.as(dana)
	set := func(c store.SyncCursor) {
		if err := s.db.SetSyncCursor(t.Context(), dana.OrgID, c); err != nil {
			t.Fatal(err)
		}
	}
	set(store.SyncCursor{Object: switchboard.Contact, LoadRows: 412_000, LoadTotal: 1_000_000})
	v.opens(partSalesforce).says(http.StatusOK, "412,000 of 1,000,000", "Loading", "Reading the org for the first time")
	was := ""
	for _, n := range elements(v.doc) {
		if attr(n, "id") == "sf-poll" {
			was = attr(n, "hx-get")
		}
	}
	if v.opens(was); v.status != http.StatusNoContent {
		t.Errorf("without news it is %d", v.status)
	}
	set(store.SyncCursor{Object: switchboard.Contact, LoadRows: 1_000_000, LoadTotal: 1_000_000, LoadedAt: s.clock.Now()})
	if err := s.db.NoteSalesforce(t.Context(), dana.OrgID, store.VerdictOK, true); err != nil {
		t.Fatal(err)
	}
	if err := s.db.CountCalls(t.Context(), dana.OrgID, store.SalesforceCalls{ByPurpose: map[string]int64{"poll": 12}, Used: 1204, Max: 15_000}); err != nil {
		t.Fatal(err)
	}
	v.opens(was).says(http.StatusOK, "Loaded", "In line with Salesforce", "1,204 of 15,000 API calls", "12 by Switchboard today")
	if err := s.db.NoteSalesforce(t.Context(), dana.OrgID, "the app lacks the scope api", false); err != nil {
		t.Fatal(err)
	}
	v.opens(partSalesforce).says(http.StatusOK, "Connected, with trouble", "The app lacks the scope api.")
}

func TestRecordAndSalesforce(t *testing.T) {
	s, f, dana := newSalesforceSite(t)
	v := s.as(dana)
	before := storetest.Contact(t, s.db, dana, "Ada Okafor", "(512) 555-0177")
	v.opens("/records/" + before.ID)
	v.saysNot("Salesforce")
	if err := f.keep(t.Context(), dana); err != nil {
		t.Fatal(err)
	}
	v.opens("/records/"+before.ID).says(http.StatusOK, "Not in Salesforce yet")
	ctx, org := t.Context(), dana.OrgID
	r := storetest.Contact(t, s.db, dana, "Ben Okafor", "(512) 555-0178")
	v.opens("/records/"+r.ID).says(http.StatusOK, "On its way to Salesforce")
	if _, err := s.db.RefuseRecord(ctx, org, r.ID, store.Refusal{Message: "Enter an e-mail address", Field: "Email"}); err != nil {
		t.Fatal(err)
	}
	jobs, err := s.db.ClaimJobs(ctx, store.KindRecordPush, 10, 1)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%d jobs, %v", len(jobs), err)
	}
	if err := s.db.FinishJobs(ctx, []store.JobResult{{Job: jobs[0], Error: "no"}}); err != nil {
		t.Fatal(err)
	}
	v.opens("/records/"+r.ID).says(http.StatusOK, "Refused by Salesforce", "Email: Enter an e-mail address.", "Salesforce: Enter an e-mail address.", "Edit Email")
	v.opens("/records/"+r.ID+"?edit=Email").says(http.StatusOK, "Salesforce: Enter an e-mail address.")
	v.opens(unwrittenPath).says(http.StatusOK, "Ben Okafor", "Enter an e-mail address.", "1 try", "Edit Email")
	v.posts("/records/"+r.ID, "do", "use-existing", "salesforce_id", "nonsense").says(http.StatusOK, "Choose one of the records")
	v.posts(unwrittenPath+"/retry", "kind", store.KindRecordPush, "id", r.ID).says(http.StatusOK, "Trying again")
	v.posts(unwrittenPath+"/retry", "kind", store.KindRecordPush, "id", "none").says(http.StatusOK, "any more")
	v.posts(unwrittenPath+"/retry", "kind", "webhook", "id", r.ID).says(http.StatusOK, "nothing called")
	viewer := s.as(storetest.User(t, s.db, "Kim Lee", switchboard.Viewer))
	viewer.opens("/records/"+r.ID).says(http.StatusOK, "Refused by Salesforce")
	viewer.saysNot("Try again")
	viewer.posts("/records/"+r.ID, "do", "sync")
	if viewer.status != http.StatusForbidden {
		t.Errorf("a viewer gets %d", viewer.status)
	}
	v.posts("/records/"+r.ID, "do", "sync").says(http.StatusOK, "Trying again")
}

// Where both sides changed a field, what stood here is not lost.
func TestWhatSalesforceOverrodeIsShown(t *testing.T) {
	s, f, dana := newSalesforceSite(t)
	if err := f.keep(t.Context(), dana); err != nil {
		t.Fatal(err)
	}
	there := switchboard.RemoteRecord{SalesforceID: "0035g000004CVEpAAO", Object: switchboard.Contact, Fields: switchboard.Fields{"LastName": "Okafor", "Title": "Owner"}, Stamp: s.clock.Now()}
	apply := func() {
		t.Helper()
		s.clock.Advance(time.Minute)
		if _, err := s.db.ApplyRemote(t.Context(), dana.OrgID, store.Remote{ReadAt: s.clock.Now(), Records: []switchboard.RemoteRecord{there}}); err != nil {
			t.Fatal(err)
		}
	}
	apply()
	r, err := s.db.RecordBySalesforceID(t.Context(), dana.OrgID, there.SalesforceID)
	if err != nil {
		t.Fatal(err)
	}
	v := s.as(dana)
	v.opens("/records/"+r.ID).says(http.StatusOK, "In line with Salesforce", "Open 0035g000004CVEpAAO in Salesforce")
	if _, _, err := s.desk.UpdateRecord(t.Context(), dana, r.ID, 0, switchboard.Fields{"Title": "Founder"}); err != nil {
		t.Fatal(err)
	}
	there.Fields = switchboard.Fields{"LastName": "Okafor", "Title": "Director"}
	there.Stamp = s.clock.Now()
	apply()
	v.opens("/records/"+r.ID).says(http.StatusOK, "Changed on both sides", "“Director”", "ours was “Founder”")
	v.opens(partAudit).says(http.StatusOK, "kept Salesforce’s value where both sides changed a field", "Title: “Director” stands, ours was “Founder”")
}
