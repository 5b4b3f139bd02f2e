package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// SyncCursor is how far an object has been read from Salesforce.
type SyncCursor struct {
	Object     switchboard.Object
	Stamp      time.Time // everything that was changed before has been read
	LoadSince  time.Time // when the first load began; zero: it did not
	LoadJob    string    // the running one's
	LoadNext   string    // where it goes on
	LoadRows   int64     // read so far
	LoadTotal  int64     // 0: not known yet
	LoadedAt   time.Time // zero: the first load is not done
	Fields     []string  // that it read
	ComparedAt time.Time // when all ids were last compared
	Replay     []byte    // where the stream of changes goes on; nil: nowhere yet
}

// SyncCursor returns how far the object has been read; of one that never was,
// the object alone.
func (db *DB) SyncCursor(ctx context.Context, org string, object switchboard.Object) (SyncCursor, error) {
	c := SyncCursor{Object: object}
	err := db.inRead(ctx, func(t *tx) error {
		var stamp, since, loaded, compared int64
		var fields string
		err := t.one("SELECT stamp, load_since, load_job, load_next, load_rows, load_total, loaded_at, fields, compared_at, replay FROM salesforce_cursor WHERE org_id = $1 AND object = $2",
			[]any{org, string(object)}, &stamp, &since, &c.LoadJob, &c.LoadNext, &c.LoadRows, &c.LoadTotal, &loaded, &fields, &compared, &c.Replay)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		c.Fields = strings.Fields(fields)
		c.Stamp, c.LoadSince, c.LoadedAt, c.ComparedAt = fromMicros(stamp), fromMicros(since), fromMicros(loaded), fromMicros(compared)
		return err
	})
	return c, err
}

// SetSyncCursor remembers how far an object has been read; the stream's place
// is kept by SetReplay.
func (db *DB) SetSyncCursor(ctx context.Context, org string, c SyncCursor) error {
	return db.inTx(ctx, func(t *tx) error {
		return t.exec(`INSERT INTO salesforce_cursor (org_id, object, stamp, load_since, load_job, load_next, load_rows, load_total, loaded_at, fields, compared_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
			ON CONFLICT (org_id, object) DO UPDATE SET stamp = excluded.stamp, load_since = excluded.load_since, load_job = excluded.load_job, load_next = excluded.load_next,
				load_rows = excluded.load_rows, load_total = excluded.load_total, loaded_at = excluded.loaded_at, fields = excluded.fields, compared_at = excluded.compared_at`,
			org, string(c.Object), micros(c.Stamp), micros(c.LoadSince), c.LoadJob, c.LoadNext, c.LoadRows, c.LoadTotal, micros(c.LoadedAt), strings.Join(c.Fields, " "), micros(c.ComparedAt))
	})
}

// SetReplay remembers where the object's stream of changes goes on.
func (db *DB) SetReplay(ctx context.Context, org string, object switchboard.Object, replay []byte) error {
	return db.inTx(ctx, func(t *tx) error {
		return t.exec(`INSERT INTO salesforce_cursor (org_id, object, stamp, load_since, load_job, load_next, load_rows, load_total, loaded_at, fields, compared_at, replay)
			VALUES ($1, $2, 0, 0, '', '', 0, 0, 0, '', 0, $3) ON CONFLICT (org_id, object) DO UPDATE SET replay = excluded.replay`, org, string(object), replay)
	})
}

// SyncCursors returns how far every object has been read, by name.
func (db *DB) SyncCursors(ctx context.Context, org string) ([]SyncCursor, error) {
	var objects []switchboard.Object
	err := db.inRead(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			var o switchboard.Object
			err := rows.Scan(&o)
			objects = append(objects, o)
			return err
		}, "SELECT object FROM salesforce_cursor WHERE org_id = $1 ORDER BY object", org)
	})
	if err != nil {
		return nil, err
	}
	cursors := make([]SyncCursor, len(objects))
	for i, o := range objects {
		if cursors[i], err = db.SyncCursor(ctx, org, o); err != nil {
			return nil, err
		}
	}
	return cursors, nil
}

// SyncedIDs returns the Salesforce ids of the object's records that are not
// deleted on either side as far as both know, after the given one, in order, at
// most limit of them.
func (db *DB) SyncedIDs(ctx context.Context, org string, object switchboard.Object, after string, limit int) ([]string, error) {
	var ids []string
	err := db.inRead(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		}, "SELECT salesforce_id FROM "+t.bySalesforceID()+" WHERE org_id = $1 AND salesforce_id > $2 AND object = $3 AND NOT base_deleted ORDER BY salesforce_id LIMIT $4",
			org, after, string(object), limit)
	})
	return ids, err
}
