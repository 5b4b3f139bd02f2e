package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
	"github.com/switchboardhq/switchboard/internal/demo"
	"github.com/switchboardhq/switchboard/internal/store"
)

type demoCmd struct {
	Listen           string `default:"127.0.0.1:8080" env:"SWITCHBOARD_LISTEN" placeholder:"HOST:PORT" help:"Address to listen on; port 0 picks one."`
	Salesforce       bool   `help:"Run a simulated Salesforce org beside it, connected both ways, whose bell and SMS records have a page of their own."`
	SalesforceListen string `name:"salesforce-listen" default:"127.0.0.1:0" placeholder:"HOST:PORT" help:"Address for the simulated org to listen on; port 0 picks one."`
	logFlags
}

// demoAPIVersion is the version of Salesforce's API that the demo speaks.
const demoAPIVersion = "62.0"

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
	log := d.logger(p.stderr)
	options := serveOptions{listen: d.Listen, demo: true}
	var org *simulation
	if d.Salesforce {
		if org, err = simulateOrg(p, d.SalesforceListen, sforg.Config{Username: demo.Email}, log); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, org.stop()) }()
		options.demoSalesforce = org.page()
	}
	var admin switchboard.User
	options.prepare = func(db *store.DB) error {
		if admin, err = demo.Seed(p.ctx, db, clock, p.random); err != nil {
			return fmt.Errorf("fill the sample org: %w", err)
		}
		if org == nil {
			return nil
		}
		if err := org.join(&play, db, admin, log); err != nil {
			return fmt.Errorf("connect the simulated Salesforce org: %w", forPeople(err))
		}
		return nil
	}
	options.greet = func(n *node) error { return n.offerDemo(&play, admin) }
	return serve(&play, sample, options, log)
}

// offerDemo prints how to get in, and where the handset and the simulated
// Salesforce org are.
func (n *node) offerDemo(p *process, admin switchboard.User) error {
	actor, err := commandLine(p.ctx, n.db)
	if err != nil {
		return err
	}
	token, err := n.db.CreateSignInLink(p.ctx, actor, admin.ID)
	if err != nil {
		return err
	}
	if n.demoSalesforce != "" {
		if err := printf(p.stdout, "Salesforce: %s\n", n.demoSalesforce); err != nil {
			return err
		}
	}
	return printf(p.stdout, "sign in: %s\nhandset: %s/demo/handset\n", signInURL(n.publicURL, token), n.publicURL)
}

// join connects the org's Salesforce, installs the package there and lets both
// sides become the same: the org holds the sample organization's records and
// texts when it returns. The admin is tied to the org's.
func (s *simulation) join(p *process, db *store.DB, admin switchboard.User, log *slog.Logger) error {
	actor, err := commandLine(p.ctx, db)
	if err != nil {
		return err
	}
	connection := store.Salesforce{
		SalesforceSettings: store.SalesforceSettings{Method: byClientCredentials, LoginURL: s.url, ClientID: s.org.ClientID(), APIVersion: demoAPIVersion, PubSub: s.pubsub, PubSubCA: s.pubsubCA},
		UserID:             admin.ID, SalesforceUserID: s.org.Admin().ID, SalesforceOrgID: s.org.OrgID(),
	}
	secret := store.SalesforceSecret{ClientSecret: s.org.ClientSecret()}
	if err := db.ConnectSalesforce(p.ctx, actor, connection, secret); err != nil {
		return err
	}
	remote, err := openSalesforce(p, db, actor.OrgID, connection, secret, nil, quiet())
	if err != nil {
		return err
	}
	defer remote.close()
	unheard := *p
	unheard.stdout, unheard.stderr = io.Discard, io.Discard
	if err := (&salesforceInstallCmd{ChangeCapture: true}).deploy(&unheard, remote); err != nil {
		return err
	}
	return newEngine(p, db, actor.OrgID, log, nil).SyncOnce(p.ctx, false)
}
