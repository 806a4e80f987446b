package fetch

import (
	"context"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// upstream is a repository with two versions of a module in a folder, and a link that leads out of it.
func upstream(t *testing.T) (url, commit string) {
	t.Helper()
	dir := t.TempDir()
	git := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=a", "-c", "user.email=a@example.com"}, args...)...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	git("init", "-q", "-b", "main")
	if err := os.MkdirAll(filepath.Join(dir, "disk"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "disk", "link.tf")); err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"v1.0.0", "v1.1.0"} {
		if err := os.WriteFile(filepath.Join(dir, "disk", "main.tf"), []byte("# "+v+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		git("add", "-A")
		git("commit", "-q", "-m", v)
		git("tag", v)
	}
	return "git::file://" + dir, git("rev-parse", "HEAD~1")
}

func modules(t *testing.T) *Modules {
	t.Helper()
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(m.dir); err == nil {
			t.Error("what was fetched is still there")
		}
	})
	return m
}

func read(t *testing.T, m *Modules, source, constraint string) string {
	t.Helper()
	tree, dir, err := m.Fetch(t.Context(), source, constraint)
	if err != nil {
		t.Fatal(err)
	}
	b, err := fs.ReadFile(tree, dir+"/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

func TestGit(t *testing.T) {
	t.Parallel()
	url, commit := upstream(t)
	m := modules(t)
	for query, want := range map[string]string{"": "# v1.1.0", "?ref=v1.0.0": "# v1.0.0", "?ref=" + commit: "# v1.0.0", "?ref=main": "# v1.1.0"} {
		if got := read(t, m, url+"//disk"+query, ""); got != want {
			t.Errorf("%q: %q, want %q", query, got, want)
		}
	}
	tree, dir, err := m.Fetch(t.Context(), url+"//disk", "")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := fs.Lstat(tree, dir+"/link.tf"); err != nil || info.Mode()&fs.ModeSymlink != 0 {
		t.Error("a symbolic link was checked out as one", info, err)
	}
	for _, bad := range []string{url + "//disk?ref=nowhere", "git::file:///nowhere/at/all"} {
		if _, _, err := m.Fetch(t.Context(), bad, ""); err == nil {
			t.Errorf("%s was fetched", bad)
		}
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]gitSource{
		"github.com/org/repo//a/b?ref=v1":             {"https://github.com/org/repo", "v1", "a/b"},
		"git@github.com:org/repo.git":                 {"ssh://git@github.com/org/repo.git", "", "."},
		"git::https://example.com/x.git?ref=main":     {"https://example.com/x.git", "main", "."},
		"git::ssh://git@example.com/x.git//m?depth=1": {"ssh://git@example.com/x.git", "", "m"},
	} {
		if got, err := parseGit(source); err != nil || got != want {
			t.Errorf("%s: %+v, %v", source, got, err)
		}
	}
	for _, source := range []string{"", "s3::https://b/x.zip", "https://example.com/x.zip", "git::ext::sh -c id", "git::https://x/y?ref=--upload-pack=id",
		"git::https://x/y//../../etc", "git::-oProxyCommand=id", "hg::https://x/y", "git::https://user:secret@x/y", "git::http://x/y"} {
		if got, err := parseGit(source); err == nil {
			t.Errorf("%q is taken: %+v", source, got)
		}
	}
	for source, ok := range map[string]bool{
		"terraform-aws-modules/vpc/aws": true, "app.example.com/org/vpc/aws//modules/x": true, "github.com/a/b": false, "./x": false, "a/b": false, "a/b/c/d": false,
	} {
		if _, got := parseRegistry(source); got != ok {
			t.Errorf("%q: %t", source, got)
		}
	}
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	url, _ := upstream(t)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/.well-known/terraform.json":
			_, _ = w.Write([]byte(`{"modules.v1":"/v1/modules/"}`))
		case "/v1/modules/org/disk/aws/versions":
			_, _ = w.Write([]byte(`{"modules":[{"versions":[{"version":"1.0.0"},{"version":"1.1.0"},{"version":"2.0.0-beta"}]}]}`))
		case "/v1/modules/org/disk/aws/1.0.0/download", "/v1/modules/org/disk/aws/1.1.0/download":
			w.Header().Set("X-Terraform-Get", url+"?ref=v"+strings.Split(r.URL.Path, "/")[6])
			w.WriteHeader(http.StatusNoContent)
		default:
			http.NotFound(w, r)
		}
	}))
	defer server.Close()
	m := modules(t)
	m.client = server.Client()
	const host = "example.com" // of the test server's certificate
	m.client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}
	for constraint, want := range map[string]string{"": "# v1.1.0", "~> 1.0.0": "# v1.0.0", ">= 1.0": "# v1.1.0"} {
		if got := read(t, m, host+"/org/disk/aws//disk", constraint); got != want {
			t.Errorf("%q: %q, want %q", constraint, got, want)
		}
	}
	for source, constraint := range map[string]string{host + "/org/disk/aws": "~> 3.0", host + "/org/none/aws": "", host + "/org/disk/aws//disk": "x"} {
		if _, _, err := m.Fetch(t.Context(), source, constraint); err == nil {
			t.Errorf("%s %s was fetched", source, constraint)
		}
	}
}
