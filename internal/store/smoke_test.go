package store_test

import (
	"context"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func wantCode(t *testing.T, err error, code switchboard.Code) {
	t.Helper()
	if got := switchboard.ErrorCode(err); got != code {
		t.Errorf("error code is %q, want %q (%v)", got, code, err)
	}
}

// bells returns who has an open notification about the sender, with its count.
func bells(t *testing.T, db *store.DB, users ...switchboard.Actor) map[string]int {
	t.Helper()
	open := map[string]int{}
	for _, u := range users {
		list, err := db.OpenNotifications(context.Background(), u.OrgID, u.ID, 50)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range list.Notifications {
			open[u.Name] += n.Count
		}
	}
	return open
}

func TestATextIsPlacedAndTakenBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)

		m := storetest.Text(t, db, dana.OrgID, c, "(512) 555-0177", "Is my order ready?")
		if m.State != switchboard.Unassigned || m.Decision.Reason != switchboard.ReasonNoMatch || m.Name() != "SMS-000001" {
			t.Fatalf("a text from nobody we know is %s, %s, %s", m.Name(), m.State, m.Decision.Reason)
		}
		if got := bells(t, db, dana); got["Dana Reyes"] != 1 {
			t.Errorf("open notifications: %v, want one text for Dana Reyes", got)
		}

		ada := storetest.Contact(t, db, dana, "Ada Okafor", "512 555 0177")
		m = storetest.Message(t, db, dana.OrgID, m.ID)
		if m.Record == nil || m.Record.ID != ada.ID || !m.Decision.Retroactive {
			t.Fatalf("creating the contact left the text at %+v", m.Record)
		}
		if got := bells(t, db, dana); len(got) != 0 {
			t.Errorf("open notifications after it was placed: %v", got)
		}

		ben := storetest.Contact(t, db, dana, "Ben Okafor", "")
		changed, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ben.ID, Remember: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := changed.Messages[0]; got.Record.ID != ben.ID || got.Decision.Reason != switchboard.ReasonPerson {
			t.Errorf("placing put it on %v, %s", got.Record, got.Decision.Reason)
		}
		next := storetest.Text(t, db, dana.OrgID, c, "+15125550177", "And?")
		if next.Record == nil || next.Record.ID != ben.ID || next.Decision.Reason != switchboard.ReasonOnlyHistory {
			t.Errorf("the next text went to %v, %s", next.Record, next.Decision.Reason)
		}

		back, err := db.Undo(ctx, dana, changed.Undo)
		if err != nil {
			t.Fatal(err)
		}
		if got := back[0]; got.Record == nil || got.Record.ID != ada.ID {
			t.Errorf("undo put it on %v", got.Record)
		}
		links, _, err := db.Links(ctx, dana.OrgID, store.LinkFilter{Page: store.Page{Limit: 10}})
		if err != nil || len(links) != 0 {
			t.Errorf("links after undo: %v, %v", links, err)
		}
	})
}

func TestAMessageIsStoredOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		e := switchboard.Event{Text: &switchboard.Text{ProviderMessageID: "1", Sender: "+15125550177", Body: "Hello"}}
		first := storetest.Receive(t, db, dana.OrgID, c, e, e)
		again := storetest.Receive(t, db, dana.OrgID, c, e)
		if !first[0].New || first[1].New || again[0].New {
			t.Errorf("new: %v, %v, then %v", first[0].New, first[1].New, again[0].New)
		}
		if first[0].ID != first[1].ID || first[0].ID != again[0].ID {
			t.Errorf("three deliveries became %s, %s and %s", first[0].ID, first[1].ID, again[0].ID)
		}
	})
}
