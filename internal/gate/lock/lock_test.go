package lock

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/gate/lock/locktest"
	"github.com/org/platform-action/internal/gate/seal"
)

// TestArtifacts: what can be moved to other content is no artifact.
func TestArtifacts(t *testing.T) {
	t.Parallel()
	d := locktest.Digest
	got, err := Artifacts([]string{"registry.example.com:5000/shop@" + d, d, d[:70] + "0"})
	if err != nil || len(got) != 2 || got[0] != d[:70]+"0" || got[1] != d {
		t.Errorf("%v, %v", got, err)
	}
	for _, bad := range []string{"", "shop:latest", "shop", "shop:latest@sha256:1", d + " ", " " + d, d + "\n", strings.ToUpper(d), "sha512:" + d[7:], "a b@" + d, "@" + d, d[:70], d + "a", "x@y@" + d} {
		if got, err := Artifacts([]string{bad}); err == nil {
			t.Errorf("%q is taken for %v", bad, got)
		}
	}
	var many []string
	for i := range seal.MaxDigests + 1 {
		many = append(many, fmt.Sprintf("sha256:%064x", i))
	}
	if _, err := Artifacts(many); err == nil {
		t.Error("too many artifacts are taken")
	}
}

// TestBundles: a bundle is an object of a bounded size, alone or one a line.
func TestBundles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		`{"a":1}`: 1, "{\n \"a\": 1\n}\n": 1, "{}\n\n{}\n": 2,
		"": 0, "[]": 0, "x": 0, "{}\nx\n": 0, `"{}"`: 0, "1\n2\n": 0, `{"a":"` + strings.Repeat("x", seal.MaxBundle) + `"}`: 0,
	} {
		got, err := Bundles([]byte(text))
		if len(got) != want || (err == nil) != (want > 0) {
			t.Errorf("%.20q: %d, %v", text, len(got), err)
		}
	}
	one := json.RawMessage(`{"a":"` + strings.Repeat("x", seal.MaxBundle-8) + `"}`)
	if err := FitBundles([]json.RawMessage{one, one, one, one}); err != nil {
		t.Error(err)
	}
	if FitBundles([]json.RawMessage{one, one, one, one, one}) == nil || FitBundles(make([]json.RawMessage, seal.MaxDigests+1)) == nil {
		t.Error("too many bundles are taken")
	}
}

// FuzzPinnedKeys: whatever is read as keys has the name that its bytes give it.
func FuzzPinnedKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kid":"sha256:1","pem":"-----BEGIN PUBLIC KEY-----"}]}`))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"))
	f.Add(locktest.Public(1))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := PinnedKeys(data)
		if (err == nil) != (len(keys) > 0) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		for _, k := range keys {
			if seal.KeyID(k.Public) != k.ID {
				t.Errorf("%q is not the name of its key", k.ID)
			}
		}
	})
}

// FuzzBundles: what is taken is one object each, within its bounds.
func FuzzBundles(f *testing.F) {
	f.Add([]byte("{}\n{}"))
	f.Add([]byte(`[{"a":1}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := Bundles(data)
		for _, b := range list {
			if err != nil || len(b) > seal.MaxBundle || !json.Valid(b) || bytes.TrimSpace(b)[0] != '{' {
				t.Errorf("%q, %v", b, err)
			}
		}
	})
}

// TestFetch: bundles are looked up only where the job brings none, within their bounds, and who cannot say is nobody who
// says none.
func TestFetch(t *testing.T) {
	t.Parallel()
	large := json.RawMessage(`{"a":"` + strings.Repeat("x", seal.MaxBundle) + `"}`)
	get := func(list ...json.RawMessage) func(context.Context, string) ([]json.RawMessage, error) {
		return func(context.Context, string) ([]json.RawMessage, error) { return list, nil }
	}
	j := Job{Digests: []string{locktest.Digest, locktest.Digest[:70] + "b"}}
	if err := j.Fetch(t.Context(), get(json.RawMessage(`{"a":1}`), large, json.RawMessage(`[]`), json.RawMessage(`{"b":1}`))); err != nil || len(j.Bundles) != 2 {
		t.Errorf("%d bundles, %v", len(j.Bundles), err)
	}
	fails := func(context.Context, string) ([]json.RawMessage, error) { return nil, errors.New("502") }
	if err := j.Fetch(t.Context(), fails); err != nil {
		t.Errorf("it has bundles, and asks: %v", err)
	}
	j.Bundles = nil
	var fault *FaultError
	if err := j.Fetch(t.Context(), fails); !errors.As(err, &fault) {
		t.Error(err)
	}
	for i := range mostFetched {
		j.Digests = append(j.Digests, fmt.Sprintf("sha256:%064x", i))
	}
	if err := j.Fetch(t.Context(), get()); err == nil || errors.As(err, &fault) {
		t.Error(err)
	}
	var filled []json.RawMessage
	for i := range 10 {
		filled = append(filled, json.RawMessage(fmt.Sprintf(`{"%d":"%s"}`, i, strings.Repeat("x", seal.MaxBundle-10))))
	}
	j.Digests = j.Digests[:1]
	if err := j.Fetch(t.Context(), get(filled...)); err != nil || len(j.Bundles) != 4 || FitBundles(j.Bundles) != nil {
		t.Errorf("%d bundles, %v", len(j.Bundles), err)
	}
}
