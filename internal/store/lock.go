package store

import (
	"database/sql"
	"maps"
	"slices"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// heard is a sender's row, locked by this transaction.
type heard struct {
	sender    switchboard.Sender
	seq       int64 // the last sequence number that this transaction may hand out
	optedOut  bool
	consentAt int64
	blocked   bool
	waiting   bool // it has unassigned messages
}

// lockSenders takes the rows of the senders, making those that are missing, in
// sorted order, so that two transactions never wait for each other in a circle.
// Until the transaction ends nobody else reads or changes facts about these
// numbers. Each row's sequence advances by take[key], how many texts come from
// it, at least by one; the result's seq is the last number taken.
func (t *tx) lockSenders(org string, senders map[switchboard.MatchKey]switchboard.Sender, take map[switchboard.MatchKey]int64) (map[switchboard.MatchKey]*heard, error) {
	keys := slices.Sorted(maps.Keys(senders))
	locked := make(map[switchboard.MatchKey]*heard, len(keys))
	const width = 6
	args := make([]any, 0, len(keys)*width)
	now := micros(t.now)
	for _, k := range keys {
		s, first := senders[k], int64(0)
		if take[k] > 0 {
			first = now
		}
		args = append(args, org, string(k), string(s.Kind), s.Address, max(1, take[k]), first)
	}
	for len(args) > 0 {
		n := 1
		for _, size := range [...]int{128, 32, 8, 4} {
			if len(args) >= size*width {
				n = size
				break
			}
		}
		err := t.each(func(rows *sql.Rows) error {
			var key, kind, address string
			h := &heard{}
			if err := rows.Scan(&key, &kind, &address, &h.seq, &h.optedOut, &h.consentAt, &h.blocked, &h.waiting); err != nil {
				return err
			}
			h.sender = switchboard.Sender{Kind: switchboard.SenderKind(kind), Address: address, Key: switchboard.MatchKey(key)}
			locked[h.sender.Key] = h
			return nil
		}, t.lockStatement(n), args[:n*width]...)
		if err != nil {
			return nil, err
		}
		args = args[n*width:]
	}
	return locked, nil
}

func (t *tx) lockStatement(n int) string {
	s := t.db.dialect.insert("sender", `(org_id, match_key, kind, address, seq, first_at)`, `ON CONFLICT (org_id, match_key) DO UPDATE SET seq = sender.seq + excluded.seq,
			first_at = CASE WHEN sender.first_at = 0 THEN excluded.first_at ELSE sender.first_at END
		RETURNING match_key, kind, address, seq, opted_out, consent_at, blocked, waiting > 0`, 6, n)
	return strings.TrimSpace(s)
}

// lockSender is lockSenders for one.
func (t *tx) lockSender(org string, s switchboard.Sender) (*heard, error) {
	locked, err := t.lockSenders(org, map[switchboard.MatchKey]switchboard.Sender{s.Key: s}, nil)
	return locked[s.Key], err
}
