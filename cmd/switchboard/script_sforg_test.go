package main

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"log/slog"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/switchboardhq/switchboard/internal/crm/salesforce/pubsub"
)

// simulate starts switchboard sforg, beside whatever else runs, for as long as
// the story lasts, and sets SF_URL, SF_TOKEN, SF_CLIENT_ID, SF_CLIENT_SECRET,
// SF_USERNAME, SF_USER_ID, SF_ORG_ID, SF_PUBSUB and SF_PUBSUB_CA (PEM).
func simulate(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("it has to start")
	}
	cmd := program(ts, "switchboard", append([]string{"sforg", "--json", "--listen", "127.0.0.1:0"}, args...)...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may be gone, which Wait tells
		stuck := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		defer stuck.Stop()
		if err := cmd.Wait(); err != nil {
			ts.Logf("sforg ended with %v: %s", err, stderr.String())
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		ts.Fatalf("sforg printed nothing: %v", err)
	}
	var told map[string]string
	ts.Check(json.Unmarshal([]byte(line), &told))
	for name, member := range map[string]string{"SF_URL": "url", "SF_TOKEN": "access_token", "SF_CLIENT_ID": "client_id", "SF_CLIENT_SECRET": "client_secret",
		"SF_USERNAME": "username", "SF_USER_ID": "user_id", "SF_ORG_ID": "org_id", "SF_PUBSUB": "pubsub_addr", "SF_PUBSUB_CA": "pubsub_ca"} {
		ts.Setenv(name, told[member])
	}
}

// topic asks the Pub/Sub API of the simulated org whether the topic that it is
// given can be subscribed to, with the token in KEY.
func topic(ts *testscript.TestScript, neg bool, args []string) {
	roots := x509.NewCertPool()
	if len(args) != 1 || !roots.AppendCertsFromPEM([]byte(ts.Getenv("SF_PUBSUB_CA"))) {
		ts.Fatalf("usage: topic NAME, after sforg")
	}
	s, err := pubsub.New(pubsub.Config{Address: ts.Getenv("SF_PUBSUB"), Roots: roots, Log: slog.New(slog.DiscardHandler),
		Tokens: sessionOf{AccessToken: ts.Getenv("KEY"), InstanceURL: ts.Getenv("SF_URL"), OrgID: ts.Getenv("SF_ORG_ID")}})
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.Check(ctx, args[0]); (err != nil) != neg {
		ts.Fatalf("topic %s: %v", args[0], err)
	}
}

// sessionOf is a session that stays as it is.
type sessionOf pubsub.Session

func (s sessionOf) Session(context.Context) (pubsub.Session, error) { return pubsub.Session(s), nil }
func (sessionOf) Invalidate(string)                                 {}
