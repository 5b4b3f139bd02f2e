package sforg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub/eventbus"
)

// Subscribe sends the changes of a topic, as many as are asked for.
func (p *PubSub) Subscribe(stream eventbus.PubSub_SubscribeServer) error {
	c, err := p.enter(stream.Context(), stream.SetTrailer)
	if err != nil {
		return err
	}
	if err := p.refusal(c, stream.SetTrailer); err != nil {
		return err
	}
	p.count(1)
	defer p.count(-1)
	s := &sending{p: p, c: c, stream: stream, requests: p.receive(stream)}
	s.dropped, s.hung = p.signals()
	return s.run(stream.Context())
}

func (p *PubSub) count(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.streams += n
}

// received is a request, or how there came to be no more.
type received struct {
	*eventbus.FetchRequest
	err error
}

// receive reads requests until the stream ends. It can end only after Subscribe
// has returned, so it is Serve that waits for it.
func (p *PubSub) receive(stream eventbus.PubSub_SubscribeServer) <-chan received {
	requests := make(chan received)
	ctx := stream.Context()
	p.receivers.Go(func() {
		for {
			r, err := stream.Recv()
			select {
			case requests <- received{r, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})
	return requests
}

// sending is one subscription.
type sending struct {
	p        *PubSub
	c        caller
	stream   eventbus.PubSub_SubscribeServer
	requests <-chan received
	dropped  <-chan struct{}
	hung     <-chan struct{}

	topic   string
	object  string // "": all
	pos     int64  // of what was sent last, or passed over
	pending int    // what is owed
	queue   []Change
}

func (s *sending) run(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	quiet := time.NewTimer(s.p.keepalive)
	defer quiet.Stop()
	for {
		// Taken before looking, so that nothing happens unnoticed in between.
		changed := s.p.org.Changed()
		select {
		case <-s.hung:
			<-ctx.Done()
			return ctx.Err()
		default:
		}
		if s.p.user(s.c.token) == nil {
			return s.refuse(codes.Unauthenticated, errAuth, "The Salesforce session is not valid or has expired.")
		}
		sent, err := s.send()
		if err != nil {
			return err
		}
		if sent {
			quiet.Reset(s.p.keepalive)
			continue
		}
		select {
		case <-changed:
		case <-s.hung:
		case <-s.dropped:
			return s.refuse(codes.Unavailable, "", "The stream was dropped.")
		case r := <-s.requests:
			if errors.Is(r.err, io.EOF) {
				return nil
			}
			if r.err != nil {
				return r.err
			}
			if err := s.ask(r.FetchRequest); err != nil {
				return err
			}
		case <-quiet.C:
			quiet.Reset(s.p.keepalive)
			if s.pending > 0 {
				if err := s.stream.Send(s.response(nil)); err != nil {
					return err
				}
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// begin takes the first request, which says what to send and from where on.
func (s *sending) begin(ctx context.Context) error {
	var first received
	select {
	case first = <-s.requests:
	case <-ctx.Done():
		return ctx.Err()
	}
	if first.err != nil {
		return first.err
	}
	object, ok := s.p.topic(s.c.user, first.GetTopicName())
	if !ok {
		return s.refuse(codes.NotFound, errTopic, noTopic(first.GetTopicName()))
	}
	s.topic, s.object = first.GetTopicName(), object
	switch first.GetReplayPreset() {
	case eventbus.ReplayPreset_LATEST:
		s.pos = s.p.org.LastPosition()
	case eventbus.ReplayPreset_EARLIEST:
		s.pos = s.p.org.EarliestPosition() - 1
	case eventbus.ReplayPreset_CUSTOM:
		pos, ok := positionOf(first.GetReplayId())
		if !ok {
			return s.refuse(codes.InvalidArgument, errCorrupted, "The replay ID is corrupted.")
		}
		if !s.p.kept(pos) {
			return s.refuse(codes.InvalidArgument, errReplay, "The replay ID validation failed: it is not in the retention window.")
		}
		s.pos = pos
	default:
		return s.refuse(codes.InvalidArgument, "", "The replay preset is not known.")
	}
	return s.ask(first.FetchRequest)
}

// ask adds to what is owed. Of a later request nothing else counts.
func (s *sending) ask(r *eventbus.FetchRequest) error {
	n := r.GetNumRequested()
	switch {
	case r.GetTopicName() != "" && r.GetTopicName() != s.topic:
		return s.refuse(codes.InvalidArgument, errTopic, "The topic of a subscription cannot change.")
	case n < 1 || n > maxRequested:
		return s.refuse(codes.InvalidArgument, errRequested, fmt.Sprintf("num_requested is %d. It must be from 1 to %d.", n, maxRequested))
	}
	s.pending += int(n)
	return nil
}

// send sends what is owed and there. It reports whether it was anything.
func (s *sending) send() (bool, error) {
	if s.pending == 0 {
		return false, nil
	}
	if len(s.queue) == 0 {
		if !s.p.kept(s.pos) {
			return false, s.refuse(codes.InvalidArgument, errReplay, "The replay ID validation failed: it is not in the retention window.")
		}
		// Up to here there is nothing for this topic but what is found now.
		last := s.p.org.LastPosition()
		found := s.p.org.ChangesAfter(s.object, s.pos)
		if s.queue = s.p.visible(s.c.user, found); len(s.queue) == 0 {
			if len(found) > 0 {
				last = found[len(found)-1].Position
			}
			s.pos = max(s.pos, last)
			return false, nil
		}
	}
	n, last := s.p.allow(min(s.pending, len(s.queue)))
	if n > 0 {
		events, err := s.p.events(s.queue[:n])
		if err != nil {
			return false, s.refuse(codes.Internal, "", err.Error())
		}
		s.pos = s.queue[n-1].Position
		s.queue = s.queue[n:]
		s.pending -= n
		if err := s.stream.Send(s.response(events)); err != nil {
			return false, err
		}
	}
	if last {
		return false, s.refuse(codes.Unavailable, "", "The stream was dropped.")
	}
	return true, nil
}

func (s *sending) response(events []*eventbus.ConsumerEvent) *eventbus.FetchResponse {
	return &eventbus.FetchResponse{
		Events: events, LatestReplayId: replayID(s.pos), RpcId: s.c.rpc, PendingNumRequested: int32(s.pending),
	}
}

func (s *sending) refuse(status codes.Code, code, says string) error {
	return s.c.refuse(s.stream.SetTrailer, status, code, says)
}
