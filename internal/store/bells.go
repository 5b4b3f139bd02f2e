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

// bellsStart is the place in the queue where SettleBells begins.
const bellsStart = "0 "

// changeSettings runs change under a new settings version of the org, whose row
// it locks first, so that two changes come one after the other. Where change
// alters who hears of a channel's texts, the bells are settled before it
// returns.
func (db *DB) changeSettings(ctx context.Context, org string, change func(*tx) error) error {
	ringers := false
	err := db.inTx(ctx, func(t *tx) error {
		ringers = false
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
		return t.exec("UPDATE org SET bells_from = $2 WHERE id = $1", org, bellsStart)
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
// cut off. It costs one read when there is nothing to do, so a service calls
// it now and then.
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

func (t *tx) settleSomeBells(org string) (done bool, err error) {
	var from string
	if err := t.one("SELECT bells_from FROM org WHERE id = $1", []any{org}, &from); err != nil || from == "" {
		return true, err
	}
	text, key, _ := strings.Cut(from, " ")
	at, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return false, err
	}
	senders := map[switchboard.MatchKey]switchboard.Sender{}
	touched := unsettled{}
	next := ""
	err = t.each(func(rows *sql.Rows) error {
		var s switchboard.Sender
		if err := rows.Scan(&s.Key, &s.Kind, &s.Address, &at); err != nil {
			return err
		}
		senders[s.Key] = s
		touched.add(s.Key)
		next = fmt.Sprintf("%d %s", at, s.Key)
		return nil
	}, `SELECT match_key, kind, address, waiting_at FROM sender
		WHERE org_id = $1 AND waiting > 0 AND (waiting_at, match_key) > ($2, $3) ORDER BY waiting_at, match_key LIMIT $4`, org, at, key, settleAtOnce)
	if err != nil {
		return false, err
	}
	if len(senders) < settleAtOnce {
		next = ""
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
	n, err := t.execN("UPDATE org SET bells_from = $3 WHERE id = $1 AND bells_from = $2", org, from, next)
	return n > 0 && next == "", err
}
