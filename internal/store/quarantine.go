package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// NewQuarantined is a request that arrived authentic but could not be read.
type NewQuarantined struct {
	ChannelID  string
	ReceivedAt time.Time
	Reason     string // a sentence for an admin
	Request    []byte // as it came; it is stored sealed
	Same       string // what the same request has in common: of one channel it is kept once
	Size       int64  // of the request's body
}

// Quarantined is a request in the quarantine.
type Quarantined struct {
	ID         string
	ChannelID  string
	Provider   string
	ReceivedAt time.Time
	Reason     string
	Size       int64
	ReplayedAt time.Time // zero until then
}

// Quarantine keeps a request that could not be read. A request that the
// channel has sent before is kept once. It fails with not_found for an unknown
// channel.
func (db *DB) Quarantine(ctx context.Context, org string, n NewQuarantined) error {
	return db.inTx(ctx, func(t *tx) error {
		var provider string
		err := t.one("SELECT provider FROM channel WHERE org_id = $1 AND id = $2", []any{org, n.ChannelID}, &provider)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %s. It may have been removed.", n.ChannelID)
		}
		if err != nil {
			return err
		}
		id := t.newID()
		sealed, err := db.key.Seal(n.Request, "quarantine "+id)
		if err != nil {
			return err
		}
		return t.exec(`INSERT INTO quarantine (org_id, id, channel_id, same, provider, received_at, reason, size, request, replayed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT (org_id, channel_id, same) DO NOTHING`,
			org, id, n.ChannelID, n.Same, provider, micros(n.ReceivedAt), n.Reason, n.Size, sealed)
	})
}

const quarantineSelect = "SELECT id, channel_id, provider, received_at, reason, size, replayed_at"

func scanQuarantined(rows *sql.Rows, more ...any) (Quarantined, error) {
	var q Quarantined
	var received, replayed int64
	err := rows.Scan(append([]any{&q.ID, &q.ChannelID, &q.Provider, &received, &q.Reason, &q.Size, &replayed}, more...)...)
	q.ReceivedAt, q.ReplayedAt = fromMicros(received), fromMicros(replayed)
	return q, err
}

// Quarantined lists what waits in the quarantine, newest first; what has been
// replayed is not among it.
func (db *DB) Quarantined(ctx context.Context, org string, p Page) ([]Quarantined, string, error) {
	var list []Quarantined
	next := ""
	err := db.inRead(ctx, func(t *tx) error {
		q := newQuery("org_id = ? AND replayed_at = 0", org)
		if p.Cursor != "" {
			q.and("id < ?", p.Cursor)
		}
		err := t.each(func(rows *sql.Rows) error {
			item, err := scanQuarantined(rows)
			list = append(list, item)
			return err
		}, quarantineSelect+" FROM quarantine WHERE "+q.where()+" ORDER BY id DESC "+q.limit(p.Limit+1), q.args...)
		list, next = cutPage(list, p.Limit, func(q Quarantined) string { return q.ID })
		return err
	})
	return list, next, err
}

// OpenQuarantined returns one item, replayed or not, with the request as it
// came. It fails with not_found, and with unavailable if this process has
// another key than the one that sealed it.
func (db *DB) OpenQuarantined(ctx context.Context, org, id string) (Quarantined, []byte, error) {
	var item Quarantined
	var request []byte
	err := db.inRead(ctx, func(t *tx) error {
		var sealed []byte
		err := t.each(func(rows *sql.Rows) (err error) {
			item, err = scanQuarantined(rows, &sealed)
			return err
		}, quarantineSelect+", request FROM quarantine WHERE org_id = $1 AND id = $2", org, id)
		if err != nil {
			return err
		}
		if item.ID == "" {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no item %q in the quarantine.", id)
		}
		if request, err = db.key.Open(sealed, "quarantine "+id); err != nil {
			return &switchboard.Error{Code: switchboard.CodeUnavailable, Err: err,
				Message: "The request can't be read: this process has another key than the one that sealed it. Start it with the right key."}
		}
		return nil
	})
	return item, request, err
}

// MarkReplayed takes an item off the quarantine's list: its messages are stored
// now. Marking one again does nothing.
func (db *DB) MarkReplayed(ctx context.Context, actor switchboard.Actor, id string) error {
	return db.inTx(ctx, func(t *tx) error {
		n, err := t.execN("UPDATE quarantine SET replayed_at = $3 WHERE org_id = $1 AND id = $2 AND replayed_at = 0", actor.OrgID, id, micros(t.now))
		if err != nil || n == 0 {
			return err
		}
		return t.audit(actor, "quarantine.replay", "quarantine", id, "")
	})
}
