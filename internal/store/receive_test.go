package store_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func inbound(id, from, body string) switchboard.Event {
	return switchboard.Event{Text: &switchboard.Text{ProviderMessageID: id, Sender: from, Body: body}}
}

func delivered(channel string, events ...switchboard.Event) []store.Delivery {
	var batch []store.Delivery
	for _, e := range events {
		batch = append(batch, store.Delivery{ChannelID: channel, ReceivedAt: worldStart, Events: []switchboard.Event{e}})
	}
	return batch
}

// An id that comes again with another text keeps the first, and says so.
func TestAnIDThatIsUsedTwiceKeepsTheFirstText(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for how, receive := range map[string]func(*testing.T, *store.DB, string, []store.Delivery) []store.ReceivedMessage{"in one batch": inOneBatch, "one by one": oneByOne} {
			t.Run(how, func(t *testing.T) {
				w, _ := newWorld(t, db)
				got := receive(t, db, w.org, delivered(w.channels[0],
					inbound("1", "+15125550177", "first"), inbound("2", "+15125550177", "same"),
					inbound("1", "+15125550177", "second"), inbound("2", "+15125550177", "same"), inbound("1", "+15125550188", "third")))
				if got[2].ID != got[0].ID || got[4].ID != got[0].ID || got[3].ID != got[1].ID || got[2].New || got[3].New || got[4].New {
					t.Errorf("five deliveries of two ids became %+v", got)
				}
				reused, same := storetest.Message(t, db, w.org, got[0].ID), storetest.Message(t, db, w.org, got[1].ID)
				if reused.Body != "first" || !slices.Equal(reused.Flags, []switchboard.Flag{switchboard.FlagIDReused}) {
					t.Errorf("the message says %q, with the flags %v", reused.Body, reused.Flags)
				}
				if len(same.Flags) != 0 {
					t.Errorf("a plain repetition is flagged %v", same.Flags)
				}
			})
		}
	})
}

func TestAMessageThatComesAHundredTimesAtOnceIsStoredOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		ids := make([]string, 100)
		var wg sync.WaitGroup
		for i := range ids {
			wg.Go(func() {
				got, err := db.Receive(context.Background(), w.org, delivered(w.channels[0], inbound("1", "+15125550177", "Hello")))
				if err != nil {
					t.Error(err)
					return
				}
				ids[i] = got[0].Messages[0].ID
			})
		}
		wg.Wait()
		stored, err := db.AllMessages(context.Background(), w.org)
		if err != nil || len(stored) != 1 || len(slices.Compact(ids)) != 1 || ids[0] != stored[0].ID {
			t.Errorf("%d messages are stored, and the deliveries heard of %d (%v)", len(stored), len(slices.Compact(ids)), err)
		}
	})
}

// creating switches Create Records From Unknown Numbers on.
func creating(t *testing.T, w *world) {
	t.Helper()
	u := switchboard.DefaultUnknownNumbers()
	u.Enabled = true
	if _, err := w.db.SetUnknownNumbers(context.Background(), w.users[0], u); err != nil {
		t.Fatal(err)
	}
}

// records counts the org's records by origin.
func records(t *testing.T, w *world) map[string]int {
	t.Helper()
	rows, err := w.db.Rows(context.Background(), "SELECT origin, COUNT(*) FROM record WHERE org_id = $1 GROUP BY origin", w.org)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	count := map[string]int{}
	for rows.Next() {
		var origin string
		var n int
		if err := rows.Scan(&origin, &n); err != nil {
			t.Fatal(err)
		}
		count[origin] = n
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return count
}

func TestAnUnknownNumberMakesOneRecord(t *testing.T) {
	hundred := func(w *world) []store.Delivery {
		var events []switchboard.Event
		for i := range 100 {
			from := "+5215512345678" // and the other form of the same number
			if i%2 == 1 {
				from = "+525512345678"
			}
			events = append(events, inbound(fmt.Sprint(i), from, "Hello"))
		}
		return delivered(w.channels[0], events...)
	}
	for how, receive := range map[string]func(*testing.T, *store.DB, string, []store.Delivery){
		"in one batch": func(t *testing.T, db *store.DB, org string, batch []store.Delivery) { inOneBatch(t, db, org, batch) },
		"at once": func(t *testing.T, db *store.DB, org string, batch []store.Delivery) {
			var wg sync.WaitGroup
			for i := range batch {
				wg.Go(func() {
					if got, err := db.Receive(context.Background(), org, batch[i:i+1]); err != nil || got[0].Err != nil {
						t.Errorf("%v, %v", err, got)
					}
				})
			}
			wg.Wait()
		},
	} {
		t.Run(how, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, db *store.DB) {
				w, _ := newWorld(t, db)
				creating(t, w)
				receive(t, db, w.org, hundred(w))
				if got := records(t, w); len(got) != 1 || got["unknown_number"] != 1 {
					t.Errorf("records by origin: %v, want one of an unknown number", got)
				}
				stored, err := db.AllMessages(context.Background(), w.org)
				if err != nil || len(stored) != 100 {
					t.Fatalf("%d messages are stored (%v)", len(stored), err)
				}
				created := 0
				for _, m := range stored {
					if m.State != switchboard.Assigned || m.Record.ID != stored[0].Record.ID {
						t.Errorf("%s is %s, on %v", m.Name(), m.State, m.Record)
					}
					switch m.Decision.Reason {
					case switchboard.ReasonCreatedRecord:
						created++
					case switchboard.ReasonOnlyMatch:
					default:
						t.Errorf("%s: %s", m.Name(), m.Decision.Reason)
					}
				}
				if created != 1 {
					t.Errorf("%d texts say that they made the record", created)
				}
			})
		})
	}
}

// What an unknown number may not make a record of waits for a person, or is
// dismissed.
func TestWhoNeverMakesARecord(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, tc := range []struct {
			name  string
			come  []switchboard.Event
			block string
			state switchboard.State // of the last text
		}{
			{"opted out by a keyword", []switchboard.Event{inbound("1", "+15125550177", "STOP"), inbound("2", "+15125550177", "Hello")}, "", switchboard.Unassigned},
			{"the keyword itself", []switchboard.Event{inbound("1", "+15125550177", "Stop.")}, "", switchboard.Unassigned},
			{"opted out by a callback", []switchboard.Event{{Consent: &switchboard.Consent{Sender: "+1 512 555 0177", OptOut: true}}, inbound("2", "+15125550177", "Hello")}, "", switchboard.Unassigned},
			{"blocked", []switchboard.Event{inbound("1", "+15125550177", "Hello")}, "(512) 555-0177", switchboard.Dismissed},
			{"a short code", []switchboard.Event{inbound("1", "88202", "Hello")}, "", switchboard.Unassigned},
			{"letters", []switchboard.Event{inbound("1", "MTN", "Hello")}, "", switchboard.Unassigned},
			{"nothing", []switchboard.Event{inbound("1", "", "Hello")}, "", switchboard.Unassigned},
			{"an e-mail address", []switchboard.Event{inbound("1", "jo@example.com", "Hello")}, "", switchboard.Unassigned},
		} {
			t.Run(tc.name, func(t *testing.T) {
				w, _ := newWorld(t, db)
				creating(t, w)
				if tc.block != "" {
					if _, err := db.Block(context.Background(), w.users[0], switchboard.ParseSender(tc.block, "US"), "spam"); err != nil {
						t.Fatal(err)
					}
				}
				inOneBatch(t, db, w.org, delivered(w.channels[0], tc.come...))
				if got := records(t, w); len(got) != 0 {
					t.Errorf("records were made: %v", got)
				}
				stored, err := db.AllMessages(context.Background(), w.org)
				if err != nil || len(stored) == 0 || stored[len(stored)-1].State != tc.state {
					t.Errorf("the text is not %s: %+v (%v)", tc.state, stored, err)
				}
			})
		}
	})
}

// Texts of one batch are decided as if they came one by one.
func TestAStopReachesNotBackInItsBatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		creating(t, w)
		got := inOneBatch(t, db, w.org, delivered(w.channels[0], inbound("1", "+15125550177", "Hello"), inbound("2", "+15125550177", "STOP"),
			inbound("3", "+15125550188", "STOP"), inbound("4", "+15125550188", "START"), inbound("5", "+15125550188", "Hello"),
			inbound("6", "+15125550199", "Hello"), switchboard.Event{Consent: &switchboard.Consent{Sender: "+15125550199", OptOut: true}}))
		for i, want := range []struct {
			reason      switchboard.Reason
			retroactive bool
		}{
			{switchboard.ReasonCreatedRecord, false}, {switchboard.ReasonOnlyMatch, false},
			{switchboard.ReasonOnlyMatch, true}, {switchboard.ReasonCreatedRecord, false}, {switchboard.ReasonOnlyMatch, false},
			{switchboard.ReasonCreatedRecord, false},
		} {
			if m := storetest.Message(t, db, w.org, got[i].ID); m.Decision.Reason != want.reason || m.Decision.Retroactive != want.retroactive {
				t.Errorf("text %d: %s, retroactive %v; want %s, %v", i+1, m.Decision.Reason, m.Decision.Retroactive, want.reason, want.retroactive)
			}
		}
	})
}

func TestTheLatestWishCounts(t *testing.T) {
	wish := func(minute int, out bool) switchboard.Event {
		return switchboard.Event{Consent: &switchboard.Consent{Sender: "+15125550177", OptOut: out, At: worldStart.Add(time.Duration(minute-60) * time.Minute)}}
	}
	text := func(id, body string, minute int) switchboard.Event {
		e := inbound(id, "(512) 555-0177", body)
		e.Text.SentAt = worldStart.Add(time.Duration(minute-60) * time.Minute)
		return e
	}
	event := func(id string, out bool) switchboard.Event { // as providers send them: without a time
		return switchboard.Event{Consent: &switchboard.Consent{EventID: "consent:" + id, Sender: "+15125550177", OptOut: out}}
	}
	ahead := wish(0, true)
	ahead.Consent.At = worldStart.Add(time.Hour) // counts as of when it was received
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, tc := range []struct {
			name string
			come []switchboard.Event
			out  bool
		}{
			{"out", []switchboard.Event{wish(1, true)}, true},
			{"out, then in", []switchboard.Event{wish(1, true), wish(2, false)}, false},
			{"an older one comes late", []switchboard.Event{wish(2, false), wish(1, true)}, false},
			{"an older keyword comes late", []switchboard.Event{wish(2, true), text("1", "START", 1)}, true},
			{"keywords", []switchboard.Event{text("1", "STOP", 1), text("2", "START", 2)}, false},
			{"keywords in the wrong order", []switchboard.Event{text("2", "START", 2), text("1", "STOP", 1)}, false},
			{"at one time: the one that came last", []switchboard.Event{wish(1, false), wish(1, true)}, true},
			{"at one time: the one that came last, the other way", []switchboard.Event{wish(1, true), text("1", "START", 1)}, false},
			{"a clock that runs ahead", []switchboard.Event{ahead, {Consent: &switchboard.Consent{Sender: "+15125550177", At: worldStart}}}, false},
			{"not a keyword", []switchboard.Event{wish(1, true), text("1", "please start", 2)}, true},
			{"a callback that is sent again", []switchboard.Event{event("a", false), event("b", true), event("a", false)}, true},
			{"a callback that is sent again, with one of another id", []switchboard.Event{event("a", false), event("b", true), event("a", false), event("c", false)}, false},
			{"a callback whose id is a text's", []switchboard.Event{text("1", "Hello", 1), event("1", true)}, true},
			{"a repeated keyword", []switchboard.Event{text("1", "STOP", 2), wish(3, false), text("1", "STOP", 4)}, false},
		} {
			for how, receive := range map[string]func(*testing.T, *store.DB, string, []store.Delivery) []store.ReceivedMessage{"in one batch": inOneBatch, "one by one": oneByOne} {
				t.Run(tc.name+" "+how, func(t *testing.T) {
					w, _ := newWorld(t, db)
					receive(t, db, w.org, delivered(w.channels[0], tc.come...))
					s, err := db.SenderState(context.Background(), w.org, "+15125550177")
					if err != nil || s.OptedOut != tc.out {
						t.Errorf("opted out: %v, want %v (%v)", s.OptedOut, tc.out, err)
					}
				})
			}
		}
	})
}

func TestTheFormsOfANumberShareItsSender(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, tc := range []struct{ country, onRecord, one, other string }{
			{"Mexico", "+52 55 1234 5678", "+5215512345678", "+525512345678"},
			{"Argentina", "+54 9 11 2345-6789", "+541123456789", "+5491123456789"},
			{"Brazil", "+55 11 98765-4321", "+551187654321", "+5511987654321"},
		} {
			t.Run(tc.country, func(t *testing.T) {
				ctx := context.Background()
				w, _ := newWorld(t, db)
				c := switchboard.Channel{ID: w.channels[0]}
				ada := storetest.Contact(t, db, w.users[0], "Ada Okafor", tc.onRecord)
				first := storetest.Text(t, db, w.org, c, tc.one, "Hello")
				if first.Decision.Reason != switchboard.ReasonOnlyMatch || first.Record.ID != ada.ID || first.From() != tc.one {
					t.Errorf("the text of %s is %s, from %s", tc.one, first.Decision.Reason, first.From())
				}
				ben := storetest.Contact(t, db, w.users[0], "Ben Okafor", tc.one)
				second := storetest.Text(t, db, w.org, c, tc.other, "Hello again")
				if second.Decision.Reason != switchboard.ReasonOnlyHistory || second.Record.ID != ada.ID || second.From() != tc.other {
					t.Errorf("the text of %s is %s, from %s", tc.other, second.Decision.Reason, second.From())
				}
				if second.Sender.Key != first.Sender.Key || second.Seq <= first.Seq {
					t.Errorf("%s is the sender %s, %s is %s", tc.one, first.Sender.Key, tc.other, second.Sender.Key)
				}
				if r, err := db.Record(ctx, w.org, ben.ID); err != nil || r.Fields.Text("MobilePhone") != tc.one {
					t.Errorf("the record's number was rewritten to %q (%v)", r.Fields.Text("MobilePhone"), err)
				}
			})
		}
	})
}
