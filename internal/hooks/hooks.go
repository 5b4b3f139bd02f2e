// Package hooks joins the providers' webhooks to the intake: it finds the
// channel of an address, hands in what a delivery tells, keeps aside what could
// not be read, and remembers who called.
package hooks

import (
	"context"
	"log/slog"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Config is what Hooks works with. Every member is needed.
type Config struct {
	DB      *store.DB
	Desk    *desk.Desk
	Drivers []provider.Driver
	Now     func() time.Time
	Log     *slog.Logger
}

// Hooks is the store's side of a [provider.Receiver]. It is safe for concurrent
// use.
type Hooks struct {
	db       *store.DB
	desk     *desk.Desk
	drivers  map[string]provider.Driver
	now      func() time.Time
	log      *slog.Logger
	accounts accounts
	calls    calls
}

var (
	_ provider.Accounts = (*Hooks)(nil)
	_ provider.Intake   = (*Hooks)(nil)
)

// New returns the hooks. Calls are written down once [Hooks.Run] runs.
func New(c Config) *Hooks {
	h := &Hooks{db: c.DB, desk: c.Desk, drivers: map[string]provider.Driver{}, now: c.Now, log: c.Log}
	for _, d := range c.Drivers {
		h.drivers[d.Name()] = d
	}
	return h
}

// Receive commits what a delivery told, in the name of nobody.
func (h *Hooks) Receive(ctx context.Context, a provider.Account, events []switchboard.Event) error {
	err := h.desk.Receive(ctx, a.OrgID, a.ChannelID, a.SettingsVersion, h.now(), events)
	if switchboard.ErrorCode(err) == switchboard.CodeStale {
		h.accounts.forget(a.ChannelID)
	}
	return err
}
