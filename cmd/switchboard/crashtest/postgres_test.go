package crashtest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/switchboardhq/switchboard/internal/pgtest"
)

func TestNothingIsLostOrDoubledByKillingOnPostgreSQL(t *testing.T) {
	kills := 12
	if long() {
		kills = 300
	}
	t.Parallel()
	killAndCount(t, install(t, pgtest.URL(t)), kills)
}

// The database goes away in the middle of everything, as in a failover, and
// comes back: the same process goes on.
func TestNothingIsLostOrDoubledByStoppingPostgreSQL(t *testing.T) {
	stops := 4
	if long() {
		stops = 50
	}
	t.Parallel()
	pg := newCluster(t)
	in := install(t, pg.url)
	s := in.serve(t)
	w := populate(t, in, s)
	p := newSender(w, in, 7)
	p.to(s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait := p.send(ctx, connections)
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for i := range stops {
		had := p.acked.Load()
		until(t, "texts to be taken", func() bool { return p.acked.Load() > had+100 })
		time.Sleep(time.Duration(random.IntN(50)) * time.Millisecond)
		pg.control(t, "stop", "-m", "immediate")
		until(t, "/readyz to be 503", func() bool { return s.ready() == http.StatusServiceUnavailable })
		status, header := p.post(t.Context(), fmt.Sprint("probe", i), []byte(`{"from":"+15125550000","body":"probe"}`))
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			t.Errorf("without its database a delivery is answered %d, Retry-After %q; want 503 with one", status, header.Get("Retry-After"))
		}
		pg.control(t, "start")
		until(t, "/readyz to be 200 again", func() bool { return s.ready() == http.StatusOK })
	}
	had := p.acked.Load()
	until(t, "texts to be taken again", func() bool { return p.acked.Load() > had+100 })
	cancel()
	wait()
	p.settle(t)
	s.stop(t)
	p.check(t)
	clean(t, "at the end", in.audit(t, p))
	t.Logf("%d texts, all acknowledged; %d deliveries were told to come again", len(p.order), p.busy.Load())
}

// The machine of the database dies without a word: connections to it hang, and
// new ones reach the one that took over. The service notices by itself.
func TestADatabaseThatFallsSilentIsLeft(t *testing.T) {
	t.Parallel()
	pg := newCluster(t)
	line := newLine(t, filepath.Join(pg.dir, ".s.PGSQL.5432"))
	in := install(t, "postgres://postgres@"+line.listener.Addr().String()+"/postgres?sslmode=disable")
	s := in.serve(t)
	w := populate(t, in, s)
	p := newSender(w, in, 12)
	p.to(s)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait := p.send(ctx, connections)
	until(t, "the first texts", func() bool { return p.acked.Load() > 100 })

	line.fallSilent()
	until(t, "deliveries to be refused", func() bool { return p.busy.Load() > 0 })
	began, had := time.Now(), p.acked.Load()
	until(t, "texts to be taken again", func() bool { return p.acked.Load() > had+100 })
	t.Logf("the service left the silent database after %v", time.Since(began))
	until(t, "/readyz to be 200 again", func() bool { return s.ready() == http.StatusOK })
	cancel()
	wait()
	p.settle(t)
	s.stop(t)
	p.check(t)
	clean(t, "at the end", in.audit(t, p))
}

// line passes bytes between the service and its database.
type line struct {
	listener net.Listener
	mu       sync.Mutex
	silent   []chan struct{} // of each open connection: closed when it falls silent
}

func newLine(t testing.TB, socket string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener}
	go func() { // until the listener is closed
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("unix", socket)
			if err != nil {
				near.Close()
				continue
			}
			silent := make(chan struct{})
			l.mu.Lock()
			l.silent = append(l.silent, silent)
			l.mu.Unlock()
			t.Cleanup(func() { near.Close(); far.Close() })
			go pass(far, near, silent)
			go pass(near, far, silent)
		}
	}()
	t.Cleanup(func() { listener.Close() })
	return l
}

// pass copies until one side closes; once silent is closed, it takes what comes
// and passes nothing on.
func pass(to, from net.Conn, silent chan struct{}) {
	defer to.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-silent:
			continue
		default:
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// fallSilent makes every open connection hang.
func (l *line) fallSilent() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.silent {
		close(s)
	}
	l.silent = nil
}

// cluster is a PostgreSQL of this test's own, that it may stop as it likes.
type cluster struct {
	url     string
	dir     string // holds the data folder, the socket and the log
	program string // pg_ctl
}

// newCluster has the script that starts scratch clusters start one more: it also
// removes it, whatever happens to the test.
func newCluster(t testing.TB) *cluster {
	t.Helper()
	cmd := exec.Command("../../../scripts/with-postgres", "sh", "-c", `echo "$`+pgtest.Env+`"; cat`)
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
	t.Cleanup(func() {
		if err := stdin.Close(); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the cluster's script ended with %v", err)
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("start a cluster: %v", err)
	}
	c := &cluster{url: strings.TrimSpace(line)}
	u, err := url.Parse(c.url)
	if err != nil {
		t.Fatal(err)
	}
	c.dir = u.Query().Get("host")
	// The server was started by the full name of its program.
	options, err := os.ReadFile(filepath.Join(c.dir, "data", "postmaster.opts"))
	if err != nil {
		t.Fatal(err)
	}
	server, _, _ := strings.Cut(string(options), " ")
	c.program = filepath.Join(filepath.Dir(server), "pg_ctl")
	return c
}

// control runs pg_ctl on the cluster, as the user whose it is.
func (c *cluster) control(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command(c.program, append([]string{"-D", filepath.Join(c.dir, "data"), "-l", filepath.Join(c.dir, "log"), "-w", "-t", "30"}, args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TZ=UTC")
	if os.Geteuid() == 0 {
		postgres, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, err := strconv.ParseUint(postgres.Uid, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		gid, err := strconv.ParseUint(postgres.Gid, 10, 32)
		if err != nil {
			t.Fatal(err)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	// Without a file of its own for output the server would hold ours open.
	if err := cmd.Run(); err != nil {
		t.Fatalf("pg_ctl %s: %v", strings.Join(args, " "), err)
	}
}
