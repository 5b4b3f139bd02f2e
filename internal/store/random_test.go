package store_test

import (
	"context"
	"flag"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// drawn makes rapid choose.
type drawn struct{ t *rapid.T }

func (d drawn) intn(n int, what string) int { return rapid.IntRange(0, n-1).Draw(d.t, what) }

// A random world goes through the store and through the model, and after each
// step both show the same: every decision with its candidates, every link,
// every notification, and what the queue says of each sender.
func TestTheStoreDoesWhatTheModelSays(t *testing.T) {
	checks := 30
	if raced {
		checks = 8
	}
	fewerChecks(t, checks)
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		db.CountTogether(3)
		rapid.Check(t, func(rt *rapid.T) {
			w, m := newWorld(t, db)
			c := drawn{rt}
			run := func(make func(chooser) step) func(*rapid.T) {
				return func(*rapid.T) { w.run(rt, m, make(c)) }
			}
			// What needs texts or records draws a text or a record until there is one.
			withTexts := func(make func(chooser) step) func(*rapid.T) {
				return func(*rapid.T) {
					switch {
					case len(w.texts) == 0:
						w.run(rt, m, w.receive(c))
					case len(w.records) == 0:
						w.run(rt, m, w.createRecord(c))
					default:
						w.run(rt, m, make(c))
					}
				}
			}
			rt.Repeat(map[string]func(*rapid.T){
				"receive": run(w.receive), "receive more": run(w.receive), "receive still more": run(w.receive), "consent": run(w.consent),
				"create": run(w.createRecord), "import": run(w.createRecords), "edit": withTexts(w.updateRecord), "delete": withTexts(w.deleteRecord), "restore": withTexts(w.restoreRecord), "merge": withTexts(w.merge),
				"place": withTexts(w.place), "place more": withTexts(w.place), "place on new": withTexts(w.placeOnNew), "take off": withTexts(w.takeOff), "dismiss": withTexts(w.dismiss),
				"undo": run(w.undo), "undo more": run(w.undo), "block": run(w.block), "unblock": run(w.unblock), "delete link": run(w.deleteLink),
				"creation": run(w.setCreation), "users": run(w.setActive), "phone fields": run(w.setPhoneFields), "channels": run(w.authenticate), "read": run(w.markRead),
			})
		})
	})
}

// run does one step in both, and compares.
func (w *world) run(t *rapid.T, m *model, s step) {
	t.Log(s.what)
	w.readVersion(t, m)
	for _, d := range s.take() {
		want, wrong := d.model(m)
		if wrong != "" {
			t.Fatalf("%s: %s", d.what, wrong)
		}
		if d.code != want {
			t.Fatalf("%s: the store's error is %q, the model's %q", d.what, d.code, want)
		}
	}
	w.readVersion(t, m)
	if d := cmp.Diff(m.shows(), w.look(t)); d != "" {
		t.Fatalf("after %s the store differs (-model +store):\n%s", s.what, d)
	}
	if d := w.miscounted(t); d != "" {
		t.Fatalf("after %s Home's figures differ (-counted anew +shown):\n%s", s.what, d)
	}
}

// miscounted says what is wrong with Home's figures, which are counted from
// what was counted before.
func (w *world) miscounted(t *rapid.T) string {
	ctx := context.Background()
	got, err := w.db.Stats(ctx, w.org, 2, 5)
	if err != nil {
		t.Fatal(err)
	}
	want, err := w.db.StatsAnew(ctx, w.org, 2, 5)
	if err != nil {
		t.Fatal(err)
	}
	return cmp.Diff(want, got)
}

// checksName is rapid's flag for how often it tries.
const checksName = "rapid.checks"

// checksSaid reports whether somebody has said how often, as it was before a
// test set the flag itself: from then on it counts as said.
var checksSaid = sync.OnceValue(func() bool {
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == checksName })
	return said
})

// fewerChecks lets rapid try n times where nobody has said how often: a world
// costs many transactions.
func fewerChecks(t *testing.T, n int) {
	t.Helper()
	if checksSaid() {
		return
	}
	before := flag.Lookup(checksName).Value.String()
	set := func(v string) {
		if err := flag.Set(checksName, v); err != nil {
			t.Fatal(err)
		}
	}
	set(strconv.Itoa(n))
	t.Cleanup(func() { set(before) })
}

func TestEveryRunTriesAsOften(t *testing.T) {
	for range 2 {
		t.Run("run", func(t *testing.T) {
			fewerChecks(t, 7)
			if got := flag.Lookup(checksName).Value.String(); got != "7" && !checksSaid() {
				t.Errorf("rapid tries %s times", got)
			}
		})
	}
}
