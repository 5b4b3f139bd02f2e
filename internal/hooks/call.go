package hooks

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard/internal/provider"
)

const (
	writeCalls = time.Second      // how often what is new is written down
	sameCall   = 30 * time.Second // how often, if only the time is new
)

// calls holds the last call of each channel until it is written down. It is as
// large as there are channels, whatever comes in.
type calls struct {
	mu   sync.Mutex
	last map[channel]*lastCall
}

type channel struct{ org, id string }

type lastCall struct {
	verdict string
	dirty   bool
	written string    // the verdict that was written down last
	at      time.Time // when that was
}

// Called notes who called a channel, in memory: a flood of forgeries writes no
// more than a second call does.
func (h *Hooks) Called(_ context.Context, a provider.Account, _ provider.Request, verdict error) {
	if verdict != nil {
		h.accounts.forget(a.ChannelID) // what is remembered of it may be why
	}
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	if h.calls.last == nil {
		h.calls.last = map[channel]*lastCall{}
	}
	k := channel{a.OrgID, a.ChannelID}
	c := h.calls.last[k]
	if c == nil {
		c = &lastCall{}
		h.calls.last[k] = c
	}
	c.verdict, c.dirty = verdictText(verdict), true
}

// verdictText says what was wrong with a call, in words for an admin.
func verdictText(verdict error) string {
	switch {
	case verdict == nil:
		return "ok"
	case errors.Is(verdict, provider.ErrForged):
		return "The signature did not match. Check the secret here and at the provider."
	case errors.Is(verdict, provider.ErrSecret):
		return "The channel has no usable secret, so nothing can be verified. Enter it here."
	case errors.Is(verdict, provider.ErrUnsigned):
		return "The provider left out the signature. It was asked to send again."
	case errors.Is(verdict, provider.ErrUnreadable):
		return "The body could not be read, so it could not be checked who sent it. It is in the quarantine."
	}
	return "Switchboard failed to check the delivery. It was asked to send again."
}

// Run writes down who called until ctx ends, and once more then.
func (h *Hooks) Run(ctx context.Context) {
	tick := time.NewTicker(writeCalls)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			h.writeCalls(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			h.writeCalls(ctx)
		}
	}
}

func (h *Hooks) writeCalls(ctx context.Context) {
	for k, verdict := range h.newCalls() {
		if err := h.db.NoteCall(ctx, k.org, k.id, verdict); err != nil && ctx.Err() == nil {
			h.log.Warn("could not note a provider's call", "channel", k.id, "err", err)
		}
	}
}

func (h *Hooks) newCalls() map[channel]string {
	h.calls.mu.Lock()
	defer h.calls.mu.Unlock()
	due := map[channel]string{}
	now := h.now()
	for k, c := range h.calls.last {
		if !c.dirty || c.verdict == c.written && now.Sub(c.at) < sameCall {
			continue
		}
		c.dirty, c.written, c.at = false, c.verdict, now
		due[k] = c.verdict
	}
	return due
}
