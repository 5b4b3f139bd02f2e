package sforg

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// A FaultKind is a way to fail.
type FaultKind string

// What an org can be told to do instead of answering.
const (
	ExpiredSession    FaultKind = "ExpiredSession"    // 401 INVALID_SESSION_ID; the token is dead from then on
	RequestLimit      FaultKind = "RequestLimit"      // 403 REQUEST_LIMIT_EXCEEDED, an array, also where OAuth would answer an object
	LockRow           FaultKind = "LockRow"           // UNABLE_TO_LOCK_ROW, of the request or of Rows
	RowError          FaultKind = "RowError"          // Err, of the request or of Rows
	HTML503           FaultKind = "HTML503"           // 503 with a page, as in maintenance
	ServerError       FaultKind = "ServerError"       // 500 UNKNOWN_EXCEPTION
	TimeoutAfterWrite FaultKind = "TimeoutAfterWrite" // everything takes effect, then the connection is cut
	TimeoutBefore     FaultKind = "TimeoutBefore"     // the connection is cut, nothing takes effect
	Slow              FaultKind = "Slow"              // waits for Until, or for the client to go, then answers
)

// A Fault is something that goes wrong with the requests that it matches.
type Fault struct {
	Kind   FaultKind
	Method string // "" is any; LockRow and RowError wait for a write
	Path   string // part of the path; "" is any
	Object string // named in the path or in the body's attributes; "" is any
	Skip   int    // lets this many matching requests through first
	Times  int    // 0 is once; below 0 is for ever

	Rows  []int           // of a collection, from 0; nil: all
	Err   *Error          // of RowError
	Until <-chan struct{} // of Slow; nil: only the client's going ends it, and then it takes effect
}

// Fail makes the org fail as told, until the fault is used up.
func (o *Org) Fail(f Fault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f.Times == 0 {
		f.Times = 1
	}
	o.faults = append(o.faults, &f)
}

// Heal forgets all faults.
func (o *Org) Heal() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = nil
}

// fault takes the fault that a request runs into, nil if there is none. The
// caller holds the lock.
func (o *Org) fault(method, path string, body []byte) *Fault {
	for i, f := range o.faults {
		if f.Method != "" && f.Method != method || !strings.Contains(path, f.Path) {
			continue
		}
		if f.Object != "" && !strings.Contains(path, "/"+f.Object) && !strings.Contains(string(body), `"`+f.Object+`"`) {
			continue
		}
		if (f.Kind == LockRow || f.Kind == RowError) && !writes(method, path, body) {
			continue // nothing to fail at: it waits for a write
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		if f.Times > 0 {
			if f.Times--; f.Times == 0 {
				o.faults = slices.Delete(o.faults, i, i+1)
			}
		}
		return f
	}
	return nil
}

// writes reports whether a request writes records or rings the bell. A composite
// request that only reads does not.
func writes(method, path string, body []byte) bool {
	if method == http.MethodGet {
		return false
	}
	if strings.HasSuffix(path, "/composite") {
		var steps struct {
			Requests []subrequest `json:"compositeRequest"`
		}
		if json.Unmarshal(body, &steps) == nil {
			return slices.ContainsFunc(steps.Requests, func(s subrequest) bool { return !strings.EqualFold(s.Method, http.MethodGet) })
		}
	}
	return strings.Contains(path, "/sobjects") || strings.Contains(path, "/composite") || strings.Contains(path, "/actions/")
}

// row returns what a fault says of the i-th row of a write.
func (f *Fault) row(i int) *Error {
	if f == nil || f.Rows != nil && !slices.Contains(f.Rows, i) {
		return nil
	}
	switch f.Kind {
	case LockRow:
		return &Error{Code: "UNABLE_TO_LOCK_ROW", Message: "unable to obtain exclusive access to this record or 1 records: 0015g00000000001AAA", Fields: []string{}}
	case RowError:
		if f.Err != nil {
			return f.Err
		}
		return &Error{Code: "UNKNOWN_EXCEPTION", Message: "An unexpected error occurred.", Fields: []string{}}
	}
	return nil
}

// answer is what a fault answers instead of the org; it reports false for a
// fault that lets the request through.
func (f *Fault) answer(w http.ResponseWriter) bool {
	switch f.Kind {
	case RequestLimit:
		writeErrors(w, limitExceeded())
	case HTML503:
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("<html><head><title>Maintenance</title></head><body>Salesforce is down for maintenance.</body></html>\n"))
	case ServerError:
		writeErrors(w, &Error{Code: "UNKNOWN_EXCEPTION", Message: "An unexpected error occurred. Please include this ErrorId if you contact support: 1234567890-12345", Status: 500})
	case ExpiredSession:
		writeErrors(w, invalidSession())
	default:
		return false
	}
	return true
}

func limitExceeded() *Error {
	return &Error{Code: "REQUEST_LIMIT_EXCEEDED", Message: "TotalRequests Limit exceeded.", Status: http.StatusForbidden}
}

func invalidSession() *Error {
	return &Error{Code: "INVALID_SESSION_ID", Message: "Session expired or invalid", Status: http.StatusUnauthorized}
}
