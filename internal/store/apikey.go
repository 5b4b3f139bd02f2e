package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// keyPrefix begins every API key, so that people and secret scanners know one.
const keyPrefix = "sbk_"

// APIKey is a program's way in. The key itself is only known to who got it.
type APIKey struct {
	ID        string
	Name      string
	Role      switchboard.Role
	CreatedAt time.Time
	RevokedAt time.Time // zero while it works
}

// CreateAPIKey makes a key and returns it: this is the only time that it can
// be seen.
func (db *DB) CreateAPIKey(ctx context.Context, actor switchboard.Actor, name string, role switchboard.Role) (APIKey, string, error) {
	key := keyPrefix + db.secretToken()
	k := APIKey{Name: name, Role: role}
	err := db.inTx(ctx, func(t *tx) error {
		k.ID, k.CreatedAt = t.newID(), t.now
		err := t.exec("INSERT INTO api_key (org_id, id, name, role, key_hash, created_at, revoked_at) VALUES ($1, $2, $3, $4, $5, $6, 0)",
			actor.OrgID, k.ID, name, string(role), hashToken(key), micros(t.now))
		if err != nil {
			return err
		}
		return t.audit(actor, "apikey.create", "apikey", k.ID, name+" ("+string(role)+")")
	})
	return k, key, err
}

// APIKeys returns the org's keys, revoked ones too, oldest first.
func (db *DB) APIKeys(ctx context.Context, org string) ([]APIKey, error) {
	var all []APIKey
	err := db.inRead(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			var k APIKey
			var created, revoked int64
			err := rows.Scan(&k.ID, &k.Name, &k.Role, &created, &revoked)
			k.CreatedAt, k.RevokedAt = fromMicros(created), fromMicros(revoked)
			all = append(all, k)
			return err
		}, "SELECT id, name, role, created_at, revoked_at FROM api_key WHERE org_id = $1 ORDER BY created_at, id", org)
	})
	return all, err
}

// RevokeAPIKey ends a key at once. Revoking a revoked one does nothing; one
// that is not there is not_found.
func (db *DB) RevokeAPIKey(ctx context.Context, actor switchboard.Actor, id string) error {
	return db.inTx(ctx, func(t *tx) error {
		var revoked int64
		err := t.one("SELECT revoked_at FROM api_key WHERE org_id = $1 AND id = $2", []any{actor.OrgID, id}, &revoked)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no API key %q.", id)
		}
		if err != nil || revoked != 0 {
			return err
		}
		if err := t.exec("UPDATE api_key SET revoked_at = $3 WHERE org_id = $1 AND id = $2", actor.OrgID, id, micros(t.now)); err != nil {
			return err
		}
		return t.audit(actor, "apikey.revoke", "apikey", id, "")
	})
}

// ActorByKey returns who acts with the key, or an error with code unauthorized
// for one that is unknown or revoked.
func (db *DB) ActorByKey(ctx context.Context, key string) (switchboard.Actor, error) {
	a := switchboard.Actor{Key: true}
	err := db.inRead(ctx, func(t *tx) error {
		// The key is what finds the org.
		err := t.one("SELECT org_id, id, name, role FROM api_key WHERE key_hash = $1 AND revoked_at = 0", []any{hashToken(key)}, &a.OrgID, &a.ID, &a.Name, &a.Role)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeUnauthorized, "The API key is unknown or was revoked. An admin can make a new one in Settings.")
		}
		return err
	})
	if err != nil {
		return switchboard.Actor{}, err
	}
	return a, nil
}
