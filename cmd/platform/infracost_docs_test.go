package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestInfracostTable runs every row of docs/infracost.md's table of commands, in its order.
func TestInfracostTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/infracost.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "<!-- commands:")
	table, _, whole := strings.Cut(table, "<!-- end -->")
	if !ok || !whole {
		t.Fatal("the table has lost its marks")
	}
	script := "hub start\n"
	rows := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 5 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		command := strings.ReplaceAll(strings.Trim(cells[1], " `"), `"`, `'`)
		script += fmt.Sprintf("exits %s %s\n", strings.TrimSpace(cells[2]), command)
		rows++
	}
	if rows < 40 {
		t.Fatalf("%d rows", rows)
	}
	files, err := os.ReadFile("testdata/infracost_table.txt")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "table.txtar"), []byte(script+string(files)), 0o644); err != nil {
		t.Fatal(err)
	}
	params := scripts(dir)
	setup := params.Setup
	params.Setup = func(e *testscript.Env) error {
		if err := setup(e); err != nil {
			return err
		}
		plan, err := os.ReadFile(filepath.Join(e.WorkDir, "demo/plan.json"))
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(e.WorkDir, "plan.json"), plan, 0o644)
	}
	testscript.Run(t, params)
}
