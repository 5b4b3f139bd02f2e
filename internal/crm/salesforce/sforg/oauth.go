package sforg

import (
	"crypto"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A session is what an access token stands for.
type session struct {
	user   *User
	app    *app
	scope  string
	issued time.Time
	used   time.Time
}

// A grant is what a code or a refresh token stands for.
type grant struct {
	user      *User
	app       *app
	scope     string
	redirect  string
	challenge string // of PKCE
	expires   time.Time
}

// newSession makes an access token. The caller holds the lock.
func (o *Org) newSession(u *User, a *app, scope string) string {
	token := o.orgID[:15] + "!" + o.randomText(80)
	now := o.now()
	o.sessions[token] = &session{u, a, scope, now, now}
	return token
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") && !strings.EqualFold(scheme, "OAuth") {
		return ""
	}
	return strings.TrimSpace(token)
}

// authenticate returns the user of a request, nil if its token is worth nothing
// or was given without the scope api. The caller holds the lock.
func (o *Org) authenticate(r *http.Request) *User { return o.sessionUser(bearer(r)) }

// sessionUser returns the user of a token that may use the API. The caller holds
// the lock.
func (o *Org) sessionUser(token string) *User {
	s := o.live(token)
	if s == nil || !s.forAPI() {
		return nil
	}
	return s.user
}

// live returns the session of a token, nil if it ended or its user may not log
// in any more. To be used keeps it alive.
func (o *Org) live(token string) *session {
	s := o.sessions[token]
	if s == nil || !o.active(s.user) {
		return nil
	}
	now := o.now()
	if o.config.SessionTime > 0 && now.Sub(s.used) > o.config.SessionTime {
		delete(o.sessions, token)
		return nil
	}
	s.used = now
	return s
}

func (s *session) forAPI() bool {
	scopes := strings.Fields(s.scope)
	return slices.Contains(scopes, "api") || slices.Contains(scopes, "full")
}

// scopeLacking reports whether a token is good but not for the API.
func (o *Org) scopeLacking(r *http.Request) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.live(bearer(r))
	return s != nil && !s.forAPI()
}

// SetScope changes what the connected app may ask for: "api" by default. Tokens
// without api are given out, and are worth nothing with REST.
func (o *Org) SetScope(scope string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.app.scope = scope
}

// ExpireSessions ends all sessions: every token is worth nothing from now on.
// Refresh tokens stay.
func (o *Org) ExpireSessions() {
	o.mu.Lock()
	defer o.mu.Unlock()
	clear(o.sessions)
}

// RegisterKey lets a key sign for the connected app in the JWT bearer flow.
func (o *Org) RegisterKey(key *rsa.PublicKey) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.app.key = key
}

// AskConsent makes the page at /services/oauth2/authorize wait for a button. By
// default it sends everybody on as the admin user.
func (o *Org) AskConsent(ask bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.consent = !ask
}

func (o *Org) oauth(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	form := r.URL.Query()
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		posted, err := url.ParseQuery(string(body))
		if err != nil {
			oauthError(w, http.StatusBadRequest, "invalid_request", "malformed form")
			return
		}
		for k, v := range posted {
			form[k] = v
		}
	}
	switch {
	case path == "/services/oauth2/token" && r.Method == http.MethodPost:
		o.issue(w, r, form)
	case path == "/services/oauth2/authorize":
		o.authorize(w, r, form)
	case path == "/services/oauth2/userinfo", strings.HasPrefix(path, "/id/"):
		o.userinfo(w, r)
	case path == "/services/oauth2/introspect" && r.Method == http.MethodPost:
		o.introspect(w, r, form)
	case path == "/services/oauth2/revoke":
		o.mu.Lock()
		token := form.Get("token")
		_, isSession := o.sessions[token]
		_, isRefresh := o.refresh[token]
		delete(o.sessions, token)
		delete(o.refresh, token)
		o.mu.Unlock()
		if !isSession && !isRefresh {
			oauthError(w, http.StatusBadRequest, "unsupported_token_type", "this token type is not supported")
			return
		}
		w.WriteHeader(http.StatusOK)
	default:
		writeErrors(w, notFound())
	}
}

// oauthError answers as OAuth does: an object, where REST has an array.
func oauthError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// client returns the app that a token request names, by parameters or by Basic.
func (o *Org) client(r *http.Request, form url.Values) (a *app, secretOK bool) {
	id, secret := form.Get("client_id"), form.Get("client_secret")
	if user, password, ok := r.BasicAuth(); ok {
		// RFC 6749 has both form-encoded before Basic; most ids need no escaping.
		id, secret = user, password
		if s, err := url.QueryUnescape(user); err == nil {
			id = s
		}
		if s, err := url.QueryUnescape(password); err == nil {
			secret = s
		}
	}
	a = o.apps[id]
	return a, a != nil && subtle.ConstantTimeCompare([]byte(secret), []byte(a.secret)) == 1
}

func (o *Org) issue(w http.ResponseWriter, r *http.Request, form url.Values) {
	o.mu.Lock()
	defer o.mu.Unlock()
	bad := func(code, description string) { oauthError(w, http.StatusBadRequest, code, description) }
	a, secretOK := o.client(r, form)
	switch kind := form.Get("grant_type"); kind {
	case "client_credentials":
		switch {
		case a == nil:
			bad("invalid_client_id", "client identifier invalid")
		case !secretOK:
			bad("invalid_client", "invalid client credentials")
		case a.runAs == nil:
			bad("invalid_grant", "no client credentials user enabled")
		default:
			o.grantToken(w, r, a.runAs, a, a.scope, "")
		}
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		u, a, description := o.checkAssertion(r, form.Get("assertion"))
		if description != "" {
			bad("invalid_grant", description)
			return
		}
		o.grantToken(w, r, u, a, a.scope, "")
	case "authorization_code":
		code := form.Get("code")
		g, ok := o.codes[code]
		delete(o.codes, code) // once
		switch {
		case a == nil:
			bad("invalid_client_id", "client identifier invalid")
		case !ok || g.app != a || o.now().After(g.expires):
			bad("invalid_grant", "expired authorization code")
		case g.redirect != form.Get("redirect_uri"):
			bad("redirect_uri_mismatch", "redirect_uri must match configuration")
		case g.challenge == "" && !secretOK, form.Get("client_secret") != "" && !secretOK:
			bad("invalid_client", "invalid client credentials")
		case g.challenge != "" && g.challenge != challenge(form.Get("code_verifier")):
			bad("invalid_grant", "invalid code verifier")
		default:
			refresh := "5Aep" + o.randomText(80)
			o.refresh[refresh] = g
			o.grantToken(w, r, g.user, a, g.scope, refresh)
		}
	case "refresh_token":
		g, ok := o.refresh[form.Get("refresh_token")]
		switch {
		case a == nil:
			bad("invalid_client_id", "client identifier invalid")
		case !ok || g.app != a:
			bad("invalid_grant", "expired access/refresh token")
		case form.Get("client_secret") != "" && !secretOK:
			bad("invalid_client", "invalid client credentials")
		default:
			o.grantToken(w, r, g.user, a, g.scope, "")
		}
	case "":
		bad("invalid_request", "grant_type is required")
	default:
		bad("unsupported_grant_type", "grant type not supported")
	}
}

// challenge is what a code verifier of PKCE is known by (S256).
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// grantToken answers with a new access token. There is no expires_in: nobody
// outside knows how long a session lives.
func (o *Org) grantToken(w http.ResponseWriter, r *http.Request, u *User, a *app, scope, refresh string) {
	token := o.newSession(u, a, scope)
	issued := strconv.FormatInt(o.now().UnixMilli(), 10)
	base := o.instanceLocked(r)
	id := base + "/id/" + o.orgID + "/" + u.ID
	mac := hmac.New(sha256.New, []byte(a.secret))
	mac.Write([]byte(id + issued))
	m := map[string]string{"access_token": token, "signature": base64.StdEncoding.EncodeToString(mac.Sum(nil)), "scope": scope,
		"instance_url": base, "id": id, "token_type": "Bearer", "issued_at": issued}
	if refresh != "" {
		m["refresh_token"] = refresh
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, m)
}

// checkAssertion verifies a JWT of the bearer flow, and says what is wrong.
func (o *Org) checkAssertion(r *http.Request, assertion string) (*User, *app, string) {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return nil, nil, "invalid assertion"
	}
	var raw [3][]byte
	for i, p := range parts {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(p, "="))
		if err != nil {
			return nil, nil, "invalid assertion"
		}
		raw[i] = b
	}
	var head struct {
		Alg string `json:"alg"`
	}
	var claims struct {
		Iss string          `json:"iss"`
		Sub string          `json:"sub"`
		Prn string          `json:"prn"`
		Aud json.RawMessage `json:"aud"`
		Exp json.Number     `json:"exp"`
	}
	if json.Unmarshal(raw[0], &head) != nil || json.Unmarshal(raw[1], &claims) != nil {
		return nil, nil, "invalid assertion"
	}
	a := o.apps[claims.Iss]
	if a == nil {
		return nil, nil, "client identifier invalid"
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if head.Alg != "RS256" || a.key == nil || rsa.VerifyPKCS1v15(a.key, crypto.SHA256, sum[:], raw[2]) != nil {
		return nil, nil, "invalid assertion"
	}
	var audience []string
	if json.Unmarshal(claims.Aud, &audience) != nil {
		var one string
		if json.Unmarshal(claims.Aud, &one) == nil {
			audience = []string{one}
		}
	}
	known := []string{"https://login.salesforce.com", "https://test.salesforce.com", o.instanceLocked(r)}
	if !slices.ContainsFunc(audience, func(s string) bool { return slices.Contains(known, strings.TrimRight(s, "/")) }) {
		return nil, nil, "audience is invalid"
	}
	exp, err := claims.Exp.Float64()
	now := float64(o.now().Unix())
	if err != nil || exp < now {
		return nil, nil, "expired authorization code"
	}
	if exp > now+305 {
		return nil, nil, "expiration is too far in the future"
	}
	name := claims.Sub
	if name == "" {
		name = claims.Prn
	}
	u := o.userNamed(name)
	if u == nil || !o.active(u) {
		return nil, nil, "user hasn't approved this consumer"
	}
	return u, a, ""
}

// active reports whether a user may log in.
func (o *Org) active(u *User) bool {
	ob := o.object("User")
	r := ob.find(u.ID)
	return r != nil && r.raw(ob.field("IsActive").ordinal) == true
}

// consentPage is what a person sees of the web-server flow.
var consentPage = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Allow access</title></head>
<body><main><h1>Allow access?</h1><p>The application asks to use this simulated org as {{.User}}.</p>
<form method="post" action="{{.Action}}"><button name="allow" value="yes">Allow</button> <button name="allow" value="no">Deny</button></form></main></body></html>
`))

func (o *Org) authorize(w http.ResponseWriter, r *http.Request, form url.Values) {
	o.mu.Lock()
	defer o.mu.Unlock()
	a := o.apps[form.Get("client_id")]
	back, err := url.Parse(form.Get("redirect_uri"))
	if a == nil || err != nil || !back.IsAbs() || back.Scheme != "http" && back.Scheme != "https" {
		oauthError(w, http.StatusBadRequest, "invalid_client_id", "client identifier or redirect_uri invalid")
		return
	}
	answer := back.Query()
	if s := form.Get("state"); s != "" {
		answer.Set("state", s)
	}
	allow := form.Get("allow")
	switch {
	case form.Get("response_type") != "code", form.Get("code_challenge") != "" && form.Get("code_challenge_method") != "S256":
		answer.Set("error", "unsupported_response_type")
	case o.consent || r.Method == http.MethodPost && allow == "yes":
		code := "aPrx" + o.randomText(60)
		scope := form.Get("scope")
		if scope == "" {
			scope = "api refresh_token"
		}
		o.codes[code] = grant{o.admin, a, scope, form.Get("redirect_uri"), form.Get("code_challenge"), o.now().Add(15 * time.Minute)}
		answer.Set("code", code)
	case r.Method == http.MethodPost:
		answer.Set("error", "access_denied")
		answer.Set("error_description", "end-user denied authorization")
	default:
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(http.StatusOK)
		query := r.URL.Query()
		query.Del("allow")
		if err := consentPage.Execute(w, map[string]any{"User": o.admin.Username, "Action": "/services/oauth2/authorize?" + query.Encode()}); err != nil {
			o.log.Warn("write the consent page", "error", err)
		}
		return
	}
	back.RawQuery = answer.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

func (o *Org) userinfo(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.live(bearer(r))
	if s == nil {
		writeJSON(w, http.StatusForbidden, json.RawMessage(`"Bad_OAuth_Token"`))
		return
	}
	u := s.user
	ob := o.object("User")
	row := ob.find(u.ID)
	base := o.instanceLocked(r)
	data := base + "/services/data/v{version}/"
	writeJSON(w, http.StatusOK, map[string]any{
		"sub": base + "/id/" + o.orgID + "/" + u.ID, "id": base + "/id/" + o.orgID + "/" + u.ID, "user_id": u.ID, "organization_id": o.orgID,
		"preferred_username": u.Username, "username": u.Username, "nickname": row.text(ob, "Alias"), "name": row.text(ob, "Name"), "display_name": row.text(ob, "Name"),
		"email": row.text(ob, "Email"), "email_verified": true, "given_name": row.text(ob, "FirstName"), "family_name": row.text(ob, "LastName"),
		"zoneinfo": row.text(ob, "TimeZoneSidKey"), "user_type": "STANDARD", "active": o.active(u), "is_app_installed": true, "language": "en_US", "locale": "en_US",
		"urls": map[string]string{"rest": data, "sobjects": data + "sobjects/", "query": data + "query/", "search": data + "search/",
			"custom_domain": base, "metadata": base + "/services/Soap/m/{version}/" + o.orgID[:15]},
	})
}

func (o *Org) introspect(w http.ResponseWriter, r *http.Request, form url.Values) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.client(r, form); !ok {
		oauthError(w, http.StatusUnauthorized, "invalid_client", "invalid client credentials")
		return
	}
	s := o.sessions[form.Get("token")]
	if s == nil {
		writeJSON(w, http.StatusOK, map[string]bool{"active": false})
		return
	}
	life := o.config.SessionTime
	if life == 0 {
		life = 2 * time.Hour
	}
	writeJSON(w, http.StatusOK, map[string]any{"active": true, "scope": s.scope, "client_id": s.app.id, "username": s.user.Username,
		"sub": fmt.Sprintf("%s/id/%s/%s", o.instanceLocked(r), o.orgID, s.user.ID), "token_type": "access_token",
		"iat": s.issued.Unix(), "nbf": s.issued.Unix(), "exp": s.used.Add(life).Unix()})
}
