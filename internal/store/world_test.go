package store_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

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

// defaultFields are matched in a new org, and writtenFields hold numbers here.
var (
	defaultFields = switchboard.PhoneFields{"Contact": {"MobilePhone", "Phone", "HomePhone", "OtherPhone"}, "Lead": {"MobilePhone", "Phone"}, "Account": {"Phone"}}
	writtenFields = switchboard.PhoneFields{"Contact": {"MobilePhone", "Phone", "HomePhone", "OtherPhone", "AssistantPhone"}, "Lead": {"MobilePhone", "Phone"}, "Account": {"Phone"}}
)

// chooser makes the choices of a world: rapid's, so that a failing one
// shrinks, or a plain source of randomness.
type chooser interface {
	intn(n int, what string) int
}

// world is an org as one node sees it.
type world struct {
	db *store.DB
	*known
}

// known is what has to be known to do things in an org.
type known struct {
	org      string
	users    []switchboard.Actor
	channels []string
	forms    []form   // of who writes
	numbers  []string // that records get

	mu      sync.Mutex // of what follows
	clock   time.Time  // when what is received next was received
	ids     int        // provider ids so far
	handed  []arrival  // texts that were handed over
	texts   []string
	records []string
	tokens  []token
}

type token struct {
	actor switchboard.Actor
	token string
}

var worldStart = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// newWorld makes an org with two admins and an agent, three channels: each
// admin's, and the agent's, and a Salesforce.
func newWorld(tb testing.TB, db *store.DB) (*world, *model) {
	tb.Helper()
	ctx := context.Background()
	org, err := db.AddOrg(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	w := &world{db: db, known: &known{org: org, clock: worldStart, forms: senderForms, numbers: fieldForms}}
	m := &model{channels: map[string]string{}, fields: defaultFields, users: map[string]mUser{}, records: map[string]mRecord{}, merged: map[string]string{}, links: map[mPair]mLink{},
		blocked: map[string]string{}, wishes: map[string]mWish{}, bells: map[mBellKey]mBell{}, acts: map[string]mAct{}}
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
	connect(tb, db, w.users[0])
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
	// apart, if not nil, says once it is done what of it stands for itself, and
	// may have happened a moment before the rest.
	apart func() []done
}

// done is a step that the store has taken, and the code that it answered.
type done struct {
	step
	code switchboard.Code
}

// take does the step in the store.
func (s step) take() []done {
	all := []done{{s, s.do()}}
	if s.apart != nil {
		all = append(s.apart(), all...)
	}
	return all
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

// shown is everything that can be seen of a world.
type shown struct {
	Texts   map[string]seenText
	Links   map[mPair]string // their addresses
	Bells   map[mBellKey]mBell
	Senders map[string]seenSender
	Next    map[string]*mDecision // what would happen to a text from each sender
	Records map[string][]string   // the texts of each record, sorted
}

// shows is what the model has to show.
func (m *model) shows() shown {
	s := shown{map[string]seenText{}, map[mPair]string{}, m.bells, map[string]seenSender{}, map[string]*mDecision{}, map[string][]string{}}
	for _, x := range m.texts {
		s.Texts[x.id] = m.seen(x)
		if x.record != "" {
			s.Records[x.record] = append(s.Records[x.record], x.id)
		}
	}
	for _, ids := range s.Records {
		slices.Sort(ids)
	}
	for p, l := range m.links {
		s.Links[p] = l.address
	}
	for _, f := range oneFormEach() {
		_, blocked := m.blocked[f.key]
		next := m.rule(f, m.create && f.phone && !blocked && !m.wishes[f.key].out)
		s.Next[f.key] = &next

		known := seenSender{OptedOut: m.wishes[f.key].out, Blocked: blocked}
		var newest, oldest time.Time
		for _, x := range m.texts {
			if x.sender.key != f.key || x.state != "unassigned" {
				continue
			}
			if known.Waiting++; !x.at.Before(newest) {
				newest = x.at
				known.Newest, known.Reason, known.Channel = x.id, string(x.decision.Reason), x.channel
			}
			if oldest.IsZero() || x.at.Before(oldest) {
				oldest = x.at
			}
		}
		if known.Waiting > 0 {
			known.At, known.Since = newest.UnixMicro(), oldest.UnixMicro()
		}
		if known != (seenSender{}) {
			s.Senders[f.key] = known
		}
	}
	return s
}

// oneFormEach returns the first form of each sender.
func oneFormEach() []form {
	var forms []form
	for _, f := range senderForms {
		if !slices.ContainsFunc(forms, func(have form) bool { return have.key == f.key }) {
			forms = append(forms, f)
		}
	}
	return forms
}

// look reads what the store shows.
func (w *world) look(tb rapid.TB) shown {
	tb.Helper()
	ctx := context.Background()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
	s := shown{map[string]seenText{}, map[mPair]string{}, map[mBellKey]mBell{}, nil, map[string]*mDecision{}, map[string][]string{}}
	messages, err := w.db.AllMessages(ctx, w.org)
	must(err)
	for _, x := range messages {
		s.Texts[x.ID] = see(x)
	}
	for _, id := range w.records {
		on, _, err := w.db.Messages(ctx, w.org, store.MessageFilter{RecordID: id, Page: store.Page{Limit: 500}})
		must(err)
		for _, x := range on {
			s.Records[id] = append(s.Records[id], x.ID)
		}
		slices.Sort(s.Records[id])
		if s.Records[id] == nil {
			delete(s.Records, id)
		}
	}
	links, _, err := w.db.Links(ctx, w.org, store.LinkFilter{Page: store.Page{Limit: 500}})
	must(err)
	for _, l := range links {
		s.Links[mPair{string(l.Sender.Key), l.Record.ID}] = l.Sender.Address
	}
	for _, state := range []switchboard.NotificationState{"read", "unread"} {
		bells, _, err := w.db.Notifications(ctx, w.org, store.NotificationFilter{State: state, Page: store.Page{Limit: 500}})
		must(err)
		for _, b := range bells {
			k := mBellKey{b.UserID, string(b.Sender.Key)}
			if _, twice := s.Bells[k]; twice {
				tb.Fatalf("there are two open notifications for %v", k)
			}
			s.Bells[k] = mBell{b.Count, b.MessageID, state == "read"}
		}
	}
	s.Senders, err = w.senders(ctx)
	must(err)
	for _, f := range oneFormEach() {
		d, err := w.db.Explain(ctx, w.org, w.channels[0], f.written)
		must(err)
		s.Next[f.key] = seenDecision(&d)
	}
	return s
}

type seenText struct {
	Provider, At string
	State        switchboard.State
	Record       string
	Decision     *mDecision
}

func see(x *switchboard.Message) seenText {
	t := seenText{Provider: x.ProviderMessageID, At: x.Time.Format(time.TimeOnly), State: x.State, Decision: seenDecision(x.Decision)}
	if x.Record != nil {
		t.Record = x.Record.ID
	}
	return t
}

func (m *model) seen(x mText) seenText {
	return seenText{x.provider, x.at.Format(time.TimeOnly), x.state, x.record, m.decided(x)}
}

// agrees returns how the messages that a step answered differ from the model's.
func (m *model) agrees(answered []*switchboard.Message) string {
	for _, x := range answered {
		i := slices.IndexFunc(m.texts, func(have mText) bool { return have.id == x.ID })
		if i < 0 {
			return "it answered an unknown message " + x.ID
		}
		if want, got := m.seen(m.texts[i]), see(x); !reflect.DeepEqual(want, got) {
			return fmt.Sprintf("it answered %+v, the model has %+v", got, want)
		}
	}
	return ""
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
