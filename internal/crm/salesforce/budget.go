package salesforce

import (
	"context"
	"net/http"
	"strconv"
	"strings"
)

// Use says what a call is for, and with that what it has to give way to when an
// org's calls of the day run out.
type Use = string

// The uses of calls, the first to be kept from being made first.
const (
	UsePoll  Use = "poll"  // reading what changed, loads and comparisons
	UseSetup Use = "setup" // what an admin waits for: connect, check, install
	UseBell  Use = "bell"  // a notification
	UseWrite Use = "write" // messages, records and placements
)

// Budget decides on the calls of one org, and is told of each. Its methods are
// called from many goroutines and must not wait for anything but memory.
type Budget interface {
	// May returns nil if a call of this use may be made now. The call is not made
	// otherwise, and ends with an [*Error] of [ClassLimit] that wraps what May
	// said. It is asked before each call that may go out, a repeat with a new
	// token included.
	May(ctx context.Context, use Use) error

	// Spent is told of each call that was sent, whatever became of it. used and
	// limit are what the server says of the org's last 24 hours, both 0 if it said
	// nothing. It is an estimate: Salesforce counts with a delay.
	Spent(use Use, used, limit int64)
}

// unlimited is the budget of a client that was given none.
type unlimited struct{}

func (unlimited) May(context.Context, Use) error { return nil }
func (unlimited) Spent(Use, int64, int64)        {}

type useKey struct{}

// WithUse makes the calls under ctx count as use, whatever they usually are.
func WithUse(ctx context.Context, use Use) context.Context {
	return context.WithValue(ctx, useKey{}, use)
}

func useOf(ctx context.Context, usual Use) Use {
	if use, ok := ctx.Value(useKey{}).(Use); ok {
		return use
	}
	return usual
}

// limitInfo reads the header Sforce-Limit-Info, in which other counts may stand
// beside the org's, with an app's name in parentheses that may hold anything:
//
//	api-usage=18/5000, per-app-api-usage=17/250(appName=sample-connected-app)
func limitInfo(h http.Header) (used, limit int64) {
	for _, line := range h.Values("Sforce-Limit-Info") {
		depth, start := 0, 0
		for i := 0; i <= len(line); i++ {
			if i < len(line) {
				switch line[i] {
				case '(':
					depth++
				case ')':
					depth = max(0, depth-1)
				}
				if depth > 0 || line[i] != ',' && line[i] != ';' {
					continue
				}
			}
			key, value, _ := strings.Cut(strings.TrimSpace(line[start:i]), "=")
			start = i + 1
			if key != "api-usage" {
				continue
			}
			first, second, _ := strings.Cut(value, "/")
			u, err := strconv.ParseInt(first, 10, 64)
			m, err2 := strconv.ParseInt(second, 10, 64)
			if err == nil && err2 == nil && u >= 0 && m > 0 {
				return u, m
			}
		}
	}
	return 0, 0
}
