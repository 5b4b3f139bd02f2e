package sforg

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// A job is one of Bulk API 2.0: a query, or an ingest of rows.
type job struct {
	id        string
	kind      string // query, ingest
	operation string
	object    *object
	user      *User
	version   string
	created   instant
	modified  instant
	state     string
	message   string

	soql string
	plan *plan
	rows []*row // versions as they were when the job ran
	page int    // rows in a page of results without maxRecords

	external string // field of an upsert
	upload   []byte
	newline  string
	results  []ingestRow
	header   []string
}

const defaultPage = 100_000

// jobs answers /jobs.
func (q *request) jobs(method string) {
	p := q.parts[1:]
	if len(p) == 0 || p[0] != "query" && p[0] != "ingest" {
		q.fail(notFound())
		return
	}
	if len(p) == 3 && p[2] == "results" && q.r.URL.Query().Get("locator") != "" {
		q.o.betweenPages()
	}
	q.lock()
	defer q.unlock()
	if len(p) == 1 {
		switch method {
		case http.MethodPost:
			q.makeJob(p[0])
		case http.MethodGet:
			list := []map[string]any{}
			for _, j := range q.o.jobList {
				if j.kind == p[0] {
					list = append(list, j.info())
				}
			}
			q.reply(http.StatusOK, map[string]any{"done": true, "records": list, "nextRecordsUrl": nil})
		default:
			q.methodNotAllowed()
		}
		return
	}
	j := q.o.jobs[p[1]]
	if len(p[1]) == 15 {
		j = q.o.jobs[longID(p[1])]
	}
	if j == nil || j.kind != p[0] {
		q.fail(notFound())
		return
	}
	switch {
	case len(p) == 2 && method == http.MethodGet:
		j.advance(q.o)
		q.reply(http.StatusOK, j.info())
	case len(p) == 2 && method == http.MethodPatch:
		q.changeJob(j)
	case len(p) == 2 && method == http.MethodDelete:
		delete(q.o.jobs, j.id)
		q.o.jobList = slices.DeleteFunc(q.o.jobList, func(other *job) bool { return other == j })
		q.w.WriteHeader(http.StatusNoContent)
	case j.kind == "query" && len(p) == 3 && p[2] == "results" && method == http.MethodGet:
		q.jobResults(j)
	case j.kind == "ingest" && len(p) == 3 && p[2] == "batches" && method == http.MethodPut:
		if j.state != "Open" {
			q.fail(errorPlain("INVALIDJOBSTATE", "Upload is allowed while the job is Open"))
			return
		}
		j.upload = q.body
		q.w.WriteHeader(http.StatusCreated)
	case j.kind == "ingest" && len(p) == 3 && method == http.MethodGet:
		j.advance(q.o)
		q.ingestResults(j, p[2])
	default:
		q.fail(notFound())
	}
}

func (q *request) makeJob(kind string) {
	var body struct {
		Operation, Query, Object, ContentType, ColumnDelimiter, LineEnding, ExternalIDFieldName string
	}
	if err := decodeJSON(q.body, &body); err != nil {
		q.fail(err)
		return
	}
	j := &job{kind: kind, operation: body.Operation, user: q.who.user, version: q.version, created: instantOf(q.o.now()), soql: body.Query, page: cmp.Or(q.o.bulkPage, defaultPage), newline: "\n"}
	j.modified = j.created
	if body.LineEnding == "CRLF" {
		j.newline = "\r\n"
	}
	if body.ColumnDelimiter != "" && body.ColumnDelimiter != "COMMA" || body.ContentType != "" && body.ContentType != "CSV" {
		q.fail(errorPlain("INVALIDJOB", "this org's bulk jobs are CSV with commas"))
		return
	}
	var err *Error
	if kind == "query" {
		err = j.prepareQuery(q.o)
	} else {
		err = j.prepareIngest(q.o, body.Object, body.ExternalIDFieldName)
	}
	if err != nil {
		q.fail(err)
		return
	}
	q.o.counter++
	j.id = makeID("750", q.o.counter)
	q.o.jobs[j.id] = j
	q.o.jobList = append(q.o.jobList, j)
	q.reply(http.StatusOK, j.info())
}

func (j *job) prepareQuery(o *Org) *Error {
	if j.operation != "query" && j.operation != "queryAll" {
		return errorPlain("INVALIDJOB", "operation has to be query or queryAll")
	}
	s, err := parseSOQL(j.soql)
	if err != nil {
		return err
	}
	if j.plan, err = o.bind(s, j.user, j.operation == "queryAll"); err != nil {
		return err
	}
	j.object = j.plan.ob
	if j.plan.count || j.plan.aggregate() || s.offset > 0 {
		return errorPlain("INVALIDJOB", "aggregates, GROUP BY and OFFSET are not supported in bulk queries")
	}
	if len(j.plan.nested) > 0 {
		return errorPlain("INVALIDJOB", "subqueries are not supported in bulk queries")
	}
	for _, c := range j.plan.columns {
		if c.field.Type == TypeAddress {
			return errorPlain("FUNCTIONALITY_NOT_ENABLED", "Selecting compound data not supported in Bulk Query: "+c.field.Name)
		}
	}
	j.state = "UploadComplete"
	return nil
}

// info is a job as its resource shows it. apiVersion is a number.
func (j *job) info() map[string]any {
	m := map[string]any{
		"id": j.id, "operation": j.operation, "object": j.object.Name, "createdById": j.user.ID, "createdDate": j.created.time().Format(restTime),
		"systemModstamp": j.modified.time().Format(restTime), "state": j.state, "concurrencyMode": "Parallel", "contentType": "CSV",
		"apiVersion": json.Number(j.version), "lineEnding": map[string]string{"\n": "LF", "\r\n": "CRLF"}[j.newline], "columnDelimiter": "COMMA",
		"jobType": map[string]string{"query": "V2Query", "ingest": "V2Ingest"}[j.kind],
	}
	if j.kind == "ingest" {
		m["contentUrl"] = "services/data/v" + j.version + "/jobs/ingest/" + j.id + "/batches"
		if j.external != "" {
			m["externalIdFieldName"] = j.external
		}
	}
	if j.state == "JobComplete" || j.state == "Failed" {
		n, failed := len(j.rows), 0
		if j.kind == "ingest" {
			n = len(j.results)
			for _, r := range j.results {
				if r.err != nil {
					failed++
				}
			}
			m["numberRecordsFailed"] = failed
			m["apexProcessingTime"], m["apiActiveProcessingTime"] = 0, 10
		}
		m["numberRecordsProcessed"], m["retries"], m["totalProcessingTime"] = n, 0, 10
		m["isPkChunkingSupported"] = true
	}
	if j.message != "" {
		m["errorMessage"] = j.message
	}
	return m
}

// advance moves a job one state on: each look at it is a step, so that nothing
// here needs a clock of its own.
func (j *job) advance(o *Org) {
	switch {
	case j.state == "UploadComplete":
		j.state = "InProgress"
	case j.state == "InProgress" && j.kind == "query":
		j.rows = j.plan.run()
		j.state = "JobComplete"
	case j.state == "InProgress":
		j.ingest(o)
	}
	j.modified = instantOf(o.now())
}

func (q *request) changeJob(j *job) {
	var body struct{ State string }
	if err := decodeJSON(q.body, &body); err != nil {
		q.fail(err)
		return
	}
	switch {
	case body.State == "Aborted" && j.state != "JobComplete" && j.state != "Failed":
		j.state = "Aborted"
	case body.State == "UploadComplete" && j.kind == "ingest" && j.state == "Open":
		j.state = "UploadComplete"
	default:
		q.fail(errorPlain("INVALIDJOBSTATE", "a job that is "+j.state+" cannot become "+cut(body.State, 40)))
		return
	}
	q.reply(http.StatusOK, j.info())
}

// jobResults serves a page of a query's result: with the header row, whichever
// page it is.
func (q *request) jobResults(j *job) {
	if q.version != j.version {
		q.fail(&Error{Code: "API_VERSION_CONFLICT", Message: fmt.Sprintf("the job was created with v%s and is read with v%s", j.version, q.version), Status: http.StatusConflict})
		return
	}
	if j.state != "JobComplete" {
		q.w.WriteHeader(http.StatusNoContent)
		return
	}
	form := q.r.URL.Query()
	size := j.page
	if s := form.Get("maxRecords"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			q.fail(errorPlain("INVALID_INPUT", "maxRecords has to be a positive number"))
			return
		}
		size = min(n, 250_000)
	}
	from := 0
	if l := form.Get("locator"); l != "" {
		text, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(l, "="))
		n, err2 := strconv.Atoi(string(text))
		if err != nil || err2 != nil || n < 0 || n > len(j.rows) {
			q.fail(errorPlain("INVALID_QUERY_LOCATOR", "invalid locator"))
			return
		}
		from = n
	}
	to := min(len(j.rows), from+size)
	locator := "null" // as a word: Salesforce's way to say that this was the last page
	if to < len(j.rows) {
		locator = base64.RawStdEncoding.EncodeToString([]byte(strconv.Itoa(to)))
	}
	b := make([]byte, 0, (to-from+1)*(16*len(j.plan.columns)+16))
	for i, c := range j.plan.columns {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendCSV(b, nil, c.path())
	}
	b = append(b, j.newline...)
	for _, r := range j.rows[from:to] {
		for i, c := range j.plan.columns {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendCSV(b, c.field, c.of(r))
		}
		b = append(b, j.newline...)
	}
	q.w.Header().Set("Content-Type", "text/csv")
	q.w.Header().Set("Sforce-Locator", locator)
	q.w.Header().Set("Sforce-NumberOfRecords", strconv.Itoa(to-from))
	q.w.WriteHeader(http.StatusOK)
	_, _ = q.w.Write(b)
}

// SetBulkPage changes how many rows a page of bulk results has when the caller
// says nothing: 100,000.
func (o *Org) SetBulkPage(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bulkPage = n
}
