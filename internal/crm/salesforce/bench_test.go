package salesforce_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
)

// BenchmarkLoad is a first load from the simulated org: the job, its pages, and
// each row made a record.
func BenchmarkLoad(b *testing.B) {
	s := simulate(b)
	fill(b, s, 100_000)
	rows := 0
	for b.Loop() {
		for p, err := range s.Load(b.Context(), switchboard.Contact, contactFields, salesforce.Loading{}) {
			must(b, err)
			rows += len(p.Records)
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkBulkRows is the same without an org behind it: a page from memory.
func BenchmarkBulkRows(b *testing.B) {
	var page bytes.Buffer
	page.WriteString("\"Id\",\"SystemModstamp\",\"IsDeleted\",\"FirstName\",\"LastName\",\"MobilePhone\",\"Phone\",\"AccountId\"\n")
	const n = 50_000
	for i := range n {
		fmt.Fprintf(&page, "\"003%012dAAA\",\"2026-03-02T12:00:00.000Z\",\"false\",\"Jane\",\"Person %d\",\"+1512%07d\",\"(512) 555-0177\",\"001000000000001AAA\"\n", i, i, i)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Sforce-Locator", "null")
		w.Header().Set("Sforce-NumberOfRecords", strconv.Itoa(n))
		_, _ = w.Write(page.Bytes())
	}))
	defer server.Close()
	c, err := salesforce.New(salesforce.Config{HTTP: server.Client(), Source: salesforce.NewSource(&fixed{url: server.URL})})
	must(b, err)
	b.SetBytes(int64(page.Len()))
	rows := 0
	for b.Loop() {
		_, err := c.BulkRows(b.Context(), job, salesforce.Place{}, func(salesforce.BulkRow) bool { rows++; return true })
		must(b, err)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkChanges is a poll that finds 20,000 changed records.
func BenchmarkChanges(b *testing.B) {
	s := simulate(b)
	fill(b, s, 20_000)
	rows := 0
	for b.Loop() {
		for p, err := range s.Changes(b.Context(), switchboard.Contact, contactFields, salesforce.Cursor{}) {
			must(b, err)
			rows += len(p.Records)
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkUpsertMessages writes a thousand messages, and counts the calls.
func BenchmarkUpsertMessages(b *testing.B) {
	s := simulate(b)
	messages := make([]salesforce.SMS, 1000)
	for i := range messages {
		messages[i] = salesforce.SMS{ID: fmt.Sprint("m", i), Name: fmt.Sprint("SMS-", i), Phone: "+15125550177", Body: "Hello", Direction: "inbound", State: "unassigned", ReceivedAt: now}
	}
	before := s.meter.count(salesforce.UseWrite)
	n := 0
	for b.Loop() {
		n++
		for _, r := range s.UpsertMessages(b.Context(), messages) {
			if r.Err != nil {
				b.Fatal(r.Err)
			}
		}
	}
	b.ReportMetric(float64(s.meter.count(salesforce.UseWrite)-before)/float64(n), "calls/1000")
}

// A bulk result of any length is read in the memory of a few rows.
func TestABulkResultIsReadInConstantMemory(t *testing.T) {
	const rows = 400_000 // about 70 MB
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Sforce-Locator", "null")
		_, _ = io.WriteString(w, "Id,Text\n")
		for i := range rows {
			_, _ = fmt.Fprintf(w, "%d,%0160d\n", i, i)
		}
	}))
	defer server.Close()
	c, err := salesforce.New(salesforce.Config{HTTP: server.Client(), Source: salesforce.NewSource(&fixed{url: server.URL})})
	must(t, err)
	var most uint64
	n := 0
	_, err = c.BulkRows(t.Context(), job, salesforce.Place{}, func(salesforce.BulkRow) bool {
		if n++; n%50_000 == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
		return true
	})
	if err != nil || n != rows || most > 40<<20 {
		t.Errorf("%d rows, %d MB, %v", n, most>>20, err)
	}
}
