package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/api"
	"github.com/switchboardhq/switchboard/internal/desk"
	"github.com/switchboardhq/switchboard/internal/hooks"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

// How often a node looks after what nobody asks for.
const (
	followEvery = time.Second // what other processes changed
	tendEvery   = time.Minute // bells and sessions

	readyWithin = 3 * time.Second // a store that takes longer to commit is not ready
)

// node is one running serve: the store with everything that works on it.
type node struct {
	serveOptions
	db      *store.DB
	desk    *desk.Desk
	hub     *live.Hub
	hooks   *hooks.Hooks
	writer  *intake.Writer
	metrics *metrics
	effects *effects
	handler http.Handler
	log     *slog.Logger

	closeStreams context.CancelFunc // ends the pages' event streams
	running      sync.WaitGroup
	stopRunning  []context.CancelFunc // in the order in which they are called
}

func newNode(p *process, db *store.DB, o serveOptions, log *slog.Logger) (*node, error) {
	n := &node{serveOptions: o, db: db, hub: &live.Hub{}, log: log}
	limited := slog.New(hooks.LimitLog(log.Handler())) // for what strangers, or a full disk, can make to be said often
	n.metrics = newMetrics()
	n.writer = intake.New(db, intake.Config{Log: limited, Committed: n.hub.Changed, Observe: n.metrics.observe})
	n.metrics.watch(n.writer, db, log)
	n.desk = desk.New(db, n.writer, n.hub, p.now, providerNames())
	n.hooks = hooks.New(hooks.Config{DB: db, Desk: n.desk, Drivers: drivers(), Now: p.now, Log: log})
	org, err := db.Org(p.ctx)
	if err != nil {
		return nil, err
	}
	n.effects = n.newEffects(p, org, limited)
	var streams context.Context
	streams, n.closeStreams = context.WithCancel(context.WithoutCancel(p.ctx))
	receiver := provider.NewReceiver(provider.Config{
		Drivers: drivers(), Accounts: n.hooks, Intake: n.hooks, PublicURL: func() string { return n.publicURL }, Now: p.now,
		Log: limited,
	})
	pages, err := n.pages(streams, p, receiver)
	if err != nil {
		return nil, err
	}
	calls := api.New(api.Config{DB: db, Desk: n.desk, Replay: n.hooks.Replay, Log: log})
	n.handler = n.routes(receiver, calls, pages, &readiness{db: db, now: p.now})
	return n, nil
}

// routes is the whole of what this program answers to.
func (n *node) routes(receiver, calls, pages http.Handler, ready *readiness) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/hooks/{provider}/{token}", receiver)
	mux.Handle("/api/v1/", calls)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "ok") })
	mux.Handle("GET /readyz", ready)
	mux.Handle("GET /metrics", n.withKey(n.metrics.handler()))
	mux.Handle("/", pages)
	return connected(mux)
}

// connected settles what a request means for its connection.
func connected(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream") {
			// Where the connection knows no deadlines, as in tests, there is none.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
		}
		if len(r.TransferEncoding) > 0 {
			// Beside chunks there may have been a length, and a proxy that went by
			// it: what follows on this connection is nobody's request.
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// withKey lets any working API key through.
func (n *node) withKey(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if ok {
			_, err := n.db.ActorByKey(r.Context(), strings.TrimSpace(key))
			switch {
			case err == nil:
				h.ServeHTTP(w, r)
				return
			case switchboard.ErrorCode(err) != switchboard.CodeUnauthorized:
				plain(w, http.StatusServiceUnavailable, "The store can't be read right now.")
				return
			}
		}
		w.Header().Set("WWW-Authenticate", `Bearer realm="switchboard"`)
		plain(w, http.StatusUnauthorized, "Send an API key as “Authorization: Bearer KEY”, or start serve with --metrics-listen.")
	})
}

// readiness answers whether the store can commit, and finds out at most once a
// second, so that asking costs nothing.
type readiness struct {
	db  *store.DB
	now func() time.Time

	mu  sync.Mutex
	at  time.Time
	err error
}

func (r *readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	if now := r.now(); now.Sub(r.at) >= time.Second || now.Before(r.at) {
		// Others are answered by this too, so it does not end with who asked.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), readyWithin)
		r.err = r.db.Ready(ctx)
		r.at = r.now()
		cancel()
	}
	err := r.err
	r.mu.Unlock()
	if err != nil {
		w.Header().Set("Retry-After", "2")
		plain(w, http.StatusServiceUnavailable, "The store can't commit right now.")
		return
	}
	plain(w, http.StatusOK, "ready")
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, text) // who asked may be gone
}

// start begins to commit what comes in, and to look after the rest.
func (n *node) start() {
	for _, do := range []func(context.Context){n.writer.Run, n.hooks.Run, n.follow, n.tend, n.effects.wake, n.effects.run} {
		ctx, cancel := context.WithCancel(context.Background())
		n.stopRunning = append(n.stopRunning, cancel)
		n.running.Go(func() { do(ctx) })
	}
}

// stop lets what was taken in be committed, and waits for it.
func (n *node) stop() {
	for _, stop := range n.stopRunning {
		stop()
	}
	n.running.Wait()
	n.closeStreams()
}

// follow tells open pages what other processes on the same store changed.
func (n *node) follow(ctx context.Context) {
	n.hub.Follow(ctx, followEvery, n.db.Stamp, func(err error) { n.log.Warn("could not look for changes", "err", err) })
}

// tend does now and then what nobody waits for.
func (n *node) tend(ctx context.Context) {
	tick := time.NewTicker(tendEvery)
	defer tick.Stop()
	for {
		if err := n.tendOnce(ctx); err != nil && ctx.Err() == nil {
			n.log.Warn("could not tidy up", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (n *node) tendOnce(ctx context.Context) error {
	org, err := n.db.Org(ctx)
	if err != nil {
		return err
	}
	if err := n.db.SettleBells(ctx, org); err != nil {
		return err
	}
	if _, err := n.db.Sessions(ctx).Clean(ctx); err != nil {
		return err
	}
	due, err := n.db.ReindexDue(ctx, org)
	if err != nil || !due {
		return err
	}
	n.log.Info("reading the records' numbers again: the settings or the number parser changed")
	return n.db.Reindex(ctx, org, nil)
}
