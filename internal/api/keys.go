package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
)

// KeysPath is where the public keys of signed verdicts are shown. A verifier pins a key that it was given by another way:
// what is shown here is for comparing, and for verdicts of a time whose key was replaced since.
const KeysPath = "/.well-known/platform-keys.json"

// Keys shows the public half of the key that signs, and those that it replaced; of none, an empty list.
func Keys(present func() seal.Ring) http.Handler {
	type key struct {
		ID        string    `json:"kid"`
		Algorithm string    `json:"alg"`
		PEM       string    `json:"pem"`
		NotAfter  time.Time `json:"not_after,omitzero"` // of a retired one: what is signed later is not believed
	}
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		list := []key{}
		for _, k := range present().Published() {
			if text, err := k.PEM(); err == nil {
				list = append(list, key{k.ID, "Ed25519", text, k.NotAfter})
			}
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "public, max-age=300")
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": list})
	})
}
