package salesforce

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Versions of the API.
const (
	DefaultVersion = "62.0"
	// FloorVersion is the first whose calls take the header of duplicate rules.
	FloorVersion = 52
)

// What bounds a call.
const (
	callTimeout = 60 * time.Second // from the first byte sent to the last received
	idleTimeout = 60 * time.Second // between two reads of an answer that is streamed
	maxBody     = 64 << 20         // of an answer that is held in memory: a page of 2,000 wide rows is about 20 MB
	maxError    = 1 << 20          // of an answer that is no success
	maxAddress  = 16_000           // of an address; Salesforce takes 16,384 bytes with the headers
)

// Config says how a client works. HTTP and Source are required; another zero
// member takes its default.
type Config struct {
	HTTP    *http.Client // its redirects and its timeout are not used
	Source  *Source
	Version string // such as 62.0
	Budget  Budget // none: no limit
	Timeout time.Duration
	Idle    time.Duration // the longest wait for more of an answer that is streamed
	Now     func() time.Time
	Wait    func(ctx context.Context, d time.Duration) error // returns nil after d, or ctx's end
	Random  func() float64                                   // from 0 to 1, 1 left out: spreads retries
	Log     *slog.Logger                                     // of calls, without what is in them
}

// Client makes the calls of one org's API. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	source  *Source
	version string
	budget  Budget
	timeout time.Duration
	idle    time.Duration
	now     func() time.Time
	wait    func(context.Context, time.Duration) error
	random  func() float64
	log     *slog.Logger
	objects describer
	bells   bellTypes
}

// New returns a client. It makes no call.
func New(c Config) (*Client, error) {
	version, err := parseVersion(c.Version)
	if err != nil {
		return nil, err
	}
	client := &Client{
		http: careful(c.HTTP), source: c.Source, version: version, budget: c.Budget,
		timeout: c.Timeout, idle: c.Idle, now: c.Now, wait: c.Wait, random: c.Random, log: c.Log,
	}
	client.http.Timeout = 0 // an answer that is streamed may take hours
	if client.budget == nil {
		client.budget = unlimited{}
	}
	if client.timeout == 0 {
		client.timeout = callTimeout
	}
	if client.idle == 0 {
		client.idle = idleTimeout
	}
	if client.now == nil {
		client.now = time.Now
	}
	if client.wait == nil {
		client.wait = wait
	}
	if client.random == nil {
		client.random = func() float64 { return 0 }
	}
	if client.log == nil {
		client.log = slog.New(slog.DiscardHandler)
	}
	return client, nil
}

// NewHTTP returns an HTTP client fit for an org: few connections, and a bound
// on each step. proxy is as in [http.Transport]; nil is none. The caller closes
// its idle connections at the end.
func NewHTTP(proxy func(*http.Request) (*url.URL, error)) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}
	return &http.Client{Transport: &http.Transport{
		Proxy:                  proxy,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConns:           16,
		MaxIdleConnsPerHost:    8,
		IdleConnTimeout:        90 * time.Second,
	}}
}

// Version returns the API version that calls are made with, such as 62.0.
func (c *Client) Version() string { return c.version }

// Token returns the token that calls are made with, for the sister APIs that
// want it by itself.
func (c *Client) Token(ctx context.Context) (Token, error) { return c.source.Token(ctx) }

// Invalidate says that a sister API refused a token.
func (c *Client) Invalidate(access string) { c.source.Invalidate(access) }

// careful returns h without redirects: the token goes with a call, and must not
// end where a redirect points.
func careful(h *http.Client) *http.Client {
	if h == nil {
		h = http.DefaultClient
	}
	return &http.Client{
		Transport:     h.Transport,
		Timeout:       callTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// wait waits for d or for the end of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// loopback reports whether a host is this machine.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// parseVersion reads 62.0, v62.0 or 62.
func parseVersion(s string) (string, error) {
	if s == "" {
		return DefaultVersion, nil
	}
	major, minor, _ := strings.Cut(strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "v"), ".")
	n, err := strconv.Atoi(major)
	if err != nil || n < 1 || n > 999 || minor != "" && minor != "0" {
		return "", &Error{What: "choose a version", Code: CodeOldVersion, Class: ClassPermanent,
			Message: fmt.Sprintf("%q is not a version of Salesforce's API, such as 62.0", truncate(s, 20))}
	}
	if n < FloorVersion {
		return "", &Error{What: "choose a version", Code: CodeOldVersion, Class: ClassPermanent,
			Message: fmt.Sprintf("Version %d.0 of Salesforce's API is too old: %d.0 is the first that can be used", n, FloorVersion)}
	}
	return strconv.Itoa(n) + ".0", nil
}

// path returns the path of a resource of the API. Each part is escaped, so that
// a value stays within its place.
func (c *Client) path(parts ...string) (string, error) {
	var b strings.Builder
	b.WriteString("/services/data/v" + c.version)
	for _, p := range parts {
		escaped, err := pathPart(p)
		if err != nil {
			return "", err
		}
		b.WriteString("/" + escaped)
	}
	return b.String(), nil
}

// pathPart escapes one part of a path. A dot or two would be taken for a way
// through the tree even when escaped, by some proxy on the way.
func pathPart(p string) (string, error) {
	if p == "" || p == "." || p == ".." {
		return "", badValue("address", "An id or a key is empty or made of dots")
	}
	for i := range len(p) {
		if p[i] < 0x20 || p[i] == 0x7f {
			return "", badValue("address", "An id or a key holds a control character")
		}
	}
	return strings.ReplaceAll(url.PathEscape(p), "+", "%2B"), nil
}

// plain takes the address out of an error of package http: it may hold a query
// with numbers in it.
func plain(err error) error {
	for {
		of, ok := errors.AsType[*url.Error](err)
		if !ok {
			return err
		}
		if of.Timeout() {
			return errors.New("no answer in time")
		}
		err = of.Err
	}
}

// readAll reads what may be at most limit bytes.
func readAll(r io.Reader, limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(body)) > limit {
		return nil, errTooLarge
	}
	return body, err
}

var errTooLarge = errors.New("the answer is larger than it may be")
