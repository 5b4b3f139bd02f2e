package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

type userCmd struct {
	Create  userCreateCmd  `cmd:"" help:"Add a user and print a one-time sign-in link."`
	List    userListCmd    `cmd:"" help:"List the users."`
	Link    userLinkCmd    `cmd:"" help:"Print a new one-time sign-in link."`
	Disable userDisableCmd `cmd:"" help:"Sign a user out everywhere and keep the user out."`
	Enable  userEnableCmd  `cmd:"" help:"Let a disabled user in again."`
}

type userCreateCmd struct {
	Email string `required:"" help:"E-mail address to sign in with."`
	Name  string `required:"" help:"Name that others see."`
	Role  string `required:"" enum:"admin,agent,viewer" help:"What the user may do: admin, agent or viewer."`
	publicFlag
}

func (u *userCreateCmd) Run(p *process, c *cli) error {
	base, err := u.url(c)
	if err != nil {
		return err
	}
	name, email, err := switchboard.CheckUser(u.Name, u.Email)
	if err != nil {
		return err
	}
	return c.withOffice(p, func(o office) error {
		user, err := o.db.CreateUser(p.ctx, o.actor, store.NewUser{Name: name, Email: email, Role: switchboard.Role(u.Role)})
		if err != nil {
			return err
		}
		return printSignIn(p, o, user, base)
	})
}

func printSignIn(p *process, o office, u switchboard.User, base string) error {
	token, err := o.db.CreateSignInLink(p.ctx, o.actor, u.ID)
	if err != nil {
		return err
	}
	return printf(p.stdout, "%s\n", signInURL(base, token))
}

type userListCmd struct{}

func (*userListCmd) Run(p *process, c *cli) error {
	return c.withOffice(p, func(o office) error {
		users, err := o.db.Users(p.ctx, o.actor.OrgID)
		if err != nil {
			return err
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "EMAIL\tNAME\tROLE\tSTATE\tSINCE")
		for _, u := range users {
			state := "active"
			if !u.Active {
				state = "disabled"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.Email, oneLine(u.Name), u.Role, state, u.CreatedAt.Format("2006-01-02"))
		}
		return w.Flush()
	})
}

type userLinkCmd struct {
	Email string `required:"" help:"The user's e-mail address."`
	publicFlag
}

func (u *userLinkCmd) Run(p *process, c *cli) error {
	base, err := u.url(c)
	if err != nil {
		return err
	}
	return c.withOffice(p, func(o office) error {
		user, err := o.user(p, u.Email)
		if err != nil {
			return err
		}
		return printSignIn(p, o, user, base)
	})
}

type userDisableCmd struct {
	Email string `required:"" help:"The user's e-mail address."`
}

func (u *userDisableCmd) Run(p *process, c *cli) error { return setActive(p, c, u.Email, false) }

type userEnableCmd struct {
	Email string `required:"" help:"The user's e-mail address."`
}

func (u *userEnableCmd) Run(p *process, c *cli) error { return setActive(p, c, u.Email, true) }

func setActive(p *process, c *cli, email string, active bool) error {
	return c.withOffice(p, func(o office) error {
		user, err := o.user(p, email)
		if err != nil {
			return err
		}
		if _, err := o.db.SetUserActive(p.ctx, o.actor, user.ID, active); err != nil {
			return err
		}
		if active {
			return printf(p.stdout, "%s can sign in again\n", user.Email)
		}
		return printf(p.stdout, "%s is disabled and signed out everywhere\n", user.Email)
	})
}

func (o office) user(p *process, email string) (switchboard.User, error) {
	return o.db.UserByEmail(p.ctx, o.actor.OrgID, strings.ToLower(strings.TrimSpace(email)))
}

// oneLine keeps control characters, which people may have typed elsewhere, off
// the terminal.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
