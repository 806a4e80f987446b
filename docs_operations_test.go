package platform

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	exercised = regexp.MustCompile("(?m)^Exercised by: (.*)$")
	inCode    = regexp.MustCompile("`([^`]+)`")
)

// TestProcedures: each procedure of docs/operations.md names the tests and make targets that exercise it, and they exist.
func TestProcedures(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, procedures, found := strings.Cut(string(data), "\n## Procedures\n")
	if !found {
		t.Fatal("docs/operations.md has no procedures")
	}
	procedures, _, _ = strings.Cut(procedures, "\n## ")
	parts := strings.Split(procedures, "\n### ")[1:]
	if len(parts) < 9 {
		t.Fatalf("%d procedures", len(parts))
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	tests := testNames(t)
	for _, part := range parts {
		title, _, _ := strings.Cut(part, "\n")
		line := exercised.FindStringSubmatch(part)
		if line == nil {
			t.Errorf("nothing exercises %q: end it with a line “Exercised by: `TestX` `make y`”", title)
			continue
		}
		names := inCode.FindAllStringSubmatch(line[1], -1)
		if len(names) == 0 {
			t.Errorf("%q names nothing that exercises it", title)
		}
		for _, n := range names {
			target, isMake := strings.CutPrefix(n[1], "make ")
			switch {
			case isMake && !strings.Contains(string(makefile), "\n"+target+": ## "):
				t.Errorf("%q is exercised by make %s, which does not exist", title, target)
			case !isMake && !tests[n[1]]:
				t.Errorf("%q is exercised by %s, which does not exist", title, n[1])
			}
		}
	}
}

// testNames are those of all tests of this module.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, s := range sources(t) {
		if !isTest(s.path) {
			continue
		}
		data, err := os.ReadFile(filepath.FromSlash(s.path))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(data), -1) {
			out[m[1]] = true
		}
	}
	return out
}

// TestDeployFiles: every variable that compose, chart and unit set is one that the server reads, or PostgreSQL.
func TestDeployFiles(t *testing.T) {
	t.Parallel()
	reference, err := os.ReadFile("docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	set := regexp.MustCompile(`(?m)(?:^\s+|name: |^)(PLATFORM_[A-Z_]+)(?:: |, value|\n\s+valueFrom|=)`)
	n := 0
	for _, file := range []string{"deploy/compose/compose.yaml", "deploy/compose/postgres.yaml", "deploy/compose/sign-in.yaml", "deploy/systemd/platform.env", "deploy/helm/platform/templates/deployment.yaml"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range set.FindAllStringSubmatch(string(data), -1) {
			n++
			if !strings.Contains(string(reference), "| `"+m[1]+"` |") {
				t.Errorf("%s sets %s, which the server does not read", file, m[1])
			}
		}
	}
	if n < 30 {
		t.Errorf("only %d variables were found", n)
	}
}
