package store_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// callback is a text that came in a callback of some type, some time after nine.
type callback struct {
	kind, id string
	after    time.Duration
	change   func(*switchboard.Text)
}

func (c callback) delivery(channel string) store.Delivery {
	x := switchboard.Text{Account: "acme", ProviderMessageID: c.id, Twin: c.kind, Sender: "+15125550177", Ours: storetest.Number, Body: "BAKERY"}
	if c.change != nil {
		c.change(&x)
	}
	return store.Delivery{ChannelID: channel, ReceivedAt: worldStart.Add(c.after), Events: []switchboard.Event{{Text: &x}}}
}

const (
	keyword  = "1"
	incoming = "11"
)

// TrueDialog posts one text in two callbacks. Which became one message shows in
// the ids that the callbacks get.
func TestTwins(t *testing.T) {
	texts := func(kinds ...string) []callback {
		var all []callback
		for i, k := range kinds {
			all = append(all, callback{kind: k, id: string(rune('a' + i)), after: time.Duration(i) * time.Second})
		}
		return all
	}
	pair := func(after time.Duration) []callback {
		return []callback{{kind: keyword, id: "a"}, {kind: incoming, id: "b", after: after}}
	}
	other := func(change func(*switchboard.Text)) []callback {
		return []callback{{kind: keyword, id: "a"}, {kind: incoming, id: "b", change: change}}
	}
	tests := []struct {
		name     string
		come     []callback
		messages []int // which message each became
		repeats  []int // which messages are flagged as possible repeats
	}{
		{"a keyword alone", texts(keyword), []int{0}, nil},
		{"an incoming alone", texts(incoming), []int{0}, nil},
		{"the incoming comes later", texts(keyword, incoming), []int{0, 0}, nil},
		{"the keyword comes later", texts(incoming, keyword), []int{0, 0}, nil},
		{"two of one type are two texts", texts(incoming, incoming), []int{0, 1}, []int{1}},
		{"each joins once", texts(keyword, incoming, incoming), []int{0, 0, 1}, []int{1}},
		{"each joins once, in the other order", texts(incoming, keyword, keyword), []int{0, 0, 1}, []int{1}},
		{"two keywords, two incoming", texts(keyword, keyword, incoming, incoming), []int{0, 1, 0, 1}, []int{1}},
		{"one after the other", texts(keyword, incoming, keyword, incoming), []int{0, 0, 1, 1}, []int{1}},
		{"crossed", texts(keyword, incoming, incoming, keyword), []int{0, 0, 1, 1}, []int{1}},
		{"ten minutes later", pair(10 * time.Minute), []int{0, 0}, nil},
		{"more than ten minutes later", pair(10*time.Minute + time.Microsecond), []int{0, 1}, nil},
		{"received ten minutes before", pair(-10 * time.Minute), []int{0, 0}, nil},
		{"of one type, more than ten minutes later", []callback{{kind: incoming, id: "a"}, {kind: incoming, id: "b", after: 11 * time.Minute}}, []int{0, 1}, nil},
		{"another text", other(func(x *switchboard.Text) { x.Body = "bakery" }), []int{0, 1}, nil},
		{"another sender", other(func(x *switchboard.Text) { x.Sender = "+15125550188" }), []int{0, 1}, nil},
		{"another number of ours", other(func(x *switchboard.Text) { x.Ours = "+15125550101" }), []int{0, 1}, nil},
		{"another account", other(func(x *switchboard.Text) { x.Account = "other" }), []int{0, 1}, nil},
		{"of a provider without twins", []callback{{id: "a"}, {id: "b"}}, []int{0, 1}, nil},
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for _, tc := range tests {
			for how, receive := range map[string]func(*testing.T, *store.DB, string, []store.Delivery) []store.ReceivedMessage{"in one batch": inOneBatch, "one by one": oneByOne} {
				t.Run(tc.name+" "+how, func(t *testing.T) {
					w, _ := newWorld(t, db)
					var batch []store.Delivery
					for _, c := range tc.come {
						batch = append(batch, c.delivery(w.channels[0]))
					}
					first := receive(t, db, w.org, batch)
					again := receive(t, db, w.org, batch)
					var ids []string
					for i, m := range first {
						if !slices.Contains(ids, m.ID) {
							ids = append(ids, m.ID)
						}
						if got := slices.Index(ids, m.ID); got != tc.messages[i] {
							t.Errorf("callback %s became message %d, want %d", tc.come[i].id, got, tc.messages[i])
						}
						if m.New != (slices.Index(tc.messages, tc.messages[i]) == i) {
							t.Errorf("callback %s: new is %v", tc.come[i].id, m.New)
						}
						if again[i].ID != m.ID || again[i].New {
							t.Errorf("callback %s, sent again, became %+v after %+v", tc.come[i].id, again[i], m)
						}
					}
					stored, err := db.AllMessages(context.Background(), w.org)
					if err != nil {
						t.Fatal(err)
					}
					if len(stored) != len(ids) {
						t.Errorf("%d messages are stored, want %d", len(stored), len(ids))
					}
					for i, id := range ids {
						m := storetest.Message(t, db, w.org, id)
						if got, want := slices.Contains(m.Flags, switchboard.FlagPossibleRepeat), slices.Contains(tc.repeats, i); got != want {
							t.Errorf("message %d is flagged as a possible repeat: %v, want %v", i, got, want)
						}
					}
				})
			}
		}
	})
}

func inOneBatch(t *testing.T, db *store.DB, org string, batch []store.Delivery) []store.ReceivedMessage {
	t.Helper()
	received, err := db.Receive(context.Background(), org, batch)
	if err != nil {
		t.Fatal(err)
	}
	var all []store.ReceivedMessage
	for _, r := range received {
		if r.Err != nil {
			t.Fatal(r.Err)
		}
		all = append(all, r.Messages...)
	}
	return all
}

func oneByOne(t *testing.T, db *store.DB, org string, batch []store.Delivery) []store.ReceivedMessage {
	t.Helper()
	var all []store.ReceivedMessage
	for i := range batch {
		all = append(all, inOneBatch(t, db, org, batch[i:i+1])...)
	}
	return all
}

func TestTwinsThatComeAtOnceAreOneMessage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		for range 10 {
			w, _ := newWorld(t, db)
			var wg sync.WaitGroup
			for _, c := range []callback{{kind: keyword, id: "a"}, {kind: incoming, id: "b"}, {kind: keyword, id: "c"}, {kind: incoming, id: "d"}} {
				wg.Go(func() {
					if _, err := db.Receive(context.Background(), w.org, []store.Delivery{c.delivery(w.channels[0])}); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			stored, err := db.AllMessages(context.Background(), w.org)
			if err != nil || len(stored) != 2 {
				t.Fatalf("two texts in four callbacks became %d messages (%v)", len(stored), err)
			}
		}
	})
}
