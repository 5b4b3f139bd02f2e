package hooks

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

// kept is a delivery as the quarantine holds it, sealed.
type kept struct {
	Method     string      `json:"method"`
	URL        string      `json:"url"`
	Header     http.Header `json:"header"`
	Body       []byte      `json:"body"`
	ReceivedAt time.Time   `json:"received_at"`
	// Verified says that it had proven where it came from when it came. One
	// whose proof stands in an unreadable body has that before it.
	Verified bool `json:"verified"`
}

// Quarantine keeps what came to the channel and could not be read.
func (h *Hooks) Quarantine(ctx context.Context, a provider.Account, r provider.Request, reason string) error {
	now, err := h.db.Account(ctx, a.OrgID, a.ChannelID)
	if err != nil {
		return err
	}
	if now.SettingsVersion != a.SettingsVersion {
		h.accounts.forget(a.ChannelID)
		return switchboard.Errorf(switchboard.CodeStale, "The settings changed while the delivery was on its way. It is verified again.")
	}
	request, err := json.Marshal(kept{
		Method: r.Method, URL: r.URL, Header: r.Header, Body: r.Body, ReceivedAt: r.ReceivedAt,
		Verified: h.drivers[now.Channel.Provider].Verify(r, a.Credentials) == nil,
	})
	if err != nil {
		return err
	}
	return h.db.Quarantine(ctx, a.OrgID, store.NewQuarantined{
		ChannelID: a.ChannelID, ReceivedAt: r.ReceivedAt, Reason: reason, Request: request, Same: sameDelivery(r), Size: int64(len(r.Body)),
	})
}

// sameDelivery returns what a delivery has in common with its repetitions: the
// body, and the query of the address.
func sameDelivery(r provider.Request) string {
	_, query, _ := strings.Cut(r.URL, "?")
	sum := sha256.Sum256([]byte(query + "\x00" + string(r.Body)))
	return hex.EncodeToString(sum[:])
}

// Replay reads a quarantined delivery again, in the name of an admin. It returns
// nil once everything that it tells is committed. One that still can't be read,
// or that can't prove now where it came from, is an error with code conflict and
// stays where it is.
func (h *Hooks) Replay(ctx context.Context, actor switchboard.Actor, id string) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	q, request, err := h.db.OpenQuarantined(ctx, actor.OrgID, id)
	if err != nil {
		return err
	}
	var k kept
	if err := json.Unmarshal(request, &k); err != nil {
		return err
	}
	d, ok := h.drivers[q.Provider]
	if !ok {
		return switchboard.Errorf(switchboard.CodeConflict, "This program knows no provider %s. Replay it with one that does.", q.Provider)
	}
	a, err := h.db.Account(ctx, actor.OrgID, q.ChannelID)
	if err != nil {
		return err
	}
	account := newAccount(a)
	r := provider.Request{Method: k.Method, URL: k.URL, Header: k.Header, Body: k.Body, ReceivedAt: k.ReceivedAt}
	if !k.Verified {
		if err := h.verify(d, r, account); err != nil {
			return err
		}
	}
	events, unreadable := provider.Read(d, r, account.Credentials)
	if err := h.desk.Receive(ctx, account.OrgID, account.ChannelID, 0, r.ReceivedAt, events); err != nil {
		return err
	}
	if unreadable != nil {
		return switchboard.Errorf(switchboard.CodeConflict, "It still can't be read: %s", unreadable.Error())
	}
	return h.db.MarkReplayed(ctx, actor, id)
}

func (h *Hooks) verify(d provider.Driver, r provider.Request, a provider.Account) error {
	err := a.SecretErr
	if err == nil {
		err = d.Verify(r, a.Credentials)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, provider.ErrForged):
		return switchboard.Errorf(switchboard.CodeConflict, "It can be read now, but it does not prove that it comes from the provider, so nothing was taken from it.")
	case errors.Is(err, provider.ErrUnreadable):
		return switchboard.Errorf(switchboard.CodeConflict, "It still can't be read, so it can't be checked who sent it.")
	}
	return switchboard.Errorf(switchboard.CodeConflict, "It can't be checked who sent it: the channel's secret is missing or unusable. Enter it in Settings, Channels.")
}
