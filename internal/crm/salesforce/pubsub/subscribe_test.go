package pubsub_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

const contacts = "/data/ContactChangeEvent"

func TestAChangeArrivesAsItWasMade(t *testing.T) {
	w := newWorld(t, 0)
	l := listen(t, w.subscriber(nil), contacts, pubsub.Position{Earliest: true})

	id := w.create("Contact", map[string]any{"LastName": "Doe", "FirstName": "Jane", "MobilePhone": "(512) 555-0177", "MailingCity": "Austin"})
	w.update("Contact", id, map[string]any{"MobilePhone": nil, "Phone": "+1 415 555 2671", "FirstName": "Joan", "MailingCity": nil})
	if err := w.org.Delete(nil, "Contact", id); err != nil {
		t.Fatal(err)
	}
	if err := w.org.Undelete(nil, "Contact", id); err != nil {
		t.Fatal(err)
	}
	w.create("Lead", map[string]any{"LastName": "Roe", "Company": "Acme"}) // of another topic

	events := l.events(4)
	changes := w.org.ChangesAfter("Contact", 0)
	for i, e := range events {
		c := changes[i]
		if e.Object != "Contact" || string(e.Type) != string(c.Type) || !slices.Equal(e.RecordIDs, c.IDs) || e.All ||
			e.CommitUser != c.User || e.ChangeOrigin != c.Origin || e.CommitNumber != c.CommitNumber ||
			!e.CommitTimestamp.Equal(c.CommitAt) || e.TransactionKey != c.TransactionKey || e.Sequence != c.Sequence {
			t.Errorf("event %d is %+v, of the change %+v", i, e, c)
		}
		if diff := cmp.Diff(sorted(c.Changed), sorted(e.Changed)); diff != "" {
			t.Errorf("event %d: changed fields (-want +got):\n%s", i, diff)
		}
		if diff := cmp.Diff(values(c), e.Values); diff != "" {
			t.Errorf("event %d: values (-want +got):\n%s", i, diff)
		}
	}
	update := events[1].Values
	if v, ok := update["MobilePhone"]; !ok || v != nil || update["FirstName"] != "Joan" {
		t.Errorf("the update has %v: MobilePhone should be cleared, FirstName new", update)
	}
	if _, ok := update["LastName"]; ok {
		t.Errorf("the update has %v: LastName did not change", update)
	}
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

// values are a change's values as an event has them.
func values(c sforg.Change) map[string]any {
	v := map[string]any{}
	for name, value := range c.Fields {
		if at, ok := value.(time.Time); ok {
			value = at.UnixMilli()
		}
		v[name] = value
	}
	return v
}

func TestAllObjectsOnOneTopic(t *testing.T) {
	w := newWorld(t, 0)
	err := w.org.DefineObject(sforg.Object{Name: "SMS__c", Fields: []sforg.Field{{Name: "Name", Type: sforg.TypeString}, {Name: "Phone__c", Type: sforg.TypePhone}}})
	if err != nil {
		t.Fatal(err)
	}
	s := w.subscriber(nil)
	all := listen(t, s, "/data/ChangeEvents", pubsub.Position{Earliest: true})
	sms := listen(t, s, pubsub.Topic("SMS__c"), pubsub.Position{Earliest: true})
	w.create("Contact", map[string]any{"LastName": "Doe"})
	w.create("SMS__c", map[string]any{"Name": "SMS-000042", "Phone__c": "+15125550177"})
	w.create("Account", map[string]any{"Name": "Acme", "BillingStreet": "1 Main\nFloor 2"})

	var objects []string
	for _, e := range all.events(3) {
		objects = append(objects, e.Object)
	}
	if want := []string{"Contact", "SMS__c", "Account"}; !slices.Equal(objects, want) {
		t.Errorf("got %v, want %v", objects, want)
	}
	if e := sms.events(1)[0]; e.Object != "SMS__c" || e.Values["Phone__c"] != "+15125550177" || e.Values["Name"] != "SMS-000042" {
		t.Errorf("got %+v", e)
	}
	if e := all.events(3)[2]; e.Values["Name"] != "Acme" || e.Values["BillingStreet"] != "1 Main\nFloor 2" {
		t.Errorf("got %+v", e)
	}
}

// However often streams break, wherever they break, and whenever the subscriber
// itself is started anew: what was taken is what happened, once and in order.
func TestNothingIsLostAndNothingComesTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, 5*time.Millisecond)
		batch := rapid.IntRange(1, 7).Draw(t, "batch")
		s := w.subscriber(func(c *pubsub.Config) { c.Batch = batch })
		kept := pubsub.Position{Earliest: true}
		var got []int64
		l := listen(t, s, contacts, kept)
		restart := func() {
			l.end()
			for _, b := range l.await(func([]pubsub.Batch) bool { return true }) {
				if b.Gap != pubsub.NoGap {
					t.Fatalf("a gap: %s", b.Gap)
				}
				for _, e := range b.Events {
					got = append(got, e.CommitNumber)
				}
				if b.ReplayID != nil {
					kept = pubsub.Position{ReplayID: b.ReplayID}
				}
			}
		}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			switch rapid.IntRange(0, 7).Draw(t, "step") {
			case 0, 1, 2:
				for range rapid.IntRange(1, 12).Draw(t, "contacts") {
					w.create("Contact", map[string]any{"LastName": "Doe"})
				}
			case 3:
				w.create("Lead", map[string]any{"LastName": "Roe", "Company": "Acme"})
			case 4:
				w.server.Drop()
			case 5:
				w.server.DropAfter(rapid.IntRange(0, 9).Draw(t, "after"))
			case 6:
				if rapid.Bool().Draw(t, "token") {
					w.org.ExpireSessions()
				} else {
					w.server.Cut()
				}
			case 7:
				restart()
				l = listen(t, s, contacts, kept)
			}
		}
		last := w.create("Contact", map[string]any{"LastName": "Last"})
		l.await(func(all []pubsub.Batch) bool {
			events := eventsOf(all)
			return len(events) > 0 && slices.Contains(events[len(events)-1].RecordIDs, last)
		})
		restart()
		var want []int64
		for _, c := range w.org.ChangesAfter("Contact", 0) {
			want = append(want, c.CommitNumber)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got  %v\nwant %v", got, want)
		}
	})
}

func TestAStreamThatFallsSilentIsOpenedAgain(t *testing.T) {
	w := newWorld(t, 10*time.Millisecond)
	l := listen(t, w.subscriber(func(c *pubsub.Config) { c.Silence = 500 * time.Millisecond }), contacts, pubsub.Position{Earliest: true})
	l.await(func(all []pubsub.Batch) bool { return len(all) > 0 }) // it lives
	w.server.Hang()
	w.create("Contact", map[string]any{"LastName": "Doe"})
	if events := l.events(1); len(events) != 1 {
		t.Errorf("got %d events", len(events))
	}
	if gap := gapsOf(l); gap != nil {
		t.Errorf("it tells of gaps %v, and there is none", gap)
	}
}

func gapsOf(l *listener) []pubsub.Gap {
	var gaps []pubsub.Gap
	for _, b := range l.await(func([]pubsub.Batch) bool { return true }) {
		if b.Gap != pubsub.NoGap {
			gaps = append(gaps, b.Gap)
		}
	}
	return gaps
}

func TestAnExpiredTokenIsReplacedOnce(t *testing.T) {
	w := newWorld(t, 0)
	l := listen(t, w.subscriber(nil), contacts, pubsub.Position{Earliest: true})
	w.create("Contact", map[string]any{"LastName": "Doe"})
	l.events(1)
	w.org.ExpireSessions()
	w.create("Contact", map[string]any{"LastName": "Roe"})
	if events := l.events(2); len(events) != 2 {
		t.Errorf("got %d events", len(events))
	}
	if n := w.tokens.renewed(); n != 1 {
		t.Errorf("%d new tokens were asked for", n)
	}
}

func TestTokensThatAreNoGoodEndTheSubscription(t *testing.T) {
	w := newWorld(t, 0)
	w.tokens.useless = true
	w.org.ExpireSessions()
	err := w.subscriber(nil).Subscribe(t.Context(), contacts, pubsub.Position{}, nil)
	var refused *pubsub.RefusedError
	if !errors.As(err, &refused) || !strings.Contains(refused.Code, "auth.error") || refused.RPCID == "" {
		t.Errorf("it ended with %v", err)
	}
	if err := w.subscriber(nil).Check(t.Context(), contacts); !errors.As(err, &refused) {
		t.Errorf("the check says %v", err)
	}
}

func TestAGapIsToldWithItsRecords(t *testing.T) {
	w := newWorld(t, 0)
	l := listen(t, w.subscriber(nil), contacts, pubsub.Position{Earliest: true})
	id := w.create("Contact", map[string]any{"LastName": "Doe"})
	w.org.Gap("Contact", sforg.ChangeGapUpdate, id)
	w.org.Gap("Contact", sforg.ChangeGapOverflow)
	events := l.events(3)
	if e := events[1]; e.Type != pubsub.GapUpdate || !slices.Equal(e.RecordIDs, []string{id}) || e.All || len(e.Values) > 0 {
		t.Errorf("got %+v", e)
	}
	if e := events[2]; e.Type != pubsub.GapOverflow || e.RecordIDs != nil || !e.All || e.Object != "Contact" {
		t.Errorf("got %+v", e)
	}
}

func TestAReplayIDThatIsOfNoUseIsAGap(t *testing.T) {
	for name, id := range map[string]func(*world) []byte{
		"another org's": func(*world) []byte { return []byte{0x7f, 0, 0, 0, 0, 0, 0, 0} },
		"corrupted":     func(*world) []byte { return []byte("x") },
		"too old": func(w *world) []byte {
			w.create("Contact", map[string]any{"LastName": "Old"})
			w.create("Contact", map[string]any{"LastName": "Old"})
			w.org.ForgetChanges()
			return []byte{0, 0, 0, 0, 0, 0, 0, 0}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 0)
			l := listen(t, w.subscriber(nil), contacts, pubsub.Position{ReplayID: id(w)})
			if gap := l.gap(); gap != pubsub.GapExpired {
				t.Errorf("it tells of the gap %q", gap)
			}
			// Before the first event, and without a position to keep.
			if b := l.await(func(all []pubsub.Batch) bool { return true })[0]; b.Gap == pubsub.NoGap || b.ReplayID != nil || len(b.Events) > 0 {
				t.Errorf("the first batch is %+v", b)
			}
			w.create("Contact", map[string]any{"LastName": "Doe"})
			l.events(1)
			if gaps := gapsOf(l); len(gaps) != 1 {
				t.Errorf("gaps %v", gaps)
			}
		})
	}
}

// Salesforce may word it in another way one day.
func TestAReplayIDRefusedWithoutACodeIsAGapToo(t *testing.T) {
	w := newWorld(t, 0)
	w.server.Refuse(codes.InvalidArgument, "")
	l := listen(t, w.subscriber(nil), contacts, pubsub.Position{ReplayID: make([]byte, 8)})
	if gap := l.gap(); gap != pubsub.GapExpired {
		t.Errorf("it tells of the gap %q", gap)
	}
}

func TestAStreamThatBreaksBeforeAnyPositionIsAGap(t *testing.T) {
	w := newWorld(t, 10*time.Millisecond)
	w.server.Refuse(codes.Unavailable, "")
	l := listen(t, w.subscriber(nil), contacts, pubsub.Position{})
	if gap := l.gap(); gap != pubsub.GapDropped {
		t.Errorf("it tells of the gap %q", gap)
	}
	w.server.Drop()
	w.create("Contact", map[string]any{"LastName": "Doe"})
	l.events(1)
	if gaps := gapsOf(l); len(gaps) != 1 {
		t.Errorf("it tells of gaps %v, and there is one", gaps)
	}
}

// A topic on which nothing happens has a position that stays fresh.
func TestAQuietTopicKeepsItsPlace(t *testing.T) {
	w := newWorld(t, 10*time.Millisecond)
	s := w.subscriber(nil)
	l := listen(t, s, contacts, pubsub.Position{})
	w.create("Lead", map[string]any{"LastName": "Roe", "Company": "Acme"})
	w.create("Lead", map[string]any{"LastName": "Poe", "Company": "Acme"})
	after := binary.BigEndian.AppendUint64(nil, uint64(w.org.LastPosition()))
	all := l.await(func(all []pubsub.Batch) bool {
		return len(all) > 0 && bytes.Equal(all[len(all)-1].ReplayID, after)
	})
	l.end()
	kept := all[len(all)-1].ReplayID
	w.org.ForgetChanges() // 72 hours later
	l = listen(t, s, contacts, pubsub.Position{ReplayID: kept})
	w.create("Contact", map[string]any{"LastName": "Doe"})
	l.events(1)
	if gaps := gapsOf(l); gaps != nil {
		t.Errorf("it tells of gaps %v", gaps)
	}
}

func TestManyChangesComeInBatches(t *testing.T) {
	w := newWorld(t, 0)
	const n = 1_050
	for range n {
		w.create("Contact", map[string]any{"LastName": "Doe"})
	}
	l := listen(t, w.subscriber(nil), contacts, pubsub.Position{Earliest: true})
	if events := l.events(n); len(events) != n {
		t.Errorf("got %d events of %d", len(events), n)
	}
	for _, b := range l.await(func([]pubsub.Batch) bool { return true }) {
		if len(b.Events) > 100 {
			t.Errorf("a batch of %d", len(b.Events))
		}
	}
}

func TestAFieldThatIsMadeMeanwhileArrives(t *testing.T) {
	w := newWorld(t, 0)
	l := listen(t, w.subscriber(nil), contacts, pubsub.Position{Earliest: true})
	id := w.create("Contact", map[string]any{"LastName": "Doe"})
	l.events(1)
	if err := w.org.DefineObject(sforg.Object{Name: "Contact", Fields: []sforg.Field{{Name: "Pager__c", Type: sforg.TypePhone}}}); err != nil {
		t.Fatal(err)
	}
	w.update("Contact", id, map[string]any{"Pager__c": "555"})
	if e := l.events(2)[1]; e.Values["Pager__c"] != "555" || !slices.Contains(e.Changed, "Pager__c") {
		t.Errorf("got %+v", e)
	}
}

func TestARefusalIsReturnedAndNotRepeated(t *testing.T) {
	w := newWorld(t, 0)
	user, err := w.org.AddUserWith(sforg.SystemAdministrator, "blind@example.com", "Bo Blind")
	if err != nil {
		t.Fatal(err)
	}
	user.Deny("Lead")
	s := w.subscriber(func(c *pubsub.Config) { c.Tokens = &tokens{org: w.org, token: user.Token()} })
	for topic, ok := range map[string]bool{
		contacts: true, "/data/ChangeEvents": true,
		"/data/NothingChangeEvent": false, "/event/X__e": false, "": false, "/data/LeadChangeEvent": false,
	} {
		var refused *pubsub.RefusedError
		if err := s.Check(t.Context(), topic); (err == nil) != ok || err != nil && !errors.As(err, &refused) {
			t.Errorf("the check of %q says %v", topic, err)
		}
		if ok {
			continue
		}
		if err := s.Subscribe(t.Context(), topic, pubsub.Position{}, nil); !errors.As(err, &refused) || refused.Topic != topic {
			t.Errorf("a subscription to %q ended with %v", topic, err)
		}
	}
}

func TestTheHandlersErrorEndsTheSubscription(t *testing.T) {
	w := newWorld(t, 0)
	w.create("Contact", map[string]any{"LastName": "Doe"})
	full := errors.New("the disk is full")
	err := w.subscriber(nil).Subscribe(t.Context(), contacts, pubsub.Position{Earliest: true},
		func(context.Context, pubsub.Batch) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("it ended with %v", err)
	}
}

// The token is for Salesforce alone: it leaves only under TLS, and only to whom
// the roots vouch for.
func TestATokenNeverLeavesInTheOpen(t *testing.T) {
	w := newWorld(t, 0)
	t.Run("to a stranger", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		s := w.subscriber(func(c *pubsub.Config) { c.Roots = nil })
		if err := s.Subscribe(ctx, contacts, pubsub.Position{}, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
		if n := w.server.Streams(); n != 0 {
			t.Errorf("%d streams are open", n)
		}
	})
	t.Run("without TLS", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		ended := make(chan error, 1)
		s := w.subscriber(func(c *pubsub.Config) { c.Address = l.Addr().String() })
		go func() { ended <- s.Subscribe(ctx, contacts, pubsub.Position{}, nil) }()
		c, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		first := make([]byte, 1)
		if _, err := io.ReadFull(c, first); err != nil || first[0] != 0x16 {
			t.Errorf("it begins with %x, %v; want a TLS handshake", first, err)
		}
		cancel()
		l.Close()
		rest, _ := io.ReadAll(c)
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		if strings.Contains(string(rest), w.org.AccessToken()) {
			t.Error("the token is in what was sent")
		}
	})
}

// Whoever relies on the stream hears that it is gone, each time, before the next
// batch; a refusal is no such thing, for it ends the subscription.
func TestALostStreamIsTold(t *testing.T) {
	w := newWorld(t, 10*time.Millisecond)
	lost := make(chan struct{}, 100)
	s := w.subscriber(func(c *pubsub.Config) {
		c.Lost = func(context.Context) error { lost <- struct{}{}; return nil }
	})
	l := listen(t, s, contacts, pubsub.Position{Earliest: true})
	l.await(func(all []pubsub.Batch) bool { return len(all) > 0 })
	if len(lost) > 0 {
		t.Error("a stream that lives is lost")
	}
	for n := 1; n <= 3; n++ {
		w.server.Drop()
		select {
		case <-lost:
		case <-time.After(deadline):
			t.Fatalf("nobody told of drop %d", n)
		}
		w.create("Contact", map[string]any{"LastName": "Doe"})
		l.events(n)
	}
	enough := errors.New("enough")
	s = w.subscriber(func(c *pubsub.Config) { c.Lost = func(context.Context) error { return enough } })
	began := make(chan struct{}, 1000)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Subscribe(t.Context(), contacts, pubsub.Position{Earliest: true}, func(context.Context, pubsub.Batch) error { began <- struct{}{}; return nil })
	}()
	<-began
	w.server.Drop()
	if err := <-ended; !errors.Is(err, enough) {
		t.Errorf("it ended with %v", err)
	}
}
