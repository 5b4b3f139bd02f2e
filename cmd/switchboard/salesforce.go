package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce/orgpackage"
	"github.com/switchboardhq/switchboard/internal/store"
)

type salesforceCmd struct {
	Connect    salesforceConnectCmd    `cmd:"" help:"Connect the org's Salesforce, or change the connection."`
	Disconnect salesforceDisconnectCmd `cmd:"" help:"Forget how to get into Salesforce. What was synced stays on both sides."`
	Status     salesforceStatusCmd     `cmd:"" help:"Say how it stands with Salesforce."`
	Install    salesforceInstallCmd    `cmd:"" help:"Deploy the package into the connected Salesforce org."`
	Sync       salesforceSyncCmd       `cmd:"" help:"Run one cycle both ways."`
}

type salesforceConnectCmd struct {
	LoginURL     string `name:"login-url" required:"" placeholder:"URL" help:"The org's My Domain, such as https://acme.my.salesforce.com."`
	ClientID     string `name:"client-id" required:"" placeholder:"KEY" help:"The consumer key of the External Client App."`
	ClientSecret string `name:"client-secret" env:"SWITCHBOARD_SALESFORCE_CLIENT_SECRET" secret:"" help:"The consumer secret: signs in by client credentials. Better given in the environment than here, where other users of the machine can see it."`
	Username     string `help:"The Salesforce user to act as: signs in by JWT bearer, with --key-file."`
	KeyFile      string `name:"key-file" placeholder:"FILE" help:"The private key in PEM whose certificate the app has."`
	Audience     string `placeholder:"URL" help:"The audience of the JWT; a sandbox's is https://test.salesforce.com. Without it https://login.salesforce.com."`
	User         string `placeholder:"EMAIL" help:"The admin here who is tied to the Salesforce user, and whose bell rings there. Without it the first admin."`
	APIVersion   string `name:"api-version" default:"62.0" help:"Version of Salesforce's API, 52.0 or later."`
	PubSub       string `name:"pubsub" placeholder:"HOST:PORT" help:"Address of the Pub/Sub API, such as api.pubsub.salesforce.com:7443, to hear of changes at once. Without it they are polled for."`
	PubSubCA     string `name:"pubsub-ca" placeholder:"FILE" help:"Who signed that address's certificate, in PEM, where nobody trusts them by default."`
	DailyCalls   int64  `name:"daily-calls" help:"The most API calls to make a day. Without it Salesforce's own limit counts, of which the last fifth is kept for messages."`
	JSON         bool   `name:"json" help:"Print JSON."`
}

// connectionJSON is a connection as programs read it.
type connectionJSON struct {
	OrgID    string `json:"org_id"`
	UserID   string `json:"user_id"`
	Instance string `json:"instance_url"`
	User     string `json:"user"`
}

func (s *salesforceConnectCmd) Run(p *process, c *cli) error {
	wanted, secret, err := s.wanted()
	if err != nil {
		return err
	}
	return c.withOffice(p, func(o office) error {
		tied, err := s.tied(p, o)
		if err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(p.ctx, connectTimeout)
		defer cancel()
		org, err := openSalesforce(p, o.db, o.actor.OrgID, wanted, secret, nil, quiet())
		if err != nil {
			return forPeople(err)
		}
		defer org.close()
		if err := org.CheckVersion(ctx); err != nil {
			return forPeople(err)
		}
		token, err := org.Token(ctx)
		if err != nil {
			return forPeople(err)
		}
		wanted.UserID, wanted.SalesforceUserID, wanted.SalesforceOrgID = tied.ID, token.UserID, token.OrgID
		wanted.Instance = token.Instance
		if err := o.db.ConnectSalesforce(p.ctx, o.actor, wanted, secret); err != nil {
			return err
		}
		if s.JSON {
			return json.NewEncoder(p.stdout).Encode(connectionJSON{token.OrgID, token.UserID, token.Instance, tied.Email})
		}
		return printf(p.stdout, "connected: %s (org %s)\n%s is tied to the Salesforce user %s\nnext: switchboard salesforce install\n", token.Instance, token.OrgID, tied.Email, token.UserID)
	})
}

// wanted is the connection that the flags ask for.
func (s *salesforceConnectCmd) wanted() (store.Salesforce, store.SalesforceSecret, error) {
	c := store.Salesforce{SalesforceSettings: store.SalesforceSettings{LoginURL: strings.TrimRight(s.LoginURL, "/"), ClientID: s.ClientID, Audience: s.Audience,
		Username: s.Username, APIVersion: s.APIVersion, PubSub: s.PubSub, DailyCalls: s.DailyCalls}}
	var secret store.SalesforceSecret
	switch {
	case s.Username != "" && s.KeyFile != "":
		key, err := os.ReadFile(s.KeyFile)
		if err != nil {
			return c, secret, fmt.Errorf("--key-file: %w", err)
		}
		c.Method, secret.PrivateKey = byJWT, string(key)
	case s.Username != "" || s.KeyFile != "":
		return c, secret, usageError{"--username and --key-file belong together"}
	case s.ClientSecret != "":
		c.Method, secret.ClientSecret = byClientCredentials, s.ClientSecret
	default:
		return c, secret, usageError{"give --client-secret, or --username with --key-file"}
	}
	if s.PubSubCA != "" {
		ca, err := os.ReadFile(s.PubSubCA)
		if err != nil {
			return c, secret, fmt.Errorf("--pubsub-ca: %w", err)
		}
		c.PubSubCA = string(ca)
	}
	return c, secret, nil
}

// tied returns the admin who is tied to the Salesforce user.
func (s *salesforceConnectCmd) tied(p *process, o office) (switchboard.User, error) {
	if s.User != "" {
		u, err := o.user(p, s.User)
		return u, err
	}
	users, err := o.db.Users(p.ctx, o.actor.OrgID)
	if err != nil {
		return switchboard.User{}, err
	}
	users = slices.DeleteFunc(users, func(u switchboard.User) bool { return !u.Active || u.Role != switchboard.Admin })
	if len(users) == 0 {
		return switchboard.User{}, errors.New("there is no admin yet who could be tied to the Salesforce user: run switchboard user create --role admin first")
	}
	return slices.MinFunc(users, func(a, b switchboard.User) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}), nil
}

// forPeople gives an error of Salesforce's its own words: who runs the command
// is the org's admin.
func forPeople(err error) error {
	if e, ok := errors.AsType[*salesforce.Error](err); ok {
		return errors.New(e.Sentence())
	}
	return err
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

type salesforceDisconnectCmd struct{}

func (*salesforceDisconnectCmd) Run(p *process, c *cli) error {
	return c.withOffice(p, func(o office) error { return o.db.DisconnectSalesforce(p.ctx, o.actor) })
}

// withSalesforce opens the connected org.
func (c *cli) withSalesforce(p *process, do func(office, *salesforceOrg) error) error {
	return c.withOffice(p, func(o office) error {
		return o.salesforce(p.ctx, p, func(org *salesforceOrg) error { return do(o, org) })
	})
}

// salesforce opens the connected org, and counts the calls that are made of it.
func (o office) salesforce(ctx context.Context, p *process, do func(*salesforceOrg) error) error {
	connection, err := o.db.Salesforce(ctx, o.actor.OrgID)
	if err != nil {
		return err
	}
	secret, err := o.db.SalesforceSecret(ctx, o.actor.OrgID)
	if err != nil {
		return err
	}
	gate, err := crm.NewGate(ctx, o.db, o.actor.OrgID, connection, p.now)
	if err != nil {
		return err
	}
	org, err := openSalesforce(p, o.db, o.actor.OrgID, connection, secret, gate, quiet())
	if err != nil {
		return forPeople(err)
	}
	defer org.close()
	err = do(org)
	return errors.Join(err, gate.Flush(context.WithoutCancel(ctx), o.db, o.actor.OrgID))
}

type salesforceInstallCmd struct {
	To            string `placeholder:"DIR" help:"Write the package's source there instead, for the sf command line."`
	ChangeCapture bool   `name:"change-data-capture" help:"Also capture changes of Account, Contact, Lead and SMS__c, for --pubsub: an org has five such objects unless it bought more."`
	KeepSettings  bool   `help:"Leave Create Records From Unknown Numbers as it is in the org."`
}

func (s *salesforceInstallCmd) Run(p *process, c *cli) error {
	if s.To != "" {
		if err := orgpackage.Write(s.To); err != nil {
			return err
		}
		return printf(p.stdout, "written: %s\n", s.To)
	}
	return c.withSalesforce(p, func(o office, org *salesforceOrg) error {
		if err := s.deploy(p, org); err != nil {
			return err
		}
		return o.db.RenewSalesforce(p.ctx, o.actor.OrgID)
	})
}

func (s *salesforceInstallCmd) deploy(p *process, org *salesforceOrg) error {
	zip, err := packageFor(p.ctx, org, s.ChangeCapture, s.KeepSettings)
	if err != nil {
		return forPeople(err)
	}
	said := ""
	_, err = org.Deploy(p.ctx, zip, func(d salesforce.Deployment) {
		if line := fmt.Sprintf("%s: %d of %d components", d.Status, d.Deployed, d.Total); line != said {
			said = line
			_ = printf(p.stderr, "%s\n", line) // progress, for whoever looks
		}
	})
	if err != nil {
		return forPeople(err)
	}
	if err := moveIn(p.ctx, org); err != nil {
		return err
	}
	return printf(p.stdout, "installed: package %s\n", orgpackage.Version)
}

// packageFor returns the zip to be deployed into the org. The settings that the
// org has already are left as they are.
func packageFor(ctx context.Context, org *salesforceOrg, changeCapture, keepSettings bool) ([]byte, error) {
	version, err := org.PackageVersion(ctx)
	if err != nil {
		return nil, err
	}
	var zip bytes.Buffer
	options := orgpackage.Options{APIVersion: org.Version(), ChangeDataCapture: changeCapture || org.connection.PubSub != "", KeepSettings: keepSettings || version != ""}
	err = orgpackage.Zip(&zip, options)
	return zip.Bytes(), err
}

// moveIn makes what was just installed usable for us.
func moveIn(ctx context.Context, org *salesforceOrg) error {
	for _, object := range []string{"SMS__c", "Contact", "Lead", "Account"} {
		org.Forget(object)
	}
	if err := grantPermissions(ctx, org.Org); err != nil {
		return fmt.Errorf("the package is installed, but its permission set Switchboard Integration could not be assigned to the user that we act as; assign it in Setup, Permission Sets: %w", forPeople(err))
	}
	return nil
}

// grantPermissions gives the user that we act as what the package asks for.
func grantPermissions(ctx context.Context, org *salesforce.Org) error {
	ctx = salesforce.WithUse(ctx, salesforce.UseSetup)
	token, err := org.Token(ctx)
	if err != nil {
		return err
	}
	sets, err := salesforce.Collect(org.Query(ctx, salesforce.Select("PermissionSet", "Id").Where(salesforce.Eq("Name", orgpackage.IntegrationSet))))
	if err != nil {
		return err
	}
	for _, set := range sets {
		have, err := salesforce.Collect(org.Query(ctx, salesforce.Select("PermissionSetAssignment", "Id").
			Where(salesforce.Eq("PermissionSetId", set.ID("Id")), salesforce.Eq("AssigneeId", token.UserID))))
		if err != nil {
			return err
		}
		if len(have) > 0 {
			continue
		}
		fields := map[string]any{"PermissionSetId": set.ID("Id"), "AssigneeId": token.UserID}
		if _, err := org.Create(ctx, "PermissionSetAssignment", fields, salesforce.WriteOptions{}); err != nil && !salesforce.HasCode(err, "DUPLICATE_VALUE") {
			return err
		}
	}
	return nil
}

type salesforceSyncCmd struct {
	Full bool `help:"Read all records again, and compare all ids."`
}

func (s *salesforceSyncCmd) Run(p *process, c *cli) error {
	return c.withOffice(p, func(o office) error {
		said := time.Time{}
		engine := newEngine(p, o.db, o.actor.OrgID, slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: maskPhones})),
			func(object switchboard.Object, rows, total int64) {
				if rows >= total || p.now().Sub(said) >= time.Second {
					said = p.now()
					_ = printf(p.stderr, "%s: %d of %d records\n", object, rows, max(rows, total)) // progress, for whoever looks
				}
			})
		if err := engine.SyncOnce(p.ctx, s.Full); err != nil {
			return forPeople(err)
		}
		return printf(p.stdout, "synced\n")
	})
}
