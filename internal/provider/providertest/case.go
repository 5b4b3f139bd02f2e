package providertest

import (
	"bufio"
	"bytes"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/provider"
)

// Case is a recorded delivery.
//
// Its file begins with lines "# name: value", continues as an HTTP request with
// an absolute URL, and ends with the body, byte for byte:
//
//	# secret: the channel's secret
//	# verdict: genuine, forged or unreadable; genuine if left out
//	# received: RFC 3339; 2026-11-23T12:35:00Z if left out
//	POST https://sms.example.test/hooks/twilio/token
//	Content-Type: application/x-www-form-urlencoded
//
//	From=%2B15125550177&…
//
// What a genuine one tells stands beside it in a file of the same name that ends
// in .json; UPDATE=1 go test writes it. tools/oracles/oracle.mjs signs.
type Case struct {
	Name        string
	Verdict     string
	Request     provider.Request
	Credentials provider.Credentials
	golden      string
}

// Load reads the cases whose files match pattern.
func Load(tb testing.TB, pattern string) []Case {
	tb.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		tb.Fatalf("no recorded deliveries match %s: %v", pattern, err)
	}
	var cases []Case
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".http")
		c, err := parse(data)
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		c.Name, c.golden = name, strings.TrimSuffix(file, ".http")+".json"
		cases = append(cases, c)
	}
	return cases
}

func parse(data []byte) (Case, error) {
	c := Case{Verdict: "genuine"}
	c.Request.ReceivedAt = time.Date(2026, 11, 23, 12, 35, 0, 0, time.UTC)
	head, body, _ := bytes.Cut(data, []byte("\n\n"))
	c.Request.Body = body
	rest := string(head)
	for strings.HasPrefix(rest, "# ") {
		line, after, _ := strings.Cut(rest, "\n")
		rest = after
		name, value, _ := strings.Cut(line[2:], ": ")
		switch name {
		case "secret":
			c.Credentials.Secret = value
		case "verdict":
			c.Verdict = value
		case "received":
			at, err := time.Parse(time.RFC3339, value)
			if err != nil {
				return c, err
			}
			c.Request.ReceivedAt = at
		}
	}
	line, headers, _ := strings.Cut(rest, "\n")
	c.Request.Method, c.Request.URL, _ = strings.Cut(line, " ")
	h, err := textproto.NewReader(bufio.NewReader(strings.NewReader(headers + "\n\n"))).ReadMIMEHeader()
	c.Request.Header = http.Header(h)
	return c, err
}
