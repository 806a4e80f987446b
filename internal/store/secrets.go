package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

var errNoKey = errors.New("no encryption key is configured: credentials are not kept without one")

// PutSecret keeps a credential, sealed with Options.EncryptionKey and bound to its name.
func (s *Store) PutSecret(ctx context.Context, name string, plaintext []byte) error {
	if err := checkNames("name of a credential", name); err != nil {
		return err
	}
	box, err := s.box()
	if err != nil {
		return err
	}
	sealed := box.Seal(nil, nil, plaintext, []byte(name)) //nolint:gosec // the box makes its own nonce
	return s.put(ctx, `INSERT INTO credential (name, sealed, changed) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed, changed = excluded.changed`,
		name, sealed, micros(s.o.Now()))
}

// Secret opens a credential; ErrNoEntry if there is none. Another key than it was sealed with is refused.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	box, err := s.box()
	if err != nil {
		return nil, err
	}
	sealed, found, err := get(ctx, s, whole[[]byte], `SELECT sealed FROM credential WHERE name = $1`, name)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("credential %q: %w", name, ErrNoEntry)
	}
	plaintext, err := box.Open(nil, nil, sealed, []byte(name))
	if err != nil {
		return nil, fmt.Errorf("credential %q cannot be opened: it was sealed with another key, or changed", name)
	}
	return plaintext, nil
}

// box puts a fresh random nonce before each text that it seals.
func (s *Store) box() (cipher.AEAD, error) {
	if len(s.o.EncryptionKey) == 0 {
		return nil, errNoKey
	}
	block, err := aes.NewCipher(s.o.EncryptionKey)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
