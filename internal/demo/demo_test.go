package demo_test

import (
	"crypto/rand"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/demo"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestSeedTellsAWeek(t *testing.T) {
	ctx := t.Context()
	now := time.Date(2026, 11, 23, 22, 52, 0, 0, time.UTC)
	clock := demo.NewClock(func() time.Time { return now })
	db := open(t, clock)
	dana, err := demo.Seed(ctx, db, clock, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if dana.Name != "Dana Reyes" || dana.Role != switchboard.Admin {
		t.Errorf("the admin is %+v", dana)
	}
	org := storetest.Org(t, db)
	stats, err := db.Stats(ctx, org, 7, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(stats.Days) != 7 {
		t.Fatalf("%d days", len(stats.Days))
	}
	for _, d := range stats.Days {
		if d.Texts < 10 {
			t.Errorf("%s has %d texts", d.Start.Format(time.DateOnly), d.Texts)
		}
	}
	sum := stats.ByReason()
	for _, r := range []switchboard.Reason{switchboard.ReasonOnlyMatch, switchboard.ReasonOnlyHistory, switchboard.ReasonLatestHistory, switchboard.ReasonNoMatch, switchboard.ReasonAmbiguous, switchboard.ReasonBlocked} {
		if sum[r] == 0 {
			t.Errorf("no text of the week was decided as %s", r)
		}
	}
	if stats.Times.Senders < 5 || stats.Moved < 2 {
		t.Errorf("people placed %d senders and moved %d texts", stats.Times.Senders, stats.Moved)
	}
	waiting, err := db.QueueCounts(ctx, org, "")
	if err != nil || waiting.Senders != 5 {
		t.Errorf("%d senders wait, %v; want 5", waiting.Senders, err)
	}
	if got := clock.Now(); !got.Equal(now) {
		t.Errorf("the clock stands at %s after it", got)
	}

	before, _, err := db.Messages(ctx, org, store.MessageFilter{Page: store.Page{Limit: 500}})
	if err != nil {
		t.Fatal(err)
	}
	again, err := demo.Seed(ctx, db, clock, rand.Reader)
	if err != nil || again.ID != dana.ID {
		t.Errorf("seeding again gives %+v, %v", again, err)
	}
	after, _, err := db.Messages(ctx, org, store.MessageFilter{Page: store.Page{Limit: 500}})
	if err != nil || len(after) != len(before) {
		t.Errorf("seeding again makes %d texts of %d, %v", len(after), len(before), err)
	}
}

// The chips on the handset are promises: each situation has to end as its
// title says.
func TestSituationsEndAsPromised(t *testing.T) {
	ctx := t.Context()
	clock := demo.NewClock(time.Now)
	db := open(t, clock)
	if _, err := demo.Seed(ctx, db, clock, rand.Reader); err != nil {
		t.Fatal(err)
	}
	org := storetest.Org(t, db)
	channels, err := db.Channels(ctx, org)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]switchboard.Reason{"one": switchboard.ReasonOnlyMatch, "none": switchboard.ReasonNoMatch, "history": switchboard.ReasonOnlyHistory, "ambiguous": switchboard.ReasonAmbiguous}
	numbers := map[string]string{}
	for _, p := range demo.Texters() {
		numbers[p.ID] = p.Number
	}
	for _, s := range demo.Situations() {
		d, err := db.Explain(ctx, org, channels[0].ID, numbers[s.Who])
		if err != nil || d.Reason != want[s.ID] {
			t.Errorf("%q is decided as %s, %v; want %s", s.Title, d.Reason, err, want[s.ID])
		}
	}
}

func open(t *testing.T, clock *demo.Clock) *store.DB {
	t.Helper()
	c := storetest.Config(t, storetest.SQLite, storetest.NewClock())
	c.Now = clock.Now
	return storetest.OpenConfig(t, c)
}
