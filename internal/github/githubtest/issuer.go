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

	"github.com/golang-jwt/jwt/v4"
)

// issuer signs the tokens that workflow runs get.
type issuer struct {
	key   *rsa.PrivateKey
	id    string
	turns int
}

func newIssuer() (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	return &issuer{key: key, id: "key-1", turns: 1}, err
}

const issuerPath = "/_services/token"

// Issuer is the address in the tokens' iss.
func (s *Server) Issuer() string { return s.base + issuerPath }

// RotateKeys replaces the key that tokens are signed with.
func (s *Server) RotateKeys() error {
	fresh, err := newIssuer()
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh.turns = s.issuer.turns + 1
	fresh.id = fmt.Sprintf("key-%d", fresh.turns)
	s.issuer = fresh
	return nil
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
	s.mux.HandleFunc("GET "+issuerPath+"/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(object{
			"issuer": s.Issuer(), "jwks_uri": s.Issuer() + "/.well-known/jwks", "id_token_signing_alg_values_supported": []string{"RS256"},
			"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
		})
	})
	s.mux.HandleFunc("GET "+issuerPath+"/.well-known/jwks", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		public := s.issuer.key.PublicKey
		enc := base64.RawURLEncoding.EncodeToString
		_ = json.NewEncoder(w).Encode(object{"keys": []any{object{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": s.issuer.id, "n": enc(public.N.Bytes()), "e": enc(big.NewInt(int64(public.E)).Bytes()),
		}}})
	})
}

// Run is a workflow run.
type Run struct {
	ID       int64
	Path     string // of the workflow's file
	HeadSHA  string
	HeadRepo int64 // 0: the repository itself
	Event    string
	Status   string // queued, in_progress or completed
	Attempt  int
}

// AddRun adds a workflow run to the repository, or replaces it.
func (r *Repo) AddRun(run Run) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if run.HeadRepo == 0 {
		run.HeadRepo = r.ID
	}
	r.runs[run.ID] = run
}

func (s *Server) run(c *call) answer {
	run, known := c.repo.runs[c.number("run_id")]
	if !known {
		return notFound()
	}
	return ok(object{
		"id": run.ID, "path": run.Path, "head_sha": run.HeadSHA, "event": run.Event, "status": run.Status, "run_attempt": run.Attempt,
		"head_repository": object{"id": run.HeadRepo}, "run_number": 1, "workflow_id": 1, "repository": c.repo.json(),
	})
}
