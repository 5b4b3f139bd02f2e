package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
	"github.com/switchboardhq/switchboard/internal/store"
)

type channelCmd struct {
	Create channelCreateCmd `cmd:"" help:"Connect a provider account and print its webhook address."`
	List   channelListCmd   `cmd:"" help:"List the channels with their webhook addresses."`
}

type channelCreateCmd struct {
	Provider        string            `required:"" help:"The SMS provider: truedialog, twilio or generic."`
	Number          []string          `required:"" sep:"none" help:"One of our numbers there, as +15125550100. May be repeated."`
	Name            string            `help:"What people call the channel."`
	Region          string            `help:"Country that completes national numbers, such as US. Without it the org's, else that of the first number."`
	Secret          string            `env:"SWITCHBOARD_CHANNEL_SECRET" secret:"" help:"What the provider proves its deliveries with. Better given in the environment than here, where other users of the machine can see it."`
	Option          map[string]string `mapsep:"none" placeholder:"KEY=VALUE" help:"What else the provider needs. May be repeated."`
	AuthenticatedBy string            `placeholder:"EMAIL" help:"The user who hears of texts that no rule could place; without it the first admin."`
	JSON            bool              `name:"json" help:"Print JSON."`
	publicFlag
}

// channelJSON is a channel as programs read it.
type channelJSON struct {
	ID          string   `json:"id"`
	Provider    string   `json:"provider"`
	Name        string   `json:"name,omitempty"`
	Region      string   `json:"region"`
	Numbers     []string `json:"numbers"`
	WebhookURL  string   `json:"webhook_url"`
	WebhookPath string   `json:"webhook_path"`
}

func newChannelJSON(c switchboard.Channel, token, base string) channelJSON {
	path := "/hooks/" + c.Provider + "/" + token
	j := channelJSON{ID: c.ID, Provider: c.Provider, Name: c.Name, Region: c.Region, WebhookURL: base + path, WebhookPath: path, Numbers: []string{}}
	for _, n := range c.Numbers {
		j.Numbers = append(j.Numbers, n.Number)
	}
	return j
}

func (cc *channelCreateCmd) Run(p *process, c *cli) error {
	base, err := cc.url(c)
	if err != nil {
		return err
	}
	if err := checkSecret(cc.Provider, cc.Secret); err != nil {
		return err
	}
	return c.withOffice(p, func(o office) error {
		n := store.NewChannel{Provider: cc.Provider, Name: cc.Name, Region: strings.ToUpper(cc.Region), Numbers: cc.Number, Secret: cc.Secret, Options: cc.Option}
		if cc.AuthenticatedBy != "" {
			user, err := o.user(p, cc.AuthenticatedBy)
			if err != nil {
				return err
			}
			n.AuthenticatedBy = user.ID
		}
		channel, token, err := o.desk.CreateChannel(p.ctx, o.actor, n)
		if err != nil {
			return err
		}
		j := newChannelJSON(channel, token, base)
		if cc.JSON {
			return json.NewEncoder(p.stdout).Encode(j)
		}
		return printf(p.stdout, "channel:  %s\nprovider: %s\nnumbers:  %s\nregion:   %s\nwebhook:  %s\n", j.ID, j.Provider, strings.Join(j.Numbers, ", "), j.Region, j.WebhookURL)
	})
}

// checkSecret refuses a secret that could never verify a delivery.
func checkSecret(name, secret string) error {
	if secret == "" {
		return nil
	}
	for _, d := range drivers() {
		if g, ok := d.(provider.Guided); ok && d.Name() == name {
			return g.CheckSecret(secret)
		}
	}
	return nil
}

type channelListCmd struct {
	JSON bool `name:"json" help:"Print JSON, one channel a line."`
	publicFlag
}

func (cl *channelListCmd) Run(p *process, c *cli) error {
	base, err := cl.url(c)
	if err != nil {
		return err
	}
	return c.withOffice(p, func(o office) error {
		channels, err := o.db.Channels(p.ctx, o.actor.OrgID)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		if !cl.JSON {
			fmt.Fprintln(w, "ID\tPROVIDER\tNAME\tNUMBERS\tWEBHOOK")
		}
		for _, channel := range channels {
			token, err := o.db.WebhookToken(p.ctx, o.actor.OrgID, channel.ID)
			if err != nil {
				return err
			}
			j := newChannelJSON(channel, token, base)
			if cl.JSON {
				if err := json.NewEncoder(p.stdout).Encode(j); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", j.ID, j.Provider, oneLine(j.Name), strings.Join(j.Numbers, ","), j.WebhookURL)
		}
		return w.Flush()
	})
}
