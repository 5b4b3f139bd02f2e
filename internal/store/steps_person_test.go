package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

func (w *world) keep(actor switchboard.Actor, c store.Changed, err error) switchboard.Code {
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.tokens = append(w.tokens, token{actor, c.Undo})
	}
	return switchboard.ErrorCode(err)
}

func (w *world) place(c chooser) step {
	actor := w.actor(c)
	p := store.Placement{MessageIDs: some(c, w.texts, "text"), RecordID: pick(c, w.records, "record"), WholeSender: c.intn(4, "scope") == 0, Remember: c.intn(3, "remember") == 0}
	var changed store.Changed
	return step{
		what: fmt.Sprintf("place %+v", p),
		do: func() switchboard.Code {
			var err error
			changed, err = w.db.Place(context.Background(), actor, p)
			return w.keep(actor, changed, err)
		},
		model: func(m *model) (switchboard.Code, string) {
			if m.lacks(p.MessageIDs) {
				return "not_found", ""
			}
			if code := m.placeable(p.RecordID); code != "" {
				return code, ""
			}
			ids := p.MessageIDs
			if p.WholeSender {
				ids = m.whole(ids)
			}
			a := begin(actor.ID, changed.Undo)
			m.place(a, ids, p.RecordID, p.Remember)
			m.end(a)
			return "", m.agrees(changed.Messages)
		},
	}
}

func (w *world) placeOnNew(c chooser) step {
	actor := w.actor(c)
	object := pick(c, switchboard.Objects(), "object")
	phones, all := w.fields(c, object)
	p := store.Placement{MessageIDs: some(c, w.texts, "text"), WholeSender: c.intn(2, "scope") == 0, Remember: c.intn(3, "remember") == 0}
	var changed store.Changed
	id := ""
	return step{
		what: fmt.Sprintf("place %+v on a new %s %v", p, object, phones),
		do: func() switchboard.Code {
			var err error
			if changed, err = w.db.PlaceOnNew(context.Background(), actor, object, all, p); err == nil {
				id = changed.Record.ID
				w.learn("", id)
			}
			return w.keep(actor, changed, err)
		},
		model: func(m *model) (switchboard.Code, string) {
			if m.lacks(p.MessageIDs) {
				return "not_found", ""
			}
			a := begin(actor.ID, changed.Undo)
			ids := p.MessageIDs
			if p.WholeSender {
				ids = m.whole(ids)
			}
			before := slices.Clone(m.texts)
			m.changeRecords(nil, lastly("created"), func() {
				m.records[id] = mRecord{object: object, name: "Doe", fields: phones, version: 1}
			})
			a.created = id
			for i, x := range m.texts {
				if x.version != before[i].version { // the rule has placed it because of the new record
					m.note(a, before[i])
				}
			}
			m.place(a, ids, id, p.Remember)
			m.end(a)
			return "", m.agrees(changed.Messages)
		},
	}
}

func (w *world) takeOff(c chooser) step {
	actor := w.actor(c)
	ids := some(c, w.texts, "text")
	var changed store.Changed
	return step{
		what: fmt.Sprintf("take off %v", ids),
		do: func() switchboard.Code {
			var err error
			changed, err = w.db.TakeOff(context.Background(), actor, ids, 0)
			return w.keep(actor, changed, err)
		},
		model: func(m *model) (switchboard.Code, string) {
			if m.lacks(ids) {
				return "not_found", ""
			}
			a := begin(actor.ID, changed.Undo)
			if code := m.takeOff(a, ids); code != "" {
				return code, ""
			}
			m.end(a)
			return "", m.agrees(changed.Messages)
		},
	}
}

func (w *world) dismiss(c chooser) step {
	actor := w.actor(c)
	d := store.Dismissal{MessageIDs: some(c, w.texts, "text"), Reason: pick(c, []string{"spam", "not_needed"}, "reason"), BlockSender: c.intn(3, "block") == 0, WholeSender: c.intn(4, "scope") == 0}
	var changed store.Changed
	return step{
		what: fmt.Sprintf("dismiss %+v", d),
		do: func() switchboard.Code {
			var err error
			changed, err = w.db.Dismiss(context.Background(), actor, d)
			return w.keep(actor, changed, err)
		},
		model: func(m *model) (switchboard.Code, string) {
			if m.lacks(d.MessageIDs) {
				return "not_found", ""
			}
			ids := d.MessageIDs
			if d.WholeSender {
				ids = m.whole(ids)
			}
			a := begin(actor.ID, changed.Undo)
			if code := m.dismiss(a, ids, d.Reason, d.BlockSender); code != "" {
				return code, ""
			}
			m.end(a)
			return "", m.agrees(changed.Messages)
		},
	}
}

// undo takes an act back: mostly the last one, or an older, used or unknown
// one, sometimes in the name of somebody else.
func (w *world) undo(c chooser) step {
	t := token{w.users[0], "no-such-token"}
	if n := len(w.tokens); n > 0 && c.intn(10, "unknown") > 0 {
		t = w.tokens[n-1]
		if c.intn(2, "older") == 0 {
			t = pick(c, w.tokens, "which")
		}
	}
	if c.intn(10, "somebody else's") == 0 {
		t.actor = w.actor(c)
	}
	var back []*switchboard.Message
	return step{
		what: "undo " + t.token,
		do: func() switchboard.Code {
			var err error
			back, err = w.db.Undo(context.Background(), t.actor, t.token)
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			code := m.undo(t.actor.ID, t.token)
			return code, m.agrees(back)
		},
	}
}

func sender(f form) switchboard.Sender { return switchboard.ParseSender(f.written, "US") }

func (w *world) block(c chooser) step {
	actor, f := w.actor(c), pick(c, w.forms, "sender")
	w.ids++
	act := fmt.Sprintf("block %d", w.ids)
	return step{
		what: "block " + f.written,
		do: func() switchboard.Code {
			_, err := w.db.Block(context.Background(), actor, sender(f), "spam")
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			m.blocked[f.key] = act
			return "", ""
		},
	}
}

func (w *world) unblock(c chooser) step {
	actor, f := w.actor(c), pick(c, w.forms, "sender")
	return step{
		what: "unblock " + f.written,
		do: func() switchboard.Code {
			return switchboard.ErrorCode(w.db.Unblock(context.Background(), actor, sender(f)))
		},
		model: func(m *model) (switchboard.Code, string) {
			if _, ok := m.blocked[f.key]; !ok {
				return "not_found", ""
			}
			delete(m.blocked, f.key)
			return "", ""
		},
	}
}

// deleteLink forgets one of the remembered numbers, if there is one.
func (w *world) deleteLink(c chooser) step {
	actor, n := w.actor(c), c.intn(8, "which")
	var gone mPair
	return step{
		what: "delete a link",
		do: func() switchboard.Code {
			links, _, err := w.db.Links(context.Background(), w.org, store.LinkFilter{Page: store.Page{Limit: 500}})
			if err != nil || len(links) == 0 {
				return switchboard.ErrorCode(err)
			}
			l := links[n%len(links)]
			gone = mPair{string(l.Sender.Key), l.Record.ID}
			return switchboard.ErrorCode(w.db.DeleteLink(context.Background(), actor, l.ID))
		},
		model: func(m *model) (switchboard.Code, string) { delete(m.links, gone); return "", "" },
	}
}

// setCreation switches Create Records From Unknown Numbers on or off.
func (w *world) setCreation(c chooser) step {
	u := switchboard.DefaultUnknownNumbers()
	u.Enabled = c.intn(3, "off") > 0
	return step{
		what: fmt.Sprintf("create records from unknown numbers: %v", u.Enabled),
		do: func() switchboard.Code {
			_, err := w.db.SetUnknownNumbers(context.Background(), w.users[0], u)
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) { m.create = u.Enabled; return "", "" },
	}
}

// setActive disables or enables a user.
func (w *world) setActive(c chooser) step {
	u, active := w.actor(c), c.intn(2, "active") == 0
	return step{
		what: fmt.Sprintf("set %s active: %v", u.Name, active),
		do: func() switchboard.Code {
			_, err := w.db.SetUserActive(context.Background(), w.users[0], u.ID, active)
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			was := m.users[u.ID]
			m.users[u.ID] = mUser{was.admin, active}
			if m.admins() == 0 {
				m.users[u.ID] = was
				return "conflict", ""
			}
			m.settle("", "", nil, nil)
			return "", ""
		},
	}
}

// markRead opens one of the notifications, if there is one.
func (w *world) markRead(c chooser) step {
	n := c.intn(8, "which")
	var k mBellKey
	return step{
		what: "read a notification",
		do: func() switchboard.Code {
			open, _, err := w.db.Notifications(context.Background(), w.org, store.NotificationFilter{State: switchboard.Unread, Page: store.Page{Limit: 500}})
			if err != nil || len(open) == 0 {
				return switchboard.ErrorCode(err)
			}
			b := open[n%len(open)]
			k = mBellKey{b.UserID, string(b.Sender.Key)}
			_, err = w.db.MarkRead(context.Background(), w.users[0], b.ID)
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			if b, ok := m.bells[k]; ok {
				b.Read = true
				m.bells[k] = b
			}
			return "", ""
		},
	}
}

// setPhoneFields changes which fields of a Contact are matched, and has the
// numbers of all records read again.
func (w *world) setPhoneFields(c chooser) step {
	fields := maps.Clone(defaultFields)
	fields["Contact"] = pick(c, [][]string{
		defaultFields["Contact"], {"MobilePhone", "Phone"}, {"AssistantPhone", "OtherPhone", "MobilePhone", "Phone"},
	}, "fields")
	return step{
		what: fmt.Sprintf("match %v", fields["Contact"]),
		do: func() switchboard.Code {
			if _, err := w.db.SetPhoneFields(context.Background(), w.users[0], fields); err != nil {
				return switchboard.ErrorCode(err)
			}
			return switchboard.ErrorCode(w.db.Reindex(context.Background(), w.org, nil))
		},
		model: func(m *model) (switchboard.Code, string) {
			if !maps.EqualFunc(m.fields, fields, slices.Equal[[]string]) {
				m.version++ // texts are decided again under the new settings
			}
			m.changeRecords(nil, func(records []string) string { return "reread " + records[0] }, func() { m.fields = fields })
			m.settle("", "", nil, nil)
			return "", ""
		},
	}
}

// authenticate makes a channel another user's, and that user something else.
func (w *world) authenticate(c chooser) step {
	channel, u := pick(c, w.channels, "channel"), w.actor(c)
	role := pick(c, []switchboard.Role{switchboard.Admin, switchboard.Agent}, "role")
	return step{
		what: fmt.Sprintf("let %s, now %s, authenticate %s", u.Name, role, channel),
		do: func() switchboard.Code {
			if _, err := w.db.SetUserRole(context.Background(), w.users[0], u.ID, role); err != nil {
				return switchboard.ErrorCode(err)
			}
			_, err := w.db.UpdateChannel(context.Background(), w.users[0], channel, store.ChannelUpdate{AuthenticatedBy: &u.ID})
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			was := m.users[u.ID]
			m.users[u.ID] = mUser{role == switchboard.Admin, was.active}
			if m.admins() == 0 {
				m.users[u.ID] = was
				return "conflict", ""
			}
			m.settle("", "", nil, nil)
			m.channels[channel] = u.ID
			m.settle("", "", nil, nil)
			return "", ""
		},
	}
}

func (m *model) admins() int {
	n := 0
	for _, u := range m.users {
		if u.admin && u.active {
			n++
		}
	}
	return n
}
