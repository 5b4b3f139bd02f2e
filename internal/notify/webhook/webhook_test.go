package webhook_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/notify/webhook"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/provider/generic"
)

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func refused(err error) bool {
	var r interface{ Refused() bool }
	return errors.As(err, &r) && r.Refused()
}

// What is sent is what a receiver of Standard Webhooks takes as genuine. The
// driver that takes it here is itself held to the standard's own library.
func TestAReceiverVerifiesWhatIsPosted(t *testing.T) {
	var got provider.Request
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got = provider.Request{Method: r.Method, Header: r.Header, Body: body, ReceivedAt: now}
	}))
	defer s.Close()
	c := webhook.New(true)
	defer c.Close()
	if err := c.Post(t.Context(), s.URL+"/hook", secret, "n1-1", now, []byte(`{"type":"x"}`)); err != nil {
		t.Fatal(err)
	}
	if err := (generic.Driver{}).Verify(got, provider.Credentials{Secret: secret}); err != nil {
		t.Errorf("the receiver says %v", err)
	}
	if got.Header.Get("Webhook-Id") != "n1-1" || string(got.Body) != `{"type":"x"}` || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("it got %v %s", got.Header, got.Body)
	}
}

func TestWhatAnAnswerMeans(t *testing.T) {
	status, followed := 0, false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/elsewhere" {
			followed = true
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "an answer that nobody wants to see")
	}))
	defer s.Close()
	c := webhook.New(true)
	defer c.Close()
	for _, tt := range []struct {
		status        int
		taken, refuse bool
	}{
		{200, true, false}, {204, true, false}, {299, true, false},
		{301, false, true}, {307, false, true},
		{400, false, true}, {401, false, true}, {404, false, true}, {410, false, true},
		{408, false, false}, {429, false, false}, {500, false, false}, {503, false, false},
	} {
		status = tt.status
		err := c.Post(t.Context(), s.URL+"/secret-path", secret, "n1-1", now, []byte("{}"))
		if tt.taken != (err == nil) || tt.refuse != refused(err) {
			t.Errorf("%d: %v", tt.status, err)
		}
		if err != nil && (strings.Contains(err.Error(), "secret-path") || strings.Contains(err.Error(), "nobody wants")) {
			t.Errorf("%d: the error says too much: %v", tt.status, err)
		}
	}
	if followed {
		t.Error("a redirect was followed")
	}
}

// What is not on the public internet is not even dialed, by whatever name.
func TestPrivateNetworksAreNotCalled(t *testing.T) {
	called := false
	s := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called = true }))
	defer s.Close()
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "https://"), ":")
	c := webhook.New(false)
	defer c.Close()
	for _, to := range []string{
		"https://127.0.0.1:" + port, "https://localhost:" + port, "https://[::1]:" + port, "https://[::ffff:127.0.0.1]:" + port,
		"https://0.0.0.0:" + port, "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[fd00::1]/", "https://[fe80::1]/",
		"http://example.com/", "ftp://example.com/", "https://user:password@example.com/", "https:///hook", "",
	} {
		if err := c.Post(t.Context(), to, secret, "n1-1", now, []byte("{}")); !refused(err) {
			t.Errorf("%q: %v, want it refused", to, err)
		}
	}
	if called {
		t.Error("a server on this machine was called")
	}
}

func TestWhichAddressesArePublic(t *testing.T) {
	for a, public := range map[string]bool{
		"8.8.8.8": true, "172.15.0.1": true, "172.32.0.1": true, "100.63.0.1": true, "2606:4700::1111": true, "::ffff:8.8.8.8": true,
		"0.0.0.0": false, "0.1.2.3": false, "10.1.2.3": false, "127.0.0.2": false, "100.64.0.1": false, "169.254.1.1": false, "172.16.0.1": false,
		"192.168.1.1": false, "192.0.0.8": false, "198.18.0.1": false, "224.0.0.1": false, "240.0.0.1": false, "255.255.255.255": false,
		"::": false, "::1": false, "::127.0.0.1": false, "::ffff:127.0.0.1": false, "::ffff:10.0.0.1": false, "fc00::1": false, "fd12::1": false,
		"fe80::1": false, "fe80::1%eth0": false, "fec0::1": false, "ff02::1": false, "64:ff9b::7f00:1": false, "2002:7f00:1::": false, "2001::1": false, "2001:db8::1": false,
	} {
		if got := webhook.Public(netip.MustParseAddr(a)); got != public {
			t.Errorf("%s is public: %t", a, got)
		}
	}
}

// Whoever hangs is left alone when the time is over, and what cannot be reached
// is named without its address.
func TestErrorsSayNoAddress(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer s.Close()
	defer close(release)
	c := webhook.New(true)
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for what, err := range map[string]error{
		"it hangs":     c.Post(ctx, s.URL+"/token", secret, "n1-1", now, nil),
		"it is gone":   c.Post(t.Context(), gone.URL+"/token", secret, "n1-1", now, nil),
		"no such name": c.Post(t.Context(), "https://nowhere.invalid/token", secret, "n1-1", now, nil),
		"bad secret":   c.Post(t.Context(), s.URL+"/token", "whsec_hunter2!", "n1-1", now, nil),
	} {
		if err == nil || strings.Contains(err.Error(), "token") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
