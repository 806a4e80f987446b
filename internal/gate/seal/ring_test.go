package seal_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
)

func privatePEM(t *testing.T, n byte) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key(n))
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// retiredPEM is a public key with a first line.
func retiredPEM(t *testing.T, n byte, header string) string {
	t.Helper()
	text, err := public(n).PEM()
	if err != nil {
		t.Fatal(err)
	}
	if header != "" {
		text = strings.Replace(text, "-----\n", "-----\n"+header+"\n\n", 1)
	}
	return text
}

// TestRing: a key file holds the key that signs, and those before it with their ends; anything else is refused whole.
func TestRing(t *testing.T) {
	t.Parallel()
	const end = "Not-After: 2026-03-02T12:00:00Z"
	got, err := seal.ParseRing([]byte(privatePEM(t, 1) + "\n" + retiredPEM(t, 2, end) + retiredPEM(t, 3, end) + "\n"))
	if err != nil || !got.Private.Equal(key(1)) || len(got.Retired) != 2 || got.Retired[1].ID != public(3).ID || !got.Retired[1].NotAfter.Equal(issued()) {
		t.Errorf("%+v, %v", got, err)
	}
	if list := got.Published(); len(list) != 3 || list[0].ID != public(1).ID || !list[0].NotAfter.IsZero() {
		t.Errorf("%+v", list)
	}
	if list := (seal.Ring{}).Published(); len(list) != 0 {
		t.Errorf("without a key: %+v", list)
	}
	for name, file := range map[string]string{
		"empty": "", "public alone": retiredPEM(t, 2, end), "no end": privatePEM(t, 1) + retiredPEM(t, 2, ""), "two that sign": privatePEM(t, 1) + privatePEM(t, 2),
		"an odd end": privatePEM(t, 1) + retiredPEM(t, 2, "Not-After: never"), "twice": privatePEM(t, 1) + retiredPEM(t, 2, end) + retiredPEM(t, 2, end),
		"the one that signs": privatePEM(t, 1) + retiredPEM(t, 1, end), "something else": privatePEM(t, 1) + "and more", "cut off": privatePEM(t, 1) + retiredPEM(t, 2, end)[:60],
		"too much": privatePEM(t, 1) + strings.Repeat(" ", seal.MaxBytes),
	} {
		if got, err := seal.ParseRing([]byte(file)); err == nil || got.Private != nil {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

// TestRetiredKey: a key that was replaced proves what it signed before, and nothing after.
func TestRetiredKey(t *testing.T) {
	t.Parallel()
	data := sign(t, 1, verdict())
	for name, c := range map[string]struct {
		end  time.Time
		want error
	}{
		"not retired": {want: nil}, "signed before": {end: issued().Add(time.Hour)}, "a server that was a little late": {end: issued().Add(-30 * time.Second)},
		"signed after": {end: issued().Add(-2 * time.Minute), want: seal.ErrRetired},
	} {
		k := public(1)
		k.NotAfter = c.end
		if _, err := seal.Open(t.Context(), data, []seal.Key{k}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := seal.Verify(t.Context(), data, []seal.Key{k}, subject(), issued()); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}
