package intake

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// bench is a store with a channel, and a writer to it that is not running yet.
type bench struct {
	*Writer
	db      *store.DB
	org     string
	channel string
	config  store.Config
	before  int // messages that were stored when it was set up

	mu      sync.Mutex
	commits int
}

// each sets up a bench on a fresh store in each database.
func each(t *testing.T, c Config, do func(*testing.T, *bench)) {
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			b := &bench{config: storetest.Config(t, dialect, storetest.NewClock())}
			b.db = storetest.OpenConfig(t, b.config)
			dana := storetest.Admin(t, b.db)
			b.org, b.channel = dana.OrgID, storetest.Channel(t, b.db, dana).ID
			do(t, b.anew(t, c))
		})
	}
}

// anew sets up another bench on the same store.
func (b *bench) anew(t *testing.T, c Config) *bench {
	t.Helper()
	n := &bench{db: b.db, org: b.org, channel: b.channel, config: b.config}
	n.before = len(n.stored(t))
	c.Log = slog.New(slog.DiscardHandler)
	c.Committed = func(org string) {
		n.mu.Lock()
		defer n.mu.Unlock()
		if org == n.org {
			n.commits++
		}
	}
	if c.Wait == 0 {
		c.Wait = time.Minute
	}
	n.Writer = New(n.db, c)
	return n
}

func (b *bench) delivery(id, body string) store.Delivery {
	return store.Delivery{ChannelID: b.channel, Events: []switchboard.Event{{Text: &switchboard.Text{ProviderMessageID: id, Sender: "+15125550177", Body: body}}}}
}

type result struct {
	messages []store.ReceivedMessage
	err      error
}

// line hands deliveries in, one after the other, without a writer that runs.
// What they get comes later, through the function it returns.
func (b *bench) line(t *testing.T, org func(i int) string, bodies ...string) func() []result {
	t.Helper()
	results := make([]result, len(bodies))
	var wg sync.WaitGroup
	before := b.Waiting()
	for i, body := range bodies {
		d := b.delivery(fmt.Sprintf("%d %s %d", b.before, body, i), body)
		wg.Go(func() {
			r := &results[i]
			r.messages, r.err = b.Submit(context.Background(), org(i), d)
		})
		for deadline := time.Now().Add(time.Minute); b.Waiting() != before+i+1; {
			if time.Now().After(deadline) {
				t.Fatal("a delivery does not get into the queue")
			}
			runtime.Gosched()
		}
	}
	return func() []result { wg.Wait(); return results }
}

// drain runs the writer until everything that waits is answered.
func (b *bench) drain() {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	b.Run(ctx)
}

// stored returns the bodies of what this bench has stored, in the order of their
// numbers.
func (b *bench) stored(t *testing.T) []string {
	t.Helper()
	messages, _, err := b.db.Messages(context.Background(), b.org, store.MessageFilter{Page: store.Page{Limit: 500}})
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, m := range slices.Backward(messages) { // newest first
		bodies = append(bodies, m.Body)
	}
	return bodies[b.before:]
}

func (b *bench) ours(int) string { return b.org }

func TestWhatWaitsIsCommittedAsAGroupInOrder(t *testing.T) {
	tests := []struct {
		name    string
		c       Config
		bodies  []string
		commits int
	}{
		{"all at once", Config{}, []string{"a", "b", "c", "d", "e"}, 1},
		{"one", Config{}, []string{"a"}, 1},
		{"at most two at once", Config{MaxBatch: 2}, []string{"a", "b", "c", "d", "e"}, 3},
		{"at most so many bytes at once", Config{MaxBytes: 5}, []string{"aaa", "bb", "c", "dddd", "eeeeee", "f"}, 4}, // aaa bb, c dddd, eeeeee, f
	}
	each(t, Config{}, func(t *testing.T, b *bench) {
		for _, tc := range tests {
			t.Run(tc.name, func(t *testing.T) {
				b := b.anew(t, tc.c)
				results := b.line(t, b.ours, tc.bodies...)
				b.drain()
				for i, r := range results() {
					if r.err != nil || len(r.messages) != 1 || !r.messages[0].New {
						t.Errorf("%s: %+v, %v", tc.bodies[i], r.messages, r.err)
					}
				}
				if got := b.stored(t); !slices.Equal(got, tc.bodies) {
					t.Errorf("stored are %v, want %v in this order", got, tc.bodies)
				}
				if b.commits != tc.commits {
					t.Errorf("%d commits, want %d", b.commits, tc.commits)
				}
			})
		}
	})
}

func TestOrgsAreCommittedApart(t *testing.T) {
	each(t, Config{}, func(t *testing.T, b *bench) {
		results := b.line(t, func(i int) string {
			if i == 1 {
				return "nobody"
			}
			return b.org
		}, "a", "b", "c")
		b.drain()
		got := results()
		if got[0].err != nil || switchboard.ErrorCode(got[1].err) != switchboard.CodeNotFound || got[2].err != nil {
			t.Errorf("an org that is not there is answered %v; those around it %v and %v", got[1].err, got[0].err, got[2].err)
		}
		if b.commits != 2 {
			t.Errorf("%d commits, want 2", b.commits)
		}
	})
}

// exec runs SQL behind the store's back, to break it as hardware would.
func (b *bench) exec(t *testing.T, statements ...string) {
	t.Helper()
	driver, source := "sqlite", filepath.Join(b.config.Dir, store.DatabaseFile)
	if b.config.Database != "" {
		driver, source = "pgx", b.config.Database
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// refuse makes the database fail on what the condition, about NEW, says.
func (b *bench) refuse(t *testing.T, name, on, condition string) {
	t.Helper()
	if b.config.Database == "" {
		b.exec(t, fmt.Sprintf("CREATE TRIGGER %s BEFORE %s WHEN %s BEGIN SELECT RAISE(ABORT, 'refused'); END", name, on, condition))
		return
	}
	b.exec(t, fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$", name),
		fmt.Sprintf("CREATE TRIGGER %s BEFORE %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION %s()", name, on, condition, name))
}

func (b *bench) allow(t *testing.T, name, table string) {
	t.Helper()
	if b.config.Database == "" {
		b.exec(t, "DROP TRIGGER "+name)
		return
	}
	b.exec(t, "DROP TRIGGER "+name+" ON "+table)
}

func TestADeliveryThatTheStoreCannotTakeFailsAlone(t *testing.T) {
	each(t, Config{}, func(t *testing.T, b *bench) {
		b.refuse(t, "poison", "INSERT ON message", "NEW.body = 'poison'")
		for _, bodies := range [][]string{
			{"a", "b", "poison", "c", "d"},
			{"poison", "a"},
			{"a", "b", "c", "d", "e", "f", "poison"},
			{"poison", "a", "b", "poison", "c", "poison"},
			{"poison"},
		} {
			t.Run(strings.Join(bodies, " "), func(t *testing.T) {
				b := b.anew(t, Config{})
				results := b.line(t, b.ours, bodies...)
				b.drain()
				var want []string
				for i, r := range results() {
					code := switchboard.Code("")
					if bodies[i] == "poison" {
						code = switchboard.CodeUnavailable
					} else {
						want = append(want, bodies[i])
					}
					if switchboard.ErrorCode(r.err) != code {
						t.Errorf("%s is answered %v, want %q", bodies[i], r.err, code)
					}
				}
				if got := b.stored(t); !slices.Equal(got, want) {
					t.Errorf("stored are %v, want %v", got, want)
				}
			})
		}
	})
}

// A store that can't commit at all is told at once, and comes back by itself.
func TestAStoreThatCannotCommitIsUnavailableUntilItCan(t *testing.T) {
	each(t, Config{}, func(t *testing.T, b *bench) {
		b.refuse(t, "no_message", "INSERT ON message", "NEW.body <> ''")
		b.refuse(t, "no_org", "UPDATE ON org", "NEW.id <> ''")
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { b.Run(ctx) })
		defer wg.Wait()
		defer stop()
		for _, id := range []string{"1", "2"} {
			if _, err := b.Submit(ctx, b.org, b.delivery(id, "Hello")); switchboard.ErrorCode(err) != switchboard.CodeUnavailable {
				t.Errorf("a delivery to a store that can't commit is answered %v", err)
			}
		}
		b.allow(t, "no_message", "message")
		b.allow(t, "no_org", "org")
		for _, id := range []string{"1", "2"} {
			if got, err := b.Submit(ctx, b.org, b.delivery(id, "Hello")); err != nil || !got[0].New {
				t.Errorf("sent again, it is answered %v, %v", got, err)
			}
		}
	})
}

func TestAFullQueueRefusesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(nil, Config{Queue: 2, Wait: 3 * time.Second})
		var wg sync.WaitGroup
		began := time.Now()
		for range 2 {
			wg.Go(func() {
				_, err := w.Submit(t.Context(), "acme", store.Delivery{})
				if code := switchboard.ErrorCode(err); code != switchboard.CodeUnavailable {
					t.Errorf("a delivery that nobody stores is answered %v", err)
				}
				if waited := time.Since(began); waited != 3*time.Second {
					t.Errorf("it was answered after %v, want 3s", waited)
				}
			})
		}
		synctest.Wait()
		_, err := w.Submit(t.Context(), "acme", store.Delivery{})
		if code := switchboard.ErrorCode(err); code != switchboard.CodeUnavailable {
			t.Errorf("a full queue answers %v", err)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("a full queue answers after %v", waited)
		}
		wg.Wait()
	})
}

func TestSubmitEndsWithItsRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := New(nil, Config{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := w.Submit(ctx, "acme", store.Delivery{})
		if code := switchboard.ErrorCode(err); code != switchboard.CodeUnavailable || time.Since(began) != time.Second {
			t.Errorf("answered %v after %v", err, time.Since(began))
		}
	})
}

// Who was told "too slow" sends again, and that is the same message.
func TestWhatWasTooSlowIsStoredOnce(t *testing.T) {
	each(t, Config{Wait: time.Millisecond}, func(t *testing.T, b *bench) {
		if _, err := b.Submit(context.Background(), b.org, b.delivery("1", "Hello")); switchboard.ErrorCode(err) != switchboard.CodeUnavailable {
			t.Fatalf("a store that does nothing is answered %v", err)
		}
		b.c.Wait = time.Minute
		again := make(chan result, 1)
		go func() {
			m, err := b.Submit(context.Background(), b.org, b.delivery("1", "Hello"))
			again <- result{m, err}
		}()
		ctx, stop := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		wg.Go(func() { b.Run(ctx) })
		defer wg.Wait()
		defer stop()
		if r := <-again; r.err != nil || r.messages[0].New {
			t.Errorf("sent again, it is answered %+v, %v", r.messages, r.err)
		}
		if got := b.stored(t); len(got) != 1 {
			t.Errorf("%d messages are stored", len(got))
		}
	})
}

func TestAWriterThatStopsLosesNothingItAnswered(t *testing.T) {
	each(t, Config{MaxBatch: 8}, func(t *testing.T, b *bench) {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		var running, clients sync.WaitGroup
		running.Go(func() { b.Run(ctx) })
		var mu sync.Mutex
		var stored []string
		refused := 0
		for client := range 8 {
			clients.Go(func() {
				for i := 0; ; i++ {
					id := fmt.Sprintf("%d-%d", client, i)
					_, err := b.Submit(context.Background(), b.org, b.delivery(id, id))
					mu.Lock()
					if err != nil {
						refused++
						mu.Unlock()
						return
					}
					if stored = append(stored, id); len(stored) == 100 {
						stop()
					}
					mu.Unlock()
				}
			})
		}
		clients.Wait()
		running.Wait()
		got := b.stored(t)
		slices.Sort(got)
		slices.Sort(stored)
		if !slices.Equal(got, stored) {
			t.Errorf("%d were acknowledged, %d are stored", len(stored), len(got))
		}
		if refused != 8 {
			t.Errorf("%d clients were told that it stops, want 8", refused)
		}
		if _, err := b.Submit(context.Background(), b.org, b.delivery("late", "late")); switchboard.ErrorCode(err) != switchboard.CodeUnavailable {
			t.Errorf("after the stop a delivery is answered %v", err)
		}
		if b.Waiting() != 0 {
			t.Errorf("%d deliveries were left in the queue", b.Waiting())
		}
	})
}

func TestStoppingCommitsWhatWaits(t *testing.T) {
	each(t, Config{MaxBatch: 2}, func(t *testing.T, b *bench) {
		results := b.line(t, b.ours, "a", "b", "c", "d", "e")
		b.drain()
		for i, r := range results() {
			if r.err != nil {
				t.Errorf("delivery %d is answered %v", i, r.err)
			}
		}
		if got := b.stored(t); !slices.Equal(got, []string{"a", "b", "c", "d", "e"}) {
			t.Errorf("stored are %v", got)
		}
	})
}

func TestTheErrorOfADeliveryIsItsOwn(t *testing.T) {
	each(t, Config{}, func(t *testing.T, b *bench) {
		channel := b.channel
		good := b.line(t, b.ours, "a")
		b.channel = "nowhere"
		bad := b.line(t, b.ours, "b")
		b.channel = channel
		last := b.line(t, b.ours, "c")
		b.drain()
		if r := good()[0]; r.err != nil {
			t.Errorf("the first is answered %v", r.err)
		}
		if r := bad()[0]; switchboard.ErrorCode(r.err) != switchboard.CodeNotFound {
			t.Errorf("one for a channel that is not there is answered %v", r.err)
		}
		if r := last()[0]; r.err != nil {
			t.Errorf("the last is answered %v", r.err)
		}
		if got := b.stored(t); !slices.Equal(got, []string{"a", "c"}) || b.commits != 1 {
			t.Errorf("stored are %v, in %d commits", got, b.commits)
		}
	})
}
