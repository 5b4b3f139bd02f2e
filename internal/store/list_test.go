package store_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

func names(messages []*switchboard.Message) []string {
	s := []string{}
	for _, m := range messages {
		s = append(s, strings.TrimLeft(strings.TrimPrefix(m.Name(), "SMS-"), "0"))
	}
	return s
}

func TestMessagesAreFoundByWhatIsAskedFor(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		org := dana.OrgID
		c := storetest.Channel(t, db, dana)
		other := storetest.Channel(t, db, dana, func(n *store.NewChannel) { n.Numbers = []string{"+15125550101"} })
		ada := storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0177")
		storetest.Text(t, db, org, c, "+15125550177", "Where is my ORDER 7781?") // 1, Ada's
		storetest.Text(t, db, org, c, "+12065550142", "Is this the bakery?")     // 2, nobody's
		later := clock.Now().Add(time.Hour)
		clock.Set(later)
		storetest.Text(t, db, org, other, "+12065550142", "Hello? order please") // 3, nobody's
		storetest.Sent(t, db, org, c, "+15125550177", "On its way", ada.ID)      // 4, Ada's
		spam := storetest.Text(t, db, org, c, "88202", "WIN 100% now")           // 5
		if _, err := db.Dismiss(ctx, dana, store.Dismissal{MessageIDs: []string{spam.ID}, Reason: "spam"}); err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct {
			f    store.MessageFilter
			want []string
		}{
			"all":                        {store.MessageFilter{}, []string{"5", "4", "3", "2", "1"}},
			"unassigned":                 {store.MessageFilter{State: switchboard.Unassigned}, []string{"3", "2"}},
			"assigned":                   {store.MessageFilter{State: switchboard.Assigned}, []string{"4", "1"}},
			"dismissed":                  {store.MessageFilter{State: switchboard.Dismissed}, []string{"5"}},
			"from a national number":     {store.MessageFilter{From: "(206) 555-0142"}, []string{"3", "2"}},
			"from leaves ours out":       {store.MessageFilter{From: "+15125550177"}, []string{"1"}},
			"of a sender":                {store.MessageFilter{SenderKey: switchboard.ParseSender("+15125550177", "").Key}, []string{"4", "1"}},
			"of a record":                {store.MessageFilter{RecordID: ada.ID}, []string{"4", "1"}},
			"of a channel":               {store.MessageFilter{ChannelID: other.ID}, []string{"3"}},
			"by reason":                  {store.MessageFilter{Reason: switchboard.ReasonOnlyMatch}, []string{"1"}},
			"since":                      {store.MessageFilter{Since: later}, []string{"5", "4", "3"}},
			"until":                      {store.MessageFilter{Until: later}, []string{"2", "1"}},
			"by name":                    {store.MessageFilter{Q: "SMS-000003"}, []string{"3"}},
			"by name, as people type":    {store.MessageFilter{Q: " sms 3 "}, []string{"3"}},
			"by name, of another kind":   {store.MessageFilter{Q: "SMS-000003", State: switchboard.Assigned}, []string{}},
			"by a whole number":          {store.MessageFilter{Q: "206 555 0142"}, []string{"3", "2"}},
			"by some digits":             {store.MessageFilter{Q: "0142"}, []string{"3", "2"}},
			"by a word":                  {store.MessageFilter{Q: "order"}, []string{"3", "1"}},
			"by all words":               {store.MessageFilter{Q: "My order"}, []string{"1"}},
			"by a sign":                  {store.MessageFilter{Q: "100%"}, []string{"5"}},
			"by a wildcard that is none": {store.MessageFilter{Q: "o%r"}, []string{}},
			"by what is nowhere":         {store.MessageFilter{Q: "pizza"}, []string{}},
			"by a word, of a state":      {store.MessageFilter{Q: "order", State: switchboard.Unassigned}, []string{"3"}},
		} {
			tc.f.Page = store.Page{Limit: 50}
			got, next, err := db.Messages(ctx, org, tc.f)
			if err != nil || next != "" {
				t.Errorf("%s: next %q, %v", name, next, err)
			}
			if diff := cmp.Diff(tc.want, names(got)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			var paged []string
			for cursor, first := "", true; first || cursor != ""; first = false {
				tc.f.Page = store.Page{Limit: 1, Cursor: cursor}
				var list []*switchboard.Message
				if list, cursor, err = db.Messages(ctx, org, tc.f); err != nil {
					t.Fatal(err)
				}
				paged = append(paged, names(list)...)
			}
			if !slices.Equal(paged, tc.want) {
				t.Errorf("%s: one by one they are %v, want %v", name, paged, tc.want)
			}
		}
	})
}

func TestASearchInTextsGoesOnWithItsCursor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		const n = 2300 // more than are read at a time
		events := make([]switchboard.Event, n)
		for i := range events {
			body := "nothing"
			if i%1000 == 7 {
				body = "a needle"
			}
			events[i].Text = &switchboard.Text{ProviderMessageID: fmt.Sprint(i), Sender: "+15125550177", Body: body}
		}
		storetest.Receive(t, db, dana.OrgID, c, events...)
		got, next, err := db.Messages(ctx, dana.OrgID, store.MessageFilter{Q: "needle", Page: store.Page{Limit: 2}})
		if err != nil || next == "" {
			t.Fatalf("next %q, %v", next, err)
		}
		if want := []string{"2008", "1008"}; !slices.Equal(names(got), want) {
			t.Errorf("found %v, want %v", names(got), want)
		}
		got, _, err = db.Messages(ctx, dana.OrgID, store.MessageFilter{Q: "needle", Page: store.Page{Limit: 2, Cursor: next}})
		if want := []string{"8"}; err != nil || !slices.Equal(names(got), want) {
			t.Errorf("then %v, %v; want %v", names(got), err, want)
		}
	})
}

func TestAConversationIsInTheOrderOfItsTimes(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		ada := storetest.Contact(t, db, dana, "Ada Okafor", "+15125550177")
		now := clock.Now()
		storetest.TextAt(t, db, dana.OrgID, c, "+15125550177", "second", now.Add(-time.Minute))
		storetest.TextAt(t, db, dana.OrgID, c, "+15125550177", "first", now.Add(-time.Hour)) // came late
		storetest.Sent(t, db, dana.OrgID, c, "+15125550177", "third", ada.ID)
		storetest.Text(t, db, dana.OrgID, c, "+15125550178", "of somebody else")
		got, err := db.Conversation(context.Background(), dana.OrgID, switchboard.ParseSender("+15125550177", "").Key, 10)
		if err != nil {
			t.Fatal(err)
		}
		var bodies []string
		for _, m := range got {
			bodies = append(bodies, m.Body)
		}
		if want := []string{"first", "second", "third"}; !slices.Equal(bodies, want) {
			t.Errorf("the conversation is %v, want %v", bodies, want)
		}
		got, err = db.Conversation(context.Background(), dana.OrgID, switchboard.ParseSender("+15125550177", "").Key, 2)
		if err != nil || len(got) != 2 || got[0].Body != "second" {
			t.Errorf("its last two begin with %v, %v", got, err)
		}
	})
}

func foundNames(records []*switchboard.Record) []string {
	s := []string{}
	for _, r := range records {
		s = append(s, r.Name)
	}
	return s
}

func TestRecordsAreFoundByWhatIsAskedFor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		org := dana.OrgID
		c := storetest.Channel(t, db, dana)
		ben := storetest.Contact(t, db, dana, "Ben Okafor", "(512) 555-0177")
		storetest.Contact(t, db, dana, "Okaforson Adams", "")
		storetest.Contact(t, db, dana, "Ada Okafor", "(512) 555-0177")
		storetest.Record(t, db, dana, switchboard.Lead, switchboard.Fields{"LastName": "Yı Ölmez", "Company": "Okafor & Söhne 3M", "Email": "yo@example.org"})
		acme := storetest.Record(t, db, dana, switchboard.Account, switchboard.Fields{"Name": "Acme", "Phone": "+44 7700 900123"})
		gone := storetest.Contact(t, db, dana, "Gone Okafor", "(512) 555-0199")
		if _, err := db.DeleteRecord(ctx, dana, gone.ID); err != nil {
			t.Fatal(err)
		}
		linked := storetest.Text(t, db, org, c, "88202", "Code")
		if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{linked.ID}, RecordID: acme.ID, Remember: true}); err != nil {
			t.Fatal(err)
		}
		for name, tc := range map[string]struct {
			f    store.RecordFilter
			want []string
		}{
			"all":                      {store.RecordFilter{}, []string{"Acme", "Yı Ölmez", "Ada Okafor", "Okaforson Adams", "Ben Okafor"}},
			"contacts by name":         {store.RecordFilter{Object: switchboard.Contact, Order: store.ByName}, []string{"Ada Okafor", "Ben Okafor", "Okaforson Adams"}},
			"deleted":                  {store.RecordFilter{Deleted: true}, []string{"Gone Okafor"}},
			"deleted by name":          {store.RecordFilter{Deleted: true, Object: switchboard.Contact, Order: store.ByName}, []string{"Gone Okafor"}},
			"a word":                   {store.RecordFilter{Q: "okafor"}, []string{"Yı Ölmez", "Ada Okafor", "Okaforson Adams", "Ben Okafor"}},
			"a word, best first":       {store.RecordFilter{Q: "okafor", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor", "Yı Ölmez", "Okaforson Adams"}},
			"of an object":             {store.RecordFilter{Q: "OKAF", Object: switchboard.Lead, Order: store.BestFirst}, []string{"Yı Ölmez"}},
			"two words":                {store.RecordFilter{Q: "oka ada", Order: store.BestFirst}, []string{"Ada Okafor", "Okaforson Adams"}},
			"two words, newest first":  {store.RecordFilter{Q: "oka ada"}, []string{"Ada Okafor", "Okaforson Adams"}},
			"not inside a word":        {store.RecordFilter{Q: "kafor"}, []string{}},
			"an e-mail address":        {store.RecordFilter{Q: "yo@example.org", Order: store.BestFirst}, []string{"Yı Ölmez"}},
			"other letters":            {store.RecordFilter{Q: "söhne ölm", Order: store.BestFirst}, []string{"Yı Ölmez"}},
			"a number as it is said":   {store.RecordFilter{Q: "(512) 555-0177", Order: store.BestFirst}, []string{"Ada Okafor", "Ben Okafor"}},
			"its end":                  {store.RecordFilter{Q: "0177", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor"}},
			"its last seven":           {store.RecordFilter{Q: "555-0177", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor"}},
			"its beginning":            {store.RecordFilter{Q: "512 55", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor"}},
			"digits in groups":         {store.RecordFilter{Q: "51 25", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor"}},
			"its end, of any length":   {store.RecordFilter{Q: "5 0177", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor"}},
			"its beginning abroad":     {store.RecordFilter{Q: "+1 512 5", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor"}},
			"dialled at home":          {store.RecordFilter{Q: "1 (512) 555-017", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor"}},
			"its beginning, newest":    {store.RecordFilter{Q: "512 55"}, []string{"Ada Okafor", "Ben Okafor"}},
			"its end, newest":          {store.RecordFilter{Q: "0177"}, []string{"Ada Okafor", "Ben Okafor"}},
			"with dots":                {store.RecordFilter{Q: "512.555.0177", Order: store.BestFirst}, []string{"Ada Okafor", "Ben Okafor"}},
			"not inside a number":      {store.RecordFilter{Q: "2555", Order: store.BestFirst}, []string{}},
			"a foreign beginning":      {store.RecordFilter{Q: "447700", Order: store.BestFirst}, []string{"Acme"}},
			"dialled abroad":           {store.RecordFilter{Q: "07700 900123", Order: store.BestFirst}, []string{"Acme"}},
			"a deleted record's end":   {store.RecordFilter{Q: "0199", Deleted: true, Order: store.BestFirst}, []string{"Gone Okafor"}},
			"a domain":                 {store.RecordFilter{Q: "example.org", Order: store.BestFirst}, []string{"Yı Ölmez"}},
			"a domain, half typed":     {store.RecordFilter{Q: "@example.o", Order: store.BestFirst}, []string{"Yı Ölmez"}},
			"an e-mail, newest":        {store.RecordFilter{Q: "yo@example.org"}, []string{"Yı Ölmez"}},
			"another domain":           {store.RecordFilter{Q: "yo@example.com", Order: store.BestFirst}, []string{}},
			"a name and a number":      {store.RecordFilter{Q: "ada (512) 555", Order: store.BestFirst}, []string{"Ada Okafor"}},
			"a name and its last four": {store.RecordFilter{Q: "ada 0177", Order: store.BestFirst}, []string{"Ada Okafor"}},
			"a name and last seven":    {store.RecordFilter{Q: "okafor 555 01", Order: store.BestFirst}, []string{"Ben Okafor", "Ada Okafor"}},
			"a company and digits":     {store.RecordFilter{Q: "3m", Order: store.BestFirst}, []string{"Yı Ölmez"}},
			"a foreign number":         {store.RecordFilter{Q: "+44 7700 900123", Order: store.BestFirst}, []string{"Acme"}},
			"a phone that matches":     {store.RecordFilter{Phone: switchboard.ParseSender("+15125550177", "").Key}, []string{"Ada Okafor", "Ben Okafor"}},
			"a phone and a word":       {store.RecordFilter{Phone: switchboard.ParseSender("+15125550177", "").Key, Q: "ben"}, []string{"Ben Okafor"}},
			"a remembered short code":  {store.RecordFilter{Phone: switchboard.ParseSender("88202", "US").Key}, []string{"Acme"}},
			"a deleted record's phone": {store.RecordFilter{Phone: switchboard.ParseSender("+15125550199", "").Key}, []string{}},
			"nothing but signs":        {store.RecordFilter{Q: "&%'"}, []string{}},
		} {
			tc.f.Page = store.Page{Limit: 50}
			got, next, err := db.Records(ctx, org, tc.f)
			if err != nil || next != "" {
				t.Errorf("%s: next %q, %v", name, next, err)
			}
			if diff := cmp.Diff(tc.want, foundNames(got)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			var paged []string
			for cursor, first := "", true; first || cursor != ""; first = false {
				tc.f.Page = store.Page{Limit: 1, Cursor: cursor}
				var list []*switchboard.Record
				if list, cursor, err = db.Records(ctx, org, tc.f); err != nil {
					t.Fatal(err)
				}
				paged = append(paged, foundNames(list)...)
			}
			if !slices.Equal(paged, tc.want) {
				t.Errorf("%s: one by one they are %v, want %v", name, paged, tc.want)
			}
		}

		recent, err := db.RecentRecords(ctx, org, switchboard.Contact, 10)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"Ada Okafor", "Okaforson Adams", "Ben Okafor"}; !slices.Equal(foundNames(recent), want) {
			t.Errorf("recent contacts are %v, want %v", foundNames(recent), want)
		}
		m := storetest.Text(t, db, org, c, "+12065550142", "Hello")
		if _, err := db.Place(ctx, dana, store.Placement{MessageIDs: []string{m.ID}, RecordID: ben.ID}); err != nil {
			t.Fatal(err)
		}
		if recent, err = db.RecentRecords(ctx, org, switchboard.Contact, 1); err != nil || len(recent) != 1 || recent[0].ID != ben.ID {
			t.Errorf("after a text to Ben the most recent is %v, %v", foundNames(recent), err)
		}
		if list, _, err := db.Messages(ctx, org, store.MessageFilter{RecordID: ben.ID, Page: store.Page{Limit: 5}}); err != nil || len(list) != 1 || list[0].ID != m.ID {
			t.Errorf("Ben, whose number it was not, has the messages %v, %v", names(list), err)
		}
	})
}

func TestASearchFindsARecordByWhatItIsNow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana := storetest.Admin(t, db)
		storetest.Channel(t, db, dana) // gives the org its region
		r := storetest.Record(t, db, dana, switchboard.Contact, switchboard.Fields{"FirstName": "Ada", "LastName": "Okafor", "MobilePhone": "+1 512 555 0177", "Email": "ada@example.com"})
		_, _, err := db.UpdateRecord(t.Context(), dana, r.ID, 0, switchboard.Fields{"LastName": "Adams", "MobilePhone": "+1 512 555 0199"},
			func(switchboard.Object, switchboard.Fields) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		for q, want := range map[string]bool{"okafor": false, "0177": false, "ada okafor": false, "adams": true, "ad": true, "0199": true, "example": true, "exam ada 555": true, "ada@example.com": true, "512 555 017": false, "512 555 019": true, "1 512": true, "50199": true} {
			for _, order := range []store.RecordOrder{store.NewestFirst, store.BestFirst} {
				list, next, err := db.Records(t.Context(), dana.OrgID, store.RecordFilter{Q: q, Order: order, Page: store.Page{Limit: 5}})
				if err != nil || next != "" || len(list) > 1 || (len(list) == 1) != want {
					t.Errorf("%q finds %v, next %q, %v", q, foundNames(list), next, err)
				}
			}
		}
	})
}

// A search for digits goes through several indexes, one after the other, and
// finds each record once, however many of its numbers have them.
func TestASearchForDigitsFindsEachRecordOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		dana := storetest.Admin(t, db)
		storetest.Channel(t, db, dana) // gives the org its region
		var want []string
		for i := range 12 {
			name := fmt.Sprintf("Route 5120 512%d", i)
			fields := switchboard.Fields{"LastName": name, "MobilePhone": fmt.Sprintf("+1 512 055 51%02d", i), "Phone": fmt.Sprintf("+1 512 055 51%02d", i), "OtherPhone": fmt.Sprintf("+51 20 555 %02d 5120", i)}
			switch i % 4 {
			case 1:
				delete(fields, "MobilePhone")
			case 2:
				fields["LastName"] = fmt.Sprintf("Okafor %d", i)
			case 3:
				fields["LastName"], fields["Phone"] = fmt.Sprintf("Okafor %d", i), fmt.Sprintf("+1 512 055 52%02d", i)
				delete(fields, "OtherPhone")
			}
			storetest.Record(t, db, dana, switchboard.Contact, fields)
			want = append(want, fields.Text("LastName"))
		}
		slices.Sort(want)
		for _, q := range []string{"5120", "512", "51", "5 1 2 0"} {
			for limit := 1; limit < 15; limit++ {
				var found []string
				for cursor, first := "", true; first || cursor != ""; first = false {
					list, next, err := db.Records(t.Context(), dana.OrgID, store.RecordFilter{Q: q, Order: store.BestFirst, Page: store.Page{Limit: limit, Cursor: cursor}})
					if err != nil || len(list) > limit {
						t.Fatalf("%d records, %v", len(list), err)
					}
					found, cursor = append(found, foundNames(list)...), next
				}
				slices.Sort(found)
				if diff := cmp.Diff(want, found); diff != "" {
					t.Fatalf("%q, %d at a time: %s", q, limit, diff)
				}
			}
		}
	})
}

func TestASearchForRecordsGoesOnWhereItsWindowEnds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		const n = 4200 // more than two windows
		for at := 0; at < n; at += store.MaxBulk {
			records := make([]store.NewRecord, store.MaxBulk)
			for i := range records {
				name := fmt.Sprintf("Smith%04d", at+i)
				records[i] = store.NewRecord{Object: switchboard.Contact, Fields: switchboard.Fields{"FirstName": "Jo", "LastName": name}}
				if (at+i)%2000 == 150 {
					records[i] = store.NewRecord{Object: switchboard.Account, Fields: switchboard.Fields{"Name": "Jo " + name}}
				}
			}
			if _, err := db.CreateRecords(ctx, dana, switchboard.OriginImport, records); err != nil {
				t.Fatal(err)
			}
		}
		var found []string
		pages, cursor := 0, ""
		for pages == 0 || cursor != "" {
			list, next, err := db.Records(ctx, dana.OrgID, store.RecordFilter{Q: "smith jo", Object: switchboard.Account, Order: store.BestFirst, Page: store.Page{Limit: 10, Cursor: cursor}})
			if err != nil {
				t.Fatal(err)
			}
			found, cursor = append(found, foundNames(list)...), next
			pages++
		}
		if want := []string{"Jo Smith0150", "Jo Smith2150", "Jo Smith4150"}; !slices.Equal(found, want) || pages != 3 {
			t.Errorf("%d pages found %v, want %v", pages, found, want)
		}
	})
}

func TestNotificationsAreReadOneByOneOrAllAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		for i := range 3 {
			storetest.Text(t, db, dana.OrgID, c, fmt.Sprintf("+1512555017%d", i), "Hello")
		}
		bell, err := db.OpenNotifications(ctx, dana.OrgID, dana.ID, 2)
		if err != nil || bell.Unread != 3 || len(bell.Notifications) != 2 || bell.Notifications[0].Sender.Address != "+15125550172" {
			t.Fatalf("the bell is %+v, %v", bell, err)
		}
		n, err := db.MarkRead(ctx, dana, bell.Notifications[0].ID)
		if err != nil || n.State != switchboard.Read {
			t.Errorf("reading gave %+v, %v", n, err)
		}
		sam := storetest.User(t, db, "Sam Ortiz", switchboard.Agent)
		senders := []switchboard.MatchKey{"+15125550171", "+15125550172", "+15125550179"}
		for user, want := range map[string]map[switchboard.MatchKey]bool{dana.ID: {"+15125550171": true}, sam.ID: {}} {
			if unread, err := db.UnreadSenders(ctx, dana.OrgID, user, senders); err != nil || !maps.Equal(unread, want) {
				t.Errorf("unread are %v, %v, want %v", unread, err, want)
			}
		}
		storetest.Text(t, db, dana.OrgID, c, "+15125550172", "Still there?")
		if bell, _ = db.OpenNotifications(ctx, dana.OrgID, dana.ID, 10); bell.Unread != 3 || bell.Notifications[0].Count != 2 || bell.Notifications[0].ID != n.ID {
			t.Errorf("a later text made the bell %+v", bell)
		}
		if all, err := db.MarkAllRead(ctx, dana); all != 3 || err != nil {
			t.Errorf("all read: %d, %v", all, err)
		}
		if bell, _ = db.OpenNotifications(ctx, dana.OrgID, dana.ID, 10); bell.Unread != 0 || len(bell.Notifications) != 3 {
			t.Errorf("after that the bell is %+v", bell)
		}
		storetest.Contact(t, db, dana, "Ada Okafor", "+15125550172")
		cleared, _, err := db.Notifications(ctx, dana.OrgID, store.NotificationFilter{State: switchboard.Cleared, Page: store.Page{Limit: 10}})
		if err != nil || len(cleared) != 1 || cleared[0].ID != n.ID {
			t.Errorf("cleared: %+v, %v", cleared, err)
		}
		if again, err := db.MarkRead(ctx, dana, n.ID); err != nil || again.State != switchboard.Cleared {
			t.Errorf("reading a cleared one: %+v, %v", again, err)
		}
		_, err = db.MarkRead(ctx, dana, "none")
		wantCode(t, err, switchboard.CodeNotFound)
	})
}

func TestWhatIsKnownOfASender(t *testing.T) {
	storetest.EachClock(t, func(t *testing.T, db *store.DB, clock *storetest.Clock) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		c := storetest.Channel(t, db, dana)
		key := switchboard.ParseSender("+15125550177", "").Key
		if s, err := db.SenderState(ctx, dana.OrgID, key); err != nil || !s.FirstAt.IsZero() {
			t.Errorf("of a stranger: %+v, %v", s, err)
		}
		storetest.Contact(t, db, dana, "Ada Okafor", "+15125550177") // a record says nothing of when it texts
		storetest.Contact(t, db, dana, "Ben Okafor", "+15125550177")
		clock.Advance(time.Hour)
		first := clock.Now()
		storetest.Text(t, db, dana.OrgID, c, "+15125550177", "Hello")
		clock.Advance(time.Hour)
		storetest.Text(t, db, dana.OrgID, c, "+15125550177", "STOP")
		s, err := db.SenderState(ctx, dana.OrgID, key)
		if err != nil || !s.OptedOut || s.Waiting != 2 || s.FirstAt.Before(first) || s.FirstAt.After(first.Add(time.Second)) || s.Sender.Address != "+15125550177" || s.Blocked {
			t.Errorf("known: %+v, %v", s, err)
		}
		if _, err := db.Block(ctx, dana, s.Sender, "spam"); err != nil {
			t.Fatal(err)
		}
		if s, err = db.SenderState(ctx, dana.OrgID, key); err != nil || !s.Blocked || s.BlockedBy != "Dana Reyes" || s.BlockedReason != "spam" {
			t.Errorf("after it was blocked: %+v, %v", s, err)
		}
	})
}

func TestTheAuditTrailNamesWhoDidWhat(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := context.Background()
		dana := storetest.Admin(t, db)
		sam := storetest.User(t, db, "Sam Ortiz", switchboard.Agent)
		ada := storetest.Contact(t, db, sam, "Ada Okafor", "")
		if _, err := db.DeleteRecord(ctx, dana, ada.ID); err != nil {
			t.Fatal(err)
		}
		trail, next, err := db.AuditTrail(ctx, dana.OrgID, store.AuditFilter{SubjectID: ada.ID, Page: store.Page{Limit: 1}})
		if err != nil || next == "" || len(trail) != 1 || trail[0].Action != "record.delete" || trail[0].ActorName != "Dana Reyes" {
			t.Fatalf("the last: %+v, %q, %v", trail, next, err)
		}
		trail, next, err = db.AuditTrail(ctx, dana.OrgID, store.AuditFilter{SubjectID: ada.ID, Page: store.Page{Limit: 1, Cursor: next}})
		if err != nil || next != "" || len(trail) != 1 || trail[0].Action != "record.create" || trail[0].ActorID != sam.ID {
			t.Errorf("the one before: %+v, %q, %v", trail, next, err)
		}
		trail, _, err = db.AuditTrail(ctx, dana.OrgID, store.AuditFilter{ActorID: sam.ID, Page: store.Page{Limit: 10}})
		if err != nil || len(trail) != 1 {
			t.Errorf("what Sam did: %+v, %v", trail, err)
		}
	})
}
