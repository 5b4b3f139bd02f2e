package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func TestSettingsThatCannotBeAreRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		before, err := db.Settings(ctx, dana.OrgID)
		if err != nil {
			t.Fatal(err)
		}
		on := switchboard.DefaultUnknownNumbers()
		on.Enabled = true
		noMobile := switchboard.PhoneFields{switchboard.Contact: {"Phone"}}
		stranger := on
		stranger.OwnerID = "nobody"
		odd := on
		odd.PhoneField = "Fax"
		for name, change := range map[string]func() error{
			"region": func() error { _, err := db.UpdateOrg(ctx, dana, store.OrgSettings{Region: "XX"}); return err },
			"time zone": func() error {
				_, err := db.UpdateOrg(ctx, dana, store.OrgSettings{TimeZone: "Mars/Olympus"})
				return err
			},
			"object": func() error {
				_, err := db.SetPhoneFields(ctx, dana, switchboard.PhoneFields{"Case": {"Phone"}})
				return err
			},
			"field": func() error {
				_, err := db.SetPhoneFields(ctx, dana, switchboard.PhoneFields{"Lead": {"a b"}})
				return err
			},
			"field twice": func() error {
				_, err := db.SetPhoneFields(ctx, dana, switchboard.PhoneFields{"Lead": {"Phone", "Phone"}})
				return err
			},
			"owner":       func() error { _, err := db.SetUnknownNumbers(ctx, dana, stranger); return err },
			"phone field": func() error { _, err := db.SetUnknownNumbers(ctx, dana, odd); return err },
			"channel user": func() error {
				who := "nobody"
				_, err := db.UpdateChannel(ctx, dana, storetest.Channel(t, db, dana).ID, store.ChannelUpdate{AuthenticatedBy: &who})
				return err
			},
		} {
			if got := switchboard.ErrorCode(change()); got != switchboard.CodeInvalid {
				t.Errorf("%s: code %q, want invalid", name, got)
			}
		}
		after, err := db.Settings(ctx, dana.OrgID)
		if err != nil {
			t.Fatal(err)
		}
		if after.TimeZone != before.TimeZone || fmt.Sprint(after.PhoneFields) != fmt.Sprint(before.PhoneFields) || after.UnknownNumbers.Enabled {
			t.Errorf("settings after refused changes: %+v", after)
		}

		if _, err := db.SetUnknownNumbers(ctx, dana, on); err != nil {
			t.Fatal(err)
		}
		_, err = db.SetPhoneFields(ctx, dana, noMobile)
		wantCode(t, err, switchboard.CodeInvalid) // the next text would not find the record that this one made
	})
}

func TestAnotherRegionReadsTheNumbersAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana) // in the US, and so is the org from now on
		const n = 60                        // more than one transaction reads
		ids := make([]string, n)
		for i := range ids {
			ids[i] = storetest.Contact(t, db, dana, fmt.Sprintf("Jo Martin%02d", i), fmt.Sprintf("07700 9000%02d", i)).ID
		}
		linked := storetest.Text(t, db, dana.OrgID, c, "+447700900001", "Linked by a person")
		if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{linked.ID}, RecordID: ids[0], Remember: true}); err != nil {
			t.Fatal(err)
		}
		waits := storetest.Text(t, db, dana.OrgID, c, "+447700900059", "Do you know me?")
		if waits.Decision.Reason != switchboard.ReasonNoMatch {
			t.Fatalf("in the US the number reads as %s", waits.Decision.Reason)
		}
		if list, _, err := db.RejectedNumbers(ctx, dana.OrgID, store.Page{Limit: 500}); err != nil || len(list) != n {
			t.Errorf("%d numbers are rejected, %v; want %d", len(list), err, n)
		}

		if err := db.Reindex(ctx, dana.OrgID, nil); err != nil {
			t.Fatal(err)
		}
		if due, err := db.ReindexDue(ctx, dana.OrgID); due || err != nil {
			t.Fatalf("a reindex is due after one: %v", err)
		}
		s, err := db.UpdateOrg(ctx, dana, store.OrgSettings{Name: "Northside", Region: "GB", TimeZone: "Europe/London"})
		if err != nil || s.Region != "GB" || s.OrgName != "Northside" || s.TimeZone != "Europe/London" {
			t.Fatalf("the settings are %+v, %v", s, err)
		}
		if due, err := db.ReindexDue(ctx, dana.OrgID); !due || err != nil {
			t.Errorf("another region, and no reindex is due: %v", err)
		}
		last := 0
		if err := db.Reindex(ctx, dana.OrgID, func(done, total int) { last = done }); err != nil {
			t.Fatal(err)
		}
		if last != n {
			t.Errorf("progress ended at %d of %d", last, n)
		}
		if due, err := db.ReindexDue(ctx, dana.OrgID); due || err != nil {
			t.Errorf("a reindex is due after one: %v", err)
		}
		m := storetest.Message(t, db, dana.OrgID, waits.ID)
		if m.Record == nil || m.Record.ID != ids[59] || !m.Decision.Retroactive || m.Decision.Change.Kind != switchboard.RecordReread {
			t.Errorf("the text that waited is on %v, %+v", m.Record, m.Decision)
		}
		if got := bells(t, db, dana); len(got) != 0 {
			t.Errorf("open notifications: %v", got)
		}
		if list, _, err := db.RejectedNumbers(ctx, dana.OrgID, store.Page{Limit: 500}); err != nil || len(list) != 0 {
			t.Errorf("rejected numbers: %v, %v", list, err)
		}
		// What a person remembered stays remembered.
		links, _, err := db.Links(ctx, dana.OrgID, store.LinkFilter{RecordID: ids[0], Page: store.Page{Limit: 5}})
		if err != nil || len(links) != 1 {
			t.Errorf("links: %v, %v", links, err)
		}
		again := storetest.Text(t, db, dana.OrgID, c, "+447700900001", "And still known")
		if again.Record == nil || again.Record.ID != ids[0] || len(again.Decision.Candidates) != 2 {
			t.Errorf("the next text from the remembered number is on %v, %+v", again.Record, again.Decision)
		}
		found, _, err := db.Records(ctx, dana.OrgID, store.RecordFilter{Q: "+44 7700 900059", Page: store.Page{Limit: 5}})
		if err != nil || len(found) != 1 || found[0].ID != ids[59] {
			t.Errorf("searching the number found %v, %v", found, err)
		}
		if version := storetest.RecordOf(t, db, dana.OrgID, ids[0]).Version; version != 1 {
			t.Errorf("reading the numbers again made version %d", version)
		}
	})
}

func TestAFieldThatIsMatchedNoMoreStopsMatching(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		both := []string{"+15125550177", "+15125550178"}
		for _, name := range []string{"Ada Okafor", "Ben Okafor"} {
			storetest.Record(t, db, dana, switchboard.Contact, switchboard.Fields{"LastName": name, "MobilePhone": both[0], "HomePhone": both[1]})
		}
		carl := storetest.Record(t, db, dana, switchboard.Contact, switchboard.Fields{"LastName": "Carl", "HomePhone": "+15125550179"})
		his := storetest.Text(t, db, dana.OrgID, c, "+15125550179", "For Carl")
		first := storetest.Text(t, db, dana.OrgID, c, both[0], "One")
		second := storetest.Text(t, db, dana.OrgID, c, both[1], "Two")
		if err := db.Reindex(ctx, dana.OrgID, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := db.SetPhoneFields(ctx, dana, switchboard.PhoneFields{switchboard.Contact: {"MobilePhone"}}); err != nil {
			t.Fatal(err)
		}
		if due, err := db.ReindexDue(ctx, dana.OrgID); !due || err != nil {
			t.Errorf("other fields are matched, and no reindex is due: %v", err)
		}
		if err := db.Reindex(ctx, dana.OrgID, nil); err != nil {
			t.Fatal(err)
		}
		if list, _, err := db.Messages(ctx, dana.OrgID, store.MessageFilter{RecordID: carl.ID, Page: store.Page{Limit: 5}}); err != nil || len(list) != 1 || list[0].ID != his.ID {
			t.Errorf("Carl, who lost his number, has the messages %v, %v", names(list), err)
		}
		if m := storetest.Text(t, db, dana.OrgID, c, "+15125550179", "And now?"); m.State != switchboard.Unassigned {
			t.Errorf("a field that is matched no more took a text to %v", m.Record)
		}
		for id, want := range map[string]switchboard.Reason{first.ID: switchboard.ReasonAmbiguous, second.ID: switchboard.ReasonNoMatch} {
			if m := storetest.Message(t, db, dana.OrgID, id); m.Decision.Reason != want {
				t.Errorf("%q waits for %s, want %s", m.Body, m.Decision.Reason, want)
			}
		}
	})
}

// What people do between the transactions of a reindex wins.
func TestPeopleWorkDuringAReindex(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		ada := storetest.Record(t, db, dana, switchboard.Contact, switchboard.Fields{"LastName": "Ada", "AssistantPhone": "+15125550177"})
		ben := storetest.Record(t, db, dana, switchboard.Contact, switchboard.Fields{"LastName": "Ben", "AssistantPhone": "+15125550178"})
		fields := switchboard.PhoneFields{switchboard.Contact: {"MobilePhone", "AssistantPhone"}}
		if _, err := db.SetPhoneFields(ctx, dana, fields); err != nil {
			t.Fatal(err)
		}
		begun := false
		err := db.Reindex(ctx, dana.OrgID, func(done, total int) {
			if begun {
				return
			}
			begun = true // the records have been compared, and nothing else has happened
			_, _, err := db.UpdateRecord(ctx, dana, ada.ID, 0, switchboard.Fields{"AssistantPhone": "+15125550179"}, func(switchboard.Object, switchboard.Fields) error { return nil })
			if err != nil {
				t.Error(err)
			}
			if _, err := db.DeleteRecord(ctx, dana, ben.ID); err != nil {
				t.Error(err)
			}
		})
		if err != nil || !begun {
			t.Fatal("the reindex: ", err)
		}
		for from, want := range map[string]string{"+15125550177": "", "+15125550178": "", "+15125550179": ada.ID} {
			m := storetest.Text(t, db, dana.OrgID, c, from, "Hello")
			if got := ""; m.Record != nil && m.Record.ID != want || m.Record == nil && want != got {
				t.Errorf("a text from %s went to %v", from, m.Record)
			}
		}

		// Settings that change meanwhile count, and there is one reindex at a time.
		rounds := 0
		err = db.Reindex(ctx, dana.OrgID, func(done, total int) {
			if rounds++; rounds == 1 {
				if _, err := db.SetPhoneFields(ctx, dana, switchboard.PhoneFields{switchboard.Contact: {"MobilePhone"}}); err != nil {
					t.Error(err)
				}
			}
		})
		if err != nil || rounds < 2 {
			t.Errorf("after the settings changed it went on for %d rounds: %v", rounds, err)
		}
		if m := storetest.Text(t, db, dana.OrgID, c, "+15125550179", "Once more"); len(m.Decision.Candidates) != 0 {
			t.Errorf("the last settings are not those that count: %+v", m.Decision.Candidates)
		}
		err = db.Reindex(ctx, dana.OrgID, func(done, total int) {
			wantCode(t, db.Reindex(ctx, dana.OrgID, nil), switchboard.CodeConflict)
			if due, err := db.ReindexDue(ctx, dana.OrgID); due || err != nil {
				t.Errorf("due while one gets on: %v, %v", due, err)
			}
		})
		if err != nil {
			t.Error(err)
		}
		hurried, cancel := context.WithCancel(ctx)
		if err := db.Reindex(hurried, dana.OrgID, func(done, total int) { cancel() }); err == nil {
			t.Error("it was cut off, and says that it is done")
		}
		if due, err := db.ReindexDue(ctx, dana.OrgID); !due || err != nil {
			t.Errorf("not due after one was cut off: %v, %v", due, err)
		}
		// One that was killed is due, and another takes its place.
		err = db.Reindex(ctx, dana.OrgID, func(done, total int) {
			clock.Advance(2 * time.Minute)
			if due, err := db.ReindexDue(ctx, dana.OrgID); !due || err != nil {
				t.Errorf("not due when one is silent: %v, %v", due, err)
			}
			if err := db.Reindex(ctx, dana.OrgID, nil); err != nil {
				t.Error(err)
			}
		})
		wantCode(t, err, switchboard.CodeConflict)
		if due, err := db.ReindexDue(ctx, dana.OrgID); due || err != nil {
			t.Errorf("due after all that: %v, %v", due, err)
		}
	})
}

func TestTheFirstChannelsRegionIsAReasonToReindex(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0177") // no region completes it yet
		storetest.Channel(t, db, dana)
		if due, err := db.ReindexDue(ctx, dana.OrgID); !due || err != nil {
			t.Errorf("due: %v, %v", due, err)
		}
		if err := db.Reindex(ctx, dana.OrgID, nil); err != nil {
			t.Fatal(err)
		}
		if list, _, err := db.RejectedNumbers(ctx, dana.OrgID, store.Page{Limit: 500}); err != nil || len(list) != 0 {
			t.Errorf("rejected: %v, %v", list, err)
		}
	})
}

func TestAChannelChangesHands(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		sam := storetest.User(t, db, "Sam Ortiz", switchboard.Agent)
		c, token, err := db.CreateChannel(ctx, dana, store.NewChannel{Provider: "generic", Region: "US", Numbers: []string{storetest.Number}, Secret: "old"})
		if err != nil {
			t.Fatal(err)
		}
		storetest.Text(t, db, dana.OrgID, c, "+15125550177", "Hello")
		name, region, secret := "Support line", "GB", "new"
		c, err = db.UpdateChannel(ctx, dana, c.ID, store.ChannelUpdate{
			Name: &name, Region: &region, Secret: &secret, AuthenticatedBy: &sam.ID,
			Numbers: []string{"+15125550101", "88202"}, Options: map[string]string{"account": "7"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if c.Name != name || c.Region != region || !c.HasSecret || c.AuthenticatedBy != sam.ID || len(c.Numbers) != 2 || c.Numbers[0].Number != "+15125550101" || c.Options["account"] != "7" {
			t.Errorf("the channel is %+v", c)
		}
		if a, err := db.AccountByToken(ctx, "generic", token); err != nil || a.Secret != "new" || a.Channel.Name != name {
			t.Errorf("its webhook address finds %+v, %v", a, err)
		}
		if a, err := db.Account(ctx, dana.OrgID, c.ID); err != nil || a.Secret != "new" || a.Channel.Name != name {
			t.Errorf("its id finds %+v, %v", a, err)
		}
		if got := bells(t, db, dana, sam); got["Sam Ortiz"] != 1 || len(got) != 1 {
			t.Errorf("what waits rings %v, want Sam alone", got)
		}
		none := ""
		if c, err = db.UpdateChannel(ctx, dana, c.ID, store.ChannelUpdate{Secret: &none}); err != nil || c.HasSecret || c.Name != name {
			t.Errorf("without a secret: %+v, %v", c, err)
		}
		_, err = db.UpdateChannel(ctx, dana, "none", store.ChannelUpdate{})
		wantCode(t, err, switchboard.CodeNotFound)
	})
}
