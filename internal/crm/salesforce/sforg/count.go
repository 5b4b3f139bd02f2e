package sforg

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// callCount counts API calls of the last day and, by kind, of ever.
type callCount struct {
	since time.Time // start of the day
	used  int
	kinds map[string]int
}

// Calls returns how often each part of the API was called: "query", "queryAll",
// "sobjects", "describe", "composite", "composite/sobjects", "composite/graph",
// "jobs", "actions", "limits", "search" …, and "oauth" for what is not counted
// against the limit.
func (o *Org) Calls() map[string]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return maps.Clone(o.calls.kinds)
}

// APIUsage returns how many API calls count against the limit of the day.
func (o *Org) APIUsage() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls.used
}

// SetDailyLimit changes how many API calls a day the org takes. What was used
// stays used.
func (o *Org) SetDailyLimit(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.limit = n
}

// ResetCalls forgets all calls.
func (o *Org) ResetCalls() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = callCount{}
}

// count notes a call and reports whether the limit allows it.
func (o *Org) count(kind string, limited bool) bool {
	c := &o.calls
	if c.kinds == nil {
		c.kinds = map[string]int{}
	}
	c.kinds[kind]++
	if !limited {
		return true
	}
	if now := o.now(); now.Sub(c.since) >= 24*time.Hour {
		c.since, c.used = now, 0
	}
	if c.used >= o.limit {
		return false
	}
	c.used++
	return true
}

func (o *Org) limitInfo() string { return fmt.Sprintf("api-usage=%d/%d", o.calls.used, o.limit) }

// callKind names the part of the API behind /services/data/vNN.
func callKind(parts []string) string {
	switch {
	case len(parts) == 0:
		return "resources"
	case parts[0] == "composite" && len(parts) > 1:
		return strings.Join(parts[:2], "/")
	case parts[0] == "sobjects" && len(parts) > 2 && parts[2] == "describe", parts[0] == "sobjects" && len(parts) == 1:
		return "describe"
	case parts[0] == "tooling" && len(parts) > 1:
		return "tooling/" + parts[1]
	}
	return parts[0]
}
