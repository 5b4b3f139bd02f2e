package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"

	"github.com/switchboardhq/switchboard/internal/crm"
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
	engine   *crm.Engine
}

// newEffects needs n's store and options. log may be one that says less of what
// is said often.
func (n *node) newEffects(p *process, org string, log *slog.Logger) *effects {
	client := webhook.New(n.privateWebhooks)
	notifier := notify.New(notify.Config{DB: n.db, Poster: client, PublicURL: func() string { return n.publicURL }, Now: p.now, Log: log})
	return &effects{db: n.db, client: client, notifier: notifier, worker: outbox.New(n.db, notifier, outbox.Config{
		Kind: store.KindWebhook, Batch: notify.AtOnce, Now: p.now, Random: rand.Float64, Log: log,
	}), engine: newEngine(p, n.db, org, log, nil)}
}

// run does jobs until ctx ends, and returns when what became of them is written
// down.
func (e *effects) run(ctx context.Context) {
	var running sync.WaitGroup
	running.Go(func() { e.engine.Run(ctx) })
	e.worker.Run(ctx)
	running.Wait()
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
			e.engine.Wake()
		}
	}
}
