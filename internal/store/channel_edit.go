package store

import (
	"context"
	"encoding/json"

	"github.com/switchboardhq/switchboard"
)

// ChannelUpdate is what is to change about a channel. A nil member leaves
// things as they are. What is set has been checked.
type ChannelUpdate struct {
	Name            *string
	Region          *string
	Numbers         []string // all of them, in order: others are taken away
	Secret          *string  // "" takes it away
	AuthenticatedBy *string  // a user's id
	Options         map[string]string
}

// UpdateChannel changes a channel and returns it. Its webhook address stays.
// Where another user authenticated it, what waits is told to that user from
// then on. It fails with not_found for an unknown channel, and with invalid for
// an unknown user.
func (db *DB) UpdateChannel(ctx context.Context, actor switchboard.Actor, id string, u ChannelUpdate) (switchboard.Channel, error) {
	err := db.changeSettings(ctx, actor.OrgID, func(t *tx) error {
		before, err := t.readSnapshot(actor.OrgID)
		if err != nil {
			return err
		}
		c := before.channel(id)
		if c == nil {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %s. It may have been removed.", id)
		}
		if err := t.updateChannel(actor.OrgID, *c, u); err != nil {
			return err
		}
		return t.audit(actor, "channel.update", "channel", id, u.changes())
	})
	if err != nil {
		return switchboard.Channel{}, err
	}
	return db.Channel(ctx, actor.OrgID, id)
}

// changes names what is changed, for the audit trail: no secret is among it.
func (u ChannelUpdate) changes() string {
	s := ""
	for _, c := range []struct {
		set  bool
		name string
	}{{u.Name != nil, "name"}, {u.Region != nil, "region"}, {u.Numbers != nil, "numbers"}, {u.Secret != nil, "secret"}, {u.AuthenticatedBy != nil, "authenticated_by"}, {u.Options != nil, "options"}} {
		if c.set && s != "" {
			s += " "
		}
		if c.set {
			s += c.name
		}
	}
	return s
}

func (t *tx) updateChannel(org string, c switchboard.Channel, u ChannelUpdate) error {
	if u.Name != nil {
		c.Name = *u.Name
	}
	if u.Region != nil {
		c.Region = *u.Region
	}
	if u.Options != nil {
		c.Options = u.Options
	}
	if u.AuthenticatedBy != nil {
		if _, err := t.user(org, *u.AuthenticatedBy); err != nil {
			return asInvalid(err, "authenticated_by")
		}
		c.AuthenticatedBy = *u.AuthenticatedBy
	}
	options, err := json.Marshal(c.Options)
	if err != nil {
		return err
	}
	err = t.exec("UPDATE channel SET name = $3, region = $4, options = $5, authenticated_by = $6 WHERE org_id = $1 AND id = $2",
		org, c.ID, c.Name, c.Region, string(options), c.AuthenticatedBy)
	if err != nil {
		return err
	}
	if u.Secret != nil {
		if err := t.setSecret(org, c.ID, *u.Secret); err != nil {
			return err
		}
	}
	if u.Numbers == nil {
		return nil
	}
	if err := t.exec("DELETE FROM channel_number WHERE org_id = $1 AND channel_id = $2", org, c.ID); err != nil {
		return err
	}
	for i, number := range u.Numbers {
		err := t.exec("INSERT INTO channel_number (org_id, channel_id, number, found, position) VALUES ($1, $2, $3, FALSE, $4) ON CONFLICT DO NOTHING", org, c.ID, number, i)
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *tx) setSecret(org, channel, secret string) error {
	var sealed []byte
	if secret != "" {
		var err error
		if sealed, err = t.db.key.Seal([]byte(secret), "channel secret "+channel); err != nil {
			return err
		}
	}
	return t.exec("UPDATE channel SET secret_sealed = $3 WHERE org_id = $1 AND id = $2", org, channel, sealed)
}

// Account returns a channel with its secret, as its webhook address finds it,
// or an error with code not_found.
func (db *DB) Account(ctx context.Context, org, channelID string) (Account, error) {
	a := Account{OrgID: org}
	err := db.inRead(ctx, func(t *tx) error {
		snap, err := t.snapshot(org)
		if err != nil {
			return err
		}
		c := snap.channel(channelID)
		if c == nil {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %s. It may have been removed.", channelID)
		}
		a.Channel, a.SettingsVersion = *c, snap.settings.Version
		var secret []byte
		if err := t.one("SELECT secret_sealed FROM channel WHERE org_id = $1 AND id = $2", []any{org, channelID}, &secret); err != nil {
			return err
		}
		if secret != nil {
			plain, err := db.key.Open(secret, "channel secret "+channelID)
			a.Secret, a.SecretErr = string(plain), err
		}
		return nil
	})
	return a, err
}
