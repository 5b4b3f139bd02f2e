package crm

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
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

func TestPollsAreAsFarApartAsTheOrgsCallsAsk(t *testing.T) {
	for _, tc := range []struct {
		name        string
		used, limit int64
		ours, daily int64
		usual       time.Duration
		streamed    time.Duration
	}{
		{"nothing is known yet", 0, 0, 0, 0, pollUsual, pollStreamed},
		{"plenty", 10, 1_000_000, 0, 0, pollUsual, pollStreamed},
		{"a small org", 10, 15_000, 0, 0, pollUsual, pollStreamed},
		{"a small org that others use", 8_900, 15_000, 0, 0, pollUsual, pollStreamed},
		{"half of the last quarter is left", 10_500, 15_000, 0, 0, 44 * time.Second, pollStreamed},
		{"hardly any are left", 11_990, 15_000, 0, 0, pollSlowest, pollSlowest},
		{"none are left", 14_000, 15_000, 0, 0, pollSlowest, pollSlowest},
		{"few in a day", 1, 3_000, 0, 0, 60 * time.Second, pollStreamed},
		{"very few in a day", 1, 100, 0, 0, pollSlowest, pollSlowest},
		{"few by our own bound", 1, 1_000_000, 1, 3_000, 60 * time.Second, pollStreamed},
		{"our own bound is nearly reached", 1, 1_000_000, 2_390, 3_000, pollSlowest, pollSlowest},
	} {
		now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
		g := newGate(&now)
		g.used, g.max, g.ours, g.daily = tc.used, tc.limit, tc.ours, tc.daily
		if usual, streamed := g.pollEvery(false).Round(time.Second), g.pollEvery(true); usual != tc.usual || streamed != tc.streamed {
			t.Errorf("%s: it polls every %s, and %s with a stream; want %s and %s", tc.name, usual, streamed, tc.usual, tc.streamed)
		}
		if told := slow(g.pollEvery(false)); (told != "") != (tc.usual > pollUsual) {
			t.Errorf("%s: a person is told %q", tc.name, told)
		}
	}
}

func TestSlowPollsAreTold(t *testing.T) {
	for every, want := range map[time.Duration]string{44 * time.Second: "every 44 seconds.", 119 * time.Second: "every 119 seconds.", 150 * time.Second: "every 2 minutes.", pollSlowest: "every 10 minutes."} {
		if got := slow(every); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %q", every, got)
		}
	}
}

// Who stopped at the limit finds out when calls are free again, though nothing
// else calls.
func TestWhatSalesforceSaidOfItsCallsGetsOld(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	g := newGate(&now)
	g.Spent(UsePoll, 850, 1000)
	now = now.Add(askAgain - time.Second)
	if err := g.May(t.Context(), UsePoll); !errors.Is(err, errSpent) {
		t.Errorf("a little later: %v", err)
	}
	now = now.Add(time.Second)
	if err := g.May(t.Context(), UsePoll); err != nil {
		t.Errorf("half an hour later: %v", err)
	}
	g.Spent(UsePoll, 851, 1000)
	if err := g.May(t.Context(), UsePoll); !errors.Is(err, errSpent) {
		t.Errorf("told anew: %v", err)
	}
}

func TestAllStreamsHaveToBeUp(t *testing.T) {
	var s streams
	if s.all() {
		t.Error("none are enough")
	}
	s.expect(2)
	for _, step := range []struct {
		o         switchboard.Object
		up        bool
		news, all bool
	}{{"Contact", true, true, false}, {"Contact", true, false, false}, {"Lead", false, false, false}, {"Lead", true, true, true}, {"Contact", false, true, false}, {"Contact", false, false, false}, {"Contact", true, true, true}} {
		if news := s.set(step.o, step.up); news != step.news || s.all() != step.all {
			t.Errorf("%+v: news %v, all %v", step, news, s.all())
		}
	}
}
