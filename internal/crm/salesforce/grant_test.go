package salesforce_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
)

// login is a token endpoint that answers as it is told, and keeps the form.
type login struct {
	*httptest.Server
	status int
	body   string
	form   url.Values
	auth   string
}

func loginServer(t *testing.T) *login {
	l := &login{status: 200}
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.auth = r.Header.Get("Authorization")
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		l.form = r.PostForm
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(l.status)
		body := l.body
		if body == "" {
			body = `{"access_token":"00Dx0000000BV7z!AR8A","signature":"0Cmx=","scope":"api refresh_token","instance_url":"` + l.URL + `",
			 "id":"https://login.salesforce.com/id/00D000000000001EAA/005000000000001","token_type":"Bearer","issued_at":"1278448832702"}`
		}
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *login) app() salesforce.App {
	return salesforce.App{LoginURL: l.URL + "/", ClientID: "3MVG9", HTTP: l.Client()}
}

func TestClientCredentialsGetAToken(t *testing.T) {
	l := loginServer(t)
	g, err := salesforce.ClientCredentials(l.app(), "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := g.Grant(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tok.Access != "00Dx0000000BV7z!AR8A" || tok.Instance != l.URL || tok.OrgID != orgID || tok.UserID != userID || tok.IssuedAt.UnixMilli() != 1278448832702 || len(tok.Scopes) != 2 {
		t.Errorf("got %+v", tok)
	}
	if l.form.Get("grant_type") != "client_credentials" || l.form.Get("client_id") != "3MVG9" || l.form.Get("client_secret") != "s3cret" || l.auth != "" {
		t.Errorf("sent %v, %q", l.form, l.auth)
	}
}

func TestAnAssertionIsSigned(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")})
	for _, text := range [][]byte{
		append(certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})...),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
	} {
		parsed, err := salesforce.ParseKey(text)
		if err != nil {
			t.Fatal(err)
		}
		l := loginServer(t)
		g, err := salesforce.JWTBearer(l.app(), "ada@example.com", parsed, "https://test.salesforce.com", func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Grant(t.Context()); err != nil {
			t.Fatal(err)
		}
		if l.form.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
			t.Errorf("sent %v", l.form)
		}
		parts := strings.Split(l.form.Get("assertion"), ".")
		if len(parts) != 3 {
			t.Fatalf("the assertion has %d parts", len(parts))
		}
		signature, err := base64.RawURLEncoding.DecodeString(parts[2])
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, sum[:], signature); err != nil {
			t.Error(err)
		}
		payload, err := base64.RawURLEncoding.DecodeString(parts[1])
		if err != nil {
			t.Fatal(err)
		}
		var claims struct {
			Iss, Sub, Aud string
			Exp           int64
		}
		if err := json.Unmarshal(payload, &claims); err != nil {
			t.Fatal(err)
		}
		if claims.Iss != "3MVG9" || claims.Sub != "ada@example.com" || claims.Aud != "https://test.salesforce.com" || claims.Exp != now.Unix()+180 {
			t.Errorf("claims are %s", payload)
		}
	}
	for _, text := range []string{"", "no pem", string(certificate), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n"} {
		if _, err := salesforce.ParseKey([]byte(text)); err == nil {
			t.Errorf("%q was read as a key", text)
		}
	}
}

func TestAWebSignInIsBoundToItsBrowser(t *testing.T) {
	l := loginServer(t)
	web := salesforce.Web{App: l.app(), Secret: "s3cret", Callback: "https://sms.example.com/settings/salesforce/callback"}
	h, err := salesforce.NewHandshake(bytes.NewReader(append(bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32)...)))
	if err != nil {
		t.Fatal(err)
	}
	address, err := web.AuthorizeURL(h)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(h.Verifier))
	q := u.Query()
	if !strings.HasPrefix(address, l.URL+"/services/oauth2/authorize?") || q.Get("state") != h.State || q.Get("code_challenge_method") != "S256" ||
		q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) || q.Get("redirect_uri") != web.Callback || strings.Contains(address, h.Verifier) {
		t.Errorf("the address is %s", address)
	}
	if _, _, err := web.Exchange(t.Context(), h, "code"); err == nil || !strings.Contains(err.Error(), "refresh_token") {
		t.Errorf("without a refresh token: %v", err)
	}
	answer := `{"access_token":"a1","refresh_token":"r1","scope":"api refresh_token","instance_url":"` + l.URL + `","id":"https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA","token_type":"Bearer","issued_at":"1"}`
	l.body = answer
	tok, refresh, err := web.Exchange(t.Context(), h, "code")
	if err != nil || tok.Access != "a1" || refresh != "r1" {
		t.Fatalf("got %+v %q %v", tok, refresh, err)
	}
	if l.form.Get("code_verifier") != h.Verifier || l.form.Get("code") != "code" || l.form.Get("client_secret") != "s3cret" {
		t.Errorf("sent %v", l.form)
	}
	var kept []string
	g, err := web.Refresh(refresh, func(_ context.Context, r string) error { kept = append(kept, r); return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []string{strings.Replace(answer, `"refresh_token":"r1",`, "", 1), strings.Replace(answer, "r1", "r2", 1), answer} {
		l.body = body
		if _, err := g.Grant(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if l.form.Get("grant_type") != "refresh_token" || l.form.Get("refresh_token") != "r2" || strings.Join(kept, " ") != "r2 r1" {
		t.Errorf("the last asked with %v, kept %v", l.form, kept)
	}
}

// Each refusal tells an admin what to change.
func TestARefusalSaysWhatToDo(t *testing.T) {
	for _, tt := range []struct {
		status int
		body   string
		want   string
		class  salesforce.Class
	}{
		{400, `{"error":"invalid_grant","error_description":"request not supported on this domain"}`, "My Domain", salesforce.ClassPermanent},
		{400, `{"error":"invalid_grant","error_description":"no client credentials user enabled"}`, "Run As", salesforce.ClassPermanent},
		{400, `{"error":"invalid_grant","error_description":"user hasn't approved this consumer"}`, "pre-authorized", salesforce.ClassPermanent},
		{400, `{"error":"invalid_grant","error_description":"audience is invalid"}`, "https://test.salesforce.com", salesforce.ClassPermanent},
		{400, `{"error":"invalid_grant","error_description":"expired authorization code"}`, "clock", salesforce.ClassPermanent},
		{400, `{"error":"invalid_grant","error_description":"expired access/refresh token"}`, "connect the org again", salesforce.ClassPermanent},
		{400, `{"error":"invalid_grant","error_description":"invalid assertion"}`, "certificate", salesforce.ClassPermanent},
		{400, `{"error":"invalid_client_id","error_description":"client identifier invalid"}`, "consumer key", salesforce.ClassPermanent},
		{401, `{"error":"invalid_client","error_description":"invalid client credentials"}`, "consumer key", salesforce.ClassPermanent},
		{400, `{"error":"unsupported_grant_type","error_description":"grant type not supported"}`, "OAuth settings", salesforce.ClassPermanent},
		{400, `{"error":"inactive_user","error_description":"user is inactive"}`, "inactive", salesforce.ClassPermanent},
		{400, `{"error":"redirect_uri_mismatch","error_description":"redirect_uri must match configuration"}`, "callback", salesforce.ClassPermanent},
		{403, `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, "REQUEST_LIMIT_EXCEEDED", salesforce.ClassLimit},
		{400, `{"error":"invalid_grant","error_description":"login rate exceeded"}`, "invalid_grant", salesforce.ClassLimit},
		{503, `<html>maintenance</html>`, "maintenance", salesforce.ClassRetry},
		{302, ``, "My Domain", salesforce.ClassPermanent},
		{200, `{"access_token":"a","id":"https://x/y","instance_url":"https://a.example"}`, "login URL", salesforce.ClassPermanent},
		{200, `{"access_token":"a","id":"https://login.salesforce.com/id/00D000000000001EAA/005000000000001AAA","instance_url":"http://a.example"}`, "https://", salesforce.ClassPermanent},
	} {
		l := loginServer(t)
		l.status, l.body = tt.status, tt.body+" "
		g, err := salesforce.ClientCredentials(l.app(), "s3cret")
		if err != nil {
			t.Fatal(err)
		}
		_, err = g.Grant(t.Context())
		if err == nil {
			t.Errorf("%s gave a token", tt.body)
			continue
		}
		if e := asError(t, err); e.Class != tt.class || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%d %s: %v (%s)", tt.status, tt.body, err, e.Class)
		}
		if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("the secret is in %v", err)
		}
	}
	g, err := salesforce.ClientCredentials(salesforce.App{LoginURL: "http://127.0.0.1:1", ClientID: "x"}, "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	if _, err = g.Grant(t.Context()); asError(t, err).Class != salesforce.ClassRetry || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("with nobody there: %v", err)
	}
}

func TestSecretsAreSentToSafeAddressesOnly(t *testing.T) {
	for _, address := range []string{"http://acme.my.salesforce.com", "ftp://acme", "", "acme.my.salesforce.com", "https://", "https://a@b.example", "https://acme.my.salesforce.com/path", "https://acme.example?x=1", "https://acme.example#x", "http://127.0.0.1.example.com", "javascript:alert(1)"} {
		if _, err := salesforce.ClientCredentials(salesforce.App{LoginURL: address}, "s"); !salesforce.HasCode(err, salesforce.CodeAddress) {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"https://acme.my.salesforce.com", "https://acme.my.salesforce.com/", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:80"} {
		if _, err := salesforce.ClientCredentials(salesforce.App{LoginURL: address}, "s"); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := salesforce.NewHandshake(strings.NewReader("short")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a handshake of too little randomness: %v", err)
	}
}
