package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// BenchmarkSalesforceFirstLoad reads contacts from a simulated org by a bulk job
// into the store, with Go's runtime as the program has it.
func BenchmarkSalesforceFirstLoad(b *testing.B) {
	ballast := tuneRuntime()
	defer runtime.KeepAlive(ballast)
	for range b.N {
		b.StopTimer()
		j, loaded := toLoad(b)
		b.StartTimer()
		began := time.Now()
		j.must(j.engine.SyncOnce(b.Context(), false))
		b.ReportMetric(contactsToLoad/(<-loaded).Sub(began).Seconds(), "records/s")
	}
}

// BenchmarkSalesforceTextsDuringFirstLoad measures how long a text takes to be
// committed while contacts are read, one text every five milliseconds, each from
// a number that one of the contacts has.
func BenchmarkSalesforceTextsDuringFirstLoad(b *testing.B) {
	ballast := tuneRuntime()
	defer runtime.KeepAlive(ballast)
	var delays []time.Duration
	for n := range b.N {
		b.StopTimer()
		j, loaded := toLoad(b)
		b.StartTimer()
		began := time.Now()
		var load sync.WaitGroup
		load.Go(func() { j.must(j.engine.SyncOnce(b.Context(), false)) })
		ticks := time.NewTicker(5 * time.Millisecond)
		for i := 0; loaded != nil; i++ {
			select {
			case at := <-loaded:
				b.ReportMetric(contactsToLoad/at.Sub(began).Seconds(), "records/s")
				loaded = nil
			case <-ticks.C:
				sent := time.Now()
				_, err := j.db.Receive(b.Context(), j.org, []store.Delivery{{ChannelID: j.channel.ID, Events: []switchboard.Event{{Text: &switchboard.Text{
					ProviderMessageID: fmt.Sprintf("id-%d-%d", n, i), Sender: mobileToLoad(i * 7919 % contactsToLoad), Body: "Hello, is this Acme?"}}}}})
				j.must(err)
				delays = append(delays, time.Since(sent))
			}
		}
		ticks.Stop()
		load.Wait()
	}
	reportDelays(b, delays)
}

const contactsToLoad = 50_000

func mobileToLoad(i int) string { return fmt.Sprintf("(512) 55%d-%04d", i/10_000, i%10_000) }

// toLoad returns an org with contacts that nothing was read of yet, and where it
// is said when all of them have been.
func toLoad(b *testing.B) (*joint, <-chan time.Time) {
	j := newJoint(b, storetest.SQLite)
	j.must(j.sf.Load("Contact", contactsToLoad, func(i int) map[string]any {
		return map[string]any{"FirstName": "Ada", "LastName": fmt.Sprintf("Okafor %d", i), "MobilePhone": mobileToLoad(i), "Email": fmt.Sprintf("a%d@example.com", i)}
	}))
	j.clock.Advance(time.Hour) // or the poll that follows would look at all of them again
	loaded := make(chan time.Time, 1)
	var once sync.Once
	j.engine = newEngine(j.p, j.db, j.org, quiet(), func(object switchboard.Object, rows, _ int64) {
		if object == switchboard.Contact && rows == contactsToLoad {
			once.Do(func() { loaded <- time.Now() })
		}
	})
	return j, loaded
}

func TestAFirstLoadGoesOnWhereItWasCutOff(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	const contacts = 12_000 // more than are read without a bulk job
	j.must(j.sf.Load("Contact", contacts, func(i int) map[string]any {
		return map[string]any{"LastName": fmt.Sprintf("Okafor %d", i), "MobilePhone": fmt.Sprintf("(512) 55%d-%04d", i/10_000, i%10_000)}
	}))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	j.engine = newEngine(j.p, j.db, j.org, quiet(), func(object switchboard.Object, n, _ int64) {
		if object == switchboard.Contact && n >= 4000 {
			stop() // as when the service is stopped
		}
	})
	if err := j.engine.SyncOnce(ctx, false); err == nil {
		t.Fatal("it went through")
	}
	c, err := j.db.SyncCursor(t.Context(), j.org, switchboard.Contact)
	if err != nil || c.LoadRows == 0 || c.LoadRows >= contacts || !c.LoadedAt.IsZero() || c.LoadJob == "" {
		t.Fatalf("after the first part: %+v, %v", c, err)
	}
	j.clock.Advance(time.Minute)
	var rows []int64
	j.engine = newEngine(j.p, j.db, j.org, quiet(), func(object switchboard.Object, n, _ int64) {
		if object == switchboard.Contact {
			rows = append(rows, n)
		}
	})
	j.must(j.engine.SyncOnce(t.Context(), false))
	if len(rows) == 0 || rows[0] <= c.LoadRows || rows[len(rows)-1] != contacts {
		t.Errorf("it went on at %v after %d", rows, c.LoadRows)
	}
	if m := j.text("+15125501234", "hi"); m.Record == nil || m.Record.Name != "Okafor 1234" {
		t.Errorf("a text went to %+v", m.Record)
	}
}

func TestWhatThePollMissesIsFoundByComparingIDs(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		gone := j.create("Contact", map[string]any{"LastName": "Gone"})
		j.sync()
		j.here(gone)
		// It is deleted, and purged from the bin: nothing tells of it any more.
		j.must(j.sf.Delete(nil, "Contact", gone))
		j.must(j.sf.Purge("Contact", gone))
		// One has a stamp that the poll has passed long ago.
		j.must(j.sf.Load("Contact", 1, func(int) map[string]any { return map[string]any{"LastName": "Old"} }))
		j.sync()
		if j.here(gone).Deleted {
			t.Error("the poll has seen what nothing tells of")
		}
		j.clock.Advance(25 * time.Hour)
		j.sync()
		if !j.here(gone).Deleted {
			t.Error("a record that has gone without a trace is here still")
		}
	})
}

func TestAFieldThatIsMatchedFromNowOnIsReadOfAllRecords(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		ada := j.create("Contact", map[string]any{"LastName": "Okafor", "AssistantPhone": "(512) 555-0177"})
		j.clock.Advance(time.Hour)
		j.sync()
		j.clock.Advance(time.Hour)
		m := j.text("+15125550177", "hi")
		if m.Record != nil {
			t.Fatalf("it went to %+v", m.Record)
		}
		fields := switchboard.DefaultPhoneFields()
		fields[switchboard.Contact] = append(fields[switchboard.Contact], "AssistantPhone")
		_, err := j.db.SetPhoneFields(t.Context(), j.dana, fields)
		j.must(err)
		j.sync()
		if got := j.message(m.ID); got.Record == nil || got.Record.ID != j.here(ada).ID {
			t.Errorf("it is on %+v", got.Record)
		}
		calls := j.sf.APIUsage()
		j.sync()
		if n := j.sf.APIUsage() - calls; n > 20 {
			t.Errorf("the next cycle took %d calls", n)
		}
	})
}
