package store

import (
	"encoding/json"
	"slices"

	"github.com/switchboardhq/switchboard"
)

// write adds the messages that are decided.
func (r *receiver) write() error {
	i := insertion{
		into:   messageColumns,
		shared: []any{r.org, micros(r.now), 1, "", ""},
		width:  messageWidth,
		alike:  messageAlike,
		args:   make([]any, 0, len(r.decided)*messageWidth),
	}
	for _, a := range r.decided {
		var err error
		if i.args, err = r.appendMessage(i.args, a); err != nil {
			return err
		}
	}
	if err := r.insert(i); err != nil {
		return err
	}
	if err := r.findNumbers(r.decided); err != nil {
		return err
	}
	for _, a := range r.decided {
		if a.logged != nil {
			if err := r.keepSender(r.org, a.logged.ID, a.message.Sender.Key); err != nil {
				return err
			}
		}
	}
	err := r.pushDecided()
	r.decided = r.decided[:0]
	return err
}

const messageColumns = `message (org_id, decided_at, version, placement_id, delivery,
	direction, channel_id, account, sender_kind, ours, raw, media, flags, twin, twin_joined,
	id, number, provider_message_id, sender_key, sender, body, sent_at, received_at, message_time, seq,
	state, record_id, reason, rule_reason, rule_record_id, decision)`

const (
	messageWidth = 26
	messageAlike = 10 // direction to twin_joined
)

func (r *receiver) appendMessage(args []any, a *arriving) ([]any, error) {
	m := &a.message
	var media, record, decision any
	var reason, ruleRecord string
	if len(m.Media) > 0 {
		b, err := json.Marshal(m.Media)
		if err != nil {
			return nil, err
		}
		media = string(b)
	}
	if m.Record != nil {
		record = m.Record.ID
	}
	if m.Decision != nil {
		s, err := encodeDecision(*m.Decision)
		if err != nil {
			return nil, err
		}
		decision, reason = s, string(m.Decision.Reason)
		if m.Record != nil {
			ruleRecord = m.Record.ID
		}
	}
	var raw any
	if a.text.Raw != nil {
		raw = a.text.Raw
	}
	return append(args, string(m.Direction), m.ChannelID, a.key.account, string(m.Sender.Kind), m.Ours, raw, media, joinFlags(m.Flags), a.text.Twin, a.joined,
		m.ID, m.Number, m.ProviderMessageID, string(m.Sender.Key), m.Sender.Address, m.Body, micros(m.SentAt), micros(m.ReceivedAt), micros(m.Time), m.Seq,
		string(m.State), record, reason, reason, ruleRecord, decision), nil
}

func joinFlags(flags []switchboard.Flag) string {
	s := ""
	for _, f := range flags {
		s = addFlag(s, f)
	}
	return s
}

// findNumbers adds the numbers of ours that the texts named and the channel did not know.
func (r *receiver) findNumbers(fresh []*arriving) error {
	seen := map[[2]string]bool{}
	for _, a := range fresh {
		ours := a.message.Ours
		known := ours == "" || slices.ContainsFunc(a.channel.Numbers, func(n switchboard.ChannelNumber) bool { return n.Number == ours })
		if k := [2]string{a.channel.ID, ours}; !known && !seen[k] {
			seen[k] = true
			if err := r.findNumber(r.org, a.channel, ours); err != nil {
				return err
			}
		}
	}
	return nil
}
