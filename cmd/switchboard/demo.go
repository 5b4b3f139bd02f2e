package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/demo"
	"github.com/switchboardhq/switchboard/internal/store"
)

type demoCmd struct {
	Listen string `default:"127.0.0.1:8080" env:"SWITCHBOARD_LISTEN" placeholder:"HOST:PORT" help:"Address to listen on; port 0 picks one."`
	logFlags
}

// Run serves a sample org out of a folder that is gone afterwards.
func (d *demoCmd) Run(p *process, c *cli) (err error) {
	if c.Database != "" {
		return usageError{"demo fills a store of its own: leave out --database"}
	}
	dir, err := os.MkdirTemp("", "switchboard-demo-")
	if err != nil {
		return fmt.Errorf("make a temporary folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	sample := &cli{Data: dir}
	if d.LogLevel == "info" {
		d.LogLevel = "warn" // who tries it out wants to see the addresses
	}
	clock := demo.NewClock(p.now)
	play := *p
	play.now = clock.Now
	var admin switchboard.User
	return serve(&play, sample, serveOptions{
		listen: d.Listen, demo: true,
		prepare: func(db *store.DB) error {
			if admin, err = demo.Seed(p.ctx, db, clock, p.random); err != nil {
				return fmt.Errorf("fill the sample org: %w", err)
			}
			return nil
		},
		greet: func(n *node) error { return n.offerDemo(&play, admin) },
	}, d.logger(p.stderr))
}

// offerDemo prints how to get in, and where the handset is.
func (n *node) offerDemo(p *process, admin switchboard.User) error {
	actor, err := commandLine(p.ctx, n.db)
	if err != nil {
		return err
	}
	token, err := n.db.CreateSignInLink(p.ctx, actor, admin.ID)
	if err != nil {
		return err
	}
	return printf(p.stdout, "sign in: %s\nhandset: %s/demo/handset\n", signInURL(n.publicURL, token), n.publicURL)
}
