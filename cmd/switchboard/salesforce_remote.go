package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	mathrand "math/rand/v2"
	"net/http"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub"
	"github.com/switchboardhq/switchboard/internal/store"
)

// The ways to get into an org.
const (
	byClientCredentials = "client_credentials"
	byJWT               = "jwt_bearer"
	byWebServer         = "web_server"
)

// newEngine returns the engine that keeps the org and its Salesforce the same.
func newEngine(p *process, db *store.DB, org string, log *slog.Logger, progress crm.Progress) *crm.Engine {
	return crm.NewEngine(engineConfig(p, db, org, log, progress))
}

func engineConfig(p *process, db *store.DB, org string, log *slog.Logger, progress crm.Progress) crm.Config {
	return crm.Config{
		DB: db, Org: org, Who: rand.Text(), Progress: progress, Now: p.now, Random: mathrand.Float64, Log: log,
		Open: func(_ context.Context, c store.Salesforce, secret store.SalesforceSecret, budget *crm.Gate) (crm.Remote, func(), error) {
			s, err := openSalesforce(p, db, org, c, secret, budget, log)
			if err != nil {
				return crm.Remote{}, nil, err
			}
			remote, err := s.remote(db, org, log)
			if err != nil {
				s.close()
				return crm.Remote{}, nil, err
			}
			return remote, s.close, nil
		},
	}
}

// salesforceOrg is an org that can be called.
type salesforceOrg struct {
	*salesforce.Org
	http       *http.Client
	connection store.Salesforce
}

// openSalesforce makes no call yet.
func openSalesforce(p *process, db *store.DB, org string, c store.Salesforce, secret store.SalesforceSecret, budget salesforce.Budget, log *slog.Logger) (*salesforceOrg, error) {
	h := salesforce.NewHTTP(http.ProxyFromEnvironment)
	grant, err := grantOf(p, db, org, c, secret, h)
	if err != nil {
		return nil, err
	}
	client, err := salesforce.New(salesforce.Config{HTTP: h, Source: salesforce.NewSource(grant), Version: c.APIVersion, Budget: budget, Now: p.now, Random: mathrand.Float64, Log: log})
	if err != nil {
		return nil, err
	}
	return &salesforceOrg{salesforce.NewOrg(client), h, c}, nil
}

func (o *salesforceOrg) close() { o.http.CloseIdleConnections() }

func grantOf(p *process, db *store.DB, org string, c store.Salesforce, secret store.SalesforceSecret, h *http.Client) (salesforce.Grant, error) {
	app := salesforce.App{LoginURL: c.LoginURL, ClientID: c.ClientID, HTTP: h}
	switch c.Method {
	case byClientCredentials:
		return salesforce.ClientCredentials(app, secret.ClientSecret)
	case byJWT:
		key, err := salesforce.ParseKey([]byte(secret.PrivateKey))
		if err != nil {
			return nil, err
		}
		return salesforce.JWTBearer(app, c.Username, key, c.Audience, p.now)
	case byWebServer:
		return &storedGrant{db, org, salesforce.Web{App: app, Secret: secret.ClientSecret}}, nil
	}
	return nil, fmt.Errorf("there is no way %q to get into Salesforce", c.Method)
}

// storedGrant gets tokens by the refresh token that is stored. An app may be set
// to give a new one with each token, after which the old one is dead: whoever of
// the processes and pages asked last has written down the one that is alive.
type storedGrant struct {
	db  *store.DB
	org string
	web salesforce.Web
}

// Grant implements [salesforce.Grant].
func (g *storedGrant) Grant(ctx context.Context) (salesforce.Token, error) {
	secret, err := g.db.SalesforceSecret(ctx, g.org)
	for err == nil {
		var grant salesforce.Grant
		grant, err = g.web.Refresh(secret.RefreshToken, func(ctx context.Context, token string) error { return g.db.SetSalesforceToken(ctx, g.org, token) })
		if err != nil {
			break
		}
		token, refused := grant.Grant(ctx)
		if refused == nil {
			return token, nil
		}
		used := secret.RefreshToken
		if secret, err = g.db.SalesforceSecret(ctx, g.org); err == nil && secret.RefreshToken == used {
			err = refused // nobody else used it up meanwhile
		}
	}
	return salesforce.Token{}, err
}

func (o *salesforceOrg) remote(db *store.DB, org string, log *slog.Logger) (crm.Remote, error) {
	a := remoteOrg{o.Org}
	writer := remoteWriter{o.Org, func(ctx context.Context, id string) (bool, error) {
		_, err := db.RecordBySalesforceID(ctx, org, id)
		if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
			return false, nil
		}
		return err == nil, err
	}}
	r := crm.Remote{Changes: a, Records: a, Messages: a, Setup: a, Writer: writer, Sender: remoteSender{o.Org}}
	if o.connection.PubSub == "" {
		return r, nil
	}
	var roots *x509.CertPool
	if o.connection.PubSubCA != "" {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(o.connection.PubSubCA)) {
			return r, errors.New("the certificate of the Pub/Sub API's signer can't be read: give it in PEM")
		}
	}
	r.Events = remoteEvents{pubsub.Config{Address: o.connection.PubSub, Tokens: remoteTokens{o.Org}, Roots: roots, Log: log}}
	return r, nil
}

// problem turns the adapter's errors into the engine's.
func problem(err error) error {
	e, ok := errors.AsType[*salesforce.Error](err)
	if !ok {
		return err
	}
	p := &crm.Problem{Message: e.Sentence(), Reference: e.Reference(), Row: e.Row, Err: e}
	switch e.Class {
	case salesforce.ClassRetry:
		p.Kind = crm.Retry
	case salesforce.ClassNewToken:
		p.Kind = crm.SignIn
	case salesforce.ClassLimit:
		p.Kind = crm.Limit
	case salesforce.ClassPermanent:
		p.Kind = crm.Permanent
	case salesforce.ClassDuplicate:
		p.Kind = crm.Duplicate
	case salesforce.ClassGone:
		p.Kind = crm.Gone
	case salesforce.ClassUnknown:
		p.Kind = crm.Unknown
	}
	if len(e.Fields) > 0 {
		p.Field = e.Fields[0]
	}
	for _, m := range e.Matches {
		if id, ok := switchboard.ParseSalesforceID(m.ID); ok {
			p.Matches = append(p.Matches, id)
		}
	}
	return p
}

// remoteOrg reads from an org.
type remoteOrg struct{ org *salesforce.Org }

var (
	_ crm.ChangeReader  = remoteOrg{}
	_ crm.RecordReader  = remoteOrg{}
	_ crm.MessageReader = remoteOrg{}
	_ crm.SetupReader   = remoteOrg{}
	_ crm.RecordWriter  = remoteWriter{}
	_ crm.MessageWriter = remoteSender{}
	_ crm.EventSource   = remoteEvents{}
)

func (r remoteOrg) Load(ctx context.Context, object switchboard.Object, fields []string, from crm.Loading) iter.Seq2[crm.LoadPage, error] {
	return each(r.org.Load(ctx, object, fields, salesforce.Loading(from)), func(p salesforce.LoadPage) crm.LoadPage {
		return crm.LoadPage{Records: p.Records, Loading: crm.Loading(p.Loading), ReadAt: p.ReadAt}
	})
}

func (r remoteOrg) Poll(ctx context.Context, messages crm.Cursor, records []crm.Asked) (crm.Polled, error) {
	asked := make([]salesforce.Asked, len(records))
	for i, a := range records {
		asked[i] = salesforce.Asked{Object: a.Object, Fields: a.Fields, After: salesforce.Cursor(a.After)}
	}
	polled, err := r.org.Poll(ctx, salesforce.Cursor(messages), asked)
	if err != nil {
		return crm.Polled{}, problem(err)
	}
	p := crm.Polled{Messages: each(polled.Messages, func(p salesforce.MessagePage) crm.MessagePage {
		return crm.MessagePage{Messages: p.Messages, Next: crm.Cursor(p.Next), ReadAt: p.ReadAt}
	})}
	for _, pages := range polled.Records {
		p.Records = append(p.Records, each(pages, func(p salesforce.ChangePage) crm.RecordPage {
			return crm.RecordPage{Records: p.Records, Next: crm.Cursor(p.Next), ReadAt: p.ReadAt}
		}))
	}
	return p, nil
}

func (r remoteOrg) Find(ctx context.Context, object switchboard.Object, fields, ids []string) ([]switchboard.RemoteRecord, error) {
	found, err := r.org.Records(ctx, object, fields, ids)
	return found, problem(err)
}

func (r remoteOrg) IDs(ctx context.Context, object switchboard.Object) iter.Seq2[[]string, error] {
	return each(r.org.IDs(ctx, object), func(ids []string) []string { return ids })
}

func (r remoteOrg) FindMessages(ctx context.Context, ids []string) ([]switchboard.RemoteMessage, error) {
	rows, err := r.org.Messages(ctx, ids)
	return rows, problem(err)
}

func (r remoteOrg) Users(ctx context.Context) ([]switchboard.RemoteUser, error) {
	users, err := r.org.Users(ctx)
	return users, problem(err)
}

func (r remoteOrg) UnknownNumbers(ctx context.Context) (*switchboard.RemoteUnknownNumbers, error) {
	u, err := r.org.UnknownNumbers(ctx)
	return u, problem(err)
}

// each turns the pages of the adapter into the engine's.
func each[A, B any](pages iter.Seq2[A, error], turn func(A) B) iter.Seq2[B, error] {
	return func(yield func(B, error) bool) {
		for a, err := range pages {
			if err != nil {
				var none B
				yield(none, problem(err))
				return
			}
			if !yield(turn(a), nil) {
				return
			}
		}
	}
}

// remoteWriter writes records.
type remoteWriter struct {
	org   *salesforce.Org
	known func(ctx context.Context, id string) (bool, error) // whether a record is here
}

func (w remoteWriter) Create(ctx context.Context, object switchboard.Object, key string, again bool, fields switchboard.Fields) (string, error) {
	d, err := w.org.Describe(salesforce.WithUse(ctx, salesforce.UseWrite), string(object))
	if err != nil {
		return "", problem(err)
	}
	if object.Custom() && !d.Has(orgpackage.KeyField) {
		return w.createKeyless(ctx, d, again, fields)
	}
	result, err := w.org.CreateRecord(ctx, object, key, fields, salesforce.WriteOptions{})
	if err == nil && result.Err != nil {
		err = result.Err
	}
	return result.ID, problem(err)
}

// createKeyless makes a record of an object that has no field for our key. One
// that an earlier try may have made is told by its name, by who made it, and by
// not being here.
func (w remoteWriter) createKeyless(ctx context.Context, d *salesforce.Object, again bool, fields switchboard.Fields) (string, error) {
	ctx = salesforce.WithUse(ctx, salesforce.UseWrite)
	if again {
		token, err := w.org.Token(ctx)
		if err != nil {
			return "", problem(err)
		}
		rows, err := salesforce.Collect(w.org.Query(ctx, salesforce.Select(d.Name, "Id").
			Where(salesforce.Eq("Name", fields.Text("Name")), salesforce.Eq("CreatedById", token.UserID)).OrderBy("Id").Limit(keylessAtMost)))
		if err != nil {
			return "", problem(err)
		}
		for _, row := range rows {
			if known, err := w.known(ctx, row.ID("Id")); err != nil || !known {
				return row.ID("Id"), err
			}
		}
	}
	sent := map[string]any{}
	for name, v := range fields {
		if f, ok := d.Field(name); ok && f.Createable {
			sent[f.Name] = v
		}
	}
	id, err := w.org.Create(ctx, d.Name, sent, salesforce.WriteOptions{})
	return id, problem(err)
}

// keylessAtMost bounds how many records of one name are looked at.
const keylessAtMost = 200

func (w remoteWriter) Update(ctx context.Context, object switchboard.Object, id string, fields switchboard.Fields) error {
	return problem(w.org.UpdateRecord(ctx, object, id, fields, salesforce.WriteOptions{SaveDuplicate: true})) // it is there already, so it makes no second one
}

func (w remoteWriter) Delete(ctx context.Context, object switchboard.Object, id string) error {
	return problem(w.org.DeleteRecord(ctx, object, id))
}

// remoteSender writes messages, and rings.
type remoteSender struct{ org *salesforce.Org }

func (s remoteSender) Upsert(ctx context.Context, messages []crm.SMS) []crm.Upserted {
	sms := make([]salesforce.SMS, len(messages))
	for i, m := range messages {
		sms[i] = salesforce.SMS(m)
	}
	results := s.org.UpsertMessages(ctx, sms)
	all := make([]crm.Upserted, len(results))
	for i, r := range results {
		all[i].ID = r.ID
		if r.Err != nil {
			all[i].Err = problem(r.Err)
		}
	}
	return all
}

func (s remoteSender) Ring(ctx context.Context, r crm.Ring) error {
	return problem(s.org.Ring(ctx, salesforce.Bell{UserIDs: []string{r.UserID}, Title: r.Title, Body: r.Body, TargetID: r.TargetID}))
}

// remoteTokens lets the stream of changes use the calls' token.
type remoteTokens struct{ org *salesforce.Org }

func (t remoteTokens) Session(ctx context.Context) (pubsub.Session, error) {
	token, err := t.org.Token(ctx)
	return pubsub.Session{AccessToken: token.Access, InstanceURL: token.Instance, OrgID: token.OrgID}, err
}

func (t remoteTokens) Invalidate(access string) { t.org.Invalidate(access) }

// remoteEvents is the stream of changes.
type remoteEvents struct{ config pubsub.Config }

func (e remoteEvents) Subscribe(ctx context.Context, object switchboard.Object, from []byte, handle func(context.Context, crm.Events) error) error {
	config := e.config
	config.Lost = func(ctx context.Context) error { return handle(ctx, crm.Events{Lost: true}) }
	s, err := pubsub.New(config)
	if err != nil {
		return err
	}
	return s.Subscribe(ctx, pubsub.Topic(string(object)), pubsub.Position{ReplayID: from}, func(ctx context.Context, b pubsub.Batch) error {
		return handle(ctx, eventsOf(b))
	})
}

// eventsOf leaves out what we changed ourselves: there is nothing to learn from it.
func eventsOf(b pubsub.Batch) crm.Events {
	events := crm.Events{All: b.Gap != pubsub.NoGap, Replay: b.ReplayID}
	seen := map[string]bool{}
	for _, e := range b.Events {
		if e.Client() == "Switchboard" && !e.Type.Gap() {
			continue
		}
		events.All = events.All || e.All
		for _, raw := range e.RecordIDs {
			if id, ok := switchboard.ParseSalesforceID(raw); ok && !seen[id] {
				seen[id] = true
				events.IDs = append(events.IDs, id)
			}
		}
	}
	return events
}

// connectTimeout bounds what connect asks.
const connectTimeout = time.Minute
