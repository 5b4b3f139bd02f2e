package main

import (
	"context"
	"log/slog"
	"math/rand/v2"

	"github.com/switchboardhq/switchboard/internal/notify"
	"github.com/switchboardhq/switchboard/internal/notify/webhook"
	"github.com/switchboardhq/switchboard/internal/outbox"
	"github.com/switchboardhq/switchboard/internal/store"
)

// effects is what happens outside the database, from jobs in it.
type effects struct {
	db       *store.DB
	client   *webhook.Client
	notifier *notify.Notifier
	worker   *outbox.Worker
}

// newEffects needs n's store and options. log may be one that says less of what
// is said often.
func (n *node) newEffects(p *process, log *slog.Logger) *effects {
	client := webhook.New(n.privateWebhooks)
	notifier := notify.New(notify.Config{DB: n.db, Poster: client, PublicURL: func() string { return n.publicURL }, Now: p.now, Log: log})
	return &effects{db: n.db, client: client, notifier: notifier, worker: outbox.New(n.db, notifier, outbox.Config{
		Kind: store.KindWebhook, Batch: notify.AtOnce, Now: p.now, Random: rand.Float64, Log: log,
	})}
}

// run does jobs until ctx ends, and returns when what became of them is written
// down.
func (e *effects) run(ctx context.Context) {
	e.worker.Run(ctx)
	e.client.Close()
}

// wake passes on that there are jobs, so that they don't wait for the next look.
func (e *effects) wake(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.db.Asked():
			e.worker.Wake()
		}
	}
}
