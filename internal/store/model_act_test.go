package store_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// arrival is one text as it is handed to the store and to the model. The
// second part is what the store answered.
type arrival struct {
	provider string
	channel  string
	sender   form
	outbound bool
	body     string
	at       time.Time // message time
	record   string    // that an outbound one is logged with

	id      string
	seq     int64
	created string // the record that was made for it
}

func (a arrival) String() string {
	way := "from"
	if a.outbound {
		way = "on " + a.record + " to"
	}
	return fmt.Sprintf("%s %q %s %s by %s at %s", a.provider, a.body, way, a.sender.written, a.channel, a.at.Format(time.TimeOnly))
}

// receive takes one text, and returns what is wrong with the store's answer.
func (m *model) receive(a arrival) (wrong string) {
	for _, x := range m.texts {
		if x.provider == a.provider { // stored once, however often it comes
			if x.id != a.id {
				return fmt.Sprintf("%s became two messages", a.provider)
			}
			return ""
		}
	}
	for _, x := range m.texts {
		if x.sender.key == a.sender.key && x.seq >= a.seq { // which keeps them in order
			return fmt.Sprintf("%s was committed after a text with number %d, but has number %d", a.id, x.seq, a.seq)
		}
	}
	if !a.outbound {
		m.wish(a.sender.key, a.body == "STOP", a.body == "START", a.at)
	}
	x := mText{id: a.id, provider: a.provider, channel: a.channel, sender: a.sender, outbound: a.outbound, at: a.at, seq: a.seq}
	if a.outbound {
		x.record = a.record
		if x.record == "" {
			blocked := m.blocked
			m.blocked = nil // we may write to whom we don't want to hear from
			x.record = m.rule(a.sender, false).Record
			m.blocked = blocked
		}
		x.state = "assigned"
		if x.record == "" {
			x.state = "dismissed"
		}
		m.add(x)
		return ""
	}
	_, blocked := m.blocked[a.sender.key]
	d := m.rule(a.sender, m.create && a.sender.phone && !blocked && !m.wishes[a.sender.key].out)
	x.decision, x.record, x.state = &d, d.Record, d.state()
	if d.Outcome != "created" {
		m.add(x)
		if x.state == "unassigned" {
			m.settle(x.sender.key, x.channel, nil, nil)
		}
		return ""
	}
	if a.created == "" {
		return "no record was made for " + a.sender.written
	}
	d.Record, x.record = a.created, a.created
	m.changeRecords(nil, lastly("created"), func() {
		m.records[a.created] = mRecord{object: "Contact", name: "Unknown " + a.sender.address, fields: map[string]string{"MobilePhone": a.sender.address}, version: 1}
		m.add(x)
	})
	m.settle("", "", nil, nil)
	return ""
}

func (m *model) add(x mText) {
	i, _ := slices.BinarySearchFunc(m.texts, x, func(a, b mText) int {
		return cmp.Or(cmp.Compare(a.sender.key, b.sender.key), cmp.Compare(a.seq, b.seq))
	})
	m.texts = slices.Insert(m.texts, i, x)
}

// wish notes an opt-out or opt-in, unless a later one is known.
func (m *model) wish(sender string, out, in bool, at time.Time) {
	if w, ok := m.wishes[sender]; (out || in) && (!ok || !at.Before(w.at)) {
		m.wishes[sender] = mWish{out, at}
	}
}

// lastly says what happened to the record that was made last.
func lastly(change string) func([]string) string {
	return func(records []string) string { return change + " " + records[len(records)-1] }
}

func (m *model) putRecord(id string, r mRecord, change string) []string {
	placed := m.changeRecords(nil, lastly(change), func() { m.records[id] = r })
	m.settle("", "", nil, nil)
	return placed
}

// standIn returns the record that stands for the one with the id.
func (m *model) standIn(id string) string {
	for m.merged[id] != "" {
		id = m.merged[id]
	}
	return id
}

// decided returns the text's decision with the record that it is on in the place
// of the one that was chosen, where that was merged into it: it is one candidate
// then, with all by which either matched.
func (m *model) decided(x mText) *mDecision {
	if x.decision == nil || x.decision.Record == "" || x.decision.Record == x.record {
		return x.decision
	}
	d := *x.decision
	d.Record, d.Candidates = x.record, nil
	at := -1
	for _, c := range x.decision.Candidates {
		if c.Record != x.decision.Record && c.Record != x.record {
			d.Candidates = append(d.Candidates, c)
			continue
		}
		c.Record, c.Name = x.record, m.records[x.record].name
		if at < 0 {
			at = len(d.Candidates)
			d.Candidates = append(d.Candidates, c)
			continue
		}
		one := &d.Candidates[at]
		one.Matched = slices.Concat(one.Matched, c.Matched)
		if c.Last.after(one.Last) {
			one.Last = c.Last
		}
	}
	return &d
}

func (a mMoment) after(b mMoment) bool {
	return a.At.After(b.At) || a.At.Equal(b.At) && a.Seq > b.Seq
}

// merge lets a record be stood for by another, or by what stands for that.
func (m *model) merge(loser, winner string) {
	winner = m.standIn(winner)
	if m.merged[loser] != "" || winner == loser {
		return
	}
	m.changeRecords(nil, func([]string) string { return "merged " + winner }, func() {
		m.merged[loser] = winner
		if r := m.records[loser]; !r.deleted {
			r.deleted = true
			r.version++
			m.records[loser] = r
		}
		for i := range m.texts {
			x := &m.texts[i]
			if x.record != loser {
				continue
			}
			x.record = winner
			x.version++
		}
		for _, sender := range allSenders {
			l, ok := m.links[mPair{sender, loser}]
			if !ok {
				continue
			}
			delete(m.links, mPair{sender, loser})
			if have, ok := m.links[mPair{sender, winner}]; ok {
				l.address = have.address
				l.asks = slices.Concat(l.asks, have.asks)
				slices.Sort(l.asks)
				l.asks = slices.Compact(l.asks)
			}
			m.links[mPair{sender, winner}] = l
		}
	})
	m.settle("", "", nil, nil)
}

// code is "" or that of the error that placing on the record gives.
func (m *model) placeable(record string) switchboard.Code {
	switch r, ok := m.records[record]; {
	case !ok:
		return "not_found"
	case r.deleted:
		return "record_deleted"
	}
	return ""
}

// lacks reports whether one of the texts is not there.
func (m *model) lacks(ids []string) bool {
	return slices.ContainsFunc(ids, func(id string) bool {
		return !slices.ContainsFunc(m.texts, func(x mText) bool { return x.id == id })
	})
}

func (m *model) text(id string) *mText {
	return &m.texts[slices.IndexFunc(m.texts, func(x mText) bool { return x.id == id })]
}

// whole adds the other unassigned texts of the texts' senders.
func (m *model) whole(ids []string) []string {
	all := slices.Clone(ids)
	for _, x := range m.texts {
		if x.state == "unassigned" && !slices.Contains(all, x.id) &&
			slices.ContainsFunc(ids, func(id string) bool { return m.text(id).sender.key == x.sender.key }) {
			all = append(all, x.id)
		}
	}
	return all
}

func begin(actor, token string) *mAct { return &mAct{actor: actor, token: token} }

// note keeps the text as it was before the act, once, and returns its decision.
func (m *model) note(a *mAct, x mText) *mDecision {
	x.decision = m.decided(x)
	if !slices.ContainsFunc(a.before, func(b mText) bool { return b.id == x.id }) {
		a.before = append(a.before, x)
	}
	return x.decision
}

// end keeps the act under the token that takes it back.
func (m *model) end(a *mAct) {
	m.settle("", "", a, nil)
	for _, x := range a.before {
		a.after = append(a.after, m.text(x.id).version)
	}
	if a.created != "" {
		a.version = m.records[a.created].version
	}
	m.acts[a.token] = *a
}

func (m *model) place(a *mAct, ids []string, record string, remember bool) {
	for _, id := range ids {
		x := m.text(id)
		decision := m.note(a, *x)
		if x.record != record {
			m.leave(a, x)
		}
		x.placements = append(slices.Clone(x.placements), a.token)
		x.state, x.record = "assigned", record
		if decision != nil {
			d := *decision
			d.Outcome, d.Reason, d.Record, d.By, d.From, d.Dismissal, d.Retro, d.Change = "assigned", "person", record, a.actor, "", "", false, ""
			x.decision = &d
		}
		x.version++
		if remember {
			m.ask(a, mAsk{mPair{x.sender.key, record}, x.sender.address, a.token})
		}
	}
}

// leave takes a text off its record: what its placements asked for goes.
func (m *model) leave(a *mAct, x *mText) {
	for _, p := range x.placements {
		m.unask(a, mAsk{pair: mPair{x.sender.key, x.record}, placement: p})
	}
	x.placements = nil
}

func (m *model) ask(act *mAct, a mAsk) {
	l, ok := m.links[a.pair]
	if !ok {
		l.address = a.address
	}
	if slices.Contains(l.asks, a.placement) {
		return
	}
	l.asks = append(slices.Clone(l.asks), a.placement)
	slices.Sort(l.asks)
	m.links[a.pair] = l
	if act != nil {
		act.asked = append(act.asked, a)
	}
}

func (m *model) unask(act *mAct, a mAsk) {
	l, ok := m.links[a.pair]
	if !ok || !slices.Contains(l.asks, a.placement) {
		return
	}
	a.address = l.address
	l.asks = slices.DeleteFunc(slices.Clone(l.asks), func(p string) bool { return p == a.placement })
	m.links[a.pair] = l
	if len(l.asks) == 0 {
		delete(m.links, a.pair)
	}
	if act != nil {
		act.unasked = append(act.unasked, a)
	}
}

func (m *model) takeOff(a *mAct, ids []string) switchboard.Code {
	for _, id := range ids {
		switch x := m.text(id); {
		case x.state != "assigned":
			return "not_assigned"
		case x.outbound:
			return "conflict"
		}
	}
	for _, id := range ids {
		x := m.text(id)
		d := *m.note(a, *x)
		d.Outcome, d.Reason, d.Record, d.By, d.From, d.Dismissal, d.Retro, d.Change = "unassigned", "person", "", a.actor, x.record, "", false, ""
		m.leave(a, x)
		x.state, x.record, x.decision = "unassigned", "", &d
		x.version++
	}
	return ""
}

func (m *model) dismiss(a *mAct, ids []string, reason string, block bool) switchboard.Code {
	for _, id := range ids {
		if m.text(id).outbound {
			return "conflict"
		}
	}
	for _, id := range ids {
		x := m.text(id)
		d := *m.note(a, *x)
		d.Outcome, d.Reason, d.Record, d.By, d.From, d.Dismissal, d.Retro, d.Change = "dismissed", "person", "", a.actor, x.record, reason, false, ""
		m.leave(a, x)
		x.state, x.record, x.decision = "dismissed", "", &d
		x.version++
		if _, ok := m.blocked[x.sender.key]; block && !ok {
			m.blocked[x.sender.key] = a.token
			a.blocked = append(a.blocked, x.sender.key)
		}
	}
	return ""
}

func (m *model) undo(actor, token string) switchboard.Code {
	a, ok := m.acts[token]
	if !ok || a.actor != actor {
		return "undo_gone"
	}
	for i, before := range a.before {
		if m.text(before.id).version != a.after[i] {
			return "conflict"
		}
	}
	var keep []string
	for _, before := range a.before {
		x := m.text(before.id)
		version := x.version
		*x = before
		x.version = version + 1
		x.record = m.standIn(x.record)
		keep = append(keep, x.id)
	}
	for _, ask := range a.asked {
		ask.pair.record = m.standIn(ask.pair.record)
		m.unask(nil, ask)
	}
	for _, ask := range a.unasked {
		ask.pair.record = m.standIn(ask.pair.record)
		m.ask(nil, ask)
	}
	for _, sender := range a.blocked {
		if m.blocked[sender] == a.token {
			delete(m.blocked, sender)
		}
	}
	if r := m.records[a.created]; a.created != "" && r.version == a.version && !slices.Contains(slices.Collect(maps.Values(m.merged)), a.created) &&
		!slices.ContainsFunc(m.texts, func(x mText) bool { return x.record == a.created }) {
		r.deleted = true
		r.version++
		m.changeRecords(keep, lastly("deleted"), func() { m.records[a.created] = r })
	}
	delete(m.acts, token)
	m.settle("", "", nil, &a)
	return ""
}

// edited returns a record with some of its phone fields changed; "" clears one.
func (r mRecord) edited(name string, patch map[string]string) mRecord {
	r.fields = maps.Clone(r.fields)
	for f, v := range patch {
		r.fields[f] = v
		if v == "" {
			delete(r.fields, f)
		}
	}
	if name != "" {
		r.name = name
	}
	r.version++
	return r
}
