package crashtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/switchboardhq/switchboard/internal/provider/generic"
)

// request is one delivery as a test makes it up, good unless it is made worse.
type request struct {
	method, path, id, contentType, secret string
	at                                    time.Time
	header                                http.Header // added, after signing
	body                                  []byte
	pieces                                bool // the body comes without its length, chunked
}

// do sends r to the service and returns the status.
func (r request) do(t testing.TB, s *server) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, r.method, s.url+r.path, bytes.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	if q.Header, err = generic.Sign(r.secret, r.id, r.at, r.body); err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", r.contentType)
	for k, v := range r.header {
		q.Header[k] = v
	}
	if r.pieces {
		q.ContentLength = -1
	}
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	return answer.StatusCode
}

func (in *installation) delivery(id string, body string) request {
	return request{method: http.MethodPost, path: in.path, id: id, contentType: "application/json", secret: secret, at: time.Now(), body: []byte(body)}
}

type apiMessage struct {
	ID, Name, Body, State, From string
	ProviderMessageID           string     `json:"provider_message_id"`
	SentAt                      *time.Time `json:"sent_at"`
	ReceivedAt                  time.Time  `json:"received_at"`
}

// messages returns what the API shows of a sender.
func (in *installation) messages(t testing.TB, s *server, from string) []apiMessage {
	t.Helper()
	var list struct{ Messages []apiMessage }
	if status := in.call(t, s, "GET", "/api/v1/messages?from="+url.QueryEscape(from), nil, &list); status != http.StatusOK {
		t.Fatalf("reading the messages of %s answered %d", from, status)
	}
	return list.Messages
}

type apiQuarantined struct {
	ID, Reason string
	Size       int
}

func (in *installation) quarantine(t testing.TB, s *server) []apiQuarantined {
	t.Helper()
	var list struct{ Items []apiQuarantined }
	if status := in.call(t, s, "GET", "/api/v1/quarantine?limit=500", nil, &list); status != http.StatusOK {
		t.Fatalf("reading the quarantine answered %d", status)
	}
	return list.Items
}

// What is authentic is kept, however odd; what was lost on the way to us cannot
// be asked for again.
func TestOddTextsAreKept(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	long := strings.Repeat("0123456789", 10<<10) // 100 KB
	huge := strings.Repeat("x", 1<<20-200)       // a body of hardly less than 1 MiB
	past, future := "1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z"
	for i, tc := range []struct {
		name, members string // of the JSON object, after from
		want          string // the text, as the API shows it
		change        func(*request)
	}{
		{"plain", `"body":"Hello"`, "Hello", nil},
		{"as a form", `"body":"Hello"`, "Hello", func(r *request) { r.contentType = "application/x-www-form-urlencoded" }},
		{"as a file", `"body":"Hello"`, "Hello", func(r *request) { r.contentType = "multipart/form-data; boundary=x" }},
		{"as nothing", `"body":"Hello"`, "Hello", func(r *request) { r.contentType = "" }},
		{"in a character set that is none", `"body":"Hello"`, "Hello", func(r *request) { r.contentType = "application/json; charset=klingon" }},
		{"members twice", `"body":"first","body":"last"`, "last", nil},
		{"members that nobody knows", `"body":"Hello","colour":{"a":[1,2,{"b":null}]}`, "Hello", nil},
		{"invalid UTF-8", "\"body\":\"a\xff\xfe\xc3(b\"", "a���(b", nil},
		{"lone surrogates", `"body":"a \ud83d b \udc4d c"`, "a � b � c", nil},
		{"a pair", `"body":"\ud83d\udc4d"`, "👍", nil},
		{"NUL", `"body":"a\u0000b"`, "a�b", nil},
		{"a raw NUL", "\"body\":\"a\x00b\"", "a�b", nil},
		{"markup", `"body":"<script>alert(1)</script>{{7*7}}\u202e"`, "<script>alert(1)</script>{{7*7}}\u202e", nil},
		{"100 KB", `"body":"` + long + `"`, long, nil},
		{"nearly 1 MiB", `"body":"` + huge + `"`, huge, nil},
		{"no text", `"body":""`, "", nil},
		{"null for a text", `"body":null`, "", nil},
		{"a time in the future", `"body":"Hello","sent_at":"` + future + `"`, "Hello", nil},
		{"a time in 1970", `"body":"Hello","sent_at":"` + past + `"`, "Hello", nil},
		{"a time that is none", `"body":"Hello","sent_at":"soon"`, "Hello", nil},
		{"a byte order mark", `"body":"Hello"`, "Hello", func(r *request) { r.body = append([]byte("\xef\xbb\xbf"), r.body...) }},
		{"in pieces", `"body":"Hello"`, "Hello", func(r *request) { r.pieces = true }},
		{"with a long way to go", `"body":"Hello"`, "Hello", func(r *request) { r.path += "?a=b&c=%00;d" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			from := fmt.Sprintf("+1512555%04d", 5000+i)
			r := in.delivery(fmt.Sprint("odd ", i), fmt.Sprintf(`{"from":%q,"id":"odd %d",%s}`, from, i, tc.members))
			if tc.change != nil {
				tc.change(&r)
			}
			before := time.Now()
			for range 2 { // the second time it is known
				if status := r.do(t, s); status != http.StatusOK {
					t.Fatalf("answered %d", status)
				}
			}
			list := in.messages(t, s, from)
			if len(list) != 1 {
				t.Fatalf("became %d messages", len(list))
			}
			m := list[0]
			if m.Body != tc.want || !utf8.ValidString(m.Body) {
				t.Errorf("is shown as %.60q, want %.60q", m.Body, tc.want)
			}
			if m.ReceivedAt.Before(before.Add(-time.Second)) || m.ReceivedAt.After(time.Now().Add(time.Second)) {
				t.Errorf("was received at %v", m.ReceivedAt)
			}
		})
	}
	if kept := in.quarantine(t, s); len(kept) != 0 {
		t.Errorf("%d of these are in the quarantine: %+v", len(kept), kept)
	}
	s.stop(t)
}

// What is authentic and cannot be read is kept for an admin, once, and the
// provider is content.
func TestWhatCannotBeReadIsQuarantined(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(`{"from":"+15125550177","body":"Hello"}`)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for i, tc := range []struct{ name, body string }{
		{"cut off", `{"from":"+15125550177","body":"Hel`},
		{"empty", ``},
		{"not JSON", `from=%2B15125550177&body=Hello`},
		{"a list", `[{"from":"+15125550177","body":"Hello"}]`},
		{"two of them", `{"from":"+15125550177","body":"a"} {"from":"+15125550177","body":"b"}`},
		{"no sender", `{"body":"Hello"}`},
		{"no text", `{"from":"+15125550177"}`},
		{"a text that is none", `{"from":"+15125550177","body":{"a":1}}`},
		{"a sender that is far too long", `{"from":"` + strings.Repeat("5", 5000) + `","body":"Hello"}`},
		{"far too deep", strings.Repeat("[", 500_000)},
		{"far too deep, and closed", `{"x":` + strings.Repeat(`{"x":`, 100_000) + "1" + strings.Repeat("}", 100_001)},
		{"zipped", zipped.String()},
		{"another character set", "{\x00\"\x00f\x00r\x00o\x00m\x00\"\x00:\x00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			before := in.quarantine(t, s)
			r := in.delivery(fmt.Sprint("unreadable ", i), tc.body)
			for range 3 {
				if status := r.do(t, s); status != http.StatusOK {
					t.Fatalf("answered %d", status)
				}
			}
			kept := in.quarantine(t, s)
			if len(kept) != len(before)+1 {
				t.Fatalf("three deliveries of it are %d entries of the quarantine", len(kept)-len(before))
			}
			q := kept[0]
			if q.Size != len(tc.body) || q.Reason == "" || strings.Contains(q.Reason, "0177") {
				t.Errorf("it is kept as %+v", q)
			}
			// It is no more readable now; replaying it says so, and keeps it.
			var problem struct{ Code string }
			if status := in.call(t, s, "POST", "/api/v1/quarantine/"+q.ID+"/replay", nil, &problem); status != http.StatusConflict || problem.Code != "conflict" {
				t.Errorf("replaying it is answered %d %q", status, problem.Code)
			}
			if n := len(in.quarantine(t, s)); n != len(kept) {
				t.Errorf("replaying it in vain left %d entries of %d", n, len(kept))
			}
		})
	}
	if n := len(in.messages(t, s, "+15125550177")); n != 0 {
		t.Errorf("%d messages were made of what cannot be read", n)
	}
	admin := in.key
	in.key = strings.TrimSpace(string(in.command(t, "apikey", "create", "--name", "viewer", "--role", "viewer")))
	if status := in.call(t, s, "GET", "/api/v1/quarantine", nil, nil); status != http.StatusForbidden {
		t.Errorf("a viewer asks for the quarantine and is answered %d", status)
	}
	in.key = admin
	s.stop(t)
}

// What is not authentic is refused, and what never was a delivery too; neither
// leaves a message, nor an answer by which a provider would give up.
func TestWhatIsNotAuthenticIsRefused(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	const body = `{"from":"+15125550188","body":"Hello"}`
	token := in.path[strings.LastIndex(in.path, "/")+1:]
	for _, tc := range []struct {
		name   string
		want   int
		change func(*request)
	}{
		{"another secret", 403, func(r *request) { r.secret = "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcm90aGVyMTI=" }},
		{"another body", 403, func(r *request) { r.header = http.Header{"Webhook-Signature": {"v1,AAAA"}} }},
		{"no signature", 403, func(r *request) { r.header = http.Header{"Webhook-Signature": nil} }},
		{"a signature of another kind", 403, func(r *request) { r.header = http.Header{"Webhook-Signature": {"none"}} }},
		{"two ids", 403, func(r *request) { r.header = http.Header{"Webhook-Id": {"x", "x"}} }},
		{"an old timestamp", 403, func(r *request) { r.at = r.at.Add(-6 * time.Minute) }},
		{"a timestamp ahead", 403, func(r *request) { r.at = r.at.Add(6 * time.Minute) }},
		{"a timestamp that is none", 403, func(r *request) { r.header = http.Header{"Webhook-Timestamp": {"1e9"}} }},
		{"a huge timestamp", 403, func(r *request) { r.header = http.Header{"Webhook-Timestamp": {strings.Repeat("9", 400)}} }},
		{"an unknown token", 404, func(r *request) { r.path = "/hooks/generic/" + strings.Repeat("a", len(token)) }},
		{"half a token", 404, func(r *request) { r.path = r.path[:len(r.path)-1] }},
		{"another provider's address", 404, func(r *request) { r.path = "/hooks/twilio/" + token }},
		{"a provider that is none", 404, func(r *request) { r.path = "/hooks/nobody/" + token }},
		{"no token", 404, func(r *request) { r.path = "/hooks/generic/" }},
		{"a longer path", 404, func(r *request) { r.path += "/x" }},
		{"too large", 413, func(r *request) { r.body = bytes.Repeat([]byte("x"), 1<<20+1) }},
		{"far too large", 413, func(r *request) { r.body = bytes.Repeat([]byte("x"), 8<<20) }},
		{"GET", 405, func(r *request) { r.method = "GET" }},
		{"HEAD", 405, func(r *request) { r.method = "HEAD" }},
		{"PUT", 405, func(r *request) { r.method = "PUT" }},
		{"PATCH", 405, func(r *request) { r.method = "PATCH" }},
		{"DELETE", 405, func(r *request) { r.method = "DELETE" }},
		{"OPTIONS", 405, func(r *request) { r.method = "OPTIONS" }},
		{"a method that is none", 405, func(r *request) { r.method = "BREW" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := in.delivery("refused "+tc.name, body)
			tc.change(&r)
			if status := r.do(t, s); status != tc.want {
				t.Errorf("answered %d, want %d", status, tc.want)
			}
		})
	}
	if n := len(in.messages(t, s, "+15125550188")); n != 0 {
		t.Errorf("%d messages were made of what was refused", n)
	}
	if n := len(in.quarantine(t, s)); n != 0 {
		t.Errorf("%d entries of the quarantine were made of what was refused", n)
	}
	if status := in.delivery("good", body).do(t, s); status != http.StatusOK {
		t.Errorf("after all of that a good delivery is answered %d", status)
	}
	s.stop(t)
}

// A message's id decides, not its signature: a delivery that is repeated with a
// new one is the same message, and its first text stands.
func TestARepeatedIDIsTheSameMessage(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	for i, text := range []string{"first", "first", "second"} {
		r := in.delivery(fmt.Sprint("delivery ", i), `{"id":"one","from":"+15125550177","body":"`+text+`"}`)
		r.at = r.at.Add(time.Duration(i-1) * time.Minute)
		if status := r.do(t, s); status != http.StatusOK {
			t.Errorf("delivery %d is answered %d", i, status)
		}
	}
	if list := in.messages(t, s, "+15125550177"); len(list) != 1 || list[0].Body != "first" {
		t.Errorf("they became %+v", list)
	}
	s.stop(t)
}

// A provider's clock may be wrong. What it says of a time never puts a text after
// one that came later, nor before all of history.
func TestAWrongClockMisplacesNothing(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	const from = "+15125550177"
	for i, sent := range []string{"2099-12-31T23:59:59Z", "1970-01-01T00:00:00Z", time.Now().UTC().Format(time.RFC3339)} {
		body := fmt.Sprintf(`{"id":"clock %d","from":%q,"body":"Text %d","sent_at":%q}`, i, from, i, sent)
		if status := in.delivery(fmt.Sprint("clock ", i), body).do(t, s); status != http.StatusOK {
			t.Fatalf("answered %d", status)
		}
	}
	s.stop(t)
	for _, m := range readBooksOf(t, in).messages {
		if at := time.UnixMicro(m.time); at.After(time.Now()) || at.Before(time.Now().Add(-time.Minute)) {
			t.Errorf("%s counts as of %v", m.providerID, at)
		}
	}
}

// The page of a hostile text shows it as text.
func TestThePageOfAHostileTextIsSafe(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	r := in.delivery("hostile", `{"from":"+15125550177","body":"a \ud83d \u0000 <script>alert(1)</script> \"><img src=x onerror=alert(2)> {{7*7}}"}`)
	if status := r.do(t, s); status != http.StatusOK {
		t.Fatalf("answered %d", status)
	}
	id := in.messages(t, s, "+15125550177")[0].ID

	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: patience}
	link, err := url.Parse(strings.TrimSpace(string(in.command(t, "user", "link", "--email", "dana@example.com", "--public-url", s.url))))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := browser.PostForm(s.url+link.Path, link.Query())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer, err = browser.Get(s.url + "/messages/" + id); err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	if answer.StatusCode != http.StatusOK || !strings.Contains(page, "a � � &lt;script&gt;alert(1)&lt;/script&gt;") {
		t.Errorf("the page of the text (%d) does not show it:\n%s", answer.StatusCode, tail(page))
	}
	if strings.Contains(page, "<script>alert") || strings.Contains(page, "<img src=x") || !utf8.ValidString(page) || strings.Contains(page, "\x00") {
		t.Errorf("the page of the text is not safe:\n%s", tail(page))
	}
	if csp := answer.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") {
		t.Errorf("the page's policy is %q", csp)
	}
	s.stop(t)
}
