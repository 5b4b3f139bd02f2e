package crashtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// grace is how long a service may take to end when nobody has sent more than
// half of a request's headers.
const grace = 4 * time.Second

func TestSIGTERMInABurstLosesNothing(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	w := populate(t, in, s)
	p := newSender(w, in, 8)
	s.stop(t)
	for range 2 {
		s = in.serve(t)
		p.to(s)
		// One who has sent half a request, and one who has sent nothing.
		half, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer half.Close()
		if _, err := fmt.Fprintf(half, "POST %s HTTP/1.1\r\nHost: x\r\n", in.path); err != nil {
			t.Fatal(err)
		}
		idle, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer idle.Close()

		ctx, cancel := context.WithCancel(t.Context())
		wait := p.send(ctx, connections)
		had := p.acked.Load()
		until(t, "texts to be taken", func() bool { return p.acked.Load() > had+100 })
		began := time.Now()
		s.stop(t)
		if took := time.Since(began); took > grace {
			t.Errorf("the service took %v to end", took)
		}
		cancel()
		wait()
		p.mu.Lock()
		open := len(p.open)
		p.mu.Unlock()
		clean(t, "after SIGTERM", in.audit(t, p))
		t.Logf("ended in %v, %d of %d texts not acknowledged", time.Since(began), open, len(p.order))
		if t.Failed() {
			return
		}
	}
	p.check(t)
}

// A service manager may think better of it at once.
func TestStoppingAtOnceIsNoFailure(t *testing.T) {
	t.Parallel()
	in := &installation{data: t.TempDir()}
	for range 10 {
		in.serve(t).stop(t)
	}
}

// A second service on one SQLite folder would be a second writer that the first
// knows nothing of.
func TestASecondServiceOnTheFolderRefuses(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	first := in.serve(t)
	second := exec.Command(program(), append([]string{"serve", "--listen", "127.0.0.1:0"}, in.flags()...)...)
	out, err := second.CombinedOutput()
	if e := (*exec.ExitError)(nil); !errors.As(err, &e) || e.ExitCode() != 1 {
		t.Errorf("the second serve ended with %v, want exit code 1", err)
	}
	if !strings.Contains(string(out), "already") {
		t.Errorf("the second serve says %q, and not that the folder is served already", out)
	}
	if first.ready() != 200 {
		t.Error("the first serve is not ready any more")
	}
	first.kill()
	// The lock goes with its process, however that ends.
	in.serve(t).stop(t)
}

// A step of the way fails without anybody dying: the database's answer is
// lost, or the provider's.
func TestNothingIsLostOrDoubledWhenStepsFail(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	w := populate(t, in, s)
	s.stop(t)
	var faults []string
	for i := 3; i < 200; i += 3 {
		faults = append(faults, fmt.Sprintf("%s:%d:error", points[i%2], 2*i), fmt.Sprintf("before-answer:%d:error", 5*i))
	}
	s = in.serve(t, "SWITCHBOARD_FAULT="+strings.Join(faults, ","))
	p := newSender(w, in, 9)
	p.to(s)
	ctx, cancel := context.WithCancel(t.Context())
	wait := p.send(ctx, connections)
	until(t, "texts to be taken", func() bool { return p.acked.Load() > 2000 })
	cancel()
	wait()
	p.settle(t)
	p.check(t)
	if p.busy.Load() == 0 {
		t.Error("no delivery was told to come again: nothing has failed")
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	clean(t, "at the end", in.audit(t, p))
}
