package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/switchboardhq/switchboard"
)

// Blocked is a sender whose texts are dismissed as they come.
type Blocked struct {
	Sender switchboard.Sender
	Reason string
	By     string // the name of who blocked it
	At     time.Time
}

// block puts a locked sender on the block list; it notes whether that was new.
func (t *tx) block(actor switchboard.Actor, s switchboard.Sender, reason string) error {
	if err := t.storeSender(actor.OrgID, s); err != nil {
		return err
	}
	n, err := t.execN(`UPDATE sender SET blocked = TRUE, blocked_reason = $3, blocked_by = $4, blocked_at = $5 WHERE org_id = $1 AND match_key = $2 AND NOT blocked`,
		actor.OrgID, string(s.Key), reason, actor.Name, micros(t.now))
	if err == nil && n > 0 && t.log != nil {
		t.log.Blocks = append(t.log.Blocks, blockBefore{s.Key, micros(t.now)})
	}
	return err
}

// unblock takes back a block, unless the sender was unblocked since, or
// blocked anew.
func (t *tx) unblock(org string, b blockBefore) error {
	return t.exec(`UPDATE sender SET blocked = FALSE, blocked_reason = '', blocked_by = '', blocked_at = 0 WHERE org_id = $1 AND match_key = $2 AND blocked AND blocked_at = $3`,
		org, string(b.Key), b.At)
}

func (t *tx) setBlocked(org string, key switchboard.MatchKey, blocked bool, reason, by string) error {
	at := int64(0)
	if blocked {
		at = micros(t.now)
	}
	return t.exec("UPDATE sender SET blocked = $3, blocked_reason = $4, blocked_by = $5, blocked_at = $6 WHERE org_id = $1 AND match_key = $2", org, string(key), blocked, reason, by, at)
}

// Block puts a sender on the block list: from now on its texts are dismissed.
// Blocking a blocked one changes nothing but the reason.
func (db *DB) Block(ctx context.Context, actor switchboard.Actor, s switchboard.Sender, reason string) (Blocked, error) {
	b := Blocked{Sender: s, Reason: reason, By: actor.Name}
	err := db.inTx(ctx, func(t *tx) error {
		h, err := t.lockSender(actor.OrgID, s)
		if err != nil {
			return err
		}
		b.Sender, b.At = h.sender, t.now
		if err := t.storeSender(actor.OrgID, s); err != nil {
			return err
		}
		if err := t.setBlocked(actor.OrgID, s.Key, true, reason, actor.Name); err != nil {
			return err
		}
		return t.audit(actor, "sender.block", "sender", string(s.Key), reason)
	})
	return b, err
}

// Unblock takes a sender off the block list. What was dismissed stays so. It
// fails with not_found for one that is not on it.
func (db *DB) Unblock(ctx context.Context, actor switchboard.Actor, s switchboard.Sender) error {
	return db.inTx(ctx, func(t *tx) error {
		h, err := t.lockSender(actor.OrgID, s)
		if err != nil {
			return err
		}
		if !h.blocked {
			return switchboard.Errorf(switchboard.CodeNotFound, "%s is not on the block list.", h.sender.Address)
		}
		if err := t.setBlocked(actor.OrgID, s.Key, false, "", ""); err != nil {
			return err
		}
		return t.audit(actor, "sender.unblock", "sender", string(s.Key), "")
	})
}

// BlockedSenders lists the block list, newest first. A cursor is a match key of
// the page before.
func (db *DB) BlockedSenders(ctx context.Context, org string, p Page) ([]Blocked, string, error) {
	var list []Blocked
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		q := newQuery("org_id = ? AND blocked", org)
		if p.Cursor != "" {
			q.and("(blocked_at, match_key) < (SELECT blocked_at, match_key FROM sender WHERE org_id = ? AND match_key = ?)", org, p.Cursor)
		}
		err := t.each(func(rows *sql.Rows) error {
			var b Blocked
			var at int64
			err := rows.Scan(&b.Sender.Key, &b.Sender.Kind, &b.Sender.Address, &b.Reason, &b.By, &at)
			b.At = fromMicros(at)
			list = append(list, b)
			return err
		}, "SELECT match_key, kind, address, blocked_reason, blocked_by, blocked_at FROM sender WHERE "+q.where()+" ORDER BY blocked_at DESC, match_key DESC "+q.limit(p.Limit+1), q.args...)
		list, next = cutPage(list, p.Limit, func(b Blocked) string { return string(b.Sender.Key) })
		return err
	})
	return list, next, err
}
