// Package live tells open pages that something changed, so that they look
// again. A hint carries no content and may be dropped or doubled: what a page
// shows it always reads from the store.
package live

import (
	"context"
	"sync"
	"time"
)

// Hub hands hints from whoever commits to whoever watches. The zero value is
// ready. It is safe for concurrent use.
type Hub struct {
	mu       sync.Mutex
	watchers map[*Watcher]struct{}
}

// Watcher receives the hints of one org.
type Watcher struct {
	hub *Hub
	org string
	// C has a value after something changed; several changes may give one.
	C chan struct{}
}

// Watch returns a watcher of the org's changes. Close it when done.
func (h *Hub) Watch(org string) *Watcher {
	w := &Watcher{hub: h, org: org, C: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers == nil {
		h.watchers = map[*Watcher]struct{}{}
	}
	h.watchers[w] = struct{}{}
	return w
}

// Close ends the watching.
func (w *Watcher) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.hub.watchers, w)
}

// Changed hints to the org's watchers. It never blocks.
func (h *Hub) Changed(org string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for w := range h.watchers {
		if w.org == org {
			select {
			case w.C <- struct{}{}:
			default:
			}
		}
	}
}

// orgs returns the orgs that are being watched.
func (h *Hub) orgs() map[string]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	orgs := map[string]bool{}
	for w := range h.watchers {
		orgs[w.org] = true
	}
	return orgs
}

// Stamps tells when something last changed in an org: the value differs after a
// change, by whatever process.
type Stamps func(ctx context.Context, org string) (string, error)

// Follow looks, every so often, for what other processes on the same store
// changed in the orgs that are watched here, and hints. It returns when ctx
// ends. An error of stamps is passed to failed and tried again.
func (h *Hub) Follow(ctx context.Context, every time.Duration, stamps Stamps, failed func(error)) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := map[string]string{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		watched := h.orgs()
		for org := range last {
			if !watched[org] {
				delete(last, org)
			}
		}
		for org := range watched {
			now, err := stamps(ctx, org)
			if err != nil {
				if ctx.Err() == nil {
					failed(err)
				}
				continue
			}
			if before, ok := last[org]; ok && before != now {
				h.Changed(org)
			}
			last[org] = now
		}
	}
}
