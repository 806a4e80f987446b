package oidc

import (
	"context"
	"crypto"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"

	"github.com/org/platform-action/internal/control"
)

const (
	maxKeySet  = 1 << 20
	maxKeys    = 100
	maxKeyID   = 200
	minKeyBits = 2048
	maxKeyBits = 8192 // larger ones cost more to verify with than a request is worth

	refreshEvery = time.Minute        // at most, whatever is asked for
	refreshAfter = 24 * time.Hour     // a key that the issuer has withdrawn is forgotten then
	forgetAfter  = 7 * 24 * time.Hour // of an issuer that has been down since; nothing is believed for ever
)

// keys are those of one issuer. They are read when they are first needed, again each day, and when a token names one
// that is not among them. What was read once stays good for a while when the issuer is down.
type keys struct {
	url    string
	client *http.Client
	now    control.Clock
	flight singleflight.Group

	mu    sync.Mutex
	known map[string]*rsa.PublicKey
	read  time.Time // when known was read
	tried time.Time // when it was last tried
	fault error     // of the last try
}

func newKeys(address string, client *http.Client, now control.Clock) *keys {
	return &keys{url: address, client: client, now: now}
}

// find returns the key of an id, alone in a list.
func (k *keys) find(ctx context.Context, id string) ([]crypto.PublicKey, error) {
	now := k.now()
	if key := k.look(id, now, refreshAfter); key != nil {
		return []crypto.PublicKey{key}, nil
	}
	// Whoever waits goes when its own context ends. The request goes on for the others.
	done := k.flight.DoChan("", func() (any, error) {
		k.refresh(context.WithoutCancel(ctx), now)
		return nil, nil
	})
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-done:
	}
	if key := k.look(id, now, forgetAfter); key != nil {
		return []crypto.PublicKey{key}, nil
	}
	return nil, k.missing(now)
}

// look finds a key in what was read not longer ago than age.
func (k *keys) look(id string, now time.Time, age time.Duration) *rsa.PublicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !within(now, k.read, age) {
		return nil
	}
	return k.known[id]
}

// within reports whether then is less than span ago. A clock that was set back does not make anything younger.
func within(now, then time.Time, span time.Duration) bool {
	since := now.Sub(then)
	return !then.IsZero() && since > -refreshEvery && since < span
}

// missing says why there is no such key: the issuer does not have it, or it could not be asked.
func (k *keys) missing(now time.Time) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fault == nil {
		return refuse(UnknownKey, "the token names a key that its issuer does not list; send the token as GitHub gave it, or try again in a minute")
	}
	wait := refreshEvery - now.Sub(k.tried)
	return fmt.Errorf("%w: %w", ErrUnavailable, &control.Later{After: min(max(wait, time.Second), refreshEvery), Reason: k.fault.Error()})
}

// refresh reads the keys unless that was tried just now. One call runs at a time.
func (k *keys) refresh(ctx context.Context, now time.Time) {
	k.mu.Lock()
	early := within(now, k.tried, refreshEvery)
	if !early {
		k.tried = now
	}
	k.mu.Unlock()
	if early {
		return
	}
	known, err := k.get(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fault = err; err == nil {
		k.known, k.read = known, now
	}
}

func (k *keys) get(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("the issuer did not answer with its keys: %w", bare(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer answered with status %d in place of its keys", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, maxKeySet+1))
	if err != nil {
		return nil, fmt.Errorf("the issuer's keys broke off: %w", bare(err))
	}
	if len(data) > maxKeySet {
		return nil, fmt.Errorf("the issuer's keys are more than %d bytes", maxKeySet)
	}
	return parseKeys(data)
}

// bare leaves the address away, which may carry more than a host.
func bare(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

// parseKeys keeps the keys that sign with RS256. One that cannot be read does not spoil the others; of two with one id
// neither is kept.
func parseKeys(data []byte) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, errors.New("the issuer's answer is no set of keys")
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the issuer lists %d keys; %d are read at most", len(set.Keys), maxKeys)
	}
	out, twice := map[string]*rsa.PublicKey{}, map[string]bool{}
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || key.KeyID == "" || len(key.KeyID) > maxKeyID ||
			key.Use != "" && key.Use != "sig" || key.Algorithm != "" && key.Algorithm != string(jose.RS256) {
			continue
		}
		public, ok := key.Key.(*rsa.PublicKey)
		if !ok || public.N.BitLen() < minKeyBits || public.N.BitLen() > maxKeyBits {
			continue
		}
		if out[key.KeyID] != nil {
			twice[key.KeyID] = true
		}
		out[key.KeyID] = public
	}
	for id := range twice {
		delete(out, id)
	}
	if len(out) == 0 {
		return nil, errors.New("the issuer lists no key that could sign a token")
	}
	return out, nil
}
