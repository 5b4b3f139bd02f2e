package provider_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// shout is a provider whose deliveries say themselves what is to happen.
type shout struct{}

func (shout) Name() string             { return "shout" }
func (shout) Answer() (string, []byte) { return "text/shout", []byte("HEARD") }

func (shout) Verify(r provider.Request, c provider.Credentials) error {
	switch first, _, _ := strings.Cut(string(r.Body), " "); first {
	case "forged":
		return fmt.Errorf("%w: it says so", provider.ErrForged)
	case "secret":
		return provider.ErrSecret
	case "unsigned":
		return provider.ErrUnsigned
	case "garbled":
		return fmt.Errorf("%w: %w", provider.ErrUnreadable, provider.Unreadable("It is garbled."))
	case "panic":
		panic("a defect of the driver")
	case "odd":
		return errors.New("none of the above")
	}
	if c.Secret == "changed" && !strings.Contains(string(r.Body), "again") {
		return provider.ErrForged
	}
	return nil
}

func (shout) Parse(r provider.Request, _ provider.Credentials) ([]switchboard.Event, error) {
	var events []switchboard.Event
	for i, word := range strings.Fields(string(r.Body)) {
		switch word {
		case "mumble":
			return events, provider.Unreadable("It mumbles.")
		case "choke":
			panic("the text of +15125550177")
		case "nobody":
			events = append(events, switchboard.Event{Text: &switchboard.Text{Direction: switchboard.Inbound, ProviderMessageID: "1", Body: word}})
		case "nothing":
		default:
			events = append(events, switchboard.Event{Text: &switchboard.Text{
				Direction: switchboard.Inbound, ProviderMessageID: fmt.Sprint(i), Sender: "+15125550177", Body: word,
			}})
		}
	}
	return events, nil
}

// books is where deliveries end up. Errs are what the next calls fail with.
type books struct {
	mu          sync.Mutex
	lookUpErrs  []error
	receiveErrs []error
	quarantErrs []error
	accounts    []provider.Account // the first for the first look-up, the last for all after it
	lookUps     int
	received    []string
	quarantined []string
	verdicts    []error
	urls        []string
	hang        bool
}

func next(errs *[]error) error {
	if len(*errs) == 0 {
		return nil
	}
	err := (*errs)[0]
	*errs = (*errs)[1:]
	return err
}

func (b *books) Account(_ context.Context, name, token string) (provider.Account, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if name != "shout" || token != "token" {
		return provider.Account{}, switchboard.Errorf(switchboard.CodeNotFound, "no such channel")
	}
	b.lookUps++
	a := provider.Account{OrgID: "org", ChannelID: "channel"}
	if len(b.accounts) > 0 {
		a = b.accounts[min(b.lookUps, len(b.accounts))-1]
	}
	return a, next(&b.lookUpErrs)
}

func (b *books) Receive(ctx context.Context, _ provider.Account, events []switchboard.Event) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.hang {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := next(&b.receiveErrs); err != nil {
		return err
	}
	for _, e := range events {
		b.received = append(b.received, e.Text.Body)
	}
	return ctx.Err()
}

func (b *books) Quarantine(ctx context.Context, _ provider.Account, r provider.Request, reason string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := next(&b.quarantErrs); err != nil {
		return err
	}
	b.quarantined = append(b.quarantined, string(r.Body)+": "+reason)
	return ctx.Err()
}

func (b *books) Called(_ context.Context, _ provider.Account, r provider.Request, verdict error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.verdicts = append(b.verdicts, verdict)
	b.urls = append(b.urls, r.URL)
}

func handler(b *books, log io.Writer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/hooks/{provider}/{token}", provider.NewReceiver(provider.Config{
		Drivers: []provider.Driver{shout{}}, Accounts: b, Intake: b,
		PublicURL: func() string { return "https://sms.example.test/prefix/" },
		Now:       func() time.Time { return time.Date(2026, 11, 23, 12, 35, 0, 0, time.UTC) },
		Log:       slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}))
	return mux
}

func deliver(h http.Handler, body string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://evil.test/hooks/shout/token?a=%20b", strings.NewReader(body)))
	return w
}

var (
	unavailable = switchboard.Errorf(switchboard.CodeUnavailable, "the disk is full")
	stale       = switchboard.Errorf(switchboard.CodeStale, "the channel changed")
	invalid     = switchboard.Errorf(switchboard.CodeInvalid, "It can never be stored.")
	errBroken   = errors.New("an unforeseen failure")
)

func TestWhatADeliveryIsAnswered(t *testing.T) {
	tests := []struct {
		what        string
		body        string
		books       *books
		status      int
		received    []string
		quarantined []string
	}{
		{what: "genuine", body: "hello there", status: 200, received: []string{"hello", "there"}},
		{what: "genuine and telling nothing", body: "nothing", status: 200},
		{what: "genuine and empty", body: "", status: 200},
		{what: "forged", body: "forged hello", status: 403},
		{what: "without our secret", body: "secret", status: 503},
		{what: "with a secret that cannot be opened", body: "hello", status: 503,
			books: &books{accounts: []provider.Account{{SecretErr: errors.New("no key")}}}},
		{what: "unsigned by a provider that forgets it", body: "unsigned", status: 503},
		{what: "proven in a body that cannot be read", body: "garbled", status: 200,
			quarantined: []string{"garbled: The body could not be read, so it could not be checked who sent it."}},
		{what: "authentic and unreadable", body: "mumble", status: 200, quarantined: []string{"mumble: It mumbles."}},
		{what: "readable in part", body: "hello mumble there", status: 200, received: []string{"hello"},
			quarantined: []string{"hello mumble there: It mumbles."}},
		{what: "from nobody", body: "nobody", status: 200,
			quarantined: []string{"nobody: The delivery does not say which number it is from."}},
		{what: "with one from nobody", body: "hello nobody there", status: 200, received: []string{"hello", "there"},
			quarantined: []string{"hello nobody there: The delivery does not say which number it is from."}},
		{what: "fatal to the driver that verifies", body: "panic", status: 503},
		{what: "fatal to the driver that parses", body: "choke", status: 200,
			quarantined: []string{"choke: Switchboard failed on this delivery. Replay it after an update."}},
		{what: "judged in an unknown way", body: "odd", status: 503},
		{what: "not committed", body: "hello", status: 503, books: &books{receiveErrs: []error{unavailable}}},
		{what: "not committed for an unforeseen reason", body: "hello", status: 503, books: &books{receiveErrs: []error{errBroken}}},
		{what: "not quarantined", body: "mumble", status: 503, books: &books{quarantErrs: []error{unavailable}}},
		{what: "not looked up", body: "hello", status: 503, books: &books{lookUpErrs: []error{errBroken}}},
		{what: "never to be stored", body: "hello", status: 200, books: &books{receiveErrs: []error{invalid}},
			quarantined: []string{"hello: It can never be stored."}},
		{what: "never to be stored in part", body: "a b c", status: 200, books: &books{receiveErrs: []error{invalid, nil, invalid}},
			received: []string{"a", "c"}, quarantined: []string{"a b c: It can never be stored."}},
		{what: "stored in part, then trouble", body: "a b c", status: 503, books: &books{receiveErrs: []error{invalid, nil, unavailable}},
			received: []string{"a"}},
		{what: "verified before its channel changed", body: "hello again", status: 200, received: []string{"hello", "again"},
			books: &books{receiveErrs: []error{stale}, accounts: []provider.Account{{}, {Credentials: provider.Credentials{Secret: "changed"}}}}},
		{what: "forged after its channel changed", body: "hello", status: 403,
			books: &books{receiveErrs: []error{stale}, accounts: []provider.Account{{}, {Credentials: provider.Credentials{Secret: "changed"}}}}},
		{what: "quarantined after its channel changed", body: "mumble again", status: 200, books: &books{quarantErrs: []error{stale}},
			quarantined: []string{"mumble again: It mumbles."}},
		{what: "of a channel that was removed meanwhile", body: "hello", status: 404,
			books: &books{receiveErrs: []error{stale}, lookUpErrs: []error{nil, switchboard.Errorf(switchboard.CodeNotFound, "gone")}}},
		{what: "of a channel that changes all the time", body: "hello", status: 503,
			books: &books{receiveErrs: []error{stale, stale, stale, stale}}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			var log bytes.Buffer
			b := tt.books
			if b == nil {
				b = &books{}
			}
			w := deliver(handler(b, &log), tt.body)
			if w.Code != tt.status {
				t.Errorf("status %d %q, want %d", w.Code, w.Body, tt.status)
			}
			if !slices.Equal(b.received, tt.received) {
				t.Errorf("committed %q, want %q", b.received, tt.received)
			}
			if !slices.Equal(b.quarantined, tt.quarantined) {
				t.Errorf("quarantined %q, want %q", b.quarantined, tt.quarantined)
			}
			if (w.Code == 503) != (w.Header().Get("Retry-After") != "") {
				t.Errorf("status %d with Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
			if w.Code == 200 && (w.Body.String() != "HEARD" || w.Header().Get("Content-Type") != "text/shout") {
				t.Errorf("the answer is %q %q", w.Header().Get("Content-Type"), w.Body)
			}
			if strings.Contains(log.String(), "5550177") {
				t.Errorf("a number is in the log: %s", log.String())
			}
		})
	}
}

// The set-up page learns of every call, and what was wrong with it.
func TestEveryCallIsNoted(t *testing.T) {
	for body, want := range map[string]error{
		"hello": nil, "mumble": nil, "forged": provider.ErrForged, "garbled": provider.ErrUnreadable, "secret": provider.ErrSecret, "unsigned": provider.ErrUnsigned,
	} {
		b := &books{}
		deliver(handler(b, io.Discard), body)
		if len(b.verdicts) != 1 || !errors.Is(b.verdicts[0], want) {
			t.Errorf("%s: noted are %v, want %v", body, b.verdicts, want)
		}
	}
}

// What a provider signs is our public URL; what a request says of its host is
// anybody's word.
func TestTheURLIsTheConfiguredOne(t *testing.T) {
	b := &books{}
	r := httptest.NewRequest(http.MethodPost, "http://evil.test/hooks/shout/token?a=%20b&c", strings.NewReader("hello"))
	r.Header.Set("X-Forwarded-Host", "evil.test")
	r.Header.Set("X-Forwarded-Proto", "http")
	r.Header.Set("X-Forwarded-Prefix", "/evil")
	handler(b, io.Discard).ServeHTTP(httptest.NewRecorder(), r)
	if want := "https://sms.example.test/prefix/hooks/shout/token?a=%20b&c"; !slices.Equal(b.urls, []string{want}) {
		t.Errorf("the driver was shown %q, want %q", b.urls, want)
	}
}

func TestAddressesAndMethods(t *testing.T) {
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/hooks/shout/token", 200},
		{"POST", "/hooks/shout/other", 404},
		{"POST", "/hooks/nobody/token", 404},
		{"POST", "/hooks/SHOUT/token", 404},
		{"GET", "/hooks/shout/token", 405},
		{"GET", "/hooks/shout/other", 405},
		{"HEAD", "/hooks/shout/token", 405},
		{"PUT", "/hooks/shout/token", 405},
		{"OPTIONS", "/hooks/shout/token", 405},
		{"DELETE", "/hooks/nobody/token", 405},
	} {
		b := &books{}
		w := httptest.NewRecorder()
		handler(b, io.Discard).ServeHTTP(w, httptest.NewRequest(tt.method, tt.path, strings.NewReader("hello")))
		if w.Code != tt.status {
			t.Errorf("%s %s: status %d, want %d", tt.method, tt.path, w.Code, tt.status)
		}
		if (w.Code == 405) != (w.Header().Get("Allow") == "POST") {
			t.Errorf("%s %s: status %d with Allow %q", tt.method, tt.path, w.Code, w.Header().Get("Allow"))
		}
		if w.Code != 200 && len(b.received)+len(b.verdicts) > 0 {
			t.Errorf("%s %s was believed", tt.method, tt.path)
		}
	}
}

func TestBodiesOverTheLimitAreRefused(t *testing.T) {
	b := &books{}
	s := httptest.NewServer(handler(b, io.Discard))
	defer s.Close()
	for _, tt := range []struct {
		what   string
		body   io.Reader
		status int
	}{
		{"as large as may be", strings.NewReader(strings.Repeat("x", provider.MaxBody)), 200},
		{"a byte larger", strings.NewReader(strings.Repeat("x", provider.MaxBody+1)), 413},
		{"endless, of unknown length", io.LimitReader(zeros{}, 1<<30), 413},
	} {
		resp, err := http.Post(s.URL+"/hooks/shout/token", "text/plain", tt.body)
		if err != nil {
			t.Errorf("%s: %v", tt.what, err)
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", tt.what, resp.StatusCode, tt.status)
		}
	}
	if len(b.received) != 1 {
		t.Errorf("%d deliveries were committed, want 1", len(b.received))
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestTheWaitForTheCommitEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w := deliver(handler(&books{hang: true}, io.Discard), "hello")
		if took := time.Since(began); w.Code != 503 || took != provider.Wait {
			t.Errorf("status %d after %v, want 503 after %v", w.Code, took, provider.Wait)
		}
	})
}

// Some providers send once. Whoever hangs up after the body is committed all the
// same.
func TestASenderThatHangsUpStopsNothing(t *testing.T) {
	b := &books{}
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/hooks/shout/token", &hangsUp{strings.NewReader("hello"), cancel})
	w := httptest.NewRecorder()
	handler(b, io.Discard).ServeHTTP(w, r)
	if w.Code != 200 || !slices.Equal(b.received, []string{"hello"}) {
		t.Errorf("status %d, committed %q", w.Code, b.received)
	}
}

type hangsUp struct {
	io.Reader
	cancel func()
}

func (h *hangsUp) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if err == io.EOF {
		h.cancel()
	}
	return n, err
}

// Half a delivery is none, and says nothing of its channel.
func TestADeliveryThatBreaksOffIsSentAgain(t *testing.T) {
	b := &books{}
	w := httptest.NewRecorder()
	body := io.MultiReader(strings.NewReader("hello the"), broke{})
	handler(b, io.Discard).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hooks/shout/token", body))
	if w.Code != 503 || len(b.received)+len(b.quarantined)+len(b.verdicts) > 0 {
		t.Errorf("status %d, committed %q, quarantined %q", w.Code, b.received, b.quarantined)
	}
}

type broke struct{}

func (broke) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// A hundred senders that stop in the middle do not keep others waiting.
func TestSlowSendersBlockNobody(t *testing.T) {
	b := &books{}
	s := httptest.NewServer(handler(b, io.Discard))
	defer s.Close()
	for range 100 {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /hooks/shout/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhel")
	}
	resp, err := http.Post(s.URL+"/hooks/shout/token", "text/plain", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 || !slices.Equal(b.received, []string{"hello"}) {
		t.Errorf("status %d, committed %q", resp.StatusCode, b.received)
	}
}

// Requests that two servers might cut apart differently are refused as a whole.
func TestAmbiguousLengthsAreRefused(t *testing.T) {
	b := &books{}
	s := httptest.NewServer(handler(b, io.Discard))
	defer s.Close()
	for _, headers := range []string{
		"Content-Length: 5\r\nContent-Length: 6\r\n",
		"Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
		"Content-Length: +5\r\n",
	} {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /hooks/shout/token HTTP/1.1\r\nHost: x\r\n%s\r\nhello\r\n\r\n", headers)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%q: %v", headers, err)
		}
		if resp.StatusCode < 400 {
			t.Errorf("%q: status %d", headers, resp.StatusCode)
		}
	}
	if len(b.received) > 0 {
		t.Errorf("committed %q", b.received)
	}
}
