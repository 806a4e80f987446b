package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/gate/lock/locktest"
	"github.com/org/platform-action/internal/gate/seal"
)

// pinned writes a public key as openssl does.
func pinned(t testing.TB, n byte) string {
	t.Helper()
	return kept(t, "key.pem", locktest.Public(n))
}

func kept(t testing.TB, name string, data []byte) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const (
	someCommit = locktest.Commit
	someTree   = locktest.Tree
	someDigest = locktest.Digest
)

func sealed(t testing.TB, signer byte, v seal.Verdict) []byte {
	t.Helper()
	data, err := seal.Sign(t.Context(), locktest.Key(signer), v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// jobEnv is what a runner sets.
func jobEnv(server string) map[string]string {
	env := locktest.Env(server, someToken)
	env[serverName] = server
	return env
}

// TestGateDecide has a row for each answer, and each way in which one may pass for another.
func TestGateDecide(t *testing.T) {
	t.Parallel()
	for name, c := range locktest.Cases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := c.App.Serve()
			t.Cleanup(server.Close)
			out := filepath.Join(t.TempDir(), "verdict.json")
			code, stdout, stderr := call(t, jobEnv(server.URL), "gate", "decide", "--environment", "production", "--no-checkout",
				"--digest", "registry.example.com/shop@"+someDigest, "--key", pinned(t, 1), "--out", out)
			if code != c.Exit || !strings.Contains(stdout+stderr, c.Says) || strings.Contains(stdout+stderr, "\x1b") || strings.Contains(stdout+stderr, someToken) {
				t.Errorf("exit %d\n%s%s", code, stdout, stderr)
			}
			decision, _, _ := strings.Cut(stdout, ":")
			if _, err := os.Stat(out); decision != c.Decision || (decision != "") != (err == nil) {
				t.Errorf("believed %q, want %q, and the file: %v", decision, c.Decision, err)
			}
			asked := c.App.Asked()
			if len(asked) != 1 || asked[0]["environment"] != "production" || asked[0]["tree"] != nil || len(c.App.Faults()) > 0 {
				t.Errorf("asked %v; %v", asked, c.App.Faults())
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
		"no environment":      {[]string{"--digest", someDigest}, env, 2, "--environment is needed"},
		"a tag":               {[]string{"--environment", "production", "--digest", "shop:latest"}, env, 2, "can be moved"},
		"a tag and digest":    {[]string{"--environment", "production", "--digest", "shop@" + someDigest + " "}, env, 2, "can be moved"},
		"capitals":            {[]string{"--environment", "production", "--digest", strings.ToUpper(someDigest)}, env, 2, "can be moved"},
		"no key":              {by, env, 2, "--key is needed"},
		"no such key":         {append([]string{"--key", "gone.pem"}, by...), env, 2, "--key: open gone.pem"},
		"a private key":       {append([]string{"--key", kept(t, "k", []byte("-----BEGIN PRIVATE KEY-----\nMTIz\n-----END PRIVATE KEY-----\n"))}, by...), env, 2, "PUBLIC KEY"},
		"a misnamed key":      {append([]string{"--key", kept(t, "k", []byte(`{"keys":[{"kid":"sha256:1","pem":`+quoted(t, key)+`}]}`))}, by...), env, 2, "the name of another key"},
		"no keys":             {append([]string{"--key", kept(t, "k", []byte(`{"keys":[]}`))}, by...), env, 2, "holds no keys"},
		"no artifact":         {[]string{"--environment", "production", "--no-checkout", "--key", key}, env, 2, "--no-checkout deploys artifacts"},
		"a bundle of nothing": {[]string{"--environment", "production", "--key", key, "--bundle", kept(t, "b", []byte("{}"))}, env, 2, "--bundle proves how an artifact was built"},
		"no bundle":           {append([]string{"--key", key, "--bundle", "gone"}, by...), env, 2, "--bundle: open gone"},
		"a page for a bundle": {append([]string{"--key", key, "--bundle", kept(t, "b", []byte("<html>"))}, by...), env, 2, "no Sigstore bundle"},
		"a large bundle":      {append([]string{"--key", key, "--bundle", kept(t, "b", bytes.Repeat([]byte(" "), seal.MaxBundles+1))}, by...), env, 2, "more than 4096 KiB"},
		"no job":              {append([]string{"--key", key, "--server", dead.URL}, by...), nil, 2, "only a job of a workflow"},
		"dead":                {append([]string{"--key", key}, by...), env, 3, "did not decide"},
		"advice":              {by, nil, 3, "nothing is decided, signed or recorded"},
		"advice to a file":    {append([]string{"--out", "x"}, by...), nil, 2, "nobody signs one"},
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
	g := locktest.App{Change: func(v *seal.Verdict) { v.Subject.Commit, v.Subject.Tree, v.Subject.Digests = commit, tree, nil }}
	server := g.Serve()
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
	if asked := g.Asked(); len(asked) != 1 || asked[0]["tree"] != tree {
		t.Errorf("asked %v", asked)
	}
	g.Change = func(v *seal.Verdict) { v.Subject.Commit, v.Subject.Digests = commit, nil }
	ask(1, "its tree is another one")
	env["GITHUB_SHA"] = someCommit
	ask(1, "subject-mismatch")
	if err := os.WriteFile("a", []byte("two\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ask(2, "the work tree is not the commit")
}
