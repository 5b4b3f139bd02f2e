package store_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// Two people choose at once: one is heard, and the other is told who was faster.
func TestOfTwoPeopleWhoPlaceAtOnceOneIsTold(t *testing.T) {
	ctx := context.Background()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		c := switchboard.Channel{ID: w.channels[0]}
		ada, ben := storetest.Contact(t, db, w.users[0], "Ada Okafor", ""), storetest.Contact(t, db, w.users[0], "Ben Okafor", "")
		for range 20 {
			m := storetest.Text(t, db, w.org, c, "+15125550177", "Hello")
			records := []*switchboard.Record{ada, ben}
			var errs [2]error
			var wg sync.WaitGroup
			for i, r := range records {
				wg.Go(func() {
					_, errs[i] = db.Place(ctx, w.users[i], store.Placement{MessageIDs: []string{m.ID}, RecordID: r.ID, Version: m.Version})
				})
			}
			wg.Wait()
			won := 0
			if errs[0] != nil {
				won = 1
			}
			if errs[won] != nil || switchboard.ErrorCode(errs[1-won]) != switchboard.CodeConflict {
				t.Fatalf("the two are answered %v and %v", errs[0], errs[1])
			}
			says := switchboard.ErrorMessage(errs[1-won])
			if !strings.Contains(says, w.users[won].Name+" assigned this to "+records[won].Name) || !strings.Contains(says, records[1-won].Name+", was not saved") {
				t.Errorf("the slower one is told %q", says)
			}
			if got := storetest.Message(t, db, w.org, m.ID); got.Record.ID != records[won].ID || got.Version != m.Version+1 {
				t.Errorf("the text is on %s, in version %d", got.Record.Name, got.Version)
			}
		}
	})
}

// Forgetting a remembered number shows what came along by it.
func TestTakingOffShowsWhatCameAlong(t *testing.T) {
	ctx := context.Background()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		c := switchboard.Channel{ID: w.channels[0]}
		dana := w.users[0]
		ada := storetest.Contact(t, db, dana, "Ada Okafor", "")
		first := storetest.Text(t, db, w.org, c, "MTN", "Hello")
		place := func(m *switchboard.Message, remember bool) {
			t.Helper()
			if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID, Remember: remember}); err != nil {
				t.Fatal(err)
			}
		}
		place(first, true)
		along := storetest.Text(t, db, w.org, c, "mtn", "Your balance is low")
		if along.Record == nil || along.Record.ID != ada.ID {
			t.Fatalf("the next text went to %v", along.Record)
		}
		byHand := storetest.Text(t, db, w.org, c, "MTN", "By hand")
		place(byHand, false)
		changed, err := db.TakeOff(ctx, dana, []string{first.ID}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(changed.CameAlong) != 1 || changed.CameAlong[0].ID != along.ID {
			t.Errorf("what came along is %+v, want %s alone", changed.CameAlong, along.Name())
		}
		if got := storetest.Message(t, db, w.org, along.ID); got.State != switchboard.Assigned {
			t.Errorf("what came along was taken off without being asked about: it is %s", got.State)
		}
		if next := storetest.Text(t, db, w.org, c, "MTN", "Hello?"); next.State != switchboard.Unassigned {
			t.Errorf("the next text is %s: the number is still remembered", next.State)
		}
	})
}

// A text that is placed twice on one record stays remembered for as long as its
// first placement asked, and no longer.
func TestPlacingAgainWhereItIsForgetsNoLink(t *testing.T) {
	ctx := context.Background()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		dana := w.users[0]
		ada := storetest.Contact(t, db, dana, "Ada Okafor", "")
		m := storetest.Text(t, db, w.org, switchboard.Channel{ID: w.channels[0]}, "+15125550177", "Hello")
		links := func() int {
			t.Helper()
			l, _, err := db.Links(ctx, w.org, store.LinkFilter{Page: store.Page{Limit: 10}})
			if err != nil {
				t.Fatal(err)
			}
			return len(l)
		}
		for _, remember := range []bool{true, false} {
			if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID, Remember: remember}); err != nil {
				t.Fatal(err)
			}
			if n := links(); n != 1 {
				t.Errorf("remember %v: %d links", remember, n)
			}
		}
		if _, err := db.TakeOff(ctx, dana, []string{m.ID}, 0); err != nil {
			t.Fatal(err)
		}
		if n := links(); n != 0 {
			t.Errorf("%d links are left of a text that was taken off", n)
		}
	})
}

// A text goes on belonging to the placement that remembered its number when it
// is placed once more where it is, also while that wish is taken back: undone,
// the wish counts again, and taking the text off forgets the number.
func TestPlacingAgainWhereItIsKeepsThePlacement(t *testing.T) {
	ctx := context.Background()
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		dana := w.users[0]
		ada := storetest.Contact(t, db, dana, "Ada Okafor", "")
		c := switchboard.Channel{ID: w.channels[0]}
		one, two := storetest.Text(t, db, w.org, c, "+15125550177", "Hello"), storetest.Text(t, db, w.org, c, "+15125550177", "Hello?")
		done := func(changed store.Changed, err error) string {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			return changed.Undo
		}
		done(db.Place(ctx, dana, store.Placement{MessageIDs: []string{one.ID, two.ID}, RecordID: ada.ID, Remember: true}))
		off := done(db.TakeOff(ctx, dana, []string{two.ID}, 0))
		done(db.Place(ctx, dana, store.Placement{MessageIDs: []string{one.ID}, RecordID: ada.ID}))
		if _, err := db.Undo(ctx, dana, off); err != nil {
			t.Fatal(err)
		}
		done(db.TakeOff(ctx, dana, []string{one.ID}, 0))
		if next := storetest.Text(t, db, w.org, c, "+15125550177", "Anybody?"); next.State != switchboard.Unassigned {
			t.Errorf("the next text is %s: the number is still remembered", next.State)
		}
	})
}
