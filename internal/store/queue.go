package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/switchboardhq/switchboard"
)

// QueueFilter narrows the queue of senders that wait for a person.
type QueueFilter struct {
	// Reason is that of the sender's newest waiting message: no_match, ambiguous,
	// or person for one that was taken off a record; "" is any.
	Reason      switchboard.Reason
	ChannelID   string // that of the sender's newest waiting message; "" is any
	OldestFirst bool   // by the oldest waiting message; else the newest text comes first
	Page
}

// QueueRow is one sender that waits.
type QueueRow struct {
	Sender     switchboard.Sender
	Message    *switchboard.Message    // the newest that waits, with the decision that was stored
	Candidates []switchboard.Candidate // the records that match now
	Waiting    int                     // messages
	Since      time.Time               // the message time of the oldest that waits
	FirstAt    time.Time               // the message time of the sender's first text
	ChangedAt  time.Time               // when its place in the queue changed last
	OptedOut   bool
}

// Queue lists the senders that wait for a person, one row each.
func (db *DB) Queue(ctx context.Context, org string, f QueueFilter) ([]QueueRow, string, error) {
	var list []QueueRow
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		q := f.query(org)
		column, order := "waiting_at", " ORDER BY waiting_at DESC, match_key DESC "
		if f.OldestFirst {
			column, order = "waiting_since", " ORDER BY waiting_since, match_key "
		}
		if f.Cursor != "" {
			text, key := cutCursor(f.Cursor)
			at, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return switchboard.Invalid("cursor", "This page of the list can't be found. Start again from the first.")
			}
			if f.OldestFirst {
				q.and("(waiting_since, match_key) > (?, ?)", at, key)
			} else {
				q.and("(waiting_at, match_key) < (?, ?)", at, key)
			}
		}
		found, err := t.queueRows(org, column, q.where()+order+q.limit(f.Limit+1), q.args...)
		if err != nil {
			return err
		}
		found, next = cutPage(found, f.Limit, func(r queued) string { return strconv.FormatInt(r.at, 10) + " " + string(r.row.Sender.Key) })
		list, err = t.fillQueue(org, found)
		return err
	})
	return list, next, err
}

func (f *QueueFilter) query(org string) *query {
	q := newQuery("org_id = ?", org)
	q.and("waiting > 0")
	if f.Reason != "" {
		q.and("waiting_reason = ?", string(f.Reason))
	}
	if f.ChannelID != "" {
		q.and("waiting_channel = ?", f.ChannelID)
	}
	return q
}

// queued is a row of the queue before its message is read.
type queued struct {
	row     QueueRow
	message string
	at      int64 // what it is sorted by
}

func (t *tx) queueRows(org, column, where string, args ...any) ([]queued, error) {
	var found []queued
	err := t.each(func(rows *sql.Rows) error {
		var r queued
		var since, changed int64
		var first sql.NullInt64
		err := rows.Scan(&r.row.Sender.Key, &r.row.Sender.Kind, &r.row.Sender.Address, &r.row.Waiting, &r.message, &since, &first, &changed, &r.row.OptedOut, &r.at)
		r.row.Since, r.row.FirstAt, r.row.ChangedAt = fromMicros(since), fromMicros(first.Int64), fromMicros(changed)
		found = append(found, r)
		return err
	}, "SELECT match_key, kind, address, waiting, waiting_message_id, waiting_since, "+firstAt+", waiting_changed_at, opted_out, "+column+" FROM sender WHERE "+where, args...)
	return found, err
}

// fillQueue reads the messages of the rows and what matches their senders now.
// A row whose message was placed between the statements is left out.
func (t *tx) fillQueue(org string, found []queued) ([]QueueRow, error) {
	if len(found) == 0 {
		return nil, nil
	}
	ids, keys := make([]string, len(found)), make([]string, len(found))
	for i, r := range found {
		ids[i], keys[i] = r.message, string(r.row.Sender.Key)
	}
	messages, err := t.messagesByID(org, ids)
	if err != nil {
		return nil, err
	}
	candidates, err := t.candidates(org, keys)
	if err != nil {
		return nil, err
	}
	list := make([]QueueRow, 0, len(found))
	for _, r := range found {
		i := slices.IndexFunc(messages, func(m *switchboard.Message) bool { return m.ID == r.message })
		if i < 0 || messages[i].State != switchboard.Unassigned {
			continue
		}
		r.row.Message, r.row.Candidates = messages[i], candidates[r.row.Sender.Key]
		list = append(list, r.row)
	}
	return list, nil
}

// QueueCounts sums up what waits.
type QueueCounts struct {
	Senders  int
	Texts    int
	Oldest   time.Time // the message time of the oldest text that waits; zero if none does
	ByReason map[switchboard.Reason]int
	// More says that of some reason more than 1,000 senders wait: there, the
	// figures stand for that many and more.
	More bool
}

// QueueCounts counts the senders that wait, on one channel or on all, up to
// 1,000 of each reason.
func (db *DB) QueueCounts(ctx context.Context, org, channelID string) (QueueCounts, error) {
	c := QueueCounts{ByReason: map[switchboard.Reason]int{}}
	err := db.inRead(ctx, func(t *tx) error {
		for _, reason := range []switchboard.Reason{switchboard.ReasonNoMatch, switchboard.ReasonAmbiguous, switchboard.ReasonPerson} {
			f := QueueFilter{Reason: reason, ChannelID: channelID}
			q := f.query(org)
			var n, texts int
			err := t.one("SELECT COUNT(*), COALESCE(SUM(w.waiting), 0) FROM (SELECT waiting FROM sender WHERE "+q.where()+" "+q.limit(countLimit)+") w", q.args, &n, &texts)
			if err != nil {
				return err
			}
			c.Senders, c.Texts, c.More = c.Senders+n, c.Texts+texts, c.More || n == countLimit
			c.ByReason[reason] = n
		}
		f := QueueFilter{ChannelID: channelID}
		q := f.query(org)
		var oldest int64
		err := t.one("SELECT waiting_since FROM sender WHERE "+q.where()+" ORDER BY waiting_since, match_key "+q.limit(1), q.args, &oldest)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		c.Oldest = fromMicros(oldest)
		return err
	})
	return c, err
}

// QueuePlace is where a sender stands in the queue, the newest text first.
type QueuePlace struct {
	Index, Total int // counted up to 1,000; Index is 0 for a sender that doesn't wait
	Prev, Next   *QueueRow
}

// QueueNeighbors returns a sender's place in the queue, and who stands before
// and after it. For a sender that does not wait, Next is the first of the queue.
func (db *DB) QueueNeighbors(ctx context.Context, org string, key switchboard.MatchKey) (QueuePlace, error) {
	var p QueuePlace
	err := db.inRead(ctx, func(t *tx) error {
		err := t.one("SELECT COUNT(*) FROM (SELECT match_key FROM sender WHERE org_id = $1 AND waiting > 0 LIMIT $2) w", []any{org, countLimit}, &p.Total)
		if err != nil {
			return err
		}
		var at int64
		err = t.one("SELECT waiting_at FROM sender WHERE org_id = $1 AND match_key = $2 AND waiting > 0", []any{org, string(key)}, &at)
		if errors.Is(err, sql.ErrNoRows) {
			p.Next, err = t.firstInQueue(org, "waiting > 0 ORDER BY waiting_at DESC, match_key DESC LIMIT 1", org)
			return err
		}
		if err != nil {
			return err
		}
		const before, after = "waiting > 0 AND (waiting_at, match_key) > ($2, $3)", "waiting > 0 AND (waiting_at, match_key) < ($2, $3)"
		err = t.one("SELECT COUNT(*) FROM (SELECT match_key FROM sender WHERE org_id = $1 AND "+before+" LIMIT $4) w", []any{org, at, string(key), countLimit - 1}, &p.Index)
		if err != nil {
			return err
		}
		p.Index++
		if p.Prev, err = t.firstInQueue(org, before+" ORDER BY waiting_at, match_key LIMIT 1", org, at, string(key)); err != nil {
			return err
		}
		p.Next, err = t.firstInQueue(org, after+" ORDER BY waiting_at DESC, match_key DESC LIMIT 1", org, at, string(key))
		return err
	})
	return p, err
}

func (t *tx) firstInQueue(org, where string, args ...any) (*QueueRow, error) {
	found, err := t.queueRows(org, "waiting_at", "org_id = $1 AND "+where, args...)
	if err != nil {
		return nil, err
	}
	list, err := t.fillQueue(org, found)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// QueueChanged counts the senders that wait and whose place in the queue has
// changed since a time, up to 1,000: those with a new text among them.
func (db *DB) QueueChanged(ctx context.Context, org string, since time.Time) (int, error) {
	n := 0
	err := db.inRead(ctx, func(t *tx) error {
		return t.one(`SELECT COUNT(*) FROM (SELECT match_key FROM sender
			WHERE org_id = $1 AND waiting_changed_at > $2 AND waiting_changed_at > 0 AND waiting > 0 LIMIT $3) w`, []any{org, micros(since), countLimit}, &n)
	})
	return n, err
}

// Stamp returns a text that is another one after each change that an open page
// may show: a text, a placement, a notification, a setting.
func (db *DB) Stamp(ctx context.Context, org string) (string, error) {
	stamp := ""
	err := db.inRead(ctx, func(t *tx) error {
		var settings int64
		var message, audit sql.NullString
		var queue, bell sql.NullInt64
		err := t.one(`SELECT settings_version,
				(SELECT MAX(id) FROM message WHERE org_id = $1),
				(SELECT MAX(id) FROM audit WHERE org_id = $1),
				(SELECT MAX(waiting_changed_at) FROM sender WHERE org_id = $1 AND waiting_changed_at > 0),
				(SELECT MAX(updated_at) FROM notification WHERE org_id = $1)
			FROM org WHERE id = $1`, []any{org}, &settings, &message, &audit, &queue, &bell)
		stamp = strconv.FormatInt(settings, 10) + " " + message.String + " " + audit.String + " " + strconv.FormatInt(queue.Int64, 10) + " " + strconv.FormatInt(bell.Int64, 10)
		return err
	})
	return stamp, err
}
