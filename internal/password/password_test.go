package password

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/switchboardhq/switchboard"
)

func newHasher(t *testing.T) *Hasher {
	t.Helper()
	h, err := NewHasher(rand.Reader, 2)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestOnlyTheRightPasswordVerifies(t *testing.T) {
	h := newHasher(t)
	ctx := context.Background()
	hash, err := h.Hash(ctx, "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash says %q of its cost", hash)
	}
	again, err := h.Hash(ctx, "correct horse battery")
	if err != nil || again == hash {
		t.Errorf("two hashes of one password are the same: no salt")
	}
	for password, want := range map[string]bool{
		"correct horse battery":   true,
		"correct horse batterz":   false,
		"correct horse battery ":  false,
		"":                        false,
		strings.Repeat("x", 5000): false,
	} {
		ok, stale, err := h.Verify(ctx, hash, password)
		if err != nil || ok != want || stale {
			t.Errorf("Verify(%.30q) = %v, stale %v, %v; want %v", password, ok, stale, err, want)
		}
	}
}

func TestNobodyHasNoPassword(t *testing.T) {
	h := newHasher(t)
	for _, password := range []string{"", "anything at all"} {
		if ok, _, err := h.Verify(context.Background(), "", password); ok || err != nil {
			t.Errorf("Verify of no hash with %q = %v, %v", password, ok, err)
		}
	}
}

func TestWeakerHashesAreToBeMadeAnew(t *testing.T) {
	h := newHasher(t)
	ctx := context.Background()
	weak := newHasher(t)
	weak.params = params{time: 1, memory: 1024, threads: 1}
	hash, err := weak.Hash(ctx, "correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	ok, stale, err := h.Verify(ctx, hash, "correct horse battery")
	if !ok || !stale || err != nil {
		t.Errorf("Verify of a weak hash = %v, stale %v, %v; want it right and stale", ok, stale, err)
	}
	if _, stale, _ := h.Verify(ctx, hash, "wrong"); stale {
		t.Error("a wrong password makes a hash stale")
	}
}

func TestDamagedHashesAreErrors(t *testing.T) {
	h := newHasher(t)
	for _, hash := range []string{"x", "$2a$10$abc", "$argon2id$v=18$m=1,t=1,p=1$YWJjZGVmZ2g$YWJjZGVmZ2hhYmNkZWZnaA",
		"$argon2id$v=19$m=99999999,t=1,p=1$YWJjZGVmZ2g$YWJjZGVmZ2hhYmNkZWZnaA", "$argon2id$v=19$m=1024,t=0,p=1$YWJjZGVmZ2g$YWJjZGVmZ2hhYmNkZWZnaA"} {
		if ok, _, err := h.Verify(context.Background(), hash, "anything"); ok || err == nil {
			t.Errorf("Verify with the hash %q = %v, %v", hash, ok, err)
		}
	}
}

func TestWaitingForATurnEnds(t *testing.T) {
	h := newHasher(t)
	for range cap(h.slots) {
		h.slots <- struct{}{}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.Hash(ctx, "correct horse battery"); switchboard.ErrorCode(err) != switchboard.CodeUnavailable {
		t.Errorf("Hash with all slots taken: %v", err)
	}
}

func TestCheck(t *testing.T) {
	for password, ok := range map[string]bool{
		"short": false, "ninechars": false, "tencharact": true, "äöüäöüäöüä": true,
		strings.Repeat("x", 256): true, strings.Repeat("x", 257): false, "bad\xff\xff\xffbytes": false,
	} {
		if err := Check("password", password); (err == nil) != ok {
			t.Errorf("Check(%.20q) = %v", password, err)
		}
	}
}
