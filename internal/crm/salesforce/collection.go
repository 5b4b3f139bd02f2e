package salesforce

import (
	"context"
	"fmt"
	"net/http"
)

// MaxCollection is how many records one call may write.
const MaxCollection = 200

// UpsertCollection upserts up to 200 records of one object by an external-id
// field, which each of them has among its fields. Rows fail by themselves:
// there is a result for each, in their order. An error is about the whole call.
func (c *Client) UpsertCollection(ctx context.Context, object, field string, records []map[string]any, o WriteOptions) ([]Result, error) {
	what := "upsert " + object
	if !validName(field) {
		return nil, badName(what, field)
	}
	path, err := c.path("composite", "sobjects", object, field)
	if err != nil {
		return nil, err
	}
	if len(records) == 0 {
		return nil, nil
	}
	if len(records) > MaxCollection {
		return nil, badValue(what, fmt.Sprintf("One call writes at most %d records", MaxCollection))
	}
	rows := make([]map[string]any, len(records))
	for i, fields := range records {
		if err := checkNames(what, object, fields); err != nil {
			return nil, err
		}
		row := make(map[string]any, len(fields)+1)
		for k, v := range fields {
			row[k] = v
		}
		row["attributes"] = map[string]string{"type": object}
		rows[i] = row
	}
	// allOrNone is false: one bad row must not hold up the others.
	r := call{what: what, use: UseWrite, method: http.MethodPatch, path: path, changes: true, header: duplicates(o),
		body: map[string]any{"allOrNone": false, "records": rows}}
	var saved []savedBody
	a, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	if err := r.decode(a, &saved); err != nil {
		return nil, err
	}
	if len(saved) != len(records) {
		return nil, &Error{What: what, Code: CodeUnreadable, Status: a.status, Class: ClassUnknown,
			Message: fmt.Sprintf("Salesforce answered for %d records of %d", len(saved), len(records))}
	}
	results := make([]Result, len(saved))
	for i, s := range saved {
		// The status is 200 even when every row failed.
		results[i] = s.result(what, a.status)
	}
	return results, nil
}
