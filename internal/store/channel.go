package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

func (t *tx) channels(org string) ([]*switchboard.Channel, error) {
	var all []*switchboard.Channel
	byID := map[string]*switchboard.Channel{}
	err := t.each(func(rows *sql.Rows) error {
		c := &switchboard.Channel{}
		var options string
		var created int64
		if err := rows.Scan(&c.ID, &c.Provider, &c.Name, &c.Region, &options, &c.AuthenticatedBy, &c.HasSecret, &created); err != nil {
			return err
		}
		c.CreatedAt = fromMicros(created)
		all = append(all, c)
		byID[c.ID] = c
		return json.Unmarshal([]byte(options), &c.Options)
	}, `SELECT id, provider, name, region, options, authenticated_by, secret_sealed IS NOT NULL, created_at
		FROM channel WHERE org_id = $1 ORDER BY created_at, id`, org)
	if err != nil {
		return nil, err
	}
	err = t.each(func(rows *sql.Rows) error {
		var id string
		var n switchboard.ChannelNumber
		if err := rows.Scan(&id, &n.Number, &n.Found); err != nil {
			return err
		}
		if c := byID[id]; c != nil {
			c.Numbers = append(c.Numbers, n)
		}
		return nil
	}, "SELECT channel_id, number, found FROM channel_number WHERE org_id = $1 ORDER BY channel_id, position, number", org)
	return all, err
}

// Channels returns the org's channels, oldest first.
func (db *DB) Channels(ctx context.Context, org string) ([]switchboard.Channel, error) {
	var all []switchboard.Channel
	err := db.inRead(ctx, func(t *tx) error {
		channels, err := t.channels(org)
		for _, c := range channels {
			all = append(all, *c)
		}
		return err
	})
	return all, err
}

// Channel returns one channel, or an error with code not_found.
func (db *DB) Channel(ctx context.Context, org, id string) (switchboard.Channel, error) {
	all, err := db.Channels(ctx, org)
	if err != nil {
		return switchboard.Channel{}, err
	}
	for _, c := range all {
		if c.ID == id {
			return c, nil
		}
	}
	return switchboard.Channel{}, switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %s. It may have been removed.", id)
}

// NewChannel is what a channel is made of. Its numbers, region and options have
// been checked.
type NewChannel struct {
	Provider        string
	Name            string
	Region          string
	Numbers         []string
	Secret          string // "" is none
	Options         map[string]string
	AuthenticatedBy string // "" is the first admin, if there is one
}

// CreateChannel makes a channel and returns it with the token of its webhook
// address. The org takes its region if it has none yet.
func (db *DB) CreateChannel(ctx context.Context, actor switchboard.Actor, n NewChannel) (switchboard.Channel, string, error) {
	token := db.secretToken()
	var id string
	err := db.inTx(ctx, func(t *tx) error {
		org := actor.OrgID
		if err := t.lockSettings(org); err != nil {
			return err
		}
		if err := t.settingsChanged(org); err != nil {
			return err
		}
		if err := t.exec("UPDATE org SET region = $2, phone_metadata = '' WHERE id = $1 AND region = '' AND $2 <> ''", org, n.Region); err != nil {
			return err
		}
		id = t.newID()
		by := n.AuthenticatedBy
		if by == "" {
			err := t.one("SELECT id FROM users WHERE org_id = $1 AND role = 'admin' AND active ORDER BY created_at, id LIMIT 1", []any{org}, &by)
			if err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		options, err := json.Marshal(n.Options)
		if err != nil {
			return err
		}
		sealed, err := db.key.Seal([]byte(token), "webhook token "+id)
		if err != nil {
			return err
		}
		var secret []byte
		if n.Secret != "" {
			if secret, err = db.key.Seal([]byte(n.Secret), "channel secret "+id); err != nil {
				return err
			}
		}
		err = t.exec(`INSERT INTO channel (org_id, id, provider, name, region, token_hash, token_sealed, secret_sealed, options, authenticated_by, called_at, call_verdict, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', $11)`,
			org, id, n.Provider, n.Name, n.Region, hashToken(token), sealed, secret, string(options), by, micros(t.now))
		if err != nil {
			return err
		}
		for i, number := range n.Numbers {
			err := t.exec("INSERT INTO channel_number (org_id, channel_id, number, found, position) VALUES ($1, $2, $3, FALSE, $4) ON CONFLICT DO NOTHING", org, id, number, i)
			if err != nil {
				return err
			}
		}
		return t.audit(actor, "channel.create", "channel", id, n.Provider)
	})
	if err != nil {
		return switchboard.Channel{}, "", err
	}
	c, err := db.Channel(ctx, actor.OrgID, id)
	return c, token, err
}

// findNumber adds a number that a payload named to its channel.
func (t *tx) findNumber(org string, c *switchboard.Channel, number string) error {
	n, err := t.execN("INSERT INTO channel_number (org_id, channel_id, number, found, position) VALUES ($1, $2, $3, TRUE, $4) ON CONFLICT DO NOTHING",
		org, c.ID, number, len(c.Numbers))
	if err != nil || n == 0 {
		return err
	}
	return t.settingsChanged(org)
}

// Account is a channel as its webhook address finds it.
type Account struct {
	OrgID           string
	Channel         switchboard.Channel
	SettingsVersion int64
	Secret          string
	SecretErr       error // the secret is there but cannot be opened
}

// AccountByToken returns the channel of provider whose webhook address holds
// the token, or an error with code not_found.
func (db *DB) AccountByToken(ctx context.Context, provider, token string) (Account, error) {
	var a Account
	err := db.inRead(ctx, func(t *tx) error {
		var id string
		var secret []byte
		// The token is what finds the org.
		err := t.one("SELECT org_id, id, secret_sealed FROM channel WHERE token_hash = $1 AND provider = $2", []any{hashToken(token), provider}, &a.OrgID, &id, &secret)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "No channel has this webhook address. Copy it again from Settings, Channels.")
		}
		if err != nil {
			return err
		}
		snap, err := t.snapshot(a.OrgID)
		if err != nil {
			return err
		}
		c := snap.channel(id)
		if c == nil {
			return switchboard.Errorf(switchboard.CodeUnavailable, "The channel is being changed. Try again.")
		}
		a.Channel, a.SettingsVersion = *c, snap.settings.Version
		if secret != nil {
			plain, err := db.key.Open(secret, "channel secret "+id)
			a.Secret, a.SecretErr = string(plain), err
		}
		return nil
	})
	return a, err
}

// WebhookToken returns the token of the channel's webhook address.
func (db *DB) WebhookToken(ctx context.Context, org, channelID string) (string, error) {
	var token string
	err := db.inRead(ctx, func(t *tx) error {
		var sealed []byte
		err := t.one("SELECT token_sealed FROM channel WHERE org_id = $1 AND id = $2", []any{org, channelID}, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %s.", channelID)
		}
		if err != nil {
			return err
		}
		plain, err := db.key.Open(sealed, "webhook token "+channelID)
		token = string(plain)
		if err != nil {
			return switchboard.Errorf(switchboard.CodeUnavailable, "The webhook address can't be read: this process has another key than the one that sealed it. Start it with the right key.")
		}
		return nil
	})
	return token, err
}

// ChannelCall is what the provider's last call to a channel looked like.
type ChannelCall struct {
	At      time.Time // zero: it never called
	Verdict string    // "ok", or what was wrong
}

// NoteCall remembers that the provider called the channel, and with what result.
func (db *DB) NoteCall(ctx context.Context, org, channelID, verdict string) error {
	return db.inTx(ctx, func(t *tx) error {
		return t.exec("UPDATE channel SET called_at = $3, call_verdict = $4 WHERE org_id = $1 AND id = $2", org, channelID, micros(t.now), verdict)
	})
}

// LastCall returns the provider's last call to the channel.
func (db *DB) LastCall(ctx context.Context, org, channelID string) (ChannelCall, error) {
	var call ChannelCall
	err := db.inRead(ctx, func(t *tx) error {
		var at int64
		err := t.one("SELECT called_at, call_verdict FROM channel WHERE org_id = $1 AND id = $2", []any{org, channelID}, &at, &call.Verdict)
		call.At = fromMicros(at)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %s.", channelID)
		}
		return err
	})
	return call, err
}
