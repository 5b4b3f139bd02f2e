package pgtest_test

import (
	"bufio"
	"errors"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/switchboardhq/switchboard/internal/pgtest"
)

// A scratch cluster is a hundred megabytes and a dozen processes: a run that
// is cut short must leave neither behind.
func TestAScratchClusterGoesWithItsCommand(t *testing.T) {
	for _, tc := range []struct {
		name string
		end  func(script *os.Process, stdin io.Closer) error
		want string
	}{
		{"command ends", func(_ *os.Process, stdin io.Closer) error { return stdin.Close() }, "exit status 7"},
		{"SIGTERM", func(p *os.Process, _ io.Closer) error { return p.Signal(syscall.SIGTERM) }, "exit status 143"},
		{"SIGKILL", func(p *os.Process, stdin io.Closer) error {
			return errors.Join(p.Kill(), stdin.Close())
		}, "signal: killed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command("../../scripts/with-postgres", "sh", "-c", `echo "$`+pgtest.Env+`"; cat; exit 7`)
			cmd.Env = append(os.Environ(), pgtest.Env+"=")
			cmd.Stderr = os.Stderr
			stdin, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			stdout, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			out := bufio.NewReader(stdout)
			line, err := out.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			cluster, err := url.Parse(strings.TrimSpace(line))
			if err != nil {
				t.Fatal(err)
			}
			dir := cluster.Query().Get("host")
			if _, err := os.Stat(dir); err != nil {
				t.Fatalf("while the command runs: %v", err)
			}

			if err := tc.end(cmd.Process, stdin); err != nil {
				t.Fatal(err)
			}
			if err := stdin.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
				t.Fatal(err)
			}
			// The output ends when the last process that holds it has ended,
			// which is the one that cleans up.
			if _, err := io.Copy(io.Discard, out); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil || err.Error() != tc.want {
				t.Errorf("with-postgres ended with %v, want %s", err, tc.want)
			}
			if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is still there (%v)", dir, err)
			}
		})
	}
}
