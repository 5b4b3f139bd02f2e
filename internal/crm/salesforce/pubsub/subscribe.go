package pubsub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub/eventbus"
)

// Position is where a subscription begins. The zero Position is now.
type Position struct {
	Earliest bool   // at the oldest event that is kept, which is 72 hours old
	ReplayID []byte // after this one; it goes before Earliest
}

// Handler takes a batch. The next one comes after it has returned, and none
// after it has returned an error.
type Handler func(context.Context, Batch) error

// Subscribe hands the changes of topic to handle, one batch at a time, until ctx
// ends, handle returns an error, or Salesforce refuses. It returns ctx's error,
// handle's, or a [RefusedError], which is worth another attempt in hours and not
// in seconds. Everything else it gets over by itself: it goes on after the last
// batch that handle took, so that events may come twice and none is left out, or
// else a batch says that there is a [Gap].
func (s *Subscriber) Subscribe(ctx context.Context, topic string, from Position, handle Handler) error {
	u := subscription{s: s, topic: topic, at: from, handle: handle}
	for {
		stopped := u.stream(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait, err := u.judge(ctx, stopped)
		if err != nil {
			return err
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// subscription is what one call of Subscribe knows.
type subscription struct {
	s      *Subscriber
	topic  string
	handle Handler

	at       Position // where the next stream begins
	gap      Gap      // to be told with the next batch
	failures int      // streams in a row that told nothing
	tokens   int      // of these, in a row, the ones whose token was refused
}

// stop is why a stream ended.
type stop struct {
	err     error
	trailer metadata.MD
	token   string // that it was opened with
	handler bool   // err is the handler's
}

// stream opens a stream and hands on what it tells until it ends.
func (u *subscription) stream(ctx context.Context) stop {
	session, err := u.s.c.Tokens.Session(ctx)
	if err != nil {
		return stop{err: fmt.Errorf("there is no token for Salesforce: %w", err)}
	}
	conn, err := u.s.dial()
	if err != nil {
		return stop{err: err}
	}
	defer conn.Close()

	ctx, cancel := context.WithCancel(ctx)
	var receiving sync.WaitGroup
	defer receiving.Wait()
	defer cancel()

	stream, err := eventbus.NewPubSubClient(conn).Subscribe(ctx, session.option())
	if err != nil {
		return stop{err: err, token: session.AccessToken}
	}
	stopped := func(err error) stop {
		return stop{err: err, trailer: stream.Trailer(), token: session.AccessToken}
	}

	type answer struct {
		*eventbus.FetchResponse
		err error
	}
	answers := make(chan answer)
	receiving.Go(func() {
		for {
			r, err := stream.Recv()
			select {
			case answers <- answer{r, err}:
			case <-ctx.Done():
				return
			}
			if err != nil {
				return
			}
		}
	})

	request := u.begin()
	for {
		if request != nil {
			// What is wrong with a broken stream is told by Recv, not by Send.
			_ = stream.Send(request)
		}
		quiet := time.NewTimer(u.s.c.Silence)
		select {
		case <-ctx.Done():
			quiet.Stop()
			return stop{err: ctx.Err()}
		case <-quiet.C:
			return stop{err: errSilent, token: session.AccessToken}
		case a := <-answers:
			quiet.Stop()
			if a.err != nil {
				return stopped(a.err)
			}
			u.failures, u.tokens = 0, 0
			handler, err := u.take(ctx, conn, a.FetchResponse)
			if err != nil {
				return stop{err: err, token: session.AccessToken, handler: handler}
			}
			request = nil
			// Salesforce's count, not ours, says when it owes nothing more.
			if a.GetPendingNumRequested() <= 0 {
				request = &eventbus.FetchRequest{TopicName: u.topic, NumRequested: int32(u.s.c.Batch)}
			}
		}
	}
}

// begin returns the request that opens a stream.
func (u *subscription) begin() *eventbus.FetchRequest {
	r := &eventbus.FetchRequest{TopicName: u.topic, NumRequested: int32(u.s.c.Batch)}
	switch {
	case len(u.at.ReplayID) > 0:
		r.ReplayPreset, r.ReplayId = eventbus.ReplayPreset_CUSTOM, u.at.ReplayID
	case u.at.Earliest:
		r.ReplayPreset = eventbus.ReplayPreset_EARLIEST
	default:
		r.ReplayPreset = eventbus.ReplayPreset_LATEST
	}
	return r
}

// take hands on one response. It reports whether its error is the handler's.
func (u *subscription) take(ctx context.Context, conn *grpc.ClientConn, r *eventbus.FetchResponse) (handler bool, err error) {
	if len(r.GetEvents()) == 0 {
		err := u.give(ctx, Batch{Topic: u.topic, ReplayID: r.GetLatestReplayId(), Gap: u.gap})
		return err != nil, err
	}
	// No more than was asked for should come. If more does, it is not held in
	// memory at once.
	for events := range slices.Chunk(r.GetEvents(), maxBatch) {
		b := Batch{Topic: u.topic, Gap: u.gap}
		for _, c := range events {
			e, err := u.s.read(ctx, conn, c)
			switch {
			case errors.Is(err, errUnreadable):
				u.s.c.Log.Warn("a change in Salesforce could not be read; comparing records will find it",
					"topic", u.topic, "schema", clip(c.GetEvent().GetSchemaId()), "rpc", clip(r.GetRpcId()), "err", clip(err.Error()))
				if b.Gap == NoGap {
					b.Gap = GapUnreadable
				}
			case err != nil:
				return false, err
			default:
				b.Events = append(b.Events, e)
			}
			b.ReplayID = c.GetReplayId()
		}
		if err := u.give(ctx, b); err != nil {
			return true, err
		}
	}
	return false, nil
}

// give hands over a batch, and goes on after it once it is taken.
func (u *subscription) give(ctx context.Context, b Batch) error {
	if len(b.ReplayID) == 0 {
		b.ReplayID = nil
	}
	if err := u.handle(ctx, b); err != nil {
		return err
	}
	u.gap = NoGap
	if b.ReplayID != nil {
		u.at = Position{ReplayID: b.ReplayID}
	}
	return nil
}

// judge says how long to wait before the next stream, or why there is none.
func (u *subscription) judge(ctx context.Context, s stop) (time.Duration, error) {
	if s.handler {
		return 0, s.err
	}
	why, code := verdict(s.err, s.trailer)
	if why == refused && status.Code(s.err) == codes.InvalidArgument && len(u.at.ReplayID) > 0 {
		why = forgot // its codes for this are not all documented
	}
	if why == forgot && len(u.at.ReplayID) == 0 {
		why = refused
	}
	u.failures++
	if u.s.c.Lost != nil && why != refused {
		if err := u.s.c.Lost(ctx); err != nil {
			return 0, err
		}
	}
	if why != expired {
		u.tokens = 0
	}
	switch why {
	case refused:
		return 0, u.refusal(s, code)
	case forgot:
		u.s.c.Log.Warn("Salesforce no longer knows where a subscription was; it starts over with the oldest event",
			"topic", u.topic, "code", code, "rpc", first(s.trailer, "rpc-id"))
		u.at = Position{Earliest: true}
		// At once, and not with the first event: that may be hours away.
		return 0, u.give(ctx, Batch{Topic: u.topic, Gap: GapExpired})
	case expired:
		u.s.c.Tokens.Invalidate(s.token)
		if u.tokens++; u.tokens >= tokenRefused {
			return 0, u.refusal(s, code)
		}
	}
	if !u.at.Earliest && len(u.at.ReplayID) == 0 && u.gap == NoGap {
		u.gap = GapDropped
	}
	var wait time.Duration
	if why == passing || u.tokens > 1 {
		wait = u.s.c.Wait(u.failures)
	}
	u.s.c.Log.Info("a subscription to Salesforce is opened again",
		"topic", u.topic, "in", wait, "failures", u.failures, "code", code, "rpc", first(s.trailer, "rpc-id"), "why", says(s.err))
	return wait, nil
}

func (u *subscription) refusal(s stop, code string) error {
	return &RefusedError{Topic: u.topic, Code: code, RPCID: first(s.trailer, "rpc-id"), Says: says(s.err)}
}
