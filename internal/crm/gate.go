package crm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// How long nothing is sent after a failure that would meet the next call too.
const (
	firstPause = 2 * time.Second  // when Salesforce can't be reached; doubled each time
	downPause  = 30 * time.Second // at most
	limitPause = time.Minute      // when its calls are used up; doubled each time
	limitMost  = 15 * time.Minute
)

// Which share of the org's calls of a day may be used up before a use has to
// stop. The last ones are for messages and records.
const (
	pollShare  = 0.80
	setupShare = 0.90
	bellShare  = 0.97
)

// askAgain is after how long what Salesforce said of its calls is no reason any
// more not to ask for anything.
const askAgain = 30 * time.Minute

// The uses of calls.
const (
	UsePoll  = "poll"
	UseSetup = "setup"
	UseBell  = "bell"
	UseWrite = "write"
)

// Gate keeps calls from being made while they are sure to fail, and counts
// those that are made. It is safe for concurrent use.
type Gate struct {
	now   func() time.Time
	daily int64 // our own bound; 0: none

	mu        sync.Mutex
	until     time.Time
	failures  int
	limits    int
	used, max int64 // as Salesforce says
	said      time.Time
	ours      int64 // today
	day       string
	unwritten map[string]int64
}

// NewGate returns a gate that knows what the store does.
func NewGate(ctx context.Context, db *store.DB, org string, c store.Salesforce, now func() time.Time) (*Gate, error) {
	g := &Gate{now: now, daily: c.DailyCalls, until: c.ParkedUntil, day: now().UTC().Format(time.DateOnly), unwritten: map[string]int64{}}
	if now().Sub(c.CallsAt) < 24*time.Hour {
		g.used, g.max, g.said = c.CallsUsed, c.CallsMax, c.CallsAt
	}
	calls, err := db.CallsToday(ctx, org)
	for _, n := range calls {
		g.ours += n
	}
	return g, err
}

// errHeld is why a call is not made.
var errHeld = errors.New("calls to Salesforce are held back for a while, because of what it answered last")

// errSpent is why a call is not made.
var errSpent = errors.New("so many of the day's API calls are used up that the rest is kept for messages")

// May returns nil if a call of this use may be made now.
func (g *Gate) May(_ context.Context, use string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.now().Before(g.until) && use != UseSetup {
		return errHeld
	}
	share := 1.0
	switch use {
	case UsePoll:
		share = pollShare
	case UseSetup:
		share = setupShare
	case UseBell:
		share = bellShare
	}
	g.turnDay()
	if g.daily > 0 && float64(g.ours) >= share*float64(g.daily) {
		return errSpent
	}
	if use == UsePoll && g.now().Sub(g.said) >= askAgain {
		return nil // calls may have become free since, and only an answer tells
	}
	if use != UseWrite && g.max > 0 && float64(g.used) >= share*float64(g.max) {
		return errSpent
	}
	return nil
}

// Spent is told of each call that was sent. used and limit are what Salesforce
// says of the org's last 24 hours, both 0 if it said nothing.
func (g *Gate) Spent(use string, used, limit int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnDay()
	g.ours++
	g.unwritten[use]++
	if limit > 0 {
		g.used, g.max, g.said = used, limit, g.now()
	}
}

func (g *Gate) turnDay() {
	if day := g.now().UTC().Format(time.DateOnly); day != g.day {
		g.day, g.ours = day, 0
	}
}

// Pause returns how long nothing is to be sent, 0 for not at all.
func (g *Gate) Pause() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(0, g.until.Sub(g.now()))
}

// Until returns when something may be sent again.
func (g *Gate) Until() time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.until
}

// note hears how a call ended, and closes the gate where the next one would end
// alike. It reports whether it closed it for the limit.
func (g *Gate) note(p *Problem) (parked bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if p == nil || p.Row {
		g.failures, g.limits = 0, 0
		return false
	}
	if errors.Is(p, errHeld) || errors.Is(p, errSpent) {
		return false // it was not made
	}
	wait := time.Duration(0)
	switch p.Kind {
	case Limit:
		wait = min(limitPause<<min(g.limits, 10), limitMost)
		g.limits++
		parked = true
	case SignIn, Retry, Unknown, Permanent, Gone, Duplicate:
		// What is permanent and about no row is about the connection or the org: it
		// lacks the package, or a permission. A person will see to it.
		wait = min(firstPause<<min(g.failures, 10), downPause)
		g.failures++
	}
	if until := g.now().Add(wait); until.After(g.until) {
		g.until = until
	}
	return parked
}

// Flush writes down the calls that were counted.
func (g *Gate) Flush(ctx context.Context, db *store.DB, org string) error {
	g.mu.Lock()
	counted := store.SalesforceCalls{ByPurpose: g.unwritten, Used: g.used, Max: g.max}
	g.unwritten = map[string]int64{}
	g.mu.Unlock()
	if len(counted.ByPurpose) == 0 {
		return nil
	}
	err := db.CountCalls(ctx, org, counted)
	if err != nil {
		g.mu.Lock()
		for use, n := range counted.ByPurpose {
			g.unwritten[use] += n
		}
		g.mu.Unlock()
	}
	return err
}

// pollEvery returns how long to wait between two polls, which are a call each.
// streamed says that changes are heard of as they happen: then the poll is there
// for what that leaves out. It is slower where the org has few calls in a day, or
// few left.
func (g *Gate) pollEvery(streamed bool) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnDay()
	wait := pollUsual
	if streamed {
		wait = pollStreamed
	}
	for _, b := range [...]struct{ used, max int64 }{{g.used, g.max}, {g.ours, g.daily}} {
		if b.max <= 0 {
			continue
		}
		most := pollShare * float64(b.max)
		evenly := time.Duration(float64(24*time.Hour) / (pollsOf * most))
		low := pollsLow * most
		if left := most - float64(b.used); left < low {
			evenly = max(evenly, time.Duration(float64(pollUsual)*low/max(left, 1)))
		}
		wait = max(wait, min(evenly, pollSlowest))
	}
	return wait
}

// How often what changed is asked for. At the usual pace a change is here within
// half a minute, for 4,000 calls a day and a thousand more for descriptions and
// settings.
const (
	pollUsual    = 22 * time.Second
	pollStreamed = 5 * time.Minute
	pollSlowest  = 10 * time.Minute

	pollsOf  = 0.6  // share of what may be read in a day that polls take
	pollsLow = 0.25 // share of that below which they become rarer
)

// slow returns what a person is told of polls that are so far apart, "" where
// that is as usual.
func slow(every time.Duration) string {
	if every <= pollUsual {
		return ""
	}
	return "So few of the org's API calls of the day are left that Salesforce is asked for changes only every " + lasting(every) + "."
}

// lasting says how long d is.
func lasting(d time.Duration) string {
	if d < 2*time.Minute {
		return fmt.Sprintf("%.0f seconds", d.Seconds())
	}
	return fmt.Sprintf("%.0f minutes", d.Minutes())
}

// sentenceOf returns what a person is told of err.
func sentenceOf(err error) string {
	if p := problemOf(err); p != nil && p.Message != "" {
		return p.Message
	}
	return switchboard.ErrorMessage(err)
}
