package store

import (
	"slices"

	"github.com/switchboardhq/switchboard"
)

// decide runs the rule on each fresh text, in order, and writes them. What one
// decided is history for the next.
func (r *receiver) decide() error {
	r.waiting, r.wished = unsettled{}, map[switchboard.MatchKey]*heard{}
	fresh := 0
	for range r.fresh {
		fresh++
	}
	if fresh == 0 {
		return nil
	}
	keys := make([]string, 0, len(r.senders))
	for k := range r.senders {
		keys = append(keys, string(k))
	}
	slices.Sort(keys)
	var err error
	if r.candidates, err = r.tx.candidates(r.org, keys); err != nil {
		return err
	}
	if r.numbers == 0 {
		if r.numbers, err = r.advanceNumber(r.org, int64(fresh)); err != nil {
			return err
		}
	}
	for i, a := range r.texts {
		r.consented(i)
		if a.known || a.sameAs != nil {
			continue
		}
		a.message.Number = r.numbers
		r.numbers++
		if r.db.writer != nil {
			a.message.Seq = a.message.Number
		}
		if a.message.Direction == switchboard.Outbound {
			r.decideOutbound(a)
		} else if err := r.decideInbound(a); err != nil {
			return err
		}
		if a.message.Record != nil {
			r.remember(&a.message)
		}
		r.decided = append(r.decided, a)
		if d := a.message.Decision; d != nil && d.Outcome == switchboard.OutcomeCreated {
			if err := r.placeWaiting(a); err != nil {
				return err
			}
		}
	}
	return r.write()
}

// placeWaiting decides the sender's waiting messages again, because a record
// has just been made for it. Creation may have been off, or the sender opted
// out, when those came.
func (r *receiver) placeWaiting(a *arriving) error {
	key := a.message.Sender.Key
	if _, now := r.waiting[key]; !now && !r.senders[key].waiting {
		return nil
	}
	if err := r.write(); err != nil {
		return err
	}
	change := switchboard.Change{Kind: switchboard.RecordCreated, Record: *a.message.Record}
	if _, err := r.decideAgain(r.org, r.snap, key, change); err != nil {
		return err
	}
	r.waiting.add(key)
	found, err := r.tx.candidates(r.org, []string{string(key)})
	r.candidates[key] = found[key]
	return err
}

func (r *receiver) decideInbound(a *arriving) error {
	m := &a.message
	h := r.senders[m.Sender.Key]
	if wish := switchboard.KeywordWish(m.Body); wish != switchboard.NoWish {
		r.wish(m.Sender.Key, wish == switchboard.WishOptOut, m.Time)
	}
	unknown := r.snap.settings.UnknownNumbers
	d := switchboard.Route(switchboard.Facts{
		Sender:          m.Sender,
		Blocked:         h.blocked,
		Candidates:      r.candidates[m.Sender.Key],
		Create:          unknown.MayCreate(m.Sender, h.blocked, h.optedOut),
		SettingsVersion: r.snap.settings.Version,
	})
	if d.Outcome == switchboard.OutcomeCreated {
		record, err := r.createForUnknown(a, unknown)
		if err != nil {
			return err
		}
		d.Record = &record
	}
	if d.Outcome == switchboard.OutcomeUnassigned {
		r.waiting.arrive(h, m, d.Reason)
	}
	m.Decision, m.Record, m.State = &d, d.Record, d.State()
	return nil
}

// decideOutbound places a message that was sent elsewhere: on the record it was
// logged with, else where the rule puts it, else nowhere. It never waits.
func (r *receiver) decideOutbound(a *arriving) {
	m := &a.message
	m.State = switchboard.Dismissed
	if a.logged != nil {
		m.Record, m.State = a.logged, switchboard.Assigned
		return
	}
	d := switchboard.Route(switchboard.Facts{Sender: m.Sender, Candidates: r.candidates[m.Sender.Key], SettingsVersion: r.snap.settings.Version})
	if d.Record != nil {
		m.Record, m.State = d.Record, switchboard.Assigned
	}
}

// remember makes a message that was just placed history for the next ones.
func (r *receiver) remember(m *switchboard.Message) {
	moment := switchboard.Moment{At: m.Time, Seq: m.Seq}
	candidates := r.candidates[m.Sender.Key]
	for i := range candidates {
		if c := &candidates[i]; c.Record.ID == m.Record.ID && moment.Compare(c.Last) > 0 {
			c.Last = moment
		}
	}
}
