package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

type serveCmd struct {
	Listen        string   `default:"127.0.0.1:8080" env:"SWITCHBOARD_LISTEN" placeholder:"HOST:PORT" help:"Address to listen on; port 0 picks one."`
	PublicURL     string   `name:"public-url" env:"SWITCHBOARD_PUBLIC_URL" placeholder:"URL" help:"Address by which people and providers reach the service, such as https://sms.example.com. Without it, the address that is listened on."`
	TrustedProxy  []string `env:"SWITCHBOARD_TRUSTED_PROXY" placeholder:"CIDR" help:"Proxies whose word about a visitor's address counts, such as 10.0.0.0/8."`
	MetricsListen string   `env:"SWITCHBOARD_METRICS_LISTEN" placeholder:"HOST:PORT" help:"Serve /metrics there too, without an API key."`
	PrivateHooks  bool     `name:"allow-private-webhooks" env:"SWITCHBOARD_ALLOW_PRIVATE_WEBHOOKS" help:"Let the outgoing webhook be in a private network, or without TLS."`
	logFlags
}

type logFlags struct {
	LogFormat string `default:"text" enum:"text,json" env:"SWITCHBOARD_LOG_FORMAT" help:"How the log on stderr is written: text or json."`
	LogLevel  string `default:"info" enum:"debug,info,warn,error" env:"SWITCHBOARD_LOG_LEVEL" help:"The least that is logged: debug, info, warn or error."`
}

func (f logFlags) logger(w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.LogLevel)); err != nil {
		level = slog.LevelInfo // kong lets no other name through
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: maskPhones}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// What bounds a connection.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 10 * time.Second
	answerTimeout = 30 * time.Second // but for event streams
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	drainTimeout  = 15 * time.Second
	unusedTimeout = time.Second // when stopping, for a connection on which nothing has come
)

func (s *serveCmd) Run(p *process, c *cli) error {
	options, err := s.options(p)
	if err != nil {
		return err
	}
	return serve(p, c, options, s.logger(p.stderr))
}

// serveOptions is what serve and demo have in common.
type serveOptions struct {
	listen, metricsListen string
	publicURL             string // "": the address that is listened on
	trusted               []netip.Prefix
	demo                  bool
	demoSalesforce        string // the simulated org's page, "" where there is none
	privateWebhooks       bool
	// prepare, if not nil, fills the store before anybody sees it.
	prepare func(*store.DB) error
	// greet says what to do first.
	greet func(*node) error
}

func (s *serveCmd) options(p *process) (serveOptions, error) {
	o := serveOptions{listen: s.Listen, metricsListen: s.MetricsListen, privateWebhooks: s.PrivateHooks, greet: func(n *node) error { return n.offerSetup(p) }}
	if s.PublicURL != "" {
		u, err := checkPublicURL(s.PublicURL)
		if err != nil {
			return o, err
		}
		o.publicURL = u
	}
	for _, t := range s.TrustedProxy {
		prefix, err := parsePrefix(t)
		if err != nil {
			return o, usageError{fmt.Sprintf("--trusted-proxy: %q is neither an address nor a network such as 10.0.0.0/8", t)}
		}
		o.trusted = append(o.trusted, prefix)
	}
	return o, nil
}

func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Prefix(a.BitLen())
	}
	return netip.ParsePrefix(s)
}

// checkPublicURL returns the URL without a slash at its end.
func checkPublicURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", usageError{fmt.Sprintf("--public-url: %q is not an address such as https://sms.example.com", s)}
	}
	return strings.TrimRight(s, "/"), nil
}

// serve runs the service until p's context ends.
func serve(p *process, c *cli, o serveOptions, log *slog.Logger) (err error) {
	lock, err := c.holdServe()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	db, err := c.open(p, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if o.prepare != nil {
		if err := o.prepare(db); err != nil {
			return err
		}
	}
	listener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", o.listen)
	if err != nil {
		return fmt.Errorf("can't listen on %s: %w", o.listen, err)
	}
	address := "http://" + listener.Addr().String()
	if o.publicURL == "" {
		o.publicURL = address
	}
	n, err := newNode(p, db, o, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	if err := publish(lock, o.publicURL); err != nil {
		return errors.Join(err, listener.Close())
	}
	n.start()
	defer n.stop()
	failed, stopServing, err := n.listen(p.ctx, listener)
	if err != nil {
		return err
	}
	if err := printf(p.stdout, "listening on %s\n", address); err != nil {
		return errors.Join(err, stopServing())
	}
	log.Info("serving", "address", address, "public_url", o.publicURL, "database", db.Dialect())
	if err := o.greet(n); err != nil && p.ctx.Err() == nil { // else it was cut short, and nothing is wrong
		return errors.Join(err, stopServing())
	}
	select {
	case <-p.ctx.Done():
		log.Info("stopping")
	case err = <-failed:
	}
	return errors.Join(err, stopServing())
}

// publish writes the public URL where other commands look for it.
func publish(lock *os.File, url string) error {
	if err := lock.Truncate(0); err != nil {
		return err
	}
	_, err := lock.WriteAt([]byte(url+"\n"), 0)
	return err
}

// offerSetup prints the set-up link, unless there is an admin.
func (n *node) offerSetup(p *process) error {
	org, err := n.db.Org(p.ctx)
	if err != nil {
		return err
	}
	token, err := n.db.CreateSetupLink(p.ctx, org)
	if switchboard.ErrorCode(err) == switchboard.CodeSetUpDone {
		return nil
	}
	if err != nil {
		return err
	}
	return printf(p.stdout, "set up: %s\n", setupURL(n.publicURL, token))
}

// listen serves on the listener. It returns where a failure comes, and what
// stops serving: it lets the requests that have come in finish.
func (n *node) listen(ctx context.Context, listener net.Listener) (failed chan error, stop func() error, err error) {
	failed = make(chan error, 2)
	servers := []*http.Server{n.server(n.handler)}
	listeners := []net.Listener{listener}
	if n.metricsListen != "" {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", n.metricsListen)
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("can't listen on %s: %w", n.metricsListen, err), listener.Close())
		}
		n.log.Info("serving metrics", "address", "http://"+l.Addr().String()+"/metrics")
		servers, listeners = append(servers, n.server(n.metrics.handler())), append(listeners, l)
	}
	var running sync.WaitGroup
	unused := &unused{open: map[net.Conn]struct{}{}}
	for i, s := range servers {
		s.ConnState = unused.track
		running.Go(func() {
			if err := s.Serve(listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	return failed, func() error {
		n.closeStreams()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		hangUp := time.AfterFunc(unusedTimeout, unused.close)
		defer hangUp.Stop()
		var errs []error
		for _, s := range servers {
			if err := s.Shutdown(ctx); err != nil {
				errs = append(errs, err, s.Close())
			}
		}
		running.Wait()
		return errors.Join(errs...)
	}, nil
}

// unused are the connections on which no request has come yet. Browsers and
// proxies keep some at hand, and a server that stops would wait five seconds for
// them to speak.
type unused struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

func (u *unused) track(c net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state == http.StateNew {
		u.open[c] = struct{}{}
	} else {
		delete(u.open, c)
	}
}

func (u *unused) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	for c := range u.open {
		_ = c.Close() // nothing has come on it, so nothing is lost
	}
}

func (n *node) server(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(n.log.Handler(), slog.LevelDebug), // of what strangers' connections do
	}
}
