package desk

import (
	"context"

	"github.com/switchboardhq/switchboard"
)

// SetUnknownNumbers changes what is created for texts from unknown numbers.
func (d *Desk) SetUnknownNumbers(ctx context.Context, actor switchboard.Actor, u switchboard.UnknownNumbers) (switchboard.Settings, error) {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return switchboard.Settings{}, err
	}
	s, err := d.db.SetUnknownNumbers(ctx, actor, u)
	return s, d.done(actor.OrgID, err)
}
