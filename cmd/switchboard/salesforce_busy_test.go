package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// ticking lets the joint's clock run with the machine's until the test ends.
func (j *joint) ticking() {
	const step = 10 * time.Millisecond
	ctx, stop := context.WithCancel(j.t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		tick := time.NewTicker(step)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				j.clock.Advance(step)
			}
		}
	})
	j.t.Cleanup(func() {
		stop()
		running.Wait()
	})
}

// A Salesforce that takes every call and answers none keeps no text waiting, and
// has all of them once it answers again.
func TestAHangingSalesforceKeepsNoTextWaiting(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	j.ticking()
	goLive(t, j)
	j.synced()
	answers := make(chan struct{})
	j.sf.Fail(sforg.Fault{Kind: sforg.Slow, Times: -1, Until: answers})
	const texts = 300
	var slowest time.Duration
	began := time.Now()
	for i := range texts {
		before := time.Now()
		j.text(fmt.Sprintf("+1512555%04d", i%20), "hi")
		slowest = max(slowest, time.Since(before))
	}
	t.Logf("%d texts in %s, the slowest in %s", texts, time.Since(began), slowest)
	if slowest > 2*time.Second {
		t.Errorf("a text took %s", slowest)
	}
	if n := len(j.sf.Notifications()); n != 0 {
		t.Fatalf("it rang %d times while nothing was answered", n)
	}
	j.sf.Heal()
	close(answers)
	soon(t, time.Minute, "not all texts are there", func() bool { return j.count("SMS__c") == texts })
	soon(t, time.Minute, "it did not ring for all", func() bool { return len(j.sf.Notifications()) >= 20 })
	if n := len(j.sf.Notifications()); n != 20 {
		t.Errorf("it rang %d times for 20 conversations", n)
	}
}

// People place the same texts at the same time, one here and one there, while
// everything runs: in the end both sides say the same of each, and it is one of
// the two.
func TestPlacingOnBothSidesAtOnceEndsInOne(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	j.ticking()
	ours, theirs := j.create("Contact", map[string]any{"LastName": "Ours"}), j.create("Contact", map[string]any{"LastName": "Theirs"})
	goLive(t, j)
	j.synced()
	j.listening()
	const texts = 12
	var messages []*switchboard.Message
	for i := range texts {
		messages = append(messages, j.text(fmt.Sprintf("+1512555%04d", i), "hi"))
	}
	rows := make([]string, texts)
	for i, m := range messages {
		soon(t, time.Minute, "the text is not there", func() bool {
			id, err := j.db.SMSOf(t.Context(), j.org, m.ID)
			j.must(err)
			rows[i] = id
			return id != ""
		})
	}
	record := j.here(ours).ID
	var placing sync.WaitGroup
	placing.Go(func() {
		for _, m := range messages {
			if _, err := j.db.Place(t.Context(), j.dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: record}); err != nil {
				t.Error(err)
			}
		}
	})
	placing.Go(func() {
		for _, row := range rows {
			if err := j.sf.Update(nil, "SMS__c", row, map[string]any{"Contact__c": theirs}); err != nil {
				t.Error(err)
			}
		}
	})
	placing.Wait()
	agreed := func() bool {
		for _, m := range messages {
			here, there := j.on(m.ID)
			if here != ours && here != theirs || there["Contact__c"] != here || j.sms(m.ID)["Status__c"] != "Assigned" {
				return false
			}
		}
		state, err := j.db.OutboxState(t.Context())
		j.must(err)
		return state.Waiting == 0
	}
	soon(t, time.Minute, "the two sides do not agree", agreed)
	// A cycle later they still do.
	was := map[string]string{}
	for _, m := range messages {
		was[m.ID], _ = j.on(m.ID)
	}
	j.must(newEngine(j.p, j.db, j.org, testLog(t), nil).SyncOnce(t.Context(), false))
	if !agreed() {
		t.Error("a cycle later they differ")
	}
	for _, m := range messages {
		if here, _ := j.on(m.ID); here != was[m.ID] {
			t.Errorf("%s went from %s to %s by itself", m.Name(), was[m.ID], here)
		}
		if by := j.message(m.ID).Decision.By; by.ID != j.dana.ID {
			t.Errorf("%s was placed by %+v", m.Name(), by)
		}
	}
}
