package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// SenderState is what is known of a sender.
type SenderState struct {
	Sender        switchboard.Sender
	FirstAt       time.Time // the message time of its first text; zero: there is none
	OptedOut      bool
	ConsentAt     time.Time // of the wish that OptedOut follows; zero: it never said
	Blocked       bool
	BlockedReason string
	BlockedBy     string
	BlockedAt     time.Time
	Waiting       int // its unassigned messages
}

// firstAt is when a row of sender first had a text; NULL: never.
const firstAt = "(SELECT MIN(m.message_time) FROM message m WHERE m.org_id = sender.org_id AND m.sender_key = sender.match_key)"

// SenderState returns what is known of a sender; of one that was never heard
// of, that is its key alone.
func (db *DB) SenderState(ctx context.Context, org string, key switchboard.MatchKey) (SenderState, error) {
	s := SenderState{Sender: switchboard.Sender{Key: key}}
	err := db.inRead(ctx, func(t *tx) error {
		var first sql.NullInt64
		var consent, blocked int64
		err := t.one("SELECT kind, address, "+firstAt+", opted_out, consent_at, blocked, blocked_reason, blocked_by, blocked_at, waiting FROM sender WHERE org_id = $1 AND match_key = $2",
			[]any{org, string(key)}, &s.Sender.Kind, &s.Sender.Address, &first, &s.OptedOut, &consent, &s.Blocked, &s.BlockedReason, &s.BlockedBy, &blocked, &s.Waiting)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		s.FirstAt, s.ConsentAt, s.BlockedAt = fromMicros(first.Int64), fromMicros(consent), fromMicros(blocked)
		return nil
	})
	return s, err
}

func (t *tx) addresses(org string, keys []string) (map[switchboard.MatchKey]switchboard.Sender, error) {
	m := make(map[switchboard.MatchKey]switchboard.Sender, len(keys))
	err := t.each(func(rows *sql.Rows) error {
		var s switchboard.Sender
		err := rows.Scan(&s.Key, &s.Kind, &s.Address)
		m[s.Key] = s
		return err
	}, "SELECT match_key, kind, address FROM sender WHERE org_id = $1 AND "+t.in("match_key", "$2"), org, t.list(keys))
	return m, err
}
