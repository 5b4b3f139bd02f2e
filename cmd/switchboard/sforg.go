package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

type sforgCmd struct {
	Listen string `default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Address to listen on; port 0 picks one."`
	JSON   bool   `help:"Print one line of JSON instead of text."`
	logFlags
}

// simulated is what one needs to know to use the simulated org.
type simulated struct {
	URL          string `json:"url"`
	AccessToken  string `json:"access_token"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Username     string `json:"username"`
	UserID       string `json:"user_id"`
	OrgID        string `json:"org_id"`
	PubSub       string `json:"pubsub_addr"`
	PubSubCA     string `json:"pubsub_ca"` // PEM: it signed itself
	Page         string `json:"page"`      // the bell and the SMS records, for a browser
}

// Run serves a simulated Salesforce org until the process is asked to stop.
func (s *sforgCmd) Run(p *process) (err error) {
	log := s.logger(p.stderr)
	listener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("can't listen on %s: %w", s.Listen, err)
	}
	url := "http://" + listener.Addr().String()
	org := sforg.New(sforg.Config{Now: p.now, Random: p.random, Log: log, URL: url})
	server := &http.Server{Handler: org, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	events, err := org.NewPubSub(sforg.PubSubKeepalive)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	eventListener, err := (&net.ListenConfig{}).Listen(p.ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return errors.Join(fmt.Errorf("can't listen for the Pub/Sub API: %w", err), listener.Close())
	}
	var running sync.WaitGroup
	failed := make(chan error, 2)
	streaming, stopStreams := context.WithCancel(p.ctx)
	running.Go(func() {
		if err := events.Serve(streaming, eventListener); err != nil {
			failed <- err
		}
	})
	running.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	defer func() {
		stopStreams()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil { // somebody holds on; there is nothing to save
			err = errors.Join(err, server.Close())
		}
		running.Wait()
	}()
	told := simulated{URL: url, AccessToken: org.AccessToken(), ClientID: org.ClientID(), ClientSecret: org.ClientSecret(),
		Username: org.Admin().Username, UserID: org.Admin().ID, OrgID: org.OrgID(),
		PubSub: eventListener.Addr().String(), PubSubCA: string(events.CertificatePEM()), Page: org.Admin().PageURL(url)}
	if err := s.tell(p, told); err != nil {
		return err
	}
	select {
	case <-p.ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

func (s *sforgCmd) tell(p *process, told simulated) error {
	if s.JSON {
		line, err := json.Marshal(told)
		if err != nil {
			return err
		}
		return printf(p.stdout, "%s\n", line)
	}
	return printf(p.stdout, "listening on %s\nclient id: %s\nclient secret: %s\naccess token: %s\nuser: %s (%s)\norg: %s\nPub/Sub API: %s\npage: %s\n",
		told.URL, told.ClientID, told.ClientSecret, told.AccessToken, told.Username, told.UserID, told.OrgID, told.PubSub, told.Page)
}
