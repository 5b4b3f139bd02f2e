package pubsub_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub/eventbus"
)

// odd is a server that sends what the simulated org never would: events that
// cannot be read, and more of them than were asked for.
type odd struct {
	eventbus.UnimplementedPubSubServer
	schema string
	events []*eventbus.ConsumerEvent
	broken atomic.Int32 // answers about schemas that fail first
	asked  atomic.Int32
}

func (o *odd) Subscribe(stream eventbus.PubSub_SubscribeServer) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if first.GetReplayPreset() == eventbus.ReplayPreset_EARLIEST {
		if err := stream.Send(&eventbus.FetchResponse{Events: o.events, PendingNumRequested: 1}); err != nil {
			return err
		}
	}
	<-stream.Context().Done()
	return stream.Context().Err()
}

func (o *odd) GetSchema(_ context.Context, r *eventbus.SchemaRequest) (*eventbus.SchemaInfo, error) {
	o.asked.Add(1)
	if o.broken.Add(-1) >= 0 {
		return nil, status.Error(codes.Unavailable, "not now")
	}
	switch r.GetSchemaId() {
	case "good":
		return &eventbus.SchemaInfo{SchemaJson: o.schema, SchemaId: "good"}, nil
	case "bad":
		return &eventbus.SchemaInfo{SchemaJson: "{", SchemaId: "bad"}, nil
	}
	return nil, status.Error(codes.NotFound, "no such schema")
}

// serve returns a subscriber of o.
func (o *odd) serve(t *testing.T) *pubsub.Subscriber {
	t.Helper()
	text, err := os.ReadFile("testdata/contact.avsc")
	if err != nil {
		t.Fatal(err)
	}
	o.schema = string(text)
	https := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(https.Close)
	roots := x509.NewCertPool()
	roots.AddCert(https.Certificate())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: https.TLS.Certificates})))
	eventbus.RegisterPubSubServer(server, o)
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() { server.Stop(); <-served })
	s, err := pubsub.New(pubsub.Config{
		Address: l.Addr().String(), Roots: roots, Tokens: fixed{}, Log: slog.New(slog.DiscardHandler),
		Wait: func(int) time.Duration { return time.Millisecond },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fixed is a token that nobody looks at.
type fixed struct{}

func (fixed) Session(context.Context) (pubsub.Session, error) {
	return pubsub.Session{AccessToken: "00D!x", InstanceURL: "https://acme.example", OrgID: "00D5g0000000001AAA"}, nil
}
func (fixed) Invalidate(string) {}

func event(schema string, payload []byte, id byte) *eventbus.ConsumerEvent {
	return &eventbus.ConsumerEvent{Event: &eventbus.ProducerEvent{SchemaId: schema, Payload: payload}, ReplayId: []byte{id}}
}

// One event that cannot be read holds up none of the others, and is said to be
// missing.
func TestAnEventThatCannotBeReadIsAGap(t *testing.T) {
	good, err := os.ReadFile("testdata/overflow.avro")
	if err != nil {
		t.Fatal(err)
	}
	o := &odd{events: []*eventbus.ConsumerEvent{
		event("good", good, 1), event("good", []byte("garbage"), 2), event("bad", good, 3), event("unknown", good, 4),
		event("", good, 5), {ReplayId: []byte{6}}, event("good", good, 7), event("unknown", good, 8),
	}}
	l := listen(t, o.serve(t), contacts, pubsub.Position{Earliest: true})
	b := l.await(func(all []pubsub.Batch) bool { return len(all) > 0 })[0]
	if len(b.Events) != 2 || b.Gap != pubsub.GapUnreadable || len(b.ReplayID) != 1 || b.ReplayID[0] != 8 {
		t.Errorf("got %+v", b)
	}
	if e := b.Events[0]; e.Object != "Contact" || !e.All {
		t.Errorf("got %+v", e)
	}
}

// A schema that cannot be had at the moment is no fault of the event's.
func TestASchemaThatIsNotThereYetIsAskedForAgain(t *testing.T) {
	good, err := os.ReadFile("testdata/overflow.avro")
	if err != nil {
		t.Fatal(err)
	}
	o := &odd{events: []*eventbus.ConsumerEvent{event("good", good, 1), event("good", good, 2)}}
	o.broken.Store(3)
	l := listen(t, o.serve(t), contacts, pubsub.Position{Earliest: true})
	b := l.await(func(all []pubsub.Batch) bool { return len(all) > 0 })[0]
	if len(b.Events) != 2 || b.Gap != pubsub.NoGap {
		t.Errorf("got %+v", b)
	}
	if n := o.asked.Load(); n != 4 {
		t.Errorf("the schema was asked for %d times: three times in vain, and once for both events", n)
	}
}

func TestMoreThanWasAskedForIsTakenInBatches(t *testing.T) {
	good, err := os.ReadFile("testdata/overflow.avro")
	if err != nil {
		t.Fatal(err)
	}
	o := &odd{}
	for range 250 {
		o.events = append(o.events, event("good", good, 1))
	}
	l := listen(t, o.serve(t), contacts, pubsub.Position{Earliest: true})
	all := l.await(func(all []pubsub.Batch) bool { return len(eventsOf(all)) == 250 })
	if len(all) != 3 {
		t.Errorf("in %d batches", len(all))
	}
}

func TestASubscriberNeedsTokens(t *testing.T) {
	if _, err := pubsub.New(pubsub.Config{Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("it is made without")
	}
	failing := errors.New("no network")
	s, err := pubsub.New(pubsub.Config{Log: slog.New(slog.DiscardHandler), Tokens: broken{failing}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context(), contacts); !errors.Is(err, failing) {
		t.Errorf("the check says %v", err)
	}
}

// broken has no token.
type broken struct{ err error }

func (b broken) Session(context.Context) (pubsub.Session, error) { return pubsub.Session{}, b.err }
func (broken) Invalidate(string)                                 {}
