package desk

import (
	"context"

	"github.com/switchboardhq/switchboard"
)

// MarkRead marks a notification read.
func (d *Desk) MarkRead(ctx context.Context, actor switchboard.Actor, id string) (switchboard.Notification, error) {
	if err := actor.Allow(switchboard.MayPlace); err != nil {
		return switchboard.Notification{}, err
	}
	n, err := d.db.MarkRead(ctx, actor, id)
	return n, d.done(actor.OrgID, err)
}
