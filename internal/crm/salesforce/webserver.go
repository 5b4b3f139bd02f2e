package salesforce

import (
	"context"
	"encoding/base64"
	"io"
	"sync"

	"golang.org/x/oauth2"
)

// Web is the web-server flow with PKCE: an admin allows the app in a browser,
// and comes back with a code.
type Web struct {
	App      App
	Secret   string // of the app, "" if it has none
	Callback string // the address here that the browser comes back to
}

// Handshake is one sign-in on its way. All of it stays in the session of the
// browser that began it, and the verifier never leaves this machine until the
// code is exchanged.
type Handshake struct {
	State    string // comes back with the code, and has to be the same
	Verifier string
}

// NewHandshake returns one made of random bytes.
func NewHandshake(random io.Reader) (Handshake, error) {
	var b [64]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return Handshake{}, err
	}
	text := func(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
	return Handshake{State: text(b[:32]), Verifier: text(b[32:])}, nil
}

func (w Web) config() (*oauth2.Config, error) {
	authorize, err := w.App.endpoint("authorize")
	if err != nil {
		return nil, err
	}
	token, err := w.App.endpoint("token")
	if err != nil {
		return nil, err
	}
	return &oauth2.Config{
		ClientID: w.App.ClientID, ClientSecret: w.Secret, RedirectURL: w.Callback,
		Scopes:   []string{"api", "refresh_token"},
		Endpoint: oauth2.Endpoint{AuthURL: authorize, TokenURL: token, AuthStyle: oauth2.AuthStyleInParams},
	}, nil
}

// AuthorizeURL returns the address that the admin's browser is sent to.
func (w Web) AuthorizeURL(h Handshake) (string, error) {
	c, err := w.config()
	if err != nil {
		return "", err
	}
	return c.AuthCodeURL(h.State, oauth2.S256ChallengeOption(h.Verifier)), nil
}

// Exchange turns the code into the first token and the refresh token that gets
// the later ones. The caller has compared the state.
func (w Web) Exchange(ctx context.Context, h Handshake, code string) (Token, string, error) {
	c, err := w.config()
	if err != nil {
		return Token{}, "", err
	}
	t, err := c.Exchange(w.App.context(ctx), code, oauth2.VerifierOption(h.Verifier))
	token, err := w.App.token(t, err)
	if err != nil {
		return Token{}, "", err
	}
	if t.RefreshToken == "" {
		return Token{}, "", &Error{What: "sign in", Code: "no_refresh_token", Class: ClassPermanent,
			Message: "Salesforce gave no refresh token: add \"Perform requests at any time (refresh_token)\" to the app's OAuth scopes"}
	}
	return token, t.RefreshToken, nil
}

// Refresh returns the grant of a refresh token. An app may be set to give a new
// one with each token, after which the old one is dead: keep is called with it
// before the token is used, and an error of it fails the grant.
func (w Web) Refresh(refresh string, keep func(ctx context.Context, refresh string) error) (Grant, error) {
	c, err := w.config()
	if err != nil {
		return nil, err
	}
	return &refreshGrant{web: w, config: c, refresh: refresh, keep: keep}, nil
}

type refreshGrant struct {
	web    Web
	config *oauth2.Config
	keep   func(context.Context, string) error

	mu      sync.Mutex
	refresh string
}

func (g *refreshGrant) Grant(ctx context.Context) (Token, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, err := g.config.TokenSource(g.web.App.context(ctx), &oauth2.Token{RefreshToken: g.refresh}).Token()
	token, err := g.web.App.token(t, err)
	if err != nil {
		return Token{}, err
	}
	if t.RefreshToken != "" && t.RefreshToken != g.refresh {
		g.refresh = t.RefreshToken
		if g.keep != nil {
			if err := g.keep(ctx, g.refresh); err != nil {
				return Token{}, err
			}
		}
	}
	return token, nil
}
