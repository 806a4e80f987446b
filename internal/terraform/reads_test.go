package terraform_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/terraform"
)

// TestReads holds what each root reads beside its source, and which roots the files of a case touch, one at a time. A
// name that ends with @ is a symbolic link.
func TestReads(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob("testdata/reads/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatal(err, len(cases))
	}
	for _, name := range cases {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			tree, changed, want := fstest.MapFS{}, "", ""
			for _, f := range a.Files {
				switch link, is := strings.CutSuffix(f.Name, "@"); {
				case f.Name == "changed":
					changed = string(f.Data)
				case f.Name == "want":
					want = string(f.Data)
				case is:
					tree[link] = &fstest.MapFile{Data: []byte(strings.TrimSpace(string(f.Data))), Mode: os.ModeSymlink}
				default:
					tree[f.Name] = &fstest.MapFile{Data: f.Data}
				}
			}
			got := readings(t, tree, strings.Fields(changed))
			if *update {
				setFile(a, "want", got)
				if err := os.WriteFile(name, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func readings(t *testing.T, tree fstest.MapFS, changed []string) string {
	t.Helper()
	roots, _, err := terraform.Roots(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	read := func(r terraform.Root) terraform.Reads {
		s := terraform.Settings{Variables: map[string]string{"nobody_declares_it": "1"}}
		if r.Path == "files" {
			s.VarFiles = []string{"env/prod.tfvars"}
		}
		return r.Reads(t.Context(), tree, s)
	}
	var b strings.Builder
	for _, r := range roots {
		got := read(r)
		fmt.Fprintf(&b, "%s: may read %t\n", r.Path, r.Reading)
		for _, p := range got.Paths {
			fmt.Fprintf(&b, "  %s\n", p)
		}
		for _, p := range got.Patterns {
			fmt.Fprintf(&b, "  %s of %s\n", p.Glob, p.Folder)
		}
		if got.Unknown != "" {
			fmt.Fprintf(&b, "  any: %s\n", got.Unknown)
		}
	}
	for _, file := range changed {
		var touched []string
		for _, r := range terraform.Touched(roots, []string{file}, read) {
			touched = append(touched, r.Path)
		}
		fmt.Fprintf(&b, "%s touches %q\n", file, touched)
	}
	return b.String()
}

// TestReadsEnd holds that a root that cannot be evaluated in time, or at all, may read anything.
func TestReadsEnd(t *testing.T) {
	t.Parallel()
	tree := fstest.MapFS{"infra/main.tf": {Data: []byte("locals {\n  a = file(\"../a\")\n}\n")}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	roots, _, err := terraform.Roots(t.Context(), tree)
	if err != nil || len(roots) != 1 {
		t.Fatal(err, roots)
	}
	if got := roots[0].Reads(ended, tree, terraform.Settings{}); got.Unknown == "" || !got.Include("README.md") {
		t.Errorf("%+v", got)
	}
	if got := roots[0].Reads(t.Context(), fstest.MapFS{}, terraform.Settings{}); !got.Include("README.md") {
		t.Errorf("%+v", got)
	}
}

// TestUnion bounds what is told apart, and keeps what is not known.
func TestUnion(t *testing.T) {
	t.Parallel()
	many := terraform.Reads{}
	for i := range 5_001 {
		many.Paths = append(many.Paths, fmt.Sprintf("f%05d", i))
	}
	if got := terraform.Union(many); !got.Include("README.md") {
		t.Errorf("%d paths are told apart", len(got.Paths))
	}
	got := terraform.Union(terraform.Reads{Paths: []string{"b/x", "a"}}, terraform.Reads{Paths: []string{"a"}, Patterns: []terraform.Pattern{{Folder: "b", Glob: "*"}}})
	if diff := cmp.Diff(terraform.Reads{Paths: []string{"a"}, Patterns: []terraform.Pattern{{Folder: "b", Glob: "*"}}}, got); diff != "" {
		t.Error(diff)
	}
	if got := terraform.Union(got, terraform.Reads{Unknown: "why"}).Outside([]string{"a", "b"}); got.Unknown != "why" {
		t.Errorf("%+v", got)
	}
	if got := got.Outside([]string{"b"}); !got.Include("a/below") || got.Include("b/x") {
		t.Errorf("%+v", got)
	}
}
