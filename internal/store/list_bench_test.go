package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// Sizes of the org that BenchmarkReads looks into.
const (
	benchRecords = 60_000
	benchWaiting = 20_000
	benchTexts   = 60_000
)

// BenchmarkReads measures what a page asks for in an org with many records,
// texts and senders that wait.
func BenchmarkReads(b *testing.B) {
	for _, dialect := range storetest.Dialects() {
		b.Run(dialect, func(b *testing.B) { benchmarkReads(b, dialect) })
	}
}

func benchmarkReads(b *testing.B, dialect string) {
	clock := storetest.NewClock()
	db := storetest.Open(b, dialect, clock)
	ctx := context.Background()
	dana := storetest.Admin(b, db)
	org := dana.OrgID
	c := storetest.Channel(b, db, dana)
	fillForBench(b, db, dana, c)
	busy := switchboard.ParseSender("+12145000000", "").Key
	record := ""
	if list, _, err := db.Records(ctx, org, store.RecordFilter{Phone: busy, Page: store.Page{Limit: 1}}); err != nil || len(list) == 0 {
		b.Fatal("the benchmark's records are not there: ", err)
	} else {
		record = list[0].ID
	}
	page := store.Page{Limit: 50}
	for _, read := range []struct {
		name string
		do   func() error
	}{
		{"queue", func() error { _, _, err := db.Queue(ctx, org, store.QueueFilter{Page: page}); return err }},
		{"queue/oldest", func() error {
			_, _, err := db.Queue(ctx, org, store.QueueFilter{OldestFirst: true, Page: page})
			return err
		}},
		{"queue/reason", func() error {
			_, _, err := db.Queue(ctx, org, store.QueueFilter{Reason: switchboard.ReasonNoMatch, Page: page})
			return err
		}},
		{"queue/counts", func() error { _, err := db.QueueCounts(ctx, org, ""); return err }},
		{"queue/place", func() error {
			_, err := db.QueueNeighbors(ctx, org, switchboard.ParseSender("+13035000007", "").Key)
			return err
		}},
		{"queue/changed", func() error { _, err := db.QueueChanged(ctx, org, clock.Now()); return err }},
		{"messages", func() error { _, _, err := db.Messages(ctx, org, store.MessageFilter{Page: page}); return err }},
		{"messages/unassigned", func() error {
			_, _, err := db.Messages(ctx, org, store.MessageFilter{State: switchboard.Unassigned, Page: page})
			return err
		}},
		{"messages/record", func() error {
			_, _, err := db.Messages(ctx, org, store.MessageFilter{RecordID: record, Page: page})
			return err
		}},
		{"messages/text", func() error {
			_, _, err := db.Messages(ctx, org, store.MessageFilter{Q: "nowhere", Page: page})
			return err
		}},
		{"conversation", func() error { _, err := db.Conversation(ctx, org, busy, 50); return err }},
		{"records/name", func() error {
			_, _, err := db.Records(ctx, org, store.RecordFilter{Object: switchboard.Contact, Order: store.ByName, Page: page})
			return err
		}},
		{"records/word", func() error {
			_, _, err := db.Records(ctx, org, store.RecordFilter{Q: "last12", Order: store.BestFirst, Page: page})
			return err
		}},
		{"records/letters", func() error {
			_, _, err := db.Records(ctx, org, store.RecordFilter{Q: "l f", Order: store.BestFirst, Page: page})
			return err
		}},
		{"records/none", func() error {
			_, _, err := db.Records(ctx, org, store.RecordFilter{Q: "last first99x", Order: store.BestFirst, Page: page})
			return err
		}},
		{"records/other", func() error {
			_, _, err := db.Records(ctx, org, store.RecordFilter{Q: "l f", Object: switchboard.Account, Order: store.BestFirst, Page: page})
			return err
		}},
		{"records/recent", func() error { _, err := db.RecentRecords(ctx, org, switchboard.Contact, 5); return err }},
		{"records/likely", func() error {
			_, err := db.Likely(ctx, org, switchboard.Fields{"FirstName": "First7", "LastName": "Last7", "MobilePhone": "+12145000007", "Email": "first7@example.com"})
			return err
		}},
		{"bell", func() error { _, err := db.OpenNotifications(ctx, org, dana.ID, 50); return err }},
		{"stamp", func() error { _, err := db.Stamp(ctx, org); return err }},
		{"stats", func() error { _, err := db.Stats(ctx, org, 7, 5); return err }},
	} {
		b.Run(read.name, func(b *testing.B) {
			for b.Loop() {
				if err := read.do(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func fillForBench(b *testing.B, db *store.DB, dana switchboard.Actor, c switchboard.Channel) {
	b.Helper()
	ctx := context.Background()
	for at := 0; at < benchRecords; at += store.MaxBulk {
		records := make([]store.NewRecord, store.MaxBulk)
		for i := range records {
			n := at + i
			records[i] = store.NewRecord{Object: switchboard.Contact, Fields: switchboard.Fields{"FirstName": fmt.Sprint("First", n%1000), "LastName": fmt.Sprint("Last", n),
				"Email": fmt.Sprintf("first%d@example.com", n), "MobilePhone": fmt.Sprintf("+1214%07d", 5_000_000+n)}}
		}
		if _, err := db.CreateRecords(ctx, dana, switchboard.OriginImport, records); err != nil {
			b.Fatal(err)
		}
	}
	text := func(n int, from string) switchboard.Event {
		return switchboard.Event{Text: &switchboard.Text{ProviderMessageID: fmt.Sprint(n), Sender: from, Body: "Is my order ready to be picked up this afternoon?"}}
	}
	for at := 0; at < benchTexts+benchWaiting; at += 500 {
		events := make([]switchboard.Event, 500)
		for i := range events {
			switch n := at + i; {
			case n%4 == 0:
				events[i] = text(n, fmt.Sprintf("+1303%07d", 5_000_000+n/4))
			case n%4 == 1:
				events[i] = text(n, "+12145000000")
			default:
				events[i] = text(n, fmt.Sprintf("+1214%07d", 5_000_000+n%benchRecords))
			}
		}
		storetest.Receive(b, db, dana.OrgID, c, events...)
	}
}
