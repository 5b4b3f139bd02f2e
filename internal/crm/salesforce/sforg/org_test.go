package sforg_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/sforg"
)

// clock is a clock that a test moves.
type clock struct {
	mu   sync.Mutex
	t    time.Time
	real bool
}

// follow makes the clock that of the machine, for clients that have no other.
func (c *clock) follow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.real = true
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.real {
		return time.Now()
	}
	return c.t
}

func (c *clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// world is an org that is served, and how to talk to it.
type world struct {
	*sforg.Org
	t     testing.TB
	url   string
	clock *clock
	token string
}

func newWorld(t testing.TB, change ...func(*sforg.Config)) *world {
	t.Helper()
	c := &clock{t: time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)}
	seed := [32]byte{1}
	config := sforg.Config{Now: c.Now, Random: rand.NewChaCha8(seed)}
	for _, f := range change {
		f(&config)
	}
	org := sforg.New(config)
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	org.SetURL(server.URL)
	return &world{org, t, server.URL, c, org.AccessToken()}
}

// answer is what the org said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// do calls the REST API as the world's user.
func (w *world) do(method, path string, body any, headers ...string) answer {
	w.t.Helper()
	var text io.Reader
	if body != nil {
		switch b := body.(type) {
		case string:
			text = bytes.NewBufferString(b)
		default:
			raw, err := json.Marshal(body)
			if err != nil {
				w.t.Fatal(err)
			}
			text = bytes.NewReader(raw)
		}
	}
	if path[0] == '/' && len(path) > 1 && path[1] != 's' && path[1] != '_' {
		path = "/services/data/v62.0" + path
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, text)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{status: -1}
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return answer{status: -1}
	}
	return answer{res.StatusCode, res.Header, got}
}

// must decodes an answer with the wanted status.
func (a answer) must(t testing.TB, status int, v any) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if v != nil {
		if err := json.Unmarshal(a.body, v); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
	}
}

func (w *world) create(object string, fields map[string]any) string {
	w.t.Helper()
	id, err := w.Create(nil, object, fields)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func TestARecordIsWhatWasWritten(t *testing.T) {
	w := newWorld(t)
	var made struct {
		ID      string
		Success bool
	}
	w.do("POST", "/services/data/v62.0/sobjects/Contact", map[string]any{"LastName": "Doe", "MobilePhone": "(512) 555-0177"}).must(t, 201, &made)
	if !made.Success || len(made.ID) != 18 {
		t.Fatalf("made %+v", made)
	}
	var got struct {
		TotalSize int
		Done      bool
		Records   []map[string]any
	}
	w.do("GET", "/services/data/v62.0/query?q=SELECT+Id,+Name,+MobilePhone,+Owner.Name,SystemModstamp+FROM+Contact+WHERE+LastName+LIKE+'do%25'", nil).must(t, 200, &got)
	if got.TotalSize != 1 || !got.Done || got.Records[0]["MobilePhone"] != "(512) 555-0177" || got.Records[0]["SystemModstamp"] != "2026-03-02T09:30:00.000+0000" {
		t.Errorf("got %+v", got)
	}
	if owner := got.Records[0]["Owner"].(map[string]any); owner["Name"] != "Ada Admin" {
		t.Errorf("owner %+v", owner)
	}
	changes := w.ChangesAfter("Contact", 0)
	if len(changes) != 1 || changes[0].Type != sforg.ChangeCreate || changes[0].Fields["MobilePhone"] != "(512) 555-0177" {
		t.Errorf("changes %+v", changes)
	}
}
