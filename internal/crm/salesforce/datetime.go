package salesforce

import (
	"fmt"
	"time"
)

// The forms in which Salesforce writes a moment. REST's has no colon in its
// zone and so is not RFC 3339; Bulk's ends in Z.
const (
	restTime = "2006-01-02T15:04:05.000-0700"
	soqlTime = "2006-01-02T15:04:05Z"
	soqlMs   = "2006-01-02T15:04:05.000Z"
)

// ParseTime reads a moment as REST, Bulk or SOQL write it.
func ParseTime(s string) (time.Time, error) {
	for _, layout := range []string{restTime, time.RFC3339Nano} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("salesforce: %q is not a time", truncate(s, 40))
}

// FormatTime writes a moment as it stands in queries and in what is sent.
// Salesforce keeps milliseconds at most, and shows zeros for most stamps.
func FormatTime(t time.Time) string {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Nanosecond() == 0 {
		return t.Format(soqlTime)
	}
	return t.Format(soqlMs)
}
