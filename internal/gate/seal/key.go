package seal

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
)

// trusted is what DSSE asks of a key that verifies.
type trusted struct{ key Key }

func (t trusted) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(t.key.Public, data, sig) {
		return ErrForged
	}
	return nil
}

func (t trusted) KeyID() (string, error) { return t.key.ID, nil }

func (t trusted) Public() crypto.PublicKey { return t.key.Public }

// ParsePrivate reads a signing key: PEM of PKCS #8, as `openssl genpkey -algorithm ed25519` writes it.
func ParsePrivate(data []byte) (ed25519.PrivateKey, error) {
	block, err := only(data, "PRIVATE KEY")
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block)
	if err != nil {
		return nil, errors.New("the private key cannot be read; make one with `openssl genpkey -algorithm ed25519`") // not the cause: it could hold parts of the key
	}
	key, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("the private key is no Ed25519 key; make one with `openssl genpkey -algorithm ed25519`")
	}
	return key, nil
}

// ParsePublic reads a key to pin: PEM, as `openssl pkey -pubout` writes it.
func ParsePublic(data []byte) (Key, error) {
	block, err := only(data, "PUBLIC KEY")
	if err != nil {
		return Key{}, err
	}
	parsed, err := x509.ParsePKIXPublicKey(block)
	if err != nil {
		return Key{}, errors.New("the public key cannot be read; write it with `openssl pkey -pubout`")
	}
	public, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return Key{}, errors.New("the public key is no Ed25519 key")
	}
	return NewKey(public), nil
}

// only is the one PEM block of a kind.
func only(data []byte, kind string) ([]byte, error) {
	if len(data) > MaxBytes {
		return nil, errors.New("the key is too large to be one")
	}
	block, rest := pem.Decode(data)
	if block == nil || block.Type != kind {
		return nil, errors.New("the file holds no PEM block " + kind)
	}
	if more, _ := pem.Decode(rest); more != nil {
		return nil, errors.New("the file holds more than one PEM block; keep the one " + kind)
	}
	return block.Bytes, nil
}
