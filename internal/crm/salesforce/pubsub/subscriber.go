package pubsub

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hamba/avro/v2"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub/eventbus"
)

// Address is where Salesforce's Pub/Sub API is, for all orgs.
const Address = "api.pubsub.salesforce.com:7443"

// Salesforce's own numbers, and what follows from them.
const (
	maxBatch     = 100               // events that may be asked for at once
	silence      = 300 * time.Second // an empty response comes within 270
	maxResponse  = 16 << 20          // bytes
	callTimeout  = 30 * time.Second
	firstWait    = time.Second // before a stream is opened again
	longestWait  = time.Minute
	maxSchemas   = 1000 // that are remembered
	tokenRefused = 3    // tokens in a row after which the fault is not the token's age
)

// Config is what a Subscriber works with. Only Tokens and Log are required.
type Config struct {
	Address string // host:port; [Address] if empty
	Tokens  Tokens
	Roots   *x509.CertPool // who is trusted to sign the server's certificate; the system's if nil
	Log     *slog.Logger

	Batch   int            // how many events to take at once; 100 at most, and if 0
	Silence time.Duration  // after so long without a word a stream is opened anew; 300 s if 0
	Random  func() float64 // from 0 to 1, spreads retries
	// Wait returns how long to wait before the attempt that follows the nth
	// failure in a row; if nil it doubles from a second to a minute.
	Wait func(n int) time.Duration
	// Lost, if not nil, is told each time that a stream has ended and is going to
	// be opened again: until the next batch, changes are not told when they
	// happen. Its error ends the subscription, as a handler's does.
	Lost func(context.Context) error
}

// Subscriber hears of changes in one org. It is safe for concurrent use.
type Subscriber struct {
	c      Config
	limits avro.API

	mu      sync.Mutex
	schemas map[string]*schema // by id; a schema id never means another schema
}

// New returns a Subscriber. It connects when it is used.
func New(c Config) (*Subscriber, error) {
	if c.Tokens == nil || c.Log == nil {
		return nil, errors.New("a subscriber needs Tokens and Log")
	}
	c.Address = cmp.Or(c.Address, Address)
	c.Silence = cmp.Or(c.Silence, silence)
	if c.Batch <= 0 || c.Batch > maxBatch {
		c.Batch = maxBatch
	}
	if c.Random == nil {
		c.Random = rand.Float64
	}
	if c.Wait == nil {
		c.Wait = func(n int) time.Duration {
			wait := min(firstWait<<min(n-1, 10), longestWait)
			return time.Duration(float64(wait) * (1 - c.Random()/5))
		}
	}
	return &Subscriber{c: c, limits: newLimits(), schemas: map[string]*schema{}}, nil
}

// dial returns a connection of its own for each stream. Where a stream has gone
// silent it is mostly the connection that is dead, and would be so for the next.
func (s *Subscriber) dial() (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(s.c.Address,
		grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: s.c.Roots, MinVersion: tls.VersionTLS12})),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxResponse)))
	if err != nil {
		return nil, fmt.Errorf("the Pub/Sub address %q cannot be used: %w", s.c.Address, err)
	}
	return conn, nil
}

// Check asks whether topic is there and may be subscribed to. A no is a
// [RefusedError].
func (s *Subscriber) Check(ctx context.Context, topic string) error {
	conn, err := s.dial()
	if err != nil {
		return err
	}
	defer conn.Close()
	var info *eventbus.TopicInfo
	trailer, err := s.call(ctx, func(ctx context.Context, options ...grpc.CallOption) (err error) {
		info, err = eventbus.NewPubSubClient(conn).GetTopic(ctx, &eventbus.TopicRequest{TopicName: topic}, options...)
		return err
	})
	switch why, code := verdict(err, trailer); {
	case err == nil && info.GetCanSubscribe():
		return nil
	case err == nil:
		return &RefusedError{topic, "can_subscribe", clip(info.GetRpcId()), "this user may not subscribe to it"}
	case why == passing:
		return fmt.Errorf("the Pub/Sub API of Salesforce does not answer: %w", err)
	default:
		return &RefusedError{topic, code, first(trailer, "rpc-id"), says(err)}
	}
}

// call makes a single call, and once more with another token if Salesforce
// refuses the first. It returns the trailer of the last.
func (s *Subscriber) call(ctx context.Context, do func(context.Context, ...grpc.CallOption) error) (metadata.MD, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	for try := 0; ; try++ {
		session, err := s.c.Tokens.Session(ctx)
		if err != nil {
			return nil, fmt.Errorf("there is no token for Salesforce: %w", err)
		}
		var trailer metadata.MD
		err = do(ctx, session.option(), grpc.Trailer(&trailer))
		if why, _ := verdict(err, trailer); err == nil || why != expired || try > 0 {
			return trailer, err
		}
		s.c.Tokens.Invalidate(session.AccessToken)
	}
}

// errUnreadable is an event's own fault, or its schema's: another attempt would
// end the same way.
var errUnreadable = errors.New("an event cannot be read")

// schema returns the schema of an id.
func (s *Subscriber) schema(ctx context.Context, conn *grpc.ClientConn, id string) (*schema, error) {
	if id == "" {
		return nil, fmt.Errorf("%w: it names no schema", errUnreadable)
	}
	s.mu.Lock()
	known := s.schemas[id]
	s.mu.Unlock()
	if known != nil {
		return known, nil
	}
	var info *eventbus.SchemaInfo
	trailer, err := s.call(ctx, func(ctx context.Context, options ...grpc.CallOption) (err error) {
		info, err = eventbus.NewPubSubClient(conn).GetSchema(ctx, &eventbus.SchemaRequest{SchemaId: id}, options...)
		return err
	})
	if err != nil {
		if why, code := verdict(err, trailer); why == refused {
			return nil, fmt.Errorf("%w: its schema cannot be had: %s (%s)", errUnreadable, says(err), code)
		}
		return nil, err
	}
	read, err := parseSchema(info.GetSchemaJson())
	if err != nil {
		return nil, fmt.Errorf("%w: its schema: %w", errUnreadable, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.schemas) >= maxSchemas {
		clear(s.schemas)
	}
	s.schemas[id] = read
	return read, nil
}

// read reads one event.
func (s *Subscriber) read(ctx context.Context, conn *grpc.ClientConn, c *eventbus.ConsumerEvent) (Event, error) {
	schema, err := s.schema(ctx, conn, c.GetEvent().GetSchemaId())
	if err != nil {
		return Event{}, err
	}
	e, err := schema.decode(s.limits, c.GetEvent().GetPayload())
	if err != nil {
		return Event{}, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	e.ReplayID = c.GetReplayId()
	return e, nil
}
