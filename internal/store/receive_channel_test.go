package store_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// A number of ours that nobody told us about is one more number of the channel.
func TestANumberThatAPayloadNamesIsFound(t *testing.T) {
	to := func(id, ours string) switchboard.Event {
		e := inbound(id, "+15125550177", "Hello")
		e.Text.Ours = ours
		return e
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		got := inOneBatch(t, db, w.org, delivered(w.channels[0], to("1", ""), to("2", "+15125550100"), to("3", "(512) 555-0199"), to("4", "+15125550199"), to("5", "88202")))
		got = append(got, inOneBatch(t, db, w.org, delivered(w.channels[0], to("6", "512-555-0199")))...)
		for i, want := range []string{"+15125550100", "+15125550100", "+15125550199", "+15125550199", "88202", "+15125550199"} {
			if m := storetest.Message(t, db, w.org, got[i].ID); m.To() != want {
				t.Errorf("text %d went to %s, want %s", i+1, m.To(), want)
			}
		}
		c, err := db.Channel(context.Background(), w.org, w.channels[0])
		if err != nil {
			t.Fatal(err)
		}
		want := []switchboard.ChannelNumber{{Number: "+15125550100"}, {Number: "+15125550199", Found: true}, {Number: "88202", Found: true}}
		if diff := cmp.Diff(want, c.Numbers); diff != "" {
			t.Errorf("the channel's numbers (-want +got):\n%s", diff)
		}
	})
}

// What was verified under settings that have changed since is verified again
// before it is stored.
func TestADeliveryOfOldSettingsIsNotStored(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		w, m := newWorld(t, db)
		d := delivered(w.channels[0], inbound("1", "+15125550177", "Hello"))
		d[0].SettingsVersion = m.version
		creating(t, w) // a change of settings
		got, err := db.Receive(ctx, w.org, append(d, delivered(w.channels[0], inbound("2", "+15125550177", "Hello"))...))
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, got[0].Err, switchboard.CodeStale)
		wantCode(t, got[1].Err, "")
		w.readVersion(t, m)
		d[0].SettingsVersion = m.version
		if got, err = db.Receive(ctx, w.org, d); err != nil || got[0].Err != nil || !got[0].Messages[0].New {
			t.Errorf("verified again, it is answered %+v, %v", got, err)
		}
	})
}

func TestTheTimeOfAMessage(t *testing.T) {
	received := worldStart
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		w, _ := newWorld(t, db)
		for id, tc := range map[string]struct{ sent, want, shown time.Time }{
			"not said":               {time.Time{}, received, time.Time{}},
			"before it was received": {received.Add(-time.Hour), received.Add(-time.Hour), received.Add(-time.Hour)},
			"a clock that is ahead":  {received.Add(time.Hour), received, received.Add(time.Hour)},
			"a clock never set":      {time.Unix(0, 0), received, time.Time{}},
			"finer than we store":    {received.Add(-time.Nanosecond), received.Add(-time.Microsecond), received.Add(-time.Microsecond)},
		} {
			e := inbound(id, "+15125550177", "Hello")
			e.Text.SentAt = tc.sent
			got := inOneBatch(t, db, w.org, []store.Delivery{{ChannelID: w.channels[0], ReceivedAt: received, Events: []switchboard.Event{e}}})
			m := storetest.Message(t, db, w.org, got[0].ID)
			if !m.Time.Equal(tc.want) || !m.SentAt.Equal(tc.shown) || !m.ReceivedAt.Equal(received) {
				t.Errorf("%s: time %v, sent %v, received %v", id, m.Time, m.SentAt, m.ReceivedAt)
			}
		}
	})
}
