package desk

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// SetUnknownNumbers changes what is created for texts from unknown numbers.
func (d *Desk) SetUnknownNumbers(ctx context.Context, actor switchboard.Actor, u switchboard.UnknownNumbers) (switchboard.Settings, error) {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return switchboard.Settings{}, err
	}
	s, err := d.db.SetUnknownNumbers(ctx, actor, u)
	return s, d.done(actor.OrgID, err)
}

// reindexWait is how long a change of settings waits for the numbers of all
// records to be read again. What takes longer goes on where serve looks after
// it.
const reindexWait = 3 * time.Second

// UpdateOrg changes the org's name, country and time zone.
func (d *Desk) UpdateOrg(ctx context.Context, actor switchboard.Actor, o store.OrgSettings) (switchboard.Settings, error) {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return switchboard.Settings{}, err
	}
	if o.Name = strings.TrimSpace(o.Name); o.Name == "" {
		return switchboard.Settings{}, switchboard.Invalid("name", "Enter the name of your organization.")
	}
	if utf8.RuneCountInString(o.Name) > 120 {
		return switchboard.Settings{}, switchboard.Invalid("name", "A name has at most 120 characters.")
	}
	s, err := d.db.UpdateOrg(ctx, actor, o)
	if err == nil {
		err = d.reindex(ctx, actor.OrgID)
	}
	return s, d.done(actor.OrgID, err)
}

// SetPhoneFields changes which fields of records are matched.
func (d *Desk) SetPhoneFields(ctx context.Context, actor switchboard.Actor, fields switchboard.PhoneFields) (switchboard.Settings, error) {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return switchboard.Settings{}, err
	}
	s, err := d.db.SetPhoneFields(ctx, actor, fields)
	if err == nil {
		err = d.reindex(ctx, actor.OrgID)
	}
	return s, d.done(actor.OrgID, err)
}

// reindex reads the numbers of all records again, if that is due and quickly
// done. The settings are committed: that it is not done is no error.
func (d *Desk) reindex(ctx context.Context, org string) error {
	due, err := d.db.ReindexDue(ctx, org)
	if err != nil || !due {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, reindexWait)
	defer cancel()
	err = d.db.Reindex(ctx, org, nil)
	if ctx.Err() != nil || switchboard.ErrorCode(err) == switchboard.CodeConflict {
		return nil
	}
	return err
}

// UpdateChannel changes a channel: what is nil stays. Numbers are written in
// E.164 where they are full numbers.
func (d *Desk) UpdateChannel(ctx context.Context, actor switchboard.Actor, id string, u store.ChannelUpdate) (switchboard.Channel, error) {
	fail := func(err error) (switchboard.Channel, error) { return switchboard.Channel{}, err }
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return fail(err)
	}
	c, err := d.db.Channel(ctx, actor.OrgID, id)
	if err != nil {
		return fail(err)
	}
	region := c.Region
	if u.Region != nil {
		if region = *u.Region; !switchboard.KnownRegion(region) {
			return fail(switchboard.Invalid("region", "%q is no country code, such as US or GB.", region))
		}
	}
	if u.Name != nil {
		name := strings.TrimSpace(*u.Name)
		if utf8.RuneCountInString(name) > 80 {
			return fail(switchboard.Invalid("name", "A channel's name has at most 80 characters."))
		}
		u.Name = &name
	}
	if u.Numbers != nil {
		if u.Numbers, _, err = channelNumbers(u.Numbers, region); err != nil {
			return fail(err)
		}
	}
	c, err = d.db.UpdateChannel(ctx, actor, id, u)
	return c, d.done(actor.OrgID, err)
}
