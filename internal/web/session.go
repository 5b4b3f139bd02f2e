package web

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// How long a session lasts: without a request, and at most.
const (
	sessionIdle = 12 * time.Hour
	sessionLife = 7 * 24 * time.Hour
	// sessionTouch is how exactly a session knows when it was last used. Every
	// page would be a write to the database otherwise.
	sessionTouch = 10 * time.Minute
)

// What a session holds, beside [store.SessionUser].
const (
	sessionOrg    = "org"
	sessionSeen   = "seen"
	sessionToasts = "toasts"
)

// A visitor is the signed-in user who makes a request.
type visitor struct {
	Actor       switchboard.Actor
	User        switchboard.User
	Preferences store.Preferences
}

type visitorKey struct{}

// visitorOf returns who makes the request, and false if nobody is signed in.
func visitorOf(ctx context.Context) (visitor, bool) {
	v, ok := ctx.Value(visitorKey{}).(visitor)
	return v, ok
}

// sessions knows who is signed in. It is safe for concurrent use.
type sessions struct {
	scs *scs.SessionManager
	db  *store.DB
	now func() time.Time
	log *slog.Logger
}

// newSessions keeps sessions in db. secure says that people come by https: the
// cookie then goes to this host alone, and never over plain http. trouble
// answers a request whose session cannot be read or kept.
func newSessions(ctx context.Context, db *store.DB, now func() time.Time, log *slog.Logger, secure bool, trouble func(http.ResponseWriter, *http.Request, error)) *sessions {
	name := "switchboard"
	if secure {
		name = "__Host-switchboard"
	}
	return &sessions{
		// Not scs.New, which starts a goroutine for a store that is not used.
		scs: &scs.SessionManager{
			Lifetime:  sessionLife,
			Store:     db.Sessions(ctx),
			Codec:     scs.GobCodec{},
			ErrorFunc: trouble,
			Cookie:    scs.SessionCookie{Name: name, Path: "/", HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode, Persist: true},
		},
		db: db, now: now, log: log,
	}
}

// load finds out who makes the request, for [visitorOf]. It refuses nobody:
// that is for whoever handles a page.
func (s *sessions) load(next http.Handler) http.Handler {
	return s.scs.LoadAndSave(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v, ok, err := s.visitor(r.Context())
		if err != nil {
			s.scs.ErrorFunc(w, r, err)
			return
		}
		if ok {
			r = r.WithContext(context.WithValue(r.Context(), visitorKey{}, v))
		}
		next.ServeHTTP(w, r)
	}))
}

func (s *sessions) visitor(ctx context.Context) (visitor, bool, error) {
	id, org := s.scs.GetString(ctx, store.SessionUser), s.scs.GetString(ctx, sessionOrg)
	if id == "" {
		return visitor{}, false, nil
	}
	now := s.now()
	seen := time.Unix(s.scs.GetInt64(ctx, sessionSeen), 0)
	if now.Sub(seen) > sessionIdle {
		return visitor{}, false, s.scs.Destroy(ctx)
	}
	u, err := s.db.User(ctx, org, id)
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound || err == nil && !u.Active {
		return visitor{}, false, s.scs.Destroy(ctx)
	}
	if err != nil {
		return visitor{}, false, err
	}
	p, err := s.db.Preferences(ctx, org, id)
	if err != nil {
		return visitor{}, false, err
	}
	if now.Sub(seen) > sessionTouch {
		s.scs.Put(ctx, sessionSeen, now.Unix())
	}
	return visitor{Actor: switchboard.Actor{OrgID: org, ID: u.ID, Name: u.Name, Role: u.Role}, User: u, Preferences: p}, true, nil
}

// signIn makes this request's session the user's. Its token is a new one: one
// that somebody knew before is worth nothing now. What another user left in the
// session is gone.
func (s *sessions) signIn(ctx context.Context, org string, u switchboard.User) error {
	if s.scs.GetString(ctx, store.SessionUser) != u.ID {
		if err := s.scs.Clear(ctx); err != nil {
			return err
		}
	}
	if err := s.scs.RenewToken(ctx); err != nil {
		return err
	}
	s.scs.Put(ctx, sessionOrg, org)
	s.scs.Put(ctx, store.SessionUser, u.ID)
	s.scs.Put(ctx, sessionSeen, s.now().Unix())
	return nil
}

// signOut ends this request's session.
func (s *sessions) signOut(ctx context.Context) error { return s.scs.Destroy(ctx) }

// flash keeps a toast for the next page of this session.
func (s *sessions) flash(ctx context.Context, t Toast) {
	waiting := append(s.peek(ctx), t)
	b, err := json.Marshal(waiting[max(0, len(waiting)-3):])
	if err != nil {
		s.log.ErrorContext(ctx, "a message to the visitor was lost", "err", err)
		return
	}
	s.scs.Put(ctx, sessionToasts, b)
}

// toasts takes what is kept for this page.
func (s *sessions) toasts(ctx context.Context) []Toast {
	t := s.peek(ctx)
	if len(t) > 0 {
		s.scs.Remove(ctx, sessionToasts)
	}
	return t
}

func (s *sessions) peek(ctx context.Context) []Toast {
	var t []Toast
	if b := s.scs.GetBytes(ctx, sessionToasts); len(b) > 0 {
		if err := json.Unmarshal(b, &t); err != nil {
			return nil // kept by another version
		}
	}
	return t
}
