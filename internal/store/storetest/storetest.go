// Package storetest opens stores for tests, and fills them.
//
// Each runs one test on SQLite and on PostgreSQL, so that a promise of the
// store is held by both. Nothing here is faked but the clock and the source of
// randomness.
package storetest

import (
	"context"
	"hash/fnv"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/pgtest"
	"github.com/switchboardhq/switchboard/internal/seal"
	"github.com/switchboardhq/switchboard/internal/store"
)

// The names of the databases.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// Dialects returns the names of all databases that the product runs on.
func Dialects() []string { return []string{SQLite, Postgres} }

// Each runs do as a subtest on a fresh store in each database.
func Each(t *testing.T, do func(t *testing.T, db *store.DB)) {
	t.Helper()
	EachClock(t, func(t *testing.T, db *store.DB, _ *Clock) { do(t, db) })
}

// EachClock is Each for tests that move the store's clock.
func EachClock(t *testing.T, do func(t *testing.T, db *store.DB, clock *Clock)) {
	t.Helper()
	for _, dialect := range Dialects() {
		t.Run(dialect, func(t *testing.T) {
			clock := NewClock()
			do(t, Open(t, dialect, clock), clock)
		})
	}
}

// Open opens a fresh store on the database called dialect. It is closed when
// tb is done.
func Open(tb testing.TB, dialect string, clock *Clock) *store.DB {
	tb.Helper()
	return OpenConfig(tb, Config(tb, dialect, clock))
}

// Config returns where a fresh store on the database called dialect can be
// opened, more than once if several nodes are to share it.
func Config(tb testing.TB, dialect string, clock *Clock) store.Config {
	tb.Helper()
	key, err := seal.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	c := store.Config{
		Now:    clock.Now,
		Random: Random(tb.Name()),
		Key:    key,
		Log:    slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	switch dialect {
	case SQLite:
		c.Dir = tb.TempDir()
	case Postgres:
		c.Database = pgtest.URL(tb)
	default:
		tb.Fatalf("there is no database %q", dialect)
	}
	return c
}

// OpenConfig opens the store at c and closes it when tb is done.
func OpenConfig(tb testing.TB, c store.Config) *store.DB {
	tb.Helper()
	db, err := store.Open(context.Background(), c)
	if err != nil {
		tb.Fatalf("open the store: %v", err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close the store: %v", err)
		}
	})
	return db
}

// Clock is a test's time. Each reading is a microsecond after the one before,
// so that times differ; otherwise it stands still. It is safe for concurrent
// use.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// noon is where a new Clock begins: a Monday.
var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// NewClock returns a clock that stands at Monday 2 March 2026, 12:00 UTC.
func NewClock() *Clock { return &Clock{now: noon} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

// Set moves the clock to t.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Advance moves the clock on by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Random returns a source of bytes that are the same for the same seed. It is
// safe for concurrent use.
func Random(seed string) io.Reader {
	h := fnv.New64a()
	_, _ = io.WriteString(h, seed) // a hash takes everything
	var key [32]byte
	for i, b := range h.Sum(nil) {
		key[i] = b
	}
	return &random{source: rand.NewChaCha8(key)}
}

type random struct {
	mu     sync.Mutex
	source *rand.ChaCha8
}

func (r *random) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Read(p)
}
