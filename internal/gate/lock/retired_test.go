package lock

import (
	"crypto/ed25519"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
)

// TestRetiredKeysOfACopy: a copy of the App's platform-keys.json tells when a key was replaced, and an end that is no time is
// not passed over.
func TestRetiredKeysOfACopy(t *testing.T) {
	t.Parallel()
	k := seal.NewKey(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey))
	text, err := k.PEM()
	if err != nil {
		t.Fatal(err)
	}
	file := func(end string) []byte {
		data, err := json.Marshal(map[string]any{"keys": []any{map[string]string{"kid": k.ID, "alg": "Ed25519", "pem": text, "not_after": end}}})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	got, err := PinnedKeys(file("2026-11-27T10:00:00Z"))
	if err != nil || len(got) != 1 || !got[0].NotAfter.Equal(time.Date(2026, 11, 27, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := PinnedKeys(file("")); err != nil || !got[0].NotAfter.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := PinnedKeys(file("never")); err == nil || !strings.Contains(err.Error(), "no time") {
		t.Error(err)
	}
}
