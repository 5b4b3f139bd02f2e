// Package desk is what people and programs do in Switchboard: placing messages,
// taking them back, writing records, changing settings. Each method checks that
// the actor may do it and that the request makes sense, lets the store do it in
// one transaction, and tells open pages afterwards.
package desk

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/intake"
	"github.com/switchboardhq/switchboard/internal/live"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Desk serves actors of any org. It is safe for concurrent use.
type Desk struct {
	db        *store.DB
	intake    *intake.Writer
	hub       *live.Hub
	now       func() time.Time
	providers []string
}

// New returns a desk. providers are the names that a channel may have.
func New(db *store.DB, w *intake.Writer, hub *live.Hub, now func() time.Time, providers []string) *Desk {
	return &Desk{db: db, intake: w, hub: hub, now: now, providers: providers}
}

// done tells open pages about a change that was committed, and passes err on.
func (d *Desk) done(org string, err error) error {
	if err == nil {
		d.hub.Changed(org)
	}
	return err
}

// Place assigns messages to a record. It needs the permission to place.
func (d *Desk) Place(ctx context.Context, actor switchboard.Actor, p store.Placement) (store.Changed, error) {
	if err := actor.Allow(switchboard.MayPlace); err != nil {
		return store.Changed{}, err
	}
	if p.RecordID == "" {
		return store.Changed{}, switchboard.Invalid("record_id", "Choose the record to assign it to.")
	}
	c, err := d.db.Place(ctx, actor, p)
	return c, d.done(actor.OrgID, err)
}

// PlaceOnNew creates a record and assigns messages to it, as one action.
func (d *Desk) PlaceOnNew(ctx context.Context, actor switchboard.Actor, object switchboard.Object, fields switchboard.Fields, p store.Placement) (store.Changed, error) {
	if err := actor.Allow(switchboard.MayPlace); err != nil {
		return store.Changed{}, err
	}
	if err := actor.Allow(switchboard.MayEdit); err != nil {
		return store.Changed{}, err
	}
	fields = cleanFields(fields)
	if err := switchboard.CheckFields(object, fields); err != nil {
		return store.Changed{}, err
	}
	c, err := d.db.PlaceOnNew(ctx, actor, object, fields, p)
	return c, d.done(actor.OrgID, err)
}

// TakeOff takes messages off their records. version, if not 0, must be the
// first message's.
func (d *Desk) TakeOff(ctx context.Context, actor switchboard.Actor, ids []string, version int64) (store.Changed, error) {
	if err := actor.Allow(switchboard.MayPlace); err != nil {
		return store.Changed{}, err
	}
	c, err := d.db.TakeOff(ctx, actor, ids, version)
	return c, d.done(actor.OrgID, err)
}

// Dismiss takes messages out of the queue. The reason is spam or not_needed.
func (d *Desk) Dismiss(ctx context.Context, actor switchboard.Actor, x store.Dismissal) (store.Changed, error) {
	if err := actor.Allow(switchboard.MayPlace); err != nil {
		return store.Changed{}, err
	}
	if x.Reason != "spam" && x.Reason != "not_needed" {
		return store.Changed{}, switchboard.Invalid("reason", "There is no reason %q. Use spam or not_needed.", x.Reason)
	}
	if x.BlockSender {
		if err := actor.Allow(switchboard.MayBlock); err != nil {
			return store.Changed{}, err
		}
	}
	c, err := d.db.Dismiss(ctx, actor, x)
	return c, d.done(actor.OrgID, err)
}

// Undo takes an action back. See [store.DB.Undo] for when it refuses.
func (d *Desk) Undo(ctx context.Context, actor switchboard.Actor, token string) ([]*switchboard.Message, error) {
	if err := actor.Allow(switchboard.MayPlace); err != nil {
		return nil, err
	}
	if token == "" {
		return nil, switchboard.Invalid("token", "Name the undo token that the action answered.")
	}
	messages, err := d.db.Undo(ctx, actor, token)
	return messages, d.done(actor.OrgID, err)
}

// DeleteLink forgets a remembered number.
func (d *Desk) DeleteLink(ctx context.Context, actor switchboard.Actor, id string) error {
	if err := actor.Allow(switchboard.MayPlace); err != nil {
		return err
	}
	return d.done(actor.OrgID, d.db.DeleteLink(ctx, actor, id))
}

// Block puts a sender, as somebody wrote it, on the block list.
func (d *Desk) Block(ctx context.Context, actor switchboard.Actor, sender, reason string) (store.Blocked, error) {
	s, err := d.sender(ctx, actor, sender)
	if err != nil {
		return store.Blocked{}, err
	}
	if utf8.RuneCountInString(reason) > 500 {
		return store.Blocked{}, switchboard.Invalid("reason", "A reason has at most 500 characters.")
	}
	b, err := d.db.Block(ctx, actor, s, reason)
	return b, d.done(actor.OrgID, err)
}

// Unblock takes a sender off the block list.
func (d *Desk) Unblock(ctx context.Context, actor switchboard.Actor, sender string) error {
	s, err := d.sender(ctx, actor, sender)
	if err != nil {
		return err
	}
	return d.done(actor.OrgID, d.db.Unblock(ctx, actor, s))
}

func (d *Desk) sender(ctx context.Context, actor switchboard.Actor, sender string) (switchboard.Sender, error) {
	if err := actor.Allow(switchboard.MayBlock); err != nil {
		return switchboard.Sender{}, err
	}
	if strings.TrimSpace(sender) == "" {
		return switchboard.Sender{}, switchboard.Invalid("sender", "Name the number or sender.")
	}
	return d.ParseSender(ctx, actor.OrgID, sender)
}

// ParseSender reads a sender as somebody of the org wrote it.
func (d *Desk) ParseSender(ctx context.Context, org, sender string) (switchboard.Sender, error) {
	s, err := d.db.Settings(ctx, org)
	if err != nil {
		return switchboard.Sender{}, err
	}
	return switchboard.ParseSender(sender, s.Region), nil
}

// Explain says what would happen to a text from a sender now. It writes nothing.
func (d *Desk) Explain(ctx context.Context, actor switchboard.Actor, channelID, from string) (switchboard.Decision, error) {
	if err := actor.Allow(switchboard.MayRead); err != nil {
		return switchboard.Decision{}, err
	}
	if strings.TrimSpace(from) == "" {
		return switchboard.Decision{}, switchboard.Invalid("from", "Name the number that the text would come from.")
	}
	return d.db.Explain(ctx, actor.OrgID, channelID, from)
}
