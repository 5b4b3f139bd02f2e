package salesforce

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
)

// How many steps one composite call may have, and how many of them queries.
const (
	MaxComposite        = 25
	MaxCompositeQueries = 5
)

// Step is one call within a composite one. A later step names a result of an
// earlier one as @{ref.id}.
type Step struct {
	Ref    string // letters, digits and underscores
	method string
	path   string
	body   map[string]any
	query  bool
	err    error
}

// StepResult is what became of a step.
type StepResult struct {
	Ref  string
	ID   string
	Body json.RawMessage
	Err  *Error
}

// UpsertStep is a step that upserts a record by its external id.
func (c *Client) UpsertStep(ref, object, field, key string, fields map[string]any) Step {
	what := "upsert " + object
	if !validName(field) {
		return Step{err: badName(what, field)}
	}
	return c.step(ref, what, http.MethodPatch, object, fields, "sobjects", object, field, key)
}

// CreateStep is a step that creates a record.
func (c *Client) CreateStep(ref, object string, fields map[string]any) Step {
	return c.step(ref, "create "+object, http.MethodPost, object, fields, "sobjects", object)
}

// UpdateStep is a step that changes a record.
func (c *Client) UpdateStep(ref, object, id string, fields map[string]any) Step {
	long, ok := LongID(id)
	if !ok {
		return Step{err: badValue("update "+object, "It is not the id of a Salesforce record")}
	}
	return c.step(ref, "update "+object, http.MethodPatch, object, fields, "sobjects", object, long)
}

func (c *Client) step(ref, what, method, object string, fields map[string]any, parts ...string) Step {
	if err := checkNames(what, object, fields); err != nil {
		return Step{err: err}
	}
	path, err := c.path(parts...)
	return Step{Ref: ref, method: method, path: path, body: fields, err: err}
}

// QueryAllStep is a step that runs a query as [Client.QueryAll] does. Its result
// is the first page.
func (c *Client) QueryAllStep(ref string, q *Query) Step {
	text, err := q.String()
	if err != nil {
		return Step{err: err}
	}
	path, err := c.path("queryAll")
	return Step{Ref: ref, method: http.MethodGet, path: path + "?" + url.Values{"q": {text}}.Encode(), query: true, err: err}
}

// Composite makes several calls as one, all of them or none if allOrNone. The
// results are in the order of the steps. Where the steps hang together, the
// first that failed by itself is [FirstFailure]. To Salesforce's limit it is one
// call.
func (c *Client) Composite(ctx context.Context, allOrNone bool, steps []Step) ([]StepResult, error) {
	const what = "make several calls"
	if len(steps) == 0 || len(steps) > MaxComposite {
		return nil, badValue(what, fmt.Sprintf("A composite call has 1 to %d steps", MaxComposite))
	}
	type part struct {
		Method string         `json:"method"`
		URL    string         `json:"url"`
		Ref    string         `json:"referenceId"`
		Body   map[string]any `json:"body,omitempty"`
	}
	parts := make([]part, len(steps))
	queries := 0
	reference := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,39}$`)
	for i, s := range steps {
		if s.err != nil {
			return nil, s.err
		}
		if !reference.MatchString(s.Ref) {
			return nil, badName(what, s.Ref)
		}
		parts[i] = part{s.method, s.path, s.Ref, s.body}
		if s.query {
			queries++
		}
	}
	if queries > MaxCompositeQueries {
		return nil, badValue(what, fmt.Sprintf("A composite call has at most %d queries", MaxCompositeQueries))
	}
	path, err := c.path("composite")
	if err != nil {
		return nil, err
	}
	r := call{what: what, use: UseWrite, method: http.MethodPost, path: path, changes: true,
		body: map[string]any{"allOrNone": allOrNone, "compositeRequest": parts}}
	if queries == len(steps) {
		r.what, r.use, r.changes = "read several objects", UsePoll, false
	}
	var body struct {
		Response []struct {
			Body   json.RawMessage `json:"body"`
			Status int             `json:"httpStatusCode"`
			Ref    string          `json:"referenceId"`
		} `json:"compositeResponse"`
	}
	if err := c.doJSON(ctx, r, &body); err != nil {
		return nil, err
	}
	byRef := map[string]StepResult{}
	for _, b := range body.Response {
		s := StepResult{Ref: b.Ref, Body: b.Body}
		if b.Status/100 != 2 {
			s.Err = answerError(what, b.Status, http.Header{}, b.Body, false)
		} else {
			var saved savedBody
			if len(b.Body) > 0 && json.Unmarshal(b.Body, &saved) == nil {
				s.ID, _ = LongID(saved.ID)
			}
		}
		byRef[b.Ref] = s
	}
	results := make([]StepResult, len(steps))
	for i, s := range steps {
		result, ok := byRef[s.Ref]
		if !ok {
			return nil, &Error{What: what, Code: CodeUnreadable, Class: ClassUnknown, Message: "Salesforce did not answer for every step"}
		}
		results[i] = result
	}
	return results, nil
}

// FirstFailure returns the first error that is not there for another's sake,
// or nil if all steps went well.
func FirstFailure(results []StepResult) *Error {
	var other *Error
	for _, r := range results {
		switch {
		case r.Err == nil:
		case r.Err.Code != "PROCESSING_HALTED":
			return r.Err
		case other == nil:
			other = r.Err
		}
	}
	return other
}
