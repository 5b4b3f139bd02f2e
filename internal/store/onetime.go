package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// linkLife is how long a one-time link can be used.
const linkLife = 15 * time.Minute

// OneTimeLink is a link that sets the service up or signs somebody in, once.
type OneTimeLink struct {
	OrgID     string
	SetUp     bool             // it makes the first admin
	User      switchboard.User // whom it signs in, unless it is for set-up
	ExpiresAt time.Time
}

// CreateSetupLink returns the token of a link that makes the first admin. It
// fails with set_up_done once there is one.
func (db *DB) CreateSetupLink(ctx context.Context, org string) (string, error) {
	token := db.secretToken()
	err := db.inTx(ctx, func(t *tx) error {
		if err := t.beforeSetup(org); err != nil {
			return err
		}
		return t.keepLink(org, token, "")
	})
	return token, err
}

// CreateSignInLink returns the token of a link that signs the user in. It fails
// with not_found for a user who is not there, and with conflict for one who is
// not active.
func (db *DB) CreateSignInLink(ctx context.Context, actor switchboard.Actor, user string) (string, error) {
	token := db.secretToken()
	err := db.inTx(ctx, func(t *tx) error {
		u, err := t.user(actor.OrgID, user)
		if err != nil {
			return err
		}
		if !u.Active {
			return switchboard.Errorf(switchboard.CodeConflict, "%s is not active and can't sign in. Make the user active first.", u.Name)
		}
		if err := t.keepLink(actor.OrgID, token, user); err != nil {
			return err
		}
		return t.audit(actor, "user.link", "user", user, "")
	})
	return token, err
}

func (t *tx) keepLink(org, token, user string) error {
	if err := t.exec("DELETE FROM one_time_link WHERE org_id = $1 AND expires_at < $2", org, micros(t.now)); err != nil {
		return err
	}
	return t.exec("INSERT INTO one_time_link (org_id, token_hash, user_id, expires_at, used_at) VALUES ($1, $2, $3, $4, 0)",
		org, hashToken(token), user, micros(t.now.Add(linkLife)))
}

func (t *tx) beforeSetup(org string) error {
	admin, err := t.hasAdmin(org)
	if err == nil && admin {
		err = switchboard.Errorf(switchboard.CodeSetUpDone, "Switchboard is set up already. Sign in, or ask an admin to add you.")
	}
	return err
}

// PeekLink returns what the link with this token is for, without using it: a
// page may be opened by a mail scanner, and only its button uses the link up.
// It fails with link_expired for a link that is unknown, used or too old, and
// with set_up_done for a set-up link once there is an admin.
func (db *DB) PeekLink(ctx context.Context, token string) (OneTimeLink, error) {
	var l OneTimeLink
	err := db.inRead(ctx, func(t *tx) (err error) {
		l, err = t.link(token)
		return err
	})
	return l, err
}

func (t *tx) link(token string) (OneTimeLink, error) {
	expired := switchboard.Errorf(switchboard.CodeLinkExpired, "This link was used already or is older than 15 minutes. Ask for a new one.")
	var l OneTimeLink
	var user string
	var expires int64
	// The token is what finds the org.
	err := t.one("SELECT org_id, user_id, expires_at FROM one_time_link WHERE token_hash = $1 AND used_at = 0 AND expires_at >= $2",
		[]any{hashToken(token), micros(t.now)}, &l.OrgID, &user, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return l, expired
	}
	if err != nil {
		return l, err
	}
	l.ExpiresAt = fromMicros(expires)
	if user == "" {
		l.SetUp = true
		return l, t.beforeSetup(l.OrgID)
	}
	if l.User, err = t.user(l.OrgID, user); err != nil {
		return l, err
	}
	if !l.User.Active {
		return l, expired
	}
	return l, nil
}

// UseLink uses a sign-in link up and returns it. It fails as PeekLink does; of
// two who use one link at once, one succeeds. A set-up link is used by SetUp.
func (db *DB) UseLink(ctx context.Context, token string) (OneTimeLink, error) {
	var l OneTimeLink
	err := db.inTx(ctx, func(t *tx) (err error) {
		if l, err = t.useLink(token); err != nil {
			return err
		}
		if l.SetUp {
			return switchboard.Errorf(switchboard.CodeInvalid, "This link sets Switchboard up. Open it in a browser and make the first admin.")
		}
		by := switchboard.Actor{OrgID: l.OrgID, ID: l.User.ID, Name: l.User.Name, Role: l.User.Role}
		return t.audit(by, "user.sign_in", "user", l.User.ID, "link")
	})
	return l, err
}

func (t *tx) useLink(token string) (OneTimeLink, error) {
	l, err := t.link(token)
	if err != nil {
		return l, err
	}
	n, err := t.execN("UPDATE one_time_link SET used_at = $3 WHERE org_id = $1 AND token_hash = $2 AND used_at = 0", l.OrgID, hashToken(token), micros(t.now))
	if err == nil && n == 0 {
		err = switchboard.Errorf(switchboard.CodeLinkExpired, "This link was used a moment ago. Ask for a new one.")
	}
	return l, err
}

// SetUp uses a set-up link up, makes the first admin of what n says, whose role
// is always admin, and gives the org its name, region and time zone. It fails
// with link_expired or set_up_done, and as UpdateOrg does, and does nothing
// then.
func (db *DB) SetUp(ctx context.Context, token string, n NewUser, s OrgSettings) (switchboard.User, error) {
	n.Role = switchboard.Admin
	if err := s.check(); err != nil {
		return switchboard.User{}, err
	}
	org, err := db.setupOrg(ctx, token)
	if err != nil {
		return switchboard.User{}, err
	}
	var u switchboard.User
	err = db.changeSettings(ctx, org, func(t *tx) error {
		l, err := t.useLink(token)
		if err != nil {
			return err
		}
		by := switchboard.Actor{OrgID: l.OrgID, Name: n.Name, Role: switchboard.Admin}
		if u, err = t.createUser(by, n); err != nil {
			return err
		}
		return t.updateOrg(l.OrgID, s)
	})
	return u, err
}

func (db *DB) setupOrg(ctx context.Context, token string) (string, error) {
	l, err := db.PeekLink(ctx, token)
	if err == nil && !l.SetUp {
		err = switchboard.Errorf(switchboard.CodeInvalid, "This link signs somebody in. It can't set Switchboard up.")
	}
	return l.OrgID, err
}
