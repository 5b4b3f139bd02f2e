package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"io"
	"time"

	"github.com/switchboardhq/switchboard"
)

// KindWebhook is the kind of the jobs that tell an org's webhook of a
// notification. A job's subject is the notification.
const KindWebhook = "notification.webhook"

// tellOutside asks for the org's webhook to be told of the notifications, if it
// has one, and for them to ring in its Salesforce. A job that waits already will tell what this transaction writes.
func (t *tx) tellOutside(org string, snap *snapshot, notifications []string) error {
	if err := t.pushBells(org, snap, notifications); err != nil {
		return err
	}
	if !snap.endpoint || len(notifications) == 0 {
		return nil
	}
	jobs := make([]NewJob, len(notifications))
	for i, id := range notifications {
		jobs[i] = NewJob{Kind: KindWebhook, Key: id, SubjectID: id}
	}
	return t.enqueue(org, jobs...)
}

// Endpoint is an org's webhook: who outside is told that a text waits.
type Endpoint struct {
	ID        string
	URL       string
	CreatedAt time.Time
	CalledAt  time.Time // zero: it was never called
	Verdict   string    // of the last call: VerdictOK, or what was wrong
}

// VerdictOK is the verdict of a call that went well.
const VerdictOK = "ok"

// SetEndpoint makes url the org's webhook and returns the secret that calls are
// signed with, as Standard Webhooks write one. A secret belongs to one
// receiver: another url gets a new one, and the same url keeps its own, which
// is not returned again: the result is "".
func (db *DB) SetEndpoint(ctx context.Context, actor switchboard.Actor, url string) (string, error) {
	var random [32]byte
	if _, err := io.ReadFull(db.random, random[:]); err != nil {
		return "", err
	}
	made := "whsec_" + base64.StdEncoding.EncodeToString(random[:])
	var secret string
	err := db.inTx(ctx, func(t *tx) error {
		secret = ""
		// It locks the org's row, so that two changes come one after the other.
		if err := t.settingsChanged(actor.OrgID); err != nil {
			return err
		}
		e, err := t.endpoint(actor.OrgID)
		if err == nil && e.URL == url {
			return nil
		}
		if err != nil && switchboard.ErrorCode(err) != switchboard.CodeNotFound {
			return err
		}
		if err := t.exec("DELETE FROM endpoint WHERE org_id = $1", actor.OrgID); err != nil {
			return err
		}
		id := t.newID()
		sealedURL, err := db.key.Seal([]byte(url), "endpoint url "+id)
		if err != nil {
			return err
		}
		sealed, err := db.key.Seal([]byte(made), "endpoint secret "+id)
		if err != nil {
			return err
		}
		err = t.exec("INSERT INTO endpoint (org_id, id, url_sealed, secret_sealed, called_at, verdict, created_at) VALUES ($1, $2, $3, $4, 0, '', $5)", actor.OrgID, id, sealedURL, sealed, micros(t.now))
		if err != nil {
			return err
		}
		secret = made
		return t.audit(actor, "endpoint.set", "endpoint", id, "")
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// DeleteEndpoint takes the org's webhook away. What was to be told is not.
func (db *DB) DeleteEndpoint(ctx context.Context, actor switchboard.Actor) error {
	return db.inTx(ctx, func(t *tx) error {
		if err := t.settingsChanged(actor.OrgID); err != nil {
			return err
		}
		e, err := t.endpoint(actor.OrgID)
		if err != nil {
			return err
		}
		if err := t.exec("DELETE FROM endpoint WHERE org_id = $1", actor.OrgID); err != nil {
			return err
		}
		return t.audit(actor, "endpoint.delete", "endpoint", e.ID, "")
	})
}

// Endpoint returns the org's webhook, or an error with code not_found.
func (db *DB) Endpoint(ctx context.Context, org string) (Endpoint, error) {
	var e Endpoint
	err := db.inRead(ctx, func(t *tx) (err error) {
		e, err = t.endpoint(org)
		return err
	})
	return e, err
}

func (t *tx) endpoint(org string) (Endpoint, error) {
	var e Endpoint
	var sealed []byte
	var called, created int64
	err := t.one("SELECT id, url_sealed, called_at, verdict, created_at FROM endpoint WHERE org_id = $1", []any{org}, &e.ID, &sealed, &called, &e.Verdict, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return e, switchboard.Errorf(switchboard.CodeNotFound, "There is no outgoing webhook. Add one in Settings, Outgoing webhook.")
	}
	if err != nil {
		return e, err
	}
	e.CalledAt, e.CreatedAt = fromMicros(called), fromMicros(created)
	e.URL, err = t.db.openEndpoint(sealed, "endpoint url "+e.ID)
	return e, err
}

func (db *DB) openEndpoint(sealed []byte, what string) (string, error) {
	plain, err := db.key.Open(sealed, what)
	if err != nil {
		return "", switchboard.Errorf(switchboard.CodeUnavailable, "The outgoing webhook can't be read: this process has another key than the one that sealed it. Start it with the right key.")
	}
	return string(plain), nil
}

// EndpointSecret returns what calls of the org's webhook are signed with.
func (db *DB) EndpointSecret(ctx context.Context, org string) (string, error) {
	var secret string
	err := db.inRead(ctx, func(t *tx) error {
		var id string
		var sealed []byte
		err := t.one("SELECT id, secret_sealed FROM endpoint WHERE org_id = $1", []any{org}, &id, &sealed)
		if errors.Is(err, sql.ErrNoRows) {
			return switchboard.Errorf(switchboard.CodeNotFound, "There is no outgoing webhook.")
		}
		if err != nil {
			return err
		}
		secret, err = db.openEndpoint(sealed, "endpoint secret "+id)
		return err
	})
	return secret, err
}

// Raised is a notification as the org's webhook is to be told of it.
type Raised struct {
	Notification  switchboard.Notification
	MessageNumber int64 // of the message that it opens
	Times         int64 // how often it became unread
	Told          int64 // which of these times the webhook has taken
}

// Raised returns the notification as it is now, or an error with code not_found.
func (db *DB) Raised(ctx context.Context, org, notification string) (Raised, error) {
	var r Raised
	err := db.inRead(ctx, func(t *tx) (err error) {
		if r.Notification, err = t.notification(org, notification); err != nil {
			return err
		}
		return t.one(`SELECT n.raised, n.told, COALESCE(m.number, 0) FROM notification n LEFT JOIN message m ON m.org_id = n.org_id AND m.id = n.message_id
			WHERE n.org_id = $1 AND n.id = $2`, []any{org, notification}, &r.Times, &r.Told, &r.MessageNumber)
	})
	return r, err
}

// NoteTold remembers that the org's webhook was called, and with what result.
// With VerdictOK it has been told of the notification as it was raised that many
// times; a test names none.
func (db *DB) NoteTold(ctx context.Context, org, notification string, times int64, verdict string) error {
	return db.inTx(ctx, func(t *tx) error {
		if verdict == VerdictOK && notification != "" {
			if err := t.exec("UPDATE notification SET told = $3 WHERE org_id = $1 AND id = $2 AND told < $3", org, notification, times); err != nil {
				return err
			}
		}
		return t.exec("UPDATE endpoint SET called_at = $2, verdict = $3 WHERE org_id = $1", org, micros(t.now), verdict)
	})
}
