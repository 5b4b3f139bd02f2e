package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"github.com/switchboardhq/switchboard"
)

const notificationSelect = "SELECT id, user_id, match_key, sender_kind, sender, message_id, count, state, body, created_at, updated_at FROM notification WHERE "

func (t *tx) notifications(where string, args ...any) ([]switchboard.Notification, error) {
	var all []switchboard.Notification
	err := t.each(func(rows *sql.Rows) error {
		var n switchboard.Notification
		var created, updated int64
		err := rows.Scan(&n.ID, &n.UserID, &n.Sender.Key, &n.Sender.Kind, &n.Sender.Address, &n.MessageID, &n.Count, &n.State, &n.Body, &created, &updated)
		n.CreatedAt, n.UpdatedAt = fromMicros(created), fromMicros(updated)
		all = append(all, n)
		return err
	}, notificationSelect+where, args...)
	return all, err
}

// NotificationFilter narrows a list of notifications.
type NotificationFilter struct {
	UserID string                        // "" is everybody's
	State  switchboard.NotificationState // "" is any
	Page
}

// Notifications lists notifications, newest stored first.
func (db *DB) Notifications(ctx context.Context, org string, f NotificationFilter) ([]switchboard.Notification, string, error) {
	var list []switchboard.Notification
	next := ""
	err := db.inRead(ctx, func(t *tx) (err error) {
		q := newQuery("org_id = ?", org)
		if f.UserID != "" {
			q.and("user_id = ?", f.UserID)
		}
		if f.State != "" {
			q.and("state = ?", string(f.State))
			if f.State != switchboard.Cleared {
				q.and("state <> 'cleared'") // says that the index of open ones will do
			}
		}
		if f.Cursor != "" {
			q.and("id < ?", f.Cursor)
		}
		list, err = t.notifications(q.where()+" ORDER BY id DESC "+q.limit(f.Limit+1), q.args...)
		list, next = cutPage(list, f.Limit, func(n switchboard.Notification) string { return n.ID })
		return err
	})
	return list, next, err
}

// Bell is what a user's bell shows.
type Bell struct {
	Unread        int // counted up to 1,000
	Notifications []switchboard.Notification
}

// countLimit is where counting ends: what is more is shown as that many.
const countLimit = 1000

// OpenNotifications returns the user's notifications that are not cleared, the
// one that changed last first, at most limit of them.
func (db *DB) OpenNotifications(ctx context.Context, org, user string, limit int) (Bell, error) {
	var b Bell
	err := db.inRead(ctx, func(t *tx) (err error) {
		b.Notifications, err = t.notifications("org_id = $1 AND user_id = $2 AND state <> 'cleared' ORDER BY updated_at DESC LIMIT $3", org, user, limit)
		if err != nil {
			return err
		}
		return t.one("SELECT COUNT(*) FROM (SELECT id FROM notification WHERE org_id = $1 AND user_id = $2 AND state <> 'cleared' AND state = 'unread' LIMIT "+strconv.Itoa(countLimit)+") n",
			[]any{org, user}, &b.Unread)
	})
	return b, err
}

// UnreadSenders returns which of the senders the user has an unread notification
// of.
func (db *DB) UnreadSenders(ctx context.Context, org, user string, senders []switchboard.MatchKey) (map[switchboard.MatchKey]bool, error) {
	keys := make([]string, len(senders))
	for i, k := range senders {
		keys[i] = string(k)
	}
	unread := map[switchboard.MatchKey]bool{}
	err := db.inRead(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			var k switchboard.MatchKey
			if err := rows.Scan(&k); err != nil {
				return err
			}
			unread[k] = true
			return nil
		}, "SELECT match_key FROM notification WHERE org_id = $1 AND "+t.in("match_key", "$2")+" AND user_id = $3 AND state <> 'cleared' AND state = 'unread'",
			org, t.list(keys), user)
	})
	return unread, err
}

// Notification returns one notification, or an error with code not_found.
func (db *DB) Notification(ctx context.Context, org, id string) (switchboard.Notification, error) {
	var n switchboard.Notification
	err := db.inRead(ctx, func(t *tx) (err error) {
		n, err = t.notification(org, id)
		return err
	})
	return n, err
}

func (t *tx) notification(org, id string) (switchboard.Notification, error) {
	found, err := t.notifications("org_id = $1 AND id = $2", org, id)
	if err != nil {
		return switchboard.Notification{}, err
	}
	if len(found) == 0 {
		return switchboard.Notification{}, switchboard.Errorf(switchboard.CodeNotFound, "There is no notification %q.", strings.ToValidUTF8(id, "\uFFFD"))
	}
	return found[0], nil
}

// MarkRead marks a notification read and returns it. One that is read or
// cleared stays as it is; a later text makes it unread again.
func (db *DB) MarkRead(ctx context.Context, actor switchboard.Actor, id string) (switchboard.Notification, error) {
	var n switchboard.Notification
	err := db.inTx(ctx, func(t *tx) error {
		err := t.exec("UPDATE notification SET state = 'read', updated_at = $3 WHERE org_id = $1 AND id = $2 AND state = 'unread'", actor.OrgID, id, micros(t.now))
		if err != nil {
			return err
		}
		n, err = t.notification(actor.OrgID, id)
		return err
	})
	return n, err
}

// MarkAllRead marks all of the actor's unread notifications read, and returns
// how many those were.
func (db *DB) MarkAllRead(ctx context.Context, actor switchboard.Actor) (int, error) {
	var n int64
	err := db.inTx(ctx, func(t *tx) (err error) {
		n, err = t.execN("UPDATE notification SET state = 'read', updated_at = $3 WHERE org_id = $1 AND user_id = $2 AND state <> 'cleared' AND state = 'unread'", actor.OrgID, actor.ID, micros(t.now))
		return err
	})
	return int(n), err
}
