package store

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestCache(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		c := open(t, options(url)).Cache(tenant)
		if _, err := c.Get("x"); !errors.Is(err, ErrNoEntry) {
			t.Error(err)
		}
		ok(t, c.Set("x", []byte("1")))
		ok(t, c.Set("x", make([]byte, maxEntry)))
		if v := must[[]byte](t)(c.Get("x")); len(v) != maxEntry {
			t.Error(len(v))
		}
		if c.Set("y", make([]byte, maxEntry+1)) == nil {
			t.Error("too large an entry was kept")
		}
		ok(t, c.Delete("x"))
		ok(t, c.Delete("x"))
		if _, err := c.Get("x"); !errors.Is(err, ErrNoEntry) {
			t.Error(err)
		}
	})
}

func TestSecrets(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		ok(t, s.PutSecret(ctx, "slack", []byte("hunter3")))
		ok(t, s.PutSecret(ctx, "slack", []byte("hunter2")))
		ok(t, s.PutSecret(ctx, "other", []byte("x")))
		if got := must[[]byte](t)(s.Secret(ctx, "slack")); string(got) != "hunter2" {
			t.Errorf("%s", got)
		}
		if _, err := s.Secret(ctx, "none"); !errors.Is(err, ErrNoEntry) {
			t.Error(err)
		}
		sealed, _, err := first(ctx, s.db, whole[[]byte], `SELECT sealed FROM credential WHERE name = 'slack'`)
		if err != nil || strings.Contains(string(sealed), "hunter") {
			t.Errorf("%q, %v", sealed, err)
		}
		ok(t, s.put(ctx, `UPDATE credential SET sealed = $1 WHERE name = 'other'`, sealed)) // one in the place of another
		if v, err := s.Secret(ctx, "other"); err == nil {
			t.Errorf("moved: %s", v)
		}
		wrong := options(url)
		wrong.EncryptionKey = []byte(strings.Repeat("w", keySize))
		if v, err := open(t, wrong).Secret(ctx, "slack"); err == nil || strings.Contains(err.Error(), "hunter") {
			t.Errorf("with another key: %s, %v", v, err)
		}
		none := options(url)
		none.EncryptionKey = nil
		without := open(t, none)
		if without.PutSecret(ctx, "a", nil) == nil {
			t.Error("kept without a key")
		}
		if _, err := without.Secret(ctx, "slack"); err == nil {
			t.Error("opened without a key")
		}
	})
}
