package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// luck makes choices without rapid.
type luck struct{ *rand.Rand }

func (l luck) intn(n int, _ string) int { return l.IntN(n) }

// mix is what happens in a round.
type mix struct {
	narrow         bool                              // nobody writes but one name and, every other time, one number
	first          func(*world) []func(chooser) step // one after the other
	clients, steps int
	then           func(*world) []func(chooser) step // some of them, at once
}

var (
	// Many steps of all kinds.
	wide = mix{first: func(w *world) []func(chooser) step {
		return []func(chooser) step{w.receive, w.receive, w.createRecord, w.createRecord, w.receive}
	}, clients: 4, steps: 7, then: func(w *world) []func(chooser) step {
		return []func(chooser) step{w.receive, w.receive, w.receive, w.consent, w.createRecord, w.createRecords, w.updateRecord, w.updateRecord, w.deleteRecord, w.restoreRecord, w.merge,
			w.place, w.place, w.place, w.placeOnNew, w.takeOff, w.dismiss, w.undo, w.undo, w.block, w.unblock}
	}}
	// Few steps that concern each other: what goes wrong goes wrong more often, and
	// its history is short.
	narrow = mix{narrow: true, first: func(w *world) []func(chooser) step {
		return []func(chooser) step{w.receive, w.createRecord, w.createRecord, w.receive, w.place, w.place, w.placeOnNew, w.place, w.takeOff, w.takeOff, w.place}
	}, clients: 3, steps: 2, then: func(w *world) []func(chooser) step {
		return []func(chooser) step{w.receive, w.updateRecord, w.deleteRecord, w.restoreRecord, w.merge, w.place, w.placeOnNew, w.takeOff, w.undo, w.undo, w.undo, w.undo}
	}}
)

// Several clients write records and texts and place messages at once, on two
// nodes where the database allows it, and on few numbers. Whatever comes out,
// there is an order in which the model gets the same, step by step and in the
// end: so no text slips between a record being created and the waiting texts
// being decided again. And nobody ever has to be saved from a deadlock.
func TestConcurrentWritersAreSerial(t *testing.T) {
	rounds, narrowRounds, seed := 12, 48, uint64(0)
	switch {
	case os.Getenv("SWITCHBOARD_TEST_LONG") != "":
		rounds, narrowRounds, seed = 400, 1600, rand.Uint64()
	case raced:
		rounds, narrowRounds = 4, 16
	}
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			config := storetest.Config(t, dialect, storetest.NewClock())
			nodes := []*store.DB{storetest.OpenConfig(t, config)}
			if dialect == storetest.Postgres {
				nodes = append(nodes, storetest.OpenConfig(t, config))
			}
			for round := range rounds {
				serialRound(t, nodes, seed+uint64(round), wide)
			}
			for _, node := range nodes {
				if err := node.Linger(config.Database, func(string) { time.Sleep(rand.N(2500 * time.Microsecond)) }); err != nil {
					t.Fatal(err)
				}
			}
			var wg sync.WaitGroup
			for worlds := range 16 {
				wg.Go(func() {
					t.Run("narrow", func(t *testing.T) {
						for round := worlds; round < narrowRounds; round += 16 {
							serialRound(t, nodes, seed+uint64(round), narrow)
						}
					})
				})
			}
			wg.Wait()
			if dialect == storetest.Postgres {
				noDeadlocks(t, nodes[0])
			}
		})
	}
}

func serialRound(t *testing.T, nodes []*store.DB, seed uint64, x mix) {
	t.Helper()
	w, m := newWorld(t, nodes[0])
	if x.narrow {
		w.forms, w.numbers = []form{{"MTN", "MTN", "x:mtn", false}, {"+15125550177", "+15125550177", "+15125550177", true}}[:1+seed%2], fieldForms[:1]
	}
	// Something to place, and somewhere to place it.
	first := luck{rand.New(rand.NewPCG(seed, 0))}
	began := ""
	for _, make := range x.first(w) {
		for _, d := range make(first).take() {
			began += fmt.Sprintf("%s → %q\n", d.what, d.code)
			if want, wrong := d.model(m); wrong != "" || want != d.code {
				t.Fatalf("seed %d: after\n%sthe model says %q, %s", seed, w.brief(began), want, wrong)
			}
		}
	}
	if len(w.texts) == 0 {
		return
	}

	start := time.Now()
	history := make([][]porcupine.Operation, x.clients)
	var wg sync.WaitGroup
	for client := range x.clients {
		wg.Go(func() {
			view := &world{db: nodes[client%len(nodes)], known: w.known}
			choose := luck{rand.New(rand.NewPCG(seed, uint64(client+1)))}
			for range x.steps {
				w.mu.Lock()
				s := pick(choose, x.then(view), "step")(choose)
				w.mu.Unlock()
				call := time.Since(start)
				taken := s.take()
				back := time.Since(start)
				for _, d := range taken {
					history[client] = append(history[client], porcupine.Operation{ClientId: client, Input: d.step, Output: d.code, Call: int64(call), Return: int64(back)})
				}
			}
		})
	}
	wg.Wait()

	var all []porcupine.Operation
	for _, h := range history {
		for _, op := range h {
			if code := op.Output.(switchboard.Code); code == switchboard.CodeUnavailable || code == switchboard.CodeInternal {
				t.Errorf("seed %d: %s: %s", seed, op.Input.(step).what, code)
			}
			all = append(all, op)
		}
	}
	end := w.look(t)
	now := int64(time.Since(start))
	all = append(all, porcupine.Operation{ClientId: x.clients, Input: step{what: "look"}, Output: end, Call: now, Return: now + 1})
	nearest := ""
	result := porcupine.CheckOperationsTimeout(porcupine.Model{
		Init: func() any { return m },
		Step: func(state, input, output any) (bool, any) {
			s := input.(step)
			if want, ok := output.(shown); ok {
				diff := cmp.Diff(state.(*model).shows(), want)
				if nearest == "" || len(diff) < len(nearest) {
					nearest = diff
				}
				return diff == "", state
			}
			next := state.(*model).clone()
			code, wrong := s.model(next)
			return wrong == "" && code == output.(switchboard.Code), next
		},
		Equal: func(a, b any) bool { return reflect.DeepEqual(a, b) },
	}, all, time.Minute)
	if result != porcupine.Ok {
		text := ""
		for _, op := range all {
			if s := op.Input.(step); s.model != nil {
				text += fmt.Sprintf("%d: %6d–%6d µs %s → %q\n", op.ClientId, op.Call/1000, op.Return/1000, s.what, op.Output)
			}
		}
		t.Fatalf("seed %d: after\n%sno order of these steps gives what the store shows (%s):\n%sthe order that comes nearest differs by (-model +store):\n%s",
			seed, w.brief(began), result, w.brief(text), w.brief(nearest))
	}
}

// brief names what stands in a text by the order in which the world learned of
// it: R0 is a record, T0 a text, U0 what takes an act back.
func (w *world) brief(text string) string {
	var pairs []string
	name := func(letter string, i int, id string) { pairs = append(pairs, id, letter+strconv.Itoa(i)) }
	for i, id := range w.records {
		name("R", i, id)
	}
	for i, id := range w.texts {
		name("T", i, id)
	}
	for i, t := range w.tokens {
		name("U", i, t.token)
	}
	for i, u := range w.users {
		name("P", i, u.ID)
	}
	for i, id := range w.channels {
		name("C", i, id)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// noDeadlocks fails if the database had to end a circle of transactions.
func noDeadlocks(t *testing.T, db *store.DB) {
	t.Helper()
	rows, err := db.Rows(context.Background(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil || n > 0 {
		t.Errorf("PostgreSQL had to resolve %d deadlocks (%v)", n, err)
	}
}
