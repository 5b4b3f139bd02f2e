package web

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"testing"
	"time"
)

func TestFailuresAreForgottenWithTime(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	f := newFailures(3, time.Minute, func() time.Time { return now })
	for i := range 3 {
		if f.tooMany("dana") {
			t.Fatalf("too many after %d failures, want 3", i)
		}
		f.count("dana")
	}
	if !f.tooMany("dana") {
		t.Error("3 failures are not too many")
	}
	if f.tooMany("sam") {
		t.Error("Dana's failures count against Sam")
	}
	now = now.Add(61 * time.Second)
	if f.tooMany("dana") {
		t.Error("a minute later it is still too many")
	}
	f.count("dana")
	if !f.tooMany("dana") {
		t.Error("one more attempt a minute is let through, then another")
	}
	f.forget("dana")
	if f.tooMany("dana") {
		t.Error("what was forgotten counts")
	}
}

func TestFailuresAreBounded(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	f := newFailures(3, time.Minute, func() time.Time { return now })
	for i := range 3 * countedAtMost {
		f.count(strconv.Itoa(i))
	}
	if len(f.byKey) > countedAtMost {
		t.Errorf("%d keys are remembered", len(f.byKey))
	}
}

func TestVisitorAddress(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	for _, c := range []struct {
		name, remote, forwarded, want string
		trusted                       []netip.Prefix
	}{
		{"direct", "203.0.113.7:1234", "", "203.0.113.7", nil},
		{"direct, lying", "203.0.113.7:1234", "198.51.100.1", "203.0.113.7", proxies},
		{"nobody is trusted", "10.0.0.1:1234", "198.51.100.1", "10.0.0.1", nil},
		{"behind a proxy", "10.0.0.1:1234", "198.51.100.1", "198.51.100.1", proxies},
		{"behind two", "10.0.0.1:1234", "198.51.100.1, 10.9.9.9", "198.51.100.1", proxies},
		{"lying behind a proxy", "10.0.0.1:1234", "1.2.3.4, 198.51.100.1", "198.51.100.1", proxies},
		{"nonsense behind a proxy", "10.0.0.1:1234", "unknown", "10.0.0.1", proxies},
		{"nothing behind a proxy", "10.0.0.1:1234", "", "10.0.0.1", proxies},
		{"IPv6", "[2001:db8::1:2:3:4]:1234", "", "2001:db8::/64", nil},
		{"IPv4 in IPv6", "[::ffff:203.0.113.7]:1234", "", "203.0.113.7", nil},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := visitorAddress(r, c.trusted); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
