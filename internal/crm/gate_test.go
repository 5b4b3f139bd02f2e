package crm

import (
	"errors"
	"testing"
	"time"
)

func newGate(now *time.Time) *Gate {
	return &Gate{now: func() time.Time { return *now }, day: now.Format(time.DateOnly), unwritten: map[string]int64{}}
}

func TestTheGateWaitsLongerEachTime(t *testing.T) {
	for _, tc := range []struct {
		kind   Kind
		waits  []time.Duration
		parked bool
	}{
		{Retry, []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second}, false},
		{Unknown, []time.Duration{2 * time.Second, 4 * time.Second}, false},
		{SignIn, []time.Duration{2 * time.Second, 4 * time.Second}, false},
		{Permanent, []time.Duration{2 * time.Second, 4 * time.Second}, false},
		{Limit, []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 15 * time.Minute, 15 * time.Minute}, true},
	} {
		now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		g := newGate(&now)
		for i, want := range tc.waits {
			if parked := g.note(&Problem{Kind: tc.kind}); parked != tc.parked {
				t.Errorf("kind %d parks: %v", tc.kind, parked)
			}
			if got := g.Pause(); got != want {
				t.Errorf("kind %d, failure %d: it waits %s, want %s", tc.kind, i+1, got, want)
			}
			if err := g.May(t.Context(), UseWrite); !errors.Is(err, errHeld) {
				t.Errorf("kind %d: a write meanwhile: %v", tc.kind, err)
			}
			now = now.Add(want)
			if g.Pause() != 0 || g.May(t.Context(), UseWrite) != nil {
				t.Errorf("kind %d: it is closed after its time", tc.kind)
			}
		}
		g.note(nil)
		g.note(&Problem{Kind: Retry})
		if got := g.Pause(); got != firstPause {
			t.Errorf("kind %d: after a success it waits %s", tc.kind, got)
		}
	}
}

func TestOneRowsTroubleKeepsTheGateOpen(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	g := newGate(&now)
	for _, p := range []*Problem{nil, {Kind: Permanent, Row: true}, {Kind: Retry, Row: true}, {Kind: Limit, Err: errSpent}, {Kind: Limit, Err: errHeld}} {
		if g.note(p); g.Pause() != 0 {
			t.Errorf("%+v closes it", p)
		}
	}
}

func TestWhoGivesWayWhenCallsRunOut(t *testing.T) {
	uses := []string{UsePoll, UseSetup, UseBell, UseWrite}
	for _, tc := range []struct {
		used    int64
		allowed int // of uses, from the end
	}{{0, 4}, {799, 4}, {800, 3}, {899, 3}, {900, 2}, {969, 2}, {970, 1}, {1000, 1}, {5000, 1}} {
		now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		g := newGate(&now)
		g.Spent(UsePoll, tc.used, 1000)
		for i, use := range uses {
			if err := g.May(t.Context(), use); (err == nil) != (len(uses)-i <= tc.allowed) {
				t.Errorf("with %d of 1000 used, a %s: %v", tc.used, use, err)
			}
		}
	}
}

func TestOurOwnBoundOfTheDayHoldsForEverything(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	g := newGate(&now)
	g.daily = 10
	for range 10 {
		if err := g.May(t.Context(), UseWrite); err != nil {
			t.Fatal(err)
		}
		g.Spent(UseWrite, 0, 0)
	}
	if err := g.May(t.Context(), UseWrite); !errors.Is(err, errSpent) {
		t.Errorf("the eleventh: %v", err)
	}
	now = now.Add(12 * time.Hour)
	if err := g.May(t.Context(), UsePoll); err != nil {
		t.Errorf("the next day: %v", err)
	}
}

func TestPollsAreAsSoonAsTheOrgsCallsAllow(t *testing.T) {
	for limit, want := range map[int64]time.Duration{0: pollSoonest, 1_000_000: pollSoonest, 30_000: 19200 * time.Millisecond, 5_000: pollLatest} {
		now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		g := newGate(&now)
		g.Spent(UsePoll, 1, limit)
		if got := g.pollEvery(4); got != want {
			t.Errorf("with %d calls a day it polls every %s, want %s", limit, got, want)
		}
	}
}
