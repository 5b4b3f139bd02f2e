package store

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
	"sync"
	"time"
)

// idSource makes UUIDv7 ids (RFC 9562) as 32 hex digits. Ids of one source grow:
// within a millisecond by a counter in rand_a.
type idSource struct {
	mu     sync.Mutex
	random io.Reader
	last   int64 // milliseconds
	count  uint16
}

func newIDSource(random io.Reader) *idSource { return &idSource{random: random} }

func (s *idSource) next(now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	ms := now.UnixMilli()
	if ms > s.last {
		s.last, s.count = ms, 0
	} else if s.count++; s.count > 0xfff {
		s.last, s.count = s.last+1, 0
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(s.last)<<16|0x7000|uint64(s.count))
	if _, err := io.ReadFull(s.random, b[8:]); err != nil {
		panic("no randomness: " + err.Error()) // crypto/rand never fails
	}
	b[8] = b[8]&0x3f | 0x80
	return hex.EncodeToString(b[:])
}

// secretToken returns a new unguessable token of 32 random bytes.
func (db *DB) secretToken() string {
	var b [32]byte
	if _, err := io.ReadFull(db.random, b[:]); err != nil {
		panic("no randomness: " + err.Error())
	}
	return tokenEncoding.EncodeToString(b[:])
}

// hashToken is how tokens and keys are stored and found: they are random, so
// one round of SHA-256 is enough, and finding by hash leaks no timing.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// lowestID sorts before every id that was made at t or later, and after those
// made in an earlier millisecond.
func lowestID(t time.Time) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(max(0, t.UnixMilli()))<<16)
	return hex.EncodeToString(b[:6])
}
