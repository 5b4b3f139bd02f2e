package sforg

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub/eventbus"
)

// maxRequested is how many events a subscriber may ask for at once.
const maxRequested = 100

// PubSubKeepalive is how often a stream without events says that it lives, if
// NewPubSub is told nothing else. Salesforce promises 270 s and takes about 60.
const PubSubKeepalive = 60 * time.Second

// PubSub is the org's Pub/Sub API: Change Data Capture over gRPC. It takes TLS
// only, as Salesforce does, with a certificate that it signed itself.
type PubSub struct {
	eventbus.UnimplementedPubSubServer

	org       *Org
	cert      tls.Certificate
	roots     *x509.CertPool
	keepalive time.Duration
	receivers sync.WaitGroup

	mu      sync.Mutex
	calls   int
	streams int
	schemas map[string]*eventSchema // by id; an old one may still be asked for
	conns   map[net.Conn]bool
	trouble trouble
}

// NewPubSub returns the org's Pub/Sub API. keepalive is how often a stream
// without events says that it lives; [PubSubKeepalive] if 0.
func (o *Org) NewPubSub(keepalive time.Duration) (*PubSub, error) {
	cert, roots, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("make a certificate for the Pub/Sub API: %w", err)
	}
	return &PubSub{
		org: o, cert: cert, roots: roots, keepalive: cmp.Or(keepalive, PubSubKeepalive),
		schemas: map[string]*eventSchema{}, conns: map[net.Conn]bool{},
		trouble: trouble{dropped: make(chan struct{}), hung: make(chan struct{}), left: -1},
	}, nil
}

// Roots returns what to trust in order to trust the server.
func (p *PubSub) Roots() *x509.CertPool { return p.roots }

// CertificatePEM returns the server's certificate, for programs that are to trust
// it and take a file.
func (p *PubSub) CertificatePEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.cert.Certificate[0]})
}

// Serve answers on l until ctx ends, and returns nil then. It closes l, and
// returns after the last stream has ended. The address that it answers on is
// l.Addr(): sforg --json prints it as pubsub_addr.
func (p *PubSub) Serve(ctx context.Context, l net.Listener) error {
	server := grpc.NewServer(
		grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{p.cert}, MinVersion: tls.VersionTLS12})),
		grpc.WaitForHandlers(true))
	eventbus.RegisterPubSubServer(server, p)
	stopped := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(stopped)
		server.Stop()
	})
	err := server.Serve(counted{l, p})
	if unhook() {
		server.Stop()
	} else {
		<-stopped
	}
	p.receivers.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// Streams returns how many subscriptions are open.
func (p *PubSub) Streams() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.streams
}

// caller is who makes a call.
type caller struct {
	user  *User
	token string
	rpc   string
}

// Salesforce's codes in the trailer error-code. The last two, and the statuses
// beside all of them, are not documented.
const (
	errAuth      = "sfdc.platform.eventbus.grpc.service.auth.error"
	errCorrupted = "sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted"
	errReplay    = "sfdc.platform.eventbus.grpc.subscription.fetch.replayid.validation.failed"
	errRequested = "sfdc.platform.eventbus.grpc.subscription.fetch.requested.events.invalid"
	errTopic     = "sfdc.platform.eventbus.grpc.topic.not.found"
)

// refuse returns an error with Salesforce's code where Salesforce puts it.
func (c caller) refuse(setTrailer func(metadata.MD), grpcCode codes.Code, code, says string) error {
	md := metadata.Pairs("rpc-id", c.rpc)
	if code != "" {
		md.Set("error-code", code)
	}
	setTrailer(md)
	return status.Error(grpcCode, says)
}

// enter finds out who calls. The three metadata are Salesforce's own; it does
// not look at authorization.
func (p *PubSub) enter(ctx context.Context, setTrailer func(metadata.MD)) (caller, error) {
	p.mu.Lock()
	p.calls++
	c := caller{rpc: fmt.Sprintf("%08x-5f0a-4c1e-9d43-000000000000", p.calls)}
	p.mu.Unlock()
	md, _ := metadata.FromIncomingContext(ctx)
	get := func(key string) string { return strings.Join(md.Get(key), ",") }
	c.token = get("accesstoken")
	c.user = p.user(c.token)
	p.org.mu.Lock()
	url := p.org.url
	p.org.mu.Unlock()
	instance := get("instanceurl")
	switch {
	case c.user == nil:
		return c, c.refuse(setTrailer, codes.Unauthenticated, errAuth, "The Salesforce session is not valid or has expired.")
	case get("tenantid") != p.org.OrgID():
		return c, c.refuse(setTrailer, codes.Unauthenticated, errAuth, "tenantid is not the organization of the access token.")
	case instance == "" || url != "" && instance != url:
		return c, c.refuse(setTrailer, codes.Unauthenticated, errAuth, "instanceurl is not the instance of the access token.")
	}
	return c, nil
}

// user returns whose token it is, nil if nobody's. A subscription that lives
// counts as use of its token.
func (p *PubSub) user(token string) *User {
	p.org.mu.Lock()
	defer p.org.mu.Unlock()
	return p.org.authenticate(&http.Request{Header: http.Header{"Authorization": {"Bearer " + token}}})
}

// GetTopic tells whether a topic is there.
func (p *PubSub) GetTopic(ctx context.Context, r *eventbus.TopicRequest) (*eventbus.TopicInfo, error) {
	trailer := func(md metadata.MD) { _ = grpc.SetTrailer(ctx, md) }
	c, err := p.enter(ctx, trailer)
	if err != nil {
		return nil, err
	}
	object, ok := p.topic(c.user, r.GetTopicName())
	if !ok {
		return nil, c.refuse(trailer, codes.NotFound, errTopic, noTopic(r.GetTopicName()))
	}
	info := &eventbus.TopicInfo{TopicName: r.GetTopicName(), TenantGuid: "core/sim1/" + p.org.OrgID(), CanSubscribe: true, RpcId: c.rpc}
	if object != "" {
		s, err := p.schema(object)
		if err != nil {
			return nil, c.refuse(trailer, codes.Internal, "", err.Error())
		}
		info.SchemaId = s.id
	}
	return info, nil
}

// GetSchema tells how events are written.
func (p *PubSub) GetSchema(ctx context.Context, r *eventbus.SchemaRequest) (*eventbus.SchemaInfo, error) {
	trailer := func(md metadata.MD) { _ = grpc.SetTrailer(ctx, md) }
	c, err := p.enter(ctx, trailer)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	s := p.schemas[r.GetSchemaId()]
	p.mu.Unlock()
	if s == nil {
		return nil, c.refuse(trailer, codes.NotFound, "", fmt.Sprintf("There is no schema %.60q.", r.GetSchemaId()))
	}
	return &eventbus.SchemaInfo{SchemaJson: s.text, SchemaId: s.id, RpcId: c.rpc}, nil
}

// topic returns the object that a topic is about, "" for the topic of all.
func (p *PubSub) topic(u *User, name string) (string, bool) {
	base, ok := strings.CutPrefix(name, "/data/")
	if !ok {
		return "", false
	}
	if base == "ChangeEvents" {
		return "", true
	}
	base, ok = strings.CutSuffix(base, "ChangeEvent")
	if !ok {
		return "", false
	}
	if custom, ok := strings.CutSuffix(base, "__"); ok {
		base = custom + "__c"
	}
	p.org.mu.Lock()
	defer p.org.mu.Unlock()
	ob := p.org.object(base)
	if ob == nil || ob.Name != base || ob.Metadata || !u.rights(ob).viewAll {
		return "", false
	}
	return ob.Name, true
}

func noTopic(name string) string {
	return fmt.Sprintf("The topic %.80q does not exist, or the user has no access to it.", name)
}

// replayID writes a position as subscribers see it: 8 bytes, the highest first,
// which the clients that show it as a number expect.
func replayID(pos int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(pos)) }

// positionOf reads a replay id back.
func positionOf(id []byte) (int64, bool) {
	if len(id) != 8 {
		return 0, false
	}
	pos := int64(binary.BigEndian.Uint64(id))
	return pos, pos >= 0
}

// kept reports whether everything after pos is still there.
func (p *PubSub) kept(pos int64) bool {
	return pos >= p.org.EarliestPosition()-1 && pos <= p.org.LastPosition()
}

// visible leaves out what a user may not see: the fields that are hidden, and
// the objects of which the user does not see every record.
func (p *PubSub) visible(u *User, all []Change) []Change {
	p.org.mu.Lock()
	defer p.org.mu.Unlock()
	if u.seesAllThereIs() {
		return all
	}
	var seen []Change
	for _, c := range all {
		ob := p.org.object(c.Object)
		if ob == nil || !u.rights(ob).viewAll {
			continue
		}
		hidden := func(name string) bool {
			f := ob.field(name)
			return f == nil || !u.sees(ob, f)
		}
		fields := map[string]any{}
		for name, v := range c.Fields {
			if !hidden(name) {
				fields[name] = v
			}
		}
		c.Fields, c.Changed = fields, slices.DeleteFunc(slices.Clone(c.Changed), hidden)
		seen = append(seen, c)
	}
	return seen
}
