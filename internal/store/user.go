package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/switchboardhq/switchboard"
)

const userSelect = "SELECT id, email, name, role, active, created_at FROM users WHERE "

func (t *tx) usersWhere(where string, args ...any) ([]switchboard.User, error) {
	var all []switchboard.User
	err := t.each(func(rows *sql.Rows) error {
		var u switchboard.User
		var created int64
		err := rows.Scan(&u.ID, &u.Email, &u.Name, &u.Role, &u.Active, &created)
		u.CreatedAt = fromMicros(created)
		all = append(all, u)
		return err
	}, userSelect+where, args...)
	return all, err
}

func (t *tx) users(org string) ([]switchboard.User, error) {
	return t.usersWhere("org_id = $1 ORDER BY created_at, id", org)
}

func (t *tx) user(org, id string) (switchboard.User, error) {
	found, err := t.usersWhere("org_id = $1 AND id = $2", org, id)
	if err != nil {
		return switchboard.User{}, err
	}
	if len(found) == 0 {
		return switchboard.User{}, switchboard.Errorf(switchboard.CodeNotFound, "There is no user %q.", id)
	}
	return found[0], nil
}

func (t *tx) userByEmail(org, email string) (switchboard.User, error) {
	found, err := t.usersWhere("org_id = $1 AND email = $2", org, email)
	if err != nil {
		return switchboard.User{}, err
	}
	if len(found) == 0 {
		return switchboard.User{}, switchboard.Errorf(switchboard.CodeNotFound, "No user has the e-mail address %s. See the users in Settings.", email)
	}
	return found[0], nil
}

// Users returns the org's users, active or not, oldest first.
func (db *DB) Users(ctx context.Context, org string) ([]switchboard.User, error) {
	var all []switchboard.User
	err := db.inRead(ctx, func(t *tx) (err error) {
		all, err = t.users(org)
		return err
	})
	return all, err
}

// User returns one user, active or not, or an error with code not_found.
func (db *DB) User(ctx context.Context, org, id string) (switchboard.User, error) {
	var u switchboard.User
	err := db.inRead(ctx, func(t *tx) (err error) {
		u, err = t.user(org, id)
		return err
	})
	return u, err
}

// UserByEmail returns the user with the e-mail address, in lower case as it is
// stored, or an error with code not_found.
func (db *DB) UserByEmail(ctx context.Context, org, email string) (switchboard.User, error) {
	var u switchboard.User
	err := db.inRead(ctx, func(t *tx) (err error) {
		u, err = t.userByEmail(org, email)
		return err
	})
	return u, err
}

// NewUser is what a user is made of, as [switchboard.CheckUser] returns it.
type NewUser struct {
	Name  string
	Email string
	Role  switchboard.Role
	// PasswordHash is "" for a user who signs in by links until one is set.
	PasswordHash string
}

// CreateUser adds a user. Channels that nobody has authenticated become an
// admin's. It fails with already_exists if the e-mail address is taken, also
// by a user who is not active.
func (db *DB) CreateUser(ctx context.Context, actor switchboard.Actor, n NewUser) (switchboard.User, error) {
	var u switchboard.User
	err := db.changeSettings(ctx, actor.OrgID, func(t *tx) (err error) {
		u, err = t.createUser(actor, n)
		return err
	})
	return u, err
}

func (t *tx) createUser(actor switchboard.Actor, n NewUser) (switchboard.User, error) {
	u := switchboard.User{ID: t.newID(), Email: n.Email, Name: n.Name, Role: n.Role, Active: true, CreatedAt: t.now}
	added, err := t.execN(`INSERT INTO users (org_id, id, email, name, role, password_hash, active, theme, keys_off, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, TRUE, '', FALSE, $7) ON CONFLICT (org_id, email) DO NOTHING`,
		actor.OrgID, u.ID, u.Email, u.Name, string(u.Role), n.PasswordHash, micros(t.now))
	if err != nil {
		return u, err
	}
	if added == 0 {
		return u, &switchboard.Error{Code: switchboard.CodeAlreadyExists, Field: "email", Message: "There is a user with the e-mail address " + u.Email + " already."}
	}
	if u.Role == switchboard.Admin {
		if err := t.exec("UPDATE channel SET authenticated_by = $2 WHERE org_id = $1 AND authenticated_by = ''", actor.OrgID, u.ID); err != nil {
			return u, err
		}
	}
	return u, t.audit(actor, "user.create", "user", u.ID, string(u.Role))
}

// SetUserActive lets a user in or keeps one out. Who is kept out is signed out
// everywhere; the texts of channels that this user authenticated are told to
// the other admins from then on. It fails with conflict where no active admin
// would be left.
func (db *DB) SetUserActive(ctx context.Context, actor switchboard.Actor, id string, active bool) (switchboard.User, error) {
	action := "user.enable"
	if !active {
		action = "user.disable"
	}
	return db.editUser(ctx, actor, id, func(t *tx, u *switchboard.User) error {
		if u.Active == active {
			return nil
		}
		u.Active = active
		if err := t.exec("UPDATE users SET active = $3 WHERE org_id = $1 AND id = $2", actor.OrgID, id, active); err != nil {
			return err
		}
		if !active {
			if err := t.signOut(actor.OrgID, id); err != nil {
				return err
			}
		}
		return t.audit(actor, action, "user", id, "")
	})
}

// SetUserRole changes what a user may do. It fails with conflict where no
// active admin would be left.
func (db *DB) SetUserRole(ctx context.Context, actor switchboard.Actor, id string, role switchboard.Role) (switchboard.User, error) {
	return db.editUser(ctx, actor, id, func(t *tx, u *switchboard.User) error {
		if u.Role == role {
			return nil
		}
		u.Role = role
		if err := t.exec("UPDATE users SET role = $3 WHERE org_id = $1 AND id = $2", actor.OrgID, id, string(role)); err != nil {
			return err
		}
		return t.audit(actor, "user.role", "user", id, string(role))
	})
}

// editUser runs edit under a new settings version, which keeps two edits from
// each taking away the other's last admin.
func (db *DB) editUser(ctx context.Context, actor switchboard.Actor, id string, edit func(*tx, *switchboard.User) error) (switchboard.User, error) {
	var u switchboard.User
	err := db.changeSettings(ctx, actor.OrgID, func(t *tx) (err error) {
		if u, err = t.user(actor.OrgID, id); err != nil {
			return err
		}
		if err := edit(t, &u); err != nil {
			return err
		}
		admin, err := t.hasAdmin(actor.OrgID)
		if err == nil && !admin {
			err = switchboard.Errorf(switchboard.CodeConflict, "%s is the only active admin. Make somebody else an admin first.", u.Name)
		}
		return err
	})
	return u, err
}

func (t *tx) hasAdmin(org string) (bool, error) {
	var id string
	err := t.one("SELECT id FROM users WHERE org_id = $1 AND role = 'admin' AND active LIMIT 1", []any{org}, &id)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// HasAdmin reports whether the org has an active admin: until then it is not
// set up.
func (db *DB) HasAdmin(ctx context.Context, org string) (bool, error) {
	has := false
	err := db.inRead(ctx, func(t *tx) (err error) {
		has, err = t.hasAdmin(org)
		return err
	})
	return has, err
}

// PasswordHash returns the user with the e-mail address, in lower case, and
// the hash of the password, "" if none is set. It fails with not_found if there
// is no such user; whether the user is active is the caller's to look at.
func (db *DB) PasswordHash(ctx context.Context, org, email string) (switchboard.User, string, error) {
	var u switchboard.User
	var hash string
	err := db.inRead(ctx, func(t *tx) (err error) {
		if u, err = t.userByEmail(org, email); err != nil {
			return err
		}
		return t.one("SELECT password_hash FROM users WHERE org_id = $1 AND id = $2", []any{org, u.ID}, &hash)
	})
	return u, hash, err
}

// SetPasswordHash sets the user's password and signs the user out everywhere:
// a session that is to go on has to be renewed. Sign-in links that were not
// used are dead from then on.
func (db *DB) SetPasswordHash(ctx context.Context, actor switchboard.Actor, id, hash string) error {
	return db.inTx(ctx, func(t *tx) error {
		n, err := t.execN("UPDATE users SET password_hash = $3 WHERE org_id = $1 AND id = $2", actor.OrgID, id, hash)
		if err != nil {
			return err
		}
		if n == 0 {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no user %q.", id)
		}
		if err := t.signOut(actor.OrgID, id); err != nil {
			return err
		}
		return t.audit(actor, "user.password", "user", id, "")
	})
}

// signOut ends all that lets the user in without a password.
func (t *tx) signOut(org, user string) error {
	if err := t.exec("DELETE FROM session WHERE user_id = $1", user); err != nil {
		return err
	}
	return t.exec("DELETE FROM one_time_link WHERE org_id = $1 AND user_id = $2 AND used_at = 0", org, user)
}

// Preferences are how a user wants the pages.
type Preferences struct {
	Theme   string // light or dark; "" follows the system
	KeysOff bool   // single-key shortcuts are switched off
}

// Preferences returns the user's preferences, or an error with code not_found.
func (db *DB) Preferences(ctx context.Context, org, user string) (Preferences, error) {
	var p Preferences
	err := db.inRead(ctx, func(t *tx) error {
		err := t.one("SELECT theme, keys_off FROM users WHERE org_id = $1 AND id = $2", []any{org, user}, &p.Theme, &p.KeysOff)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no user %q.", user)
		}
		return err
	})
	return p, err
}

// SetPreferences stores the actor's own preferences. An API key has none: the
// error is not_found.
func (db *DB) SetPreferences(ctx context.Context, actor switchboard.Actor, p Preferences) error {
	switch p.Theme {
	case "", "light", "dark":
	default:
		return switchboard.Invalid("theme", "There is no theme %q. Use light, dark, or none to follow the system.", p.Theme)
	}
	return db.inTx(ctx, func(t *tx) error {
		n, err := t.execN("UPDATE users SET theme = $3, keys_off = $4 WHERE org_id = $1 AND id = $2", actor.OrgID, actor.ID, p.Theme, p.KeysOff)
		if err == nil && n == 0 {
			err = switchboard.Errorf(switchboard.CodeNotFound, "There is no user %q.", actor.ID)
		}
		return err
	})
}
