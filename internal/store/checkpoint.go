package store

import (
	"context"
	"database/sql"
	"log/slog"
	"sync"
	"time"
)

// checkpointEvery is how long the checkpointer rests. A longer rest copies pages
// that are written again only once; a shorter one keeps the flush small that a
// commit may have to wait behind (measured in docs/benchmarks.md).
const checkpointEvery = 50 * time.Millisecond

// checkpointer copies SQLite's log into the database on a connection of its
// own, so that commits need not. It never makes a writer wait. Where it can't
// keep up, the writer does it itself when the log has grown large.
type checkpointer struct {
	stop context.CancelFunc
	done sync.WaitGroup
}

// newCheckpointer starts one; it closes the pool in the end. It looks after
// something was committed.
func newCheckpointer(pool *sql.DB, committed <-chan struct{}, log *slog.Logger) *checkpointer {
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpointer{stop: stop}
	pool.SetMaxOpenConns(1)
	c.done.Go(func() {
		rest := time.NewTicker(checkpointEvery)
		defer rest.Stop()
		for {
			select {
			case <-ctx.Done():
				if err := pool.Close(); err != nil {
					log.Warn("could not close the checkpointer's connection", "err", err)
				}
				return
			case <-committed:
			}
			if _, err := pool.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil && ctx.Err() == nil {
				log.Debug("a checkpoint has to wait", "err", err)
			}
			select {
			case <-ctx.Done():
			case <-rest.C:
			}
		}
	})
	return c
}

// close ends it and waits for it.
func (c *checkpointer) close() {
	c.stop()
	c.done.Wait()
}
