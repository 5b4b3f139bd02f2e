package outbox

import (
	"math"
	"time"
)

// Retries says how long to wait between the attempts at a job.
type Retries struct {
	First    time.Duration // after the first attempt; doubled after each further one
	Soon     time.Duration // the longest wait during the first ten
	Late     time.Duration // the longest wait after those
	Attempts int           // after so many a job is given up
}

// DefaultRetries returns waits that begin below 5 seconds, stay below 30 for the
// first ten attempts, and go on for about a day.
func DefaultRetries() Retries {
	return Retries{First: 2 * time.Second, Soon: 30 * time.Second, Late: 15 * time.Minute, Attempts: 110}
}

// soonAttempts is how many attempts follow each other soon.
const soonAttempts = 10

// Wait returns the wait after an attempt, counted from 1. random, from 0 to 1,
// takes up to a fifth off, so that jobs that failed together don't come back
// together.
func (r Retries) Wait(attempt int, random float64) time.Duration {
	attempt = max(1, attempt)
	wait := float64(r.First) * math.Pow(2, float64(min(attempt, 40)-1))
	longest := r.Soon
	if attempt > soonAttempts {
		longest = r.Late
		wait = float64(r.Soon) * math.Pow(2, float64(min(attempt-soonAttempts, 40)))
	}
	wait = min(wait, float64(longest))
	return time.Duration(wait * (1 - random/5))
}
