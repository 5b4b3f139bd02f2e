package store

import (
	"context"
	"database/sql"
	"encoding/base32"
	"encoding/json"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// tokenEncoding writes tokens with letters and digits that survive any URL.
var tokenEncoding = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// ensureOrg makes the installation's org on first start.
func (db *DB) ensureOrg(ctx context.Context) error {
	return db.inTx(ctx, func(t *tx) error {
		var id string
		err := t.one("SELECT id FROM org ORDER BY created_at, id LIMIT 1", nil, &id)
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		fields, err := json.Marshal(switchboard.DefaultPhoneFields())
		if err != nil {
			return err
		}
		unknown, err := json.Marshal(switchboard.DefaultUnknownNumbers())
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO org (id, name, region, time_zone, settings_version, phone_fields, unknown_numbers, phone_metadata, next_number, created_at)
			VALUES ($1, '', '', '', 1, $2, $3, $4, 1, $5)`, db.secretToken()[:8], string(fields), string(unknown), switchboard.PhoneMetadataVersion, micros(t.now))
	})
}

// Org returns the id of this installation's org: the one that the command line,
// the set-up and new API keys belong to.
func (db *DB) Org(ctx context.Context) (string, error) {
	var id string
	err := db.inRead(ctx, func(t *tx) error {
		return t.one("SELECT id FROM org ORDER BY created_at, id LIMIT 1", nil, &id)
	})
	return id, err
}

// snapshot is an org's settings, channels and users, as of one settings
// version: every change to any of them takes a new version in its transaction.
type snapshot struct {
	settings   switchboard.Settings
	channels   map[string]*switchboard.Channel
	users      []switchboard.User
	recipients map[string][]switchboard.Recipient // by channel
	location   *time.Location
	endpoint   bool // somebody outside is told of what waits
	salesforce bool // a Salesforce is connected, and told of everything
}

func (s *snapshot) channel(id string) *switchboard.Channel { return s.channels[id] }

func (s *snapshot) recipientsOf(channelID string) []switchboard.Recipient {
	return s.recipients[channelID]
}

// snapshot returns what is current in this transaction: the cached one if its
// version is still the org's, else one read anew.
func (t *tx) snapshot(org string) (*snapshot, error) {
	var version int64
	if err := t.one("SELECT settings_version FROM org WHERE id = $1", []any{org}, &version); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return nil, switchboard.Errorf(switchboard.CodeNotFound, "There is no such organization.")
		}
		return nil, err
	}
	return t.snapshotAt(org, version)
}

// heldSnapshot is snapshot for whoever writes a record's numbers as the settings
// read them. These stay until the transaction ends, so that the reindex which
// follows their change sees all that was read by the old ones. It locks nothing
// on SQLite, which has one writer; on PostgreSQL it comes before all other locks.
func (t *tx) heldSnapshot(org string) (*snapshot, error) {
	if err := t.atSettings(t.db.dialect.holdSettings, org); err != nil {
		return nil, err
	}
	return t.snapshot(org)
}

// lockSettings waits until nobody holds the settings, and keeps others from it
// until the transaction ends. It comes before all other locks: who holds the
// settings may be waiting for them.
func (t *tx) lockSettings(org string) error {
	return t.atSettings(t.db.dialect.lockSettings, org)
}

func (t *tx) atSettings(statement, org string) error {
	if statement == "" {
		return nil
	}
	return t.exec(statement, org)
}

func (t *tx) snapshotAt(org string, version int64) (*snapshot, error) {
	t.db.mu.Lock()
	s := t.db.snapshots[org]
	t.db.mu.Unlock()
	if s != nil && s.settings.Version == version {
		return s, nil
	}
	s, err := t.readSnapshot(org)
	if err != nil {
		return nil, err
	}
	if s.settings.Version == version { // else a change was committed meanwhile: good for now, not for later
		t.db.mu.Lock()
		t.db.snapshots[org] = s
		t.db.mu.Unlock()
	}
	return s, nil
}

func (t *tx) readSnapshot(org string) (*snapshot, error) {
	s := &snapshot{channels: map[string]*switchboard.Channel{}, recipients: map[string][]switchboard.Recipient{}, location: time.UTC}
	var fields, unknown string
	err := t.one("SELECT name, region, time_zone, settings_version, phone_fields, unknown_numbers FROM org WHERE id = $1", []any{org},
		&s.settings.OrgName, &s.settings.Region, &s.settings.TimeZone, &s.settings.Version, &fields, &unknown)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(fields), &s.settings.PhoneFields); err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(unknown), &s.settings.UnknownNumbers); err != nil {
		return nil, err
	}
	if loc, err := time.LoadLocation(s.settings.TimeZone); err == nil {
		s.location = loc
	}
	if s.users, err = t.users(org); err != nil {
		return nil, err
	}
	channels, err := t.channels(org)
	if err != nil {
		return nil, err
	}
	for _, c := range channels {
		s.channels[c.ID] = c
		s.recipients[c.ID] = switchboard.Recipients(*c, s.users)
	}
	return s, t.one(`SELECT (SELECT COUNT(*) FROM endpoint WHERE org_id = $1) > 0, (SELECT COUNT(*) FROM salesforce WHERE org_id = $1 AND secret_sealed IS NOT NULL) > 0`,
		[]any{org}, &s.endpoint, &s.salesforce)
}

// settingsChanged takes a new settings version: whatever a snapshot holds has changed.
func (t *tx) settingsChanged(org string) error {
	return t.exec("UPDATE org SET settings_version = settings_version + 1 WHERE id = $1", org)
}

// Settings returns the org's settings.
func (db *DB) Settings(ctx context.Context, org string) (switchboard.Settings, error) {
	var s switchboard.Settings
	err := db.inRead(ctx, func(t *tx) error {
		snap, err := t.snapshot(org)
		if err == nil {
			s = snap.settings
		}
		return err
	})
	return s, err
}
