package salesforce

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// Updated are the records that changed in a stretch of time.
type Updated struct {
	IDs     []string
	Covered time.Time // where the next stretch begins: later changes may not be in yet
}

// Deleted are the records that were deleted in a stretch of time.
type Deleted struct {
	IDs      []string
	Earliest time.Time // the log goes back to here; a start before it has lost some
	Covered  time.Time
}

// GetUpdated returns what changed from start to end, which are more than a
// minute apart and at most 30 days back.
func (c *Client) GetUpdated(ctx context.Context, object string, start, end time.Time) (Updated, error) {
	var body struct {
		IDs     []string `json:"ids"`
		Covered string   `json:"latestDateCovered"`
	}
	if err := c.replicate(ctx, object, "updated", start, end, &body); err != nil {
		return Updated{}, err
	}
	u := Updated{}
	for _, id := range body.IDs {
		if long, ok := LongID(id); ok {
			u.IDs = append(u.IDs, long)
		}
	}
	var err error
	u.Covered, err = ParseTime(body.Covered)
	return u, err
}

// GetDeleted returns what was deleted from start to end, at most 15 days back.
// A large log is purged sooner: see Earliest.
func (c *Client) GetDeleted(ctx context.Context, object string, start, end time.Time) (Deleted, error) {
	var body struct {
		Records []struct {
			ID string `json:"id"`
		} `json:"deletedRecords"`
		Earliest string `json:"earliestDateAvailable"`
		Covered  string `json:"latestDateCovered"`
	}
	if err := c.replicate(ctx, object, "deleted", start, end, &body); err != nil {
		return Deleted{}, err
	}
	d := Deleted{}
	for _, r := range body.Records {
		if long, ok := LongID(r.ID); ok {
			d.IDs = append(d.IDs, long)
		}
	}
	var err error
	if d.Earliest, err = ParseTime(body.Earliest); err != nil {
		return Deleted{}, err
	}
	d.Covered, err = ParseTime(body.Covered)
	return d, err
}

func (c *Client) replicate(ctx context.Context, object, which string, start, end time.Time, v any) error {
	what := "list what was " + which + " of " + object
	if !validName(object) {
		return badName(what, object)
	}
	path, err := c.path("sobjects", object, which) // with a slash at its end it is not found
	if err != nil {
		return err
	}
	stamp := func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05-07:00") }
	r := call{what: what, use: UsePoll, method: http.MethodGet, path: path, query: url.Values{"start": {stamp(start)}, "end": {stamp(end)}}}
	return c.doJSON(ctx, r, v)
}
