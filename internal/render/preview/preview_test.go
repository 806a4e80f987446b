package preview

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommentPage(t *testing.T) {
	files, err := filepath.Glob("../testdata/golden/*.markdown.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("no goldens (%v)", err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		page, err := CommentPage(string(b))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		text := string(page)
		if !strings.HasPrefix(text, "<!doctype html>") || !strings.HasSuffix(text, "</html>\n") || strings.Count(text, "<h3") != 1 {
			t.Errorf("%s is not one page with one headline", f)
		}
		if bytes.Contains(page, []byte("<script")) || bytes.Contains(page, []byte("<img")) {
			t.Errorf("%s brings a script or an image", f)
		}
	}
}

// A diff is coloured line by line, as GitHub does.
func TestDiffColours(t *testing.T) {
	page, err := CommentPage("### x\n\n```diff\n+ a +$1\n- b −$1\n! c unknown\n  … 2 more\n```\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<span class="add">+ a +$1</span>`, `<span class="del">- b −$1</span>`, `<span class="open">! c unknown</span>`, "\n  … 2 more"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
}
