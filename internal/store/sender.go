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
	FirstAt       time.Time // when its first text was stored; zero: none was
	OptedOut      bool
	ConsentAt     time.Time // of the wish that OptedOut follows; zero: it never said
	Blocked       bool
	BlockedReason string
	BlockedBy     string
	BlockedAt     time.Time
	Waiting       int // its unassigned messages
}

// SenderState returns what is known of a sender; of one that was never heard
// of, that is its key alone.
func (db *DB) SenderState(ctx context.Context, org string, key switchboard.MatchKey) (SenderState, error) {
	s := SenderState{Sender: switchboard.Sender{Key: key}}
	err := db.inRead(ctx, func(t *tx) error {
		var first, consent, blocked int64
		err := t.one("SELECT kind, address, first_at, opted_out, consent_at, blocked, blocked_reason, blocked_by, blocked_at, waiting FROM sender WHERE org_id = $1 AND match_key = $2",
			[]any{org, string(key)}, &s.Sender.Kind, &s.Sender.Address, &first, &s.OptedOut, &consent, &s.Blocked, &s.BlockedReason, &s.BlockedBy, &blocked, &s.Waiting)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		s.FirstAt, s.ConsentAt, s.BlockedAt = fromMicros(first), fromMicros(consent), fromMicros(blocked)
		return nil
	})
	return s, err
}
