package platform

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAttackTable proves that each test which docs/gate-attacks.md names is there, and that the page has no row without one.
func TestAttackTable(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("docs/gate-attacks.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`^\| [^|]+ \| ([a-z/]+) \| (Test\w+) \|$`)
	seen, count := map[string]string{}, 0
	for line := range strings.Lines(string(page)) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasSuffix(line, "| package | test |") {
			continue
		}
		parts := row.FindStringSubmatch(line)
		if parts == nil {
			t.Errorf("a row names no test: %s", line)
			continue
		}
		count++
		if _, read := seen[parts[1]]; !read {
			seen[parts[1]] = testsOf(t, parts[1])
		}
		if !strings.Contains(seen[parts[1]], "\nfunc "+parts[2]+"(t *testing.T) {") {
			t.Errorf("%s has no %s", parts[1], parts[2])
		}
	}
	if count < 50 {
		t.Errorf("%d rows", count)
	}
}

// testsOf is the text of a folder's tests.
func testsOf(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString(string(data))
	}
	return all.String()
}
