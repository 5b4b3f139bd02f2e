package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/switchboardhq/switchboard/internal/fault"
)

// sqliteWriter owns SQLite's one writing connection: transactions run on it one
// after the other, with statements that stay prepared.
type sqliteWriter struct {
	turn       chan struct{} // holds one token: whoever has it has the connection
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	closed     bool
	committed  chan struct{} // has a value after a commit
	log        *sqliteLog
}

// maxStatements bounds the prepared statements; over it all are prepared anew.
const maxStatements = 400

func newSQLiteWriter(ctx context.Context, pool *sql.DB, file string) (*sqliteWriter, error) {
	log, err := openLog(file)
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, log.file.Close())
	}
	w := &sqliteWriter{turn: make(chan struct{}, 1), conn: conn, statements: map[string]*sql.Stmt{}, committed: make(chan struct{}, 1), log: log}
	w.turn <- struct{}{}
	return w, nil
}

func (w *sqliteWriter) close() error {
	<-w.turn
	defer func() { w.turn <- struct{}{} }()
	w.closed = true
	var errs []error
	for _, s := range w.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close(), w.log.file.Close())...)
}

// inTx waits for its turn and runs do between BEGIN IMMEDIATE and COMMIT. Once
// begun, the transaction does not end with ctx: a COMMIT is never cancelled. It
// returns the number of the commit, which is durable when the log has been
// flushed up to it.
func (w *sqliteWriter) inTx(ctx context.Context, db *DB, do func(*tx) error) (commit int64, err error) {
	select {
	case <-ctx.Done():
		return 0, unavailable(ctx.Err())
	case <-w.turn:
	}
	defer func() { w.turn <- struct{}{} }()
	if w.closed {
		return 0, unavailable(errors.New("the store is closed"))
	}
	ctx = context.WithoutCancel(ctx)
	if w.log.failed.Load() {
		if err := w.mendLog(ctx); err != nil {
			return 0, err
		}
	}
	if _, err := w.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return 0, fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			// After a full disk or a failed write SQLite has rolled back by itself.
			_, rollbackErr := w.ExecContext(ctx, "ROLLBACK")
			if rollbackErr != nil && err != nil && !strings.Contains(rollbackErr.Error(), "no transaction is active") {
				err = fmt.Errorf("%w (and rollback: %w)", err, rollbackErr)
			}
		}
	}()
	if err := do(&tx{querier: w, db: db, ctx: ctx, now: db.clock()}); err != nil {
		return 0, err
	}
	if err := fault.BeforeCommit.Pass(); err != nil {
		return 0, err
	}
	if _, err := w.ExecContext(ctx, "COMMIT"); err != nil {
		return 0, fmt.Errorf("commit: %w", err)
	}
	committed = true
	commit = w.log.committed.Add(1)
	select {
	case w.committed <- struct{}{}:
	default:
	}
	return commit, fault.AfterCommit.Pass()
}

// mendLog brings the whole log into the database, and flushes it there.
func (w *sqliteWriter) mendLog(ctx context.Context) error {
	var busy, frames, copied int
	if err := w.conn.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &copied); err != nil {
		return fmt.Errorf("%w, nor brought into the database: %w", errFlush, err)
	}
	if busy != 0 {
		return fmt.Errorf("%w, nor brought into the database yet, which is being read", errFlush)
	}
	w.log.mended()
	return nil
}

func (w *sqliteWriter) prepared(ctx context.Context, query string) (*sql.Stmt, error) {
	if s, ok := w.statements[query]; ok {
		return s, nil
	}
	if len(w.statements) >= maxStatements {
		for q, s := range w.statements {
			if err := s.Close(); err != nil {
				return nil, err
			}
			delete(w.statements, q)
		}
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	w.statements[query] = s
	return s, nil
}

func (w *sqliteWriter) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	s, err := w.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(ctx, args...)
}

func (w *sqliteWriter) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := w.prepared(ctx, query)
	if err != nil {
		return nil, err
	}
	return s.QueryContext(ctx, args...)
}
