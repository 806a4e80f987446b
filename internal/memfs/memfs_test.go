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

func TestLinks(t *testing.T) {
	t.Parallel()
	f := memfs.New()
	f.Add("a/b.tf", []byte("x"))
	f.AddLink("a/link.tf")
	f.AddLink("../out")
	list, err := fs.ReadDir(f, "a")
	if err != nil || len(list) != 2 || list[1].Name() != "link.tf" || list[1].Type() != fs.ModeSymlink {
		t.Errorf("%v, %v", list, err)
	}
	if i, err := fs.Lstat(f, "a/link.tf"); err != nil || i.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("%v, %v", i, err)
	}
	if _, err := f.Open("a/link.tf"); err == nil {
		t.Error("a link was followed")
	}
	if _, err := fs.ReadFile(f, "a/link.tf"); err == nil {
		t.Error("a link was read")
	}
	if _, err := fs.Stat(f, "a/link.tf"); err == nil {
		t.Error("a link has what it leads to")
	}
}
