package salesforce

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Token is what lets us in, and where.
type Token struct {
	Access   string
	Instance string // the org's address, such as https://acme.my.salesforce.com
	OrgID    string // 18 characters
	UserID   string // of the user that the token acts as
	Scopes   []string
	IssuedAt time.Time
}

// Grant gets new tokens, by whichever way the org has allowed. It is called
// from one goroutine at a time.
type Grant interface {
	// Grant asks Salesforce for a token. A refusal is an [*Error] whose Message
	// tells an admin what to change.
	Grant(ctx context.Context) (Token, error)
}

// Source keeps a token for as long as it is taken. Salesforce does not say how
// long that is: a token lives as long as the org's sessions do, and ends sooner
// when an admin ends it. So one is used until it is refused. A Source is safe for
// concurrent use.
type Source struct {
	grant Grant

	mu      sync.Mutex
	current Token   // Access is "" if there is none
	flight  *flight // a grant that is under way
}

// flight is one grant, for all who wait for a token meanwhile.
type flight struct {
	done  chan struct{}
	token Token
	err   error
	own   bool // err is the end of the asker's own context, and nobody else's trouble
}

// NewSource returns a source of grant's tokens.
func NewSource(grant Grant) *Source { return &Source{grant: grant} }

// Token returns a token that was still taken when it was last used. However
// many ask, one grant is under way at most.
func (s *Source) Token(ctx context.Context) (Token, error) {
	for {
		s.mu.Lock()
		if s.current.Access != "" {
			t := s.current
			s.mu.Unlock()
			return t, nil
		}
		f := s.flight
		if f == nil {
			f = &flight{done: make(chan struct{})}
			s.flight = f
			s.mu.Unlock()
			s.fly(ctx, f)
			return f.token, f.err
		}
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return Token{}, ctx.Err()
		case <-f.done:
			if f.own {
				continue
			}
			return f.token, f.err
		}
	}
}

func (s *Source) fly(ctx context.Context, f *flight) {
	// A grant that panics must not leave the others waiting.
	f.err, f.own = errors.New("salesforce: the grant of a token broke off"), true
	defer func() {
		s.mu.Lock()
		s.flight = nil
		if f.err == nil {
			s.current = f.token
		}
		s.mu.Unlock()
		close(f.done)
	}()
	f.token, f.err = s.grant.Grant(ctx)
	f.own = f.err != nil && ctx.Err() != nil
}

// Invalidate says that a token was refused. It is forgotten, unless it has been
// replaced already.
func (s *Source) Invalidate(access string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current.Access == access {
		s.current = Token{}
	}
}

// identity takes the org's and the user's id from a token's id, which is an
// address that ends in both.
func identity(id string) (org, user string, ok bool) {
	u, err := url.Parse(id)
	if err != nil {
		return "", "", false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 2 {
		return "", "", false
	}
	org, first := LongID(parts[len(parts)-2])
	user, second := LongID(parts[len(parts)-1])
	return org, user, first && second && strings.HasPrefix(org, "00D") && strings.HasPrefix(user, "005")
}
