// Package password hashes and checks the passwords of people who sign in, with
// Argon2id (RFC 9106) in the PHC string format.
package password

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"github.com/switchboardhq/switchboard"
)

// What a password may be. Length is what counts; rules about characters make
// people choose worse ones.
const (
	MinLength = 10  // characters
	MaxLength = 256 // characters: more would only cost time
)

// params are the cost of a hash: OWASP's minimum, about 40 ms of one core.
type params struct {
	time, memory uint32 // memory in KiB
	threads      uint8
}

var current = params{time: 2, memory: 19 * 1024, threads: 1}

const (
	saltLength = 16
	keyLength  = 32
)

// Hasher hashes and checks, a few at a time: every hash takes 19 MiB and a
// core, and anybody may ask for one by trying to sign in. It is safe for
// concurrent use.
type Hasher struct {
	params params
	random io.Reader
	slots  chan struct{}
	decoy  string // a hash that no password has
}

// NewHasher returns a hasher that runs at most parallel hashes at once.
func NewHasher(random io.Reader, parallel int) (*Hasher, error) {
	h := &Hasher{params: current, random: random, slots: make(chan struct{}, max(parallel, 1))}
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, fmt.Errorf("read random bytes: %w", err)
	}
	h.decoy = encode(h.params, salt, make([]byte, keyLength))
	return h, nil
}

// Check reports what keeps s from being a password, as an error with code
// invalid about the member field.
func Check(field, s string) error {
	switch n := utf8.RuneCountInString(s); {
	case n < MinLength:
		return switchboard.Invalid(field, "Use at least %d characters. A few words in a row are easy to remember and hard to guess.", MinLength)
	case n > MaxLength:
		return switchboard.Invalid(field, "Use at most %d characters.", MaxLength)
	case !utf8.ValidString(s):
		return switchboard.Invalid(field, "The password holds bytes that are no text. Type it again.")
	}
	return nil
}

// Hash returns the hash of a password that [Check] allows. It waits for its
// turn until ctx ends.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("read random bytes: %w", err)
	}
	key, err := h.key(ctx, h.params, password, salt, keyLength)
	if err != nil {
		return "", err
	}
	return encode(h.params, salt, key), nil
}

// Verify reports whether the password has this hash, and whether the hash is
// weaker than those made now, so that it should be made anew. For hash "",
// which belongs to nobody or to a user without a password, it takes as long as
// for any other and reports false.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, stale bool, err error) {
	real := hash != ""
	if !real {
		hash = h.decoy
	}
	p, salt, want, err := decode(hash)
	if err != nil {
		return false, false, err
	}
	if utf8.RuneCountInString(password) > MaxLength {
		real, password = false, "" // no password is that long
	}
	got, err := h.key(ctx, p, password, salt, uint32(len(want)))
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(got, want) == 1 && real
	weaker := p.time < h.params.time || p.memory < h.params.memory || p.threads < h.params.threads || len(want) < keyLength
	return ok, ok && weaker, nil
}

func (h *Hasher) key(ctx context.Context, p params, password string, salt []byte, length uint32) ([]byte, error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, switchboard.Errorf(switchboard.CodeUnavailable, "Too many people are signing in at this moment. Try again.")
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(password), salt, p.time, p.memory, p.threads, length), nil
}

var b64 = base64.RawStdEncoding

func encode(p params, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.time, p.threads, b64.EncodeToString(salt), b64.EncodeToString(key))
}

func decode(hash string) (p params, salt, key []byte, err error) {
	bad := func(why string) (params, []byte, []byte, error) {
		return params{}, nil, nil, fmt.Errorf("a stored password hash is unreadable: %s", why)
	}
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return bad("not Argon2id")
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return bad("another version of Argon2")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.time, &p.threads); err != nil || p.time == 0 || p.threads == 0 || p.memory > 1<<20 || p.time > 100 {
		return bad("its parameters")
	}
	if salt, err = b64.DecodeString(parts[4]); err != nil || len(salt) < 8 {
		return bad("its salt")
	}
	if key, err = b64.DecodeString(parts[5]); err != nil || len(key) < 16 || len(key) > 128 {
		return bad("its key")
	}
	return p, salt, key, nil
}
