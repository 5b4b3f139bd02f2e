package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestTextsAreCountedByTheDaysOfTheOrg(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		if _, err := db.UpdateOrg(ctx, dana, store.OrgSettings{Region: "US", TimeZone: "America/Chicago"}); err != nil {
			t.Fatal(err)
		}
		if s, err := db.Stats(ctx, dana.OrgID, 7, 5); err != nil || s.Texts != 0 || len(s.Days) != 7 || s.Times.Senders != 0 {
			t.Errorf("before the first text: %+v, %v", s, err)
		}
		ada := storetest.Contact(t, db, dana, "Ada Okafor", "+15125550177")
		for _, name := range []string{"Jo Martin", "Jo Martins"} {
			storetest.Contact(t, db, dana, name, "+15125550178")
		}
		chicago, err := time.LoadLocation("America/Chicago")
		if err != nil {
			t.Fatal(err)
		}
		at := func(day, hour, minute int) { clock.Set(time.Date(2026, 3, day, hour, minute, 0, 0, chicago)) }
		text := func(from string) { storetest.Text(t, db, dana.OrgID, c, from, "Hello") }
		at(5, 23, 59)
		text("+15125550177")
		at(7, 0, 1)
		text("+15125550177")
		text("+12065550142")
		at(7, 23, 59)
		text("+15125550178")
		// The clocks go forward on Sunday the 8th, which has 23 hours.
		at(8, 0, 1)
		text("+15125550177")
		at(8, 23, 59)
		text("+15125550177")
		at(9, 0, 1)
		text("88202")
		storetest.Sent(t, db, dana.OrgID, c, "+15125550177", "Ours is not counted", ada.ID)

		s, err := db.Stats(ctx, dana.OrgID, 4, 5)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range s.Days {
			got = append(got, fmt.Sprint(d.Start.In(chicago).Format("2 15:04"), " ", d.Texts, " ", d.ByReason[switchboard.ReasonOnlyMatch], d.ByReason[switchboard.ReasonNoMatch], d.ByReason[switchboard.ReasonAmbiguous]))
		}
		want := []string{"6 00:00 0 0 0 0", "7 00:00 3 1 1 1", "8 00:00 2 2 0 0", "9 00:00 1 0 1 0"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if s.Texts != 6 || s.Placed != 3 || s.ByReason()[switchboard.ReasonNoMatch] != 2 {
			t.Errorf("%d texts, %d placed by the rule, %v", s.Texts, s.Placed, s.ByReason())
		}
		if s, err = db.Stats(ctx, dana.OrgID, 1, 5); err != nil || len(s.Days) != 1 || s.Texts != 1 {
			t.Errorf("today: %+v, %v", s, err)
		}
	})
}

func TestWhatPeopleMovedAndHowLongTheyTook(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		org := dana.OrgID
		noor := storetest.Contact(t, db, dana, "Noor Haddad", "+15125550177")
		sami := storetest.Contact(t, db, dana, "Sami Haddad", "")
		place := func(record *switchboard.Record, whole bool, ids ...string) {
			t.Helper()
			if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: ids, RecordID: record.ID, WholeSender: whole}); err != nil {
				t.Fatal(err)
			}
		}
		long := storetest.Text(t, db, org, c, "+15125550177", "Long ago")
		place(sami, false, long.ID)
		clock.Advance(8 * 24 * time.Hour)

		moved := storetest.Text(t, db, org, c, "+15125550177", "Not for Noor")
		off := storetest.Text(t, db, org, c, "+15125550177", "For nobody")
		kept := storetest.Text(t, db, org, c, "+15125550177", "For Noor")
		place(sami, false, moved.ID)
		clock.Advance(time.Minute)
		if _, err := db.TakeOff(ctx, dana, []string{off.ID}, 0); err != nil {
			t.Fatal(err)
		}
		place(noor, false, kept.ID) // a person agreed with the rule

		for i, wait := range []time.Duration{30 * time.Second, 2 * time.Minute, 3 * time.Minute, 20 * time.Minute, 5 * time.Hour} {
			from := fmt.Sprintf("+1206555010%d", i)
			first := storetest.Text(t, db, org, c, from, "Who am I?")
			clock.Advance(wait / 2)
			storetest.Text(t, db, org, c, from, "Hello?")
			clock.Advance(wait / 2)
			place(sami, true, first.ID)
		}
		s, err := db.Stats(ctx, org, 7, 1)
		if err != nil {
			t.Fatal(err)
		}
		if s.Moved != 2 || len(s.Moves) != 1 || s.Moves[0].Message.ID != off.ID || s.Moves[0].Chosen != noor.Ref() ||
			s.Moves[0].Reason != switchboard.ReasonOnlyMatch || s.Moves[0].Message.Decision.By.Name != "Dana Reyes" {
			t.Errorf("moved: %d, %+v", s.Moved, s.Moves)
		}
		if s, _ := db.Stats(ctx, org, 7, 5); len(s.Moves) != 2 || s.Moves[1].Message.Record.ID != sami.ID {
			t.Errorf("moved: %+v", s.Moves)
		}
		p := s.Times
		if p.Senders != 5 || p.Median.Round(time.Second) != 3*time.Minute || p.NineOfTen.Round(time.Second) != 5*time.Hour || p.Within != [6]int{1, 2, 0, 1, 0, 1} {
			t.Errorf("times: %+v", p)
		}
		if s, _ := db.Stats(ctx, org, 30, 5); s.Moved != 3 {
			t.Errorf("in 30 days %d were moved, want 3", s.Moved)
		}
	})
}

func TestFiguresAreRightWhicheverNodeDecides(t *testing.T) {
	for _, dialect := range storetest.Dialects() {
		t.Run(dialect, func(t *testing.T) {
			ctx := context.Background()
			clock := storetest.NewClock()
			config := storetest.Config(t, dialect, clock)
			here, there := storetest.OpenConfig(t, config), storetest.OpenConfig(t, config)
			here.CountTogether(4)
			dana := storetest.Admin(t, here)
			c := storetest.Channel(t, here, dana)
			counts := func(want map[switchboard.Reason]int) {
				t.Helper()
				got, err := here.Stats(ctx, dana.OrgID, 7, 5)
				if err != nil {
					t.Fatal(err)
				}
				anew, err := here.StatsAnew(ctx, dana.OrgID, 7, 5)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(anew, got); diff != "" {
					t.Errorf("-counted anew +shown:\n%s", diff)
				}
				if diff := cmp.Diff(want, got.ByReason()); diff != "" {
					t.Error(diff)
				}
			}
			texts := func(n int, from string) {
				for range n {
					storetest.Text(t, there, dana.OrgID, c, from, "Hello")
				}
			}
			texts(9, "+15125550177")
			texts(6, "+12065550142")
			counts(map[switchboard.Reason]int{switchboard.ReasonNoMatch: 15})
			storetest.Contact(t, there, dana, "Ada Okafor", "+15125550177")
			counts(map[switchboard.Reason]int{switchboard.ReasonNoMatch: 6, switchboard.ReasonOnlyMatch: 9})
			clock.Advance(24 * time.Hour)
			texts(5, "+15125550177")
			counts(map[switchboard.Reason]int{switchboard.ReasonNoMatch: 6, switchboard.ReasonOnlyMatch: 14})
			clock.Advance(time.Hour)
			storetest.Contact(t, there, dana, "Marcus Bell", "+12065550142")
			counts(map[switchboard.Reason]int{switchboard.ReasonOnlyMatch: 20})
		})
	}
}
