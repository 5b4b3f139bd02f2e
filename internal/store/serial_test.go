package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
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

// Several clients write records and texts and place messages at once, on two
// nodes where the database allows it, and on few numbers. Whatever comes out,
// there is an order in which the model gets the same, step by step and in the
// end: so no text slips between a record being created and the waiting texts
// being decided again. And nobody ever has to be saved from a deadlock.
func TestConcurrentWritersAreSerial(t *testing.T) {
	rounds, clients, steps := 12, 4, 7
	switch {
	case os.Getenv("SWITCHBOARD_TEST_LONG") != "":
		rounds = 400
	case raced:
		rounds = 4
	}
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			config := storetest.Config(t, dialect, storetest.NewClock())
			nodes := []*store.DB{storetest.OpenConfig(t, config)}
			if dialect == storetest.Postgres {
				nodes = append(nodes, storetest.OpenConfig(t, config))
			}
			for round := range rounds {
				serialRound(t, nodes, uint64(round), clients, steps)
			}
			if dialect == storetest.Postgres {
				noDeadlocks(t, nodes[0])
			}
		})
	}
}

func serialRound(t *testing.T, nodes []*store.DB, seed uint64, clients, steps int) {
	t.Helper()
	w, m := newWorld(t, nodes[0])
	// Something to place, and somewhere to place it.
	first := luck{rand.New(rand.NewPCG(seed, 0))}
	for _, make := range []func(chooser) step{w.receive, w.receive, w.createRecord, w.createRecord, w.receive} {
		s := make(first)
		if code := s.do(); code != "" {
			t.Fatalf("seed %d: %s: %s", seed, s.what, code)
		}
		if _, wrong := s.model(m); wrong != "" {
			t.Fatalf("seed %d: %s: %s", seed, s.what, wrong)
		}
	}
	if len(w.texts) == 0 {
		return
	}

	start := time.Now()
	history := make([][]porcupine.Operation, clients)
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			view := &world{db: nodes[client%len(nodes)], known: w.known}
			choose := luck{rand.New(rand.NewPCG(seed, uint64(client+1)))}
			for range steps {
				w.mu.Lock()
				s := view.any(choose)
				w.mu.Unlock()
				call := time.Since(start)
				code := s.do()
				history[client] = append(history[client], porcupine.Operation{ClientId: client, Input: s, Output: code, Call: int64(call), Return: int64(time.Since(start))})
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
	all = append(all, porcupine.Operation{ClientId: clients, Input: step{what: "look"}, Output: end, Call: now, Return: now + 1})
	furthest := ""
	result := porcupine.CheckOperationsTimeout(porcupine.Model{
		Init: func() any { return m },
		Step: func(state, input, output any) (bool, any) {
			s := input.(step)
			if want, ok := output.(shown); ok {
				furthest = cmp.Diff(state.(*model).shows(), want)
				return furthest == "", state
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
			if s := op.Input.(step); s.do != nil {
				text += fmt.Sprintf("%d: %6d–%6d µs %s → %q\n", op.ClientId, op.Call/1000, op.Return/1000, s.what, op.Output)
			}
		}
		t.Fatalf("seed %d: no order of these steps gives what the store shows (%s):\n%sthe last order tried differs by (-model +store):\n%s", seed, result, text, furthest)
	}
}

// any draws one of the steps that several may take at once.
func (w *world) any(c chooser) step {
	steps := []func(chooser) step{w.receive, w.receive, w.receive, w.consent, w.createRecord, w.createRecords, w.updateRecord, w.updateRecord, w.deleteRecord, w.restoreRecord,
		w.place, w.place, w.place, w.placeOnNew, w.takeOff, w.dismiss, w.undo, w.undo, w.block, w.unblock}
	return pick(c, steps, "step")(c)
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
