package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// OrgSettings are what an org says of itself.
type OrgSettings struct {
	Name     string
	Region   string // completes national numbers of records: ISO 3166-1 alpha-2
	TimeZone string // IANA name; "" is UTC
}

// UpdateOrg changes the org's name, region and time zone. Another region reads
// national numbers of records differently: [DB.Reindex] is due then. It fails
// with invalid for a region or time zone that does not exist.
func (db *DB) UpdateOrg(ctx context.Context, actor switchboard.Actor, s OrgSettings) (switchboard.Settings, error) {
	if err := s.check(); err != nil {
		return switchboard.Settings{}, err
	}
	return db.editSettings(ctx, actor, "org.update", func(t *tx, _ switchboard.Settings) error { return t.updateOrg(actor.OrgID, s) })
}

func (s OrgSettings) check() error {
	if s.Region != "" && !switchboard.KnownRegion(s.Region) {
		return switchboard.Invalid("region", "%q is no country code, such as US or GB.", s.Region)
	}
	if _, err := time.LoadLocation(s.TimeZone); err != nil || s.TimeZone == "Local" {
		return switchboard.Invalid("time_zone", "There is no time zone %q. Use a name such as America/Chicago.", s.TimeZone)
	}
	return nil
}

func (t *tx) updateOrg(org string, s OrgSettings) error {
	err := t.exec("UPDATE org SET phone_metadata = CASE WHEN region = $2 THEN phone_metadata ELSE '' END WHERE id = $1", org, s.Region)
	if err != nil {
		return err
	}
	return t.exec("UPDATE org SET name = $2, region = $3, time_zone = $4 WHERE id = $1", org, s.Name, s.Region, s.TimeZone)
}

// SetPhoneFields changes which fields of records are matched. [DB.Reindex] is
// due then. It fails with invalid for an object or a field that cannot be, and
// where Create Records From Unknown Numbers, being on, needs a field that would
// not be matched any more.
func (db *DB) SetPhoneFields(ctx context.Context, actor switchboard.Actor, fields switchboard.PhoneFields) (switchboard.Settings, error) {
	if err := fields.Check(); err != nil {
		return switchboard.Settings{}, err
	}
	return db.editSettings(ctx, actor, "org.phone_fields", func(t *tx, now switchboard.Settings) error {
		if now.UnknownNumbers.Enabled {
			if err := now.UnknownNumbers.Check(fields); err != nil {
				return switchboard.Invalid("phone_fields", "Create Records From Unknown Numbers is on and needs %s of %s to be matched. Keep the field, or switch that off first.",
					switchboard.FieldLabel(now.UnknownNumbers.PhoneField), now.UnknownNumbers.Object)
			}
		}
		if maps.EqualFunc(fields, now.PhoneFields, slices.Equal[[]string]) {
			return nil
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		if err := t.exec("UPDATE org SET phone_fields = $2 WHERE id = $1", actor.OrgID, string(text)); err != nil {
			return err
		}
		return t.reindexDue(actor.OrgID)
	})
}

// SetUnknownNumbers changes Create Records From Unknown Numbers. What waits
// already is not touched by it. It fails as [switchboard.UnknownNumbers.Check]
// does, and with invalid for an owner who is no user.
func (db *DB) SetUnknownNumbers(ctx context.Context, actor switchboard.Actor, u switchboard.UnknownNumbers) (switchboard.Settings, error) {
	return db.editSettings(ctx, actor, "org.unknown_numbers", func(t *tx, now switchboard.Settings) error {
		if err := u.Check(now.PhoneFields); err != nil {
			return err
		}
		if u.OwnerID != "" {
			if _, err := t.user(actor.OrgID, u.OwnerID); err != nil {
				return asInvalid(err, "owner_id")
			}
		}
		text, err := json.Marshal(u)
		if err != nil {
			return err
		}
		return t.exec("UPDATE org SET unknown_numbers = $2 WHERE id = $1", actor.OrgID, string(text))
	})
}

// asInvalid turns a not_found into an invalid of the request member field.
func asInvalid(err error, field string) error {
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
		return switchboard.Invalid(field, "%s", switchboard.ErrorMessage(err))
	}
	return err
}

func (db *DB) editSettings(ctx context.Context, actor switchboard.Actor, action string, edit func(*tx, switchboard.Settings) error) (switchboard.Settings, error) {
	var after switchboard.Settings
	err := db.changeSettings(ctx, actor.OrgID, func(t *tx) error {
		before, err := t.readSnapshot(actor.OrgID)
		if err != nil {
			return err
		}
		if err := edit(t, before.settings); err != nil {
			return err
		}
		if err := t.audit(actor, action, "org", actor.OrgID, ""); err != nil {
			return err
		}
		s, err := t.readSnapshot(actor.OrgID)
		if err == nil {
			after = s.settings
		}
		return err
	})
	return after, err
}
