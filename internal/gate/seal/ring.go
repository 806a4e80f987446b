package seal

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Ring is the key that signs, and those that did before it.
type Ring struct {
	Private ed25519.PrivateKey // nil: nothing is signed
	Retired []Key              // each with its end
}

// maxRetired is more keys than a server has had.
const maxRetired = 100

// notAfter is the header of a retired key's PEM block.
const notAfter = "Not-After"

// ParseRing reads a signing key, and after it the public keys that it replaced: PEM, each with the header Not-After.
func ParseRing(data []byte) (Ring, error) {
	first, rest := data, []byte(nil)
	if block, after := pem.Decode(data); block != nil && len(data) <= MaxBytes {
		first, rest = data[:len(data)-len(after)], after
	}
	private, err := ParsePrivate(first)
	if err != nil {
		return Ring{}, err
	}
	out := Ring{Private: private}
	seen := []string{KeyID(private.Public().(ed25519.PublicKey))} //nolint:forcetypeassert // ed25519 says so
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			if strings.TrimSpace(string(rest)) != "" {
				return Ring{}, errors.New("after the keys follows something that is none")
			}
			return out, nil
		}
		k, err := retired(block)
		if err != nil {
			return Ring{}, fmt.Errorf("retired key %d: %w", len(out.Retired)+1, err)
		}
		if slices.Contains(seen, k.ID) || len(seen) > maxRetired {
			return Ring{}, fmt.Errorf("retired key %d stands there already, is the one that signs, or is one too many", len(out.Retired)+1)
		}
		seen, out.Retired, rest = append(seen, k.ID), append(out.Retired, k), after
	}
}

// retired is a public key with its end: without one, whoever has the private half could sign for ever.
func retired(block *pem.Block) (Key, error) {
	end, err := time.Parse(time.RFC3339, block.Headers[notAfter])
	if err != nil || block.Type != "PUBLIC KEY" {
		return Key{}, fmt.Errorf("it is no public key whose first line is %s: 2026-11-27T10:00:00Z, and then an empty one", notAfter)
	}
	k, err := ParsePublic(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes}))
	k.NotAfter = end.UTC()
	return k, err
}

// Published are the public keys, the one that signs first.
func (r Ring) Published() []Key {
	if len(r.Private) != ed25519.PrivateKeySize {
		return nil
	}
	return append([]Key{NewKey(ed25519.PublicKey(r.Private[ed25519.SeedSize:]))}, r.Retired...)
}

// PEM is the key as a verifier pins it.
func (k Key) PEM() (string, error) {
	der, err := x509.MarshalPKIXPublicKey(k.Public)
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})), err
}
