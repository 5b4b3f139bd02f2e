package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// form is one way in which a sender writes itself.
type form struct {
	written, address, key string
	phone                 bool
}

// Few numbers, so that much happens to each. Those of Mexico are two forms of
// one number; names and short codes match nothing but a link.
var senderForms = []form{
	{"+15125550177", "+15125550177", "+15125550177", true},
	{"(512) 555-0177", "+15125550177", "+15125550177", true},
	{"+15125550188", "+15125550188", "+15125550188", true},
	{"+5215512345678", "+5215512345678", "+525512345678", true},
	{"+52 55 1234 5678", "+525512345678", "+525512345678", true},
	{"MTN", "MTN", "x:mtn", false},
	{"88202", "88202", "s:88202", false},
}

var allSenders = []string{"+15125550177", "+15125550188", "+525512345678", "x:mtn", "s:88202"}

// numbersIn says which senders a phone field matches.
var numbersIn = map[string][]string{
	"(512) 555-0177":                {"+15125550177"},
	"+1 512 555 0177 ext. 12":       {"+15125550177"},
	"512.555.0188":                  {"+15125550188"},
	"512-555-0177 / (512) 555-0188": {"+15125550177", "+15125550188"},
	"+52 1 55 1234 5678":            {"+525512345678"},
	"+52 55 1234 5678":              {"+525512345678"},
	"ask Jane":                      nil,
	"88202":                         nil,
	// What a record made from an unknown number holds.
	"+15125550177":   {"+15125550177"},
	"+15125550188":   {"+15125550188"},
	"+5215512345678": {"+525512345678"},
	"+525512345678":  {"+525512345678"},
}

var fieldForms = []string{"(512) 555-0177", "+1 512 555 0177 ext. 12", "512.555.0188", "512-555-0177 / (512) 555-0188", "+52 1 55 1234 5678", "+52 55 1234 5678", "ask Jane", "88202"}

var phoneFields = map[switchboard.Object][]string{
	"Contact": {"MobilePhone", "Phone", "HomePhone", "OtherPhone"}, "Lead": {"MobilePhone", "Phone"}, "Account": {"Phone"},
}

// chooser makes the choices of a world: rapid's, so that a failing one
// shrinks, or a plain source of randomness.
type chooser interface {
	intn(n int, what string) int
}

// world is an org in a store, and what has to be known to do things there.
type world struct {
	db       *store.DB
	org      string
	users    []switchboard.Actor
	channels []string

	clock   time.Time // when what is received next was received
	ids     int       // provider ids so far
	known   []arrival // texts that were handed over
	texts   []string
	records []string
	tokens  []token
}

type token struct {
	actor switchboard.Actor
	token string
}

var worldStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// newWorld makes an org with two admins and an agent, and three channels: each
// admin's, and the agent's.
func newWorld(tb testing.TB, db *store.DB) (*world, *model) {
	tb.Helper()
	ctx := context.Background()
	org, err := db.AddOrg(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{db: db, org: org, clock: worldStart}
	m := &model{channels: map[string]string{}, users: map[string]mUser{}, records: map[string]mRecord{}, links: map[mPair]mLink{},
		blocked: map[string]int{}, wishes: map[string]mWish{}, bells: map[mBellKey]mBell{}, acts: map[string]mAct{}}
	system := switchboard.Actor{OrgID: org, Name: "Command line", Role: switchboard.Admin}
	for _, u := range []store.NewUser{
		{Name: "Dana Reyes", Email: "dana@example.com", Role: switchboard.Admin},
		{Name: "Ola Berg", Email: "ola@example.com", Role: switchboard.Admin},
		{Name: "Sam Ortiz", Email: "sam@example.com", Role: switchboard.Agent},
	} {
		made, err := db.CreateUser(ctx, system, u)
		if err != nil {
			tb.Fatal(err)
		}
		w.users = append(w.users, switchboard.Actor{OrgID: org, ID: made.ID, Name: made.Name, Role: made.Role})
		m.users[made.ID] = mUser{admin: u.Role == switchboard.Admin, active: true}
	}
	for i, u := range w.users {
		c, _, err := db.CreateChannel(ctx, system, store.NewChannel{Provider: "generic", Name: "Line " + u.Name, Region: "US", Numbers: []string{fmt.Sprintf("+1512555010%d", i)}, AuthenticatedBy: u.ID})
		if err != nil {
			tb.Fatal(err)
		}
		w.channels = append(w.channels, c.ID)
		m.channels[c.ID] = u.ID
	}
	w.readVersion(tb, m)
	return w, m
}

func (w *world) readVersion(tb rapid.TB, m *model) {
	tb.Helper()
	s, err := w.db.Settings(context.Background(), w.org)
	if err != nil {
		tb.Fatal(err)
	}
	m.version = s.Version
}

// step is one thing that happens: in the store, and then in the model. Each
// says what code its error has.
type step struct {
	what  string
	do    func() switchboard.Code
	model func(*model) (code switchboard.Code, wrong string)
}

func pick[T any](c chooser, from []T, what string) T { return from[c.intn(len(from), what)] }

// some draws one or two different ones.
func some(c chooser, from []string, what string) []string {
	one := pick(c, from, what)
	if c.intn(3, "one more") > 0 {
		return []string{one}
	}
	if two := pick(c, from, what); two != one {
		return []string{one, two}
	}
	return []string{one}
}

// differences compares everything that the store shows with the model.
func (w *world) differences(m *model) string {
	ctx := context.Background()
	var d string
	add := func(what, diff string) {
		if diff != "" {
			d += what + " (-model +store):\n" + diff
		}
	}
	fail := func(err error) bool {
		if err != nil {
			d += err.Error()
		}
		return err != nil
	}

	messages, err := w.db.AllMessages(ctx, w.org)
	if fail(err) {
		return d
	}
	want, got := map[string]seenText{}, map[string]seenText{}
	for _, x := range m.texts {
		want[x.id] = seenText{x.provider, x.at.Format(time.TimeOnly), x.state, x.record, x.decision}
	}
	for _, x := range messages {
		t := seenText{Provider: x.ProviderMessageID, At: x.Time.Format(time.TimeOnly), State: x.State, Decision: seenDecision(x.Decision)}
		if x.Record != nil {
			t.Record = x.Record.ID
		}
		got[x.ID] = t
	}
	add("texts", cmp.Diff(want, got))

	wantLinks, gotLinks := map[mPair]string{}, map[mPair]string{}
	for p, l := range m.links {
		wantLinks[p] = l.address
	}
	links, _, err := w.db.Links(ctx, w.org, store.LinkFilter{Page: store.Page{Limit: 500}})
	if fail(err) {
		return d
	}
	for _, l := range links {
		gotLinks[mPair{string(l.Sender.Key), l.Record.ID}] = l.Sender.Address
	}
	add("links", cmp.Diff(wantLinks, gotLinks))

	gotBells := map[mBellKey]mBell{}
	for _, state := range []switchboard.NotificationState{"read", "unread"} {
		bells, _, err := w.db.Notifications(ctx, w.org, store.NotificationFilter{State: state, Page: store.Page{Limit: 500}})
		if fail(err) {
			return d
		}
		for _, b := range bells {
			k := mBellKey{b.UserID, string(b.Sender.Key)}
			if _, twice := gotBells[k]; twice {
				d += fmt.Sprintf("two open notifications for %v\n", k)
			}
			gotBells[k] = mBell{b.Count, b.MessageID, state == "read"}
		}
	}
	add("notifications", cmp.Diff(m.bells, gotBells))

	wantSenders := map[string]seenSender{}
	for _, key := range allSenders {
		s := seenSender{OptedOut: m.wishes[key].out}
		_, s.Blocked = m.blocked[key]
		var newest, oldest time.Time
		for _, x := range m.texts {
			if x.sender.key != key || x.state != "unassigned" {
				continue
			}
			if s.Waiting++; !x.at.Before(newest) {
				newest = x.at
				s.Newest, s.Reason, s.Channel = x.id, string(x.decision.Reason), x.channel
			}
			if oldest.IsZero() || x.at.Before(oldest) {
				oldest = x.at
			}
		}
		if s.Waiting > 0 {
			s.At, s.Since = newest.UnixMicro(), oldest.UnixMicro()
		}
		if s != (seenSender{}) {
			wantSenders[key] = s
		}
	}
	gotSenders, err := w.senders(ctx)
	if fail(err) {
		return d
	}
	add("senders", cmp.Diff(wantSenders, gotSenders))

	for _, key := range allSenders {
		i := slices.IndexFunc(senderForms, func(f form) bool { return f.key == key })
		f := senderForms[i]
		_, blocked := m.blocked[key]
		now := m.rule(f, m.create && f.phone && !blocked && !m.wishes[key].out)
		explained, err := w.db.Explain(ctx, w.org, w.channels[0], f.written)
		if fail(err) {
			return d
		}
		add("what would happen to a text from "+f.written, cmp.Diff(&now, seenDecision(&explained)))
	}
	return d
}

type seenText struct {
	Provider, At string
	State        switchboard.State
	Record       string
	Decision     *mDecision
}

type seenSender struct {
	OptedOut, Blocked       bool
	Waiting                 int
	Newest, Reason, Channel string
	At, Since               int64
}

func (w *world) senders(ctx context.Context) (map[string]seenSender, error) {
	rows, err := w.db.Rows(ctx, `SELECT match_key, opted_out, blocked, waiting, waiting_message_id, waiting_reason, waiting_channel, waiting_at, waiting_since FROM sender WHERE org_id = $1`, w.org)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]seenSender{}
	for rows.Next() {
		var key string
		var s seenSender
		if err := rows.Scan(&key, &s.OptedOut, &s.Blocked, &s.Waiting, &s.Newest, &s.Reason, &s.Channel, &s.At, &s.Since); err != nil {
			return nil, err
		}
		if s != (seenSender{}) {
			all[key] = s
		}
	}
	return all, rows.Err()
}

func seenDecision(d *switchboard.Decision) *mDecision {
	if d == nil {
		return nil
	}
	s := &mDecision{Outcome: d.Outcome, Reason: d.Reason, Sender: d.Sender, Retro: d.Retroactive, Dismissal: d.Dismissal, Version: d.SettingsVersion}
	if d.Record != nil {
		s.Record = d.Record.ID
	}
	for _, c := range d.Candidates {
		s.Candidates = append(s.Candidates, mCandidate{c.Record.ID, c.Record.Name, c.Matched, mMoment{c.Last.At, c.Last.Seq}})
	}
	if d.Change != nil {
		s.Change = string(d.Change.Kind) + " " + d.Change.Record.ID
	}
	if d.By != nil {
		s.By = d.By.ID
	}
	if d.From != nil {
		s.From = d.From.ID
	}
	return s
}
