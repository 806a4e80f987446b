package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"strconv"
	"sync"

	"github.com/golang-jwt/jwt/v4"
)

// issuer signs the tokens that workflow runs get.
type issuer struct {
	key   *rsa.PrivateKey
	id    string
	turns int
}

// firstKeys are made once a process, because that takes long: the App's, and the one that tokens are signed with until
// RotateKeys. Every server has them.
var firstKeys = sync.OnceValues(func() (keys struct{ app, issuer *rsa.PrivateKey }, err error) { //nolint:gochecknoglobals // nothing of it changes
	if keys.app, err = rsa.GenerateKey(rand.Reader, keyBits); err != nil {
		return keys, err
	}
	keys.issuer, err = rsa.GenerateKey(rand.Reader, keyBits)
	return keys, err
})

const keyBits = 2048

const issuerPath = "/_services/token"

// Issuer is the address in the tokens' iss.
func (s *Server) Issuer() string { return s.base + issuerPath }

// RotateKeys replaces the key that tokens are signed with.
func (s *Server) RotateKeys() error {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	turns := s.issuer.turns + 1
	s.issuer = &issuer{key: key, id: fmt.Sprintf("key-%d", turns), turns: turns}
	return nil
}

// trouble is what goes wrong with the issuer's keys.
type trouble struct {
	status int
	hang   bool
}

// BreakKeys answers whoever asks for the issuer's keys with a status, or not at all; 0 and false: as it should be.
func (s *Server) BreakKeys(status int, hang bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = trouble{status, hang}
}

// IDToken signs claims; iss is added.
func (s *Server) IDToken(claims map[string]any) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := jwt.MapClaims{"iss": s.Issuer()}
	maps.Copy(all, claims)
	t := jwt.NewWithClaims(jwt.SigningMethodRS256, all)
	t.Header["kid"] = s.issuer.id
	return t.SignedString(s.issuer.key)
}

func (s *Server) issuerRoutes() {
	s.mux.HandleFunc("GET "+issuerPath+"/request/{run}", s.request)
	s.mux.HandleFunc("GET "+issuerPath+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(object{
			"issuer": s.Issuer(), "jwks_uri": s.Issuer() + "/.well-known/jwks", "id_token_signing_alg_values_supported": []string{"RS256"},
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
		})
	})
	s.mux.HandleFunc("GET "+issuerPath+"/.well-known/jwks", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		trouble := s.keys
		s.mu.Unlock()
		if trouble.hang {
			<-r.Context().Done()
			return
		}
		if trouble.status != 0 {
			w.WriteHeader(trouble.status)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		public := s.issuer.key.PublicKey
		enc := base64.RawURLEncoding.EncodeToString
		_ = json.NewEncoder(w).Encode(object{"keys": []any{object{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": s.issuer.id, "n": enc(public.N.Bytes()), "e": enc(big.NewInt(int64(public.E)).Bytes()),
		}}})
	})
}

// request answers a job that asks for a token: what ACTIONS_ID_TOKEN_REQUEST_URL names on a runner. The run's secret is
// its id.
func (s *Server) request(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.ParseInt(r.PathValue("run"), 10, 64)
	s.mu.Lock()
	var claims object
	for _, repo := range s.repos {
		if run, there := repo.runs[id]; there && r.Header.Get("Authorization") == "Bearer "+RunSecret(id) {
			claims = s.claims(repo, run, run.asking(), r.URL.Query().Get("audience"))
		}
	}
	s.mu.Unlock()
	if claims == nil {
		http.Error(w, "{}", http.StatusForbidden)
		return
	}
	token, err := s.IDToken(claims)
	if err != nil {
		http.Error(w, "{}", http.StatusInternalServerError)
		return
	}
	_ = json.NewEncoder(w).Encode(object{"value": token})
}

// RunSecret is what a run's job asks for tokens with.
func RunSecret(id int64) string { return fmt.Sprintf("secret-of-run-%d", id) }

// RequestURL is where a run's job asks for tokens.
func (s *Server) RequestURL(id int64) string {
	return fmt.Sprintf("%s%s/request/%d?api-version=2.0", s.base, issuerPath, id)
}
