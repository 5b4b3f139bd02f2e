package store

import (
	"database/sql"
	"maps"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// heard is a sender, locked by this transaction.
type heard struct {
	sender    switchboard.Sender
	seq       int64 // PostgreSQL: the last sequence number that this transaction may hand out
	optedOut  bool
	consentAt int64
	blocked   bool
	waiting   bool // it has unassigned messages
}

// lockSenders takes the senders, in sorted order, so that two transactions never
// wait for each other in a circle. Until the transaction ends nobody else reads
// or changes facts about these numbers.
//
// On PostgreSQL their rows are locked, and those that are missing are made. Each
// row's sequence advances by take[key], how many texts come from it, at least by
// one; the result's seq is the last number taken. SQLite has one writer at a
// time, so holding the transaction is holding the senders: rows are read and not
// made (see storeSender), and a text's sequence is its message number.
func (t *tx) lockSenders(org string, senders map[switchboard.MatchKey]switchboard.Sender, take map[switchboard.MatchKey]int64) (map[switchboard.MatchKey]*heard, error) {
	keys := slices.Sorted(maps.Keys(senders))
	if len(keys) == 0 {
		return nil, nil
	}
	if t.db.writer != nil {
		return t.holdSenders(org, keys, senders)
	}
	locked := make(map[switchboard.MatchKey]*heard, len(keys))
	i := insertion{
		into:   "sender (org_id, match_key, kind, address, seq)",
		tail:   "ON CONFLICT (org_id, match_key) DO UPDATE SET seq = sender.seq + excluded.seq RETURNING " + heardColumns,
		shared: []any{org},
		width:  4,
	}
	for _, k := range keys {
		s := senders[k]
		i.args = append(i.args, string(k), string(s.Kind), s.Address, max(1, take[k]))
	}
	return locked, t.inChunks(i, func(statement string, args ...any) error { return t.heard(locked, statement, args...) })
}

const heardColumns = "match_key, kind, address, seq, opted_out, consent_at, blocked, waiting > 0"

// heard reads rows of heardColumns into locked.
func (t *tx) heard(locked map[switchboard.MatchKey]*heard, query string, args ...any) error {
	return t.each(func(rows *sql.Rows) error {
		var key, kind, address string
		h := &heard{}
		if err := rows.Scan(&key, &kind, &address, &h.seq, &h.optedOut, &h.consentAt, &h.blocked, &h.waiting); err != nil {
			return err
		}
		h.sender = switchboard.Sender{Kind: switchboard.SenderKind(kind), Address: address, Key: switchboard.MatchKey(key)}
		locked[h.sender.Key] = h
		return nil
	}, query, args...)
}

// holdSenders is lockSenders for SQLite.
func (t *tx) holdSenders(org string, keys []switchboard.MatchKey, senders map[switchboard.MatchKey]switchboard.Sender) (map[switchboard.MatchKey]*heard, error) {
	held := make(map[switchboard.MatchKey]*heard, len(keys))
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = string(k)
	}
	err := t.heard(held, "SELECT "+heardColumns+" FROM sender WHERE org_id = $1 AND "+t.in("match_key", "$2"), org, t.list(names))
	for _, k := range keys {
		if held[k] == nil {
			held[k] = &heard{sender: senders[k]}
		}
	}
	return held, err
}

// storeSender makes sure that a locked sender has a row. On SQLite it may have
// none until there is something to say of it.
func (t *tx) storeSender(org string, s switchboard.Sender) error {
	return t.exec("INSERT INTO sender (org_id, match_key, kind, address, seq) VALUES ($1, $2, $3, $4, 0) ON CONFLICT (org_id, match_key) DO NOTHING",
		org, string(s.Key), string(s.Kind), s.Address)
}

// lockSender is lockSenders for one.
func (t *tx) lockSender(org string, s switchboard.Sender) (*heard, error) {
	locked, err := t.lockSenders(org, map[switchboard.MatchKey]switchboard.Sender{s.Key: s}, nil)
	return locked[s.Key], err
}
