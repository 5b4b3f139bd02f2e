//go:build fault

package fault

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
)

// Pass returns an error, or does not return, if the point is to break now.
func (p Point) Pass() error {
	f := faults()[p]
	if f == nil {
		return nil
	}
	switch f.at[f.passed.Add(1)] {
	case "kill":
		_ = syscall.Kill(syscall.Getpid(), syscall.SIGKILL)
		select {} // until the signal arrives
	case "error":
		return fmt.Errorf("broken on purpose: %s", p)
	}
	return nil
}

type breaking struct {
	at     map[int64]string // passing to action
	passed atomic.Int64
}

var faults = sync.OnceValue(func() map[Point]*breaking {
	m := map[Point]*breaking{}
	for text := range strings.SplitSeq(os.Getenv("SWITCHBOARD_FAULT"), ",") {
		if text == "" {
			continue
		}
		name, rest, _ := strings.Cut(text, ":")
		passing, action, _ := strings.Cut(rest, ":")
		n, err := strconv.ParseInt(passing, 10, 64)
		if action == "" {
			action = "kill"
		}
		p := Point(name)
		if err != nil || action != "kill" && action != "error" || p != BeforeCommit && p != AfterCommit && p != BeforeAnswer {
			panic(fmt.Sprintf("SWITCHBOARD_FAULT: %q is not POINT:N or POINT:N:ACTION", text))
		}
		if m[p] == nil {
			m[p] = &breaking{at: map[int64]string{}}
		}
		m[p].at[n] = action
	}
	return m
})
