package e2e

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
	"github.com/switchboardhq/switchboard/internal/web"
)

// A site is a whole Switchboard on an empty store, with Dana as its admin and
// one channel.
type site struct {
	url     string
	db      *store.DB
	desk    *desk.Desk
	dana    switchboard.Actor
	channel switchboard.Channel
	tokens  map[string]string
}

func newSite(t *testing.T) *site {
	t.Helper()
	clock := storetest.NewClock()
	db := storetest.Open(t, storetest.SQLite, clock)
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	hub := &live.Hub{}
	ctx, cancel := context.WithCancel(context.Background())
	writer := intake.New(db, intake.Config{Log: log, Committed: hub.Changed})
	var running sync.WaitGroup
	running.Go(func() { writer.Run(ctx) })
	s := &site{db: db, tokens: map[string]string{}}
	s.desk = desk.New(db, writer, hub, clock.Now, []string{"generic"})
	server, err := web.New(ctx, web.Config{DB: db, Desk: s.desk, Hub: hub, Log: log, Now: clock.Now, Random: rand.Reader, PublicURL: func() string { return s.url }})
	if err != nil {
		t.Fatal(err)
	}
	h := httptest.NewServer(server.Handler())
	s.url = h.URL
	t.Cleanup(func() {
		cancel()
		h.CloseClientConnections()
		h.Close()
		running.Wait()
	})
	s.dana = storetest.Admin(t, db)
	s.channel = storetest.Channel(t, db, s.dana)
	return s
}

// text brings a text in, as a provider would.
func (s *site) text(t *testing.T, from, body string) *switchboard.Message {
	t.Helper()
	m, _, err := s.desk.Submit(t.Context(), s.dana, s.channel.ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: rand.Text(), Sender: from, Body: body})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (s *site) message(t *testing.T, id string) *switchboard.Message {
	t.Helper()
	return storetest.Message(t, s.db, s.dana.OrgID, id)
}

// session signs a user in.
func (s *site) session(t *testing.T, a switchboard.Actor) string {
	t.Helper()
	token := rand.Text()
	expiry := time.Now().Add(1000 * time.Hour)
	b, err := scs.GobCodec{}.Encode(expiry, map[string]any{store.SessionUser: a.ID, "org": a.OrgID, "seen": storetest.NewClock().Now().Unix()})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.db.Sessions(t.Context()).CommitCtx(t.Context(), token, b, expiry); err != nil {
		t.Fatal(err)
	}
	return token
}
