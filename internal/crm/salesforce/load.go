package salesforce

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/switchboardhq/switchboard"
)

// bulkFrom is the number of records from which a bulk job is worth its wait.
const bulkFrom = 10_000

// loadPage is how many records of a bulk result make one page here.
const loadPage = 5_000

// Loading is how far a first load is. It can be kept, and the load goes on
// there after a restart; the zero value begins one.
type Loading struct {
	Since time.Time // the org's clock when it began, less [Overlap]: polling goes on from here
	Job   string    // of the bulk query, "" if there is none
	Next  string    // where it goes on; only this package reads it
	Rows  int64     // read so far
	Total int64     // that there were when it began
	Done  bool
}

// LoadPage is a part of a first load.
type LoadPage struct {
	Records []switchboard.RemoteRecord
	Loading Loading   // behind these records
	ReadAt  time.Time // our clock before the data was taken
}

// Load yields all records of an object, those in the recycle bin and the losers
// of merges among them, from where an earlier load stopped. A large object is
// read by a bulk job, whose results live for a week; a load whose job is gone
// begins anew. It has no lower bound in time: old records get texts too.
func (o *Org) Load(ctx context.Context, object switchboard.Object, fields []string, from Loading) iter.Seq2[LoadPage, error] {
	return func(yield func(LoadPage, error) bool) {
		if from.Done {
			return
		}
		p, err := o.plan(ctx, object, fields)
		if err != nil {
			yield(LoadPage{}, err)
			return
		}
		l := &loader{org: o, plan: p, at: from, yield: yield}
		err = l.run(ctx)
		if from.Job != "" && l.pages == 0 && lostJob(err) {
			l.at = Loading{}
			err = l.run(ctx)
		}
		if err != nil {
			yield(LoadPage{}, err)
		}
	}
}

// lostJob reports whether the job of a load that is resumed is of no more use:
// its results have expired, or it has failed since.
func lostJob(err error) bool {
	return err != nil && (ClassOf(err) == ClassGone || HasCode(err, CodeJobFailed, codeColumns, "INVALIDJOB", "INVALIDJOBSTATE", "INVALID_ID_FIELD", "MALFORMED_ID"))
}

// loader is one run of a load.
type loader struct {
	org     *Org
	plan    *plan
	at      Loading
	read    time.Time
	yield   func(LoadPage, error) bool
	pages   int
	stopped bool
}

func (l *loader) run(ctx context.Context) error {
	l.read = l.org.now()
	if l.at.Since.IsZero() {
		if err := l.begin(ctx); err != nil {
			return err
		}
	}
	if l.at.Job != "" {
		return l.bulk(ctx)
	}
	return l.query(ctx)
}

// begin counts, and begins a job if there is much to read.
func (l *loader) begin(ctx context.Context) error {
	object := string(l.plan.object)
	page, err := l.org.first(ctx, "queryAll", Count(object))
	if HasCode(err, "QUERY_TIMEOUT", "OPERATION_TOO_LARGE") {
		page, err = &Page{Total: bulkFrom}, nil // too many to be counted is many
	}
	if err != nil {
		return err
	}
	l.at = Loading{Since: l.org.clock(page.Date).Add(-Overlap), Total: int64(page.Total)}
	if page.Total < bulkFrom {
		return nil
	}
	job, err := l.org.StartBulk(ctx, Select(object, l.plan.columns...), true)
	if noJobs(err) {
		return nil // pages take longer, and arrive
	}
	if err != nil {
		return err
	}
	l.at.Job = job.ID
	return nil
}

// noJobs reports whether the org takes no bulk job, because the day's are used
// up or because it has none, while its other calls may go well.
func noJobs(err error) bool {
	return HasCode(err, "EXCEEDED_QUOTA", "EXCEEDED_MAX_JOBS", "LIMIT_EXCEEDED", "API_DISABLED_FOR_ORG", "FEATURENOTENABLED")
}

// query reads by pages, in the order of ids.
func (l *loader) query(ctx context.Context) error {
	q := Select(string(l.plan.object), l.plan.columns...).OrderBy("Id")
	if l.at.Next != "" {
		q.Where(Greater("Id", l.at.Next))
	}
	for page, err := range l.org.QueryAll(ctx, q) {
		if err != nil {
			return err
		}
		records := l.plan.rows(page.Rows)
		if n := len(records); n > 0 {
			l.at.Next = records[n-1].SalesforceID
		}
		l.at.Done = page.Next == ""
		if err := l.give(ctx, records); err != nil || l.stopped {
			return err
		}
	}
	return nil
}

// bulk reads the results of the job.
func (l *loader) bulk(ctx context.Context) error {
	if _, err := l.org.AwaitJob(ctx, l.at.Job, nil); err != nil {
		return err
	}
	place, err := parsePlace(l.at.Next)
	if err != nil {
		return err
	}
	var batch []switchboard.RemoteRecord
	var header *string // the first of the page's, which tells one page from another
	var column map[string]int
	var failed error
	flush := func(at Place) {
		l.at.Next, l.at.Done = at.text(), at.Done
		failed = l.give(ctx, batch)
		batch = make([]switchboard.RemoteRecord, 0, loadPage) // the others are the caller's
	}
	end, err := l.org.BulkRows(ctx, l.at.Job, place, func(row BulkRow) bool {
		if header != &row.Header[0] {
			header = &row.Header[0]
			if column, failed = l.columns(row.Header); failed != nil {
				return false
			}
		}
		r, ok := l.plan.record(func(name string) any {
			if i, there := column[name]; there {
				return row.Values[i]
			}
			return nil
		})
		if ok {
			batch = append(batch, r)
		}
		if len(batch) == loadPage {
			flush(row.Place)
		}
		return failed == nil && !l.stopped
	})
	if failed != nil || l.stopped {
		return failed
	}
	if err != nil {
		return err
	}
	if flush(end); failed == nil {
		_ = l.org.DeleteJob(ctx, l.at.Job) // it would go by itself in a week
	}
	return failed
}

// columns finds the columns of a page. Their order is the query's, but a page
// is believed by its header alone.
func (l *loader) columns(header []string) (map[string]int, error) {
	at := make(map[string]int, len(header))
	for i, name := range header {
		at[name] = i
	}
	for _, name := range l.plan.columns {
		if _, ok := at[name]; !ok {
			return nil, &Error{What: "read the results of a bulk query", Code: codeColumns, Class: ClassPermanent, Message: fmt.Sprintf("the results have no column %s", name)}
		}
	}
	return at, nil
}

// codeColumns is the code of results that were asked for before the fields were
// chosen anew.
const codeColumns = "OTHER_COLUMNS"

// give hands records over.
func (l *loader) give(ctx context.Context, records []switchboard.RemoteRecord) error {
	if err := l.org.followMerges(ctx, records); err != nil {
		return err
	}
	l.at.Rows += int64(len(records))
	l.pages++
	l.stopped = !l.yield(LoadPage{records, l.at, l.read}, nil)
	return nil
}

// text writes a place so that parsePlace reads it.
func (p Place) text() string {
	if p.Done {
		return ""
	}
	return strconv.Itoa(p.Skip) + " " + p.Locator
}

func parsePlace(s string) (Place, error) {
	if s == "" {
		return Place{}, nil
	}
	skip, locator, ok := strings.Cut(s, " ")
	n, err := strconv.Atoi(skip)
	if !ok || err != nil || n < 0 {
		return Place{}, badValue("resume a load", "The place to resume at cannot be read")
	}
	return Place{Locator: locator, Skip: n}, nil
}

// IDs yields the ids of an object's records that are not deleted, in no order,
// for a comparison with what is here: it finds what a poll has missed for
// whatever reason.
func (o *Org) IDs(ctx context.Context, object switchboard.Object) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		if err := o.ids(ctx, string(object), func(ids []string) bool { return yield(ids, nil) }); err != nil {
			yield(nil, err)
		}
	}
}

func (o *Org) ids(ctx context.Context, object string, yield func([]string) bool) error {
	n, err := o.Count(ctx, Count(object), false)
	if err != nil {
		return err
	}
	q := Select(object, "Id")
	if n >= bulkFrom {
		job, err := o.StartBulk(ctx, q, false)
		if err == nil {
			return o.bulkIDs(ctx, job.ID, yield)
		}
		if !noJobs(err) {
			return err
		}
	}
	for page, err := range o.Query(ctx, q) {
		if err != nil {
			return err
		}
		ids := make([]string, 0, len(page.Rows))
		for _, row := range page.Rows {
			ids = append(ids, row.ID("Id"))
		}
		if !yield(ids) {
			return nil
		}
	}
	return nil
}

func (o *Org) bulkIDs(ctx context.Context, job string, yield func([]string) bool) error {
	if _, err := o.AwaitJob(ctx, job, nil); err != nil {
		return err
	}
	ids := make([]string, 0, loadPage)
	bad := false
	end, err := o.BulkRows(ctx, job, Place{}, func(row BulkRow) bool {
		id, ok := LongID(row.Values[0])
		if bad = !ok; bad {
			return false
		}
		if ids = append(ids, id); len(ids) < loadPage {
			return true
		}
		full := ids
		ids = make([]string, 0, loadPage) // the others are the caller's
		return yield(full)
	})
	switch {
	case bad:
		return &Error{What: "compare ids", Code: CodeUnreadable, Class: ClassPermanent, Message: "what Salesforce gave are no ids"}
	case err != nil || !end.Done:
		return err
	}
	_ = o.DeleteJob(ctx, job) // it would go by itself in a week
	if len(ids) > 0 {
		yield(ids)
	}
	return nil
}
