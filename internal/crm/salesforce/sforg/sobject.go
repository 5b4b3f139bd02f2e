package sforg

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// sobjects answers /sobjects and what is below it.
func (q *request) sobjects(method string) {
	p := q.parts[1:]
	if len(p) == 0 {
		q.globalDescribe()
		return
	}
	q.lock()
	defer q.unlock()
	ob := q.o.object(p[0])
	if ob == nil || !q.who.user.seesObject(ob) {
		q.fail(notFound())
		return
	}
	switch {
	case len(p) == 1 && method == http.MethodPost:
		q.createOne(ob)
	case len(p) == 1 && method == http.MethodGet:
		q.reply(http.StatusOK, map[string]any{"objectDescribe": q.described(ob), "recentItems": []any{}})
	case len(p) == 2 && p[1] == "describe" && method == http.MethodGet:
		q.describe(ob)
	case len(p) == 2 && (p[1] == "updated" || p[1] == "deleted") && method == http.MethodGet:
		q.replicate(ob, p[1] == "deleted")
	case len(p) == 2:
		q.record(ob, method, p[1])
	case len(p) == 3 && strings.EqualFold(p[1], "Id"):
		q.record(ob, method, p[2])
	case len(p) == 3:
		q.byExternalID(ob, method, p[1], p[2])
	default:
		q.fail(notFound())
	}
}

// injected answers with the fault of a single write, if there is one.
func (q *request) injected() bool {
	if err := q.fault.row(0); err != nil {
		q.fail(err)
		return true
	}
	return false
}

func (q *request) fields() (map[string]any, *Error) {
	var fields map[string]any
	if err := q.decode(&fields); err != nil {
		return nil, err
	}
	if fields == nil {
		return nil, errorPlain("JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has no entity body.")
	}
	return fields, nil
}

func (q *request) createOne(ob *object) {
	fields, err := q.fields()
	if err != nil {
		q.fail(err)
		return
	}
	if q.injected() {
		return
	}
	t, start := q.begin()
	id, err := t.create(ob, fields)
	if err != nil {
		t.rollback(start)
		q.fail(err)
		return
	}
	q.end(t)
	q.w.Header().Set("Location", q.path("/sobjects/"+ob.Name+"/"+id))
	q.reply(http.StatusCreated, created{ID: id, Success: true, Errors: []rowError{}})
}

// created is what a write answers, alone or in a row.
type created struct {
	ID      string     `json:"id,omitempty"`
	Success bool       `json:"success"`
	Errors  []rowError `json:"errors"`
	Created *bool      `json:"created,omitempty"`
}

// record answers for one record by its id.
func (q *request) record(ob *object, method, id string) {
	r := ob.find(id)
	if r == nil || r.deleted && method == http.MethodGet || !q.who.user.seesRow(ob, r) {
		q.fail(&Error{Code: "NOT_FOUND", Message: "Provided external ID field does not exist or is not accessible: " + cut(id, 40), Status: http.StatusNotFound})
		return
	}
	switch method {
	case http.MethodGet, http.MethodHead:
		q.get(ob, r)
	case http.MethodPatch, http.MethodDelete:
		var fields map[string]any
		if method == http.MethodPatch {
			var err *Error
			if fields, err = q.fields(); err != nil {
				q.fail(err)
				return
			}
		}
		if q.injected() {
			return
		}
		t, start := q.begin()
		var err *Error
		if method == http.MethodPatch {
			err = t.update(ob, r.id, fields)
		} else {
			err = t.remove(ob, r.id)
		}
		if err != nil {
			t.rollback(start)
			q.fail(err)
			return
		}
		q.end(t)
		q.w.WriteHeader(http.StatusNoContent)
	default:
		q.methodNotAllowed()
	}
}

func (q *request) get(ob *object, r *row) {
	s := &shape{}
	if list := q.r.URL.Query().Get("fields"); list != "" {
		b := &binder{o: q.o, q: &soql{text: list, from: ob.Name}, ob: ob, u: q.who.user}
		p := &plan{ob: ob}
		for _, name := range strings.Split(list, ",") {
			c, err := b.column(strings.TrimSpace(name), 0)
			if err != nil {
				q.fail(errorPlain("INVALID_FIELD", fmt.Sprintf("No such column '%s' on sobject of type %s", strings.TrimSpace(name), ob.Name)))
				return
			}
			p.columns = append(p.columns, c)
		}
		s = p.shape()
	} else {
		for _, f := range ob.fields {
			if q.who.user.sees(ob, f) {
				s.kids = append(s.kids, &shape{name: f.Name, column: &column{o: q.o, ob: ob, from: ob, field: f}})
			}
		}
	}
	q.w.Header().Set("Last-Modified", r.modified.time().Format(http.TimeFormat))
	q.reply(http.StatusOK, s.append(nil, q.o, ob, r, q.version))
}

// byExternalID answers for a record by a key of its own: reads, upserts, deletes.
func (q *request) byExternalID(ob *object, method, field, value string) {
	f := ob.field(field)
	if f == nil || !f.ExternalID || !q.who.user.sees(ob, f) {
		q.fail(&Error{Code: "NOT_FOUND", Message: "Provided external ID field does not exist or is not accessible: " + cut(field, 40), Status: http.StatusNotFound})
		return
	}
	found := ob.byKey(f, value)
	if len(found) > 1 {
		var urls []string
		for _, r := range found {
			urls = append(urls, q.path("/sobjects/"+ob.Name+"/"+r.id))
		}
		q.reply(http.StatusMultipleChoices, urls)
		return
	}
	if method == http.MethodPatch || method == http.MethodPost {
		q.upsertOne(ob, f, value, found)
		return
	}
	if len(found) == 0 {
		q.fail(notFound())
		return
	}
	q.record(ob, method, found[0].id)
}

func (q *request) upsertOne(ob *object, f *Field, value string, found []*row) {
	fields, err := q.fields()
	if err != nil {
		q.fail(err)
		return
	}
	for name := range fields {
		if strings.EqualFold(name, f.Name) {
			q.fail(errorf("INVALID_FIELD", "The "+f.Name+" field should not be specified in the sobject data.", f.Name))
			return
		}
		if strings.EqualFold(name, "Id") {
			q.fail(errorf("INVALID_FIELD", "The Id field should not be specified in the sobject data."))
			return
		}
	}
	if q.injected() {
		return
	}
	t, start := q.begin()
	id, made, err := t.upsert(ob, f, value, fields, found)
	if err != nil {
		t.rollback(start)
		q.fail(err)
		return
	}
	q.end(t)
	status := http.StatusOK
	if made {
		status = http.StatusCreated
		q.w.Header().Set("Location", q.path("/sobjects/"+ob.Name+"/"+id))
	}
	if !made && versionNumber(q.version) < 46 {
		q.w.WriteHeader(http.StatusNoContent) // as it was once
		return
	}
	q.reply(status, created{ID: id, Success: true, Errors: []rowError{}, Created: &made})
}

// upsert writes the record with a key, or makes it.
func (t *transaction) upsert(ob *object, f *Field, value string, fields map[string]any, found []*row) (id string, made bool, err *Error) {
	if len(found) == 1 {
		return found[0].id, false, t.update(ob, found[0].id, fields)
	}
	fields[f.Name] = value
	id, err = t.create(ob, fields)
	return id, true, err
}

// replicate answers getUpdated and getDeleted.
func (q *request) replicate(ob *object, deleted bool) {
	form := q.r.URL.Query()
	start, err1 := parseTime(form.Get("start"))
	end, err2 := parseTime(form.Get("end"))
	now := q.o.now()
	start, end = start.Truncate(time.Minute), end.Truncate(time.Minute)
	oldest := now.AddDate(0, 0, -30)
	if deleted {
		oldest = now.AddDate(0, 0, -15)
	}
	switch {
	case err1 != nil || err2 != nil:
		q.fail(errorPlain("INVALID_REPLICATION_DATE", "start and end have to be dates with a time and an offset"))
		return
	case end.Sub(start) <= time.Minute:
		q.fail(errorPlain("INVALID_REPLICATION_DATE", "endDate should be more than a minute after startDate"))
		return
	case start.Before(oldest.Add(-time.Minute)):
		q.fail(errorPlain("INVALID_REPLICATION_DATE", "startDate before org replication enabled date or further back than the days allowed"))
		return
	}
	covered := end
	if covered.After(now) {
		covered = now.Truncate(time.Minute)
	}
	ids, gone := []string{}, []map[string]string{}
	for _, r := range ob.rows {
		if r == nil || r.deleted != deleted || !q.who.user.seesRow(ob, r) || r.stamp.time().Before(start) || !r.stamp.time().Before(end) {
			continue
		}
		if deleted {
			gone = append(gone, map[string]string{"id": r.id, "deletedDate": r.stamp.time().Format(restTime)})
		} else {
			ids = append(ids, r.id)
		}
	}
	if len(ids)+len(gone) > 600_000 {
		q.fail(errorPlain("EXCEEDED_ID_LIMIT", "more than 600,000 ids"))
		return
	}
	m := map[string]any{"latestDateCovered": covered.Format(restTime)}
	if deleted {
		m["deletedRecords"], m["earliestDateAvailable"] = gone, oldest.Truncate(time.Minute).Format(restTime)
	} else {
		m["ids"] = ids
	}
	q.reply(http.StatusOK, m)
}
