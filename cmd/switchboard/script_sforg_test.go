package main

import (
	"bufio"
	"encoding/json"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// simulate starts switchboard sforg, beside whatever else runs, for as long as
// the story lasts, and sets SF_URL, SF_TOKEN, SF_CLIENT_ID, SF_CLIENT_SECRET,
// SF_USERNAME, SF_USER_ID, SF_ORG_ID and SF_PUBSUB.
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
		"SF_USERNAME": "username", "SF_USER_ID": "user_id", "SF_ORG_ID": "org_id", "SF_PUBSUB": "pubsub_addr"} {
		ts.Setenv(name, told[member])
	}
}
