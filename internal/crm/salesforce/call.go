package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// call is one request to the org.
type call struct {
	what    string // for errors: "create Contact"
	use     Use    // unless the context says otherwise
	method  string
	path    string // escaped, from the host on
	query   url.Values
	header  map[string]string
	body    any    // sent as JSON; nil: none
	raw     []byte // sent as it is, with content
	content string // the type of raw
	changes bool   // it may have an effect, so that no answer leaves it unknown
	open    bool   // it is made without a token, and not counted
}

// answer is what came back for a call, with a status that is a success, or 304.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do makes a call and reads the answer into memory.
func (c *Client) do(ctx context.Context, r call) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it has been read
	body, err := readAll(resp.Body, maxBody)
	if err != nil {
		return nil, r.broken(err)
	}
	return &answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// doJSON makes a call whose answer is JSON, and reads it into v.
func (c *Client) doJSON(ctx context.Context, r call, v any) error {
	a, err := c.do(ctx, r)
	if err != nil {
		return err
	}
	return r.decode(a, v)
}

// decode reads an answer's JSON. A success that cannot be read leaves open what
// was done.
func (r call) decode(a *answer, v any) error {
	d := json.NewDecoder(bytes.NewReader(a.body))
	d.UseNumber()
	err := d.Decode(v)
	if err == nil && d.More() {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		e := &Error{What: r.what, Code: CodeUnreadable, Status: a.status, Class: ClassRetry,
			Message: "Salesforce's answer can't be read: a proxy may have replaced it"}
		if r.changes {
			e.Class = ClassUnknown
		}
		return e
	}
	return nil
}

// broken is the error for an answer whose beginning came and whose end did not.
func (r call) broken(err error) *Error {
	e := &Error{What: r.what, Code: CodeNoAnswer, Class: ClassRetry, Err: plain(err),
		Message: "the connection to Salesforce broke before all of its answer had come"}
	if errors.Is(err, errTooLarge) {
		e.Code, e.Class, e.Message = CodeTooLarge, ClassPermanent, "Salesforce's answer is larger than it may be"
	}
	if r.changes {
		e.Class = ClassUnknown
	}
	return e
}

// send makes a call and returns its answer once the headers are there, if it is
// a success. A token that is refused is replaced, and the call made again, once.
func (c *Client) send(ctx context.Context, r call) (*http.Response, error) {
	payload, content := r.raw, r.content
	if r.body != nil {
		var err error
		if payload, err = json.Marshal(r.body); err != nil {
			return nil, badValue(r.what, "It cannot be written as JSON")
		}
		content = "application/json"
	}
	use := useOf(ctx, r.use)
	for again := false; ; again = true {
		token, err := c.source.Token(ctx)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); ok {
				return nil, err
			}
			return nil, &Error{What: r.what, Code: CodeNotSent, Class: ClassRetry, Message: "there was no token in time", Err: err}
		}
		if err := c.budget.May(ctx, use); err != nil {
			return nil, &Error{What: r.what, Code: CodeBudget, Class: ClassLimit, Message: "the org's calls of the day are kept for what matters more", Err: err}
		}
		resp, err := c.once(ctx, r, use, token, payload, content)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode/100 == 2 || resp.StatusCode == http.StatusNotModified {
			return resp, nil
		}
		body, err := readAll(resp.Body, maxError)
		_ = resp.Body.Close() // of an answer that has been read or is given up
		if err != nil {
			return nil, r.broken(err)
		}
		e := answerError(r.what, resp.StatusCode, resp.Header, body, r.changes)
		c.log.DebugContext(ctx, "salesforce refused a call", "error", e)
		if e.Class != ClassNewToken {
			return nil, e
		}
		c.source.Invalidate(token.Access)
		if again {
			e.Message, e.Quoted = "Salesforce refuses a token that it has just given: check that the app has the scope \"Manage user data via APIs (api)\" and that its user has API Enabled", false
			return nil, e
		}
	}
}

// once makes a call with a token. An error means that no answer came.
func (c *Client) once(ctx context.Context, r call, use Use, token Token, payload []byte, content string) (*http.Response, error) {
	address := token.Instance + r.path
	if len(r.query) > 0 {
		address += "?" + r.query.Encode()
	}
	if len(address) > maxAddress {
		return nil, &Error{What: r.what, Code: CodeTooLong, Class: ClassPermanent, Message: "the query is longer than Salesforce takes"}
	}
	// Once there is a connection the request may have been heard, however it ends.
	// Before that it certainly was not.
	var sent atomic.Bool
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	var body io.Reader
	if payload != nil {
		body = bytes.NewReader(payload)
	}
	req, err := http.NewRequestWithContext(traced, r.method, address, body)
	if err != nil {
		return nil, &Error{What: r.what, Code: CodeAddress, Class: ClassPermanent, Message: "the address is none that can be called"}
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	if !r.open {
		req.Header.Set("Authorization", "Bearer "+token.Access)
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json")
	}
	if content != "" {
		req.Header.Set("Content-Type", content)
	}
	req.Header.Set("User-Agent", "Switchboard")
	// Change events carry this name, by which our own are told from a person's.
	req.Header.Set("Sforce-Call-Options", "client=Switchboard")
	began := c.now()
	resp, err := c.http.Do(req)
	if sent.Load() && !r.open {
		var used, limit int64
		if err == nil {
			used, limit = limitInfo(resp.Header)
		}
		c.budget.Spent(use, used, limit)
	}
	if err != nil {
		return nil, r.unanswered(err, sent.Load())
	}
	c.log.DebugContext(ctx, "salesforce answered", "what", r.what, "status", resp.StatusCode, "after", c.now().Sub(began).Round(time.Millisecond))
	return resp, nil
}

func (r call) unanswered(err error, sent bool) *Error {
	e := &Error{What: r.what, Code: CodeNotSent, Class: ClassRetry, Err: plain(err), Message: "Salesforce can't be reached"}
	if sent {
		e.Code, e.Message = CodeNoAnswer, "Salesforce did not answer"
		if r.changes {
			e.Class = ClassUnknown
		}
	}
	return e
}
