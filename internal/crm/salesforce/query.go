package salesforce

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strings"
)

// Page is part of what a query gives.
type Page struct {
	Total int // of all pages; for a count, the count
	Rows  []Row
	Next  string // where the next page is, "" after the last
	Date  string // the header Date: the org's clock
}

// Query runs a query and yields its pages. It sees no deleted records. The
// pages of one run are of one moment; a run that is left off is begun again. A
// page that fails ends it with the error.
func (c *Client) Query(ctx context.Context, q *Query) iter.Seq2[*Page, error] {
	return c.pages(ctx, "query", q)
}

// QueryAll is like [Client.Query], and sees what is in the recycle bin, the
// losers of merges among it.
func (c *Client) QueryAll(ctx context.Context, q *Query) iter.Seq2[*Page, error] {
	return c.pages(ctx, "queryAll", q)
}

// Rows yields the rows of pages.
func Rows(pages iter.Seq2[*Page, error]) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for p, err := range pages {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range p.Rows {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

// Collect returns all rows of pages, for queries that give few.
func Collect(pages iter.Seq2[*Page, error]) ([]Row, error) {
	var all []Row
	for p, err := range pages {
		if err != nil {
			return nil, err
		}
		all = append(all, p.Rows...)
	}
	return all, nil
}

func (c *Client) pages(ctx context.Context, resource string, q *Query) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		p, err := c.first(ctx, resource, q)
		c.onFrom(ctx, q.from, p, err)(yield)
	}
}

// onFrom yields a page, and those that follow it.
func (c *Client) onFrom(ctx context.Context, from string, p *Page, err error) iter.Seq2[*Page, error] {
	return func(yield func(*Page, error) bool) {
		for {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(p, nil) || p.Next == "" {
				return
			}
			p, err = c.page(ctx, call{what: "read more of " + from, path: p.Next})
		}
	}
}

func (c *Client) first(ctx context.Context, resource string, q *Query) (*Page, error) {
	text, err := q.String()
	if err != nil {
		return nil, err
	}
	path, err := c.path(resource)
	if err != nil {
		return nil, err
	}
	p, err := c.page(ctx, call{what: "query " + q.from, path: path, query: url.Values{"q": {text}}})
	c.forgetAfter(err, q.from)
	return p, err
}

// forgetAfter forgets an object's description after a query that failed because
// a field or its permission went away since.
func (c *Client) forgetAfter(err error, object string) {
	if HasCode(err, "INVALID_FIELD", "INVALID_TYPE") {
		c.Forget(object)
	}
}

func (c *Client) page(ctx context.Context, r call) (*Page, error) {
	r.use, r.method = UsePoll, http.MethodGet
	a, err := c.do(ctx, r)
	if err != nil {
		return nil, err
	}
	return r.page(a)
}

// page reads a page out of an answer.
func (r call) page(a *answer) (*Page, error) {
	var body struct {
		TotalSize int              `json:"totalSize"`
		Done      bool             `json:"done"`
		Next      string           `json:"nextRecordsUrl"`
		Records   []map[string]any `json:"records"`
	}
	if err := r.decode(a, &body); err != nil {
		return nil, err
	}
	p := &Page{Total: body.TotalSize, Rows: make([]Row, len(body.Records)), Date: a.header.Get("Date")}
	for i, m := range body.Records {
		p.Rows[i] = asRow(m)
	}
	if !body.Done {
		var err error
		if p.Next, err = nextPage(body.Next); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// nextPage checks where the org says that the next page is: on its own host,
// in its API. It is followed as it is: it has /query/ in it even for queryAll,
// and takes no parameters.
func nextPage(next string) (string, error) {
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		!strings.HasPrefix(u.Path, "/services/data/") || strings.Contains(u.Path, "..") {
		return "", &Error{What: "read more", Code: CodeUnreadable, Class: ClassRetry, Message: "Salesforce gave no address for the rest of an answer"}
	}
	return u.EscapedPath(), nil
}

// Count returns how many records a query finds.
func (c *Client) Count(ctx context.Context, q *Query, deleted bool) (int, error) {
	resource := "query"
	if deleted {
		resource = "queryAll"
	}
	p, err := c.first(ctx, resource, q)
	if err != nil {
		return 0, err
	}
	return p.Total, nil
}
