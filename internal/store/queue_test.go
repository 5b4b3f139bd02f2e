package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func senders(rows []store.QueueRow) []string {
	s := []string{}
	for _, r := range rows {
		s = append(s, r.Sender.Address)
	}
	return s
}

// queueOf fills a queue: 0101 has no record and two texts, the first the oldest
// of all; 0102 has two records; 0103 was taken off one, on another channel;
// 0104 is placed.
func queueOf(t *testing.T, db *store.DB, dana switchboard.Actor, clock *storetest.Clock) (start time.Time, other switchboard.Channel) {
	t.Helper()
	org := dana.OrgID
	c := storetest.Channel(t, db, dana)
	other = storetest.Channel(t, db, dana, func(n *store.NewChannel) { n.Numbers = []string{"+15125550100"} })
	storetest.Contact(t, db, dana, "Ada Okafor", "+12065550102")
	storetest.Contact(t, db, dana, "Ben Okafor", "+12065550102")
	storetest.Contact(t, db, dana, "Lena Fox", "+12065550103")
	storetest.Contact(t, db, dana, "Jo Martin", "+12065550104")
	start = clock.Now()
	storetest.Text(t, db, org, c, "+12065550101", "First")
	clock.Advance(time.Minute)
	storetest.Text(t, db, org, c, "+12065550102", "Second")
	clock.Advance(time.Minute)
	off := storetest.Text(t, db, org, other, "+12065550103", "Third")
	if _, err := db.TakeOff(context.Background(), dana, []string{off.ID}, 0); err != nil {
		t.Fatal(err)
	}
	clock.Advance(time.Minute)
	storetest.Text(t, db, org, c, "+12065550101", "Fourth")
	storetest.Text(t, db, org, c, "+12065550104", "Fifth")
	return start, other
}

func TestTheQueueHasOneRowForEachSenderThatWaits(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		start, other := queueOf(t, db, dana, clock)
		const first, second, third = "+12065550101", "+12065550102", "+12065550103"
		for name, tc := range map[string]struct {
			f    store.QueueFilter
			want []string
		}{
			"newest text first":    {store.QueueFilter{}, []string{first, third, second}},
			"oldest waiting first": {store.QueueFilter{OldestFirst: true}, []string{first, second, third}},
			"without a record":     {store.QueueFilter{Reason: switchboard.ReasonNoMatch}, []string{first}},
			"with several":         {store.QueueFilter{Reason: switchboard.ReasonAmbiguous}, []string{second}},
			"taken off":            {store.QueueFilter{Reason: switchboard.ReasonPerson, OldestFirst: true}, []string{third}},
			"of a channel":         {store.QueueFilter{ChannelID: other.ID}, []string{third}},
			"of both":              {store.QueueFilter{ChannelID: other.ID, Reason: switchboard.ReasonNoMatch}, []string{}},
		} {
			tc.f.Page = store.Page{Limit: 50}
			rows, next, err := db.Queue(ctx, dana.OrgID, tc.f)
			if err != nil || next != "" || !slices.Equal(senders(rows), tc.want) {
				t.Errorf("%s: %v, next %q, %v; want %v", name, senders(rows), next, err, tc.want)
			}
			var paged []string
			for cursor, begun := "", false; !begun || cursor != ""; begun = true {
				tc.f.Page = store.Page{Limit: 1, Cursor: cursor}
				if rows, cursor, err = db.Queue(ctx, dana.OrgID, tc.f); err != nil {
					t.Fatal(err)
				}
				paged = append(paged, senders(rows)...)
			}
			if !slices.Equal(paged, tc.want) {
				t.Errorf("%s: one by one %v, want %v", name, paged, tc.want)
			}
		}
		rows, _, err := db.Queue(ctx, dana.OrgID, store.QueueFilter{Page: store.Page{Limit: 50}})
		if err != nil {
			t.Fatal(err)
		}
		if r := rows[0]; r.Waiting != 2 || r.Message.Body != "Fourth" || len(r.Candidates) != 0 || r.Since.Sub(start) > time.Second || r.Since.Before(start) {
			t.Errorf("the first row is %+v", r)
		}
		if r := rows[1]; r.Message.Decision.From == nil || r.Message.Decision.From.Name != "Lena Fox" || len(r.Candidates) != 1 {
			t.Errorf("the row of the text that was taken off is %+v, %+v", r, r.Message.Decision)
		}
		if r := rows[2]; len(r.Candidates) != 2 || r.Candidates[0].Matched[0].Field != "MobilePhone" {
			t.Errorf("the candidates of the last row are %+v", r.Candidates)
		}
		_, _, err = db.Queue(ctx, dana.OrgID, store.QueueFilter{Page: store.Page{Limit: 50, Cursor: "made up"}})
		wantCode(t, err, switchboard.CodeInvalid)
	})
}

func TestTheQueueIsCounted(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		if c, err := db.QueueCounts(ctx, dana.OrgID, ""); err != nil || c.Senders != 0 || !c.Oldest.IsZero() {
			t.Errorf("an empty queue counts %+v, %v", c, err)
		}
		start, other := queueOf(t, db, dana, clock)
		c, err := db.QueueCounts(ctx, dana.OrgID, "")
		if err != nil || c.Senders != 3 || c.Texts != 4 || c.More || c.Oldest.Sub(start) > time.Second ||
			c.ByReason[switchboard.ReasonNoMatch] != 1 || c.ByReason[switchboard.ReasonAmbiguous] != 1 || c.ByReason[switchboard.ReasonPerson] != 1 {
			t.Errorf("the queue counts %+v, %v", c, err)
		}
		if c, err = db.QueueCounts(ctx, dana.OrgID, other.ID); err != nil || c.Senders != 1 || c.Texts != 1 || c.ByReason[switchboard.ReasonNoMatch] != 0 {
			t.Errorf("of one channel %+v, %v", c, err)
		}
		if n, err := db.QueueChanged(ctx, dana.OrgID, start.Add(90*time.Second)); err != nil || n != 2 {
			t.Errorf("%d changed since, %v; want 2", n, err)
		}
	})
}

func TestASenderKnowsItsPlaceInTheQueue(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		queueOf(t, db, dana, clock)
		order := []string{"+12065550101", "+12065550103", "+12065550102"}
		for i, address := range order {
			p, err := db.QueueNeighbors(ctx, dana.OrgID, switchboard.ParseSender(address, "").Key)
			if err != nil || p.Index != i+1 || p.Total != 3 {
				t.Errorf("%s is %d of %d, %v; want %d of 3", address, p.Index, p.Total, err, i+1)
			}
			if (p.Prev == nil) != (i == 0) || p.Prev != nil && p.Prev.Sender.Address != order[i-1] {
				t.Errorf("before %s stands %+v", address, p.Prev)
			}
			if (p.Next == nil) != (i == 2) || p.Next != nil && p.Next.Sender.Address != order[i+1] {
				t.Errorf("after %s stands %+v", address, p.Next)
			}
		}
		p, err := db.QueueNeighbors(ctx, dana.OrgID, switchboard.ParseSender("+12065550104", "").Key)
		if err != nil || p.Index != 0 || p.Total != 3 || p.Prev != nil || p.Next == nil || p.Next.Sender.Address != order[0] {
			t.Errorf("who doesn't wait is at %+v, %v", p, err)
		}
	})
}

func TestEachChangeThatAPageShowsMakesAnotherStamp(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		seen := map[string]string{}
		look := func(what string) {
			t.Helper()
			s, err := db.Stamp(ctx, dana.OrgID)
			if err != nil {
				t.Fatal(err)
			}
			if before, ok := seen[s]; ok {
				t.Errorf("after %s the stamp is that of %s: %s", what, before, s)
			}
			seen[s] = what
			clock.Advance(time.Millisecond)
		}
		look("nothing")
		m := storetest.Text(t, db, dana.OrgID, c, "+12065550101", "Hello")
		look("a text")
		if _, err := db.MarkAllRead(ctx, dana); err != nil {
			t.Fatal(err)
		}
		look("reading a notification")
		ada := storetest.Contact(t, db, dana, "Ada Okafor", "")
		look("a new record")
		done, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ada.ID})
		if err != nil {
			t.Fatal(err)
		}
		look("placing it")
		if _, err := db.Undo(ctx, dana, done.Undo); err != nil {
			t.Fatal(err)
		}
		look("undo")
		if _, err := db.UpdateOrg(ctx, dana, store.OrgSettings{Name: "Northside"}); err != nil {
			t.Fatal(err)
		}
		look("a setting")
	})
}

func TestLikelyDuplicatesAreFound(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		storetest.Channel(t, db, dana)
		ada := storetest.Record(t, db, dana, switchboard.Contact, switchboard.Fields{"FirstName": "Ada", "LastName": "Okafor", "MobilePhone": "(512) 555-0177", "Email": "ada@okafor.example"})
		lead := storetest.Record(t, db, dana, switchboard.Lead, switchboard.Fields{"FirstName": "A.", "LastName": "Okafor", "Company": "Okafor", "Email": "Ada@Okafor.example"})
		acct := storetest.Record(t, db, dana, switchboard.Account, switchboard.Fields{"Name": "Okafor Interiors", "Phone": "+1 512 555 0177"})
		gone := storetest.Record(t, db, dana, switchboard.Contact, switchboard.Fields{"FirstName": "Ada", "LastName": "Okafor", "Email": "ada@okafor.example"})
		if _, err := db.DeleteRecord(ctx, dana, gone.ID); err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct {
			fields switchboard.Fields
			want   []string
		}{
			"nothing yet":        {switchboard.Fields{}, nil},
			"a last name alone":  {switchboard.Fields{"LastName": "Okafor"}, nil},
			"the name":           {switchboard.Fields{"FirstName": "ADA", "LastName": "okafor"}, []string{ada.ID + " name"}},
			"the number":         {switchboard.Fields{"Phone": "512-555-0177"}, []string{ada.ID + " number", acct.ID + " number"}},
			"the e-mail address": {switchboard.Fields{"Email": "ada@OKAFOR.example"}, []string{ada.ID + " email", lead.ID + " email"}},
			"part of an address": {switchboard.Fields{"Email": "ada@okafor"}, nil},
			"an account's name":  {switchboard.Fields{"Name": "okafor interiors"}, []string{acct.ID + " name"}},
			"most in common":     {switchboard.Fields{"FirstName": "A.", "LastName": "Okafor", "MobilePhone": "5125550177", "Email": "ada@okafor.example"}, []string{ada.ID + " number email", lead.ID + " name email", acct.ID + " number"}},
		} {
			found, err := db.Likely(ctx, dana.OrgID, tc.fields)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range found {
				s := d.Record.ID
				for _, same := range []struct {
					is   bool
					what string
				}{{d.SameName, " name"}, {d.SameNumber, " number"}, {d.SameEmail, " email"}} {
					if same.is {
						s += same.what
					}
				}
				got = append(got, s)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s: %v, want %v", name, got, tc.want)
			}
		}
	})
}

func TestThingsAreReadInTheOrderOfTheirIDs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		var ids, records []string
		for i := range 3 {
			ids = append(ids, storetest.Text(t, db, dana.OrgID, c, "+12065550101", fmt.Sprint(i)).ID)
			records = append(records, storetest.Contact(t, db, dana, fmt.Sprint("C", i), "").ID)
		}
		messages, err := db.MessagesByID(ctx, dana.OrgID, []string{ids[2], "none", ids[0]})
		if err != nil || len(messages) != 2 || messages[0].ID != ids[2] || messages[1].ID != ids[0] {
			t.Errorf("messages: %v, %v", names(messages), err)
		}
		found, err := db.RecordsByID(ctx, dana.OrgID, []string{records[1], "none", records[0]})
		if err != nil || !slices.Equal(foundNames(found), []string{"C1", "C0"}) {
			t.Errorf("records: %v, %v", foundNames(found), err)
		}
	})
}
