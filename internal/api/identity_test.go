package api

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"

	"github.com/org/platform-action/internal/oidc"
)

// runner stands in for GitHub: it lists a key, and gives a job tokens that are signed with it.
type runner struct {
	*httptest.Server
	asked int // for the key
}

func newRunner(t *testing.T, f *fixture) *runner {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	out := &runner{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/jwks", func(w http.ResponseWriter, _ *http.Request) {
		out.asked++
		public, err := jwk.Import(key.Public())
		if err != nil || public.Set("kid", "one") != nil {
			t.Error("no key")
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": []any{public}})
	})
	mux.HandleFunc("GET /token", func(w http.ResponseWriter, r *http.Request) {
		commit := strings.Repeat("a", 40)
		claims, err := json.Marshal(map[string]any{
			"iss": out.URL, "aud": r.URL.Query().Get("audience"), "iat": f.now.Unix(), "exp": f.now.Unix() + 300, "jti": "1", "sub": "claims-canary",
			"repository_id": "74", "repository_owner_id": "65", "run_id": "9", "run_attempt": "1", "sha": commit, "event_name": "push",
			"workflow_ref": "a/b/c@d", "workflow_sha": commit, "job_workflow_ref": "a/b/c@d", "job_workflow_sha": commit, "runner_environment": "github-hosted",
		})
		if err != nil {
			t.Error(err)
		}
		h := jws.NewHeaders()
		if err := h.Set("kid", "one"); err != nil {
			t.Error(err)
		}
		token, err := jws.Sign(claims, jws.WithKey(jwa.RS256(), key, jws.WithProtectedHeaders(h)))
		if err != nil {
			t.Error(err)
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"value": string(token)})
	})
	out.Server = httptest.NewServer(mux)
	t.Cleanup(out.Close)
	return out
}

// TestWithTokens goes the whole way over the wire: a job asks for a token and uploads with it. The same token serves no
// other body, and nothing of it is in an answer or in the log.
func TestWithTokens(t *testing.T) {
	t.Parallel()
	f := newFixture()
	github := newRunner(t, f)
	const home = "https://platform.example.org"
	v, err := oidc.New(oidc.Options{Issuers: []oidc.Issuer{{URL: github.URL}}, Audience: home, Now: f.options.Now})
	if err != nil {
		t.Fatal(err)
	}
	f.options.Verifier = v
	server := httptest.NewServer(f.handler(t))
	t.Cleanup(server.Close)

	sent := pack(someBody)
	sum := sha256.Sum256(sent)
	env := func(name string) string {
		return map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": github.URL + "/token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x"}[name]
	}
	token, err := oidc.Request(t.Context(), nil, env, oidc.AudienceOf(home, oidc.Facts, hex.EncodeToString(sum[:])))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		body   []byte
		token  string
		status int
		code   string
	}{
		{"good", sent, token, 202, ""},
		{"another body", pack(someBody + " "), token, 401, "wrong-audience"},
		{"changed signature", sent, token[:len(token)-6] + "AAAAAA", 401, "bad-signature"},
		{"algorithm none", sent, "eyJhbGciOiJub25lIn0." + strings.Split(token, ".")[1] + ".AAAA", 401, "wrong-algorithm"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+FactsPath, bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Authorization": "Bearer " + c.token, "Content-Type": "application/json", "Content-Encoding": "gzip"} {
			r.Header.Set(name, value)
		}
		resp, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != c.status || !strings.Contains(string(answer), c.code) {
			t.Errorf("%s: %d %s (%v), want %d %s", c.name, resp.StatusCode, answer, err, c.status, c.code)
		}
		for part := range strings.SplitSeq(c.token, ".") {
			if len(part) > 8 && (strings.Contains(string(answer), part[:8]) || strings.Contains(f.log.String(), part[:8])) {
				t.Errorf("%s: the token is in the answer or the log:\n%s\n%s", c.name, answer, f.log.String())
			}
		}
	}
	if github.asked != 1 {
		t.Errorf("the key was asked for %d times", github.asked)
	}
}
