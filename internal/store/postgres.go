package store

import (
	"context"
	"database/sql"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/switchboardhq/switchboard/internal/fault"
)

func (db *DB) openPostgres(ctx context.Context, database string) error {
	db.dialect = &postgresDialect
	config, err := pgx.ParseConfig(database)
	if err != nil {
		return fmt.Errorf("read the database URL: %w", err)
	}
	pool := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(prepareSession), stdlib.OptionShouldPing(silent))
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

// prepareSession makes a new connection's commits durable, where the server, the
// database, the role or the URL say otherwise: what is acknowledged must be on
// disk. Every value but off is somebody's choice of how durable. And it has the
// server let go of what a transaction has locked whose client fell silent. It
// also has statements planned each time, unless somebody chose otherwise: a plan
// that was made for tables that were empty would stay until they are analyzed,
// and take longer with each text.
func prepareSession(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `SELECT set_config(name, CASE name WHEN 'synchronous_commit' THEN 'on' WHEN 'plan_cache_mode' THEN 'force_custom_plan' ELSE $1 END, false) FROM pg_settings
		WHERE name = 'synchronous_commit' AND setting = 'off' OR name = 'idle_in_transaction_session_timeout' AND setting = '0' OR name = 'plan_cache_mode' AND setting = 'auto'`, patience.String())
	return err
}

// patience bounds each transaction and each reading on PostgreSQL. A server whose
// machine has died says nothing any more, and the operating system would wait
// for it for a quarter of an hour. A COMMIT that is given up may have happened,
// like any whose answer was lost: whoever asked is told unavailable, and asks
// again.
const patience = 15 * time.Second

func (db *DB) inPostgresTx(ctx context.Context, do func(*tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	st, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer st.Rollback()
	if err := do(&tx{querier: st, db: db, ctx: ctx, now: db.clock()}); err != nil {
		return err
	}
	if err := fault.BeforeCommit.Pass(); err != nil {
		return err
	}
	if err := st.Commit(); err != nil {
		return err
	}
	return fault.AfterCommit.Pass()
}

// silent reports whether a connection that has lain idle does not answer any
// more; if so it is closed, and another one taken. Without a bound of its own
// the question would cost each connection the whole patience.
func silent(ctx context.Context, p stdlib.ShouldPingParams) bool {
	if p.IdleDuration < time.Second {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return p.Conn.PgConn().Ping(ctx) != nil
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
