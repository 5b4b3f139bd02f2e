package pubsub_test

import (
	"context"
	"testing"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub"
)

// From the commit of a change in the org until it is here, read.
func BenchmarkAChangeArrives(b *testing.B) {
	w := newWorld(b, 0)
	arrived := make(chan struct{})
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	s := w.subscriber(nil)
	go func() {
		ended <- s.Subscribe(ctx, contacts, pubsub.Position{Earliest: true}, func(_ context.Context, batch pubsub.Batch) error {
			for range batch.Events {
				arrived <- struct{}{}
			}
			return nil
		})
	}()
	id := w.create("Contact", map[string]any{"LastName": "Doe"})
	<-arrived
	for n := 0; b.Loop(); n++ {
		w.update("Contact", id, map[string]any{"MobilePhone": "+1512555" + string(rune('0'+n%10))})
		<-arrived
	}
	stop()
	<-ended
}

// How many changes are taken in when many wait.
func BenchmarkABacklogArrives(b *testing.B) {
	w := newWorld(b, 0)
	const n = 5_000
	for range n {
		w.create("Contact", map[string]any{"LastName": "Doe", "FirstName": "Jane", "MobilePhone": "+15125550177", "MailingCity": "Austin"})
	}
	s := w.subscriber(nil)
	for b.Loop() {
		ctx, stop := context.WithCancel(b.Context())
		left := n
		_ = s.Subscribe(ctx, contacts, pubsub.Position{Earliest: true}, func(_ context.Context, batch pubsub.Batch) error {
			if left -= len(batch.Events); left == 0 {
				stop()
			}
			return nil
		})
		stop()
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
