package store_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/seal"
	"github.com/switchboardhq/switchboard/internal/store"
)

// BenchmarkReceive measures a message through the store, in groups of the size
// that a busy intake makes, with SWITCHBOARD_BENCH_RECORDS numbers on record.
func BenchmarkReceive(b *testing.B) {
	records := 100_000
	if s := os.Getenv("SWITCHBOARD_BENCH_RECORDS"); s != "" {
		records, _ = strconv.Atoi(s)
	}
	ctx := context.Background()
	key, err := seal.Generate()
	if err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(ctx, store.Config{Dir: b.TempDir(), Now: time.Now, Random: rand.Reader, Key: key, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	org, err := db.Org(ctx)
	if err != nil {
		b.Fatal(err)
	}
	actor := switchboard.Actor{OrgID: org, ID: "bench", Name: "Bench", Role: switchboard.Admin}
	c, _, err := db.CreateChannel(ctx, actor, store.NewChannel{Provider: "generic", Region: "US", Numbers: []string{"+15125550100"}})
	if err != nil {
		b.Fatal(err)
	}
	number := func(i int) string { return fmt.Sprintf("+1512%07d", 2000000+i) }
	for i := 0; i < records; i += store.MaxBulk {
		var batch []store.NewRecord
		for j := i; j < min(i+store.MaxBulk, records); j++ {
			batch = append(batch, store.NewRecord{Object: switchboard.Contact, Fields: switchboard.Fields{"LastName": "Doe " + strconv.Itoa(j), "MobilePhone": number(j)}})
		}
		if _, err := db.CreateRecords(ctx, actor, switchboard.OriginImport, batch); err != nil {
			b.Fatal(err)
		}
	}
	for _, group := range []int{1, 32, 64, 128} {
		b.Run(strconv.Itoa(group), func(b *testing.B) {
			run := strconv.FormatInt(time.Now().UnixNano(), 36)
			n := 0
			before := cpuTime(b)
			for b.Loop() {
				batch := make([]store.Delivery, group)
				for i := range batch {
					n++
					from := number(n * 7919 % records)
					if n%20 == 0 {
						from = number(records + n%100_000)
					}
					batch[i] = store.Delivery{ChannelID: c.ID, ReceivedAt: time.Now(), Events: []switchboard.Event{{Text: &switchboard.Text{
						ProviderMessageID: run + strconv.Itoa(n), Sender: from, Ours: "+15125550100", Body: "Could you move Thursday's install to the morning?"}}}}
				}
				if _, err := db.Receive(ctx, org, batch); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(n), "cpu-µs/message")
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*group), "µs/message")
		})
	}
}

// cpuTime returns the processor time that the process has used: unlike elapsed
// time it hardly depends on what else the machine does.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
