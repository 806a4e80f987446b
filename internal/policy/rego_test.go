package policy_test

import (
	"bytes"
	"flag"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/format"

	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/policies"
)

var update = flag.Bool("update", false, "rewrite golden files and format the built-in policies")

const policiesDir = "../../policies"

func regoFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(policies.FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(p, ".rego") {
			files = append(files, p)
		}
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatal("no policies", err)
	}
	return files
}

// TestFormat is `opa fmt`, with the version of go.mod.
func TestFormat(t *testing.T) {
	for _, p := range regoFiles(t) {
		src, err := fs.ReadFile(policies.FS, p)
		if err != nil {
			t.Fatal(err)
		}
		want, err := format.SourceWithOpts(p, src, format.Opts{RegoVersion: ast.RegoV2, ParserOptions: &ast.ParserOptions{RegoVersion: ast.RegoV2, ProcessAnnotation: true}})
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Equal(src, want) {
			continue
		}
		if !*update {
			t.Errorf("%s is not formatted; run `go test ./internal/policy -run TestFormat -update`:\n%s", p, cmp.Diff(string(src), string(want)))
			continue
		}
		if err := os.WriteFile(filepath.Join(policiesDir, filepath.FromSlash(p)), want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStrict is `opa check --strict`, tests included, and that every file imports rego.v2 and carries METADATA.
func TestStrict(t *testing.T) {
	compiler := ast.NewCompiler().WithStrict(true)
	mods := map[string]*ast.Module{}
	for _, p := range regoFiles(t) {
		src, err := fs.ReadFile(policies.FS, p)
		if err != nil {
			t.Fatal(err)
		}
		m, err := ast.ParseModuleWithOpts(p, string(src), ast.ParserOptions{RegoVersion: ast.RegoV1, ProcessAnnotation: true})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(src), "\nimport rego.v2\n") {
			t.Errorf("%s does not import rego.v2, so that other tools would read `not` in its unsafe form", p)
		}
		mods[p] = m
		if strings.HasSuffix(p, "_test.rego") || !strings.HasPrefix(p, "platform/rules/") {
			continue
		}
		checkMetadata(t, p, m)
	}
	if compiler.Compile(mods); compiler.Failed() {
		t.Error(compiler.Errors)
	}
}

func checkMetadata(t *testing.T, p string, m *ast.Module) {
	t.Helper()
	if want := "data." + strings.ReplaceAll(strings.TrimSuffix(p, ".rego"), "/", "."); m.Package.Path.String() != want {
		t.Errorf("%s has package %s, want %s", p, m.Package.Path, want)
	}
	heads := map[int]bool{}
	for _, a := range m.Annotations {
		if a.Title == "" || len([]rune(a.Title)) > 60 {
			t.Errorf("%s:%d: title must have 1 to 60 characters", p, a.Location.Row)
		}
		if a.Scope == "package" && (a.Description == "" || len(a.RelatedResources) == 0) {
			t.Errorf("%s: METADATA needs a description and related_resources", p)
		}
		heads[a.EndLoc().Row+1] = true
	}
	for _, r := range m.Rules {
		if r.Head.Name == "deny" && !heads[r.Location.Row] {
			t.Errorf("%s:%d: deny has no METADATA of its own", p, r.Location.Row)
		}
	}
}

// TestFourWays holds every rule to tests of the four ways in which an input can be.
func TestFourWays(t *testing.T) {
	set := compile(t, builtin())
	report, err := policy.Test(t.Context(), []policy.Bundle{builtin()})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range report.Bundles[0].Tests {
		names[c.Name] = true
	}
	ids := map[string]bool{}
	for _, r := range set.Rules() {
		if ids[r.ID] || !regexp.MustCompile(`^(COST|TAGS|SEC|CHG|CFG|DEPLOY)-[0-9]{3}$`).MatchString(r.ID) {
			t.Errorf("id %s is used twice or has another form", r.ID)
		}
		ids[r.ID] = true
		for _, way := range []string{"violates", "conforms", "missing", "wrong_type"} {
			if !names[r.Package+"_test.test_"+way] {
				t.Errorf("%s (%s) has no test_%s", r.ID, r.File, way)
			}
		}
	}
	if len(ids) < 20 {
		t.Errorf("%d rules: the golden path is not embedded", len(ids))
	}
}

// TestHelpersReadDeclaredAttributes finds attributes that a rule hands to a helper as text: those, too, must be
// declared, because the input document holds declared attributes only.
func TestHelpersReadDeclaredAttributes(t *testing.T) {
	set := compile(t, builtin())
	helper := regexp.MustCompile(`(?:lib\.\w+|unreadable|unclear_type|object\.get)\(r(?:\.after)?, "(\w+)"`)
	for _, r := range set.Rules() {
		src, err := fs.ReadFile(policies.FS, r.File)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for attrs := range maps.Values(r.Reads) {
			all = append(all, attrs...)
		}
		for _, m := range helper.FindAllStringSubmatch(string(src), -1) {
			if !slices.Contains(all, m[1]) && !slices.Contains([]string{"tags", "action", "cost"}, m[1]) {
				t.Errorf("%s hands %q to a helper and does not declare it in custom.reads", r.File, m[1])
			}
		}
	}
}

func compile(t testing.TB, bundles ...policy.Bundle) *policy.Set {
	t.Helper()
	set, err := policy.Compile(t.Context(), policy.Options{Bundles: bundles})
	if err != nil {
		t.Fatal(err)
	}
	return set
}
