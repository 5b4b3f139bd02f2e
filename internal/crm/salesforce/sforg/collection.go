package sforg

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

const (
	maxCollection = 200
	maxChunks     = 10 // of consecutive records of one type
)

// composite answers /composite and what is below it.
func (q *request) composite(method string) {
	p := q.parts[1:]
	switch {
	case len(p) == 0 && method == http.MethodPost:
		q.compositeRequest()
	case len(p) == 1 && p[0] == "graph" && method == http.MethodPost:
		q.graph()
	case len(p) == 1 && p[0] == "sobjects" && (method == http.MethodPost || method == http.MethodPatch):
		q.writeCollection(method, nil, "")
	case len(p) == 1 && p[0] == "sobjects" && method == http.MethodDelete:
		q.deleteCollection()
	case len(p) == 2 && p[0] == "sobjects":
		q.getCollection(method, p[1])
	case len(p) == 3 && p[0] == "sobjects" && method == http.MethodPatch:
		q.upsertCollection(p[1], p[2])
	default:
		q.fail(notFound())
	}
}

// record is a record of a collection, as sent.
type record map[string]any

// kind returns the type in a record's attributes.
func (r record) kind() string {
	a, _ := r["attributes"].(map[string]any)
	s, _ := a["type"].(string)
	return s
}

// take returns a member by its name in any case, and takes it out.
func (r record) take(name string) string {
	for k, v := range r {
		if strings.EqualFold(k, name) {
			delete(r, k)
			if v == nil {
				return ""
			}
			return fmt.Sprint(v)
		}
	}
	return ""
}

type collectionBody struct {
	AllOrNone bool     `json:"allOrNone"`
	Records   []record `json:"records"`
}

func (q *request) collection() (collectionBody, *Error) {
	var body collectionBody
	if err := q.decode(&body); err != nil {
		return body, err
	}
	switch {
	case len(body.Records) == 0:
		return body, errorPlain("REQUIRED_FIELD_MISSING", "A list of records is required")
	case len(body.Records) > maxCollection:
		return body, errorPlain("EXCEEDED_MAX_SOBJECT_COLLECTION_SIZE", fmt.Sprintf("record limit reached. cannot submit more than %d records into this call", maxCollection))
	}
	return body, nil
}

func (q *request) upsertCollection(object, field string) {
	q.lock()
	ob := q.o.object(object)
	var f *Field
	if ob != nil && q.who.user.seesObject(ob) {
		if f = ob.field(field); f != nil && !q.who.user.sees(ob, f) {
			f = nil
		}
	}
	q.unlock()
	if f == nil || !f.ExternalID && f.ordinal != fieldID {
		q.fail(&Error{Code: "NOT_FOUND", Message: "Provided external ID field does not exist or is not accessible: " + cut(field, 40), Status: http.StatusNotFound})
		return
	}
	q.writeCollection(http.MethodPatch, ob, f.Name)
}

// writeCollection creates (POST), updates (PATCH) or upserts (with a key) up to
// 200 records. The answer is 200 even if every row failed.
func (q *request) writeCollection(method string, upsertInto *object, key string) {
	body, err := q.collection()
	if err != nil {
		q.fail(err)
		return
	}
	chunks, last := 0, ""
	for _, r := range body.Records {
		kind := r.kind()
		if kind == "" {
			q.fail(errorPlain("INVALID_FIELD", "Include object type in attributes of each record"))
			return
		}
		if upsertInto != nil && !strings.EqualFold(kind, upsertInto.Name) {
			q.fail(errorPlain("INVALID_FIELD", "All records of an upsert have to be of the type "+upsertInto.Name))
			return
		}
		if !strings.EqualFold(kind, last) {
			chunks++
			last = kind
		}
	}
	if chunks > maxChunks {
		q.fail(errorPlain("LIMIT_EXCEEDED", "Operation too complex: maximum of 10 object type chunks"))
		return
	}
	q.lock()
	defer q.unlock()
	seen := map[string]bool{}
	q.rows(len(body.Records), body.AllOrNone, func(t *transaction, i int) (string, *bool, *Error) {
		r := body.Records[i]
		ob := t.o.object(r.kind())
		if ob == nil || !q.who.user.seesObject(ob) {
			return "", nil, errorPlain("INVALID_TYPE", fmt.Sprintf("sObject type '%s' is not supported.", cut(r.kind(), 80)))
		}
		if upsertInto != nil {
			if id := r.take("Id"); id != "" && !strings.EqualFold(key, "Id") {
				return "", nil, errorf("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an upsert by another field", "Id")
			}
			f := ob.field(key)
			value := r.take(key)
			if value == "" {
				return "", nil, errorf("MISSING_ARGUMENT", f.Name+" not specified", f.Name)
			}
			if seen[uniqueKey(f, value)] {
				return "", nil, errorf("DUPLICATE_EXTERNAL_ID", f.Name+": duplicate external id specified: "+cut(value, 80), f.Name)
			}
			seen[uniqueKey(f, value)] = true
			found := ob.byKey(f, value)
			if len(found) > 1 {
				return "", nil, errorf("DUPLICATE_EXTERNAL_ID", fmt.Sprintf("%s: more than one record found for external id field", f.Name), f.Name)
			}
			id, made, err := t.upsert(ob, f, value, r, found)
			return id, &made, err
		}
		if method == http.MethodPost {
			if r.take("Id") != "" {
				return "", nil, errorf("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", "Id")
			}
			id, err := t.create(ob, r)
			return id, nil, err
		}
		id := r.take("Id")
		if id == "" {
			return "", nil, errorf("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
		}
		if !looksLikeID(id) || t.o.objectOf(id) != ob {
			return "", nil, errorf("MALFORMED_ID", "malformed id "+cut(id, 40), "Id")
		}
		return longID(id[:15]), nil, t.update(ob, id, r)
	})
}

// rows does the writes of a collection one by one, and answers with a row each.
func (q *request) rows(n int, allOrNone bool, write func(t *transaction, i int) (string, *bool, *Error)) {
	t, start := q.begin()
	results := make([]created, n)
	failed := false
	for i := range n {
		mark := t.mark()
		err := q.fault.row(i)
		var id string
		var made *bool
		if err == nil {
			id, made, err = write(t, i)
		}
		if err != nil {
			t.rollback(mark)
			failed = true
			results[i] = created{Errors: []rowError{err.row()}}
			continue
		}
		results[i] = created{ID: id, Success: true, Errors: []rowError{}, Created: made}
	}
	if failed && allOrNone {
		t.rollback(start)
		for i := range results {
			if results[i].Success {
				results[i] = created{Errors: []rowError{errorf("ALL_OR_NONE_OPERATION_ROLLED_BACK",
					"Record rolled back because not all records were valid and the request was using AllOrNone header").row()}}
			}
		}
	}
	q.end(t)
	q.reply(http.StatusOK, results)
}

func (q *request) deleteCollection() {
	form := q.r.URL.Query()
	ids := strings.Split(form.Get("ids"), ",")
	if len(ids) > maxCollection {
		q.fail(errorPlain("EXCEEDED_MAX_SOBJECT_COLLECTION_SIZE", "record limit reached. cannot submit more than 200 records into this call"))
		return
	}
	q.lock()
	defer q.unlock()
	q.rows(len(ids), form.Get("allOrNone") == "true", func(t *transaction, i int) (string, *bool, *Error) {
		id := strings.TrimSpace(ids[i])
		ob := t.o.objectOf(id)
		if ob == nil || !looksLikeID(id) {
			return "", nil, errorf("MALFORMED_ID", "malformed id "+cut(id, 40), "Id")
		}
		return longID(id[:15]), nil, t.remove(ob, id)
	})
}

// getCollection reads up to 2,000 records by id; one that isn't there is null.
func (q *request) getCollection(method, object string) {
	var body struct {
		IDs    []string `json:"ids"`
		Fields []string `json:"fields"`
	}
	if method == http.MethodGet {
		form := q.r.URL.Query()
		body.IDs, body.Fields = strings.Split(form.Get("ids"), ","), strings.Split(form.Get("fields"), ",")
	} else if err := q.decode(&body); err != nil {
		q.fail(err)
		return
	}
	if len(body.IDs) > 2000 {
		q.fail(errorPlain("EXCEEDED_MAX_SOBJECT_COLLECTION_SIZE", "cannot read more than 2000 records in this call"))
		return
	}
	q.lock()
	defer q.unlock()
	ob := q.o.object(object)
	if ob == nil || !q.who.user.seesObject(ob) {
		q.fail(notFound())
		return
	}
	b := &binder{o: q.o, q: &soql{text: strings.Join(body.Fields, ","), from: ob.Name}, ob: ob, u: q.who.user}
	p := &plan{ob: ob}
	for _, name := range body.Fields {
		c, err := b.column(name, 0)
		if err != nil {
			q.fail(err)
			return
		}
		p.columns = append(p.columns, c)
	}
	s := p.shape()
	list := []json.RawMessage{}
	for _, id := range body.IDs {
		r := ob.find(id)
		if r == nil || r.deleted || !q.who.user.seesRow(ob, r) {
			list = append(list, json.RawMessage("null"))
			continue
		}
		list = append(list, s.append(nil, q.o, ob, r, q.version))
	}
	q.reply(http.StatusOK, list)
}
