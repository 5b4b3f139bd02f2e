package desk

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// AddUser adds a user and returns the token of a link that signs the user in,
// once.
func (d *Desk) AddUser(ctx context.Context, actor switchboard.Actor, name, email string, role switchboard.Role) (switchboard.User, string, error) {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return switchboard.User{}, "", err
	}
	if _, err := switchboard.ParseRole(string(role)); err != nil {
		return switchboard.User{}, "", err
	}
	name, email, err := switchboard.CheckUser(name, email)
	if err != nil {
		return switchboard.User{}, "", err
	}
	u, err := d.db.CreateUser(ctx, actor, store.NewUser{Name: name, Email: email, Role: role})
	if err != nil {
		return switchboard.User{}, "", err
	}
	token, err := d.db.CreateSignInLink(ctx, actor, u.ID)
	return u, token, d.done(actor.OrgID, err)
}

// SignInLink returns the token of a new link that signs the user in, once.
func (d *Desk) SignInLink(ctx context.Context, actor switchboard.Actor, user string) (switchboard.User, string, error) {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return switchboard.User{}, "", err
	}
	token, err := d.db.CreateSignInLink(ctx, actor, user)
	if err != nil {
		return switchboard.User{}, "", err
	}
	u, err := d.db.User(ctx, actor.OrgID, user)
	return u, token, err
}

// SetUserActive lets a user in, or signs the user out everywhere and keeps the
// user out. Nobody does that to themselves: they could not take it back.
func (d *Desk) SetUserActive(ctx context.Context, actor switchboard.Actor, user string, active bool) (switchboard.User, error) {
	if err := d.mayChangeUser(actor, user); err != nil {
		return switchboard.User{}, err
	}
	u, err := d.db.SetUserActive(ctx, actor, user, active)
	return u, d.done(actor.OrgID, err)
}

// SetUserRole changes what a user may do. Nobody changes their own role.
func (d *Desk) SetUserRole(ctx context.Context, actor switchboard.Actor, user string, role switchboard.Role) (switchboard.User, error) {
	if err := d.mayChangeUser(actor, user); err != nil {
		return switchboard.User{}, err
	}
	if _, err := switchboard.ParseRole(string(role)); err != nil {
		return switchboard.User{}, err
	}
	u, err := d.db.SetUserRole(ctx, actor, user, role)
	return u, d.done(actor.OrgID, err)
}

func (d *Desk) mayChangeUser(actor switchboard.Actor, user string) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	if actor.ID == user {
		return switchboard.Errorf(switchboard.CodeConflict, "You can't change your own account here. Ask another admin.")
	}
	return nil
}

// CreateAPIKey makes a key for a program. The key is returned now and never
// again.
func (d *Desk) CreateAPIKey(ctx context.Context, actor switchboard.Actor, name string, role switchboard.Role) (store.APIKey, string, error) {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return store.APIKey{}, "", err
	}
	if name = strings.TrimSpace(name); name == "" {
		return store.APIKey{}, "", switchboard.Invalid("name", "Name the program that gets the key.")
	}
	if utf8.RuneCountInString(name) > 80 {
		return store.APIKey{}, "", switchboard.Invalid("name", "A key's name has at most 80 characters.")
	}
	if _, err := switchboard.ParseRole(string(role)); err != nil {
		return store.APIKey{}, "", err
	}
	return d.db.CreateAPIKey(ctx, actor, name, role)
}

// RevokeAPIKey ends a key at once.
func (d *Desk) RevokeAPIKey(ctx context.Context, actor switchboard.Actor, id string) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	return d.db.RevokeAPIKey(ctx, actor, id)
}
