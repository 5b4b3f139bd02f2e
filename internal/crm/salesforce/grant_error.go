package salesforce

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"golang.org/x/oauth2"
)

// grantError says to an admin why no token was given. Salesforce has one code
// for most of what may be wrong, and tells it by a description.
func (a App) grantError(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return &Error{What: "sign in", Code: CodeNoAnswer, Class: ClassRetry, Message: "Salesforce did not answer in time", Err: err}
	}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if e, ok := errors.AsType[*Error](err); ok {
			return e
		}
		return &Error{What: "sign in", Code: CodeNotSent, Class: ClassRetry,
			Message: "Salesforce can't be reached at the login URL: check its spelling, and that this machine may connect to it", Err: plain(err)}
	}
	// Out of calls, the token endpoint answers as the rest of the API does.
	e := answerError("sign in", refused.Response.StatusCode, refused.Response.Header, refused.Body, false)
	if e.Code == "" || e.Code == CodeHTML || e.Code == CodeRedirect || e.Class == ClassLimit || e.Class == ClassRetry {
		return e
	}
	e.Class = ClassPermanent
	description := ""
	if parsed := parseErrors(refused.Body); len(parsed) > 0 {
		description = parsed[0].ErrorDescription
	}
	if sentence := grantSentence(e.Code, description); sentence != "" {
		e.Message, e.Quoted = sentence, false
	} else if description == "" {
		e.Message, e.Quoted = "Salesforce refuses the app ("+truncate(e.Code, 60)+")", false
	}
	if strings.Contains(strings.ToLower(description), "rate exceeded") || e.Status == http.StatusTooManyRequests {
		e.Class = ClassLimit
	}
	return e
}

// grantSentence is what an admin has to do about a refusal, "" if it is one that
// nobody here has met.
func grantSentence(code, description string) string {
	d := strings.ToLower(description)
	has := func(words string) bool { return strings.Contains(d, words) }
	switch {
	case has("not supported on this domain"):
		return "Salesforce takes these credentials only at your org's own address: use the My Domain as the login URL, such as https://acme.my.salesforce.com, not login.salesforce.com"
	case has("no client credentials user"), has("client credentials user"):
		return "The app has no user to act as: in Setup, open External Client App Manager, the app's Policies, and choose a Run As user under Client Credentials Flow"
	case has("hasn't approved"), has("has not approved"), has("not approved"):
		return "The user has not been allowed to use the app: in the app's Policies, set Permitted Users to pre-authorized, and give one of the user's permission sets access to the app"
	case has("audience"):
		return "Salesforce does not take the audience: it is https://login.salesforce.com for production and https://test.salesforce.com for a sandbox, whatever the login URL"
	case has("expired authorization code"), has("assertion has expired"), has("expired assertion"):
		return "Salesforce takes the signed request for expired: check this machine's clock, or connect again if a code was pasted too late"
	case has("invalid assertion"), has("signature"):
		return "Salesforce can't verify the signature: upload the certificate that belongs to the key file to the app, under Use digital signatures"
	case has("expired access/refresh token"), has("token validity expired"):
		return "The connection was revoked or has expired: connect the org again"
	case has("user is inactive"), has("inactive user"), code == "inactive_user":
		return "The user that the app acts as is inactive: activate it, or choose another"
	case has("ip restricted"), has("ip not"), has("login hours"):
		return "The org does not let the user in from here or at this hour: relax the IP restriction in the app's Policies, or the user's login hours"
	case has("code challenge"), has("code verifier"), has("invalid code"):
		return "The sign-in was not finished in the window that began it: connect again"
	}
	switch code {
	case "invalid_client_id", "invalid_client", "invalid_client_credentials":
		return "Salesforce does not know the app by this consumer key and secret: copy both again; a new app takes up to ten minutes to be known"
	case "invalid_app_access", "invalid_app_org":
		return "The app is not allowed in this org: install it under External Client App Manager and allow its use"
	case "inactive_org":
		return "The org is locked or closed"
	case "redirect_uri_mismatch":
		return "The callback address is not one of the app's: add the one shown here to the app's callback URLs"
	case "unsupported_grant_type":
		return "The app does not allow this way of signing in: enable it in the app's OAuth settings"
	case "invalid_scope":
		return "The app lacks the scope that was asked for: add \"Manage user data via APIs (api)\" to its OAuth scopes"
	case "access_denied":
		return "The sign-in was refused in Salesforce: connect again and allow the access"
	}
	return ""
}
