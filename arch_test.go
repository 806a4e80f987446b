// Package platform holds the tests of the house itself: which package may import what, and why.
package platform

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/org/platform-action/"

// floors says on which floor each package stands; a package imports only lower ones. docs/architecture.md has the
// picture. A package that is not listed, or listed and gone, fails the test.
var floors = map[string]int{
	"internal/money": 0, "internal/verdict": 0, "internal/ledger": 0,
	"internal/waiver": 1, "internal/fact": 1, "internal/evidence/report": 1, "internal/price": 1, "internal/memfs": 1, "internal/cost/catalog": 1, "policies": 1,
	"internal/plan": 2, "internal/terraform": 2, "internal/config": 2, "internal/cost": 2, "internal/policy": 2, "internal/render": 2,
	"internal/render/preview": 2, "internal/sku": 2, "internal/intoto": 2, "internal/evidence": 2,
	"internal/gate": 2, "internal/gate/seal": 2, "internal/gate/scan": 2,
	"internal/control": 3, "internal/gate/lock": 3, "internal/gate/lock/locktest": 3, "internal/plan/plantest": 3,
	"internal/infracost": 4, "internal/local": 4, "internal/actions": 4, "internal/git": 4, "internal/fetch": 4, "internal/github": 4, "internal/store": 4, "internal/oidc": 4, "internal/api": 4, "internal/sandbox": 4, "internal/web": 4, "internal/environ": 4, "internal/priceserve": 4, "internal/pricefeed": 4, "internal/sigstore": 4, "internal/sink": 4, "internal/sigstore/sigstoretest": 4, "internal/worktree": 4,
	"internal/github/githubtest": 4, "internal/store/storetest": 4,
	"cmd/platform": 5, "app": 5, "action": 5,
	"tools/cases": 6, "tools/demo": 6, "tools/policydocs": 6, "tools/resourcedocs": 6, "tools/pricebook": 6, "tools/plangen": 6, "tools/githubspec": 6, "tools/actionrun": 6,
}

// upon are packages that use one of their own floor, each with the reason.
var upon = map[string]string{"internal/gate": "internal/evidence"} // a deployment is decided upon what is decided of its tests

// forbidden are imports that pure floors (0 to 2) must not have, each with the reason.
var forbidden = map[string]string{
	"net": "decisions do no I/O", "net/http": "decisions do no I/O", "os": "decisions read nothing by themselves: take an fs.FS or a reader",
	"os/exec": "decisions start nothing", "log": "pure code says what it found in its result", "log/slog": "pure code says what it found in its result",
	"math/rand": "the same facts give the same verdict", "math/rand/v2": "the same facts give the same verdict",
}

type source struct {
	dir, path string
	file      *ast.File
	lines     int
}

// sources parses every Go file of the repository but those of tool modules and test data.
func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	files := token.NewFileSet()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, tool := os.Stat(filepath.Join(path, "go.mod"))
			if path != "." && (tool == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") {
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(files, path, data, parser.ParseComments)
		if err != nil {
			return err
		}
		out = append(out, source{filepath.ToSlash(filepath.Dir(path)), filepath.ToSlash(path), f, strings.Count(string(data), "\n")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func isTest(path string) bool { return strings.HasSuffix(path, "_test.go") }

func TestFloors(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range sources(t) {
		if s.dir == "." {
			continue
		}
		floor, known := floors[s.dir]
		if !known {
			t.Errorf("%s: package %s has no floor: give it one in arch_test.go and in docs/architecture.md", s.path, s.dir)
			continue
		}
		seen[s.dir] = true
		if isTest(s.path) {
			continue
		}
		for _, spec := range s.file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			checkImport(t, s, floor, path)
		}
	}
	for dir := range floors {
		if !seen[dir] {
			t.Errorf("arch_test.go lists %s, which does not exist", dir)
		}
	}
}

func checkImport(t *testing.T, s source, floor int, path string) {
	t.Helper()
	if why, bad := forbidden[path]; bad && floor <= 2 {
		t.Errorf("%s imports %s: %s", s.path, path, why)
	}
	own, ours := strings.CutPrefix(path, module)
	if !ours {
		return
	}
	switch below, known := floors[own]; {
	case !known:
		t.Errorf("%s imports %s, which has no floor", s.path, own)
	case below >= floor && !withinPackage(own, s.dir) && upon[s.dir] != own:
		t.Errorf("%s (floor %d) imports %s (floor %d): only lower floors", s.path, floor, own, below)
	}
}

// withinPackage lets a package use its own parts.
func withinPackage(a, b string) bool { return strings.HasPrefix(a, b+"/") }

func TestPackageComments(t *testing.T) {
	t.Parallel()
	comments := map[string]int{}
	for _, s := range sources(t) {
		if isTest(s.path) && s.dir != "." {
			continue
		}
		if _, ok := comments[s.dir]; !ok {
			comments[s.dir] = 0
		}
		if s.file.Doc != nil {
			comments[s.dir]++
		}
	}
	for dir, n := range comments {
		if n != 1 {
			t.Errorf("package %s has %d package comments; it needs one: its contract in a sentence", dir, n)
		}
	}
}

func TestHouseRules(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if name := filepath.Base(s.dir); slices.Contains([]string{"util", "utils", "common", "helpers", "misc"}, name) {
			t.Errorf("%s: a package named %s says nothing of what is in it", s.path, name)
		}
		if filepath.Base(s.path) == "main.go" && strings.HasPrefix(s.dir, "cmd/") && s.lines > 100 {
			t.Errorf("%s has %d lines: a main builds adapters, calls control and exits", s.path, s.lines)
		}
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function: nothing happens before main", s.path)
			}
		}
	}
}
