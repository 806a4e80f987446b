package local_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/local"
)

// TestHead reads what actions/checkout, a branch, a packed branch and a linked work tree leave behind; each file of
// testdata/head says in its first line what is wanted.
func TestHead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/head/*.txtar")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d cases: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			for _, f := range a.Files {
				path := filepath.Join(dir, filepath.FromSlash(f.Name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, f.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want := strings.TrimSpace(strings.SplitN(string(a.Comment), "\n", 2)[0])
			if got := local.Head(dir); got != strings.TrimPrefix(want, "nothing") {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}
