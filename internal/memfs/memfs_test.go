package memfs_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/org/platform-action/internal/memfs"
)

func TestFS(t *testing.T) {
	t.Parallel()
	f := memfs.New()
	for _, name := range []string{"main.tf", "a/b/c.tf", "a/b/d.tf", "a/e.txt"} {
		f.Add(name, []byte(name))
	}
	for _, bad := range []string{"../x", "/abs", "a//b", ".", ""} {
		f.Add(bad, []byte("never"))
	}
	if err := fstest.TestFS(f, "main.tf", "a/b/c.tf", "a/b/d.tf", "a/e.txt"); err != nil {
		t.Fatal(err)
	}
	files := 0
	err := fs.WalkDir(f, ".", func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files++
		}
		return err
	})
	if err != nil || files != 4 {
		t.Fatalf("%d files, %v; want 4", files, err)
	}
	data, err := f.ReadFile("main.tf")
	if err != nil {
		t.Fatal(err)
	}
	data[0] = 'X' // the caller's copy
	if again, _ := f.ReadFile("main.tf"); string(again) != "main.tf" {
		t.Fatalf("a caller changed the tree: %q", again)
	}
}
