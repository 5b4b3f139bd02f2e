package storetest

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
)

// Number is ours on the channels that Channel makes.
const Number = "+15125550100"

// Org returns the id of the store's org.
func Org(tb testing.TB, db *store.DB) string {
	tb.Helper()
	org, err := db.Org(context.Background())
	if err != nil {
		tb.Fatalf("find the org: %v", err)
	}
	return org
}

// System returns who acts where nobody is signed in: the command line.
func System(tb testing.TB, db *store.DB) switchboard.Actor {
	tb.Helper()
	return switchboard.Actor{OrgID: Org(tb, db), Name: "Command line", Role: switchboard.Admin}
}

// Admin creates the admin Dana Reyes, dana@example.com, and returns her.
func Admin(tb testing.TB, db *store.DB) switchboard.Actor {
	tb.Helper()
	return User(tb, db, "Dana Reyes", switchboard.Admin)
}

// User creates a user and returns who acts when that user does. The e-mail
// address is the first name, in lower case, at example.com.
func User(tb testing.TB, db *store.DB, name string, role switchboard.Role) switchboard.Actor {
	tb.Helper()
	first, _, _ := strings.Cut(strings.ToLower(name), " ")
	by := System(tb, db)
	u, err := db.CreateUser(context.Background(), by, store.NewUser{Name: name, Email: first + "@example.com", Role: role})
	if err != nil {
		tb.Fatalf("create the user %s: %v", name, err)
	}
	return switchboard.Actor{OrgID: by.OrgID, ID: u.ID, Name: u.Name, Role: u.Role}
}

// Channel creates a generic channel in the US with the number Number, changed
// as the options say.
func Channel(tb testing.TB, db *store.DB, actor switchboard.Actor, options ...func(*store.NewChannel)) switchboard.Channel {
	tb.Helper()
	n := store.NewChannel{Provider: "generic", Region: "US", Numbers: []string{Number}}
	for _, o := range options {
		o(&n)
	}
	c, _, err := db.CreateChannel(context.Background(), actor, n)
	if err != nil {
		tb.Fatalf("create a channel: %v", err)
	}
	return c
}

// Contact creates a Contact whose Mobile is mobile, "" for none.
func Contact(tb testing.TB, db *store.DB, actor switchboard.Actor, name, mobile string) *switchboard.Record {
	tb.Helper()
	fields := switchboard.Fields{"LastName": name}
	if first, last, ok := strings.Cut(name, " "); ok {
		fields["FirstName"], fields["LastName"] = first, last
	}
	if mobile != "" {
		fields["MobilePhone"] = mobile
	}
	return Record(tb, db, actor, switchboard.Contact, fields)
}

// Record creates a record of the object.
func Record(tb testing.TB, db *store.DB, actor switchboard.Actor, object switchboard.Object, fields switchboard.Fields) *switchboard.Record {
	tb.Helper()
	r, _, err := db.CreateRecord(context.Background(), actor, object, fields, switchboard.OriginPerson)
	if err != nil {
		tb.Fatalf("create a %s: %v", object, err)
	}
	return r
}

// Receive hands one event to the channel at the store's time and returns what
// its texts became.
func Receive(tb testing.TB, db *store.DB, org string, c switchboard.Channel, events ...switchboard.Event) []store.ReceivedMessage {
	tb.Helper()
	got, err := db.Receive(context.Background(), org, []store.Delivery{{ChannelID: c.ID, Events: events}})
	if err == nil {
		err = got[0].Err
	}
	if err != nil {
		tb.Fatalf("receive: %v", err)
	}
	return got[0].Messages
}

// Text receives a new inbound text on the channel and returns its message. Its
// provider gives each text an id of its own.
func Text(tb testing.TB, db *store.DB, org string, c switchboard.Channel, from, body string) *switchboard.Message {
	tb.Helper()
	return TextAt(tb, db, org, c, from, body, time.Time{})
}

// TextAt is Text with the provider's sent time.
func TextAt(tb testing.TB, db *store.DB, org string, c switchboard.Channel, from, body string, sent time.Time) *switchboard.Message {
	tb.Helper()
	got := Receive(tb, db, org, c, switchboard.Event{Text: &switchboard.Text{
		ProviderMessageID: rand.Text(), Sender: from, Body: body, SentAt: sent,
	}})
	return Message(tb, db, org, got[0].ID)
}

// Sent logs an outbound message to a number, on a record, and returns it.
func Sent(tb testing.TB, db *store.DB, org string, c switchboard.Channel, to, body, recordID string) *switchboard.Message {
	tb.Helper()
	got := Receive(tb, db, org, c, switchboard.Event{Text: &switchboard.Text{
		Direction: switchboard.Outbound, ProviderMessageID: rand.Text(), Sender: to, Body: body, RecordID: recordID,
	}})
	return Message(tb, db, org, got[0].ID)
}

// Message reads a message.
func Message(tb testing.TB, db *store.DB, org, id string) *switchboard.Message {
	tb.Helper()
	m, err := db.Message(context.Background(), org, id)
	if err != nil {
		tb.Fatalf("read the message %s: %v", id, err)
	}
	return m
}

// RecordOf reads a record.
func RecordOf(tb testing.TB, db *store.DB, org, id string) *switchboard.Record {
	tb.Helper()
	r, err := db.Record(context.Background(), org, id)
	if err != nil {
		tb.Fatalf("read the record %s: %v", id, err)
	}
	return r
}
