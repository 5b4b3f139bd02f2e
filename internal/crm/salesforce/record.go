package salesforce

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
)

// Result is what became of one record that was written.
type Result struct {
	ID      string
	Created bool
	Err     *Error // nil: it is as it was asked for
}

// WriteOptions say how a record is written.
type WriteOptions struct {
	// SaveDuplicate saves the record though a duplicate rule would warn a person.
	// A rule that blocks blocks all the same.
	SaveDuplicate bool
}

// duplicates is the header of duplicate rules. Without it a rule that only
// warns a person in the pages fails a call of the API, and says no match.
func duplicates(o WriteOptions) map[string]string {
	save := "false"
	if o.SaveDuplicate {
		save = "true"
	}
	return map[string]string{"Sforce-Duplicate-Rule-Header": "allowSave=" + save + "; includeRecordDetails=true; runAsCurrentUser=true"}
}

type savedBody struct {
	ID      string      `json:"id"`
	Success bool        `json:"success"`
	Created bool        `json:"created"`
	Errors  []errorBody `json:"errors"`
}

// result reads what Salesforce says of one record. status is of the whole call.
func (b savedBody) result(what string, status int) Result {
	id, _ := LongID(b.ID)
	r := Result{ID: id, Created: b.Created}
	if b.Success {
		return r
	}
	r.Err = &Error{What: what, Status: status, Class: ClassRetry, Code: CodeMultiStatus}
	if len(b.Errors) > 0 {
		r.Err.fill(b.Errors, false)
	}
	r.Err.Row = r.Err.Class != ClassLimit && r.Err.Class != ClassNewToken
	return r
}

// Retrieve reads one record. A deleted one is an error of [ClassGone].
func (c *Client) Retrieve(ctx context.Context, object, id string, fields ...string) (Row, error) {
	what := "read " + object
	path, err := c.recordPath(what, object, id)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		if !validPath(f) {
			return nil, badName(what, f)
		}
	}
	r := call{what: what, use: UsePoll, method: http.MethodGet, path: path}
	if len(fields) > 0 {
		r.query = url.Values{"fields": {strings.Join(fields, ",")}}
	}
	var m map[string]any
	if err := c.doJSON(ctx, r, &m); err != nil {
		return nil, err
	}
	return asRow(m), nil
}

// Create makes a record and returns its id. After [ClassUnknown] it may exist:
// what has to exist once is made by [Client.Upsert].
func (c *Client) Create(ctx context.Context, object string, fields map[string]any, o WriteOptions) (string, error) {
	what := "create " + object
	if err := checkNames(what, object, fields); err != nil {
		return "", err
	}
	path, err := c.path("sobjects", object)
	if err != nil {
		return "", err
	}
	r := call{what: what, use: UseWrite, method: http.MethodPost, path: path, body: fields, header: duplicates(o), changes: true}
	var saved savedBody
	if err := c.doJSON(ctx, r, &saved); err != nil {
		return "", aboutRow(err)
	}
	result := saved.result(what, http.StatusCreated)
	if result.Err != nil {
		return "", result.Err
	}
	return result.ID, nil
}

// Update changes fields of a record; nil clears one.
func (c *Client) Update(ctx context.Context, object, id string, fields map[string]any, o WriteOptions) error {
	what := "update " + object
	if err := checkNames(what, object, fields); err != nil {
		return err
	}
	path, err := c.recordPath(what, object, id)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{what: what, use: UseWrite, method: http.MethodPatch, path: path, body: fields, header: duplicates(o), changes: true})
	return aboutRow(err)
}

// Delete puts a record into the recycle bin.
func (c *Client) Delete(ctx context.Context, object, id string) error {
	what := "delete " + object
	path, err := c.recordPath(what, object, id)
	if err != nil {
		return err
	}
	_, err = c.do(ctx, call{what: what, use: UseWrite, method: http.MethodDelete, path: path, changes: true})
	return aboutRow(err)
}

// Upsert creates the record whose external-id field is key, or updates it. It
// may be repeated after any outcome. fields has neither the key nor an id.
// Several records with the key are an error with [CodeSeveral].
func (c *Client) Upsert(ctx context.Context, object, field, key string, fields map[string]any, o WriteOptions) (Result, error) {
	what := "upsert " + object
	if err := checkNames(what, object, fields); err != nil {
		return Result{}, err
	}
	if !validName(field) {
		return Result{}, badName(what, field)
	}
	path, err := c.path("sobjects", object, field, key)
	if err != nil {
		return Result{}, err
	}
	r := call{what: what, use: UseWrite, method: http.MethodPatch, path: path, body: fields, header: duplicates(o), changes: true}
	a, err := c.do(ctx, r)
	if err != nil {
		if e := asError(err); e.Code == "NOT_FOUND" {
			e.Class = ClassPermanent // not the record: the field
		}
		return Result{}, aboutRow(err)
	}
	if a.status == http.StatusNoContent {
		// So old versions said that they had updated. The id is asked for.
		row, err := c.Retrieve(WithUse(ctx, useOf(ctx, UseWrite)), object+"/"+field, key, "Id")
		if err != nil {
			return Result{}, err
		}
		return Result{ID: row.ID("Id")}, nil
	}
	var saved savedBody
	if err := r.decode(a, &saved); err != nil {
		return Result{}, err
	}
	result := saved.result(what, a.status)
	if result.Err != nil {
		return Result{}, result.Err
	}
	result.Created = result.Created || a.status == http.StatusCreated
	return result, nil
}

// aboutRow marks an error of a call for one record that another record's call
// need not meet.
func aboutRow(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Status != 0 {
		switch e.Class {
		case ClassPermanent, ClassDuplicate, ClassGone:
			e.Row = true
		case ClassRetry:
			e.Row = e.Code == "UNABLE_TO_LOCK_ROW" || e.Code == "DUPLICATE_VALUE"
		}
	}
	return err
}

// recordPath returns the path of a record by its id, or by Object/Field and an
// external id.
func (c *Client) recordPath(what, object, id string) (string, error) {
	object, field, external := strings.Cut(object, "/")
	if !validName(object) {
		return "", badName(what, object)
	}
	if external {
		if !validName(field) {
			return "", badName(what, field)
		}
		return c.path("sobjects", object, field, id)
	}
	long, ok := LongID(id)
	if !ok {
		return "", badValue(what, "It is not the id of a Salesforce record")
	}
	return c.path("sobjects", object, long)
}

func checkNames(what, object string, fields map[string]any) error {
	if !validName(object) {
		return badName(what, object)
	}
	for f := range fields {
		if !validName(f) {
			return badName(what, f)
		}
	}
	return nil
}

// asError returns err as an [*Error], which everything here returns.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Class: ClassRetry, Err: err, Code: CodeNotSent, Message: "it was not sent"}
}
