package sforg

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"strconv"
	"strings"
)

// ingestRow is what became of a row of an ingest job.
type ingestRow struct {
	values  []string
	id      string
	created bool
	err     *Error
}

func (j *job) prepareIngest(o *Org, object, external string) *Error {
	j.object = o.object(object)
	if j.object == nil || !j.user.seesObject(j.object) {
		return errorPlain("INVALIDENTITY", "Unable to find object: "+cut(object, 80))
	}
	switch j.operation {
	case "insert", "update", "delete":
	case "upsert":
		f := j.object.field(external)
		if f == nil || !f.ExternalID && f.ordinal != fieldID {
			return errorPlain("INVALIDJOB", "upsert needs an external id field: "+cut(external, 80))
		}
		j.external = f.Name
	default:
		return errorPlain("INVALIDJOB", "operation has to be insert, update, upsert or delete")
	}
	j.state = "Open"
	return nil
}

// ingest runs the job: row by row, whatever becomes of the others. An empty cell
// leaves a field alone, #N/A clears it.
func (j *job) ingest(o *Org) {
	reader := csv.NewReader(bytes.NewReader(j.upload))
	all, err := reader.ReadAll()
	if err != nil || len(all) == 0 {
		j.state, j.message = "Failed", "InvalidBatch : Failed to parse CSV"
		return
	}
	j.header = all[0]
	t := o.begin(actor{user: j.user, version: j.version, client: "BulkApi"})
	for _, values := range all[1:] {
		row := ingestRow{values: values}
		fields := map[string]any{}
		id := ""
		for i, name := range j.header {
			v := values[i]
			switch {
			case strings.EqualFold(name, "Id"):
				id = v
				continue
			case v == "":
				continue
			case v == "#N/A":
				fields[name] = nil
				continue
			}
			if rel, key, ok := strings.Cut(name, "."); ok {
				fields[rel] = map[string]any{key: v}
			} else {
				fields[name] = v
			}
		}
		mark := t.mark()
		switch j.operation {
		case "insert":
			row.id, row.err = t.create(j.object, fields)
			row.created = true
		case "update":
			row.id, row.err = id, t.update(j.object, id, fields)
		case "delete":
			row.id, row.err = id, t.remove(j.object, id)
		case "upsert":
			f := j.object.field(j.external)
			value := record(fields).take(f.Name)
			if f.ordinal == fieldID {
				value = id
			}
			found := j.object.byKey(f, value)
			switch {
			case value == "":
				row.err = errorf("MISSING_ARGUMENT", f.Name+" not specified", f.Name)
			case len(found) > 1:
				row.err = errorf("DUPLICATE_EXTERNAL_ID", f.Name+": more than one record found for external id field", f.Name)
			default:
				row.id, row.created, row.err = t.upsert(j.object, f, value, fields, found)
			}
		}
		if row.err != nil {
			t.rollback(mark)
			row.id, row.created = "", false
		}
		j.results = append(j.results, row)
	}
	t.commit()
	j.state = "JobComplete"
}

func (q *request) ingestResults(j *job, which string) {
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	write := func(values ...string) {
		if err := w.Write(values); err != nil {
			q.o.log.Warn("write bulk results", "error", err)
		}
	}
	switch which {
	case "successfulResults":
		write(append([]string{"sf__Id", "sf__Created"}, j.header...)...)
		for _, r := range j.results {
			if r.err == nil {
				write(append([]string{r.id, strconv.FormatBool(r.created)}, r.values...)...)
			}
		}
	case "failedResults":
		write(append([]string{"sf__Id", "sf__Error"}, j.header...)...)
		for _, r := range j.results {
			if r.err != nil {
				write(append([]string{r.id, r.err.Code + ":" + r.err.Message + ":" + strings.Join(r.err.Fields, " ") + "--"}, r.values...)...)
			}
		}
	case "unprocessedrecords", "unprocessedRecords":
		write(j.header...)
	default:
		q.fail(notFound())
		return
	}
	w.Flush()
	q.w.Header().Set("Content-Type", "text/csv")
	q.w.WriteHeader(http.StatusOK)
	_, _ = q.w.Write(buf.Bytes())
}
