package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/gate/seal"
)

func gateKey(n byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{n}, ed25519.SeedSize))
}

// pinned writes a public key as openssl does.
func pinned(t testing.TB, n byte) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(gateKey(n).Public())
	if err != nil {
		t.Fatal(err)
	}
	return kept(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func kept(t testing.TB, name string, data []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

var (
	someCommit = strings.Repeat("c", 40)
	someTree   = strings.Repeat("d", 40)
	someDigest = "sha256:" + strings.Repeat("a", 64)
)

// gatekeeper answers as the App does: it signs a verdict about what it was asked, changed by a test.
type gatekeeper struct {
	t        *testing.T
	signer   byte
	change   func(v *seal.Verdict)
	status   int
	body     string // in place of the answer
	audience string
	asked    []map[string]any
}

func (g *gatekeeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/token" {
		g.audience = r.URL.Query().Get("audience")
		_ = json.NewEncoder(w).Encode(map[string]string{"value": someToken})
		return
	}
	body, err := io.ReadAll(r.Body)
	sum := sha256.Sum256(body)
	if want := "http://" + r.Host + "/gate/" + hex.EncodeToString(sum[:]); err != nil || r.URL.Path != "/api/v1/gate/decide" || g.audience != want {
		g.t.Errorf("%s with audience %s, want %s", r.URL.Path, g.audience, want)
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		g.t.Error(err)
		return
	}
	var asked map[string]any
	if err := json.NewDecoder(z).Decode(&asked); err != nil {
		g.t.Error(err)
	}
	g.asked = append(g.asked, asked)
	w.WriteHeader(g.status)
	if g.body != "" {
		_, _ = io.WriteString(w, g.body)
		return
	}
	v := g.verdict("http://" + r.Host)
	_ = json.NewEncoder(w).Encode(map[string]any{"outcome": "approved", "basis": "evidence", "code": "", "message": "said \x1b[31mred", "verdict": json.RawMessage(sealed(g.t, g.signer, v))}) //nolint:contextcheck // the test ends after the answer
}

func (g *gatekeeper) verdict(server string) seal.Verdict {
	issued := time.Date(2026, 11, 20, 9, 59, 0, 0, time.UTC)
	v := seal.Verdict{
		Subject: seal.Subject{Server: server, Installation: 1, Repository: 2, Environment: "production", RunID: 20, Attempt: 1, Job: "deploy", Commit: someCommit, Tree: someTree,
			Digests: []string{someDigest}},
		Outcome: "approved", Basis: "evidence", Decision: "sha256:1", Sequence: 7, Chain: "sha256:2", Issued: issued, Expires: issued.Add(seal.Longest),
	}
	if g.change != nil {
		g.change(&v)
	}
	return v
}

func sealed(t testing.TB, signer byte, v seal.Verdict) []byte {
	t.Helper()
	data, err := seal.Sign(t.Context(), gateKey(signer), v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// jobEnv is what a runner sets.
func jobEnv(server string) map[string]string {
	return map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": server + "/token", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "x", serverName: server, "GITHUB_REPOSITORY_ID": "2",
		"GITHUB_RUN_ID": "20", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "deploy", "GITHUB_SHA": someCommit}
}

// TestGateDecide has a row for each answer, and each way in which one may pass for another.
func TestGateDecide(t *testing.T) {
	t.Parallel()
	refuse := func(v *seal.Verdict) { v.Outcome, v.Basis = "rejected", "unknown" }
	for name, c := range map[string]struct {
		g    gatekeeper
		exit int
		says string
	}{
		"approved":          {gatekeeper{}, 0, "approved: production of commit ccc"},
		"of a called job":   {gatekeeper{change: func(v *seal.Verdict) { v.Subject.Job = "call/deploy" }}, 0, "approved"},
		"rejected":          {gatekeeper{change: refuse}, 1, "rejected: production"},
		"waiting":           {gatekeeper{change: func(v *seal.Verdict) { v.Outcome, v.Basis = "waiting", "unknown" }}, 3, "waiting: production"},
		"error":             {gatekeeper{change: func(v *seal.Verdict) { v.Outcome, v.Basis = "error", "unknown" }}, 3, "error: production"},
		"its own key":       {gatekeeper{signer: 9}, 1, "a key that was not given"},
		"expired":           {gatekeeper{change: func(v *seal.Verdict) { v.Issued, v.Expires = v.Issued.Add(-time.Hour), v.Expires.Add(-time.Hour) }}, 1, "no longer valid"},
		"another job":       {gatekeeper{change: func(v *seal.Verdict) { v.Subject.Job = "other" }}, 1, "its job is another one"},
		"another job's end": {gatekeeper{change: func(v *seal.Verdict) { v.Subject.Job = "xdeploy" }}, 1, "its job is another one"},
		"another run":       {gatekeeper{change: func(v *seal.Verdict) { v.Subject.RunID = 21 }}, 1, "its run_id is another one"},
		"another attempt":   {gatekeeper{change: func(v *seal.Verdict) { v.Subject.Attempt = 2 }}, 1, "its attempt is another one"},
		"another case":      {gatekeeper{change: func(v *seal.Verdict) { v.Subject.Environment = "Production" }}, 1, "its environment is another one"},
		"another commit":    {gatekeeper{change: func(v *seal.Verdict) { v.Subject.Commit = someTree }}, 1, "its commit is another one"},
		"another server":    {gatekeeper{change: func(v *seal.Verdict) { v.Subject.Server = "https://evil.example" }}, 1, "its server is another one"},
		"no artifact":       {gatekeeper{change: func(v *seal.Verdict) { v.Subject.Digests = nil }}, 1, "its digests is another one"},
		"unsigned":          {gatekeeper{body: `{"outcome":"approved","verdict":{"outcome":"approved"}}`}, 1, "no signed verdict"},
		"no verdict":        {gatekeeper{body: `{"outcome":"approved"}`}, 1, "no signed verdict"},
		"a page":            {gatekeeper{body: `<html>approved`}, 3, "cannot be read"},
		"refused":           {gatekeeper{status: 403, body: `{"error":{"code":"wrong-tree","message":"another \u001b[31mtree"}}`}, 3, "wrong-tree"},
		"200":               {gatekeeper{status: 200}, 3, "answered 200"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := c.g
			g.t = t
			if g.signer == 0 {
				g.signer = 1
			}
			if g.status == 0 {
				g.status = http.StatusAccepted
			}
			server := httptest.NewServer(&g)
			t.Cleanup(server.Close)
			out := filepath.Join(t.TempDir(), "verdict.json")
			code, stdout, stderr := call(t, jobEnv(server.URL), "gate", "decide", "--environment", "production", "--no-checkout",
				"--digest", "registry.example.com/shop@"+someDigest, "--key", pinned(t, 1), "--out", out)
			if code != c.exit || !strings.Contains(stdout+stderr, c.says) || strings.Contains(stdout+stderr, "\x1b") || strings.Contains(stdout+stderr, someToken) {
				t.Errorf("exit %d\n%s%s", code, stdout, stderr)
			}
			_, err := os.Stat(out)
			if believed := strings.HasPrefix(stdout, "approved") || strings.HasPrefix(stdout, "rejected") || strings.HasPrefix(stdout, "waiting") || strings.HasPrefix(stdout, "error"); believed != (err == nil) {
				t.Errorf("believed %t, and the file: %v", believed, err)
			}
			if len(g.asked) != 1 || g.asked[0]["environment"] != "production" || g.asked[0]["tree"] != nil {
				t.Errorf("asked %v", g.asked)
			}
		})
	}
}

// TestGateDecideUsage: what is wrong before anything is asked.
func TestGateDecideUsage(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	key := pinned(t, 1)
	env := jobEnv(dead.URL)
	by := []string{"--environment", "production", "--no-checkout", "--digest", someDigest}
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		exit int
		says string
	}{
		"no environment":   {[]string{"--digest", someDigest}, env, 2, "--environment is needed"},
		"a tag":            {[]string{"--environment", "production", "--digest", "shop:latest"}, env, 2, "can be moved"},
		"a tag and digest": {[]string{"--environment", "production", "--digest", "shop@" + someDigest + " "}, env, 2, "can be moved"},
		"capitals":         {[]string{"--environment", "production", "--digest", strings.ToUpper(someDigest)}, env, 2, "can be moved"},
		"no key":           {by, env, 2, "--key is needed"},
		"no such key":      {append([]string{"--key", "gone.pem"}, by...), env, 2, "--key: open gone.pem"},
		"a private key":    {append([]string{"--key", kept(t, "k", []byte("-----BEGIN PRIVATE KEY-----\nMTIz\n-----END PRIVATE KEY-----\n"))}, by...), env, 2, "PUBLIC KEY"},
		"a misnamed key":   {append([]string{"--key", kept(t, "k", []byte(`{"keys":[{"kid":"sha256:1","pem":`+quoted(t, key)+`}]}`))}, by...), env, 2, "the name of another key"},
		"no keys":          {append([]string{"--key", kept(t, "k", []byte(`{"keys":[]}`))}, by...), env, 2, "holds no keys"},
		"no artifact":      {[]string{"--environment", "production", "--no-checkout", "--key", key}, env, 2, "--no-checkout deploys artifacts"},
		"no job":           {append([]string{"--key", key, "--server", dead.URL}, by...), nil, 2, "only a job of a workflow"},
		"dead":             {append([]string{"--key", key}, by...), env, 3, "did not decide"},
		"advice":           {by, nil, 3, "nothing is decided, signed or recorded"},
		"advice to a file": {append([]string{"--out", "x"}, by...), nil, 2, "nobody signs one"},
	} {
		code, stdout, stderr := call(t, c.env, append([]string{"gate", "decide"}, c.args...)...)
		if code != c.exit || !strings.Contains(stdout+stderr, c.says) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
}

func quoted(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(string(data))
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// TestGateDecideCheckout: the tree is git's own, and has to be the run's.
func TestGateDecideCheckout(t *testing.T) {
	t.Chdir(t.TempDir())
	git := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %s", args, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q")
	if err := os.WriteFile("a", []byte("one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	git("add", ".")
	git("commit", "-qm", "one")
	commit, tree := git("rev-parse", "HEAD"), git("rev-parse", "HEAD^{tree}")
	g := gatekeeper{t: t, signer: 1, status: http.StatusAccepted, change: func(v *seal.Verdict) {
		v.Subject.Commit, v.Subject.Tree, v.Subject.Digests = commit, tree, nil
	}}
	server := httptest.NewServer(&g)
	t.Cleanup(server.Close)
	env := jobEnv(server.URL)
	env["GITHUB_SHA"] = commit
	key := pinned(t, 1)
	ask := func(want int, says string) {
		t.Helper()
		code, stdout, stderr := call(t, env, "gate", "decide", "--environment", "production", "--key", key)
		if code != want || !strings.Contains(stdout+stderr, says) {
			t.Errorf("exit %d\n%s%s", code, stdout, stderr)
		}
	}
	ask(0, "approved")
	if len(g.asked) != 1 || g.asked[0]["tree"] != tree {
		t.Errorf("asked %v", g.asked)
	}
	g.change = func(v *seal.Verdict) { v.Subject.Commit, v.Subject.Digests = commit, nil }
	ask(1, "its tree is another one")
	env["GITHUB_SHA"] = someCommit
	ask(1, "subject-mismatch")
	if err := os.WriteFile("a", []byte("two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(2, "the work tree is not the commit")
}

// FuzzKeys: whatever is read as keys has the name that its bytes give it.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kid":"sha256:1","pem":"-----BEGIN PUBLIC KEY-----"}]}`))
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n"))
	pem, err := os.ReadFile(pinned(f, 1))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(pem)
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseKeys(data)
		for _, k := range keys {
			if err == nil && seal.KeyID(k.Public) != k.ID {
				t.Errorf("%q is not the name of its key", k.ID)
			}
		}
	})
}
