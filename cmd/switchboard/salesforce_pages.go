package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/web"
)

// How long a page waits for Salesforce. It has to answer its own visitor within
// [answerTimeout].
const (
	pageCallTimeout = 20 * time.Second
	pageLookTimeout = 8 * time.Second
	signInLife      = 15 * time.Minute // between the page here and the coming back
	checkedWithin   = 10 * time.Minute // so long a check is not made again unasked
)

// salesforcePages is Salesforce as the settings page reaches it. It is safe for
// concurrent use.
type salesforcePages struct {
	p    *process
	db   *store.DB
	desk *desk.Desk

	mu      sync.Mutex
	checked map[string]checked // by org
}

// checked is a check, and the connection that it was of.
type checked struct {
	of     store.SalesforceSettings
	result web.SalesforceCheck
}

var (
	_ web.SalesforceSignIn = (*salesforcePages)(nil)
	_ web.SalesforceOrg    = (*salesforcePages)(nil)
)

func newSalesforcePages(p *process, db *store.DB, d *desk.Desk) *salesforcePages {
	return &salesforcePages{p: p, db: db, desk: d, checked: map[string]checked{}}
}

// Connect implements [web.SalesforceSignIn].
func (s *salesforcePages) Connect(ctx context.Context, actor switchboard.Actor, login web.SalesforceLogin) error {
	c, secret, err := s.wanted(ctx, actor, login)
	if err != nil {
		return err
	}
	switch login.Method {
	case web.ByClientCredentials:
		if secret.ClientSecret == "" {
			return switchboard.Invalid("client_secret", "Enter the consumer secret of the app.")
		}
		c.Method = byClientCredentials
	case web.ByJWT:
		if c.Username == "" {
			return switchboard.Invalid("username", "Enter the Salesforce user to act as, such as switchboard@acme.example.")
		}
		if secret.PrivateKey == "" {
			return switchboard.Invalid("key", "Choose the private key's file, or paste the key.")
		}
		if _, err := salesforce.ParseKey([]byte(secret.PrivateKey)); err != nil {
			return switchboard.Invalid("key", "%s", asSentence(err))
		}
		c.Method = byJWT
	default:
		return switchboard.Invalid("by", "Choose a way to sign in.")
	}
	ctx, cancel := context.WithTimeout(ctx, pageCallTimeout)
	defer cancel()
	org, done, err := s.open(actor.OrgID, c, secret)
	if err != nil {
		return refusal(err)
	}
	defer done(ctx)
	token, err := org.Token(ctx)
	if err != nil {
		return refusal(err)
	}
	if err := org.CheckVersion(ctx); err != nil {
		return refusal(err)
	}
	return s.keep(ctx, actor, c, secret, token)
}

// wanted is the connection that a form describes, with what is kept of the one
// before.
func (s *salesforcePages) wanted(ctx context.Context, actor switchboard.Actor, login web.SalesforceLogin) (store.Salesforce, store.SalesforceSecret, error) {
	before, err := s.db.Salesforce(ctx, actor.OrgID)
	if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
		return store.Salesforce{}, store.SalesforceSecret{}, err
	}
	c := store.Salesforce{SalesforceSettings: store.SalesforceSettings{
		LoginURL: strings.TrimRight(login.LoginURL, "/"), ClientID: login.ClientID, Username: login.Username, Audience: login.Audience,
		APIVersion: login.APIVersion, PubSub: login.PubSub, DailyCalls: login.DailyCalls, PubSubCA: before.PubSubCA, Fields: before.Fields,
	}}
	if c.APIVersion == "" {
		c.APIVersion = web.SalesforceVersion
	}
	if c.LoginURL == "" {
		return c, store.SalesforceSecret{}, switchboard.Invalid("login_url", "Enter the org’s My Domain, such as https://acme.my.salesforce.com.")
	}
	if c.ClientID == "" {
		return c, store.SalesforceSecret{}, switchboard.Invalid("client_id", "Enter the consumer key of the app.")
	}
	return c, store.SalesforceSecret{ClientSecret: login.ClientSecret, PrivateKey: login.PrivateKey}, nil
}

// keep writes down the connection, tied to whoever made it.
func (s *salesforcePages) keep(ctx context.Context, actor switchboard.Actor, c store.Salesforce, secret store.SalesforceSecret, token salesforce.Token) error {
	c.Instance, c.UserID, c.SalesforceUserID, c.SalesforceOrgID = token.Instance, actor.ID, token.UserID, token.OrgID
	return s.desk.ConnectSalesforce(ctx, actor, c, secret)
}

// pendingSignIn is what is kept of a sign-in while the admin is at Salesforce.
type pendingSignIn struct {
	Settings  store.SalesforceSettings
	Secret    string
	Callback  string
	Handshake salesforce.Handshake
	User      string
	Since     time.Time
}

func (q pendingSignIn) web(org *salesforceOrg) salesforce.Web {
	return salesforce.Web{App: salesforce.App{LoginURL: q.Settings.LoginURL, ClientID: q.Settings.ClientID, HTTP: org.http}, Secret: q.Secret, Callback: q.Callback}
}

// Leave implements [web.SalesforceSignIn].
func (s *salesforcePages) Leave(ctx context.Context, actor switchboard.Actor, login web.SalesforceLogin, callback string) (string, []byte, error) {
	c, secret, err := s.wanted(ctx, actor, login)
	if err != nil {
		return "", nil, err
	}
	q := pendingSignIn{Settings: c.SalesforceSettings, Secret: secret.ClientSecret, Callback: callback, User: actor.ID, Since: s.p.now()}
	q.Settings.Method = byWebServer
	if q.Handshake, err = salesforce.NewHandshake(s.p.random); err != nil {
		return "", nil, err
	}
	org := &salesforceOrg{http: salesforce.NewHTTP(nil)} // nothing is called yet
	address, err := q.web(org).AuthorizeURL(q.Handshake)
	if err != nil {
		return "", nil, refusal(err)
	}
	plain, err := json.Marshal(q)
	if err != nil {
		return "", nil, err
	}
	sealed, err := s.db.SealSignIn(actor.OrgID, plain)
	return address, sealed, err
}

// Return implements [web.SalesforceSignIn].
func (s *salesforcePages) Return(ctx context.Context, actor switchboard.Actor, pending []byte, state, code string) error {
	again := switchboard.Errorf(switchboard.CodeConflict, "The sign-in was not begun in this browser, or too long ago. Begin it again.")
	plain, err := s.db.OpenSignIn(actor.OrgID, pending)
	if err != nil {
		return again
	}
	var q pendingSignIn
	if err := json.Unmarshal(plain, &q); err != nil {
		return err
	}
	if q.Handshake.State == "" || q.Handshake.State != state || q.User != actor.ID || s.p.now().Sub(q.Since) > signInLife {
		return again
	}
	ctx, cancel := context.WithTimeout(ctx, pageCallTimeout)
	defer cancel()
	c, secret := store.Salesforce{SalesforceSettings: q.Settings}, store.SalesforceSecret{ClientSecret: q.Secret}
	org, done, err := s.open(actor.OrgID, c, secret)
	if err != nil {
		return refusal(err)
	}
	defer done(ctx)
	token, refresh, err := q.web(org).Exchange(ctx, q.Handshake, code)
	if err != nil {
		return refusal(err)
	}
	secret.RefreshToken = refresh
	return s.keep(ctx, actor, c, secret, token)
}

// open opens the org of a connection, and counts the calls that are made.
func (s *salesforcePages) open(org string, c store.Salesforce, secret store.SalesforceSecret) (*salesforceOrg, func(context.Context), error) {
	calls := &callCount{by: map[string]int64{}}
	o, err := openSalesforce(s.p, s.db, org, c, secret, calls, quiet())
	if err != nil {
		return nil, nil, err
	}
	return o, func(ctx context.Context) {
		o.close()
		within, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = s.db.CountCalls(within, org, calls.sum()) // a count that is lost is no reason to fail what was done
	}, nil
}

// connected opens the org's Salesforce.
func (s *salesforcePages) connected(ctx context.Context, org string) (*salesforceOrg, func(context.Context), error) {
	c, err := s.db.Salesforce(ctx, org)
	if err != nil {
		return nil, nil, err
	}
	secret, err := s.db.SalesforceSecret(ctx, org)
	if err != nil {
		return nil, nil, err
	}
	o, done, err := s.open(org, c, secret)
	return o, done, refusal(err)
}

// Check implements [web.SalesforceOrg].
func (s *salesforcePages) Check(ctx context.Context, org string, again bool) (web.SalesforceCheck, error) {
	c, err := s.db.Salesforce(ctx, org)
	if err != nil {
		return web.SalesforceCheck{}, err
	}
	s.mu.Lock()
	have, known := s.checked[org]
	s.mu.Unlock()
	if known && !again && s.p.now().Sub(have.result.At) < checkedWithin && sameSettings(have.of, c.SalesforceSettings) {
		return have.result, nil
	}
	settings, err := s.db.Settings(ctx, org)
	if err != nil {
		return web.SalesforceCheck{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, pageCallTimeout)
	defer cancel()
	o, done, err := s.connected(ctx, org)
	if err != nil {
		return web.SalesforceCheck{}, err
	}
	defer done(ctx)
	result := web.SalesforceCheck{At: s.p.now(), Ours: orgpackage.Version}
	for _, f := range o.Check(ctx, settings.PhoneFields) {
		level := map[salesforce.Level]web.Level{salesforce.OK: web.LevelOK, salesforce.Warn: web.LevelWarn, salesforce.Fail: web.LevelFail}[f.Level]
		result.Findings = append(result.Findings, web.SalesforceFinding{Level: level, What: f.What, Remedy: pageRemedy(f.Remedy)})
	}
	if ctx.Err() != nil {
		return web.SalesforceCheck{}, switchboard.Errorf(switchboard.CodeUnavailable, "Salesforce did not answer in time. Check again in a moment.")
	}
	// What is only shown may be missing: the findings say what is wrong.
	if user, err := o.UserInfo(ctx); err == nil {
		result.User = user.Username
	}
	if rows, err := salesforce.Collect(o.Query(salesforce.WithUse(ctx, salesforce.UseSetup), salesforce.Select("Organization", "Name"))); err == nil && len(rows) == 1 {
		result.Org = rows[0].Text("Name")
	}
	if version, err := o.PackageVersion(ctx); err == nil {
		result.Package = version
	}
	s.mu.Lock()
	s.checked[org] = checked{c.SalesforceSettings, result}
	s.mu.Unlock()
	return result, nil
}

// sameSettings reports whether two connections would be checked alike.
func sameSettings(a, b store.SalesforceSettings) bool {
	fields := maps.EqualFunc(a.Fields, b.Fields, func(x, y []string) bool { return strings.Join(x, " ") == strings.Join(y, " ") })
	a.Fields, b.Fields = nil, nil
	return fields && a.Method == b.Method && a.LoginURL == b.LoginURL && a.ClientID == b.ClientID && a.Username == b.Username && a.APIVersion == b.APIVersion && a.Renewed == b.Renewed
}

// pageRemedy puts a remedy of the command line's into the words of the page.
func pageRemedy(s string) string {
	return strings.ReplaceAll(s, "Run: switchboard salesforce install", "Install the package")
}

// Install implements [web.SalesforceOrg].
func (s *salesforcePages) Install(ctx context.Context, org string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, pageCallTimeout)
	defer cancel()
	o, done, err := s.connected(ctx, org)
	if err != nil {
		return "", err
	}
	defer done(ctx)
	zip, err := packageFor(ctx, o, false, false)
	if err != nil {
		return "", refusal(err)
	}
	id, err := o.BeginDeploy(ctx, zip)
	return id, refusal(err)
}

// Installation implements [web.SalesforceOrg].
func (s *salesforcePages) Installation(ctx context.Context, org, id string) (web.SalesforceInstallation, error) {
	ctx, cancel := context.WithTimeout(ctx, pageLookTimeout)
	defer cancel()
	o, done, err := s.connected(ctx, org)
	if err != nil {
		return web.SalesforceInstallation{}, err
	}
	defer done(ctx)
	d, err := o.Deployment(ctx, id)
	if err != nil {
		return web.SalesforceInstallation{}, refusal(err)
	}
	at := web.SalesforceInstallation{Done: d.Done, Deployed: d.Deployed, Total: d.Total}
	if !d.Done {
		return at, nil
	}
	if err := d.Failure(); err != nil {
		at.Failed = asSentence(err)
		return at, nil
	}
	if err := moveIn(ctx, o); err != nil {
		at.Failed = err.Error()
	}
	return at, s.db.RenewSalesforce(ctx, org)
}

// refusal turns an error of Salesforce's into one whose words a person is shown;
// others stay as they are.
func refusal(err error) error {
	e, ok := errors.AsType[*salesforce.Error](err)
	if !ok {
		return err
	}
	switch e.Class {
	case salesforce.ClassRetry, salesforce.ClassLimit, salesforce.ClassUnknown:
		return &switchboard.Error{Code: switchboard.CodeConflict, Message: asSentence(err), Err: err}
	}
	field := ""
	switch e.Code {
	case salesforce.CodeAddress:
		field = "login_url"
	case salesforce.CodeOldVersion:
		field = "api_version"
	}
	return &switchboard.Error{Code: switchboard.CodeInvalid, Field: field, Message: asSentence(err), Err: err}
}

// asSentence ends Salesforce's words as a sentence does.
func asSentence(err error) string {
	words := err.Error()
	if e, ok := errors.AsType[*salesforce.Error](err); ok {
		words = e.Sentence()
	}
	if words != "" && !strings.HasSuffix(words, ".") {
		words += "."
	}
	return words
}

// callCount counts the calls of a page.
type callCount struct {
	mu        sync.Mutex
	by        map[string]int64
	used, max int64
}

// May implements [salesforce.Budget]: a person asked, and makes few calls.
func (c *callCount) May(context.Context, string) error { return nil }

// Spent implements [salesforce.Budget].
func (c *callCount) Spent(use string, used, limit int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.by[use]++
	if limit > 0 {
		c.used, c.max = used, limit
	}
}

func (c *callCount) sum() store.SalesforceCalls {
	c.mu.Lock()
	defer c.mu.Unlock()
	return store.SalesforceCalls{ByPurpose: maps.Clone(c.by), Used: c.used, Max: c.max}
}
