package hooks

import (
	"context"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// Quarantine keeps what came to the channel and could not be read.
func (h *Hooks) Quarantine(context.Context, provider.Account, provider.Request, string) error {
	return switchboard.Errorf(switchboard.CodeUnavailable, "The quarantine is not there yet.")
}

// Replay reads a quarantined delivery again.
func (h *Hooks) Replay(_ context.Context, _ switchboard.Actor, id string) error {
	return switchboard.Errorf(switchboard.CodeNotFound, "There is no quarantined delivery %q.", id)
}
