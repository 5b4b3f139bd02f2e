package crm

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
)

// eventsAgain is how long to wait before a stream that ended is opened again.
// The poll finds everything meanwhile.
const eventsAgain = 5 * time.Minute

// Listen lets changes come here as Salesforce tells of them, until ctx ends.
// missed is called where it does not tell which.
func (p *Puller) Listen(ctx context.Context, missed func()) {
	if p.remote.Events == nil {
		return
	}
	s, err := p.scope(ctx)
	if err != nil {
		p.log.Warn("Salesforce's stream of changes can't be listened to; the poll finds them", "err", err)
		return
	}
	objects := append(s.objects, switchboard.SMSObject)
	p.streams.expect(len(objects))
	var streams sync.WaitGroup
	for _, o := range objects {
		streams.Go(func() {
			for ctx.Err() == nil {
				err := p.listen(ctx, o, missed)
				if ctx.Err() != nil {
					return
				}
				if p.streams.set(o, false) {
					missed()
				}
				p.log.Warn("Salesforce's stream of changes ended; the poll finds them", "object", o, "err", err)
				timer := time.NewTimer(eventsAgain)
				select {
				case <-ctx.Done():
				case <-timer.C:
				}
				timer.Stop()
			}
		})
	}
	streams.Wait()
}

func (p *Puller) listen(ctx context.Context, object switchboard.Object, missed func()) error {
	c, err := p.db.SyncCursor(ctx, p.org, object)
	if err != nil {
		return err
	}
	return p.remote.Events.Subscribe(ctx, object, c.Replay, func(ctx context.Context, e Events) error {
		if p.streams.set(object, !e.Lost) && e.Lost {
			missed()
		}
		if len(e.IDs) > 0 {
			if err := p.Refresh(ctx, object, e.IDs); err != nil {
				var problem *Problem
				if !errors.As(err, &problem) {
					return err
				}
				missed() // it is found by the poll, when that gets through
			}
		}
		if e.All {
			missed()
		}
		if e.Replay == nil {
			return nil
		}
		return p.db.SetReplay(ctx, p.org, object, e.Replay)
	})
}

// streams is which objects' changes are heard of as they happen. It is safe for
// concurrent use.
type streams struct {
	mu       sync.Mutex
	expected int
	up       map[switchboard.Object]bool
}

func (s *streams) expect(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expected, s.up = n, map[switchboard.Object]bool{}
}

// set reports whether that is news.
func (s *streams) set(o switchboard.Object, up bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	news := s.up[o] != up
	s.up[o] = up
	return news
}

// all reports whether nothing that is synced can change unheard.
func (s *streams) all() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, up := range s.up {
		if up {
			n++
		}
	}
	return n > 0 && n == s.expected
}
