package crashtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a test waits for something that takes a moment, on a
// machine with much else to do.
const patience = 30 * time.Second

// until waits for done to hold, and fails t if it does not in good time.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v for %s", patience, what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// installation is a data folder, or a database, set up for one generic channel.
type installation struct {
	data     string
	database string // "": SQLite in data
	channel  string
	path     string // of the webhook address
	key      string // of an admin, for the API
}

const secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// install sets up an installation by the command line, as a person would.
func install(t testing.TB, database string) *installation {
	t.Helper()
	in := &installation{data: t.TempDir(), database: database}
	in.command(t, "user", "create", "--email", "dana@example.com", "--name", "Dana Reyes", "--role", "admin")
	var channel struct{ ID, WebhookPath string }
	out := in.command(t, "channel", "create", "--provider", "generic", "--number", "+15125550100", "--secret", secret, "--json")
	if err := json.Unmarshal(bytes.ReplaceAll(out, []byte("webhook_path"), []byte("WebhookPath")), &channel); err != nil {
		t.Fatal(err)
	}
	in.channel, in.path = channel.ID, channel.WebhookPath
	in.key = strings.TrimSpace(string(in.command(t, "apikey", "create", "--name", "test", "--role", "admin")))
	return in
}

func (in *installation) flags() []string {
	flags := []string{"--data", in.data}
	if in.database != "" {
		flags = append(flags, "--database", in.database)
	}
	return flags
}

// command runs one of the program's commands to its end.
func (in *installation) command(t testing.TB, args ...string) []byte {
	t.Helper()
	out, err := exec.Command(program(), append(args, in.flags()...)...).Output()
	if err != nil {
		if e := (*exec.ExitError)(nil); errors.As(err, &e) {
			t.Fatalf("switchboard %s: %v\n%s", strings.Join(args, " "), err, e.Stderr)
		}
		t.Fatal(err)
	}
	return out
}

// server is a running serve.
type server struct {
	url    string
	cmd    *exec.Cmd
	log    *lockedBuffer
	ended  chan struct{} // closed when the process is gone
	result error         // of the process; set before ended is closed
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// serve starts the service and waits until it answers. It returns nil if the
// process was killed before that, as a fault may have it.
func (in *installation) serve(t testing.TB, env ...string) *server {
	t.Helper()
	args := append([]string{"serve", "--listen", "127.0.0.1:0"}, in.flags()...)
	return start(t, exec.Command(program(), args...), env...)
}

// start starts a command that becomes the service.
func start(t testing.TB, cmd *exec.Cmd, env ...string) *server {
	t.Helper()
	s := &server{cmd: cmd, log: &lockedBuffer{}, ended: make(chan struct{})}
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // also if the tests are killed
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Whatever becomes of the test, the process goes with it.
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-s.ended
		if t.Failed() {
			t.Logf("the log of process %d:\n%s", cmd.Process.Pid, tail(s.log.String()))
		}
	})
	listening := make(chan string, 1)
	go func() {
		defer close(s.ended)
		out := bufio.NewReader(stdout)
		for {
			line, err := out.ReadString('\n')
			if url, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on "); ok {
				listening <- url
			}
			if err != nil {
				break
			}
		}
		s.result = cmd.Wait()
	}()
	select {
	case s.url = <-listening:
		return s
	case <-s.ended:
		if !s.killed() {
			t.Fatalf("serve ended before it answered: %v\n%s", s.result, s.log)
		}
		return nil
	case <-time.After(patience):
		t.Fatalf("serve did not answer in %v\n%s", patience, s.log)
		return nil
	}
}

func tail(s string) string {
	const most = 4000
	if len(s) > most {
		return "…" + s[len(s)-most:]
	}
	return s
}

// killed reports whether the process, which has ended, ended by SIGKILL.
func (s *server) killed() bool {
	e := (*exec.ExitError)(nil)
	if !errors.As(s.result, &e) {
		return false
	}
	status, ok := e.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// kill ends the process at once and waits until it is gone.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.ended
}

// stop asks the process to end and waits for it; it must end well.
func (s *server) stop(t testing.TB) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatalf("serve did not end within %v of SIGTERM", patience)
	}
	if s.result != nil {
		t.Fatalf("serve ended with %v after SIGTERM\n%s", s.result, tail(s.log.String()))
	}
}

// call calls the API and decodes its answer into out, unless that is nil.
func (in *installation) call(t testing.TB, s *server, method, path string, body, out any) int {
	t.Helper()
	var b io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		b = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, b)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+in.key)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if out != nil {
		if err := json.Unmarshal(text, out); err != nil {
			t.Fatalf("%s %s answered %d %s: %v", method, path, answer.StatusCode, text, err)
		}
	}
	return answer.StatusCode
}

// ready returns the status of /readyz, 0 if nothing answers.
func (s *server) ready() int {
	answer, err := http.Get(s.url + "/readyz")
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body)
	return answer.StatusCode
}

// contact makes a Contact with the number.
func (in *installation) contact(t testing.TB, s *server, name, number string) string {
	t.Helper()
	var made struct{ Record struct{ ID string } }
	status := in.call(t, s, "POST", "/api/v1/records",
		map[string]any{"object": "Contact", "fields": map[string]string{"LastName": name, "MobilePhone": number}}, &made)
	if status != http.StatusCreated {
		t.Fatalf("making a contact answered %d", status)
	}
	return made.Record.ID
}
