package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

func (db *DB) openPostgres(ctx context.Context, database string) error {
	db.dialect = &postgresDialect
	config, err := pgx.ParseConfig(database)
	if err != nil {
		return fmt.Errorf("read the database URL: %w", err)
	}
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(commitToDisk))
	n := max(8, 4*runtime.GOMAXPROCS(0))
	pool.SetMaxOpenConns(n)
	pool.SetMaxIdleConns(n)
	db.read, db.write = pool, pool
	if err := pool.PingContext(ctx); err != nil {
		return fmt.Errorf("reach PostgreSQL: %w", err)
	}
	if err := db.warnOfLoss(ctx); err != nil {
		return fmt.Errorf("read how PostgreSQL is set up: %w", err)
	}
	return db.migrate(ctx)
}

// commitToDisk makes a new connection's commits durable, where the server, the
// database, the role or the URL say otherwise: what is acknowledged must be on
// disk. Every value but off is somebody's choice of how durable.
func commitToDisk(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'")
	return err
}

// warnOfLoss says if the server is set up to lose data, which no connection can
// change.
func (db *DB) warnOfLoss(ctx context.Context) error {
	return db.inRead(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			db.log.Warn("PostgreSQL may lose acknowledged messages in a power cut: switch the setting on in postgresql.conf", "setting", name)
			return nil
		}, "SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'")
	})
}
