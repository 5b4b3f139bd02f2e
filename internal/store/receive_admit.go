package store

import (
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// admit checks one delivery against the settings and normalises its texts.
func (r *receiver) admit(i int, d *Delivery) error {
	c := r.snap.channel(d.ChannelID)
	if c == nil {
		return switchboard.Errorf(switchboard.CodeNotFound, "There is no channel %s. It may have been removed.", d.ChannelID)
	}
	if d.SettingsVersion != 0 && d.SettingsVersion != r.snap.settings.Version {
		return switchboard.Errorf(switchboard.CodeStale, "The settings changed while the message was on its way. It is verified again.")
	}
	received := d.ReceivedAt.UTC().Truncate(time.Microsecond)
	if received.IsZero() {
		received = r.now
	}
	slot := 0
	for _, e := range d.Events {
		switch {
		case e.Text != nil:
			a := &arriving{text: e.Text, channel: c, delivery: i, slot: slot, at: received}
			slot++
			if err := r.compose(a); err != nil {
				return err
			}
			r.texts = append(r.texts, a)
		case e.Consent != nil:
			at := e.Consent.At
			if at.IsZero() || at.After(received) {
				at = received
			}
			id, _ := switchboard.Repair(e.Consent.EventID)
			r.consents = append(r.consents, &consent{after: len(r.texts), key: accountKey(c, e.Consent.Account, id),
				sender: switchboard.ParseSender(e.Consent.Sender, c.Region), optOut: e.Consent.OptOut, at: at})
		case e.Delivery != nil:
			r.deliveries = append(r.deliveries, receiptOf{accountKey(c, e.Delivery.Account, e.Delivery.ProviderMessageID), e.Delivery.Status})
		}
	}
	r.results[i].Messages = make([]ReceivedMessage, slot)
	return nil
}

// compose makes the message of a text, all but what the database has to say.
func (r *receiver) compose(a *arriving) error {
	x := a.text
	m := &a.message
	m.Direction = x.Direction
	if m.Direction == "" {
		m.Direction = switchboard.Inbound
	}
	m.ChannelID = a.channel.ID
	m.Sender = switchboard.ParseSender(x.Sender, a.channel.Region)
	m.Ours = r.ourNumber(a.channel, x.Ours)
	body, repaired := switchboard.Repair(x.Body)
	m.Body = body
	if repaired && x.Raw == nil {
		x.Raw = []byte(x.Body)
	}
	if x.Raw != nil {
		m.Flags = append(m.Flags, switchboard.FlagRepaired)
	}
	m.Media = x.Media
	m.ReceivedAt = a.at
	m.SentAt = x.SentAt.UTC().Truncate(time.Microsecond)
	if x.SentAt.Year() < 2000 { // missing, or a clock that was never set
		m.SentAt = time.Time{}
	}
	m.Time = switchboard.MessageTime(m.SentAt, m.ReceivedAt)
	m.ProviderMessageID, _ = switchboard.Repair(x.ProviderMessageID)
	a.key = accountKey(a.channel, x.Account, m.ProviderMessageID)
	m.ID = r.newID()
	m.Version = 1
	if x.RecordID != "" {
		ref, err := r.liveRecord(r.org, x.RecordID, "")
		if err != nil {
			return err
		}
		a.logged = &ref
	}
	return nil
}

// ourNumber returns our side as the channel knows it; "" stands for its first.
func (r *receiver) ourNumber(c *switchboard.Channel, s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		if len(c.Numbers) > 0 {
			return c.Numbers[0].Number
		}
		return ""
	}
	for _, n := range c.Numbers {
		if n.Number == s {
			return s
		}
	}
	return switchboard.ParseSender(s, c.Region).Address
}
