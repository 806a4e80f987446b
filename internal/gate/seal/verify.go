package seal

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

const maxSkew = time.Minute // between the server's clock and the verifier's

// Open reads a signed verdict by the keys that the verifier pins, whatever it is about and however old: for an audit. To
// let something deploy, use Verify.
func Open(ctx context.Context, data []byte, pinned []Key) (Verdict, error) {
	if len(data) > MaxBytes {
		return Verdict{}, fmt.Errorf("%w: it has %d bytes; at most %d are read", ErrForm, len(data), MaxBytes)
	}
	var envelope dsse.Envelope
	if err := decode(data, &envelope); err != nil {
		return Verdict{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if envelope.PayloadType != PayloadType || len(envelope.Signatures) != 1 {
		return Verdict{}, fmt.Errorf("%w: payload %.80q with %d signatures", ErrForm, envelope.PayloadType, len(envelope.Signatures))
	}
	id := envelope.Signatures[0].KeyID
	for _, key := range pinned {
		if len(key.Public) == ed25519.PublicKeySize && key.ID == id && KeyID(key.Public) == id {
			return opened(ctx, &envelope, key)
		}
	}
	return Verdict{}, fmt.Errorf("%w: %.80q; give it with --key if you trust it", ErrUnknownKey, id)
}

func opened(ctx context.Context, envelope *dsse.Envelope, key Key) (Verdict, error) {
	body, err := envelope.DecodeB64Payload()
	if err != nil {
		return Verdict{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	verifier, err := dsse.NewEnvelopeVerifier(trusted{key})
	if err != nil {
		return Verdict{}, err
	}
	if _, err := verifier.Verify(ctx, envelope); err != nil {
		return Verdict{}, ErrForged
	}
	var v Verdict
	if err := decode(body, &v); err != nil {
		return Verdict{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if again, err := json.Marshal(v); err != nil || !bytes.Equal(again, body) {
		return Verdict{}, fmt.Errorf("%w: it is not as Sign writes it", ErrForm)
	}
	if err := v.valid(); err != nil {
		return Verdict{}, fmt.Errorf("%w: %w", ErrForm, err)
	}
	if end := key.NotAfter; !end.IsZero() && v.Issued.After(end.Add(maxSkew)) {
		return Verdict{}, fmt.Errorf("%w: %s, and it is of %s", ErrRetired, end.UTC().Format(time.RFC3339), v.Issued.Format(time.RFC3339))
	}
	return v, nil
}

// Verify is Open for a deployment that is about to happen: the verdict has to be about it and valid now. Whether its
// outcome is an approval is for the caller to ask.
func Verify(ctx context.Context, data []byte, pinned []Key, want Subject, now time.Time) (Verdict, error) {
	v, err := Open(ctx, data, pinned)
	if err != nil {
		return Verdict{}, err
	}
	switch {
	case v.Issued.After(now.Add(maxSkew)):
		return Verdict{}, fmt.Errorf("%w: issued at %s, and it is %s", ErrNotYet, v.Issued.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case !now.Before(v.Expires):
		return Verdict{}, fmt.Errorf("%w: it ended at %s, and it is %s", ErrExpired, v.Expires.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	if field := other(v.Subject, want.canonical()); field != "" {
		return Verdict{}, fmt.Errorf("%w: its %s is another one", ErrSubject, field)
	}
	return v, nil
}

// other is the first field in which two subjects differ.
func other(a, b Subject) string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		if !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			return x.Type().Field(i).Tag.Get("json")
		}
	}
	return ""
}
