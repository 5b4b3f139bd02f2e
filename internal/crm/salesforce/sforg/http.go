package sforg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

const (
	maxURL    = 16_384    // of URI and headers together
	maxBody   = 50 << 20  // of a request
	maxIngest = 150 << 20 // of a bulk upload
)

// The API versions that an org speaks, unless SetVersions says otherwise.
// Answers are those of v62.0, whatever the version, but for what is noted where
// it differs.
const (
	oldestVersion = 31
	newestVersion = 67
)

// SetVersions changes which API versions the org speaks, such as 31 to 51 for an
// org of long ago.
func (o *Org) SetVersions(oldest, newest int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.oldest, o.newestAPI = oldest, newest
}

// release names the release that brought a version.
func release(version int) string {
	return fmt.Sprintf("%s '%d", []string{"Spring", "Summer", "Winter"}[version%3], 15+(version-32)/3)
}

// request is a call of the REST API by a user.
type request struct {
	o       *Org
	w       http.ResponseWriter
	r       *http.Request
	version string
	parts   []string // of the path behind the version
	body    []byte
	who     actor
	fault   *Fault

	held bool         // the org's lock, by the composite request that this is a part of
	tx   *transaction // of an all-or-none composite request
}

func (q *request) lock() {
	if !q.held {
		q.o.mu.Lock()
	}
}

func (q *request) unlock() {
	if !q.held {
		q.o.mu.Unlock()
	}
}

// begin starts the writes of a request, and returns where to roll back to.
func (q *request) begin() (*transaction, int) {
	if q.tx != nil {
		return q.tx, q.tx.mark()
	}
	return q.o.begin(q.who), 0
}

// end makes the writes of a request final, unless they are part of more.
func (q *request) end(t *transaction) {
	if q.tx == nil {
		t.commit()
	}
}

// ServeHTTP answers a request as the org would.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	size := len(r.RequestURI)
	for name, values := range r.Header {
		for _, v := range values {
			size += len(name) + len(v) + 4
		}
	}
	if size > maxURL {
		http.Error(w, "URI Too Long", http.StatusRequestURITooLong)
		return
	}
	o.mux.ServeHTTP(w, r)
}

var (
	slashes  = regexp.MustCompile(`/{2,}`)
	dataPath = regexp.MustCompile(`^/services/data/v([0-9]{2,3}\.0)(/.*)?$`)
)

// routes returns the handler behind ServeHTTP. It is no ServeMux: that would
// redirect the double slashes that the sf command line sends.
func (o *Org) routes() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := slashes.ReplaceAllString(r.URL.EscapedPath(), "/")
		limit := int64(maxBody)
		if strings.Contains(path, "/jobs/ingest/") {
			limit = maxIngest
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		if err != nil {
			status := http.StatusBadRequest
			if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
				status = http.StatusRequestEntityTooLarge
			}
			http.Error(w, http.StatusText(status), status)
			return
		}
		o.mu.Lock()
		f := o.fault(r.Method, path, body)
		o.mu.Unlock()
		if f != nil && f.Kind == TimeoutBefore {
			panic(http.ErrAbortHandler)
		}
		if f != nil && f.Kind == Slow {
			select {
			case <-f.Until:
			case <-r.Context().Done():
			}
		}
		rec := &recorder{header: http.Header{}}
		o.dispatch(rec, r, path, body, f)
		if f != nil && f.Kind == TimeoutAfterWrite {
			panic(http.ErrAbortHandler)
		}
		rec.send(w)
	})
}

// recorder holds an answer until it is whole.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *recorder) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

func (r *recorder) send(w http.ResponseWriter) {
	for k, v := range r.header {
		w.Header()[k] = v
	}
	if r.status == 0 {
		r.status = http.StatusOK
	}
	w.WriteHeader(r.status)
	if r.status != http.StatusNoContent && r.status != http.StatusNotModified {
		_, _ = w.Write(r.body.Bytes()) // the client is gone if this fails
	}
}

func (o *Org) dispatch(w http.ResponseWriter, r *http.Request, path string, body []byte, f *Fault) {
	switch {
	case strings.HasPrefix(path, "/services/oauth2/"), strings.HasPrefix(path, "/id/"):
		o.mu.Lock()
		o.count("oauth", false)
		o.mu.Unlock()
		if f != nil && f.answer(w) {
			return
		}
		o.oauth(w, r, path, body)
	case path == "/services/data" || path == "/services/data/":
		if f != nil && f.answer(w) {
			return
		}
		o.listVersions(w)
	case path == "/_sforg/notifications":
		o.listNotifications(w, r)
	case strings.HasPrefix(path, "/_sforg/"):
		o.pages(w, r, path, body)
	case strings.HasPrefix(path, "/services/Soap/"):
		m, n := soapPath.FindStringSubmatch(path), metadataPath.FindStringSubmatch(path)
		if n != nil {
			m = n
		}
		if m == nil || !o.speaks(m[1]) || r.Method != http.MethodPost {
			writeErrors(w, notFound())
			return
		}
		o.soap(w, m[1], n != nil, body, f)
	default:
		m := dataPath.FindStringSubmatch(path)
		if m == nil || !o.speaks(m[1]) {
			writeErrors(w, notFound())
			return
		}
		o.data(w, r, m[1], strings.Trim(m[2], "/"), body, f)
	}
}

// data answers a call of the REST API, which has a version.
func (o *Org) data(w http.ResponseWriter, r *http.Request, version, rest string, body []byte, f *Fault) {
	q := &request{o: o, w: w, r: r, version: version, body: body, fault: f}
	if rest != "" {
		for _, p := range strings.Split(rest, "/") {
			text, err := unescapePath(p)
			if err != nil {
				writeErrors(w, notFound())
				return
			}
			q.parts = append(q.parts, text)
		}
	}
	o.mu.Lock()
	if f != nil && f.Kind == ExpiredSession {
		delete(o.sessions, bearer(r))
	}
	user := o.authenticate(r)
	allowed := user == nil || o.count(callKind(q.parts), true)
	enabled := user != nil && user.may(APIEnabled)
	w.Header().Set("Sforce-Limit-Info", o.limitInfo())
	o.mu.Unlock()
	switch {
	case f != nil && f.answer(w):
	case user == nil && o.scopeLacking(r):
		writeErrors(w, &Error{Code: "INVALID_SESSION_ID", Message: "This session is not valid for use with the REST API", Status: http.StatusForbidden})
	case user == nil:
		writeErrors(w, invalidSession())
	case !allowed:
		writeErrors(w, limitExceeded())
	case !enabled:
		writeErrors(w, &Error{Code: "API_DISABLED_FOR_ORG", Message: "The REST API is not enabled for this Organization.", Status: http.StatusForbidden})
	default:
		q.who = actor{user: user, version: version, client: option(r, "Sforce-Call-Options", "client")}
		q.who.allowSave = option(r, "Sforce-Duplicate-Rule-Header", "allowSave") == "true"
		q.who.details = option(r, "Sforce-Duplicate-Rule-Header", "includeRecordDetails") == "true"
		q.route()
	}
}

// option reads one of "a=1; b=2" in a header. Salesforce also takes commas.
func option(r *http.Request, header, name string) string {
	for _, part := range strings.FieldsFunc(r.Header.Get(header), func(c rune) bool { return c == ';' || c == ',' }) {
		if k, v, ok := strings.Cut(strings.TrimSpace(part), "="); ok && strings.EqualFold(k, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// route calls the handler of a resource.
func (q *request) route() {
	method := q.r.Method
	if o := q.r.Header.Get("X-HTTP-Method-Override"); o != "" && method == http.MethodPost {
		method = strings.ToUpper(o)
	}
	if m := q.r.URL.Query().Get("_HttpMethod"); m != "" && method == http.MethodPost {
		method = strings.ToUpper(m)
	}
	head := ""
	if len(q.parts) > 0 {
		head = q.parts[0]
	}
	switch head {
	case "":
		q.resources()
	case "limits":
		q.limits()
	case "query", "queryAll":
		q.query(head == "queryAll")
	case "search", "parameterizedSearch":
		q.search()
	case "sobjects":
		q.sobjects(method)
	case "composite":
		q.composite(method)
	case "jobs":
		q.jobs(method)
	case "actions":
		q.actions(method)
	case "metadata":
		q.metadata(method)
	case "tooling":
		q.tooling(method)
	default:
		q.fail(notFound())
	}
}

// fail answers with errors: an array, whatever the number.
func (q *request) fail(errs ...*Error) { writeErrors(q.w, errs...) }

func writeErrors(w http.ResponseWriter, errs ...*Error) {
	writeJSON(w, errs[0].status(), errs)
}

// reply answers with JSON.
func (q *request) reply(status int, v any) { writeJSON(q.w, status, v) }

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, ok := v.([]byte)
	if !ok {
		var buf bytes.Buffer
		e := json.NewEncoder(&buf)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			http.Error(w, "sforg: "+err.Error(), http.StatusInternalServerError)
			return
		}
		b = bytes.TrimRight(buf.Bytes(), "\n")
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(status)
	_, _ = w.Write(b)
}

// decode reads the body as JSON.
func (q *request) decode(v any) *Error { return decodeJSON(q.body, v) }

func decodeJSON(body []byte, v any) *Error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(v); err != nil {
		return errorPlain("JSON_PARSER_ERROR", fmt.Sprintf("The HTTP entity body is malformed JSON: %v", err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errorPlain("JSON_PARSER_ERROR", "The HTTP entity body has more than one JSON value")
	}
	return nil
}

// path returns a resource's path in the request's version.
func (q *request) path(rest string) string { return "/services/data/v" + q.version + rest }

// method answers 405 for a method that the resource does not have.
func (q *request) methodNotAllowed() {
	q.fail(&Error{Code: "METHOD_NOT_ALLOWED", Message: fmt.Sprintf("HTTP Method '%s' not allowed. Allowed are HEAD,GET,POST,PATCH,DELETE", q.r.Method), Status: http.StatusMethodNotAllowed})
}

func (o *Org) speaks(version string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := versionNumber(version)
	return n >= o.oldest && n <= o.newestAPI
}

// versionNumber returns 62 for 62.0.
func versionNumber(version string) int {
	n, err := strconv.Atoi(strings.TrimSuffix(version, ".0"))
	if err != nil {
		return 0
	}
	return n
}

func (o *Org) listVersions(w http.ResponseWriter) {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := []map[string]string{}
	for n := o.oldest; n <= o.newestAPI; n++ {
		v := strconv.Itoa(n) + ".0"
		list = append(list, map[string]string{"label": release(n), "url": "/services/data/v" + v, "version": v})
	}
	writeJSON(w, http.StatusOK, list)
}

func (q *request) resources() {
	m := map[string]string{"identity": q.o.instance(q.r) + "/id/" + q.o.orgID + "/" + q.who.user.ID}
	for _, name := range []string{"sobjects", "query", "queryAll", "search", "limits", "composite", "jobs", "actions", "tooling", "metadata"} {
		m[name] = q.path("/" + name)
	}
	q.reply(http.StatusOK, m)
}

func (q *request) limits() {
	q.lock()
	used, limit := q.o.calls.used, q.o.limit
	q.unlock()
	type of struct{ Max, Remaining int }
	q.reply(http.StatusOK, map[string]of{
		"DailyApiRequests":                  {limit, max(0, limit-used)},
		"DailyBulkApiBatches":               {15_000, 15_000},
		"DailyBulkV2QueryJobs":              {10_000, 10_000},
		"DailyBulkV2QueryFileStorageMB":     {976_562, 976_562},
		"DailyDeliveredPlatformEvents":      {10_000, 10_000},
		"HourlyPublishedPlatformEvents":     {50_000, 50_000},
		"DailyStandardVolumePlatformEvents": {10_000, 10_000},
		"DataStorageMB":                     {5, 5},
		"FileStorageMB":                     {20, 20},
	})
}

// instance returns the org's URL as this request reached it.
func (o *Org) instance(r *http.Request) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.instanceLocked(r)
}

func (o *Org) instanceLocked(r *http.Request) string {
	switch {
	case o.url != "":
		return strings.TrimRight(o.url, "/")
	case r.TLS != nil:
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// unescapePath undoes the escaping of one segment of a path.
func unescapePath(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", errors.New("an incomplete escape")
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", err
		}
		b.WriteByte(byte(n))
		i += 2
	}
	return b.String(), nil
}
