package hooks

import (
	"context"
	"log/slog"
	"sync"

	"golang.org/x/time/rate"
)

// What a log that strangers can write to lets through, for each of its
// messages: a burst, then one a second.
const (
	logBurst = 20
	logRate  = rate.Limit(1)
)

// LimitLog returns a handler that passes on only so many records of one message,
// and says with the next one how many it left out. Anybody can make a webhook
// address log by calling it.
func LimitLog(h slog.Handler) slog.Handler {
	return &limitedLog{h, &logLimits{byMessage: map[string]*logLimit{}}}
}

type limitedLog struct {
	slog.Handler
	limits *logLimits
}

type logLimits struct {
	mu        sync.Mutex
	byMessage map[string]*logLimit // the messages are constants of the program
}

type logLimit struct {
	rate.Limiter
	left int
}

func (l *limitedLog) Handle(ctx context.Context, r slog.Record) error {
	left, ok := l.limits.take(r)
	if !ok {
		return nil
	}
	if left > 0 {
		r = r.Clone()
		r.AddAttrs(slog.Int("left_out", left))
	}
	return l.Handler.Handle(ctx, r)
}

func (l *logLimits) take(r slog.Record) (left int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.byMessage[r.Message]
	if m == nil {
		m = &logLimit{Limiter: *rate.NewLimiter(logRate, logBurst)}
		l.byMessage[r.Message] = m
	}
	if !m.AllowN(r.Time, 1) {
		m.left++
		return 0, false
	}
	left, m.left = m.left, 0
	return left, true
}

func (l *limitedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &limitedLog{l.Handler.WithAttrs(attrs), l.limits}
}

func (l *limitedLog) WithGroup(name string) slog.Handler {
	return &limitedLog{l.Handler.WithGroup(name), l.limits}
}
