package salesforce

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// bulkPage is how many rows are asked for at once. Without a bound Salesforce
// makes one page of everything, which stalls.
const bulkPage = 50_000

// The waits between two looks at a job, and the attempts at one of its pages.
const (
	jobFirstLook  = 25 * time.Millisecond
	jobLongestGap = 15 * time.Second
	pageAttempts  = 6
)

// Job is a bulk query on Salesforce's side. Its results are kept for a week.
type Job struct {
	ID      string
	State   string // UploadComplete, InProgress, JobComplete, Failed or Aborted
	Object  string
	Rows    int64  // so far
	Message string // why it failed
}

// Done reports whether the job has come to an end, good or bad.
func (j Job) Done() bool {
	return j.State == "JobComplete" || j.State == "Failed" || j.State == "Aborted"
}

type jobBody struct {
	ID      string  `json:"id"`
	State   string  `json:"state"`
	Object  string  `json:"object"`
	Rows    flexInt `json:"numberRecordsProcessed"`
	Message string  `json:"errorMessage"`
}

func (b jobBody) job() (Job, error) {
	if b.ID == "" || b.State == "" {
		return Job{}, &Error{What: "run a bulk query", Code: CodeUnreadable, Class: ClassRetry, Message: "Salesforce gave no job"}
	}
	return Job{ID: b.ID, State: b.State, Object: b.Object, Rows: int64(b.Rows), Message: b.Message}, nil
}

// StartBulk begins a bulk query, of deleted records too if deleted.
func (c *Client) StartBulk(ctx context.Context, q *Query, deleted bool) (Job, error) {
	text, err := q.String()
	if err != nil {
		return Job{}, err
	}
	operation := "query"
	if deleted {
		operation = "queryAll"
	}
	path, err := c.path("jobs", "query")
	if err != nil {
		return Job{}, err
	}
	var body jobBody
	// A job that was begun and never heard of costs one of the day's 10,000, and
	// nothing else: it may be begun again.
	r := call{what: "start a bulk query of " + q.from, use: UsePoll, method: http.MethodPost, path: path, body: map[string]string{
		"operation": operation, "query": text, "contentType": "CSV", "columnDelimiter": "COMMA", "lineEnding": "LF"}}
	if err := c.doJSON(ctx, r, &body); err != nil {
		if HasCode(err, "INVALID_FIELD", "INVALID_TYPE") {
			c.Forget(q.from)
		}
		return Job{}, err
	}
	return body.job()
}

// Job looks at a job.
func (c *Client) Job(ctx context.Context, id string) (Job, error) {
	path, err := c.path("jobs", "query", id)
	if err != nil {
		return Job{}, err
	}
	var body jobBody
	if err := c.doJSON(ctx, call{what: "look at a bulk query", use: UsePoll, method: http.MethodGet, path: path}, &body); err != nil {
		return Job{}, err
	}
	return body.job()
}

// AwaitJob looks at a job until it is complete, ever less often, and tells
// progress each time. A job that fails or is aborted is an error with
// [CodeJobFailed].
func (c *Client) AwaitJob(ctx context.Context, id string, progress func(Job)) (Job, error) {
	failures := 0
	for gap := jobFirstLook; ; gap = min(2*gap, jobLongestGap) {
		j, err := c.Job(ctx, id)
		switch {
		case err != nil && ClassOf(err) == ClassRetry && failures < pageAttempts && ctx.Err() == nil:
			failures++
		case err != nil:
			return Job{}, err
		default:
			failures = 0
			if progress != nil {
				progress(j)
			}
			if j.Done() {
				return j, j.failure()
			}
		}
		if err := c.wait(ctx, gap-time.Duration(c.random()*float64(gap)/5)); err != nil {
			return Job{}, &Error{What: "wait for a bulk query", Code: CodeNotSent, Class: ClassRetry, Message: "the wait was broken off", Err: err}
		}
	}
}

func (j Job) failure() error {
	if j.State == "JobComplete" {
		return nil
	}
	e := &Error{What: "run a bulk query of " + j.Object, Code: CodeJobFailed, Class: ClassPermanent, Message: j.Message, Quoted: true}
	if j.Message == "" {
		e.Message, e.Quoted = "the job ended as "+j.State, false
	}
	return e
}

// DeleteJob throws a job's results away, which count against the org's day for
// a week otherwise.
func (c *Client) DeleteJob(ctx context.Context, id string) error {
	path, err := c.path("jobs", "query", id)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{what: "delete a bulk query", use: UsePoll, method: http.MethodDelete, path: path})
	return err
}

// Place is where reading a job's results stands. It can be kept, and reading
// goes on there after a restart.
type Place struct {
	Locator string `json:"locator,omitempty"` // of the page, "" for the first
	Skip    int    `json:"skip,omitempty"`    // rows of that page that have been read
	Done    bool   `json:"done,omitempty"`    // nothing is left
}

// BulkRow is a row of results, and the place behind it.
type BulkRow struct {
	Header []string // of the row's page; another slice for each page
	Values []string // the slice is used again for the next row, the texts are not
	Place  Place
}

// BulkRows reads the results of a complete job from a place on, and yields
// each row. No more than a row is held in memory. A connection that breaks is
// made again, at the row where it broke. yield returns whether to go on; the
// error is nil if it did not want to, or if all was read.
func (c *Client) BulkRows(ctx context.Context, job string, from Place, yield func(BulkRow) bool) (Place, error) {
	at := from
	failures := 0
	for !at.Done {
		before := at
		on, err := c.bulkPageRows(ctx, job, &at, yield)
		if err == nil && !on {
			return at, nil
		}
		if err == nil {
			failures = 0
			continue
		}
		if at != before {
			failures = 0
		}
		failures++
		if ClassOf(err) != ClassRetry || failures >= pageAttempts || ctx.Err() != nil {
			return at, err
		}
		gap := time.Second << (failures - 1)
		if waited := c.wait(ctx, gap-time.Duration(c.random()*float64(gap)/5)); waited != nil {
			return at, err
		}
	}
	return at, nil
}

// bulkPageRows reads a page from at on, and moves at with each row that yield
// has taken.
func (c *Client) bulkPageRows(ctx context.Context, job string, at *Place, yield func(BulkRow) bool) (on bool, err error) {
	const what = "read the results of a bulk query"
	path, err := c.path("jobs", "query", job, "results")
	if err != nil {
		return false, err
	}
	query := url.Values{"maxRecords": {strconv.Itoa(bulkPage)}}
	if at.Locator != "" {
		query.Set("locator", at.Locator)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// Each page is an answer of unknown length: what is bounded is how long
	// nothing comes.
	watch := time.AfterFunc(c.idle, func() { stop(errIdle) })
	defer watch.Stop()
	r := call{what: what, use: UsePoll, method: http.MethodGet, path: path, query: query, header: map[string]string{"Accept": "text/csv"}}
	resp, err := c.send(ctx, r)
	if err != nil {
		return false, err
	}
	defer func() { _ = resp.Body.Close() }() // a page that was read, or is given up
	if resp.StatusCode == http.StatusNoContent {
		return false, &Error{What: what, Code: CodeUnreadable, Status: resp.StatusCode, Class: ClassRetry, Message: "the results are not there yet"}
	}
	rows, err := newCSV(&idleReader{resp.Body, watch, c.idle})
	if err != nil {
		return false, r.csvError(ctx, err)
	}
	n := 0
	for ; ; n++ {
		values, err := rows.next()
		if err != nil {
			return false, r.csvError(ctx, err)
		}
		if values == nil {
			break
		}
		if n < at.Skip {
			continue
		}
		at.Skip = n + 1
		if !yield(BulkRow{rows.header, values, *at}) {
			return false, nil
		}
	}
	// A page may be cut between two rows by what is on the way.
	if told, err := strconv.Atoi(resp.Header.Get("Sforce-NumberOfRecords")); err == nil && told > n {
		return false, r.broken(io.ErrUnexpectedEOF)
	}
	// The last page says "null", as a word. A header that a proxy has taken away
	// must not pass for the end.
	next, given := resp.Header["Sforce-Locator"]
	if !given || len(next) == 0 || next[0] == "" {
		return false, &Error{What: what, Code: CodeUnreadable, Class: ClassPermanent,
			Message: "a proxy takes the header Sforce-Locator away, without which nobody can tell the last page: let it through"}
	}
	if next[0] == "null" {
		*at = Place{Done: true}
	} else if next[0] == at.Locator {
		return false, &Error{What: what, Code: CodeUnreadable, Class: ClassPermanent, Message: "Salesforce sends the same page again and again"}
	} else {
		*at = Place{Locator: next[0]}
	}
	return true, nil
}

func (r call) csvError(ctx context.Context, err error) *Error {
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	if _, ok := err.(badCSV); ok {
		return &Error{What: r.what, Code: CodeUnreadable, Class: ClassPermanent, Message: fmt.Sprintf("the results can't be read: %v", err)}
	}
	return r.broken(err)
}
