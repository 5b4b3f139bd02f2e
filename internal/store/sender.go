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
			return t.firstHeard(org, &s)
		}
		if err != nil {
			return err
		}
		s.FirstAt, s.ConsentAt, s.BlockedAt = fromMicros(first.Int64), fromMicros(consent), fromMicros(blocked)
		return nil
	})
	return s, err
}

// firstHeard fills in what a sender's first text tells of it.
func (t *tx) firstHeard(org string, s *SenderState) error {
	var at int64
	err := t.one("SELECT sender_kind, sender, message_time FROM message WHERE org_id = $1 AND sender_key = $2 ORDER BY message_time, seq LIMIT 1",
		[]any{org, string(s.Sender.Key)}, &s.Sender.Kind, &s.Sender.Address, &at)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	s.FirstAt = fromMicros(at)
	return err
}

// senderOfKey returns a sender of which no more is known than its key. A
// number's key is a number.
func senderOfKey(key switchboard.MatchKey) switchboard.Sender {
	s := switchboard.ParseSender(string(key), "")
	s.Key = key
	return s
}
