package salesforce

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

// jwtBearer is the grant type of RFC 7523.
const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// assertionLife is how long a signed assertion may be used. Salesforce takes
// about three minutes; the clocks may differ by the rest.
const assertionLife = 3 * time.Minute

// Audience is the audience of an assertion unless a sandbox's is wanted, which
// is https://test.salesforce.com.
const Audience = "https://login.salesforce.com"

// App is the External Client App (once called Connected App) that an org has
// allowed.
type App struct {
	LoginURL string // the org's My Domain, such as https://acme.my.salesforce.com
	ClientID string // the consumer key
	HTTP     *http.Client
}

// ClientCredentials returns the grant of an app that acts as the user that the
// org has named for it. Only an org's own domain knows it.
func ClientCredentials(a App, secret string) (Grant, error) {
	endpoint, err := a.endpoint("token")
	if err != nil {
		return nil, err
	}
	return grantFunc(func(ctx context.Context) (Token, error) {
		// With the secret among the parameters: left to itself the library tries
		// HTTP Basic first, which is one more call and one more way to be refused.
		c := clientcredentials.Config{ClientID: a.ClientID, ClientSecret: secret, TokenURL: endpoint, AuthStyle: oauth2.AuthStyleInParams}
		t, err := c.Token(a.context(ctx))
		return a.token(t, err)
	}), nil
}

// JWTBearer returns the grant of an app that signs for a user. The audience
// stands in the assertion, and is not the address that it is sent to: a sandbox
// on its own domain still has https://test.salesforce.com.
func JWTBearer(a App, username string, key *rsa.PrivateKey, audience string, now func() time.Time) (Grant, error) {
	endpoint, err := a.endpoint("token")
	if err != nil {
		return nil, err
	}
	if audience == "" {
		audience = Audience
	}
	return grantFunc(func(ctx context.Context) (Token, error) {
		assertion, err := sign(key, map[string]any{
			"iss": a.ClientID, "sub": username, "aud": audience, "exp": now().Add(assertionLife).Unix(),
		})
		if err != nil {
			return Token{}, err
		}
		c := clientcredentials.Config{TokenURL: endpoint, AuthStyle: oauth2.AuthStyleInParams,
			EndpointParams: url.Values{"grant_type": {jwtBearer}, "assertion": {assertion}}}
		t, err := c.Token(a.context(ctx))
		return a.token(t, err)
	}), nil
}

// ParseKey reads an RSA private key in PEM, as PKCS #1 or PKCS #8.
func ParseKey(text []byte) (*rsa.PrivateKey, error) {
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return nil, badValue("read the key", "The key file holds no RSA private key: it should begin with -----BEGIN PRIVATE KEY-----")
		}
		text = rest
		switch block.Type {
		case "RSA PRIVATE KEY":
			if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
				return key, nil
			}
		case "PRIVATE KEY":
			if key, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				if key, ok := key.(*rsa.PrivateKey); ok {
					return key, nil
				}
				return nil, badValue("read the key", "The key is not an RSA key, which is the only kind that Salesforce takes")
			}
		case "ENCRYPTED PRIVATE KEY":
			return nil, badValue("read the key", "The key is locked with a passphrase: write it out without one (openssl pkey -in key.pem -out plain.pem)")
		}
	}
}

// sign returns the claims as a JSON Web Token with RS256, which is the only
// signature that Salesforce takes.
func sign(key *rsa.PrivateKey, claims map[string]any) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(payload)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]) // the signature depends on the key and the text alone
	if err != nil {
		return "", fmt.Errorf("salesforce: sign the assertion: %w", err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature), nil
}

type grantFunc func(context.Context) (Token, error)

func (f grantFunc) Grant(ctx context.Context) (Token, error) { return f(ctx) }

// endpoint returns an address of the app's OAuth.
func (a App) endpoint(name string) (string, error) {
	u, err := hostURL(a.LoginURL)
	if err != nil {
		return "", err
	}
	return u.String() + "/services/oauth2/" + name, nil
}

func (a App) context(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, careful(a.HTTP))
}

// token reads Salesforce's answer to a grant.
func (a App) token(t *oauth2.Token, err error) (Token, error) {
	if err != nil {
		return Token{}, a.grantError(err)
	}
	text := func(name string) string { s, _ := t.Extra(name).(string); return s }
	org, user, ok := identity(text("id"))
	if !ok {
		return Token{}, &Error{What: "sign in", Code: CodeUnreadable, Class: ClassPermanent,
			Message: "Salesforce gave a token without saying whose it is: check that the login URL is a Salesforce address"}
	}
	instance, err := hostURL(text("instance_url"))
	if err != nil {
		return Token{}, err
	}
	token := Token{Access: t.AccessToken, Instance: instance.String(), OrgID: org, UserID: user, Scopes: strings.Fields(text("scope"))}
	// issued_at is a string of milliseconds.
	if ms, err := strconv.ParseInt(text("issued_at"), 10, 64); err == nil {
		token.IssuedAt = time.UnixMilli(ms).UTC()
	}
	return token, nil
}

// hostURL checks an address that a token or a secret is sent to: https, or this
// machine, and nothing behind the host.
func hostURL(s string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(strings.TrimSpace(s), "/"))
	if err != nil || u.Hostname() == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return nil, &Error{What: "sign in", Code: CodeAddress, Class: ClassPermanent,
			Message: "The address is not one such as https://acme.my.salesforce.com"}
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, &Error{What: "sign in", Code: CodeAddress, Class: ClassPermanent,
			Message: "The address has to begin with https://"}
	}
	return u, nil
}
