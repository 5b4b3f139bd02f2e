package store

import (
	"context"
	"database/sql"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	// checkpointEvery is how long the checkpointer rests. A longer rest copies
	// pages that are written again only once (measured in docs/benchmarks.md).
	checkpointEvery = 300 * time.Millisecond
	// logPages is how long the log may get before it is started over. A log that
	// stays short is written where it was written before, which the file system
	// does without allocating anything.
	logPages = 16_000
)

// checkpointer copies SQLite's log into the database on a connection of its
// own, so that commits need not. While there is always something new in the log
// it can't be started over: when it has grown long, the checkpointer lets
// nobody write for the moment that it takes to copy the rest.
type checkpointer struct {
	stop context.CancelFunc
	done sync.WaitGroup
	pool *sql.DB
	w    *sqliteWriter
	file *os.File // the database
	log  *slog.Logger
}

// newCheckpointer starts one; it closes the pool in the end. It looks after
// something was committed.
func newCheckpointer(pool *sql.DB, w *sqliteWriter, file *os.File, log *slog.Logger) *checkpointer {
	ctx, stop := context.WithCancel(context.Background())
	c := &checkpointer{stop: stop, pool: pool, w: w, file: file, log: log}
	pool.SetMaxOpenConns(1)
	c.done.Go(func() {
		c.run(ctx)
		if err := pool.Close(); err != nil {
			log.Warn("could not close the checkpointer's connection", "err", err)
		}
	})
	return c
}

// run copies now and then, and has the disk write what was copied, without
// waiting for it: a flush of the database would hold up the flush of the log
// that commits wait for. It is flushed when the log is to be started over. SQLite
// itself would flush it only when all of the log is in it, while nobody may write.
func (c *checkpointer) run(ctx context.Context) {
	rest := time.NewTicker(checkpointEvery)
	defer rest.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.w.committed:
		}
		if c.copy(ctx) < logPages {
			startWriting(c.file)
		} else if err := flushFile(c.file); err != nil {
			c.log.Warn("the database could not be flushed", "err", err)
		} else {
			c.copyAll(ctx)
		}
		select {
		case <-ctx.Done():
			return
		case <-rest.C:
		}
	}
}

// copy brings what is in the log into the database, and returns how many pages
// the log has.
func (c *checkpointer) copy(ctx context.Context) (pages int) {
	var busy, copied int
	err := c.pool.QueryRowContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &copied)
	if err != nil && ctx.Err() == nil {
		c.log.Debug("a checkpoint has to wait", "err", err)
	}
	return pages
}

// copyAll is copy while nobody writes: the next commit starts the log over.
func (c *checkpointer) copyAll(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-c.w.turn:
		c.copy(ctx)
		c.w.turn <- struct{}{}
	}
}

// close ends it and waits for it.
func (c *checkpointer) close() {
	c.stop()
	c.done.Wait()
}
