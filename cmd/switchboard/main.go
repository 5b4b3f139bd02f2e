// Command switchboard puts every inbound text message on the right CRM record,
// and hands each one that no rule can place to a person.
//
//	switchboard demo     try it with a sample org
//	switchboard serve    run it
//	switchboard --help   everything else
package main

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
	_ "time/tzdata" // the zones that set-up offers, where the machine has none
)

func main() {
	ballast := tuneRuntime()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
	stop()
	runtime.KeepAlive(ballast)
	os.Exit(code)
}

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// process is what a command gets from the outside.
type process struct {
	ctx    context.Context // ends when the process is asked to stop
	env    map[string]string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
	random io.Reader
}

// run runs the program and returns its exit code. env holds NAME=value strings.
func run(ctx context.Context, args, env []string, stdin io.Reader, stdout, stderr io.Writer) int {
	p := &process{ctx: ctx, env: environment(env), stdin: stdin, stdout: stdout, stderr: stderr, now: time.Now, random: rand.Reader}
	return p.run(args)
}
