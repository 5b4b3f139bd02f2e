package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/switchboardhq/switchboard"
)

// SalesforceSettings say how to get into the org's Salesforce, and what of it
// is synced.
type SalesforceSettings struct {
	Method     string `json:"method"` // client_credentials, jwt_bearer or web_server
	LoginURL   string `json:"login_url"`
	Instance   string `json:"instance,omitempty"` // where the org answered when it was connected: its records' addresses begin with it
	Audience   string `json:"audience,omitempty"` // of a JWT; "" is the login host's
	ClientID   string `json:"client_id"`
	Username   string `json:"username,omitempty"` // of a JWT
	APIVersion string `json:"api_version"`
	// PubSub is the address of the stream of changes; "" is none, and the poll
	// alone finds them.
	PubSub   string `json:"pubsub,omitempty"`
	PubSubCA string `json:"pubsub_ca,omitempty"` // who signed its certificate, PEM; "" is who everybody trusts
	// Fields are synced beside the usual ones, by object.
	Fields map[switchboard.Object][]string `json:"fields,omitempty"`
	// Renewed grows when the org has changed in a way that makes what is known of
	// it stale, such as by an installation of the package.
	Renewed int64 `json:"renewed,omitempty"`
	// DailyCalls bounds our API calls a day; 0 leaves it to Salesforce's limit.
	DailyCalls int64 `json:"daily_calls,omitempty"`
}

// Salesforce is the org's connection to its Salesforce.
type Salesforce struct {
	SalesforceSettings
	UserID           string // the admin user who is tied to the Salesforce user
	SalesforceUserID string // whom the token belongs to
	SalesforceOrgID  string
	Connected        bool   // false: it was, and its secrets are gone
	Status           string // VerdictOK, or what is wrong; "" if it was never used
	StatusAt         time.Time
	SyncedAt         time.Time // when a whole cycle last ended well; zero: never
	CallsUsed        int64     // of the API in the last 24 hours by everybody, as Salesforce last said
	CallsMax         int64     // 0: it has not said yet
	CallsAt          time.Time
	ParkedUntil      time.Time // no call before: the limit was used up
	CreatedAt        time.Time
}

// SalesforceSecret is what opens the Salesforce. Which members are set depends
// on the method.
type SalesforceSecret struct {
	ClientSecret string `json:"client_secret,omitempty"`
	PrivateKey   string `json:"private_key,omitempty"` // PEM
	RefreshToken string `json:"refresh_token,omitempty"`
}

const salesforceSecret = "salesforce secret "

// ConnectSalesforce makes c the org's connection, or changes it. It fails with
// conflict if records of another Salesforce org have been synced here, and with
// invalid if c's user is no active admin.
func (db *DB) ConnectSalesforce(ctx context.Context, actor switchboard.Actor, c Salesforce, secret SalesforceSecret) error {
	settings, err := json.Marshal(c.SalesforceSettings)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(secret)
	if err != nil {
		return err
	}
	org := actor.OrgID
	sealed, err := db.key.Seal(plain, salesforceSecret+org)
	if err != nil {
		return err
	}
	return db.inTx(ctx, func(t *tx) error {
		if err := t.settingsChanged(org); err != nil { // it locks the org's row
			return err
		}
		u, err := t.user(org, c.UserID)
		if err != nil {
			return asInvalid(err, "user_id")
		}
		if !u.Active || u.Role != switchboard.Admin {
			return switchboard.Invalid("user_id", "%s is no active admin. Choose an admin who hears of texts that no rule could place.", u.Name)
		}
		have, err := t.salesforce(org)
		if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			return err
		}
		if err == nil && have.SalesforceOrgID != c.SalesforceOrgID {
			return switchboard.Errorf(switchboard.CodeConflict, "These records are those of the Salesforce org %s, and this is %s. Connect that one again, or start with an empty store.", have.SalesforceOrgID, c.SalesforceOrgID)
		}
		err = t.exec(`INSERT INTO salesforce (org_id, settings, secret_sealed, user_id, salesforce_user_id, salesforce_org_id, status, status_at, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, '', 0, $7)
			ON CONFLICT (org_id) DO UPDATE SET settings = excluded.settings, secret_sealed = excluded.secret_sealed, user_id = excluded.user_id,
				salesforce_user_id = excluded.salesforce_user_id, status = '', status_at = 0, parked_until = 0, missing_records = '', missing_messages = ''`,
			org, string(settings), sealed, c.UserID, c.SalesforceUserID, c.SalesforceOrgID, micros(t.now))
		if err != nil {
			return err
		}
		return t.audit(actor, "salesforce.connect", "salesforce", c.SalesforceOrgID, c.SalesforceUserID)
	})
}

// DisconnectSalesforce forgets how to get into the org's Salesforce. Everything
// that was synced stays, on both sides, and goes on when it is connected again.
func (db *DB) DisconnectSalesforce(ctx context.Context, actor switchboard.Actor) error {
	return db.inTx(ctx, func(t *tx) error {
		if err := t.settingsChanged(actor.OrgID); err != nil {
			return err
		}
		c, err := t.salesforce(actor.OrgID)
		if err != nil {
			return err
		}
		err = t.exec("UPDATE salesforce SET secret_sealed = NULL, status = '', status_at = 0, away_since = $2 WHERE org_id = $1 AND secret_sealed IS NOT NULL", actor.OrgID, micros(t.now))
		if err != nil {
			return err
		}
		// What waits for it is asked for again when it is connected: see PushMissing.
		err = t.exec("DELETE FROM outbox WHERE org_id = $1 AND "+t.in("kind", "$2"), actor.OrgID, t.list([]string{KindMessagePush, KindRecordPush, KindBell}))
		if err != nil {
			return err
		}
		return t.audit(actor, "salesforce.disconnect", "salesforce", c.SalesforceOrgID, "")
	})
}

// Salesforce returns the org's connection, or an error with code not_found if
// there never was one.
func (db *DB) Salesforce(ctx context.Context, org string) (Salesforce, error) {
	var c Salesforce
	err := db.inRead(ctx, func(t *tx) (err error) {
		c, err = t.salesforce(org)
		return err
	})
	return c, err
}

func (t *tx) salesforce(org string) (Salesforce, error) {
	var c Salesforce
	var settings string
	var status, synced, calls, parked, created int64
	err := t.one(`SELECT settings, user_id, salesforce_user_id, salesforce_org_id, secret_sealed IS NOT NULL, status, status_at, synced_at, calls_used, calls_max, calls_at, parked_until, created_at
		FROM salesforce WHERE org_id = $1`, []any{org}, &settings, &c.UserID, &c.SalesforceUserID, &c.SalesforceOrgID, &c.Connected,
		&c.Status, &status, &synced, &c.CallsUsed, &c.CallsMax, &calls, &parked, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return c, switchboard.Errorf(switchboard.CodeNotFound, "No Salesforce is connected. Run switchboard salesforce connect.")
	}
	if err != nil {
		return c, err
	}
	c.StatusAt, c.SyncedAt, c.CallsAt, c.ParkedUntil, c.CreatedAt = fromMicros(status), fromMicros(synced), fromMicros(calls), fromMicros(parked), fromMicros(created)
	return c, json.Unmarshal([]byte(settings), &c.SalesforceSettings)
}

// SalesforceSecret returns what opens the org's Salesforce, or an error with
// code not_found.
func (db *DB) SalesforceSecret(ctx context.Context, org string) (SalesforceSecret, error) {
	var s SalesforceSecret
	err := db.inRead(ctx, func(t *tx) error {
		var sealed []byte
		err := t.one("SELECT secret_sealed FROM salesforce WHERE org_id = $1 AND secret_sealed IS NOT NULL", []any{org}, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "No Salesforce is connected. Run switchboard salesforce connect.")
		}
		if err != nil {
			return err
		}
		plain, err := db.key.Open(sealed, salesforceSecret+org)
		if err != nil {
			return &switchboard.Error{Code: switchboard.CodeUnavailable, Message: "The key in use did not seal the Salesforce connection. Start with the key that the store was made with, or connect again.", Err: err}
		}
		return json.Unmarshal(plain, &s)
	})
	return s, err
}

// SetSalesforceToken keeps the refresh token that Salesforce has given in place
// of the one before.
func (db *DB) SetSalesforceToken(ctx context.Context, org, token string) error {
	s, err := db.SalesforceSecret(ctx, org)
	if err != nil {
		return err
	}
	s.RefreshToken = token
	plain, err := json.Marshal(s)
	if err != nil {
		return err
	}
	sealed, err := db.key.Seal(plain, salesforceSecret+org)
	if err != nil {
		return err
	}
	return db.inTx(ctx, func(t *tx) error {
		return t.exec("UPDATE salesforce SET secret_sealed = $2 WHERE org_id = $1 AND secret_sealed IS NOT NULL", org, sealed)
	})
}

// NoteSalesforce remembers how it stands with the org's Salesforce: VerdictOK,
// or what is wrong. cycle says that everything has been synced.
func (db *DB) NoteSalesforce(ctx context.Context, org, status string, cycle bool) error {
	return db.inTx(ctx, func(t *tx) error {
		err := t.exec("UPDATE salesforce SET status = $2, status_at = $3 WHERE org_id = $1", org, status, micros(t.now))
		if err != nil || !cycle {
			return err
		}
		return t.exec("UPDATE salesforce SET synced_at = $2 WHERE org_id = $1", org, micros(t.now))
	})
}

// RenewSalesforce makes whoever works with the org's Salesforce begin anew: the
// org has changed, and calls that failed may go well.
func (db *DB) RenewSalesforce(ctx context.Context, org string) error {
	return db.inTx(ctx, func(t *tx) error {
		c, err := t.salesforce(org)
		if err != nil {
			return err
		}
		c.Renewed = micros(t.now)
		settings, err := json.Marshal(c.SalesforceSettings)
		if err != nil {
			return err
		}
		return t.exec("UPDATE salesforce SET settings = $2, parked_until = 0 WHERE org_id = $1", org, string(settings))
	})
}

// ParkSalesforce keeps everybody from calling the org's Salesforce until then.
// A zero time ends that.
func (db *DB) ParkSalesforce(ctx context.Context, org string, until time.Time) error {
	return db.inTx(ctx, func(t *tx) error {
		return t.exec("UPDATE salesforce SET parked_until = $2 WHERE org_id = $1", org, micros(until))
	})
}

// SalesforceCalls are API calls that were made.
type SalesforceCalls struct {
	ByPurpose map[string]int64 // poll, load, message, record, bell, setup …
	Used, Max int64            // in the last 24 hours by everybody, as Salesforce says; 0: it did not say
}

// CountCalls adds to the calls of the day.
func (db *DB) CountCalls(ctx context.Context, org string, c SalesforceCalls) error {
	return db.inTx(ctx, func(t *tx) error {
		day := t.now.Format(time.DateOnly)
		for purpose, n := range c.ByPurpose {
			err := t.exec(`INSERT INTO salesforce_calls (org_id, day, purpose, calls) VALUES ($1, $2, $3, $4)
				ON CONFLICT (org_id, day, purpose) DO UPDATE SET calls = salesforce_calls.calls + excluded.calls`, org, day, purpose, n)
			if err != nil {
				return err
			}
		}
		if err := t.exec("DELETE FROM salesforce_calls WHERE org_id = $1 AND day < $2", org, t.now.AddDate(0, 0, -90).Format(time.DateOnly)); err != nil || c.Max == 0 {
			return err
		}
		return t.exec("UPDATE salesforce SET calls_used = $2, calls_max = $3, calls_at = $4 WHERE org_id = $1", org, c.Used, c.Max, micros(t.now))
	})
}

// CallsToday returns our own API calls of this day (UTC), by purpose.
func (db *DB) CallsToday(ctx context.Context, org string) (map[string]int64, error) {
	calls := map[string]int64{}
	err := db.inRead(ctx, func(t *tx) error {
		return t.each(func(rows *sql.Rows) error {
			var purpose string
			var n int64
			err := rows.Scan(&purpose, &n)
			calls[purpose] = n
			return err
		}, "SELECT purpose, calls FROM salesforce_calls WHERE org_id = $1 AND day = $2", org, t.now.Format(time.DateOnly))
	})
	return calls, err
}

// SetSalesforceUsers replaces what is known of the Salesforce org's users.
func (db *DB) SetSalesforceUsers(ctx context.Context, org string, users []switchboard.RemoteUser) error {
	return db.inTx(ctx, func(t *tx) error {
		if err := t.exec("DELETE FROM salesforce_user WHERE org_id = $1", org); err != nil {
			return err
		}
		i := insertion{into: "salesforce_user (org_id, salesforce_id, email, name, active)", tail: "ON CONFLICT DO NOTHING", shared: []any{org}, width: 4}
		for _, u := range users {
			i.args = append(i.args, u.SalesforceID, nameKey(u.Email), u.Name, u.Active)
		}
		return t.insert(i)
	})
}

// ReadSalesforce makes who the one that reads from the org's Salesforce, for so
// long, unless somebody else does: two who apply what they have read at different
// times could undo each other's work. A duration of 0 ends it. It reports
// whether who may read.
func (db *DB) ReadSalesforce(ctx context.Context, org, who string, d time.Duration) (bool, error) {
	var n int64
	err := db.inTx(ctx, func(t *tx) (err error) {
		until, holder := t.now.Add(d), who
		if d == 0 {
			until, holder = time.Time{}, ""
		}
		n, err = t.execN("UPDATE salesforce SET reader = $3, reader_until = $4 WHERE org_id = $1 AND secret_sealed IS NOT NULL AND (reader = $2 OR reader = '' OR reader_until < $5)",
			org, who, holder, micros(until), micros(t.now))
		return err
	})
	return n > 0, err
}
