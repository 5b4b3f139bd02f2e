package store

import (
	"database/sql"
	"maps"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
)

const (
	countedTogether = 2048 // numbers in a stretch
	countsKept      = 2000 // stretches of an org
	// countsOverlap is how long what is looked at may have been decided before
	// the last look: a transaction takes its time before it commits, and nodes'
	// clocks differ.
	countsOverlap = 2 * time.Minute
)

// reasonCounts is how many texts of an org there are by what the rule said of
// them last, in stretches of message numbers. A stretch that is complete is
// counted once, and again after the rule decided one of its texts again,
// whichever process that was in: such texts are found by when they were decided.
type reasonCounts struct {
	mu   sync.Mutex
	size int64 // of a stretch
	kept map[stretch]map[switchboard.Reason]int

	looked  time.Time
	decided map[int64]int64 // what was decided again of late: versions by number

	// Whoever took a number below passed has committed or never will.
	passed   int64
	next     int64 // will have passed, countsOverlap after
	nextFrom time.Time
}

// A stretch is the message numbers from first to before end.
type stretch struct{ first, end int64 }

func newReasonCounts(size int64) *reasonCounts {
	return &reasonCounts{size: size, kept: map[stretch]map[switchboard.Reason]int{}}
}

func (db *DB) reasonCounts(org string) *reasonCounts {
	db.mu.Lock()
	defer db.mu.Unlock()
	c := db.counts[org]
	if c == nil {
		c = newReasonCounts(db.countedTogether)
		db.counts[org] = c
	}
	return c
}

// look forgets the stretches in which texts were decided again since the last
// look. end is one more than the newest number. The caller holds c.mu.
func (c *reasonCounts) look(t *tx, org string, end int64) error {
	since := c.looked
	if since.IsZero() {
		since = t.now
	}
	decided := map[int64]int64{}
	dirty := map[int64]bool{}
	err := t.each(func(rows *sql.Rows) error {
		var number, version int64
		err := rows.Scan(&number, &version)
		decided[number] = version
		if c.decided[number] != version {
			dirty[number/c.size] = true
		}
		return err
	}, "SELECT number, version FROM message WHERE org_id = $1 AND version > 1 AND decided_at >= $2", org, micros(since.Add(-countsOverlap)))
	if err != nil {
		return err
	}
	if len(c.kept) > countsKept {
		clear(c.kept)
	}
	maps.DeleteFunc(c.kept, func(s stretch, _ map[switchboard.Reason]int) bool { return dirty[s.first/c.size] })
	c.decided, c.looked = decided, t.now
	if t.now.Sub(c.nextFrom) > countsOverlap {
		c.passed, c.next, c.nextFrom = c.next, end, t.now
	}
	return nil
}

// add counts the texts of a stretch and adds them to a day's. The caller holds
// c.mu and has looked.
func (c *reasonCounts) add(t *tx, org string, whole stretch, day *DayCount) error {
	for whole.first < whole.end {
		s := stretch{whole.first, min(whole.end, (whole.first/c.size+1)*c.size)}
		whole.first = s.end
		counts, ok := c.kept[s]
		if !ok {
			var rows int64
			var err error
			if counts, rows, err = t.countReasons(org, s); err != nil {
				return err
			}
			if rows == s.end-s.first || s.end <= c.passed {
				c.kept[s] = counts
			}
		}
		for reason, n := range counts {
			day.ByReason[reason] += n
			day.Texts += n
		}
	}
	return nil
}

// countReasons counts the texts of a stretch, and all its messages, those that
// we sent among them.
func (t *tx) countReasons(org string, s stretch) (counts map[switchboard.Reason]int, rows int64, err error) {
	counts = map[switchboard.Reason]int{}
	err = t.each(func(r *sql.Rows) error {
		var reason switchboard.Reason
		var n int
		err := r.Scan(&reason, &n)
		if reason != "" {
			counts[reason] = n
		}
		rows += int64(n)
		return err
	}, "SELECT rule_reason, COUNT(*) FROM message WHERE org_id = $1 AND number >= $2 AND number < $3 GROUP BY rule_reason", org, s.first, s.end)
	return counts, rows, err
}
