package api

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"

	"github.com/org/platform-action/internal/gate/seal"
)

// KeysPath is where the public key of signed verdicts is shown. A verifier pins a key that it was given by another way:
// what is shown here is for comparing.
const KeysPath = "/.well-known/platform-keys.json"

// Keys shows the public half of the signing key; of none, an empty list.
func Keys(private ed25519.PrivateKey) http.Handler {
	type key struct {
		ID        string `json:"kid"`
		Algorithm string `json:"alg"`
		PEM       string `json:"pem"`
	}
	list := []key{}
	if len(private) == ed25519.PrivateKeySize {
		public := ed25519.PublicKey(private[ed25519.SeedSize:])
		if der, err := x509.MarshalPKIXPublicKey(public); err == nil {
			list = append(list, key{seal.KeyID(public), "Ed25519", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))})
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": list})
	})
}
