package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// SenderInfo is what is known of a sender.
type SenderInfo struct {
	Sender        switchboard.Sender
	FirstAt       time.Time // when its number was first heard of: in a text, or in a record
	FirstText     time.Time // the message time of its first text; zero if there is none
	OptedOut      bool
	Blocked       bool
	BlockedReason string
	BlockedBy     string
	BlockedAt     time.Time
	Waiting       int // its unassigned messages
}

// Sender returns what is known of a sender, or an error with code not_found.
func (db *DB) Sender(ctx context.Context, org string, key switchboard.MatchKey) (SenderInfo, error) {
	s := SenderInfo{Sender: switchboard.Sender{Key: key}}
	err := db.inRead(ctx, func(t *tx) error {
		var first, blocked int64
		err := t.one("SELECT kind, address, first_at, opted_out, blocked, blocked_reason, blocked_by, blocked_at, waiting FROM sender WHERE org_id = $1 AND match_key = $2",
			[]any{org, string(key)}, &s.Sender.Kind, &s.Sender.Address, &first, &s.OptedOut, &s.Blocked, &s.BlockedReason, &s.BlockedBy, &blocked, &s.Waiting)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "Nothing is known of the sender %q.", string(key))
		}
		if err != nil {
			return err
		}
		s.FirstAt, s.BlockedAt = fromMicros(first), fromMicros(blocked)
		var text sql.NullInt64
		err = t.one("SELECT MIN(message_time) FROM message WHERE org_id = $1 AND sender_key = $2 AND direction = 'inbound'", []any{org, string(key)}, &text)
		s.FirstText = fromMicros(text.Int64)
		return err
	})
	return s, err
}
