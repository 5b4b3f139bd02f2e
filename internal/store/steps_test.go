package store_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// The steps are made from what the world knows, not from what the model says:
// so some of them are refused, and the store and the model have to agree on
// that too.

func (w *world) actor(c chooser) switchboard.Actor { return pick(c, w.users, "who") }

func allow(switchboard.Object, switchboard.Fields) error { return nil }

// text draws a text that was not sent before.
func (w *world) text(c chooser) arrival {
	w.ids++
	a := arrival{provider: fmt.Sprintf("p%d", w.ids), channel: pick(c, w.channels, "channel"), sender: pick(c, w.forms, "sender"), body: "Hello"}
	switch c.intn(8, "body") {
	case 0:
		a.body = "STOP"
	case 1:
		a.body = "START"
	}
	if len(w.records) > 0 && c.intn(6, "direction") == 0 {
		a.outbound = true
		if c.intn(4, "logged with a record") > 0 {
			a.record = pick(c, w.records, "record")
		}
	}
	return a
}

// receive hands over one to four texts in one batch, some of them known.
func (w *world) receive(c chooser) step {
	w.clock = w.clock.Add(time.Duration(c.intn(3, "minutes later")) * time.Minute)
	var batch []store.Delivery
	var texts []arrival
	for range 1 + c.intn(4, "texts in the batch")/2*c.intn(3, "more") {
		var a arrival
		if len(w.handed) > 0 && c.intn(8, "repeat") == 0 {
			a = pick(c, w.handed, "which")
		} else {
			a = w.text(c)
		}
		sent := time.Time{}
		switch c.intn(4, "sent") {
		case 0:
			sent = w.clock.Add(-time.Duration(c.intn(5, "minutes ago")) * time.Minute)
		case 1:
			sent = w.clock.Add(time.Hour) // a clock that runs ahead
		}
		a.at = w.clock
		if !sent.IsZero() && sent.Before(w.clock) {
			a.at = sent
		}
		direction := switchboard.Inbound
		if a.outbound {
			direction = switchboard.Outbound
		}
		texts = append(texts, a)
		batch = append(batch, store.Delivery{ChannelID: a.channel, ReceivedAt: w.clock, Events: []switchboard.Event{{Text: &switchboard.Text{
			Direction: direction, Account: "acme", ProviderMessageID: a.provider, Sender: a.sender.written, Body: a.body, SentAt: sent, RecordID: a.record,
		}}}})
		w.handed = append(w.handed, a)
	}
	// A wish may come as an event of its own before one of the texts.
	wished, wisher, out := -1, form{}, false
	if c.intn(4, "a wish") == 0 {
		wished, wisher, out = c.intn(len(texts), "before"), pick(c, w.forms, "whose"), c.intn(2, "out") == 0
		d := &batch[wished]
		d.Events = append([]switchboard.Event{{Consent: &switchboard.Consent{Sender: wisher.written, OptOut: out, At: w.clock}}}, d.Events...)
	}
	received := w.clock
	codes := make([]switchboard.Code, len(texts))
	return step{
		what: fmt.Sprintf("receive %v; before %d, %s opts out: %v", texts, wished, wisher.written, out),
		do: func() switchboard.Code {
			results, err := w.db.Receive(context.Background(), w.org, batch)
			if err != nil {
				return switchboard.ErrorCode(err)
			}
			for i, r := range results {
				if codes[i] = switchboard.ErrorCode(r.Err); codes[i] != "" {
					continue
				}
				m, err := w.db.Message(context.Background(), w.org, r.Messages[0].ID)
				if err != nil {
					return switchboard.ErrorCode(err)
				}
				texts[i].id, texts[i].seq = m.ID, m.Seq
				if m.Decision != nil && m.Decision.Reason == switchboard.ReasonCreatedRecord {
					texts[i].created = m.Record.ID
				}
				w.learn(m.ID, texts[i].created)
			}
			return ""
		},
		model: func(m *model) (switchboard.Code, string) {
			for i, a := range texts {
				if codes[i] != "" {
					continue // refused, apart from the others
				}
				if a.record != "" && m.placeable(a.record) != "" {
					return "", fmt.Sprintf("%s was logged with a record that it can't be placed on", a.provider)
				}
				if i == wished {
					m.wish(wisher.key, out, !out, received)
				}
				if wrong := m.receive(a); wrong != "" {
					return "", wrong
				}
			}
			return "", ""
		},
		apart: func() []done {
			var refused []done
			for i, a := range texts {
				if codes[i] == "" {
					continue
				}
				refused = append(refused, done{step{
					what:  "refuse " + a.provider,
					model: func(m *model) (switchboard.Code, string) { return m.placeable(a.record), "" },
				}, codes[i]})
			}
			return refused
		},
	}
}

func (w *world) learn(text, record string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if text != "" && !slices.Contains(w.texts, text) {
		w.texts = append(w.texts, text)
	}
	if record != "" && !slices.Contains(w.records, record) {
		w.records = append(w.records, record)
	}
}

// consent hands over an opt-out or opt-in by callback.
func (w *world) consent(c chooser) step {
	s := pick(c, w.forms, "sender")
	out := c.intn(2, "out") == 0
	at := w.clock.Add(time.Duration(c.intn(5, "minutes")-3) * time.Minute)
	counts := at
	if at.After(w.clock) {
		counts = w.clock
	}
	delivery := store.Delivery{ChannelID: w.channels[0], ReceivedAt: w.clock, Events: []switchboard.Event{{Consent: &switchboard.Consent{Sender: s.written, OptOut: out, At: at}}}}
	return step{
		what: fmt.Sprintf("consent of %s: out is %v, at %v", s.written, out, counts),
		do: func() switchboard.Code {
			_, err := w.db.Receive(context.Background(), w.org, []store.Delivery{delivery})
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) { m.wish(s.key, out, !out, counts); return "", "" },
	}
}

// fields draws the phone fields of a record, and its whole fields.
func (w *world) fields(c chooser, object switchboard.Object) (map[string]string, switchboard.Fields) {
	phones := map[string]string{}
	for _, f := range writtenFields[object] {
		if c.intn(4, f) == 0 { // few, so that some senders are unknown
			phones[f] = pick(c, w.numbers, f)
		}
	}
	all := switchboard.Fields{"LastName": "Doe", "Company": "Acme", "Name": "Doe"}
	for f, v := range phones {
		all[f] = v
	}
	return phones, all
}

func (w *world) createRecord(c chooser) step {
	object := pick(c, switchboard.Objects(), "object")
	phones, all := w.fields(c, object)
	actor := w.actor(c)
	bulk := c.intn(4, "in bulk") == 0
	var id string
	var resolved []*switchboard.Message
	return step{
		what: fmt.Sprintf("create a %s %v", object, phones),
		do: func() switchboard.Code {
			var err error
			if bulk {
				var ids []string
				if ids, err = w.db.CreateRecords(context.Background(), actor, switchboard.OriginImport, []store.NewRecord{{Object: object, Fields: all}}); err == nil {
					id = ids[0]
				}
			} else {
				var r *switchboard.Record
				if r, resolved, err = w.db.CreateRecord(context.Background(), actor, object, all, switchboard.OriginPerson); err == nil {
					id = r.ID
				}
			}
			w.learn("", id)
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			m.putRecord(id, mRecord{object: object, name: "Doe", fields: phones, version: 1}, "created")
			return "", m.agrees(resolved)
		},
	}
}

// createRecords adds two records at once.
func (w *world) createRecords(c chooser) step {
	var records []mRecord
	var all []store.NewRecord
	for range 2 {
		object := pick(c, switchboard.Objects(), "object")
		phones, fields := w.fields(c, object)
		records = append(records, mRecord{object: object, name: "Doe", fields: phones, version: 1})
		all = append(all, store.NewRecord{Object: object, Fields: fields})
	}
	actor := w.actor(c)
	var ids []string
	return step{
		what: fmt.Sprintf("import %+v", records),
		do: func() switchboard.Code {
			var err error
			ids, err = w.db.CreateRecords(context.Background(), actor, switchboard.OriginImport, all)
			for _, id := range ids {
				w.learn("", id)
			}
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			m.changeRecords(nil, lastly("created"), func() {
				for i, id := range ids {
					m.records[id] = records[i]
				}
			})
			m.settle("", "", nil, nil)
			return "", ""
		},
	}
}

// updateRecord changes a phone field, moves one to another field, writes one in
// another form, or changes the name.
func (w *world) updateRecord(c chooser) step {
	id := pick(c, w.records, "record")
	actor := w.actor(c)
	field := pick(c, writtenFields["Contact"], "field")
	other := pick(c, writtenFields["Contact"], "other field")
	kind := c.intn(4, "edit")
	value := pick(c, append([]string{""}, w.numbers...), "value")
	var patch map[string]string
	var version int64
	name := ""
	var resolved []*switchboard.Message
	return step{
		what: fmt.Sprintf("edit %s: %d, %s, %s, %q", id, kind, field, other, value),
		do: func() switchboard.Code {
			r, err := w.db.Record(context.Background(), w.org, id)
			if err != nil {
				return switchboard.ErrorCode(err)
			}
			version = r.Version
			patch = map[string]string{}
			allowed := func(f string) bool { return slices.Contains(writtenFields[r.Object], f) }
			switch {
			case kind == 0:
				name = "Roe"
			case kind == 1 && field != other && allowed(field) && allowed(other):
				patch[field], patch[other] = r.Fields.Text(other), r.Fields.Text(field)
			case allowed(field):
				patch[field] = value
			}
			changes := switchboard.Fields{"Description": "edited"}
			for f, v := range patch {
				changes[f] = v
				if v == "" {
					changes[f] = nil
				}
			}
			if name != "" {
				changes["LastName"], changes["Name"] = name, name
			}
			_, resolved, err = w.db.UpdateRecord(context.Background(), actor, id, r.Version, changes, allow)
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			if code := m.placeable(id); code != "" {
				return code, ""
			}
			if int64(m.records[id].version) != version {
				return "conflict", ""
			}
			m.putRecord(id, m.records[id].edited(name, patch), "edited")
			return "", m.agrees(resolved)
		},
	}
}

func (w *world) deleteRecord(c chooser) step {
	id := pick(c, w.records, "record")
	actor := w.actor(c)
	var resolved []*switchboard.Message
	return step{
		what: "delete " + id,
		do: func() switchboard.Code {
			var err error
			resolved, err = w.db.DeleteRecord(context.Background(), actor, id)
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			r, ok := m.records[id]
			if !ok {
				return "not_found", ""
			}
			if !r.deleted {
				r.deleted = true
				r.version++
				m.putRecord(id, r, "deleted")
			}
			return "", m.agrees(resolved)
		},
	}
}

func (w *world) restoreRecord(c chooser) step {
	id := pick(c, w.records, "record")
	actor := w.actor(c)
	var resolved []*switchboard.Message
	return step{
		what: "restore " + id,
		do: func() switchboard.Code {
			var err error
			_, resolved, err = w.db.RestoreRecord(context.Background(), actor, id)
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) {
			r, ok := m.records[id]
			if !ok {
				return "not_found", ""
			}
			if m.merged[id] != "" {
				return "conflict", ""
			}
			if r.deleted {
				r.deleted = false
				r.version++
				m.putRecord(id, r, "restored")
			}
			return "", m.agrees(resolved)
		},
	}
}

// merge tells of a record that was merged into another in Salesforce. Both are
// made known to be there first, which changes nothing.
func (w *world) merge(c chooser) step {
	loser, winner := pick(c, w.records, "loser"), pick(c, w.records, "winner")
	there := map[string]switchboard.RemoteRecord{}
	for _, id := range []string{loser, winner} {
		there[id] = switchboard.RemoteRecord{SalesforceID: sfID("003", 1+slices.Index(w.records, id)), Object: switchboard.Contact, Key: id, Stamp: worldStart}
	}
	gone := merged(there[loser], there[winner])
	gone.Stamp = worldStart.Add(time.Second) // what was read before it says nothing any more
	apply := func(records ...switchboard.RemoteRecord) error {
		_, err := w.db.ApplyRemote(context.Background(), w.org, store.Remote{ReadAt: worldStart.AddDate(1000, 0, 0), Records: records})
		return err
	}
	return step{
		what: fmt.Sprintf("merge %s into %s", loser, winner),
		do: func() switchboard.Code {
			err := apply(there[loser], there[winner])
			if err == nil {
				err = apply(gone)
			}
			return switchboard.ErrorCode(err)
		},
		model: func(m *model) (switchboard.Code, string) { m.merge(loser, winner); return "", "" },
	}
}
