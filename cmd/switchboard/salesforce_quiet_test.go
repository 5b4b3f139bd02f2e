package main

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// quietHours are simulated, and a day is so many of them. What it takes to begin
// is not counted.
const quietHours = 2

// waits is how a simulated engine waits: the clock is moved instead. What it is
// to wait for first, hold says.
type waits struct {
	clock *storetest.Clock
	hold  func(time.Duration)
	begin func() // before the first
	then  func() // after each
	end   func()
	until time.Time

	mu      sync.Mutex
	longest time.Duration
}

func (w *waits) after(d time.Duration) <-chan time.Time {
	if w.hold != nil {
		w.hold(d)
	}
	if w.begin != nil {
		w.begin()
		w.begin = nil
	}
	now := w.clock.Now()
	if !now.Before(w.until) {
		w.end()
		return nil
	}
	w.mu.Lock()
	w.longest = max(w.longest, d)
	w.mu.Unlock()
	w.clock.Advance(d)
	if w.then != nil {
		w.then()
	}
	fired := make(chan time.Time, 1)
	fired <- w.clock.Now()
	return fired
}

// quietDay lets the engine sync with an org in which nothing happens, and returns
// how many API calls that takes in a day, as the org counts.
func quietDay(t *testing.T, j *joint, w *waits) int {
	t.Helper()
	j.sync()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w.clock, w.begin, w.end = j.clock, j.sf.ResetCalls, cancel // what it takes to begin is not of each day
	w.until = j.clock.Now().Add(quietHours * time.Hour)
	config := engineConfig(j.p, j.db, j.org, quiet(), nil)
	config.After = w.after
	crm.NewEngine(config).Run(ctx)
	calls := j.sf.APIUsage()
	t.Logf("%d calls in %d hours: %v", calls, quietHours, j.sf.Calls())
	return calls * 24 / quietHours
}

// A change is here within half a minute, and the smallest org has the calls for
// it.
func TestAQuietOrgTakesFewCalls(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	w := &waits{}
	if day := quietDay(t, j, w); day > 5100 || day < 24*60 {
		t.Errorf("a day takes %d calls", day)
	}
	if w.longest > 25*time.Second {
		t.Errorf("between two polls are up to %s", w.longest)
	}
	c, err := j.db.Salesforce(t.Context(), j.org)
	j.must(err)
	if c.Status != store.VerdictOK {
		t.Errorf("it stands %q", c.Status)
	}
}

// However many objects of its own an org matches, asking is a call each time:
// they take turns.
func TestObjectsOfTheOrgsOwnTakeTurns(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	fields, own := switchboard.DefaultPhoneFields(), []string{"Patient__c", "Donor__c", "Pupil__c"}
	for _, o := range own {
		j.must(j.sf.DefineObject(sforg.Object{Name: o, Label: o, Plural: o, Fields: []sforg.Field{{Name: "Name", Type: sforg.TypeString, Length: 80}, {Name: "Cell__c", Type: sforg.TypePhone, Length: 40}}}))
		fields[switchboard.Object(o)] = []string{"Cell__c"}
	}
	_, err := j.db.SetPhoneFields(t.Context(), j.dana, fields)
	j.must(err)
	var made []string
	at := time.Time{}
	w := &waits{}
	w.then = func() {
		switch {
		case at.IsZero():
			for _, o := range own {
				made = append(made, j.create(o, map[string]any{"Name": "New", "Cell__c": "(512) 555-0177"}))
			}
			at = j.clock.Now()
		case len(made) > 0:
			if _, err := j.db.RecordBySalesforceID(t.Context(), j.org, made[0]); err == nil {
				made = made[1:]
			}
			if late := j.clock.Now().Sub(at); late > 2*time.Minute {
				t.Errorf("after %s %d are not here", late, len(made))
				made = nil
			}
		}
	}
	if day := quietDay(t, j, w); day > 5800 || day < 24*60 {
		t.Errorf("a day takes %d calls", day)
	}
	if len(made) > 0 {
		t.Errorf("%d are not here", len(made))
	}
	// A cycle that somebody asks for reads all of them.
	for _, o := range own {
		made = append(made, j.create(o, map[string]any{"Name": "Newer"}))
	}
	j.sync()
	for _, id := range made {
		j.here(id)
	}
}

// withStream gives the org a stream of changes that shows often that it lives.
func withStream(t *testing.T, j *joint) *sforg.PubSub {
	t.Helper()
	events, err := j.sf.NewPubSub(5 * time.Millisecond)
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
	t.Cleanup(func() { cancel(); running.Wait() })
	c, err := j.db.Salesforce(t.Context(), j.org)
	j.must(err)
	secret, err := j.db.SalesforceSecret(t.Context(), j.org)
	j.must(err)
	j.withRemote(func(remote *salesforceOrg) { j.must((&salesforceInstallCmd{ChangeCapture: true}).deploy(j.p, remote)) })
	c.PubSub, c.PubSubCA = listener.Addr().String(), string(events.CertificatePEM())
	j.must(j.db.ConnectSalesforce(t.Context(), j.dana, c, secret))
	return events
}

// Where changes are heard of, they are hardly asked for.
func TestAQuietOrgWithAStreamTakesFewerCalls(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	withStream(t, j)
	w := &waits{}
	streamed := 0
	// Time stands still while the streams are being opened.
	w.hold = func(d time.Duration) {
		if d >= 5*time.Minute {
			streamed++
			return
		}
		tick := time.NewTimer(20 * time.Millisecond)
		defer tick.Stop()
		<-tick.C
	}
	if day := quietDay(t, j, w); day > 1600 {
		t.Errorf("a day takes %d calls", day)
	}
	if w.longest != 5*time.Minute || streamed < quietHours*11 {
		t.Errorf("it waited up to %s, so long %d times", w.longest, streamed)
	}
}

// Where the stream breaks, changes are asked for as without one.
func TestABrokenStreamIsPolledFor(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	events := withStream(t, j)
	var lost bool
	before, after := 0, 0
	w := &waits{}
	w.hold = func(d time.Duration) {
		switch {
		case d >= 5*time.Minute && !lost:
			if before++; before == 3 {
				for range 100 {
					events.Refuse(codes.Unavailable, "")
				}
				events.Drop()
				lost = true
			}
		case lost && d < 30*time.Second:
			if after++; after == 5 {
				w.until = time.Time{} // that is enough
			}
		}
		tick := time.NewTimer(20 * time.Millisecond)
		defer tick.Stop()
		<-tick.C
	}
	quietDay(t, j, w)
	if before < 3 || after < 5 {
		t.Errorf("it was asked seldom %d times before, and often %d times after", before, after)
	}
}

// What another process has just read is not read again.
func TestOneOfSeveralProcessesAsks(t *testing.T) {
	j := newJoint(t, storetest.SQLite)
	w := &waits{then: func() { j.must(j.db.NoteSalesforce(t.Context(), j.org, store.VerdictOK, true)) }}
	if quietDay(t, j, w); j.sf.APIUsage() != 0 {
		t.Errorf("it asked, though another did: %v", j.sf.Calls())
	}
}

// With few calls left, polls are rarer, and somebody is told why changes are late.
func TestFewCallsLeftMeanFewPolls(t *testing.T) {
	j := newJoint(t, storetest.SQLite, func(c *sforg.Config) { c.DailyLimit = 3000 })
	w := &waits{}
	if day := quietDay(t, j, w); day > 3000*8/10 {
		t.Errorf("a day takes %d calls of 3000", day)
	}
	c, err := j.db.Salesforce(t.Context(), j.org)
	j.must(err)
	if c.Status == store.VerdictOK || c.SyncedAt.IsZero() {
		t.Errorf("it stands %q, synced %s", c.Status, c.SyncedAt)
	}
	t.Log(c.Status)
}

// What one object has lost is no reason not to read the others.
func TestAnObjectThatCannotBeReadKeepsNobodyElseBack(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		bob, err := j.sf.AddUser("bob@example.com", "Bob")
		j.must(err)
		j.must(bob.Assign(orgpackage.IntegrationSet))
		j.sync()
		j.sf.RunAs(bob)
		j.sf.ExpireSessions()
		bob.Deny("Lead")
		ada := j.create("Contact", map[string]any{"LastName": "Okafor", "MobilePhone": "(512) 555-0177"})
		for range 3 {
			if err := j.engine.SyncOnce(t.Context(), false); err == nil {
				t.Error("it says that everything was read")
			}
			j.clock.Advance(10 * time.Second)
		}
		m := j.text("+15125550177", "hi")
		if m.Record == nil || m.Record.ID != j.here(ada).ID {
			t.Errorf("the text is on %+v", m.Record)
		}
		c, err := j.db.Salesforce(t.Context(), j.org)
		j.must(err)
		if c.Status == store.VerdictOK {
			t.Error("nobody is told")
		}
		j.sf.RunAs(j.sf.Admin())
		j.sf.ExpireSessions()
		j.clock.Advance(time.Minute)
		j.sync()
	})
}

// The owner that the org's setting names owns what is made there.
func TestTheOwnerOfUnknownNumbersOwnsThemThere(t *testing.T) {
	eachJoint(t, func(t *testing.T, j *joint) {
		bob, err := j.sf.AddUser("bob@example.com", "Bob Roe")
		j.must(err)
		setting := func(owner string) {
			t.Helper()
			j.setUnknown(owner)
			j.clock.Advance(10 * time.Minute)
			j.sync()
		}
		status := func() string {
			t.Helper()
			c, err := j.db.Salesforce(t.Context(), j.org)
			j.must(err)
			return c.Status
		}
		setting("bob@example.com") // he is no user here yet
		if got := status(); got == store.VerdictOK {
			t.Error("nobody is told that the owner is unknown")
		}
		first := j.text("+15125550177", "hi")
		j.sync()
		if there := j.sf.Get("Contact", placeThere(j, j.message(first.ID))); there["OwnerId"] != j.sf.Admin().ID {
			t.Errorf("with an owner who is unknown here it is %v", there)
		}
		storetest.User(t, j.db, "Bob Roe", switchboard.Agent)
		j.clock.Advance(2 * time.Hour)
		j.sync()
		if got := status(); got != store.VerdictOK {
			t.Errorf("it stands %q", got)
		}
		second := j.text("+15125550178", "hi")
		j.sync()
		if there := j.sf.Get("Contact", placeThere(j, j.message(second.ID))); there["OwnerId"] != bob.ID {
			t.Errorf("it is %v, want it owned by %s", there, bob.ID)
		}
	})
}
