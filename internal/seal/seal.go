// Package seal encrypts what must not be readable in the database: provider
// secrets, webhook tokens and quarantined requests. The key stays outside the
// database, in a file of its own or in the environment.
package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Key seals and opens values with AES-256-GCM. It is safe for concurrent use.
type Key struct {
	aead tink.AEAD
	text []byte
}

// ErrUnreadable is returned by [Key.Open] for a value that this key did not
// seal, or not for this purpose.
var ErrUnreadable = errors.New("sealed with another key, or damaged")

// Generate returns a new random key.
func Generate() (*Key, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	var text bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
		return nil, fmt.Errorf("write the key: %w", err)
	}
	return Parse(text.Bytes())
}

// Parse reads a key as [Key.Text] wrote it: a Tink keyset in JSON. A keyset with
// several keys opens with all of them and seals with its primary one.
func Parse(text []byte) (*Key, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		return nil, fmt.Errorf("the key is not a Tink keyset in JSON: %w", err)
	}
	a, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("the keyset holds no AEAD key: %w", err)
	}
	return &Key{aead: a, text: bytes.TrimSpace(text)}, nil
}

// Text returns the key in clear, to be kept where only the service reads it.
func (k *Key) Text() []byte { return bytes.Clone(k.text) }

// Load reads the key file, and makes one, readable by its owner only, where
// there is none. It refuses a file that others can read.
func Load(path string) (*Key, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others (mode %o): run chmod 600 on it", path, info.Mode().Perm())
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	k, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return k, nil
}

// create links a complete file into place, so that of two processes that start
// at once one key wins and none is half-written.
func create(path string) (*Key, error) {
	k, err := Generate()
	if err != nil {
		return nil, err
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return nil, err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(append(k.Text(), '\n')); err != nil {
		return nil, errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(tmp.Name(), path); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return Load(path)
		}
		return nil, err
	}
	return k, nil
}

// Seal encrypts plain for one purpose: only Open with the same purpose reads it
// back, so a sealed value can't be moved to another place.
func (k *Key) Seal(plain []byte, purpose string) ([]byte, error) {
	return k.aead.Encrypt(plain, []byte(purpose))
}

// Open decrypts what Seal made for the purpose. The error wraps [ErrUnreadable].
func (k *Key) Open(sealed []byte, purpose string) ([]byte, error) {
	plain, err := k.aead.Decrypt(sealed, []byte(purpose))
	if err != nil {
		return nil, ErrUnreadable
	}
	return plain, nil
}
