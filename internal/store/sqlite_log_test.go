package store

import (
	"context"
	crand "crypto/rand"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/seal"
)

func openForLog(t *testing.T, dir string) *DB {
	t.Helper()
	key, err := seal.Generate()
	if err != nil {
		t.Fatal(err)
	}
	db, err := Open(context.Background(), Config{Dir: dir, Now: time.Now, Random: crand.Reader, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Nobody is told of a commit that the disk may not have; after a flush that
// failed, nothing is believed until all of it has reached the database.
func TestACommitThatCannotBeFlushedIsNotAcknowledged(t *testing.T) {
	ctx := context.Background()
	db := openForLog(t, t.TempDir())
	defer db.Close()
	real, broken := db.writer.log.flushFile, errors.New("the disk is gone")
	db.writer.log.mu.Lock()
	db.writer.log.flushFile = func(*os.File) error { return broken }
	db.writer.log.mu.Unlock()
	for range 2 {
		err := db.Ready(ctx)
		if switchboard.ErrorCode(err) != switchboard.CodeUnavailable || !errors.Is(err, errFlush) {
			t.Fatalf("a commit that was not flushed: %v, want unavailable", err)
		}
	}
	db.writer.log.mu.Lock()
	db.writer.log.flushFile = real
	db.writer.log.mu.Unlock()
	// The checkpointer may just be at work: then it is refused once more.
	err := db.Ready(ctx)
	for until := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(until); {
		err = db.Ready(ctx)
	}
	if err != nil {
		t.Fatalf("after the disk came back: %v", err)
	}
	if db.writer.log.failed.Load() {
		t.Error("the log still counts as broken")
	}
}

// A flush covers all commits before it, and none that comes after.
func TestAFlushCoversWhatWasCommittedBefore(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	flushes := 0
	l := &sqliteLog{file: f, flushFile: func(*os.File) error { flushes++; return nil }}
	first, second := l.committed.Add(1), l.committed.Add(1)
	for _, commit := range []int64{second, first, second} {
		if err := l.flush(commit); err != nil {
			t.Fatal(err)
		}
	}
	if flushes != 1 {
		t.Errorf("%d flushes for two commits that came before the first of them, want 1", flushes)
	}
	if err := l.flush(l.committed.Add(1)); err != nil || flushes != 2 {
		t.Errorf("a later commit: %d flushes, %v; want one more", flushes, err)
	}
}

// What is gathered before it is written to the log is seen by every other
// connection as soon as the commit is there, and a transaction larger than what
// is gathered, or rolled back, leaves the log readable.
func TestEveryConnectionReadsWhatIsCommitted(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db := openForLog(t, dir)
	defer db.Close()
	other := openForLog(t, dir)
	defer other.Close()
	if err := db.inTx(ctx, func(t *tx) error { return t.exec("CREATE TABLE pad (n BIGINT PRIMARY KEY, text TEXT)") }); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 3000)
	for i := range text {
		text[i] = byte('a' + i%26)
	}
	count := func(db *DB) (n int) {
		if err := db.inRead(ctx, func(t *tx) error { return t.one("SELECT COUNT(*) FROM pad", nil, &n) }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	want := 0
	for round, rows := range []int{1, 2000, 3, 1500, 1} { // 2,000 pages are more than is gathered
		for _, keep := range []bool{false, true} {
			err := db.inTx(ctx, func(t *tx) error {
				for i := range rows {
					if err := t.exec("INSERT INTO pad (n, text) VALUES ($1, $2)", round*10_000+i, string(text)); err != nil {
						return err
					}
				}
				if !keep {
					return switchboard.Errorf(switchboard.CodeConflict, "taken back")
				}
				return nil
			})
			if keep != (err == nil) {
				t.Fatal(err)
			}
		}
		want += rows
		if here, there := count(db), count(other); here != want || there != want {
			t.Fatalf("after round %d: %d rows here and %d at the other's, want %d", round, here, there, want)
		}
	}
	var verdict string
	if err := other.inRead(ctx, func(t *tx) error { return t.one("PRAGMA integrity_check", nil, &verdict) }); err != nil || verdict != "ok" {
		t.Errorf("integrity: %q, %v", verdict, err)
	}
}

// While there is always something new in it, the log is started over all the
// same, and nothing in it is lost.
func TestTheLogIsStartedOver(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	db := openForLog(t, dir)
	if err := db.inTx(ctx, func(t *tx) error { return t.exec("CREATE TABLE pad (n BIGINT PRIMARY KEY, text TEXT)") }); err != nil {
		t.Fatal(err)
	}
	text := string(make([]byte, 3500)) // a page a row
	written := 0
	for started := false; !started; {
		err := db.inTx(ctx, func(t *tx) error {
			for range 60 {
				written++
				if err := t.exec("INSERT INTO pad (n, text) VALUES ($1, $2)", written, text); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatalf("after %d pages: %v", written, err)
		}
		info, err := os.Stat(filepath.Join(dir, DatabaseFile+"-wal"))
		if err != nil {
			t.Fatal(err)
		}
		started = int64(written)-info.Size()/4096 > 500
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	db = openForLog(t, dir)
	defer db.Close()
	n := 0
	if err := db.inRead(ctx, func(t *tx) error { return t.one("SELECT COUNT(*) FROM pad", nil, &n) }); err != nil || n != written {
		t.Errorf("%d rows after opening it again, %v; want %d", n, err, written)
	}
}

// When the power goes, the disk has what was flushed, and anything or nothing of
// what was written since, in whichever order. What was acknowledged is there
// then, and the rest is not half there.
func TestWhatWasAcknowledgedSurvivesAPowerCut(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	db := openForLog(t, dir)
	defer db.Close()
	if err := db.inTx(ctx, func(t *tx) error { return t.exec("CREATE TABLE pad (n BIGINT PRIMARY KEY, twin BIGINT, text TEXT)") }); err != nil {
		t.Fatal(err)
	}
	// Without checkpoints the database file stays as it is, and all is in the log.
	db.checkpointer.close()
	db.checkpointer = nil
	read := func(suffix string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, DatabaseFile+suffix))
		if err != nil {
			t.Error(err)
		}
		return text
	}
	database := read("")
	type cut struct {
		flushed []byte // the log as the disk has it
		commits int64  // that were acknowledged on the strength of it
	}
	var cuts []cut
	real := db.writer.log.flushFile
	db.writer.log.mu.Lock()
	db.writer.log.flushFile = func(f *os.File) error {
		commits := db.writer.log.committed.Load()
		err := real(f)
		cuts = append(cuts, cut{read("-wal"), commits})
		return err
	}
	db.writer.log.mu.Unlock()
	first := db.writer.log.committed.Load()
	text := string(make([]byte, 900))
	var group sync.WaitGroup
	var next atomic.Int64
	for range 3 {
		group.Go(func() {
			for range 40 {
				err := db.inTx(ctx, func(t *tx) error {
					n := next.Add(2)
					if err := t.exec("INSERT INTO pad (n, twin, text) VALUES ($1, $2, $3)", n, n+1, text); err != nil {
						return err
					}
					return t.exec("INSERT INTO pad (n, twin, text) VALUES ($1, $2, $3)", n+1, n, text)
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	after := read("-wal")
	random := rand.New(rand.NewPCG(1, 2))
	for i, c := range cuts {
		if i%10 > 0 && i < len(cuts)-1 {
			continue
		}
		log := slices.Clone(c.flushed)
		// Sectors that were on their way: some arrived.
		for at := len(log); at < len(after); at += 512 {
			sector := after[at:min(at+512, len(after))]
			if random.IntN(2) == 0 {
				sector = make([]byte, len(sector))
			}
			log = append(log, sector...)
		}
		left := t.TempDir()
		for suffix, content := range map[string][]byte{"": database, "-wal": log} {
			if err := os.WriteFile(filepath.Join(left, DatabaseFile+suffix), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found := openForLog(t, left)
		var rows, alone int64
		var verdict string
		err := found.inRead(ctx, func(t *tx) error {
			if err := t.one("SELECT COUNT(*) FROM pad", nil, &rows); err != nil {
				return err
			}
			if err := t.one("SELECT COUNT(*) FROM pad p WHERE NOT EXISTS (SELECT 1 FROM pad q WHERE q.n = p.twin)", nil, &alone); err != nil {
				return err
			}
			return t.one("PRAGMA integrity_check", nil, &verdict)
		})
		if err != nil || verdict != "ok" || alone != 0 || rows < 2*(c.commits-first) {
			t.Fatalf("after a cut: %d rows of %d acknowledged commits, %d of them half a commit's, integrity %q, %v", rows, c.commits-first, alone, verdict, err)
		}
		if err := found.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
