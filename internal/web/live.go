package web

import (
	"fmt"
	"net/http"
	"time"
)

const (
	// liveBeat keeps a stream open through proxies and tells the page that it
	// still is.
	liveBeat = 20 * time.Second
	// liveGap is the least time between two hints: a burst of texts becomes one
	// look.
	liveGap = 250 * time.Millisecond
)

// stream tells a page that something changed, until the visitor's session
// ends. It says never what: the page asks for what it shows.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) error {
	v, _ := visitorOf(r.Context())
	control := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")

	watcher := s.hub.Watch(v.Actor.OrgID)
	defer watcher.Close()
	beat := time.NewTicker(liveBeat)
	defer beat.Stop()

	// The server's own deadline is for pages.
	_ = control.SetWriteDeadline(time.Time{})
	say := func(event string) bool {
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, event); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	if !say("beat") {
		return nil
	}
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-s.closing.Done():
			return nil
		case <-watcher.C:
			if !s.stillSignedIn(r) {
				say("ended")
				return nil
			}
			if !say("changed") {
				return nil
			}
			select {
			case <-time.After(liveGap):
			case <-r.Context().Done():
				return nil
			}
		case <-beat.C:
			if !s.stillSignedIn(r) {
				say("ended")
				return nil
			}
			if !say("beat") {
				return nil
			}
		}
	}
}

// stillSignedIn reports whether the request's session goes on, as the store has
// it now: the request itself was let in long ago. Where the store does not
// answer, it goes on.
func (s *Server) stillSignedIn(r *http.Request) bool {
	cookie, err := r.Cookie(s.sessions.scs.Cookie.Name)
	if err != nil {
		return false
	}
	if _, found, err := s.db.Sessions(r.Context()).FindCtx(r.Context(), cookie.Value); err == nil && !found {
		return false
	}
	_, ok, err := s.sessions.visitor(r.Context())
	return ok || err != nil
}
