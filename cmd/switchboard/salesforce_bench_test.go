package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/store"
	"github.com/switchboardhq/switchboard/internal/store/storetest"
)

// BenchmarkSalesforceThousandTexts brings a thousand texts of forty numbers, of
// which a half are known, to a simulated org, and counts the calls of its API
// that this takes.
func BenchmarkSalesforceThousandTexts(b *testing.B) {
	const texts, numbers = 1000, 40
	var upserts, calls int
	for n := range b.N {
		b.StopTimer()
		j := newJoint(b, storetest.SQLite)
		for i := range numbers / 2 {
			j.create("Contact", map[string]any{"LastName": fmt.Sprintf("Okafor %d", i), "MobilePhone": fmt.Sprintf("+1512555%04d", i)})
		}
		j.sync()
		var batch []store.Delivery
		for i := range texts {
			batch = append(batch, store.Delivery{ChannelID: j.channel.ID, Events: []switchboard.Event{{Text: &switchboard.Text{
				ProviderMessageID: fmt.Sprintf("id-%d-%d", n, i), Sender: fmt.Sprintf("+1512555%04d", i%numbers), Body: "Hello, is this Acme?"}}}})
		}
		for part := range slices.Chunk(batch, 500) {
			_, err := j.db.Receive(b.Context(), j.org, part)
			j.must(err)
		}
		upsertsBefore, callsBefore := j.sf.Calls()["composite/sobjects"], j.sf.APIUsage()
		b.StartTimer()
		j.sync()
		b.StopTimer()
		upserts += j.sf.Calls()["composite/sobjects"] - upsertsBefore
		calls += j.sf.APIUsage() - callsBefore
		if n := j.count("SMS__c"); n != texts {
			b.Fatalf("there are %d messages there", n)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(upserts)/float64(b.N), "upserts/1000-texts")
	b.ReportMetric(float64(calls)/float64(b.N), "calls/1000-texts") // with a bell for each number that nobody knows
}

// BenchmarkSalesforceEventToDecision measures how long a text that waits for a
// record takes to be on it after the record was made in Salesforce: the change
// event, the reading of the record and the deciding again.
func BenchmarkSalesforceEventToDecision(b *testing.B) {
	j := newJoint(b, storetest.SQLite)
	goLive(b, j)
	j.synced()
	j.listening()
	var delays []time.Duration
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		number := fmt.Sprintf("+1512556%04d", n)
		m := j.text(number, "Hello, is this Acme?")
		soon(b, time.Minute, "it did not ring", func() bool { return len(j.sf.Notifications()) == n+1 })
		b.StartTimer()
		began := time.Now()
		_, err := j.sf.Create(nil, "Contact", map[string]any{"LastName": "Okafor", "MobilePhone": number})
		j.must(err)
		soon(b, time.Minute, "it was not decided again", func() bool { return j.message(m.ID).State == switchboard.Assigned })
		delays = append(delays, time.Since(began))
	}
	reportDelays(b, delays)
}

func reportDelays(b *testing.B, delays []time.Duration) {
	slices.Sort(delays)
	b.ReportMetric(float64(delays[len(delays)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(delays[len(delays)*99/100].Microseconds())/1000, "p99-ms")
}
