package web

import (
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// sessionSignIn is where a session keeps, sealed, what it needs when its admin
// comes back from Salesforce.
const (
	sessionSignIn = "salesforce-sign-in"
	sessionTyped  = "salesforce-typed" // what stood in the form, but for secrets
)

// maxConnectForm bounds the form with a private key in it.
const maxConnectForm = 128 << 10

// wayOf is the way that the store's method is.
func wayOf(method string) string {
	switch method {
	case "jwt_bearer":
		return ByJWT
	case "web_server":
		return ByWebServer
	}
	return ByClientCredentials
}

func wayLabel(way string) string {
	switch way {
	case ByJWT:
		return "JWT bearer"
	case ByWebServer:
		return "Sign-in of an admin"
	}
	return "Client credentials"
}

func wayAbout(way string) string {
	switch way {
	case ByJWT:
		return "Switchboard signs requests with a private key whose certificate the app has. No secret is shared, and no person is asked."
	case ByWebServer:
		return "You sign in at Salesforce once, and Switchboard acts as you from then on. Better as a user of its own: what it writes carries that user’s name."
	}
	return "The app has a user that Switchboard acts as. The usual way: nothing but the app’s key and secret is needed."
}

// chosenWay is the one asked for, else that of the connection.
func chosenWay(r *http.Request, c store.Salesforce) string {
	switch by := r.FormValue("by"); by {
	case ByClientCredentials, ByJWT, ByWebServer:
		return by
	}
	return wayOf(c.Method)
}

// salesforceForm asks for what a connection is made of. filled is what was typed
// already, if anything was; of secrets nothing is shown again.
func (s *Server) salesforceForm(r *http.Request, c store.Salesforce, filled url.Values, failed error) *SalesforceConnect {
	by := chosenWay(r, c)
	typed := func(name, known string) string {
		if filled != nil {
			return filled.Get(name)
		}
		return known
	}
	f := &SalesforceConnect{By: by, About: wayAbout(by), Action: partSalesforce, Button: "Connect", Key: by == ByJWT,
		Callback: Secret{ID: "callback", Label: "callback address", Value: s.publicURL() + salesforceCallback}}
	if by == ByWebServer && !strings.HasPrefix(s.publicURL(), "https://") && !strings.Contains(hostOf(s.publicURL()), "localhost") {
		f.Warning = "Salesforce leads back to an https address alone, or to localhost. Start serve with --public-url, such as https://texts.example.com."
	}
	if c.Connected {
		f.Cancel = partSalesforce
	}
	for _, way := range []string{ByClientCredentials, ByJWT, ByWebServer} {
		f.Ways = append(f.Ways, Option{Value: way, Label: wayLabel(way), URL: partSalesforce + "?by=" + way, Current: way == by})
	}
	login := Input{ID: "sf-login", Name: "login_url", Label: "My Domain", Type: "url", Value: typed("login_url", c.LoginURL), Required: true, Wide: true, Placeholder: "https://acme.my.salesforce.com", Hint: "In Setup, My Domain. The address that your org’s pages begin with, without lightning."}
	key := Input{ID: "sf-key", Name: "client_id", Label: "Consumer key", Type: "text", Value: typed("client_id", c.ClientID), Required: true, Wide: true, Hint: "Of the External Client App: Settings, OAuth Settings, Consumer Key and Secret."}
	secret := Input{ID: "sf-secret", Name: "client_secret", Label: "Consumer secret", Type: "password", Complete: "off", Required: true, Wide: true, Hint: "Stored encrypted, and not shown again."}
	f.Fields = []Input{login, key}
	switch by {
	case ByClientCredentials:
		f.Fields = append(f.Fields, secret)
	case ByJWT:
		f.Fields = append(f.Fields,
			Input{ID: "sf-user", Name: "username", Label: "Salesforce user to act as", Type: "text", Value: typed("username", c.Username), Required: true, Placeholder: "switchboard@acme.example"},
			Input{ID: "sf-audience", Name: "audience", Label: "Kind of org", Type: "select", Options: audiences(typed("audience", c.Audience))})
	case ByWebServer:
		secret.Required, secret.Hint = false, "Only if the app asks for it. Stored encrypted, and not shown again."
		f.Fields, f.Button = append(f.Fields, secret), "Sign in with Salesforce"
	}
	daily := ""
	if c.DailyCalls > 0 {
		daily = strconv.FormatInt(c.DailyCalls, 10)
	}
	version := c.APIVersion
	if version == "" {
		version = SalesforceVersion
	}
	f.More = []Input{
		{ID: "sf-version", Name: "api_version", Label: "API version", Type: "text", Value: typed("api_version", version), Hint: "52.0 or later."},
		{ID: "sf-daily", Name: "daily_calls", Label: "API calls a day, at most", Type: "text", Value: typed("daily_calls", daily), Placeholder: "The org’s own limit"},
		{ID: "sf-pubsub", Name: "pubsub", Label: "Pub/Sub API", Type: "text", Value: typed("pubsub", c.PubSub), Wide: true, Placeholder: "api.pubsub.salesforce.com:7443", Hint: "Hears of changes at once. Without it they are asked for twice a minute. Needs Change Data Capture, which the package then switches on."},
	}
	if failed != nil {
		f.fail(failed)
	}
	return f
}

// fail puts an error where it belongs.
func (f *SalesforceConnect) fail(err error) {
	f.Error = switchboard.ErrorMessage(err)
	field := fieldOf(err)
	if field == "key" && f.Key {
		f.KeyError, f.Error = f.Error, "Correct what is marked."
		return
	}
	for _, fields := range [][]Input{f.Fields, f.More} {
		if _, found := withError(fields, field, f.Error); found {
			f.MoreOpen = f.MoreOpen || &fields[0] == &f.More[0]
			f.Error = "Correct what is marked."
			return
		}
	}
}

func audiences(current string) []Option {
	return []Option{
		{Value: "https://login.salesforce.com", Label: "Production", Current: current != "https://test.salesforce.com"},
		{Value: "https://test.salesforce.com", Label: "Sandbox", Current: current == "https://test.salesforce.com"},
	}
}

// connectSalesforce makes the connection that the form describes, or leads to
// Salesforce for it.
func (s *Server) connectSalesforce(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if s.signInTo == nil {
		return errNotHere()
	}
	login, err := readLogin(w, r)
	if err == nil && login.Method == ByWebServer {
		return s.leaveForSalesforce(w, r, v, login)
	}
	if err == nil {
		err = s.signInTo.Connect(r.Context(), v.Actor, login)
	}
	if err != nil {
		return s.notConnected(w, r, r.PostForm, err)
	}
	return s.saved(w, r, "Connected", "Records are being read. Install the package if it is not there yet.", partSalesforce)
}

// notConnected shows the form, as it was filled in, with what was wrong.
func (s *Server) notConnected(w http.ResponseWriter, r *http.Request, filled url.Values, err error) error {
	switch switchboard.ErrorCode(err) {
	case switchboard.CodeInvalid, switchboard.CodeConflict, switchboard.CodeTooLarge:
		s.log.InfoContext(r.Context(), "Salesforce was not connected", "err", err)
		if filled == nil {
			filled = url.Values{} // it was empty, or could not be read
		}
		return s.salesforcePage(w, r, http.StatusUnprocessableEntity, filled, err)
	}
	return err
}

// readLogin reads the form.
func readLogin(w http.ResponseWriter, r *http.Request) (SalesforceLogin, error) {
	r.Body = http.MaxBytesReader(w, r.Body, maxConnectForm)
	tooLarge := switchboard.Errorf(switchboard.CodeTooLarge, "The form is too large. A private key has a few thousand characters.")
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		if err := r.ParseMultipartForm(maxConnectForm); err != nil {
			return SalesforceLogin{}, tooLarge
		}
	} else if err := r.ParseForm(); err != nil {
		return SalesforceLogin{}, tooLarge
	}
	value := func(name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
	l := SalesforceLogin{Method: value("by"), LoginURL: value("login_url"), ClientID: value("client_id"), ClientSecret: value("client_secret"),
		Username: value("username"), Audience: value("audience"), PrivateKey: value("key"), APIVersion: value("api_version"), PubSub: value("pubsub")}
	if file, _, err := r.FormFile("key_file"); err == nil {
		text, err := io.ReadAll(io.LimitReader(file, maxConnectForm))
		if cerr := file.Close(); err != nil || cerr != nil {
			return l, switchboard.Invalid("key", "The key’s file could not be read. Choose it again.")
		}
		if len(text) > 0 {
			l.PrivateKey = string(text)
		}
	}
	if daily := value("daily_calls"); daily != "" {
		n, err := strconv.ParseInt(strings.NewReplacer(",", "", " ", "").Replace(daily), 10, 64)
		if err != nil || n < 1 {
			return l, switchboard.Invalid("daily_calls", "Enter a number such as 5000, or nothing.")
		}
		l.DailyCalls = n
	}
	return l, nil
}

// leaveForSalesforce leads the admin to Salesforce. A form that is answered with
// a redirect to elsewhere is stopped by our own policy: a script is told where
// to go, and without one there is a link.
func (s *Server) leaveForSalesforce(w http.ResponseWriter, r *http.Request, v visitor, login SalesforceLogin) error {
	address, pending, err := s.signInTo.Leave(r.Context(), v.Actor, login, s.publicURL()+salesforceCallback)
	if err != nil {
		return s.notConnected(w, r, r.PostForm, err)
	}
	typed := maps.Clone(r.PostForm)
	delete(typed, "client_secret")
	delete(typed, "key")
	s.sessions.scs.Put(r.Context(), sessionTyped, typed.Encode())
	s.sessions.scs.Put(r.Context(), sessionSignIn, base64.RawStdEncoding.EncodeToString(pending))
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", address)
		w.WriteHeader(http.StatusOK)
		return nil
	}
	host, _, _ := strings.Cut(hostOf(address), "/")
	return s.pages.Page(w, r, http.StatusOK, "settings_salesforce_leave", SalesforceLeavePage{Settings: s.settingsFrame(r, "Salesforce", partSalesforce), URL: address, Host: host})
}

// maxTold bounds what Salesforce may say by way of an address.
const maxTold = 300

// salesforceCameBack is where Salesforce sends the admin.
func (s *Server) salesforceCameBack(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	if s.signInTo == nil {
		return errNotHere()
	}
	q := r.URL.Query()
	typed, terr := url.ParseQuery(s.sessions.scs.PopString(r.Context(), sessionTyped))
	if terr != nil {
		typed = nil
	}
	pending, err := base64.RawStdEncoding.DecodeString(s.sessions.scs.PopString(r.Context(), sessionSignIn))
	switch {
	case err != nil || len(pending) == 0:
		err = switchboard.Errorf(switchboard.CodeConflict, "The sign-in was not begun in this browser, or it has ended already. Begin it again.")
	case q.Get("error") == "access_denied":
		err = switchboard.Errorf(switchboard.CodeConflict, "The access was not allowed in Salesforce, so nothing was connected.")
	case q.Get("error") != "":
		said := q.Get("error_description")
		if said == "" {
			said = q.Get("error")
		}
		said, _ = switchboard.Repair(said)
		if runes := []rune(said); len(runes) > maxTold {
			said = string(runes[:maxTold]) + "…"
		}
		err = switchboard.Errorf(switchboard.CodeConflict, "Salesforce did not let us in: %s", sentenceEnd(said))
	default:
		err = s.signInTo.Return(r.Context(), v.Actor, pending, q.Get("state"), q.Get("code"))
	}
	if err == nil {
		return s.saved(w, r, "Connected", "Records are being read. Install the package if it is not there yet.", partSalesforce)
	}
	q = r.URL.Query()
	q.Set("by", ByWebServer)
	r.URL.RawQuery = q.Encode()
	return s.notConnected(w, r, typed, err)
}
