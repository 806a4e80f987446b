package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestLimitsTable runs every row of the table of limits in docs/configuration.md: the configuration, what it says, and
// its exit code.
func TestLimitsTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "| configuration | finding | exit code |\n")
	table, _, whole := strings.Cut(table, "\n\n")
	if !ok || !whole {
		t.Fatal("the table of limits is gone")
	}
	script, files, rows := "", "", 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, " | ")
		if len(cells) != 3 || !strings.HasPrefix(cells[0], "| `") {
			continue
		}
		rows++
		words := strings.SplitN(strings.Trim(cells[1], "` "), " ", 3) // mark, id, message
		script += fmt.Sprintf("exits %s platform check demo/plan.json --usage demo/usage.yml --no-builtin-policies --config %d.yml\n",
			strings.Trim(cells[2], " |\n"), rows)
		script += fmt.Sprintf("stdout '\\t%s\\t.*%s'\n", words[1], regexp.QuoteMeta(words[2]))
		files += fmt.Sprintf("-- %d.yml --\nversion: 1\n%s\n", rows, strings.ReplaceAll(strings.Trim(cells[0], "|` "), "testdata/demo", "demo"))
	}
	if rows < 8 {
		t.Fatalf("%d rows", rows)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "limits.txtar"), []byte(script+files), 0o644); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, scripts(dir))
}
