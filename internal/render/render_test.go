package render

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the goldens of testdata/cases anew")

// limits are the cases whose Markdown is cut; all others have GitHub's limit.
var limits = map[string]int{"cut": 6000}

// caseNames lists testdata/cases/*.json without the ending.
func caseNames(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*.json")
	if err != nil || len(files) < 12 {
		t.Fatalf("testdata/cases has %d cases (%v)", len(files), err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".json")
	}
	return files
}

func readCase(t testing.TB, name string) Report {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/cases", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := ReadJSON(b)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r.Files = "https://github.com/org/shop/blob/c0ffee1/"
	return r
}

func render(t testing.TB, f Format, r Report, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Render(&b, f, r, o); err != nil {
		t.Fatalf("%s: %v", f, err)
	}
	return b.String()
}

// views are the golden files of a case: every format, and text for a terminal and for a pipe.
var views = []struct {
	name   string
	format Format
	tty    bool
}{
	{"terminal", Text, true}, {"pipe", Text, false}, {"json", JSON, false}, {"markdown", Markdown, false}, {"html", HTML, false},
	{"sarif", SARIF, false}, {"junit", JUnit, false}, {"github", GitHub, false}, {"csv", CSV, false},
}

func TestGolden(t *testing.T) {
	for _, name := range caseNames(t) {
		for _, v := range views {
			t.Run(name+"/"+v.name, func(t *testing.T) {
				got := render(t, v.format, readCase(t, name), Options{TTY: v.tty, Width: 120, Limit: limits[name], Marker: "<!-- platform:verdict:v1 prod -->"})
				golden := filepath.Join("testdata/golden", name+"."+v.name+".golden")
				if *update {
					if err := os.MkdirAll("testdata/golden", 0o755); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatalf("%v; go test ./internal/render -update writes it", err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
				}
			})
		}
	}
}

// A golden without a case is never compared to anything.
func TestGoldensHaveCases(t *testing.T) {
	known := map[string]bool{}
	for _, name := range caseNames(t) {
		for _, v := range views {
			known[name+"."+v.name+".golden"] = true
		}
	}
	entries, err := os.ReadDir("testdata/golden")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("testdata/golden/%s belongs to no case", e.Name())
		}
	}
}

// What is written as JSON reads back to the same report, and is written the same again.
func TestJSONRoundTrip(t *testing.T) {
	for _, name := range caseNames(t) {
		first := render(t, JSON, readCase(t, name), Options{})
		r, err := ReadJSON([]byte(first))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if diff := cmp.Diff(first, render(t, JSON, r, Options{})); diff != "" {
			t.Errorf("%s (-first +second):\n%s", name, diff)
		}
	}
}

func TestFormats(t *testing.T) {
	for _, name := range Formats() {
		f, err := ParseFormat(name)
		if err != nil || f == None || f.String() != name {
			t.Errorf("ParseFormat(%q) = %v, %v", name, f, err)
		}
	}
	for _, name := range []string{"", "TEXT", "yaml", "none"} {
		if f, err := ParseFormat(name); err == nil || f != None || !strings.Contains(err.Error(), "markdown") {
			t.Errorf("ParseFormat(%q) = %v, %v; the error must list the known formats", name, f, err)
		}
	}
	for _, f := range []Format{None, CSV + 1, 255} {
		var b bytes.Buffer
		if err := Render(&b, f, Report{}, Options{}); err == nil || b.Len() > 0 {
			t.Errorf("Render as format %d wrote %q, %v", f, b.String(), err)
		}
	}
}

func TestExplain(t *testing.T) {
	e, _ := readCase(t, "estimate").Projects[0].Estimate.Get()
	var b bytes.Buffer
	for _, c := range e.Resources {
		if err := Explain(&b, c); err != nil {
			t.Fatal(err)
		}
	}
	const golden = "testdata/explain.golden"
	if *update {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
