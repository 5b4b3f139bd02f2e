package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/switchboardhq/switchboard"
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
	return serve(p, sample, serveOptions{listen: d.Listen, demo: true}, d.logger(p.stderr), func(n *node) error {
		admin, err := seed(p, n)
		if err != nil {
			return fmt.Errorf("fill the sample org: %w", err)
		}
		token, err := n.db.CreateSignInLink(p.ctx, switchboard.Actor{OrgID: admin.OrgID, Name: "Command line", Role: switchboard.Admin}, admin.ID)
		if err != nil {
			return err
		}
		return printf(p.stdout, "sign in: %s\nhandset: %s/demo/handset\n", signInURL(n.publicURL, token), n.publicURL)
	})
}

// seed fills the sample org, and returns its admin.
func seed(p *process, n *node) (switchboard.Actor, error) {
	org, err := n.db.Org(p.ctx)
	if err != nil {
		return switchboard.Actor{}, err
	}
	u, _, err := n.desk.AddUser(p.ctx, switchboard.Actor{OrgID: org, Name: "Command line", Role: switchboard.Admin}, "Dana Reyes", "dana@northside.example", switchboard.Admin)
	return switchboard.Actor{OrgID: org, ID: u.ID, Name: u.Name, Role: u.Role}, err
}
