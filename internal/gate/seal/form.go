package seal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

const version = 1

// KeyID is the name of a public key: sha256: and the digest of its 32 bytes.
func KeyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// NewKey is a public key under its name.
func NewKey(public ed25519.PublicKey) Key { return Key{ID: KeyID(public), Public: public} }

// Sign signs a verdict. It refuses one that Verify would not take.
func Sign(ctx context.Context, private ed25519.PrivateKey, v Verdict) ([]byte, error) {
	if len(private) != ed25519.PrivateKeySize {
		return nil, errors.New("the signing key is no Ed25519 key")
	}
	v.Version = version
	v.Issued, v.Expires = v.Issued.UTC().Truncate(time.Second), v.Expires.UTC().Truncate(time.Second)
	v.Subject = v.Subject.canonical()
	if err := v.valid(); err != nil {
		return nil, fmt.Errorf("the verdict cannot be signed: %w", err)
	}
	body, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("the verdict cannot be signed: %w", err)
	}
	signer, err := dsse.NewEnvelopeSigner(pair{private: private})
	if err != nil {
		return nil, err
	}
	envelope, err := signer.SignPayload(ctx, PayloadType, body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope)
}

// pair is what DSSE asks of a key.
type pair struct{ private ed25519.PrivateKey }

func (p pair) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(p.private, data), nil
}

func (p pair) KeyID() (string, error) {
	public, ok := p.private.Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("no Ed25519 key")
	}
	return KeyID(public), nil
}

func (s Subject) canonical() Subject {
	s.Digests = append([]string{}, s.Digests...)
	slices.Sort(s.Digests)
	s.Digests = slices.Compact(s.Digests)
	return s
}

// valid says what is wrong with a verdict in itself.
func (v Verdict) valid() error {
	s := v.Subject
	lasts := v.Expires.Sub(v.Issued)
	switch {
	case v.Version != version:
		return fmt.Errorf("version is %d; this program reads %d", v.Version, version)
	case s.Server == "" || s.Installation <= 0 || s.Repository <= 0 || s.Environment == "" || s.RunID <= 0 || s.Attempt <= 0 || s.Job == "" || s.Commit == "" || s.Tree == "":
		return errors.New("it does not name server, installation, repository, environment, run, attempt, job, commit and tree")
	case !slices.Contains([]string{"approved", "rejected", "waiting", "error"}, v.Outcome):
		return fmt.Errorf("outcome is %.40q", v.Outcome)
	case (v.Outcome == "approved") != slices.Contains([]string{"evidence", "waiver", "observe"}, v.Basis):
		return fmt.Errorf("outcome %s has the basis %.40q", v.Outcome, v.Basis)
	case v.Issued.Year() < 2000 || v.Expires.Year() > 9999:
		return errors.New("issued and expires are no times")
	case lasts <= 0 || lasts > Longest:
		return fmt.Errorf("it lasts %s; at most %s and more than none", lasts, Longest)
	}
	return nil
}

// decode reads one JSON value and refuses keys that are not known and anything after it.
func decode(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more follows")
	}
	return nil
}
