package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// demo runs check over the demo's plan as a terminal shows it.
func demo(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), append([]string{"check", "testdata/demo/plan.json", "--usage", "testdata/demo/usage.yml", "--no-color"}, args...), streams{
		in: strings.NewReader(""), out: &out, err: &bytes.Buffer{}, env: func(string) string { return "" }, outTTY: true, width: func() int { return 300 }, now: time.Now,
	})
	return out.String(), code
}

// has reports a line of the output that is text but for its spaces.
func has(output, text string) bool {
	plain := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for line := range strings.Lines(output) {
		if strings.Contains(plain(line), plain(text)) {
			return true
		}
	}
	return false
}

// TestReadmeShowsTheDemo holds the verdict that the README begins with against what the program says.
func TestReadmeShowsTheDemo(t *testing.T) {
	t.Chdir("../..")
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(readme), "(make demo)\n")
	block, _, ok := strings.Cut(block, "```")
	if !ok {
		t.Fatal("the README has no verdict of the demo")
	}
	got, code := demo(t, "--config", "testdata/demo/platform.yml")
	if code != 1 {
		t.Errorf("exit code %d\n%s", code, got)
	}
	for line := range strings.Lines(block) {
		line = strings.NewReplacer("…/", "testdata/demo/", " – ", " – ").Replace(line)
		before, after, cut := strings.Cut(line, "…")
		if !has(got, before) || cut && !has(got, after) {
			t.Errorf("the README shows, and the program does not:\n%s\nit says\n%s", line, got)
		}
	}
}

// TestCostLimitsTable runs every row of docs/configuration.md's table of limits.
func TestCostLimitsTable(t *testing.T) {
	t.Chdir("../..")
	text, err := os.ReadFile("docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| configuration | finding | exit code |\n|---|---|---|\n")
	table, _, ok := strings.Cut(table, "\n\n")
	if !ok || strings.Count(table, "\n") < 8 {
		t.Fatalf("the table has %d rows", strings.Count(table, "\n"))
	}
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 5 {
			t.Fatalf("no row: %q", row)
		}
		config := filepath.Join(t.TempDir(), "platform.yml")
		if err := os.WriteFile(config, []byte("version: 1\n"+strings.Trim(cells[1], " `")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		got, code := demo(t, "--no-builtin-policies", "--config", config)
		mark, rest, _ := strings.Cut(strings.Trim(cells[2], " `"), " ")
		id, message, _ := strings.Cut(rest, " ")
		if !has(got, mark+" "+id) || !has(got, message) || strconv.Itoa(code) != strings.TrimSpace(cells[3]) {
			t.Errorf("%s: exit code %d\n%s", row, code, got)
		}
	}
}
