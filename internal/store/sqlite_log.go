package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// sqliteLog makes SQLite's commits durable. The writer commits into the log
// without a flush (see [logVFS]), gives way to the next transaction, and
// only then has the log flushed: one flush covers all commits before it, and
// the next transaction works meanwhile. Until then a commit is visible but not
// acknowledged. What the log held when it was started over is in the database
// by then, flushed by the checkpoint.
//
// After a flush that failed nobody knows what the disk has, and another that
// succeeds proves nothing. So none is tried: everything is refused until the
// whole log has been brought into the database and flushed there.
type sqliteLog struct {
	file      *os.File
	flushFile func(*os.File) error
	committed atomic.Int64 // commits so far; the writer counts them

	mu      sync.Mutex // held while flushing: who waits for it often finds the work done
	durable int64
	failed  atomic.Bool
}

var errFlush = errors.New("the log could not be flushed to the disk")

func openLog(database string) (*sqliteLog, error) {
	f, err := os.OpenFile(database+"-wal", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the database's log: %w", err)
	}
	return &sqliteLog{file: f, flushFile: flushFile}, nil
}

// flush returns when the given commit, and all before it, are on the disk.
func (l *sqliteLog) flush(commit int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.durable >= commit {
		return nil
	}
	if l.failed.Load() {
		return errFlush
	}
	upTo := l.committed.Load()
	if err := l.flushFile(l.file); err != nil {
		l.failed.Store(true)
		return fmt.Errorf("%w: %w", errFlush, err)
	}
	l.durable = upTo
	return nil
}

// mended says that everything committed is in the database, and flushed.
func (l *sqliteLog) mended() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.durable = l.committed.Load()
	l.failed.Store(false)
}
