package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// BenchmarkSalesforceFirstLoad reads contacts from a simulated org by a bulk job.
func BenchmarkSalesforceFirstLoad(b *testing.B) {
	const contacts = 50_000
	for range b.N {
		b.StopTimer()
		j := newJoint(b, storetest.SQLite)
		j.must(j.sf.Load("Contact", contacts, func(i int) map[string]any {
			return map[string]any{"FirstName": "Ada", "LastName": fmt.Sprintf("Okafor %d", i), "MobilePhone": fmt.Sprintf("(512) 55%d-%04d", i/10_000, i%10_000), "Email": fmt.Sprintf("a%d@example.com", i)}
		}))
		var loaded time.Time
		j.engine = newEngine(j.p, j.db, j.org, quiet(), func(object switchboard.Object, rows, _ int64) {
			if object == switchboard.Contact && rows == contacts {
				loaded = time.Now()
			}
		})
		b.StartTimer()
		began := time.Now()
		j.must(j.engine.SyncOnce(b.Context(), false))
		b.ReportMetric(contacts/loaded.Sub(began).Seconds(), "records/s")
	}
}
