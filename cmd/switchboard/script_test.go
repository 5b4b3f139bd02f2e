package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/switchboardhq/switchboard/internal/pgtest"
	"github.com/switchboardhq/switchboard/internal/provider/generic"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"switchboard": main,
		"api":         apiMain,
		"hook":        hookMain,
	})
}

// TestStories plays the scripts, each in a folder and a store of its own, on
// both databases. Besides testscript's own commands there are
//
//	serve [FLAG…]        start switchboard serve; sets URL, and SETUP if it prints a set-up link
//	demo [FLAG…]         the same for switchboard demo; sets SIGNIN
//	sforg [FLAG…]        run switchboard sforg beside it until the story ends; sets SF_URL, SF_TOKEN and more
//	finish               send it SIGTERM; it has to exit with 0
//	keep NAME [PATH]     set NAME to what the last command printed, or to what stands at PATH in its JSON
//	exits N COMMAND…     the command has to exit with exactly N
//	exec api METHOD PATH [BODY]       call the API with the key in KEY, or, where PATH begins with /./, what
//	                                  stands beside it; prints the status and the body
//	exec hook SECRET PATH ID BODY     sign a delivery as Standard Webhooks say and post it
func TestStories(t *testing.T) {
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			testscript.Run(t, testscript.Params{
				Dir: "testdata/script",
				Setup: func(env *testscript.Env) error {
					env.Setenv("SWITCHBOARD_DATA", filepath.Join(env.WorkDir, "data"))
					if database == "postgres" {
						env.Setenv("SWITCHBOARD_DATABASE", pgtest.URL(t))
					}
					env.Values[servingKey{}] = &serving{}
					return nil
				},
				Condition: func(c string) (bool, error) { return c == database, nil },
				Cmds: map[string]func(*testscript.TestScript, bool, []string){
					"serve": func(ts *testscript.TestScript, neg bool, args []string) {
						start(ts, neg, append([]string{"serve"}, args...))
					},
					"demo": func(ts *testscript.TestScript, neg bool, args []string) {
						start(ts, neg, append([]string{"demo"}, args...))
					},
					"sforg":  simulate,
					"topic":  topic,
					"finish": finish,
					"keep":   keep,
					"exits":  exits,
				},
			})
		})
	}
}

type servingKey struct{}

// serving is the process that start started.
type serving struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	rest   chan error
}

// program returns a command of the script, run as the script would.
func program(ts *testscript.TestScript, name string, args ...string) *exec.Cmd {
	path, err := exec.LookPath(filepath.Join(strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator))[0], name))
	ts.Check(err)
	cmd := exec.Command(path, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, v := range []string{"PATH", "HOME", "TMPDIR", "SWITCHBOARD_DATA", "SWITCHBOARD_DATABASE", "SWITCHBOARD_KEY", "SWITCHBOARD_PUBLIC_URL"} {
		if value := ts.Getenv(v); value != "" {
			cmd.Env = append(cmd.Env, v+"="+value)
		}
	}
	return cmd
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	s, _ := ts.Value(servingKey{}).(*serving)
	if neg || s.cmd != nil {
		ts.Fatalf("one process at a time, and it has to start")
	}
	s.cmd, s.rest = program(ts, "switchboard", append(args, "--listen", "127.0.0.1:0")...), make(chan error, 1)
	s.cmd.Stderr = &s.stderr
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(s.cmd.Start())
	ts.Defer(func() {
		if s.cmd != nil {
			_ = s.cmd.Process.Kill() // it may be gone
			<-s.rest
		}
	})
	lines := make(chan string, 100) // more than is ever printed: nothing may block
	go func() {
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
		close(lines)
		s.rest <- s.cmd.Wait()
		close(s.rest) // whoever waits a second time is not kept
	}()
	s.greeting(ts, lines, args[0] == "demo")
}

// greeting reads what the process prints once it answers.
func (s *serving) greeting(ts *testscript.TestScript, lines <-chan string, demo bool) {
	patience := time.After(time.Minute)
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				ts.Fatalf("it ended: %s", s.stderr.String())
			}
			ts.Logf("%s", line)
			name, value, _ := strings.Cut(line, ": ")
			switch {
			case strings.HasPrefix(line, "listening on http://"):
				ts.Setenv("URL", strings.TrimPrefix(line, "listening on "))
				if !demo && (ts.Getenv("KEY") != "" || ts.Getenv("SETUP") != "") {
					return // there is an admin, so no more is printed
				}
			case name == "set up":
				ts.Setenv("SETUP", value)
				return
			case name == "sign in":
				ts.Setenv("SIGNIN", value)
				return
			}
		case <-patience:
			ts.Fatalf("nothing within a minute: %s", s.stderr.String())
		}
	}
}

func finish(ts *testscript.TestScript, neg bool, _ []string) {
	s, _ := ts.Value(servingKey{}).(*serving)
	if neg || s.cmd == nil {
		ts.Fatalf("nothing runs")
	}
	ts.Check(s.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err := <-s.rest:
		if err != nil {
			ts.Fatalf("stopped with %v: %s", err, s.stderr.String())
		}
	case <-time.After(time.Minute):
		ts.Fatalf("does not stop")
	}
	s.cmd = nil
}

func keep(ts *testscript.TestScript, _ bool, args []string) {
	out := strings.TrimSpace(ts.ReadFile("stdout"))
	if len(args) == 1 {
		ts.Setenv(args[0], out)
		return
	}
	if i := strings.IndexByte(out, '{'); i >= 0 {
		out = out[i:]
	}
	var v any
	ts.Check(json.Unmarshal([]byte(out), &v))
	for name := range strings.SplitSeq(args[1], ".") {
		switch at := v.(type) {
		case map[string]any:
			v = at[name]
		case []any:
			i, err := strconv.Atoi(name)
			ts.Check(err)
			v = at[i]
		}
	}
	if v == nil {
		ts.Fatalf("nothing at %s in %s", args[1], out)
	}
	ts.Setenv(args[0], fmt.Sprint(v))
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmd := program(ts, args[1], args[2:]...)
	out, err := cmd.CombinedOutput()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		ts.Check(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("%v exits with %d, want %d: %s", args[1:], got, want, out)
	}
}

// call makes a request and prints the answer.
func call(method, url string, header http.Header, body string) {
	r, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r.Header = header
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	fmt.Println(answer.StatusCode, strings.TrimSpace(string(text)))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func apiMain() {
	args := append(os.Args[1:], "")
	path, outside := strings.CutPrefix(args[1], "/.") // /./healthz is no call of the API
	if !outside {
		path = "/api/v1" + path
	}
	header := http.Header{}
	if key := os.Getenv("KEY"); key != "" {
		header.Set("Authorization", "Bearer "+key)
	}
	call(args[0], os.Getenv("URL")+path, header, args[2])
}

func hookMain() {
	secret, path, id, body := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	header, err := generic.Sign(secret, id, time.Now(), []byte(body))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	call(http.MethodPost, os.Getenv("URL")+path, header, body)
}
