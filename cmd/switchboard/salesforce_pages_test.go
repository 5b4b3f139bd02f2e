package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
	"github.com/switchboardhq/switchboard/internal/web"
)

func pagesOf(j *joint) *salesforcePages {
	return newSalesforcePages(j.p, j.db, desk.New(j.db, intake.New(j.db, intake.Config{}), &live.Hub{}, j.clock.Now, nil))
}

func (j *joint) loginURL() string {
	j.t.Helper()
	c, err := j.db.Salesforce(j.t.Context(), j.org)
	j.must(err)
	return c.LoginURL
}

// A sign-in ends by who began it, with what came back, and soon, or not at all.
func TestASignInAtSalesforceBelongsToWhoBeganIt(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	pages := pagesOf(j)
	const callback = "http://127.0.0.1:1/settings/salesforce/callback"
	leave := func() (pending []byte, state, code string) {
		t.Helper()
		address, pending, err := pages.Leave(t.Context(), j.dana, web.SalesforceLogin{Method: web.ByWebServer, LoginURL: j.loginURL(), ClientID: j.sf.ClientID(), ClientSecret: j.sf.ClientSecret()}, callback)
		j.must(err)
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		res, err := client.Get(address)
		j.must(err)
		j.must(res.Body.Close())
		back, err := url.Parse(res.Header.Get("Location"))
		j.must(err)
		if q := back.Query(); q.Get("code") == "" || back.Scheme+"://"+back.Host+back.Path != callback {
			t.Fatalf("Salesforce leads to %s", back)
		}
		return pending, back.Query().Get("state"), back.Query().Get("code")
	}
	refuses := func(what string, err error) {
		t.Helper()
		if switchboard.ErrorCode(err) != switchboard.CodeConflict {
			t.Errorf("%s: %v", what, err)
		}
	}
	pending, state, code := leave()
	refuses("another state", pages.Return(t.Context(), j.dana, pending, state+"x", code))
	kim := storetest.User(t, j.db, "Kim Lee", switchboard.Admin)
	refuses("another user", pages.Return(t.Context(), kim, pending, state, code))
	refuses("another org", pages.Return(t.Context(), switchboard.Actor{OrgID: "other", ID: j.dana.ID, Role: switchboard.Admin}, pending, state, code))
	refuses("nothing", pages.Return(t.Context(), j.dana, nil, "", code))
	pending[len(pending)-1] ^= 1
	refuses("what was changed", pages.Return(t.Context(), j.dana, pending, state, code))
	pending, state, code = leave()
	j.clock.Advance(signInLife + time.Second)
	refuses("too late", pages.Return(t.Context(), j.dana, pending, state, code))
	pending, state, code = leave()
	j.must(pages.Return(t.Context(), j.dana, pending, state, code))
	c, err := j.db.Salesforce(t.Context(), j.org)
	if err != nil || c.Method != byWebServer || c.UserID != j.dana.ID || c.SalesforceOrgID != j.sf.OrgID() || c.Instance == "" {
		t.Errorf("the connection is %+v, %v", c, err)
	}
	j.sync()
}

// An app may replace the refresh token whenever it is used. Whoever asks next,
// in whichever process, uses the one that is alive.
func TestRefreshTokensAreUsedUp(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	alive := 1
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.PostFormValue("refresh_token") != "r"+strconv.Itoa(alive) {
			w.WriteHeader(http.StatusBadRequest)
			_ = json.NewEncoder(w).Encode(map[string]string{"error": "invalid_grant", "error_description": "expired access/refresh token"})
			return
		}
		alive++
		_ = json.NewEncoder(w).Encode(map[string]string{"access_token": "a" + strconv.Itoa(alive), "refresh_token": "r" + strconv.Itoa(alive), "token_type": "Bearer",
			"instance_url": "http://" + r.Host, "id": "http://" + r.Host + "/id/" + j.sf.OrgID() + "/" + j.sf.Admin().ID, "issued_at": "1"})
	}))
	defer server.Close()
	c := store.Salesforce{SalesforceSettings: store.SalesforceSettings{Method: byWebServer, LoginURL: server.URL, ClientID: "key", APIVersion: "62.0"},
		UserID: j.dana.ID, SalesforceUserID: j.sf.Admin().ID, SalesforceOrgID: j.sf.OrgID()}
	secret := store.SalesforceSecret{RefreshToken: "r1"}
	j.must(j.db.ConnectSalesforce(t.Context(), j.dana, c, secret))
	h := salesforce.NewHTTP(nil)
	defer h.CloseIdleConnections()
	var grants []salesforce.Grant
	for range 2 {
		g, err := grantOf(j.p, j.db, j.org, c, secret, h)
		j.must(err)
		grants = append(grants, g)
	}
	for i := range 6 {
		token, err := grants[i%2].Grant(t.Context())
		if err != nil || token.Access != "a"+strconv.Itoa(i+2) {
			t.Fatalf("grant %d: %q, %v", i, token.Access, err)
		}
	}
	alive = 99 // somebody has revoked it
	if _, err := grants[0].Grant(t.Context()); salesforce.ClassOf(err) != salesforce.ClassPermanent {
		t.Errorf("revoked: %v", err)
	}
}

// A page that is opened often does not ask Salesforce each time, and what it
// asks is counted.
func TestChecksAreKeptAndCounted(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	pages := pagesOf(j)
	check := func(again bool) (web.SalesforceCheck, int64) {
		t.Helper()
		c, err := pages.Check(t.Context(), j.org, again)
		j.must(err)
		calls, err := j.db.CallsToday(t.Context(), j.org)
		j.must(err)
		return c, calls[salesforce.UseSetup]
	}
	first, made := check(false)
	if made == 0 || first.Package != first.Ours || first.Org == "" || first.User != j.sf.Admin().Username {
		t.Errorf("%d calls found %+v", made, first)
	}
	for _, f := range first.Findings {
		if f.Level != web.LevelOK {
			t.Errorf("found %+v", f)
		}
	}
	if _, again := check(false); again != made {
		t.Errorf("a second look made %d calls", again-made)
	}
	if _, again := check(true); again <= made {
		t.Error("asked again, it did not look again")
	}
	_, before := check(false)
	j.must(j.db.RenewSalesforce(t.Context(), j.org))
	if _, after := check(false); after <= before {
		t.Error("the org was changed, and the old check is shown")
	}
}

func TestConnectingFromThePage(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	pages := pagesOf(j)
	good := web.SalesforceLogin{Method: web.ByClientCredentials, LoginURL: j.loginURL(), ClientID: j.sf.ClientID(), ClientSecret: j.sf.ClientSecret()}
	for _, c := range []struct {
		change func(*web.SalesforceLogin)
		field  string
	}{
		{func(l *web.SalesforceLogin) { l.LoginURL = "" }, "login_url"},
		{func(l *web.SalesforceLogin) { l.LoginURL = "acme" }, "login_url"},
		{func(l *web.SalesforceLogin) { l.ClientID = "" }, "client_id"},
		{func(l *web.SalesforceLogin) { l.ClientSecret = "" }, "client_secret"},
		{func(l *web.SalesforceLogin) { l.ClientSecret = "wrong" }, ""},
		{func(l *web.SalesforceLogin) { l.APIVersion = "12.0" }, "api_version"},
		{func(l *web.SalesforceLogin) { l.Method = web.ByJWT }, "username"},
		{func(l *web.SalesforceLogin) { l.Method, l.Username = web.ByJWT, "x" }, "key"},
		{func(l *web.SalesforceLogin) { l.Method, l.Username, l.PrivateKey = web.ByJWT, "x", "-----" }, "key"},
		{func(l *web.SalesforceLogin) { l.Method = "password" }, "by"},
	} {
		login := good
		c.change(&login)
		err := pages.Connect(t.Context(), j.dana, login)
		e, _ := errors.AsType[*switchboard.Error](err)
		if switchboard.ErrorCode(err) != switchboard.CodeInvalid || e.Field != c.field { // e is not nil then
			t.Errorf("%+v: %v, want it invalid at %q", login, err, c.field)
		}
	}
	j.must(pages.Connect(t.Context(), j.dana, good))
}
