package crashtest

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/switchboardhq/switchboard/internal/pgtest"
)

// databases runs do on a fresh installation on each database.
func databases(t *testing.T, do func(t *testing.T, in *installation)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); do(t, install(t, "")) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); do(t, install(t, pgtest.URL(t))) })
}

// A provider that has lost its patience delivers one message a hundred times at
// once.
func TestAHundredDeliveriesOfOneMessageAreOne(t *testing.T) {
	databases(t, func(t *testing.T, in *installation) {
		s := in.serve(t)
		w := populate(t, in, s)
		p := newSender(w, in, 10)
		p.to(s)
		for _, number := range []string{"+15125551000", "+15125552000", "+15125553000"} {
			x := &text{id: "once " + number, from: number, body: "Are you there?"}
			p.texts[x.id] = x
			var running sync.WaitGroup
			var mu sync.Mutex
			got := map[int]int{}
			for range 100 {
				running.Go(func() {
					status := p.deliver(t.Context(), x)
					p.done(x, status == http.StatusOK)
					mu.Lock()
					defer mu.Unlock()
					got[status]++
				})
			}
			running.Wait()
			if got[http.StatusOK] != 100 {
				t.Errorf("100 deliveries of one message from %s were answered %v", number, got)
			}
		}
		s.stop(t)
		clean(t, "at the end", in.audit(t, p))
		if n := len(readBooksOf(t, in).messages); n != 3 {
			t.Errorf("3 messages became %d", n)
		}
	})
}

func readBooksOf(t testing.TB, in *installation) *books {
	t.Helper()
	db := in.openBooks(t)
	defer db.Close()
	b, err := readBooks(db, in.database == "")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A sender of whom thousands of texts wait, from many connections at once: none
// is lost, and the queue and the bell count every one.
func TestASenderWithThousandsWaitingIsCountedRight(t *testing.T) {
	const waiting = 2000
	databases(t, func(t *testing.T, in *installation) {
		s := in.serve(t)
		p := newSender(&world{}, in, 11)
		p.to(s)
		number := func(n int) string { return fmt.Sprintf("+1512555%04d", n) }
		note := func(id, from string) *text {
			x := &text{id: id, from: from, body: "Text " + id}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.texts[id] = x
			return x
		}
		deliver := func(x *text) {
			if status := p.deliver(t.Context(), x); status != http.StatusOK {
				t.Errorf("text %s is answered %d", x.id, status)
			}
			p.done(x, true)
		}
		var running sync.WaitGroup
		for c := range 20 {
			running.Go(func() {
				for i := range waiting / 20 {
					deliver(note(fmt.Sprintf("hot %d %d", c, i), number(0)))
				}
			})
		}
		running.Wait()
		for i := range 60 {
			deliver(note(fmt.Sprint("new ", i), number(1+i)))
			deliver(note(fmt.Sprint("one more ", i), number(0)))
		}
		s.stop(t)
		clean(t, "at the end", in.audit(t, p))
	})
}
