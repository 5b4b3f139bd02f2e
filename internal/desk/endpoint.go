package desk

import (
	"context"
	"net/url"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// maxEndpoint is how long the address of an outgoing webhook may be.
const maxEndpoint = 2000

// SetEndpoint makes address the org's outgoing webhook and returns the secret
// that its calls are signed with, which is shown now or never; "" if the
// address is what it was.
func (d *Desk) SetEndpoint(ctx context.Context, actor switchboard.Actor, address string) (string, error) {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return "", err
	}
	address = strings.TrimSpace(address)
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http":
		return "", switchboard.Invalid("url", "Enter an address such as https://example.com/hook.")
	case u.User != nil:
		return "", switchboard.Invalid("url", "Leave out the user and password: calls are signed instead.")
	case len(address) > maxEndpoint:
		return "", switchboard.Invalid("url", "An address has at most %d characters.", maxEndpoint)
	}
	secret, err := d.db.SetEndpoint(ctx, actor, address)
	return secret, d.done(actor.OrgID, err)
}

// DeleteEndpoint takes the org's outgoing webhook away.
func (d *Desk) DeleteEndpoint(ctx context.Context, actor switchboard.Actor) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	return d.done(actor.OrgID, d.db.DeleteEndpoint(ctx, actor))
}

// RetryJob has a job that was given up tried again.
func (d *Desk) RetryJob(ctx context.Context, actor switchboard.Actor, id string) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	return d.done(actor.OrgID, d.db.RetryJob(ctx, actor, id))
}
