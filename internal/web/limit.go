package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// How many failed attempts to sign in are borne: a burst, then one after each
// interval. An address may be that of a whole office.
const (
	failuresOfAddress = 20
	addressRecovers   = 15 * time.Second
	failuresOfAccount = 10
	accountRecovers   = time.Minute
	countedAtMost     = 10_000 // addresses or accounts that are remembered
)

// failures counts failed attempts by a key, and forgets them with time. It is
// bounded, and safe for concurrent use.
type failures struct {
	burst int
	every rate.Limit
	now   func() time.Time

	mu    sync.Mutex
	byKey map[string]*rate.Limiter
}

func newFailures(burst int, recovers time.Duration, now func() time.Time) *failures {
	return &failures{burst: burst, every: rate.Every(recovers), now: now, byKey: map[string]*rate.Limiter{}}
}

// tooMany reports whether the key has failed too often to try again now.
func (f *failures) tooMany(key string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.byKey[key]
	return l != nil && l.TokensAt(f.now()) < 1
}

// count notes a failure.
func (f *failures) count(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	l := f.byKey[key]
	if l == nil {
		if len(f.byKey) >= countedAtMost {
			f.forgetSome()
		}
		l = rate.NewLimiter(f.every, f.burst)
		f.byKey[key] = l
	}
	l.AllowN(f.now(), 1)
}

// forget clears what is counted against the key.
func (f *failures) forget(key string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.byKey, key)
}

// forgetSome drops the keys that have recovered, and if all is full of those
// that have not, some of these: memory stays bounded, whoever attacks.
func (f *failures) forgetSome() {
	now := f.now()
	for key, l := range f.byKey {
		if l.TokensAt(now) >= float64(f.burst) {
			delete(f.byKey, key)
		}
	}
	for key := range f.byKey {
		if len(f.byKey) < countedAtMost*9/10 {
			return
		}
		delete(f.byKey, key)
	}
}

// visitorAddress is the network that a request comes from: the address of the
// connection, or, where that is a trusted proxy, the last address before the
// trusted ones in X-Forwarded-For. Of an IPv6 address it is the /64, which one
// visitor has whole.
func visitorAddress(r *http.Request, trusted []netip.Prefix) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && isTrusted(addr, trusted); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		addr = before
	}
	addr = addr.Unmap()
	if addr.Is6() {
		if p, err := addr.WithZone("").Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

func isTrusted(a netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(a.Unmap()) || p.Contains(a) {
			return true
		}
	}
	return false
}
