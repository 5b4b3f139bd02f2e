package sforg_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// post sends a form to the org, without a token.
func (w *world) post(path string, form url.Values) answer {
	w.t.Helper()
	return w.do("POST", path, form.Encode(), "Authorization", "", "Content-Type", "application/x-www-form-urlencoded")
}

// token asks for a token, and fails unless there is one.
func (w *world) issue(form url.Values) map[string]string {
	w.t.Helper()
	var got map[string]string
	w.post("/services/oauth2/token", form).must(w.t, 200, &got)
	if _, ok := got["expires_in"]; ok {
		w.t.Error("the answer tells when the token expires, which Salesforce's doesn't")
	}
	if got["instance_url"] != w.url || got["token_type"] != "Bearer" || !strings.HasSuffix(got["id"], "/id/"+w.OrgID()+"/"+got["id"][strings.LastIndex(got["id"], "/")+1:]) {
		w.t.Errorf("the answer is %v", got)
	}
	return got
}

// whoami returns the username that a token stands for, "" if for nobody.
func (w *world) whoami(token string) string {
	w.t.Helper()
	var got map[string]any
	a := w.do("GET", "/services/oauth2/userinfo", nil, "Authorization", "Bearer "+token)
	if a.status != 200 {
		return ""
	}
	a.must(w.t, 200, &got)
	name, _ := got["preferred_username"].(string)
	return name
}

func TestClientCredentialsRunAsTheirUser(t *testing.T) {
	w := newWorld(t)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {w.ClientID()}, "client_secret": {w.ClientSecret()}}
	if got := w.whoami(w.issue(form)["access_token"]); got != "admin@example.com" {
		t.Errorf("logged in as %q", got)
	}
	u, err := w.AddUser("integration@example.com", "Integration User")
	if err != nil {
		t.Fatal(err)
	}
	w.RunAs(u)
	if got := w.whoami(w.issue(form)["access_token"]); got != "integration@example.com" {
		t.Errorf("logged in as %q", got)
	}
	w.RunAs(nil)
	for _, tc := range []struct {
		change func(url.Values)
		code   string
	}{
		{func(url.Values) {}, "invalid_grant"},
		{func(f url.Values) { f.Set("client_secret", "wrong") }, "invalid_client"},
		{func(f url.Values) { f.Set("client_id", "wrong") }, "invalid_client_id"},
		{func(f url.Values) { f.Set("grant_type", "password") }, "unsupported_grant_type"},
	} {
		bad := url.Values{}
		for k, v := range form {
			bad[k] = v
		}
		tc.change(bad)
		var got map[string]string
		w.post("/services/oauth2/token", bad).must(t, 400, &got)
		if got["error"] != tc.code || got["error_description"] == "" {
			t.Errorf("%v: %v, want %s", bad, got, tc.code)
		}
	}
}

func TestAnAssertionIsTakenFromTheRegisteredKeyOnly(t *testing.T) {
	w := newWorld(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	w.RegisterKey(&key.PublicKey)
	sign := func(key *rsa.PrivateKey, alg string, claims map[string]any) url.Values {
		part := func(v any) string {
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return base64.RawURLEncoding.EncodeToString(b)
		}
		text := part(map[string]string{"alg": alg}) + "." + part(claims)
		sum := sha256.Sum256([]byte(text))
		sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {text + "." + base64.RawURLEncoding.EncodeToString(sig)}}
	}
	claims := func(change ...any) map[string]any {
		m := map[string]any{"iss": w.ClientID(), "sub": "admin@example.com", "aud": "https://login.salesforce.com", "exp": w.clock.Now().Add(3 * time.Minute).Unix()}
		for i := 0; i < len(change); i += 2 {
			m[change[i].(string)] = change[i+1]
		}
		return m
	}
	if got := w.whoami(w.issue(sign(key, "RS256", claims()))["access_token"]); got != "admin@example.com" {
		t.Errorf("logged in as %q", got)
	}
	for _, tc := range []struct {
		form url.Values
		want string
	}{
		{sign(other, "RS256", claims()), "invalid assertion"},
		{sign(key, "none", claims()), "invalid assertion"},
		{sign(key, "RS256", claims("aud", "https://elsewhere.example.com")), "audience is invalid"},
		{sign(key, "RS256", claims("sub", "nobody@example.com")), "user hasn't approved this consumer"},
		{sign(key, "RS256", claims("exp", w.clock.Now().Unix()-1)), "expired authorization code"},
		{sign(key, "RS256", claims("exp", w.clock.Now().Add(time.Hour).Unix())), "expiration is too far in the future"},
		{sign(key, "RS256", claims("iss", "x")), "client identifier invalid"},
	} {
		var got map[string]string
		w.post("/services/oauth2/token", tc.form).must(t, 400, &got)
		if got["error"] != "invalid_grant" || got["error_description"] != tc.want {
			t.Errorf("%v, want %q", got, tc.want)
		}
	}
}

func TestTheWebServerFlowNeedsTheVerifierOfItsChallenge(t *testing.T) {
	w := newWorld(t)
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	back := "http://127.0.0.1:1/callback?x=1"
	ask := url.Values{"response_type": {"code"}, "client_id": {w.ClientID()}, "redirect_uri": {back}, "state": {"s t"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}}
	// authorize returns where the page sends the browser.
	authorize := func(method string, body string) url.Values {
		t.Helper()
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r, err := http.NewRequestWithContext(t.Context(), method, w.url+"/services/oauth2/authorize?"+ask.Encode(), strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode == http.StatusOK {
			return nil
		}
		u, err := res.Location()
		if err != nil {
			t.Fatal(res.StatusCode, err)
		}
		if u.Query().Get("state") != "s t" || u.Query().Get("x") != "1" {
			t.Errorf("sent to %s", u)
		}
		return u.Query()
	}
	exchange := func(code, verifier string) url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "client_id": {w.ClientID()}, "code": {code}, "redirect_uri": {back}, "code_verifier": {verifier}}
	}
	w.post("/services/oauth2/token", exchange(authorize("GET", "").Get("code"), "wrong")).must(t, 400, nil)
	code := authorize("GET", "").Get("code")
	got := w.issue(exchange(code, verifier))
	if w.whoami(got["access_token"]) != "admin@example.com" || got["refresh_token"] == "" {
		t.Errorf("got %v", got)
	}
	w.post("/services/oauth2/token", exchange(code, verifier)).must(t, 400, nil) // once

	w.ExpireSessions()
	if w.whoami(got["access_token"]) != "" {
		t.Error("an expired session is let in")
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "client_id": {w.ClientID()}, "refresh_token": {got["refresh_token"]}}
	again := w.issue(refresh)
	if w.whoami(again["access_token"]) == "" || again["refresh_token"] != "" {
		t.Errorf("refreshed %v", again)
	}
	var looked map[string]any
	w.post("/services/oauth2/introspect", url.Values{"token": {again["access_token"]}, "client_id": {w.ClientID()}, "client_secret": {w.ClientSecret()}}).must(t, 200, &looked)
	if looked["active"] != true || looked["username"] != "admin@example.com" {
		t.Errorf("introspected %v", looked)
	}
	w.post("/services/oauth2/revoke", url.Values{"token": {got["refresh_token"]}}).must(t, 200, nil)
	w.post("/services/oauth2/token", refresh).must(t, 400, nil)

	w.AskConsent(true)
	if authorize("GET", "") != nil {
		t.Error("nobody was asked")
	}
	if got := authorize("POST", "allow=no"); got.Get("error") != "access_denied" || got.Get("code") != "" {
		t.Errorf("denied, and got %v", got)
	}
	if authorize("POST", "allow=yes").Get("code") == "" {
		t.Error("allowed, and got no code")
	}
}

func TestASessionEndsWhenItIsNotUsed(t *testing.T) {
	w := newWorld(t, func(c *sforg.Config) { c.SessionTime = 2 * time.Hour })
	for range 3 {
		w.clock.Add(90 * time.Minute)
		w.do("GET", data+"/limits", nil).must(t, 200, nil)
	}
	w.clock.Add(121 * time.Minute)
	var got []problem
	w.do("GET", data+"/limits", nil).must(t, 401, &got)
	if got[0].ErrorCode != "INVALID_SESSION_ID" || got[0].Message != "Session expired or invalid" {
		t.Errorf("answered %+v", got)
	}
}
