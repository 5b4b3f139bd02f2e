package main

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// goLive runs the engine as serve does, by the machine's clock, with the stream of
// changes.
func goLive(t testing.TB, j *joint) {
	t.Helper()
	events, err := j.sf.NewPubSub(sforg.PubSubKeepalive)
	j.must(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	j.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := events.Serve(ctx, listener); err != nil {
			t.Error(err)
		}
	})
	c, err := j.db.Salesforce(t.Context(), j.org)
	j.must(err)
	secret, err := j.db.SalesforceSecret(t.Context(), j.org)
	j.must(err)
	c.PubSub, c.PubSubCA = listener.Addr().String(), string(events.CertificatePEM())
	j.must(j.db.ConnectSalesforce(t.Context(), j.dana, c, secret))
	j.must(j.sf.InstallPackage(orgpackage.FS())) // the captured objects too
	running.Go(func() { j.engine.Run(ctx) })
	running.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-j.db.Asked():
				j.engine.Wake()
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

// soon waits until it is so.
func soon(t testing.TB, within time.Duration, what string, so func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !so() {
		if time.Since(began) > within {
			t.Fatalf("after %s %s", within, what)
		}
		<-tick.C
	}
	return time.Since(began)
}

// synced waits until everything has been read once.
func (j *joint) synced() {
	j.t.Helper()
	soon(j.t, 30*time.Second, "nothing was synced", func() bool {
		c, err := j.db.Salesforce(j.t.Context(), j.org)
		j.must(err)
		return !c.SyncedAt.IsZero()
	})
}

// listening waits until the stream of contacts is open, which it is when a change
// comes through it.
func (j *joint) listening() {
	j.t.Helper()
	soon(j.t, 30*time.Second, "no change came by the stream", func() bool {
		_, err := j.sf.Create(nil, "Contact", map[string]any{"LastName": "Nobody"})
		j.must(err)
		cursors, err := j.db.SyncCursors(j.t.Context(), j.org)
		j.must(err)
		for _, c := range cursors {
			if c.Object == switchboard.Contact && len(c.Replay) > 0 {
				return true
			}
		}
		return false
	})
}

func TestChangesThereAreHereAtOnce(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	goLive(t, j)
	j.synced()
	m := j.text("+15125550177", "hi")
	soon(t, 15*time.Second, "it did not ring", func() bool { return len(j.sf.Notifications()) == 1 })
	j.listening()
	_, err := j.sf.Create(nil, "Contact", map[string]any{"LastName": "Okafor", "MobilePhone": "(512) 555-0177"})
	j.must(err)
	took := soon(t, 10*time.Second, "it was not decided again", func() bool { return j.message(m.ID).State == switchboard.Assigned })
	t.Logf("decided again after %s", took)
	if took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	soon(t, 15*time.Second, "the row there does not say so", func() bool { return j.sms(m.ID)["Status__c"] == "Assigned" })
}
