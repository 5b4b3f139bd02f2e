package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
)

type apikeyCmd struct {
	Create apikeyCreateCmd `cmd:"" help:"Make a key and print it, this once."`
	List   apikeyListCmd   `cmd:"" help:"List the keys, without what they say."`
	Revoke apikeyRevokeCmd `cmd:"" help:"End a key at once."`
}

type apikeyCreateCmd struct {
	Name string `required:"" help:"What the key is for."`
	Role string `default:"viewer" enum:"admin,agent,viewer" help:"What the key may do: admin, agent or viewer."`
}

func (a *apikeyCreateCmd) Run(p *process, c *cli) error {
	name := strings.TrimSpace(a.Name)
	if name == "" || utf8.RuneCountInString(name) > 120 {
		return switchboard.Invalid("name", "A key's name has 1 to 120 characters.")
	}
	return c.withOffice(p, func(o office) error {
		_, key, err := o.db.CreateAPIKey(p.ctx, o.actor, name, switchboard.Role(a.Role))
		if err != nil {
			return err
		}
		return printf(p.stdout, "%s\n", key)
	})
}

type apikeyListCmd struct{}

func (*apikeyListCmd) Run(p *process, c *cli) error {
	return c.withOffice(p, func(o office) error {
		keys, err := o.db.APIKeys(p.ctx, o.actor.OrgID)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tROLE\tSTATE\tSINCE")
		for _, k := range keys {
			state := "active"
			if !k.RevokedAt.IsZero() {
				state = "revoked"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, oneLine(k.Name), k.Role, state, k.CreatedAt.Format("2006-01-02"))
		}
		return w.Flush()
	})
}

type apikeyRevokeCmd struct {
	ID   string `arg:"" optional:"" help:"The key's id, as list shows it."`
	Name string `help:"The key's name, if only one active key has it."`
}

func (a *apikeyRevokeCmd) Run(p *process, c *cli) error {
	if (a.ID == "") == (a.Name == "") {
		return usageError{"name the key by its id or by --name"}
	}
	return c.withOffice(p, func(o office) error {
		id := a.ID
		if id == "" {
			keys, err := o.db.APIKeys(p.ctx, o.actor.OrgID)
			if err != nil {
				return err
			}
			for _, k := range keys {
				if k.Name != a.Name || !k.RevokedAt.IsZero() {
					continue
				}
				if id != "" {
					return switchboard.Errorf(switchboard.CodeConflict, "Several active keys are called %q. Name the one you mean by its id; see apikey list.", a.Name)
				}
				id = k.ID
			}
			if id == "" {
				return switchboard.Errorf(switchboard.CodeNotFound, "No active key is called %q. See apikey list.", a.Name)
			}
		}
		if err := o.db.RevokeAPIKey(p.ctx, o.actor, id); err != nil {
			return err
		}
		return printf(p.stdout, "revoked %s\n", id)
	})
}
