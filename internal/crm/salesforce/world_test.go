package salesforce_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// clock is a clock that a test moves. Each look at it is a moment later, so
// that no two stamps are the same unless they are meant to be.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// simulated is an org with our package in it, and our view of it.
type simulated struct {
	*salesforce.Org
	there *sforg.Org
	clock *clock
	meter *meter
	url   string
}

func simulate(t testing.TB, change ...func(*sforg.Config)) *simulated {
	t.Helper()
	s := &simulated{clock: &clock{t: now}, meter: &meter{}}
	config := sforg.Config{Now: s.clock.Now, Random: rand.NewChaCha8([32]byte{1}), DailyLimit: 1_000_000}
	for _, f := range change {
		f(&config)
	}
	s.there = sforg.New(config)
	if err := s.there.InstallPackage(orgpackage.FS()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.there)
	t.Cleanup(server.Close)
	s.url = server.URL
	s.there.SetURL(server.URL)
	grant, err := salesforce.ClientCredentials(salesforce.App{LoginURL: server.URL, ClientID: s.there.ClientID(), HTTP: server.Client()}, s.there.ClientSecret())
	if err != nil {
		t.Fatal(err)
	}
	client, err := salesforce.New(salesforce.Config{HTTP: server.Client(), Source: salesforce.NewSource(grant), Budget: s.meter, Now: s.clock.Now,
		Wait: func(ctx context.Context, d time.Duration) error { s.clock.Add(d); return ctx.Err() }})
	if err != nil {
		t.Fatal(err)
	}
	s.Org = salesforce.NewOrg(client)
	return s
}

// make makes a record in the org, as its admin would.
func (s *simulated) make(t testing.TB, object string, fields map[string]any) string {
	t.Helper()
	s.clock.Add(time.Second)
	id, err := s.there.Create(nil, object, fields)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// Changes yields what a poll finds of one object.
func (s *simulated) Changes(ctx context.Context, object switchboard.Object, fields []string, after salesforce.Cursor) iter.Seq2[salesforce.ChangePage, error] {
	return func(yield func(salesforce.ChangePage, error) bool) {
		p, err := s.Poll(ctx, salesforce.Cursor{Stamp: s.clock.Now()}, []salesforce.Asked{{Object: object, Fields: fields, After: after}})
		if err != nil {
			yield(salesforce.ChangePage{}, err)
			return
		}
		p.Records[0](yield)
	}
}

// MessageChanges yields what a poll finds of messages.
func (s *simulated) MessageChanges(ctx context.Context, after salesforce.Cursor) iter.Seq2[salesforce.MessagePage, error] {
	return func(yield func(salesforce.MessagePage, error) bool) {
		p, err := s.Poll(ctx, after, nil)
		if err != nil {
			yield(salesforce.MessagePage{}, err)
			return
		}
		p.Messages(yield)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// loaded returns all records of pages, by id.
func loaded[P any](t testing.TB, pages iter.Seq2[P, error], records func(P) []switchboard.RemoteRecord) map[string]switchboard.RemoteRecord {
	t.Helper()
	all := map[string]switchboard.RemoteRecord{}
	for p, err := range pages {
		must(t, err)
		for _, r := range records(p) {
			all[r.SalesforceID] = r
		}
	}
	return all
}

func ofLoad(p salesforce.LoadPage) []switchboard.RemoteRecord     { return p.Records }
func ofChange(p salesforce.ChangePage) []switchboard.RemoteRecord { return p.Records }

func fill(t testing.TB, s *simulated, n int) {
	t.Helper()
	must(t, s.there.Load("Contact", n, func(i int) map[string]any {
		return map[string]any{"LastName": fmt.Sprintf("Person %d", i), "MobilePhone": fmt.Sprintf("+1512%07d", i), "Phone": "(512) 555-0177"}
	}))
}
