package salesforce_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce"
)

var now = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

const (
	orgID  = "00D000000000001EAA"
	userID = "005000000000001AAA"
)

// fixed is a grant that counts, and gives tokens t1, t2 and so on.
type fixed struct {
	url   string
	given atomic.Int64
}

func (f *fixed) Grant(context.Context) (salesforce.Token, error) {
	return salesforce.Token{Access: fmt.Sprintf("t%d", f.given.Add(1)), Instance: f.url, OrgID: orgID, UserID: userID}, nil
}

// meter is a budget that notes what it is told.
type meter struct {
	mu          sync.Mutex
	spent       map[string]int
	used, limit int64
	refuse      error
}

func (m *meter) May(context.Context, salesforce.Use) error { return m.refuse }
func (m *meter) Spent(use salesforce.Use, used, limit int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.spent == nil {
		m.spent = map[string]int{}
	}
	m.spent[use]++
	m.used, m.limit = used, limit
}

func (m *meter) count(use salesforce.Use) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.spent[use]
}

// world is a client of a server that a test writes.
type world struct {
	*salesforce.Client
	grant *fixed
	meter *meter
	waits []time.Duration
}

func serve(t *testing.T, h http.HandlerFunc) *world {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	w := &world{grant: &fixed{url: s.URL}, meter: &meter{}}
	c, err := salesforce.New(salesforce.Config{
		HTTP: s.Client(), Source: salesforce.NewSource(w.grant), Budget: w.meter, Now: func() time.Time { return now },
		Timeout: 5 * time.Second, Idle: 5 * time.Second,
		Wait: func(ctx context.Context, d time.Duration) error {
			w.waits = append(w.waits, d)
			return ctx.Err()
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Client = c
	return w
}

// says answers everything alike.
func says(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func asError(t *testing.T, err error) *salesforce.Error {
	t.Helper()
	var e *salesforce.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), not an *Error", err, err)
	}
	return e
}

func TestACallSaysWhoWeAreAndIsCounted(t *testing.T) {
	var got *http.Request
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		got = r
		rw.Header().Set("Sforce-Limit-Info", "per-app-api-usage=17/250(appName=a, api-usage=1/2, b), api-usage=10018/100000")
		_, _ = io.WriteString(rw, `{"DailyApiRequests":{"Max":15000,"Remaining":14998}}`)
	})
	limits, err := w.Limits(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if limits["DailyApiRequests"].Remaining != 14998 {
		t.Errorf("limits are %v", limits)
	}
	for header, want := range map[string]string{"Authorization": "Bearer t1", "Accept": "application/json", "Sforce-Call-Options": "client=Switchboard"} {
		if got.Header.Get(header) != want {
			t.Errorf("%s is %q", header, got.Header.Get(header))
		}
	}
	if got.URL.Path != "/services/data/v62.0/limits" {
		t.Errorf("called %s", got.URL.Path)
	}
	if w.meter.count(salesforce.UseSetup) != 1 || w.meter.used != 10018 || w.meter.limit != 100000 {
		t.Errorf("counted %v, %d of %d", w.meter.spent, w.meter.used, w.meter.limit)
	}
	if _, err := w.Limits(salesforce.WithUse(t.Context(), salesforce.UsePoll)); err != nil || w.meter.count(salesforce.UsePoll) != 1 {
		t.Errorf("the use of the context is not counted: %v %v", w.meter.spent, err)
	}
}

func TestABudgetKeepsCallsBack(t *testing.T) {
	called := false
	w := serve(t, func(http.ResponseWriter, *http.Request) { called = true })
	w.meter.refuse = errors.New("kept for messages")
	_, err := w.Limits(t.Context())
	if e := asError(t, err); e.Class != salesforce.ClassLimit || e.Code != salesforce.CodeBudget || !errors.Is(err, w.meter.refuse) {
		t.Errorf("got %v", err)
	}
	if called || len(w.meter.spent) > 0 {
		t.Error("it was called or counted all the same")
	}
}

func TestATokenThatIsRefusedIsReplacedOnce(t *testing.T) {
	dead := map[string]bool{"Bearer t1": true}
	w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
		if dead[r.Header.Get("Authorization")] {
			says(401, `[{"message":"Session expired or invalid","errorCode":"INVALID_SESSION_ID"}]`)(rw, r)
			return
		}
		body, _ := io.ReadAll(r.Body)
		if string(body) != `{"LastName":"Doe"}` {
			t.Errorf("the second time it sent %q", body)
		}
		says(201, `{"id":"003000000000001","success":true,"errors":[]}`)(rw, r)
	})
	id, err := w.Create(t.Context(), "Contact", map[string]any{"LastName": "Doe"}, salesforce.WriteOptions{})
	if err != nil || id != "003000000000001AAA" {
		t.Fatalf("got %q, %v", id, err)
	}
	if n := w.meter.count(salesforce.UseWrite); n != 2 {
		t.Errorf("counted %d calls", n)
	}
	dead["Bearer t2"], dead["Bearer t3"], dead["Bearer t4"] = true, true, true
	_, err = w.Create(t.Context(), "Contact", map[string]any{"LastName": "Doe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassNewToken || !strings.Contains(e.Message, "scope") {
		t.Errorf("got %v", err)
	}
	if n := w.grant.given.Load(); n != 3 {
		t.Errorf("%d tokens were asked for", n)
	}
}

// Whatever number of calls find the token dead, one new one is asked for.
func TestManyWhoNeedATokenAskOnce(t *testing.T) {
	release := make(chan struct{})
	g := grant(func(context.Context) (salesforce.Token, error) {
		<-release
		return salesforce.Token{Access: "a"}, nil
	})
	var asked atomic.Int64
	s := salesforce.NewSource(grant(func(ctx context.Context) (salesforce.Token, error) {
		asked.Add(1)
		return g(ctx)
	}))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if tok, err := s.Token(context.Background()); err != nil || tok.Access != "a" {
				t.Errorf("got %v, %v", tok, err)
			}
		})
	}
	close(release)
	wg.Wait()
	s.Invalidate("another") // a refusal that comes late is not about this one
	if _, err := s.Token(t.Context()); err != nil || asked.Load() != 1 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
	s.Invalidate("a")
	if _, err := s.Token(t.Context()); err != nil || asked.Load() != 2 {
		t.Errorf("asked %d times, %v", asked.Load(), err)
	}
}

type grant func(context.Context) (salesforce.Token, error)

func (g grant) Grant(ctx context.Context) (salesforce.Token, error) { return g(ctx) }

// A caller that goes away takes its own error with it, and nobody else's.
func TestAWaiterOutlivesWhoAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		s := salesforce.NewSource(grant(func(ctx context.Context) (salesforce.Token, error) {
			if calls.Add(1) == 1 {
				<-ctx.Done()
				return salesforce.Token{}, ctx.Err()
			}
			return salesforce.Token{Access: "a"}, nil
		}))
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := s.Token(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("the first got %v", err)
			}
		})
		synctest.Wait() // the first asks
		wg.Go(func() {
			if tok, err := s.Token(t.Context()); err != nil || tok.Access != "a" {
				t.Errorf("the second got %v, %v", tok, err)
			}
		})
		synctest.Wait() // the second waits for what the first gets
		cancel()
		wg.Wait()
	})
}

// What an answer means is decided by its code, whatever its status.
func TestWhatAnErrorMeans(t *testing.T) {
	array := func(code string) string {
		return fmt.Sprintf(`[{"message":"some words","errorCode":%q,"fields":["Phone"]}]`, code)
	}
	for _, tt := range []struct {
		status int
		body   string
		code   string
		class  salesforce.Class
	}{
		{403, `[{"message":"TotalRequests Limit exceeded.","errorCode":"REQUEST_LIMIT_EXCEEDED"}]`, "REQUEST_LIMIT_EXCEEDED", salesforce.ClassLimit},
		{403, array("API_DISABLED_FOR_ORG"), "API_DISABLED_FOR_ORG", salesforce.ClassPermanent},
		{403, array("INSUFFICIENT_ACCESS"), "INSUFFICIENT_ACCESS", salesforce.ClassPermanent},
		{400, array("UNABLE_TO_LOCK_ROW"), "UNABLE_TO_LOCK_ROW", salesforce.ClassRetry},
		{400, array("DUPLICATE_VALUE"), "DUPLICATE_VALUE", salesforce.ClassRetry},
		{400, array("FIELD_CUSTOM_VALIDATION_EXCEPTION"), "FIELD_CUSTOM_VALIDATION_EXCEPTION", salesforce.ClassPermanent},
		{400, array("REQUIRED_FIELD_MISSING"), "REQUIRED_FIELD_MISSING", salesforce.ClassPermanent},
		{400, array("STRING_TOO_LONG"), "STRING_TOO_LONG", salesforce.ClassPermanent},
		{404, array("ENTITY_IS_DELETED"), "ENTITY_IS_DELETED", salesforce.ClassGone},
		{400, array("INVALID_CROSS_REFERENCE_KEY"), "INVALID_CROSS_REFERENCE_KEY", salesforce.ClassGone},
		{404, array("NOT_FOUND"), "NOT_FOUND", salesforce.ClassGone},
		{400, array("CANNOT_UPDATE_CONVERTED_LEAD"), "CANNOT_UPDATE_CONVERTED_LEAD", salesforce.ClassGone},
		{503, array("SERVER_UNAVAILABLE"), "SERVER_UNAVAILABLE", salesforce.ClassRetry},
		{500, array("UNKNOWN_EXCEPTION"), "UNKNOWN_EXCEPTION", salesforce.ClassRetry},
		{500, array("NEVER_HEARD_OF"), "NEVER_HEARD_OF", salesforce.ClassRetry},
		{400, array("NEVER_HEARD_OF"), "NEVER_HEARD_OF", salesforce.ClassPermanent},
		{400, `[{"message":"m","errorCode":"PROCESSING_HALTED"},{"message":"m","errorCode":"STRING_TOO_LONG"}]`, "STRING_TOO_LONG", salesforce.ClassPermanent},
		{503, "<html><body>Down for maintenance</body></html>", salesforce.CodeHTML, salesforce.ClassRetry},
		{502, "<html>bad gateway</html>", salesforce.CodeHTML, salesforce.ClassUnknown},
		{504, "", "", salesforce.ClassUnknown},
		{429, "", "", salesforce.ClassRetry},
		{302, "", salesforce.CodeRedirect, salesforce.ClassPermanent},
		{400, "not json", "", salesforce.ClassPermanent},
		{400, `[]`, "", salesforce.ClassPermanent},
		{400, `[{"message":"m"}]`, "", salesforce.ClassPermanent},
	} {
		w := serve(t, says(tt.status, tt.body, "Location", "https://elsewhere.example/"))
		err := w.Update(t.Context(), "Contact", "003000000000001AAA", map[string]any{"Phone": "1"}, salesforce.WriteOptions{})
		e := asError(t, err)
		if e.Code != tt.code || e.Class != tt.class || e.Status != tt.status {
			t.Errorf("%d %s: %s is %s, not %s", tt.status, tt.body, e.Code, e.Class, tt.class)
		}
		if strings.Contains(err.Error(), "some words") {
			t.Errorf("a log would hold what the org says: %v", err)
		}
		if e.Sentence() == "" || err.Error() == "" {
			t.Errorf("%d %s says nothing", tt.status, tt.body)
		}
	}
}

// Both spellings of the key name the records that are already there.
func TestADuplicateNamesWhatIsThere(t *testing.T) {
	for _, key := range []string{"duplicateResut", "duplicateResult"} {
		var header string
		w := serve(t, func(rw http.ResponseWriter, r *http.Request) {
			header = r.Header.Get("Sforce-Duplicate-Rule-Header")
			says(400, `[{"`+key+`":{"allowSave":true,"duplicateRule":"Standard_Contact_Duplicate_Rule","duplicateRuleEntityType":"Contact",
			  "errorMessage":"You're creating a duplicate record.","matchResults":[{"entityType":"Contact","errors":[],"matchEngine":"FuzzyMatchEngine",
			  "matchRecords":[{"additionalInformation":[],"fieldDiffs":[],"matchConfidence":100.0,
			  "record":{"attributes":{"type":"Contact","url":"/services/data/v54.0/sobjects/Contact/0038M0000016Wv8QAE"},"Id":"0038M0000016Wv8QAE"}}],
			  "rule":"Standard_Contact_Match_Rule_v1_1","size":1,"success":true}]},
			  "errorCode":"DUPLICATES_DETECTED","message":"You're creating a duplicate record. We recommend you use an existing record instead."}]`)(rw, r)
		})
		_, err := w.Create(t.Context(), "Contact", map[string]any{"LastName": "Doe"}, salesforce.WriteOptions{})
		e := asError(t, err)
		if e.Class != salesforce.ClassDuplicate || !e.Save || len(e.Matches) != 1 {
			t.Fatalf("%s: %+v", key, e)
		}
		if m := e.Matches[0]; m.Object != "Contact" || m.ID != "0038M0000016Wv8QAE" || m.Confidence != 100 || m.Rule == "" {
			t.Errorf("%s: the match is %+v", key, m)
		}
		if header != "allowSave=false; includeRecordDetails=true; runAsCurrentUser=true" {
			t.Errorf("the header is %q", header)
		}
	}
}

// 300 is the one success that is none: nothing was written.
func TestSeveralRecordsWithOneKeyAreAnError(t *testing.T) {
	w := serve(t, says(300, `["/services/data/v23.0/sobjects/Contact/003000000000001AAA","/services/data/v23.0/sobjects/Contact/003000000000002AAA"]`))
	_, err := w.Upsert(t.Context(), "Contact", "Switchboard_Key__c", "k", map[string]any{"LastName": "Doe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Code != salesforce.CodeSeveral || e.Class != salesforce.ClassPermanent || len(e.Matches) != 2 || e.Matches[1].ID != "003000000000002AAA" || e.Matches[1].Object != "Contact" {
		t.Errorf("got %+v", e)
	}
}

// Whether a call may have had an effect is told from whether it can have been
// heard.
func TestAnOutcomeIsUnknownOnlyOnceTheCallWasSent(t *testing.T) {
	cut := func(after string) http.HandlerFunc {
		return func(rw http.ResponseWriter, _ *http.Request) {
			conn, buf, err := rw.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = buf.WriteString(after)
			_ = buf.Flush()
			_ = conn.Close()
		}
	}
	for name, answer := range map[string]string{"nothing": "", "half a body": "HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{\"id\"", "no json": "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nno"} {
		w := serve(t, cut(answer))
		_, err := w.Create(t.Context(), "Contact", map[string]any{"LastName": "Doe"}, salesforce.WriteOptions{})
		if e := asError(t, err); e.Class != salesforce.ClassUnknown {
			t.Errorf("a write whose answer is %s: %+v", name, e)
		}
		if w.meter.count(salesforce.UseWrite) != 1 {
			t.Errorf("a write whose answer is %s is not counted", name)
		}
		_, err = w.Limits(t.Context())
		if e := asError(t, err); e.Class != salesforce.ClassRetry {
			t.Errorf("a read whose answer is %s: %+v", name, e)
		}
	}
	s := httptest.NewServer(nil)
	s.Close() // nobody is there
	c, err := salesforce.New(salesforce.Config{HTTP: &http.Client{}, Source: salesforce.NewSource(&fixed{url: s.URL})})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Create(t.Context(), "Contact", map[string]any{"LastName": "Doe"}, salesforce.WriteOptions{})
	if e := asError(t, err); e.Class != salesforce.ClassRetry || e.Code != salesforce.CodeNotSent {
		t.Errorf("with nobody there: %+v", e)
	}
	if strings.Contains(err.Error(), "sobjects") {
		t.Errorf("the address is in the error: %v", err)
	}
}

func TestATimeoutAfterSendingIsUnknown(t *testing.T) {
	heard, end := make(chan struct{}), make(chan struct{})
	w := serve(t, func(http.ResponseWriter, *http.Request) { close(heard); <-end })
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() { <-heard; cancel() })
	err := w.Update(ctx, "Contact", "003000000000001AAA", map[string]any{"Phone": "1"}, salesforce.WriteOptions{})
	close(end)
	wg.Wait()
	if e := asError(t, err); e.Class != salesforce.ClassUnknown {
		t.Errorf("got %+v", e)
	}
}

func TestATokenGoesNowhereElse(t *testing.T) {
	stolen := false
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, _ *http.Request) { stolen = true }))
	defer thief.Close()
	w := serve(t, says(307, "", "Location", thief.URL+"/services/data/v62.0/limits"))
	if _, err := w.Limits(t.Context()); !salesforce.HasCode(err, salesforce.CodeRedirect) {
		t.Errorf("got %v", err)
	}
	for _, next := range []string{thief.URL + "/services/data/v62.0/query/x", "//" + strings.TrimPrefix(thief.URL, "http://") + "/services/data/v62.0/query/x", "/elsewhere", "/services/data/../../x", "", "@" + thief.URL, "/services/data/v62.0/query/x?y=1"} {
		body, _ := json.Marshal(map[string]any{"totalSize": 2, "done": false, "nextRecordsUrl": next, "records": []any{}})
		w := serve(t, says(200, string(body)))
		_, err := salesforce.Collect(w.Query(t.Context(), salesforce.Select("Contact", "Id")))
		if !salesforce.HasCode(err, salesforce.CodeUnreadable) {
			t.Errorf("%q: got %v", next, err)
		}
	}
	if stolen {
		t.Error("the token was sent to another host")
	}
}

func TestAVersionHasAFloor(t *testing.T) {
	for s, want := range map[string]string{"": "62.0", "v62.0": "62.0", "67": "67.0", "52.0": "52.0", "51.0": "", "v20": "", "abc": "", "62.5": "", "-1": ""} {
		c, err := salesforce.New(salesforce.Config{HTTP: &http.Client{}, Version: s})
		switch {
		case want == "" && !salesforce.HasCode(err, salesforce.CodeOldVersion):
			t.Errorf("%q: got %v", s, err)
		case want != "" && (err != nil || c.Version() != want):
			t.Errorf("%q: %v", s, err)
		}
	}
	w := serve(t, says(200, `[{"label":"Spring '21","url":"/services/data/v51.0","version":"51.0"},{"label":"Winter '24","url":"/services/data/v59.0","version":"59.0"}]`))
	if err := w.CheckVersion(t.Context()); !salesforce.HasCode(err, salesforce.CodeOldVersion) || !strings.Contains(err.Error(), "59.0") {
		t.Errorf("got %v", err)
	}
	token := ""
	w = serve(t, func(rw http.ResponseWriter, r *http.Request) {
		token = r.Header.Get("Authorization")
		says(200, `[{"label":"Winter '25","url":"/services/data/v62.0","version":"62.0"}]`)(rw, r)
	})
	if err := w.CheckVersion(t.Context()); err != nil || len(w.meter.spent) != 0 || token != "" {
		t.Errorf("got %v, counted %v, sent %q", err, w.meter.spent, token)
	}
}
