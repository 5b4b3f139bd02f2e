package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
)

// settleAtOnce bounds the senders that one transaction of SettleBells settles.
const settleAtOnce = 100

// What a transaction that began before a change of the recipients writes after
// it, it writes by the old ones: PostgreSQL lets the two overlap. So the bells
// are settled once more when all such have ended.
const (
	bellsFirst  = "0 0 "
	bellsSecond = 2 * patience // after the first time: none lasts longer than patience
)

// changeSettings runs change under a new settings version of the org, whose
// settings it locks first, so that two changes come one after the other. Where
// change alters who hears of a channel's texts, the bells are settled before it
// returns.
func (db *DB) changeSettings(ctx context.Context, org string, change func(*tx) error) error {
	ringers := false
	err := db.inTx(ctx, func(t *tx) error {
		ringers = false
		if err := t.lockSettings(org); err != nil {
			return err
		}
		if err := t.settingsChanged(org); err != nil {
			return err
		}
		before, err := t.readSnapshot(org)
		if err != nil {
			return err
		}
		if err := change(t); err != nil {
			return err
		}
		after, err := t.readSnapshot(org)
		if err != nil {
			return err
		}
		if maps.EqualFunc(before.recipients, after.recipients, slices.Equal[[]switchboard.Recipient]) {
			return nil
		}
		ringers = true
		return t.exec("UPDATE org SET bells_from = $2 WHERE id = $1", org, bellsFirst)
	})
	if err != nil || !ringers {
		return err
	}
	if err := db.SettleBells(ctx, org); err != nil {
		// The change itself is committed, and the rest is done at the next call.
		db.log.Error("the notifications of what waits could not be brought in line", "org", org, "err", err)
	}
	return nil
}

// SettleBells brings the notifications of all waiting senders in line with who
// is to hear of them, if a change of users or channels has left that to be
// done. It works in short transactions and goes on where an earlier call was
// cut off. A service calls it now and then: it costs one read when there is
// nothing to do, and ends what a change has begun.
func (db *DB) SettleBells(ctx context.Context, org string) error {
	for {
		done := false
		err := db.inTx(ctx, func(t *tx) (err error) {
			done, err = t.settleSomeBells(org)
			return err
		})
		if err != nil || done {
			return err
		}
	}
}

// bellsPlace is how far settling the bells has come: the time before which it
// does not begin, 0 the first time, and the place in the queue.
type bellsPlace struct {
	notBefore int64
	at        int64
	key       string
}

func parseBellsPlace(s string) (p bellsPlace, err error) {
	parts := strings.SplitN(s, " ", 3)
	if len(parts) != 3 {
		return p, fmt.Errorf("settling the bells can't go on at %q", s)
	}
	if p.notBefore, err = strconv.ParseInt(parts[0], 10, 64); err != nil {
		return p, err
	}
	p.at, err = strconv.ParseInt(parts[1], 10, 64)
	p.key = parts[2]
	return p, err
}

func (p bellsPlace) String() string { return fmt.Sprintf("%d %d %s", p.notBefore, p.at, p.key) }

func (t *tx) settleSomeBells(org string) (done bool, err error) {
	var from string
	if err := t.one("SELECT bells_from FROM org WHERE id = $1", []any{org}, &from); err != nil || from == "" {
		return true, err
	}
	place, err := parseBellsPlace(from)
	if err != nil || place.notBefore > micros(t.now) {
		return true, err
	}
	senders := map[switchboard.MatchKey]switchboard.Sender{}
	touched := unsettled{}
	err = t.each(func(rows *sql.Rows) error {
		var s switchboard.Sender
		if err := rows.Scan(&s.Key, &s.Kind, &s.Address, &place.at); err != nil {
			return err
		}
		place.key = string(s.Key)
		senders[s.Key] = s
		touched.add(s.Key)
		return nil
	}, `SELECT match_key, kind, address, waiting_at FROM sender
		WHERE org_id = $1 AND waiting > 0 AND (waiting_at, match_key) > ($2, $3) ORDER BY waiting_at, match_key LIMIT $4`, org, place.at, place.key, settleAtOnce)
	if err != nil {
		return false, err
	}
	next := place.String()
	if len(senders) < settleAtOnce { // this was the end of the queue
		next = ""
		if place.notBefore == 0 && t.db.writer == nil {
			next = bellsPlace{notBefore: micros(t.now.Add(bellsSecond))}.String()
		}
	}
	if _, err := t.lockSenders(org, senders, nil); err != nil {
		return false, err
	}
	snap, err := t.snapshot(org)
	if err != nil {
		return false, err
	}
	if err := t.settle(org, snap, touched); err != nil {
		return false, err
	}
	// A change meanwhile has sent the place back to the start: it stays there.
	return false, t.exec("UPDATE org SET bells_from = $3 WHERE id = $1 AND bells_from = $2", org, from, next)
}
