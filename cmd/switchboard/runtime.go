package main

import (
	"os"
	"runtime"
)

// tuneRuntime prepares Go's runtime for a service that is often waiting for the
// disk, unless the environment says otherwise. It returns ballast, to be kept as
// long as the program runs.
func tuneRuntime() (ballast []byte) {
	const (
		processors = 4
		garbage    = 48 << 20
	)
	// Who waits for a flush holds one of the runtime's processors until the
	// runtime notices: with two, half the service would stand still.
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < processors {
		runtime.GOMAXPROCS(processors)
	}
	// The collector lets as much garbage gather as there is memory in use, and the
	// little that a quiet service uses would have it run many times a second when
	// texts come in. The ballast counts as used. It is never touched, so that the
	// system gives it no memory.
	if os.Getenv("GOGC") == "" {
		ballast = make([]byte, garbage)
	}
	return ballast
}
