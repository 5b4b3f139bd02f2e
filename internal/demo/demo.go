// Package demo fills an empty store with a sample organization, Northside Home
// Services, and a week of its texts, so that every page has something to show;
// and it holds the four situations of the rule that the demo's handset plays.
// People, numbers and companies are invented: the numbers are of those that
// are kept for films.
package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/password"
	"github.com/switchboardhq/switchboard/internal/store"
)

// The sample organization.
const (
	Org     = "Northside Home Services"
	Short   = "Northside" // as a phone shows it
	Number  = "+15125550100"
	Channel = "Main line"
	zone    = "America/Chicago"

	// How its admin, Dana Reyes, signs in.
	Email    = "dana@northside.example"
	Password = "northside-demo"
)

// Clock is what a demo's store reads the time from. While the week is written
// it is set to its moments; from then on it is the real one.
type Clock struct {
	real func() time.Time

	mu  sync.Mutex
	set time.Time // zero: the real time
}

// NewClock returns a clock that shows the real time until Seed sets it.
func NewClock(real func() time.Time) *Clock { return &Clock{real: real} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.set.IsZero() {
		return c.real()
	}
	return c.set
}

func (c *Clock) to(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set = t
}

// Seed writes the sample organization into an empty store whose clock is c, and
// returns its admin, Dana Reyes. In a store that has an admin already it changes
// nothing and returns that one.
func Seed(ctx context.Context, db *store.DB, c *Clock, random io.Reader) (switchboard.User, error) {
	org, err := db.Org(ctx)
	if err != nil {
		return switchboard.User{}, err
	}
	users, err := db.Users(ctx, org)
	if err != nil {
		return switchboard.User{}, err
	}
	for _, u := range users {
		if u.Role == switchboard.Admin && u.Active {
			return u, nil
		}
	}
	s := &seeder{ctx: ctx, db: db, clock: c, now: c.Now(), actor: switchboard.Actor{OrgID: org, Name: "Demo", Role: switchboard.Admin}, records: map[string]string{}, random: random}
	defer c.to(time.Time{})
	if err := s.run(); err != nil {
		return switchboard.User{}, fmt.Errorf("write the sample organization: %w", err)
	}
	return s.dana, nil
}

// seeder writes the week.
type seeder struct {
	ctx     context.Context
	db      *store.DB
	clock   *Clock
	now     time.Time // when the week ends
	local   *time.Location
	actor   switchboard.Actor
	random  io.Reader
	channel string
	dana    switchboard.User
	people  []switchboard.Actor // who place texts: Dana and Sam
	records map[string]string   // ids by name
	texts   int
	waiting []store.Delivery // texts that are handed in together
	events  []event
}

// An event is something that happens at a time of the week.
type event struct {
	at time.Time
	do func() error
}

func (s *seeder) run() error {
	var err error
	if s.local, err = time.LoadLocation(zone); err != nil {
		return err
	}
	s.clock.to(s.now.AddDate(0, 0, -9))
	if err := s.organization(); err != nil {
		return err
	}
	if err := s.directory(); err != nil {
		return err
	}
	s.history()
	s.queue()
	slices.SortStableFunc(s.events, func(a, b event) int { return a.at.Compare(b.at) })
	for _, e := range s.events {
		if e.at.After(s.now) {
			continue
		}
		s.clock.to(e.at)
		if err := e.do(); err != nil {
			return err
		}
	}
	return s.flush()
}

func (s *seeder) organization() error {
	if _, err := s.db.UpdateOrg(s.ctx, s.actor, store.OrgSettings{Name: Org, Region: "US", TimeZone: zone}); err != nil {
		return err
	}
	hasher, err := password.NewHasher(s.random, 1)
	if err != nil {
		return err
	}
	hash, err := hasher.Hash(s.ctx, Password)
	if err != nil {
		return err
	}
	for _, u := range []store.NewUser{
		{Name: "Dana Reyes", Email: Email, Role: switchboard.Admin, PasswordHash: hash},
		{Name: "Sam Ortiz", Email: "sam@northside.example", Role: switchboard.Agent},
	} {
		made, err := s.db.CreateUser(s.ctx, s.actor, u)
		if err != nil {
			return err
		}
		if made.Role == switchboard.Admin {
			s.dana = made
		}
		s.people = append(s.people, switchboard.Actor{OrgID: s.actor.OrgID, ID: made.ID, Name: made.Name, Role: made.Role})
	}
	s.actor = s.people[0]
	secret := make([]byte, 24)
	if _, err := io.ReadFull(s.random, secret); err != nil {
		return err
	}
	c, _, err := s.db.CreateChannel(s.ctx, s.actor, store.NewChannel{
		Provider: "generic", Name: Channel, Region: "US", Numbers: []string{Number}, AuthenticatedBy: s.dana.ID,
		Secret: "whsec_" + base64.StdEncoding.EncodeToString(secret),
	})
	s.channel = c.ID
	return err
}

// directory makes the records.
func (s *seeder) directory() error {
	accounts := map[string]string{}
	for _, p := range append(people(), families()...) {
		if p.account == "" || accounts[p.account] != "" {
			continue
		}
		fields := switchboard.Fields{"Name": p.account, "BillingCity": "Austin", "BillingState": "TX", "BillingCountry": "United States"}
		if p.account == "Hollis Dental" {
			fields["Phone"] = "+1 (512) 555-0150"
		}
		r, _, err := s.db.CreateRecord(s.ctx, s.actor, switchboard.Account, fields, switchboard.OriginPerson)
		if err != nil {
			return err
		}
		accounts[p.account] = r.ID
		s.records[p.account] = r.ID
	}
	var batch []store.NewRecord
	var names []string
	for _, p := range append(people(), families()...) {
		batch = append(batch, p.record(accounts[p.account]))
		names = append(names, p.name())
	}
	for len(batch) > 0 {
		n := min(len(batch), store.MaxBulk)
		ids, err := s.db.CreateRecords(s.ctx, s.actor, switchboard.OriginPerson, batch[:n])
		if err != nil {
			return err
		}
		for i, id := range ids {
			s.records[names[i]] = id
		}
		batch, names = batch[n:], names[n:]
	}
	_, err := s.db.Block(s.ctx, s.actor, switchboard.ParseSender("88201", "US"), "Parcel notices for another company")
	return err
}

// at adds an event.
func (s *seeder) at(t time.Time, do func() error) {
	s.events = append(s.events, event{t, do})
}

// text has a text come in at t.
func (s *seeder) text(t time.Time, from, body string) {
	s.texts++
	id := "demo-" + strconv.Itoa(s.texts)
	s.at(t, func() error {
		return s.add(t, switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: id, Sender: from, Ours: Number, Body: body, SentAt: t})
	})
}

// sent logs a text that went out to a record's person at t.
func (s *seeder) sent(t time.Time, to, record, body string) {
	s.texts++
	id := "demo-" + strconv.Itoa(s.texts)
	s.at(t, func() error {
		return s.add(t, switchboard.Text{Direction: switchboard.Outbound, ProviderMessageID: id, Sender: to, Ours: Number, Body: body, SentAt: t, RecordID: s.records[record]})
	})
}

// together bounds the texts that are handed in at once, by number and by time:
// a day's figures count by when a text was stored.
const (
	together       = 100
	togetherWithin = time.Hour
)

func (s *seeder) add(t time.Time, x switchboard.Text) error {
	if n := len(s.waiting); n >= together || n > 0 && t.Sub(s.waiting[0].ReceivedAt) > togetherWithin {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.waiting = append(s.waiting, store.Delivery{ChannelID: s.channel, ReceivedAt: t, Events: []switchboard.Event{{Text: &x}}})
	return nil
}

// flush hands in the texts that wait for it, at the time of the last of them.
func (s *seeder) flush() error {
	if len(s.waiting) == 0 {
		return nil
	}
	now := s.clock.Now()
	s.clock.to(s.waiting[len(s.waiting)-1].ReceivedAt)
	defer s.clock.to(now)
	done, err := s.db.Receive(s.ctx, s.actor.OrgID, s.waiting)
	if err != nil {
		return err
	}
	for _, d := range done {
		if d.Err != nil {
			return d.Err
		}
	}
	s.waiting = nil
	return nil
}

// decide has a person do something with the waiting texts of a sender at t.
func (s *seeder) decide(t time.Time, who int, from string, do func(by switchboard.Actor, ids []string) error) {
	s.at(t, func() error {
		if err := s.flush(); err != nil {
			return err
		}
		by := s.people[who%len(s.people)]
		list, _, err := s.db.Messages(s.ctx, by.OrgID, store.MessageFilter{State: switchboard.Unassigned, From: from, Page: store.Page{Limit: 50}})
		if err != nil || len(list) == 0 {
			return err
		}
		ids := make([]string, len(list))
		for i, m := range list {
			ids[i] = m.ID
		}
		return do(by, ids)
	})
}

// place assigns what waits of a sender to a record.
func (s *seeder) place(t time.Time, who int, from, record string) {
	s.decide(t, who, from, func(by switchboard.Actor, ids []string) error {
		_, err := s.db.Place(s.ctx, by, store.Placement{MessageIDs: ids, RecordID: s.records[record]})
		return err
	})
}

// move takes the newest text of a sender off the record that the rule chose,
// and puts it on the first other one of those named; without any, it goes back
// into the queue.
func (s *seeder) move(t time.Time, who int, from string, records ...string) {
	s.at(t, func() error {
		if err := s.flush(); err != nil {
			return err
		}
		by := s.people[who%len(s.people)]
		list, _, err := s.db.Messages(s.ctx, by.OrgID, store.MessageFilter{State: switchboard.Assigned, From: from, Page: store.Page{Limit: 1}})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, name := range records {
			if id := s.records[name]; id != list[0].Record.ID {
				_, err := s.db.Place(s.ctx, by, store.Placement{MessageIDs: []string{list[0].ID}, RecordID: id})
				return err
			}
		}
		_, err = s.db.TakeOff(s.ctx, by, []string{list[0].ID}, 0)
		return err
	})
}
