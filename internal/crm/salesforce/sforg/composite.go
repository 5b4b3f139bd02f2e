package sforg

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// subrequest is a step of a composite request.
type subrequest struct {
	Method      string            `json:"method"`
	URL         string            `json:"url"`
	ReferenceID string            `json:"referenceId"`
	Body        json.RawMessage   `json:"body"`
	Headers     map[string]string `json:"httpHeaders"`
}

// subresponse is what came of it.
type subresponse struct {
	Body        json.RawMessage   `json:"body"`
	Headers     map[string]string `json:"httpHeaders"`
	Status      int               `json:"httpStatusCode"`
	ReferenceID string            `json:"referenceId"`
}

var (
	referenceID = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	reference   = regexp.MustCompile(`@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[[0-9]+\])*)\}`)
	halted      = &Error{Code: "PROCESSING_HALTED", Message: "The transaction was rolled back since another operation in the same transaction failed."}
)

const (
	maxSubrequests = 25
	maxQueries     = 5 // of them, collections included
	maxNodes       = 500
)

func (q *request) compositeRequest() {
	var body struct {
		AllOrNone bool         `json:"allOrNone"`
		Collate   bool         `json:"collateSubrequests"`
		Requests  []subrequest `json:"compositeRequest"`
	}
	if err := q.decode(&body); err != nil {
		q.fail(err)
		return
	}
	if len(body.Requests) == 0 || len(body.Requests) > maxSubrequests {
		q.fail(errorPlain("LIMIT_EXCEEDED", fmt.Sprintf("a composite request has 1 to %d subrequests", maxSubrequests)))
		return
	}
	queries := 0
	for _, s := range body.Requests {
		rest := resource(s.URL)
		if strings.HasPrefix(rest, "query") || strings.HasPrefix(rest, "composite/sobjects") {
			queries++
		}
		if strings.HasPrefix(rest, "tooling") || strings.HasPrefix(rest, "composite") && !strings.HasPrefix(rest, "composite/sobjects") {
			q.fail(errorPlain("INVALID_INPUT", "The url '"+cut(s.URL, 80)+"' is not supported in a composite request"))
			return
		}
	}
	if queries > maxQueries {
		q.fail(errorPlain("LIMIT_EXCEEDED", "a composite request has at most 5 queries and collections"))
		return
	}
	responses, _, err := q.steps(body.Requests, body.AllOrNone)
	if err != nil {
		q.fail(err)
		return
	}
	q.reply(http.StatusOK, map[string]any{"compositeResponse": responses})
}

func (q *request) graph() {
	var body struct {
		Graphs []struct {
			ID       string       `json:"graphId"`
			Requests []subrequest `json:"compositeRequest"`
		} `json:"graphs"`
	}
	if err := q.decode(&body); err != nil {
		q.fail(err)
		return
	}
	nodes := 0
	var graphs []map[string]any
	for _, g := range body.Graphs {
		nodes += len(g.Requests)
		for _, s := range g.Requests {
			if !strings.HasPrefix(resource(s.URL), "sobjects/") {
				q.fail(errorPlain("INVALID_INPUT", "a graph takes sObject resources only"))
				return
			}
		}
	}
	if nodes > maxNodes {
		q.fail(errorPlain("LIMIT_EXCEEDED", "composite graphs have at most 500 nodes"))
		return
	}
	for _, g := range body.Graphs {
		responses, ok, err := q.steps(g.Requests, true)
		if err != nil {
			q.fail(err)
			return
		}
		graphs = append(graphs, map[string]any{"graphId": g.ID, "isSuccessful": ok, "graphResponse": map[string]any{"compositeResponse": responses}})
	}
	q.reply(http.StatusOK, map[string]any{"graphs": graphs})
}

// resource returns what a subrequest's URL names behind the version.
func resource(u string) string {
	path, _, _ := strings.Cut(u, "?")
	m := dataPath.FindStringSubmatch(path)
	if m == nil {
		return ""
	}
	return strings.Trim(m[2], "/")
}

// steps does subrequests in order. A step that needs one that failed is not
// done; with allOrNone nothing of any remains if one fails.
func (q *request) steps(list []subrequest, allOrNone bool) ([]subresponse, bool, *Error) {
	names := map[string]bool{}
	for _, s := range list {
		if !referenceID.MatchString(s.ReferenceID) || names[s.ReferenceID] {
			return nil, false, errorPlain("INVALID_INPUT", "referenceId '"+cut(s.ReferenceID, 40)+"' has to be unique and of letters, digits and underscores")
		}
		names[s.ReferenceID] = true
	}
	results := map[string]any{}
	failed := map[string]bool{}
	out := make([]subresponse, len(list))
	all := true
	q.lock()
	defer q.unlock()
	var tx *transaction
	if allOrNone {
		tx = q.o.begin(q.who)
	}
	for i, s := range list {
		out[i] = subresponse{ReferenceID: s.ReferenceID, Headers: map[string]string{}}
		broken := !all && allOrNone
		fill := func(text string, escape func(string) string) string {
			return reference.ReplaceAllStringFunc(text, func(m string) string {
				parts := reference.FindStringSubmatch(m)
				v, ok := lookUp(results[parts[1]], parts[2])
				if !ok || failed[parts[1]] {
					broken = true
					return ""
				}
				return escape(v)
			})
		}
		target := fill(s.URL, url.PathEscape)
		body := fill(string(s.Body), func(v string) string { b, _ := json.Marshal(v); return string(b[1 : len(b)-1]) })
		if broken {
			all = false
			failed[s.ReferenceID] = true
			out[i].Status, out[i].Body = http.StatusBadRequest, mustJSON([]*Error{halted})
			continue
		}
		rec := &recorder{header: http.Header{}}
		sub, err := q.sub(rec, s, target, []byte(body), tx)
		if err != nil {
			writeErrors(rec, err)
		} else {
			sub.route()
		}
		if rec.status == 0 {
			rec.status = http.StatusOK
		}
		out[i].Status = rec.status
		if loc := rec.header.Get("Location"); loc != "" {
			out[i].Headers["Location"] = loc
		}
		if rec.body.Len() > 0 {
			out[i].Body = rec.body.Bytes()
			var v any
			if decodeJSON(rec.body.Bytes(), &v) == nil {
				results[s.ReferenceID] = v
			}
		}
		if rec.status >= 300 {
			all = false
			failed[s.ReferenceID] = true
		}
	}
	if tx != nil && all {
		tx.commit()
	}
	if tx != nil && !all {
		tx.rollback(0)
		for i := range out {
			if out[i].Status < 300 {
				out[i] = subresponse{ReferenceID: out[i].ReferenceID, Headers: map[string]string{}, Status: http.StatusBadRequest, Body: mustJSON([]*Error{halted})}
			}
		}
	}
	return out, all, nil
}

// sub makes a request of a step. It runs under the lock of the whole.
func (q *request) sub(w http.ResponseWriter, s subrequest, target string, body []byte, tx *transaction) (*request, *Error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, errorPlain("INVALID_INPUT", "The url '"+cut(target, 80)+"' is malformed")
	}
	m := dataPath.FindStringSubmatch(slashes.ReplaceAllString(u.EscapedPath(), "/"))
	if m == nil {
		return nil, notFound()
	}
	sub := &request{o: q.o, w: w, version: m[1], body: body, who: q.who, fault: q.fault, held: true, tx: tx}
	sub.who.version = m[1]
	for _, p := range strings.Split(strings.Trim(m[2], "/"), "/") {
		text, err := unescapePath(p)
		if err != nil {
			return nil, notFound()
		}
		sub.parts = append(sub.parts, text)
	}
	switch sub.parts[0] {
	case "sobjects", "query", "queryAll", "search", "limits", "actions":
	case "composite":
		if len(sub.parts) < 2 || sub.parts[1] != "sobjects" {
			return nil, notFound()
		}
	default:
		return nil, notFound()
	}
	r := q.r.Clone(q.r.Context())
	r.Method, r.URL = strings.ToUpper(s.Method), u
	for k, v := range s.Headers {
		r.Header.Set(k, v)
	}
	sub.r = r
	return sub, nil
}

func mustJSON(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return b
}

// lookUp follows a path such as .records[0].Id in an answer.
func lookUp(v any, path string) (string, bool) {
	for path != "" {
		if path[0] == '.' {
			end := strings.IndexAny(path[1:], ".[") + 1
			if end == 0 {
				end = len(path)
			}
			m, ok := v.(map[string]any)
			if !ok {
				return "", false
			}
			name := path[1:end]
			v, ok = m[name]
			for k, other := range m {
				if !ok && strings.EqualFold(k, name) {
					v, ok = other, true
				}
			}
			if !ok {
				return "", false
			}
			path = path[end:]
			continue
		}
		end := strings.IndexByte(path, ']')
		n, err := strconv.Atoi(path[1:end])
		list, ok := v.([]any)
		if err != nil || !ok || n >= len(list) {
			return "", false
		}
		v, path = list[n], path[end+1:]
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
