package store_test

import (
	"maps"
	"slices"
	"time"

	"github.com/switchboardhq/switchboard"
)

// The model is the product's rule and fine print once more, written to be
// obviously right: it keeps everything in memory, looks at all of it for every
// question, and shares no code with what it is compared to. The texts of a sender
// stand in the order in which they were committed.
type model struct {
	channels map[string]string       // id: the user who authenticated it
	fields   switchboard.PhoneFields // which are matched; never changed in place
	users    map[string]mUser
	create   bool // records are made from unknown numbers
	version  int64
	records  map[string]mRecord
	merged   map[string]string // into which other one
	texts    []mText
	links    map[mPair]mLink
	blocked  map[string]string // by sender: the act that blocked it
	wishes   map[string]mWish
	bells    map[mBellKey]mBell
	acts     map[string]mAct // by undo token
}

type mUser struct {
	admin, active bool
}

type mRecord struct {
	object  switchboard.Object
	name    string
	fields  map[string]string // phone fields; never changed in place
	deleted bool
	version int
}

type mText struct {
	id, provider string
	channel      string
	sender       form
	outbound     bool
	at           time.Time
	seq          int64 // as the store counts
	state        switchboard.State
	record       string
	decision     *mDecision // nil for outbound ones; never changed in place
	placements   []string   // the acts by which a person put it on its record
	version      int
}

type mDecision struct {
	Outcome    switchboard.Outcome
	Reason     switchboard.Reason
	Record     string
	Sender     string
	Candidates []mCandidate
	Retro      bool
	Change     string // what happened to which record
	By, From   string
	Dismissal  string
	Version    int64
}

type mCandidate struct {
	Record, Name string
	Matched      []switchboard.Matched
	Last         mMoment
}

type mMoment struct {
	At  time.Time
	Seq int64
}

type mPair struct{ sender, record string }

type mLink struct {
	address string
	asks    []string // the placements that asked for it, sorted
}

type mWish struct {
	out bool
	at  time.Time
}

type mBellKey struct{ user, sender string }

type mBell struct {
	Count   int
	Message string
	Read    bool
}

// mAct is what one act of a person changed.
type mAct struct {
	token   string
	actor   string
	before  []mText
	after   []int // versions
	asked   []mAsk
	unasked []mAsk
	blocked []string
	created string // record
	version int    // of that record
	cleared map[mBellKey]mBell
}

type mAsk struct {
	pair      mPair
	address   string
	placement string
}

func (m *model) clone() *model {
	c := *m
	c.channels, c.users, c.records = maps.Clone(m.channels), maps.Clone(m.users), maps.Clone(m.records)
	c.merged = maps.Clone(m.merged)
	c.texts, c.links, c.blocked = slices.Clone(m.texts), maps.Clone(m.links), maps.Clone(m.blocked)
	c.wishes, c.bells, c.acts = maps.Clone(m.wishes), maps.Clone(m.bells), maps.Clone(m.acts)
	return &c
}

// matching returns the records that match the sender, by id.
func (m *model) matching(sender string) []mCandidate {
	var all []mCandidate
	for _, id := range slices.Sorted(maps.Keys(m.records)) {
		r := m.records[id]
		if r.deleted {
			continue
		}
		c := mCandidate{Record: id, Name: r.name}
		for _, field := range m.fields[r.object] {
			if slices.Contains(numbersIn[r.fields[field]], sender) {
				c.Matched = append(c.Matched, switchboard.Matched{Field: field, Value: r.fields[field]})
			}
		}
		if l, ok := m.links[mPair{sender, id}]; ok {
			c.Matched = append(c.Matched, switchboard.Matched{Field: "link", Value: l.address})
		}
		if c.Matched == nil {
			continue
		}
		for _, x := range m.texts {
			if x.sender.key == sender && x.record == id && !x.at.Before(c.Last.At) {
				c.Last = mMoment{x.at, x.seq}
			}
		}
		all = append(all, c)
	}
	return all
}

// rule is the table.
func (m *model) rule(s form, create bool) mDecision {
	d := mDecision{Sender: s.address, Candidates: m.matching(s.key), Version: m.version}
	if _, ok := m.blocked[s.key]; ok {
		d.Outcome, d.Reason = "dismissed", "blocked"
		return d
	}
	var previous []mCandidate
	for _, c := range d.Candidates {
		if !c.Last.At.IsZero() {
			previous = append(previous, c)
		}
	}
	slices.SortFunc(previous, func(a, b mCandidate) int { // the most recent first
		if a.Last.At.Equal(b.Last.At) {
			return int(b.Last.Seq - a.Last.Seq)
		}
		return b.Last.At.Compare(a.Last.At)
	})
	switch {
	case len(d.Candidates) == 0 && create:
		d.Outcome, d.Reason = "created", "created_record"
	case len(d.Candidates) == 0:
		d.Outcome, d.Reason = "unassigned", "no_match"
	case len(d.Candidates) == 1:
		d.Outcome, d.Reason, d.Record = "assigned", "only_match", d.Candidates[0].Record
	case len(previous) == 0:
		d.Outcome, d.Reason = "unassigned", "ambiguous"
	case len(previous) == 1:
		d.Outcome, d.Reason, d.Record = "assigned", "only_history", previous[0].Record
	default:
		d.Outcome, d.Reason, d.Record = "assigned", "latest_history", previous[0].Record
	}
	return d
}

func (d mDecision) state() switchboard.State {
	switch d.Outcome {
	case "assigned", "created":
		return "assigned"
	case "dismissed":
		return "dismissed"
	}
	return "unassigned"
}

// decideAgain decides the sender's waiting texts again, oldest first, but for
// those that a person took off, and those in keep. It returns what was placed.
func (m *model) decideAgain(sender, change string, keep []string) []string {
	var waiting []int
	for i, x := range m.texts {
		if x.sender.key == sender && x.state == "unassigned" && x.decision.Reason != "person" && !slices.Contains(keep, x.id) {
			waiting = append(waiting, i)
		}
	}
	slices.SortStableFunc(waiting, func(a, b int) int { return m.texts[a].at.Compare(m.texts[b].at) })
	var placed []string
	for _, i := range waiting {
		x := &m.texts[i]
		d := m.rule(x.sender, false)
		if d.Record != "" {
			d.Retro, d.Change = true, change
			placed = append(placed, x.id)
		} else if same := *x.decision; same.equal(d) {
			continue
		}
		x.decision, x.record, x.state = &d, d.Record, d.state()
		x.version++
	}
	return placed
}

// equal compares two decisions of the rule, but for the settings' version.
func (d mDecision) equal(o mDecision) bool {
	return d.Outcome == o.Outcome && d.Reason == o.Reason && d.Record == o.Record && d.Sender == o.Sender &&
		slices.EqualFunc(d.Candidates, o.Candidates, func(a, b mCandidate) bool {
			return a.Record == b.Record && a.Name == b.Name && a.Last == b.Last && slices.Equal(a.Matched, b.Matched)
		})
}

// changeRecords runs change, and decides again exactly the senders whose set
// of matching records differs. what says what happened to the records that a
// sender gained or lost, by id.
func (m *model) changeRecords(keep []string, what func(records []string) string, change func()) []string {
	before := m.matchingSets()
	change()
	after := m.matchingSets()
	var placed []string
	for _, sender := range allSenders {
		if slices.Equal(before[sender], after[sender]) {
			continue
		}
		var differ []string
		for _, id := range slices.Concat(before[sender], after[sender]) {
			if slices.Contains(before[sender], id) != slices.Contains(after[sender], id) {
				differ = append(differ, id)
			}
		}
		slices.Sort(differ)
		placed = append(placed, m.decideAgain(sender, what(differ), keep)...)
	}
	return placed
}

func (m *model) matchingSets() map[string][]string {
	sets := map[string][]string{}
	for _, sender := range allSenders {
		for _, c := range m.matching(sender) {
			sets[sender] = append(sets[sender], c.Record)
		}
	}
	return sets
}

// recipients returns who hears of the channel's unassigned texts.
func (m *model) recipients(channel string) []string {
	if u := m.channels[channel]; m.users[u].active {
		return []string{u}
	}
	var admins []string
	for id, u := range m.users {
		if u.admin && u.active {
			admins = append(admins, id)
		}
	}
	return admins
}

// settle brings every notification in line with what waits. A text that has
// just arrived on ringing makes those that it concerns unread. act notes what
// is cleared; undone is the act that is being taken back.
func (m *model) settle(ringSender, ringChannel string, act, undone *mAct) {
	wanted := map[mBellKey]mBell{}
	newest := map[mBellKey]time.Time{}
	rings := map[mBellKey]bool{}
	for _, x := range m.texts {
		if x.state != "unassigned" || x.decision.Reason == "person" {
			continue
		}
		for _, user := range m.recipients(x.channel) {
			k := mBellKey{user, x.sender.key}
			b := wanted[k]
			b.Count++
			if !x.at.Before(newest[k]) {
				b.Message, newest[k] = x.id, x.at
			}
			wanted[k] = b
			rings[k] = rings[k] || x.sender.key == ringSender && x.channel == ringChannel
		}
	}
	for k, b := range wanted {
		open, ok := m.bells[k]
		if !ok && undone != nil {
			open = undone.cleared[k]
		}
		b.Read = open.Read && !rings[k]
		m.bells[k] = b
	}
	for k, b := range m.bells {
		if _, ok := wanted[k]; ok {
			continue
		}
		delete(m.bells, k)
		if act != nil {
			if act.cleared == nil {
				act.cleared = map[mBellKey]mBell{}
			}
			act.cleared[k] = b
		}
	}
}
