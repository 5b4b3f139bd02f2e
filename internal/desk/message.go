package desk

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// maxBody bounds the text of a message that is handed in, in bytes. Providers
// send far less; what they send is never refused for its length.
const maxBody = 256 << 10

// Submit hands in a message by the API: an inbound one, or one that was sent
// elsewhere and is logged as history. It returns the stored message and whether
// it is new; a known id returns the one that is stored.
func (d *Desk) Submit(ctx context.Context, actor switchboard.Actor, channelID string, x switchboard.Text) (*switchboard.Message, bool, error) {
	if err := actor.Allow(switchboard.MaySubmit); err != nil {
		return nil, false, err
	}
	if err := checkText(x); err != nil {
		return nil, false, err
	}
	received, err := d.intake.Submit(ctx, actor.OrgID, store.Delivery{ChannelID: channelID, ReceivedAt: d.now(), Events: []switchboard.Event{{Text: &x}}})
	if err != nil {
		return nil, false, err
	}
	m, err := d.db.Message(ctx, actor.OrgID, received[0].ID)
	return m, received[0].New, err
}

func checkText(x switchboard.Text) error {
	side := "from"
	if x.Direction == switchboard.Outbound {
		side = "to"
	}
	if strings.TrimSpace(x.Sender) == "" {
		return switchboard.Invalid(side, "Name the other side's number.")
	}
	if utf8.RuneCountInString(x.Sender) > 256 {
		return switchboard.Invalid(side, "A number has at most 256 characters.")
	}
	if x.ProviderMessageID == "" {
		return switchboard.Invalid("provider_message_id", "Name the provider's id of the message: it is what keeps it from being stored twice.")
	}
	if len(x.ProviderMessageID) > 512 {
		return switchboard.Invalid("provider_message_id", "An id has at most 512 bytes.")
	}
	if len(x.Body) > maxBody {
		return &switchboard.Error{Code: switchboard.CodeTooLarge, Field: "body", Message: "A text has at most 256 KiB."}
	}
	if x.Direction == switchboard.Outbound && x.RecordID == "" {
		return switchboard.Invalid("record_id", "Name the record that the message was sent from.")
	}
	return nil
}

// Receive commits what a provider delivered for a channel, in the name of
// nobody: the provider's signature is its permission.
func (d *Desk) Receive(ctx context.Context, org, channelID string, settingsVersion int64, at time.Time, events []switchboard.Event) error {
	if len(events) == 0 {
		return nil
	}
	_, err := d.intake.Submit(ctx, org, store.Delivery{ChannelID: channelID, SettingsVersion: settingsVersion, ReceivedAt: at, Events: events})
	return err
}
