package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/switchboardhq/switchboard"
)

// AddOrg makes one more org, so that many worlds fit into one store.
func (db *DB) AddOrg(ctx context.Context) (string, error) {
	var id string
	err := db.inTx(ctx, func(t *tx) error {
		fields, err := json.Marshal(switchboard.DefaultPhoneFields())
		if err != nil {
			return err
		}
		unknown, err := json.Marshal(switchboard.DefaultUnknownNumbers())
		if err != nil {
			return err
		}
		id = t.newID()
		return t.exec(`INSERT INTO org (id, name, region, time_zone, settings_version, phone_fields, unknown_numbers, phone_metadata, next_number, created_at)
			SELECT $1, 'Acme', 'US', '', 1, $2, $3, phone_metadata, 1, $4 FROM org ORDER BY created_at, id LIMIT 1`,
			id, string(fields), string(unknown), micros(t.now))
	})
	return id, err
}

// AllMessages returns the org's messages in the order of their numbers.
func (db *DB) AllMessages(ctx context.Context, org string) ([]*switchboard.Message, error) {
	var all []*switchboard.Message
	err := db.inRead(ctx, func(t *tx) (err error) {
		all, err = t.messages("m.org_id = $1 ORDER BY m.number", org)
		return err
	})
	return all, err
}

// Rows runs a query on the reading pool.
func (db *DB) Rows(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.read.QueryContext(ctx, query, args...)
}

// Exec runs a statement on the writing pool of PostgreSQL, or on a connection
// of its own to SQLite's file.
func (db *DB) Exec(ctx context.Context, query string, args ...any) error {
	return db.inTx(ctx, func(t *tx) error { return t.exec(query, args...) })
}

// Linger calls wait before each statement on PostgreSQL: so two transactions can
// be made to meet, or many to meet more often. On SQLite it does nothing: there
// transactions never meet.
func (db *DB) Linger(database string, wait func(statement string)) error {
	if db.writer != nil {
		return nil
	}
	config, err := pgx.ParseConfig(database)
	if err != nil {
		return err
	}
	config.Tracer = lingering(wait)
	before := db.write
	db.write = stdlib.OpenDB(*config, stdlib.OptionAfterConnect(prepareSession))
	db.read = db.write
	return before.Close()
}

type lingering func(statement string)

func (l lingering) TraceQueryStart(ctx context.Context, _ *pgx.Conn, d pgx.TraceQueryStartData) context.Context {
	l(d.SQL)
	return ctx
}

func (lingering) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// CountTogether makes the texts of n numbers be counted together.
func (db *DB) CountTogether(n int64) { db.countedTogether = n }

// StatsAnew is Stats with all texts counted anew.
func (db *DB) StatsAnew(ctx context.Context, org string, days, moves int) (Stats, error) {
	counts := db.reasonCounts(org)
	db.mu.Lock()
	delete(db.counts, org)
	db.mu.Unlock()
	s, err := db.Stats(ctx, org, days, moves)
	db.mu.Lock()
	db.counts[org] = counts
	db.mu.Unlock()
	return s, err
}
