package providertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/switchboardhq/switchboard"
	"github.com/switchboardhq/switchboard/internal/provider"
)

// oracleRequest is a line that tools/oracles/oracle.mjs prints.
type oracleRequest struct {
	Provider string      `json:"provider"`
	Secret   string      `json:"secret"`
	URL      string      `json:"url"`
	At       time.Time   `json:"at"`
	Headers  http.Header `json:"headers"`
	Body     []byte      `json:"body"`
	Genuine  bool        `json:"genuine"`
	Expect   oracleText  `json:"expect"`
}

type oracleText struct {
	ID      string   `json:"id"`
	Account string   `json:"account"`
	From    string   `json:"from"`
	To      string   `json:"to"`
	Body    string   `json:"body"`
	Media   []string `json:"media"`
}

// Oracle compares d with the vendor's own SDK, over count deliveries of all
// providers that are made from seed: both take the same ones for genuine, and d
// tells what went into them.
func Oracle(t *testing.T, d provider.Driver, count, seed int) {
	verdicts := map[bool]int{}
	for i, o := range askOracle(t, count, seed) {
		if o.Provider != d.Name() {
			continue
		}
		header := http.Header{}
		for name, values := range o.Headers {
			for _, v := range values {
				header.Add(name, v)
			}
		}
		r := provider.Request{Method: http.MethodPost, URL: o.URL, Header: header, Body: o.Body, ReceivedAt: o.At}
		c := provider.Credentials{Secret: o.Secret}
		err := d.Verify(r, c)
		verdicts[err == nil]++
		if (err == nil) != o.Genuine || err != nil && !errors.Is(err, provider.ErrForged) {
			t.Errorf("delivery %d of seed %d: the SDK says genuine=%t, we say %v\n%s %v\n%s", i, seed, o.Genuine, err, o.URL, o.Headers, o.Body)
			continue
		}
		if err != nil {
			continue
		}
		events, err := provider.Read(d, r, c)
		if err != nil || len(events) != 1 || events[0].Text == nil {
			t.Errorf("delivery %d of seed %d tells %v %v, want one text", i, seed, events, err)
			continue
		}
		if diff := cmp.Diff(o.Expect, oracleView(events[0].Text)); diff != "" {
			t.Errorf("delivery %d of seed %d tells something else (-want +got):\n%s", i, seed, diff)
		}
	}
	if verdicts[true] == 0 || verdicts[false] == 0 {
		t.Errorf("the oracle's deliveries were genuine or not: %v. It should send both kinds.", verdicts)
	}
}

func oracleView(text *switchboard.Text) oracleText {
	v := oracleText{ID: text.ProviderMessageID, Account: text.Account, From: text.Sender, To: text.Ours, Body: text.Body, Media: []string{}}
	for _, m := range text.Media {
		v.Media = append(v.Media, m.URL)
	}
	return v
}

func askOracle(t *testing.T, count, seed int) []oracleRequest {
	t.Helper()
	dir := oracleDir(t)
	modules := os.Getenv("SWITCHBOARD_ORACLES")
	if modules == "" {
		modules = filepath.Join(dir, "node_modules")
	}
	if _, err := os.Stat(filepath.Join(modules, "twilio")); err != nil {
		t.Fatalf("The vendors' SDKs are not in %s. Run make test: it installs them. Or run npm ci --ignore-scripts in tools/oracles.", modules)
	}
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "oracle.mjs"), "requests", strconv.Itoa(count), strconv.Itoa(seed))
	cmd.Env = append(os.Environ(), "SWITCHBOARD_ORACLES="+modules)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("The oracle failed: %v. It needs Node 20, which make test installs.\n%s", err, stderr.String())
	}
	var all []oracleRequest
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r oracleRequest
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// oracleDir finds tools/oracles from wherever in the module the test runs.
func oracleDir(t *testing.T) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "tools", "oracles")
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}
