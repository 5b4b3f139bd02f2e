package crashtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/provider/generic"
)

// dial opens a bare connection to the service.
func dial(t testing.TB, s *server) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(s.url, "http://"), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return c
}

// signed returns the headers of a good delivery, as lines.
func signed(t testing.TB, id, body string) string {
	t.Helper()
	h, err := generic.Sign(secret, id, time.Now(), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("Host: switchboard.test\r\n")
	if err := h.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// answers reads all that comes on a connection until the other side closes it,
// and returns the statuses.
func answers(t testing.TB, c net.Conn) []int {
	t.Helper()
	var statuses []int
	r := bufio.NewReader(c)
	for {
		answer, err := http.ReadResponse(r, nil)
		if err != nil {
			if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !strings.Contains(err.Error(), "reset") {
				t.Errorf("after the answers %v: %v", statuses, err)
			}
			return statuses
		}
		statuses = append(statuses, answer.StatusCode)
		if _, err := io.Copy(io.Discard, answer.Body); err != nil {
			return statuses
		}
		answer.Body.Close()
	}
}

// Two servers in a row that disagree on where a request ends can be made to
// pass a request by one of them. Each of these is one request and then a
// closed connection, or none: what is hidden in it is never served.
func TestNothingIsSmuggled(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	const hidden = `{"from":"+15125550199","body":"smuggled"}`
	smuggled := "POST " + in.path + " HTTP/1.1\r\n" + signed(t, "hidden", hidden) + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(hidden), hidden)
	const good = `{"from":"+15125550177","body":"good"}`
	chunked := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(good), good)
	begin := "POST " + in.path + " HTTP/1.1\r\n" + signed(t, "good", good)
	for _, tc := range []struct {
		name, request string
		want          int // of the only answer; 0: none is wanted
	}{
		{"a length and chunks", begin + fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n%s%s", len(chunked)+len(smuggled), chunked, smuggled), 200},
		{"chunks and a length", begin + fmt.Sprintf("Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n%s%s", len(chunked)+len(smuggled), chunked, smuggled), 200},
		{"two lengths", begin + fmt.Sprintf("Content-Length: %d\r\nContent-Length: 0\r\n\r\n%s%s", len(good), good, smuggled), 400},
		{"a list of lengths", begin + fmt.Sprintf("Content-Length: %d, 0\r\n\r\n%s%s", len(good), good, smuggled), 400},
		{"a length with a sign", begin + fmt.Sprintf("Content-Length: +%d\r\n\r\n%s%s", len(good), good, smuggled), 400},
		{"a negative length", begin + "Content-Length: -1\r\n\r\n" + smuggled, 400},
		{"an encoding that is none", begin + "Transfer-Encoding: xchunked\r\n\r\n" + chunked + smuggled, 501},
		{"two encodings", begin + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + chunked + smuggled, 501},
		{"a space before the colon", begin + fmt.Sprintf("Transfer-Encoding : chunked\r\nContent-Length: %d\r\n\r\n%s%s", len(good), good, smuggled), 400},
		{"a chunk of no size", begin + "Transfer-Encoding: chunked\r\n\r\nZ\r\nabc\r\n0\r\n\r\n" + smuggled, 503},
		{"a bare line feed in a chunk", begin + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\n%s\r\n0\r\n\r\n%s", len(good), good, smuggled), 503},
		{"a header that goes on", begin + fmt.Sprintf("X: a\r\n b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s%s", len(good), good, smuggled), 200},
		{"no host", "POST " + in.path + " HTTP/1.1\r\nContent-Length: 0\r\n\r\n" + smuggled, 400},
		{"two hosts", "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" + smuggled, 400},
		{"NUL in a header", "GET /healthz HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n" + smuggled, 400},
		{"a version that is none", "GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n" + smuggled, 505},
		{"not HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, s)
			if _, err := io.WriteString(c, tc.request); err != nil {
				t.Fatal(err)
			}
			got := answers(t, c)
			if len(got) != 1 || got[0] != tc.want {
				t.Errorf("answered %v, want [%d] and the end", got, tc.want)
			}
		})
	}
	if n := len(in.messages(t, s, "+15125550199")); n != 0 {
		t.Errorf("%d messages were smuggled in", n)
	}
	s.stop(t)
}

// Odd forms of an address reach what they name, or nothing.
func TestOddAddressesAreHarmless(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	const body = `{"id":"address","from":"+15125550177","body":"Hello"}`
	for _, tc := range []struct {
		name, target string
		want         []int
	}{
		{"absolute", "http://switchboard.test" + in.path, []int{200}},
		{"absolute, to elsewhere", "http://evil.test" + in.path, []int{200}},
		{"with a query", in.path + "?%00&a=;", []int{200}},
		{"two slashes", "/" + in.path, []int{301, 307, 308, 404}},
		{"dots", "/x/.." + in.path, []int{301, 307, 308, 404}},
		{"encoded dots", "/%2e%2e/%2e%2e/etc/passwd", []int{301, 307, 308, 404, 405}},
		{"an encoded slash", strings.Replace(in.path, "/hooks/", "/hooks%2F", 1), []int{404, 405}},
		{"NUL", "/hooks/generic/%00", []int{404}},
		{"a bad escape", "/hooks/generic/%zz", []int{400}},
		{"nothing", "*", []int{400, 404, 405}},
		{"an authority", "evil.test:443", []int{307, 400, 404}},
		{"no slash", "hooks/generic", []int{400}},
		{"8 KB", "/hooks/generic/" + strings.Repeat("a", 8<<10), []int{404}},
		{"not ASCII", "/hooks/generic/ü", []int{404, 400}},
		{"a script", "/<script>alert(1)</script>", []int{404, 405}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, s)
			_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s", tc.target, signed(t, "address", body), len(body), body)
			if err != nil {
				t.Fatal(err)
			}
			got := answers(t, c)
			if len(got) != 1 {
				t.Fatalf("answered %v", got)
			}
			for _, w := range tc.want {
				if got[0] == w {
					return
				}
			}
			t.Errorf("answered %d, want one of %v", got[0], tc.want)
		})
	}
	s.stop(t)
}

// A flood of headers ends before it is kept in memory.
func TestHeadersAreBounded(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	for _, tc := range []struct{ name, header string }{
		{"one long", "X: " + strings.Repeat("x", 1<<20) + "\r\n"},
		{"many", strings.Repeat("X: "+strings.Repeat("x", 100)+"\r\n", 10_000)},
		{"a long name", strings.Repeat("x", 1<<20) + ": x\r\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, s)
			// The other side may hang up in the middle of it.
			_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\n%s\r\n", in.path, tc.header)
			if got := answers(t, c); len(got) > 1 || len(got) == 1 && got[0] != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("answered %v (write: %v), want 431", got, err)
			}
		})
	}
	if s.ready() != http.StatusOK {
		t.Error("the service is not ready any more")
	}
	s.stop(t)
}

// Hundreds who send a byte now and then hold connections, and nothing else:
// good deliveries pass meanwhile, and the slow ones are hung up on.
func TestSlowSendersBlockNobody(t *testing.T) {
	t.Parallel()
	const slow = 300
	in := install(t, "")
	s := in.serve(t)
	begin := "POST " + in.path + " HTTP/1.1\r\nHost: x\r\n"
	address := strings.TrimPrefix(s.url, "http://")
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer running.Wait()
	defer stop()
	var mu sync.Mutex
	lasted := map[string]time.Duration{} // the longest of each kind
	kinds := map[string]struct{ head, drip string }{
		"silent":         {"", ""},
		"slow headers":   {begin, "X: y\r\n"},
		"slow body":      {begin + "Content-Length: 100000\r\n\r\n", "x"},
		"slow chunks":    {begin + "Transfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n"},
		"silent in body": {begin + "Content-Length: 100000\r\n\r\n", ""},
	}
	for name, kind := range kinds {
		for range slow / len(kinds) {
			running.Go(func() {
				c, err := net.DialTimeout("tcp", address, patience)
				if err != nil {
					t.Errorf("%s: %v", name, err)
					return
				}
				defer c.Close()
				began := time.Now()
				_, _ = io.WriteString(c, kind.head)
				buffer := make([]byte, 4096)
				for ctx.Err() == nil && time.Since(began) < patience {
					_ = c.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
					if _, err := c.Read(buffer); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
						break // hung up on
					}
					_, _ = io.WriteString(c, kind.drip)
				}
				mu.Lock()
				defer mu.Unlock()
				lasted[name] = max(lasted[name], time.Since(began))
			})
		}
	}
	for i := range 40 {
		began := time.Now()
		r := in.delivery(fmt.Sprint("among slow ones ", i), `{"from":"+15125550177","body":"Hello"}`)
		if status := r.do(t, s); status != http.StatusOK {
			t.Errorf("among %d slow ones, a good delivery is answered %d", slow, status)
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("among %d slow ones, a good delivery takes %v", slow, took)
		}
	}
	running.Wait()
	for name, d := range lasted {
		if limit := 15 * time.Second; name != "silent" && d > limit {
			t.Errorf("%s: the last was hung up on after %v, want less than %v", name, d, limit)
		}
	}
	t.Logf("hung up on after: %v", lasted)
	if n := len(in.messages(t, s, "+15125550177")); n != 40 {
		t.Errorf("40 good deliveries became %d messages", n)
	}
	s.stop(t)
}
