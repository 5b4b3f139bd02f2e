// Package store keeps everything that Switchboard knows, in SQLite or in
// PostgreSQL, by one SQL text for both.
//
// An exported method of [DB] is one transaction; the unexported functions that
// it is made of take the [tx]. What concerns a number is decided under the lock
// of that number's row in the sender table: see lock.go. Business rules are not
// here: the methods read facts, call the pure functions of the root package,
// and write down what those decided.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/seal"
)

// Config says which store to open, and what it may not get by itself.
type Config struct {
	Dir      string // the data folder, for SQLite
	Database string // a postgres:// URL; "" is SQLite in Dir
	Now      func() time.Time
	Random   io.Reader
	Key      *seal.Key
	Log      *slog.Logger
}

// DB is an open store. It is safe for concurrent use.
type DB struct {
	dialect *dialect
	read    *sql.DB
	write   *sql.DB       // PostgreSQL: the same pool as read
	writer  *sqliteWriter // SQLite: its one writing connection; nil for PostgreSQL
	// checkpointer brings SQLite's log into the database, beside the writer.
	checkpointer *checkpointer
	logs         *logVFS // how the writer gets at its log
	// file is the database, opened to flush it. Closing it gives up the locks that
	// SQLite holds on it in this process, so it is closed when SQLite holds none.
	file *os.File

	now    func() time.Time
	ids    *idSource
	random io.Reader
	key    *seal.Key
	log    *slog.Logger

	asked chan struct{} // hints that there are jobs

	mu        sync.Mutex
	snapshots map[string]*snapshot // by org: valid only for the version that a transaction reads
	counts    map[string]*reasonCounts

	countedTogether int64
}

// Open opens the store, makes or migrates its tables, and makes sure that it
// holds an org. It refuses a database that a newer version has migrated.
func Open(ctx context.Context, c Config) (*DB, error) {
	db := &DB{now: c.Now, ids: newIDSource(c.Random), random: c.Random, key: c.Key, log: c.Log, asked: make(chan struct{}, 1), snapshots: map[string]*snapshot{},
		counts: map[string]*reasonCounts{}, countedTogether: countedTogether}
	var err error
	if c.Database != "" {
		err = db.openPostgres(ctx, c.Database)
	} else {
		err = db.openSQLite(ctx, c.Dir)
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if err := db.ensureOrg(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// DatabaseFile is the name of the SQLite database in the data folder.
const DatabaseFile = "switchboard.db"

func (db *DB) openSQLite(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data folder: %w", err)
	}
	lightMutexes()
	// Times of files, which fsync would flush too, are of no use here.
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return err
	}
	var err error
	db.dialect = &sqliteDialect
	file := filepath.Join(dir, DatabaseFile)
	dsn := func(params string) string {
		return (&url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: params}).String()
	}
	if db.logs, err = newLogVFS(fmt.Sprintf("switchboard-%p", db)); err != nil {
		return err
	}
	const pragmas = "_pragma=busy_timeout(5000)&_pragma=foreign_keys(1)&_pragma=synchronous(FULL)&_pragma=temp_store(MEMORY)"
	const writing = "&_pragma=journal_mode(WAL)&_pragma=cache_size(-8192)&_pragma=mmap_size(2147483647)&_pragma=wal_autocheckpoint(100000)&_txlock=immediate"
	w, err := sql.Open("sqlite", dsn(pragmas+writing+"&vfs="+db.logs.name))
	if err != nil {
		return err
	}
	w.SetMaxOpenConns(1)
	db.write = w
	unlock, err := lockFile(filepath.Join(dir, "migrate.lock"))
	if err != nil {
		return fmt.Errorf("lock the data folder for migration: %w", err)
	}
	defer unlock()
	if err := db.migrate(ctx); err != nil {
		return err
	}
	if err := os.Chmod(file, 0o600); err != nil {
		return err
	}
	if db.writer, err = newSQLiteWriter(ctx, w, file); err != nil {
		return err
	}
	if err := tellPlanner(ctx, db.writer.conn); err != nil {
		return fmt.Errorf("prepare the database: %w", err)
	}
	if err := db.writer.log.flush(db.writer.log.committed.Add(1)); err != nil { // the migrations
		return err
	}
	r, err := sql.Open("sqlite", dsn(pragmas+"&_pragma=cache_size(-2048)&_pragma=query_only(1)"))
	if err != nil {
		return err
	}
	n := max(4, runtime.GOMAXPROCS(0))
	r.SetMaxOpenConns(n)
	r.SetMaxIdleConns(n)
	db.read = r
	c, err := sql.Open("sqlite", dsn(pragmas+"&_pragma=cache_size(-1024)"))
	if err != nil {
		return err
	}
	if db.file, err = os.OpenFile(file, os.O_RDWR, 0); err != nil {
		return errors.Join(err, c.Close())
	}
	db.checkpointer = newCheckpointer(c, db.writer, db.file, db.log)
	return nil
}

// Close waits for running statements and closes the store.
func (db *DB) Close() error {
	var errs []error
	if db.checkpointer != nil {
		db.checkpointer.close()
	}
	if db.writer != nil {
		errs = append(errs, db.writer.close())
	}
	if db.read != nil && db.read != db.write {
		errs = append(errs, db.read.Close())
	}
	if db.write != nil {
		errs = append(errs, db.write.Close())
	}
	if db.file != nil {
		errs = append(errs, db.file.Close())
	}
	if db.logs != nil {
		db.logs.close()
	}
	return errors.Join(errs...)
}

// Dialect returns the name of the database: sqlite or postgres.
func (db *DB) Dialect() string { return db.dialect.name }

// Ready reports whether the store can commit, by committing something. What it
// writes is new each time: SQLite writes nothing where nothing changes.
func (db *DB) Ready(ctx context.Context) error {
	return db.inTx(ctx, func(t *tx) error {
		return t.exec("UPDATE org SET ready_at = $1 WHERE id = (SELECT MIN(id) FROM org)", micros(t.now))
	})
}

// unavailable wraps a failure of the database that is not the request's fault.
func unavailable(err error) error {
	return &switchboard.Error{Code: switchboard.CodeUnavailable, Message: "The store can't commit right now. Nothing was changed; try again.", Err: err}
}
