// Package fetch brings Terraform modules that stand elsewhere, by git and the registry protocol, into a folder of its
// own; only a command line that was told to may use it.
package fetch

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	version "github.com/hashicorp/go-version"
)

// Modules fetches each module once. It is safe for concurrent use, and must be closed.
type Modules struct {
	client *http.Client
	dir    string // temporary

	mu   sync.Mutex
	once map[string]func() (string, error) // by repository and reference: its folder
}

// New makes an empty folder for modules.
func New() (*Modules, error) {
	dir, err := os.MkdirTemp("", "platform-modules-")
	if err != nil {
		return nil, err
	}
	return &Modules{client: &http.Client{Timeout: 30 * time.Second}, dir: dir, once: map[string]func() (string, error){}}, nil
}

// Close removes what was fetched.
func (m *Modules) Close() error { return os.RemoveAll(m.dir) }

// Fetch brings the module of a source, and of a version for those of a registry. It returns the tree that the module
// stands in, and its folder there.
func (m *Modules) Fetch(ctx context.Context, source, constraint string) (fs.FS, string, error) {
	if a, ok := parseRegistry(source); ok {
		resolved, err := m.resolve(ctx, a, constraint)
		if err != nil {
			return nil, "", err
		}
		if source = resolved; a.sub != "" {
			source = withFolder(source, a.sub)
		}
	}
	g, err := parseGit(source)
	if err != nil {
		return nil, "", err
	}
	m.mu.Lock()
	get, ok := m.once[g.url+"@"+g.ref]
	if !ok {
		dir := filepath.Join(m.dir, strconv.Itoa(len(m.once)))
		get = sync.OnceValues(func() (string, error) { return dir, clone(ctx, g, dir) })
		m.once[g.url+"@"+g.ref] = get
	}
	m.mu.Unlock()
	dir, err := get()
	if err != nil {
		return nil, "", err
	}
	return os.DirFS(dir), g.folder, nil
}

// gitSource is a repository, a reference in it and a folder of it.
type gitSource struct{ url, ref, folder string }

var shorthand = regexp.MustCompile(`^(github\.com|bitbucket\.org|gitlab\.com)/[\w.-]+/[\w.-]+`)

// parseGit reads the forms that Terraform takes for git: git::URL, a known host without a scheme, and git@host:path.
func parseGit(source string) (gitSource, error) {
	text, forced := strings.CutPrefix(source, "git::")
	switch {
	case shorthand.MatchString(text):
		text = "https://" + text
	case strings.HasPrefix(text, "git@"):
		host, rest, ok := strings.Cut(strings.TrimPrefix(text, "git@"), ":")
		if !ok {
			return gitSource{}, unsupported(source)
		}
		text = "ssh://git@" + host + "/" + rest
	case !forced:
		return gitSource{}, unsupported(source)
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "ssh" && u.Scheme != "file" || u.User != nil && u.Scheme == "https" {
		return gitSource{}, unsupported(source)
	}
	g := gitSource{ref: u.Query().Get("ref"), folder: "."}
	repository, folder, found := strings.Cut(u.Path, "//")
	if found {
		g.folder = path.Clean(folder)
	}
	if strings.HasPrefix(g.ref, "-") || !fs.ValidPath(g.folder) {
		return gitSource{}, unsupported(source)
	}
	u.Path, u.RawQuery, u.Fragment = repository, "", ""
	g.url = u.String()
	return g, nil
}

func unsupported(source string) error {
	return fmt.Errorf("the source %.100q is neither git over https or ssh nor a registry's: run `terraform init`", source)
}

func withFolder(source, folder string) string {
	head, query, _ := strings.Cut(source, "?")
	scheme := strings.Index(head, "://")
	if strings.Contains(head[max(0, scheme+3):], "//") {
		head += "/" + folder
	} else {
		head += "//" + folder
	}
	if query != "" {
		head += "?" + query
	}
	return head
}

// clone brings one reference of a repository, without its history, hooks, submodules or filters. Git asks nothing.
func clone(ctx context.Context, g gitSource, dir string) error {
	base := []string{"-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false", "clone", "--quiet", "--no-tags", "--depth", "1"}
	if g.ref != "" {
		if err := git(ctx, append(append([]string{}, base...), "--branch", g.ref, "--", g.url, dir)...); err == nil {
			return nil
		}
		// A commit is no branch: it needs the history.
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := git(ctx, "-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false", "clone", "--quiet", "--no-checkout", "--", g.url, dir); err != nil {
			return err
		}
		return git(ctx, "-C", dir, "-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false", "checkout", "--quiet", "--detach", g.ref, "--")
	}
	return git(ctx, append(base, "--", g.url, dir)...)
}

func git(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=https:ssh:file", "GIT_LFS_SKIP_SMUDGE=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("git clone: %.300s", strings.TrimSpace(string(out)))
	}
	return nil
}

// address is a module of a registry.
type address struct{ host, namespace, name, provider, sub string }

var registryForm = regexp.MustCompile(`^(?:([a-z0-9][a-z0-9.-]*\.[a-z]+(?::[0-9]+)?)/)?([\w-]+)/([\w-]+)/([\w-]+)(?://(.+))?$`)

func parseRegistry(source string) (address, bool) {
	m := registryForm.FindStringSubmatch(source)
	if m == nil || shorthand.MatchString(source) {
		return address{}, false
	}
	if m[1] == "" {
		m[1] = "registry.terraform.io"
	}
	return address{m[1], m[2], m[3], m[4], m[5]}, true
}

// resolve asks the registry where the newest version that the constraint allows stands.
func (m *Modules) resolve(ctx context.Context, a address, constraint string) (string, error) {
	base, err := m.service(ctx, a.host)
	if err != nil {
		return "", err
	}
	base = strings.TrimSuffix(base, "/") + "/" + a.namespace + "/" + a.name + "/" + a.provider
	var list struct {
		Modules []struct {
			Versions []struct {
				Version string `json:"version"`
			} `json:"versions"`
		} `json:"modules"`
	}
	if _, err := m.get(ctx, base+"/versions", &list); err != nil {
		return "", err
	}
	var wanted version.Constraints
	if constraint != "" {
		if wanted, err = version.NewConstraint(constraint); err != nil {
			return "", fmt.Errorf("the version constraint %.60q cannot be read", constraint)
		}
	}
	var best *version.Version
	for _, module := range list.Modules {
		for _, v := range module.Versions {
			parsed, err := version.NewVersion(v.Version)
			if err != nil || constraint != "" && !wanted.Check(parsed) || constraint == "" && parsed.Prerelease() != "" {
				continue
			}
			if best == nil || parsed.GreaterThan(best) {
				best = parsed
			}
		}
	}
	if best == nil {
		return "", fmt.Errorf("the registry has no version of %s/%s/%s that %.60q allows", a.namespace, a.name, a.provider, constraint)
	}
	header, err := m.get(ctx, base+"/"+best.Original()+"/download", nil)
	if err != nil {
		return "", err
	}
	where := header.Get("X-Terraform-Get")
	if where == "" {
		return "", fmt.Errorf("the registry does not say where %s/%s/%s %s stands", a.namespace, a.name, a.provider, best)
	}
	return where, nil
}

// service is the registry's address for modules, by the discovery protocol.
func (m *Modules) service(ctx context.Context, host string) (string, error) {
	var services map[string]json.RawMessage
	if _, err := m.get(ctx, "https://"+host+"/.well-known/terraform.json", &services); err != nil {
		return "", err
	}
	var at string
	if err := json.Unmarshal(services["modules.v1"], &at); err != nil {
		return "", fmt.Errorf("%s is no registry of modules", host)
	}
	base := &url.URL{Scheme: "https", Host: host, Path: "/"}
	u, err := base.Parse(at)
	if err != nil || u.Scheme != "https" {
		return "", fmt.Errorf("%s names no https address for its modules", host)
	}
	return u.String(), nil
}

func (m *Modules) get(ctx context.Context, address string, into any) (http.Header, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := m.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent {
		return nil, fmt.Errorf("%s answers %s", address, resp.Status)
	}
	if into == nil {
		return resp.Header, nil
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return nil, fmt.Errorf("%s answers something else than JSON", address)
	}
	return resp.Header, nil
}
