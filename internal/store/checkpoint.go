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
	// checkpointEvery is how long a round of the checkpointer takes. A longer one
	// copies pages that are written again only once (measured in docs/benchmarks.md).
	checkpointEvery = 600 * time.Millisecond
	// checkpointPortions is in how many portions the disk gets what a round copied:
	// commits wait behind them.
	checkpointPortions = 48
	// logPages is how long the log may get before it is started over. A log that
	// stays short is written where it was written before, which the file system
	// does without allocating anything.
	logPages = 40_000
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

// run copies in rounds. SQLite itself would flush the database only when all of
// the log is in it, while nobody may write.
func (c *checkpointer) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.w.committed:
		}
		if c.copy(ctx) >= logPages {
			c.startOver(ctx)
		}
		c.rest(ctx, checkpointEvery)
	}
}

// startOver lets the log begin anew. What has to be copied and flushed while
// nobody may write gets less from round to round.
func (c *checkpointer) startOver(ctx context.Context) {
	for d := checkpointEvery / 2; d > checkpointEvery/10; d /= 2 {
		c.rest(ctx, d)
		c.copy(ctx)
	}
	if err := flushFile(c.file); err != nil {
		c.log.Warn("the database could not be flushed", "err", err)
		return
	}
	c.copyAll(ctx)
}

// rest takes that long, and has the disk write meanwhile what was copied. A
// flush would hold up those of the log, which commits wait for.
func (c *checkpointer) rest(ctx context.Context, d time.Duration) {
	var size int64
	if f, err := c.file.Stat(); err == nil {
		size = f.Size()
	}
	tick := time.NewTicker(d / checkpointPortions)
	defer tick.Stop()
	for i := range int64(checkpointPortions) {
		from := size * i / checkpointPortions
		startWriting(c.file, from, size*(i+1)/checkpointPortions-from)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// copy brings what is in the log into the database, and returns how many pages
// the log has.
func (c *checkpointer) copy(ctx context.Context) (pages int) {
	var busy, copied int
	err := c.pool.QueryRowContext(context.WithoutCancel(ctx), "PRAGMA wal_checkpoint(PASSIVE)").Scan(&busy, &pages, &copied)
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
