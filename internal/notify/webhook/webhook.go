// Package webhook posts events to an address on the web, signed as Standard
// Webhooks say: https://www.standardwebhooks.com.
//
// An admin of an org names the address, and the server behind it may be
// anybody's. So it is not followed to elsewhere, it gets little time, little of
// its answer is read, and it may not be in the network that this service is in.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// What bounds a call.
const (
	callTimeout = 10 * time.Second
	dialTimeout = 5 * time.Second
	maxAnswer   = 16 << 10 // what is read of an answer, so that its connection can be used again
	maxHeader   = 16 << 10
)

// Client posts events. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	private bool
}

// New returns a client. Only with private does it talk to addresses that are
// not public, and without TLS.
func New(private bool) *Client {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	if !private {
		// What a name means is known only now: to check it sooner would be to
		// check another answer than the one that is dialed.
		dialer.Control = func(_, address string, _ syscall.RawConn) error { return checkAddress(address) }
	}
	return &Client{private: private, http: &http.Client{
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			// No proxy: it would dial what the dialer may not.
			DialContext:            dialer.DialContext,
			ForceAttemptHTTP2:      true,
			TLSHandshakeTimeout:    dialTimeout,
			ResponseHeaderTimeout:  callTimeout,
			MaxResponseHeaderBytes: maxHeader,
			MaxIdleConns:           16,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        time.Minute,
		},
	}}
}

// Close drops the connections that are kept for later calls.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Post posts body, which is JSON, to the address and returns nil if the answer
// is a 2xx. id names the event: a repeat of it has the same. An error says
// neither the address, which may be as good as a password, nor the secret; one
// with Refused() true will come back until somebody changes something.
func (c *Client) Post(ctx context.Context, to, secret, id string, at time.Time, body []byte) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return refusal("its address is not one such as https://example.com/hook")
	}
	if u.Scheme == "http" && !c.private {
		return refusal("its address begins with http: a public webhook needs https")
	}
	signature, err := Sign(secret, id, at, body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return refusal("its address is not one such as https://example.com/hook")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Switchboard")
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	answer, err := c.http.Do(r)
	if err != nil {
		return plain(err)
	}
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer) // it has been taken or not, whatever follows
	_ = answer.Body.Close()
	return verdict(answer.StatusCode)
}

func verdict(status int) error {
	what := fmt.Sprintf("it answered %d %s", status, http.StatusText(status))
	what = strings.TrimSpace(what)
	switch {
	case status/100 == 2:
		return nil
	case status/100 == 3:
		return refusal(what + ", which is not followed")
	case status/100 == 4 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests:
		return refusal(what)
	}
	return errors.New(what)
}

// Sign returns the header webhook-signature of the event.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) == 0 {
		return "", refusal("its secret is not whsec_ and base64") // the error would quote it
	}
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%d.", id, at.Unix()) // a hash takes everything
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// refusal is an error that the same call will get again.
type refusal string

func (r refusal) Error() string { return string(r) }
func (refusal) Refused() bool   { return true }

// plain says what went wrong without the address, which package http puts in.
func plain(err error) error {
	var r refusal
	if errors.As(err, &r) {
		return r
	}
	var named *net.DNSError
	if errors.As(err, &named) {
		return errors.New("its name can't be resolved")
	}
	var op *net.OpError
	if errors.As(err, &op) {
		if op.Timeout() {
			return errors.New("it did not answer in time")
		}
		return fmt.Errorf("the connection failed: %w", op.Err)
	}
	var of *url.Error
	if errors.As(err, &of) {
		if of.Timeout() {
			return errors.New("it did not answer in time")
		}
		return of.Err
	}
	return err
}

// checkAddress refuses to dial what is not on the public internet.
func checkAddress(address string) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !Public(to.Addr()) {
		return refusal("its address is in a private network: start serve with --allow-private-webhooks if that is meant")
	}
	return nil
}

// Public reports whether an address is one of the public internet: not of this
// machine, its networks, or any of the ranges that lead there.
func Public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return false
	}
	for _, r := range special() {
		if r.Contains(a) {
			return false
		}
	}
	return true
}

// special are the ranges that package netip calls global but nobody should be
// called at, by the registries of special-purpose addresses.
func special() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),       // this network
		netip.MustParsePrefix("100.64.0.0/10"),   // shared by a carrier's customers, and by clouds
		netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
		netip.MustParsePrefix("192.0.2.0/24"),    // documentation
		netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
		netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
		netip.MustParsePrefix("198.51.100.0/24"), // documentation
		netip.MustParsePrefix("203.0.113.0/24"),  // documentation
		netip.MustParsePrefix("240.0.0.0/4"),     // reserved
		netip.MustParsePrefix("::/96"),           // IPv4 in IPv6, as it was once written
		netip.MustParsePrefix("64:ff9b::/96"),    // IPv4 behind a translator
		netip.MustParsePrefix("64:ff9b:1::/48"),  // the same, in a private network
		netip.MustParsePrefix("100::/64"),        // discarded
		netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo among them
		netip.MustParsePrefix("2001:db8::/32"),   // documentation
		netip.MustParsePrefix("2002::/16"),       // IPv4 in 6to4
		netip.MustParsePrefix("fec0::/10"),       // site-local, as it was once called
	}
}
