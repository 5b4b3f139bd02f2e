package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/seal"
	"github.com/switchboardhq/switchboard/internal/store"
)

// groupRatio measures the intake alone, with 64 producers, once with groups and
// once with a transaction for each message, in turns on one store.
func groupRatio(ctx context.Context, p plan) ([]float64, error) {
	if processors := runtime.GOMAXPROCS(0); processors < 4 { // as the program does
		runtime.GOMAXPROCS(4)
		defer runtime.GOMAXPROCS(processors)
	}
	dir, err := os.MkdirTemp("", "switchboard-bench-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	key, err := seal.Generate()
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Config{Dir: dir, Now: time.Now, Random: rand.Reader, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	org, err := db.Org(ctx)
	if err != nil {
		return nil, err
	}
	actor := switchboard.Actor{OrgID: org, ID: "bench", Name: "Bench", Role: switchboard.Admin}
	channel, _, err := db.CreateChannel(ctx, actor, store.NewChannel{Provider: "generic", Region: "US", Numbers: []string{"+15125550100"}})
	if err != nil {
		return nil, err
	}
	const numbers = 20_000
	for i := 0; i < numbers; i += store.MaxBulk {
		var batch []store.NewRecord
		for j := range store.MaxBulk {
			batch = append(batch, store.NewRecord{Object: switchboard.Contact, Fields: switchboard.Fields{"LastName": "Okafor", "MobilePhone": numberOf(i + j)}})
		}
		if _, err := db.CreateRecords(ctx, actor, switchboard.OriginImport, batch); err != nil {
			return nil, err
		}
	}
	var ratios []float64
	var next atomic.Int64
	for range p.repeats {
		one, err := producers(ctx, p, single(ctx, db, org), channel.ID, &next)
		if err != nil {
			return nil, err
		}
		submit, stop := grouped(ctx, db, org)
		many, err := producers(ctx, p, submit, channel.ID, &next)
		stop()
		if err != nil {
			return nil, err
		}
		ratios = append(ratios, many/one)
	}
	return ratios, nil
}

// producers hands in texts from as many goroutines as there are connections,
// for half a measurement, and returns how many were acknowledged each second.
func producers(ctx context.Context, p plan, submit func(store.Delivery) error, channel string, next *atomic.Int64) (float64, error) {
	timed, cancel := context.WithTimeout(ctx, p.each/2)
	defer cancel()
	var done atomic.Int64
	var failed atomic.Pointer[error]
	start := time.Now()
	var senders sync.WaitGroup
	for range p.connections {
		senders.Go(func() {
			for timed.Err() == nil {
				n := int(next.Add(1))
				err := submit(store.Delivery{ChannelID: channel, ReceivedAt: time.Now(), Events: []switchboard.Event{{Text: &switchboard.Text{
					ProviderMessageID: "g" + strconv.Itoa(n), Sender: numberOf(n * 7919 % 20_000), Body: "Could you move Thursday's install to the morning?"}}}})
				if err != nil {
					err = fmt.Errorf("submit: %w", err)
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	senders.Wait()
	rate := float64(done.Load()) / time.Since(start).Seconds()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return rate, nil
}

// single commits each text by itself, and flushes it before the next begins.
func single(ctx context.Context, db *store.DB, org string) func(store.Delivery) error {
	var turn sync.Mutex
	return func(d store.Delivery) error {
		turn.Lock()
		defer turn.Unlock()
		_, err := db.Receive(ctx, org, []store.Delivery{d})
		return err
	}
}

// grouped commits what is there together, as the service does; stop ends it.
func grouped(ctx context.Context, db *store.DB, org string) (submit func(store.Delivery) error, stop func()) {
	running, cancel := context.WithCancel(ctx)
	writer := intake.New(db, intake.Config{Wait: time.Minute, Log: slog.New(slog.DiscardHandler)})
	var run sync.WaitGroup
	run.Go(func() { writer.Run(running) })
	submit = func(d store.Delivery) error {
		_, err := writer.Submit(ctx, org, d)
		return err
	}
	return submit, func() {
		cancel()
		run.Wait()
	}
}
