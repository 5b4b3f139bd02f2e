package crashtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// need fails t if the machine lacks a program, and says where to get it.
func need(t testing.TB, name, debian string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("this test needs %s: apt-get install %s", name, debian)
	}
}

// inMount returns a command that runs script as root of a mount namespace of its
// own, where it can mount what it likes without anybody seeing it. The script
// gets args as $1 and so on.
func inMount(t testing.TB, script string, args ...string) *exec.Cmd {
	t.Helper()
	need(t, "unshare", "util-linux")
	unshare := []string{"--mount"}
	if os.Geteuid() != 0 {
		unshare = []string{"--mount", "--user", "--map-root-user"}
	}
	if out, err := exec.Command("unshare", append(unshare, "true")...).CombinedOutput(); err != nil {
		t.Fatalf("this test needs to mount a file system of its own: run it as root, or allow user namespaces: %v %s", err, out)
	}
	return exec.Command("unshare", append(append(unshare, "sh", "-ec", script, "sh"), args...)...)
}

// A provider's deliveries fill a small disk. It is told to come again, nothing
// that was acknowledged is lost, and when there is space the same process goes
// on.
func TestAFullDiskIsSurvived(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	w := populate(t, in, s)
	s.stop(t)
	p := newSender(w, in, 4)
	p.body = func(id string) string { return "Text " + id + " " + strings.Repeat("long ", 200) }

	mount := t.TempDir()
	s = start(t, inMount(t, `mount -t tmpfs -o size=48m tmpfs "$1"; cp -a "$2"/. "$1"; exec "$3" serve --listen 127.0.0.1:0 --data "$1"`, mount, in.data, program()))
	p.to(s)
	in.data = fmt.Sprintf("/proc/%d/root%s", s.cmd.Process.Pid, mount)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wait := p.send(ctx, connections)
	until(t, "the first texts", func() bool { return p.acked.Load() > 100 })
	filler := filepath.Join(in.data, "filler")
	if err := fill(filler); err != nil {
		t.Fatal(err)
	}
	until(t, "deliveries to be refused", func() bool { return p.busy.Load() > 0 })
	until(t, "/readyz to be 503", func() bool { return s.ready() == http.StatusServiceUnavailable })
	status, header := p.post(t.Context(), "probe", []byte(`{"from":"+15125550000","body":"`+strings.Repeat("x", 50000)+`"}`))
	if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
		t.Errorf("on a full disk a delivery is answered %d, Retry-After %q; want 503 with one", status, header.Get("Retry-After"))
	}

	cancel()
	wait()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	until(t, "/readyz to be 200 again", func() bool { return s.ready() == http.StatusOK })
	for range 50 {
		p.one(t.Context())
	}
	p.settle(t)
	p.check(t)
	clean(t, "after the disk was full", in.audit(t, p))
	t.Logf("%d texts acknowledged, %d deliveries told to come again", p.acked.Load(), p.busy.Load())
	s.stop(t)
}

// fill writes the file until its disk has no space left at all.
func fill(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for {
		_, err := f.Write(block)
		switch {
		case err == nil:
		case !errors.Is(err, syscall.ENOSPC):
			return err
		case len(block) == 1:
			return nil
		default:
			block = block[:len(block)/2]
		}
	}
}

// trace attaches strace to the process and all of its threads, and returns what
// lets go of it again.
func trace(t testing.TB, s *server, args ...string) (release func()) {
	t.Helper()
	need(t, "strace", "strace")
	cmd := exec.Command("strace", append([]string{"-f", "-p", fmt.Sprint(s.cmd.Process.Pid)}, args...)...)
	said := &lockedBuffer{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait() // it ends by the signal below
	}()
	release = func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		<-done
	}
	t.Cleanup(release)
	until(t, "strace to attach: it says "+said.String(), func() bool {
		select {
		case <-done:
			t.Fatalf("strace could not attach: %s", said)
		default:
		}
		return strings.Contains(said.String(), "attached")
	})
	return release
}

// The kernel refuses what the service writes, as it does after a file system
// has gone read-only, or a disk has died; later it takes it again.
func TestAFileThatCannotBeWrittenIsSurvived(t *testing.T) {
	for _, tc := range []struct{ name, inject string }{
		{"read-only", "pwrite64:error=EROFS"},
		{"failing disk", "pwrite64:error=EIO"},
		{"failing fsync", "fdatasync,fsync:error=EIO"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			in := install(t, "")
			s := in.serve(t)
			w := populate(t, in, s)
			p := newSender(w, in, 5)
			p.to(s)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			wait := p.send(ctx, 8)
			until(t, "the first texts", func() bool { return p.acked.Load() > 50 })

			calls, _, _ := strings.Cut(tc.inject, ":")
			release := trace(t, s, "-o", os.DevNull, "-e", "trace="+calls, "-e", "inject="+tc.inject)
			until(t, "deliveries to be refused", func() bool { return p.busy.Load() > 20 })
			until(t, "/readyz to be 503", func() bool { return s.ready() == http.StatusServiceUnavailable })
			status, header := p.post(t.Context(), "probe", []byte(`{"from":"+15125550000","body":"probe"}`))
			if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
				t.Errorf("a delivery is answered %d, Retry-After %q; want 503 with one", status, header.Get("Retry-After"))
			}
			had := p.acked.Load()
			release()
			until(t, "/readyz to be 200 again", func() bool { return s.ready() == http.StatusOK })
			until(t, "texts to be taken again", func() bool { return p.acked.Load() > had+50 })
			cancel()
			wait()
			p.settle(t)
			s.stop(t)
			p.check(t)
			clean(t, "at the end", in.audit(t, p))
		})
	}
}

// A crash of the process proves nothing about a crash of the machine: what was
// written must also have been flushed before anybody is told.
func TestTheAnswerComesAfterTheFlush(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	s := in.serve(t)
	w := populate(t, in, s)
	p := newSender(w, in, 6)
	p.to(s)
	log := filepath.Join(t.TempDir(), "trace")
	release := trace(t, s, "-y", "-o", log, "-s", "40", "-e", "trace=pwrite64,fdatasync,fsync,write")
	for range 20 {
		p.one(t.Context())
	}
	release()
	p.check(t)
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	// A call that another thread interrupts is logged in two lines: it began at
	// the first, and has ended at the second.
	wrote := regexp.MustCompile(`pwrite64\(\d+<[^>]*-wal`)
	flushing := regexp.MustCompile(`^(\d+) +f(data)?sync\(\d+<[^>]*-wal>`)
	flushed := regexp.MustCompile(`^(\d+) +.*f(data)?sync(\(.*| resumed>)\) += 0`)
	answered := regexp.MustCompile(`write\(\d+<socket[^>]*>, "HTTP/1\.1 200`)
	dirty, answers, threads := false, 0, map[string]bool{}
	for line := range bytes.Lines(text) {
		if m := flushing.FindSubmatch(line); m != nil {
			threads[string(m[1])] = true
		}
		if m := flushed.FindSubmatch(line); m != nil && threads[string(m[1])] {
			dirty = false
			delete(threads, string(m[1]))
		}
		switch {
		case wrote.Match(line):
			dirty = true
		case answered.Match(line):
			answers++
			if dirty {
				t.Fatalf("answered before the log was flushed:\n%s", tail(string(text)))
			}
		}
	}
	if answers < 20 || !wrote.Match(text) {
		t.Errorf("saw %d answers to 20 deliveries in:\n%s", answers, tail(string(text)))
	}
}

// Where nothing can be written from the start, serve says so and ends.
func TestAReadOnlyFolderIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	in := install(t, "")
	cmd := inMount(t, `mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; exec "$2" serve --listen 127.0.0.1:0 --data "$1"`, in.data, program())
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	began := time.Now()
	out, err := cmd.CombinedOutput()
	if e := (*exec.ExitError)(nil); !errors.As(err, &e) || e.ExitCode() != 1 {
		t.Errorf("serve on a read-only folder ended with %v after %v, want exit code 1", err, time.Since(began))
	}
	if !strings.Contains(string(out), "read-only") {
		t.Errorf("it says %q, and not that the folder is read-only", out)
	}
}
