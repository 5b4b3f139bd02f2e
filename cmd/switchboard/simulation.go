package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// simulation is a simulated Salesforce org that answers, on two listeners: one
// for its API and its pages, one for the Pub/Sub API.
type simulation struct {
	org      *sforg.Org
	url      string
	pubsub   string // HOST:PORT
	pubsubCA string // PEM: it signed itself

	failed chan error // what ended it before it was stopped
	stop   func() error
}

// simulateOrg starts an org that listens on listen, and on another port of the
// same host. The URL, the clock, the randomness and the log of c are set here.
// Whoever starts it has to stop it: it outlives p's context.
func simulateOrg(p *process, listen string, c sforg.Config, log *slog.Logger) (*simulation, error) {
	ctx := context.WithoutCancel(p.ctx)
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, usageError{fmt.Sprintf("%q is no address to listen on, such as 127.0.0.1:0", listen)}
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("can't listen on %s: %w", listen, err)
	}
	s := &simulation{url: "http://" + listener.Addr().String(), failed: make(chan error, 2)}
	c.Now, c.Random, c.Log, c.URL = p.now, p.random, log, s.url
	s.org = sforg.New(c)
	events, err := s.org.NewPubSub(sforg.PubSubKeepalive)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	eventListener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("can't listen for the Pub/Sub API: %w", err), listener.Close())
	}
	s.pubsub, s.pubsubCA = eventListener.Addr().String(), string(events.CertificatePEM())
	server := &http.Server{Handler: s.org, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	var running sync.WaitGroup
	streaming, stopStreams := context.WithCancel(ctx)
	running.Go(func() {
		if err := events.Serve(streaming, eventListener); err != nil {
			s.failed <- err
		}
	})
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			s.failed <- err
		}
	})
	s.stop = func() (err error) {
		stopStreams()
		within, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if server.Shutdown(within) != nil { // somebody holds on; there is nothing to save
			err = server.Close()
		}
		running.Wait()
		return err
	}
	return s, nil
}

// page returns the address of the bell and the SMS records, for a browser.
func (s *simulation) page() string { return s.org.Admin().PageURL(s.url) }
