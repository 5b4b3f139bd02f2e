// Package notify tells the org's webhook that a text waits for a person: it does
// the jobs of kind [store.KindWebhook].
//
// What it tells is the notification as it is then, and never what the text
// says. It tells each raising of a notification until the webhook has taken it:
// after an unknown outcome it goes out once more, with the same id; after a
// known success never.
package notify

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/outbox"
	"github.com/switchboardhq/switchboard/internal/store"
)

// AtOnce is how many jobs a worker may hand over together: they are posted at
// the same time, so that one receiver that hangs costs the others nothing.
const AtOnce = 8

// refusals is how many times a receiver may refuse before the job is given up:
// a wrong address or secret is mended in minutes, or by a person.
const refusals = 5

// Poster posts a signed body to an address. An error that has a method
// Refused() bool that returns true is the receiver's own no.
type Poster interface {
	Post(ctx context.Context, url, secret, id string, at time.Time, body []byte) error
}

// Config is what a Notifier works with.
type Config struct {
	DB        *store.DB
	Poster    Poster
	PublicURL func() string // of this service, without a slash at its end
	Now       func() time.Time
	Log       *slog.Logger
}

// Notifier tells webhooks. It is safe for concurrent use.
type Notifier struct{ c Config }

var _ outbox.Handler = (*Notifier)(nil)

// New returns a Notifier.
func New(c Config) *Notifier { return &Notifier{c} }

// Event is what a webhook gets, as JSON.
type Event struct {
	Type      string    `json:"type"` // notification.raised, or notification.test
	Timestamp time.Time `json:"timestamp"`
	Data      EventData `json:"data"`
}

// EventData says whose texts wait, and where to place them.
type EventData struct {
	NotificationID string `json:"notification_id"`
	UserID         string `json:"user_id"` // who is to place them
	Title          string `json:"title"`
	Sender         string `json:"sender"` // in E.164 where it is a full number
	Count          int    `json:"count"`  // how many wait
	MessageID      string `json:"message_id"`
	MessageName    string `json:"message_name"`
	URL            string `json:"url"` // the page of the newest
}

// Do tells the webhook of the jobs' notifications.
func (n *Notifier) Do(ctx context.Context, jobs []store.Job) []error {
	errs := make([]error, len(jobs))
	var all sync.WaitGroup
	for i, j := range jobs {
		all.Go(func() { errs[i] = n.tell(ctx, j) })
	}
	all.Wait()
	return errs
}

func (n *Notifier) tell(ctx context.Context, j store.Job) error {
	r, err := n.c.DB.Raised(ctx, j.OrgID, j.SubjectID)
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	// Whoever has read it, or placed the text, needs nobody to be called.
	if r.Notification.State != switchboard.Unread || r.Told >= r.Times {
		return nil
	}
	e := Event{Type: "notification.raised", Timestamp: r.Notification.UpdatedAt, Data: EventData{
		NotificationID: r.Notification.ID, UserID: r.Notification.UserID, Title: switchboard.NotificationTitle,
		Sender: r.Notification.Sender.Address, Count: r.Notification.Count,
		MessageID: r.Notification.MessageID, MessageName: switchboard.MessageName(r.MessageNumber),
		URL: n.c.PublicURL() + "/messages/" + r.Notification.MessageID,
	}}
	id := r.Notification.ID + "-" + strconv.FormatInt(r.Times, 10)
	err = n.post(ctx, j.OrgID, id, e)
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
		return nil // the webhook is gone
	}
	n.note(ctx, j.OrgID, r.Notification.ID, r.Times, err)
	if refused(err) && j.Attempts >= refusals {
		return outbox.Permanent(err)
	}
	return err
}

func (n *Notifier) post(ctx context.Context, org, id string, e Event) error {
	to, err := n.c.DB.Endpoint(ctx, org)
	if err != nil {
		return err
	}
	secret, err := n.c.DB.EndpointSecret(ctx, org)
	if err != nil {
		return err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return n.c.Poster.Post(ctx, to.URL, secret, id, n.c.Now(), body)
}

// noteWithin bounds the writing down of what a call came to: it happens also
// when the service is about to stop.
const noteWithin = 5 * time.Second

func (n *Notifier) note(ctx context.Context, org, notification string, times int64, called error) {
	verdict := store.VerdictOK
	if called != nil {
		verdict = switchboard.ErrorMessage(called)
		if switchboard.ErrorCode(called) == switchboard.CodeInternal {
			verdict = called.Error()
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), noteWithin)
	defer cancel()
	if err := n.c.DB.NoteTold(ctx, org, notification, times, verdict); err != nil {
		n.c.Log.Warn("what a webhook answered could not be written down", "notification", notification, "err", err)
	}
}

// Test posts a made-up notification to the org's webhook, at once and once. It
// needs the permission to configure.
func (n *Notifier) Test(ctx context.Context, actor switchboard.Actor) error {
	if err := actor.Allow(switchboard.MayConfigure); err != nil {
		return err
	}
	now := n.c.Now().UTC()
	id := "test-" + strconv.FormatInt(now.UnixMicro(), 10)
	err := n.post(ctx, actor.OrgID, id, Event{Type: "notification.test", Timestamp: now, Data: EventData{
		NotificationID: id, UserID: actor.ID, Title: switchboard.NotificationTitle, Sender: "+12025550147", Count: 1, URL: n.c.PublicURL() + "/unassigned",
	}})
	if switchboard.ErrorCode(err) == switchboard.CodeNotFound {
		return err
	}
	n.note(ctx, actor.OrgID, "", 0, err)
	if err != nil {
		return switchboard.Invalid("url", "The webhook did not take the test: %s.", err)
	}
	return nil
}

func refused(err error) bool {
	var r interface{ Refused() bool }
	return errors.As(err, &r) && r.Refused()
}
