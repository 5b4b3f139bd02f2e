package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/alexedwards/scs/v2"
)

// SessionUser is the key under which a session holds the id of the user who is
// signed in, as a string. The store looks at it, so that disabling a user ends
// the sessions.
const SessionUser = "user"

// Sessions keeps browser sessions, for [scs.SessionManager]. The token is
// stored hashed: who reads the database can't sign in with what stands there.
type Sessions struct {
	db *DB
	// ctx is what the methods without a context of their own run under.
	ctx context.Context
}

var _ scs.CtxStore = (*Sessions)(nil)

// Sessions returns the session store. ctx is for those methods of [scs.Store]
// that take none; an HTTP server calls the others.
func (db *DB) Sessions(ctx context.Context) *Sessions { return &Sessions{db, ctx} }

// Find implements [scs.Store].
func (s *Sessions) Find(token string) ([]byte, bool, error) { return s.FindCtx(s.ctx, token) }

// Commit implements [scs.Store].
func (s *Sessions) Commit(token string, b []byte, expiry time.Time) error {
	return s.CommitCtx(s.ctx, token, b, expiry)
}

// Delete implements [scs.Store].
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(s.ctx, token) }

// FindCtx returns the session's data; false if it is unknown or over.
func (s *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := s.db.inRead(ctx, func(t *tx) error {
		return t.one("SELECT data FROM session WHERE token_hash = $1 AND expires_at > $2", []any{hashToken(token), micros(t.now)}, &data)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

// CommitCtx stores the session's data until expiry. The session of a user who
// has been disabled or deleted meanwhile is not stored: it stays over.
func (s *Sessions) CommitCtx(ctx context.Context, token string, b []byte, expiry time.Time) error {
	_, values, err := scs.GobCodec{}.Decode(b)
	if err != nil {
		return err
	}
	user, _ := values[SessionUser].(string)
	return s.db.inTx(ctx, func(t *tx) error {
		if user != "" {
			active, err := t.mayHaveSession(user)
			if err != nil {
				return err
			}
			if !active {
				return t.exec("DELETE FROM session WHERE token_hash = $1", hashToken(token))
			}
		}
		return t.exec(`INSERT INTO session (token_hash, data, user_id, expires_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (token_hash) DO UPDATE SET data = excluded.data, user_id = excluded.user_id, expires_at = excluded.expires_at`,
			hashToken(token), b, user, micros(expiry))
	})
}

// mayHaveSession reports whether the user is active, and keeps that so until
// the transaction ends.
func (t *tx) mayHaveSession(user string) (bool, error) {
	lock := ""
	if t.db.dialect == &postgresDialect {
		lock = " FOR SHARE"
	}
	var active bool
	// A user's id is unique over all orgs; a session is what finds the org.
	err := t.one("SELECT active FROM users WHERE id = $1"+lock, []any{user}, &active)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return active, err
}

// DeleteCtx ends the session; one that is unknown is none to end.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.db.inTx(ctx, func(t *tx) error {
		return t.exec("DELETE FROM session WHERE token_hash = $1", hashToken(token))
	})
}

// Clean forgets sessions that are over, and returns how many.
func (s *Sessions) Clean(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.inTx(ctx, func(t *tx) (err error) {
		n, err = t.execN("DELETE FROM session WHERE expires_at <= $1", micros(t.now))
		return err
	})
	return n, err
}
