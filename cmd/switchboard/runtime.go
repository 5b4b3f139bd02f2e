package main

import (
	"os"
	"runtime"
)

// ballast is never touched, so that the system gives it no memory. The garbage
// collector counts it: it lets as much garbage gather as there is memory in use.
// The little that a quiet service uses would have it run many times a second
// when texts come in.
var ballast []byte

// tuneRuntime prepares Go's runtime for a service that is often waiting for the
// disk, unless the environment says otherwise.
func tuneRuntime() {
	const (
		processors = 4
		garbage    = 48 << 20
	)
	// Who waits for a flush holds one of the runtime's processors until the
	// runtime notices: with two, half the service would stand still.
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < processors {
		runtime.GOMAXPROCS(processors)
	}
	if os.Getenv("GOGC") == "" {
		ballast = make([]byte, garbage)
	}
}
