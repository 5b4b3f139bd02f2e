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
}

// maxStatements bounds the prepared statements; over it all are prepared anew.
const maxStatements = 400

func newSQLiteWriter(ctx context.Context, pool *sql.DB) (*sqliteWriter, error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &sqliteWriter{turn: make(chan struct{}, 1), conn: conn, statements: map[string]*sql.Stmt{}, committed: make(chan struct{}, 1)}
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
	return errors.Join(append(errs, w.conn.Close())...)
}

// inTx waits for its turn and runs do between BEGIN IMMEDIATE and COMMIT. Once
// begun, the transaction does not end with ctx: a COMMIT is never cancelled.
func (w *sqliteWriter) inTx(ctx context.Context, db *DB, do func(*tx) error) (err error) {
	select {
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-w.turn:
	}
	defer func() { w.turn <- struct{}{} }()
	if w.closed {
		return unavailable(errors.New("the store is closed"))
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := w.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("begin: %w", err)
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
		return err
	}
	if err := fault.BeforeCommit.Pass(); err != nil {
		return err
	}
	if _, err := w.ExecContext(ctx, "COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	select {
	case w.committed <- struct{}{}:
	default:
	}
	return fault.AfterCommit.Pass()
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
