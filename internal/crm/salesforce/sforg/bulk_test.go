package sforg_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bulkQuery makes a job and waits for it.
func (w *world) bulkQuery(operation, query string) string {
	w.t.Helper()
	var job struct {
		ID         string
		State      string
		APIVersion float64
		Object     string
	}
	w.do("POST", data+"/jobs/query", map[string]string{"operation": operation, "query": query}).must(w.t, 200, &job)
	if job.State != "UploadComplete" || job.APIVersion != 62 {
		w.t.Errorf("the new job is %+v", job)
	}
	w.do("GET", data+"/jobs/query/"+job.ID+"/results", nil).must(w.t, 204, nil)
	for range 3 {
		w.do("GET", data+"/jobs/query/"+job.ID, nil).must(w.t, 200, &job)
		if job.State == "JobComplete" {
			return job.ID
		}
	}
	w.t.Fatalf("the job stays %s", job.State)
	return ""
}

func TestEachPageOfABulkResultHasTheHeader(t *testing.T) {
	w := newWorld(t)
	acme := w.create("Account", map[string]any{"Name": `A "c" me`})
	if err := w.Load("Contact", 25, func(i int) map[string]any {
		return map[string]any{"LastName": fmt.Sprintf("N%02d", i), "AccountId": acme, "Title": "a\nb,c"}
	}); err != nil {
		t.Fatal(err)
	}
	job := w.bulkQuery("query", "SELECT Id, LastName, Title, Account.Name, Email, CreatedDate, DoNotCall FROM Contact")
	// What happens from now on does not change the result.
	w.BetweenPages(func() {
		if err := w.Delete(nil, "Account", acme); err == nil {
			w.create("Contact", map[string]any{"LastName": "Late"})
		}
	})
	var names []string
	locator, pages := "", 0
	for locator != "null" {
		a := w.do("GET", data+"/jobs/query/"+job+"/results?maxRecords=10&locator="+locator, nil, "Accept", "text/csv")
		a.must(t, 200, nil)
		rows, err := csv.NewReader(strings.NewReader(string(a.body))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(rows[0], ","); got != "Id,LastName,Title,Account.Name,Email,CreatedDate,DoNotCall" {
			t.Fatalf("page %d begins with %s", pages, got)
		}
		if n := a.header.Get("Sforce-NumberOfRecords"); n != fmt.Sprint(len(rows)-1) {
			t.Errorf("the page says that it has %s rows, and has %d", n, len(rows)-1)
		}
		for _, r := range rows[1:] {
			names = append(names, r[1])
			if r[2] != "a\nb,c" || r[4] != "" || r[5] != "2026-03-02T09:30:00.000Z" || r[6] != "false" || pages == 0 && r[3] != `A "c" me` {
				t.Errorf("a row is %q", r)
			}
		}
		locator = a.header.Get("Sforce-Locator")
		pages++
	}
	if pages != 3 || len(names) != 25 || names[24] != "N24" {
		t.Errorf("%d pages, rows %v", pages, names)
	}
	var got []problem
	w.do("GET", "/services/data/v61.0/jobs/query/"+job+"/results", nil).must(t, 409, &got)
	w.do("DELETE", data+"/jobs/query/"+job, nil).must(t, 204, nil)
	w.do("GET", data+"/jobs/query/"+job, nil).must(t, 404, nil)
	for _, q := range []string{"SELECT MailingAddress FROM Contact", "SELECT COUNT() FROM Contact", "SELECT Id FROM Contact OFFSET 5", "SELECT Nope FROM Contact"} {
		w.do("POST", data+"/jobs/query", map[string]string{"operation": "query", "query": q}).must(t, 400, nil)
	}
}

func TestABulkQueryAllHasTheDeletedOnes(t *testing.T) {
	w := newWorld(t)
	a, b := w.create("Contact", map[string]any{"LastName": "A"}), w.create("Contact", map[string]any{"LastName": "B"})
	if err := w.Merge(nil, "Contact", a, b); err != nil {
		t.Fatal(err)
	}
	for operation, want := range map[string]string{"query": "", "queryAll": `"` + b + `","true","` + a + `"` + "\n"} {
		got := w.do("GET", data+"/jobs/query/"+w.bulkQuery(operation, "SELECT Id, IsDeleted, MasterRecordId FROM Contact WHERE MasterRecordId != null")+"/results", nil)
		if text := `"Id","IsDeleted","MasterRecordId"` + "\n" + want; string(got.body) != text || got.header.Get("Sforce-Locator") != "null" {
			t.Errorf("%s: %q, want %q", operation, got.body, text)
		}
	}
}

func TestPagesOfAQueryShowWhatWasThereWhenItBegan(t *testing.T) {
	w := newWorld(t)
	if err := w.Load("Contact", 450, func(i int) map[string]any { return map[string]any{"LastName": fmt.Sprint(i)} }); err != nil {
		t.Fatal(err)
	}
	w.BetweenPages(func() {
		if rows, err := w.Query("SELECT Id FROM Contact WHERE IsDeleted = false LIMIT 1"); err != nil || w.Delete(nil, "Contact", rows[0]["Id"].(string)) != nil {
			t.Error("cannot delete", err)
		}
	})
	path, n, pages := data+"/queryAll?q=SELECT+Id+FROM+Contact", 0, 0
	for path != "" {
		var got struct {
			TotalSize      int
			Done           bool
			NextRecordsURL string `json:"nextRecordsUrl"`
			Records        []any
		}
		w.do("GET", path, nil, "Sforce-Query-Options", "batchSize=200").must(t, 200, &got)
		if got.TotalSize != 450 || got.Done != (got.NextRecordsURL == "") {
			t.Errorf("page %d: %d rows of %d, next %q", pages, len(got.Records), got.TotalSize, got.NextRecordsURL)
		}
		if got.NextRecordsURL != "" && !strings.HasPrefix(got.NextRecordsURL, data+"/query/01g") {
			t.Errorf("the next page is at %s", got.NextRecordsURL)
		}
		n += len(got.Records)
		pages++
		path = got.NextRecordsURL
	}
	if n != 450 || pages != 3 {
		t.Errorf("%d rows on %d pages", n, pages)
	}
	w.do("GET", data+"/query/01g5g000000zzzzAAA-200", nil).must(t, 400, nil)
}

func TestALongTransactionIsSeenLate(t *testing.T) {
	w := newWorld(t)
	w.create("Contact", map[string]any{"LastName": "Early"})
	w.clock.Add(time.Minute)
	cursor := w.clock.Now()
	w.clock.Add(time.Second)
	w.SetCommitDelay(5 * time.Second)
	id := w.create("Contact", map[string]any{"LastName": "Late"})
	query := "SELECT Id FROM Contact WHERE SystemModstamp >= "
	if rows, err := w.Query(query + cursor.Format(time.RFC3339)); err != nil || len(rows) != 0 {
		t.Errorf("a poll from where the last one stood finds %v, %v", rows, err)
	}
	if rows, err := w.Query(query + cursor.Add(-10*time.Second).Format(time.RFC3339)); err != nil || len(rows) != 1 || rows[0]["Id"] != id {
		t.Errorf("a poll with overlap finds %v, %v", rows, err)
	}
}

func TestUpdatedAndDeletedTellOfAWindow(t *testing.T) {
	w := newWorld(t)
	a, b := w.create("Contact", map[string]any{"LastName": "A"}), w.create("Contact", map[string]any{"LastName": "B"})
	w.clock.Add(10 * time.Minute)
	if err := w.Delete(nil, "Contact", b); err != nil {
		t.Fatal(err)
	}
	w.clock.Add(10 * time.Minute)
	window := func(from, to time.Duration) string {
		const layout = "2006-01-02T15:04:05-07:00"
		start := w.clock.Now()
		return "?start=" + strings.ReplaceAll(start.Add(from).Format(layout), "+", "%2B") + "&end=" + strings.ReplaceAll(start.Add(to).Format(layout), "+", "%2B")
	}
	var updated struct{ IDs []string }
	w.do("GET", data+"/sobjects/Contact/updated"+window(-30*time.Minute, 5*time.Minute), nil).must(t, 200, &updated)
	if fmt.Sprint(updated.IDs) != fmt.Sprint([]string{a}) {
		t.Errorf("updated %v", updated.IDs)
	}
	var deleted struct {
		DeletedRecords    []struct{ ID, DeletedDate string }
		LatestDateCovered string
	}
	w.do("GET", data+"/sobjects/Contact/deleted"+window(-30*time.Minute, 0), nil).must(t, 200, &deleted)
	if len(deleted.DeletedRecords) != 1 || deleted.DeletedRecords[0].ID != b || deleted.DeletedRecords[0].DeletedDate != "2026-03-02T09:40:00.000+0000" || deleted.LatestDateCovered != "2026-03-02T09:50:00.000+0000" {
		t.Errorf("deleted %+v", deleted)
	}
	for _, bad := range []string{window(-time.Minute, 0), window(0, -time.Hour), window(-16*24*time.Hour, 0), "?start=x&end=y"} {
		var got []problem
		w.do("GET", data+"/sobjects/Contact/deleted"+bad, nil).must(t, 400, &got)
		if got[0].ErrorCode != "INVALID_REPLICATION_DATE" {
			t.Errorf("%s: %+v", bad, got)
		}
	}
}

// BenchmarkBulkPages serves an org of 200,000 contacts in pages of 50,000.
func BenchmarkBulkPages(b *testing.B) {
	w := newWorld(b)
	if err := w.Load("Contact", 200_000, contact); err != nil {
		b.Fatal(err)
	}
	job := w.bulkQuery("queryAll", "SELECT Id, LastName, FirstName, Phone, MobilePhone, HomePhone, OtherPhone, OwnerId, AccountId, IsDeleted, MasterRecordId, SystemModstamp FROM Contact")
	b.ResetTimer()
	rows := 0
	for b.Loop() {
		for locator := ""; locator != "null"; {
			a := w.do("GET", data+"/jobs/query/"+job+"/results?maxRecords=50000&locator="+locator, nil)
			if a.status != http.StatusOK {
				b.Fatal(a.status)
			}
			locator = a.header.Get("Sforce-Locator")
			rows += 50_000
		}
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkLoad(b *testing.B) {
	rows := 0
	for b.Loop() {
		org := newWorld(b)
		if err := org.Load("Contact", 100_000, contact); err != nil {
			b.Fatal(err)
		}
		rows += 100_000
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func contact(i int) map[string]any {
	return map[string]any{"LastName": fmt.Sprintf("Person %d", i), "FirstName": "Sam", "MobilePhone": fmt.Sprintf("+1512%07d", i), "Phone": fmt.Sprintf("(512) %03d-%04d", i/10000%1000, i%10000)}
}
