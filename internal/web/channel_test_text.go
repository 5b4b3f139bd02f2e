package web

import (
	"bytes"
	"context"
	"encoding/hex"
	"io"
	"net/http"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// The test text. Its number is one of those that nobody has: they are kept for
// films and for tests.
const (
	testSender = "+12025550147"
	testBody   = "Hello from Switchboard. This is a test text."
)

// sendText has a text arrive as if the channel's provider delivered it: signed,
// posted to the webhook address, verified and committed. Where we can't sign for
// the provider, it is handed in instead.
func (s *Server) sendText(ctx context.Context, actor switchboard.Actor, c switchboard.Channel, from, body string) error {
	id := make([]byte, 16)
	if _, err := io.ReadFull(s.random, id); err != nil {
		return err
	}
	address, token, err := s.webhook(ctx, actor.OrgID, c)
	if err != nil {
		return err
	}
	t := provider.Rehearsal{URL: address, ID: "test-" + hex.EncodeToString(id), From: from, Body: body, At: s.now()}
	if len(c.Numbers) > 0 {
		t.To = c.Numbers[0].Number
	}
	d, ok := s.driver(c.Provider).(provider.Rehearser)
	if !ok || !c.HasSecret || s.receiver == nil {
		_, _, err := s.desk.Submit(ctx, actor, c.ID, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: t.ID, Sender: t.From, Ours: t.To, Body: t.Body, SentAt: t.At})
		return err
	}
	a, err := s.db.AccountByToken(ctx, c.Provider, token)
	if err != nil {
		return err
	}
	if a.SecretErr != nil {
		return switchboard.Errorf(switchboard.CodeConflict, "The secret of %s can't be read: this process has another key than the one that sealed it. Enter the secret again.", c.Label())
	}
	header, payload, err := d.Rehearse(t, provider.Credentials{Secret: a.Secret, Options: c.Options})
	if err != nil {
		return switchboard.Errorf(switchboard.CodeConflict, "The secret of %s can't sign a text. Enter it again in Settings.", c.Label())
	}
	return s.deliver(ctx, c.Provider, token, header, payload)
}

// deliver posts to the webhook's own handler. It is the real one, so what it
// refuses here it would refuse of the provider.
func (s *Server) deliver(ctx context.Context, name, token string, header http.Header, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/hooks/"+name+"/"+token, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header = header
	r.SetPathValue("provider", name)
	r.SetPathValue("token", token)
	var w status
	s.receiver.ServeHTTP(&w, r)
	switch {
	case w.code >= 200 && w.code < 300:
		return nil
	case w.code == http.StatusForbidden:
		return switchboard.Errorf(switchboard.CodeConflict, "The webhook refused the test text: its signature did not match. Enter the secret again.")
	}
	return switchboard.Errorf(switchboard.CodeUnavailable, "The webhook could not take the test text just now. Try again.")
}

// status is a response of which only the status is kept.
type status struct {
	code   int
	header http.Header
}

func (s *status) Header() http.Header {
	if s.header == nil {
		s.header = http.Header{}
	}
	return s.header
}

func (s *status) WriteHeader(code int) {
	if s.code == 0 {
		s.code = code
	}
}

func (s *status) Write(b []byte) (int, error) {
	s.WriteHeader(http.StatusOK)
	return len(b), nil
}
