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
	var streams sync.WaitGroup
	for _, o := range append(s.objects, switchboard.SMSObject) {
		streams.Go(func() {
			for ctx.Err() == nil {
				err := p.listen(ctx, o, missed)
				if ctx.Err() != nil {
					return
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
