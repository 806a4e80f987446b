package infracost_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// TestRead reads every testdata/read/*.json: what it says as a table and as a difference, or why it is refused.
func TestRead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/read/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, ".json")+".golden", shown(filepath.Base(file), data))
		})
	}
}

func shown(name string, data []byte) string {
	r, err := infracost.Read(name, bytes.NewReader(data), infracost.Limits{})
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return infracost.Table(r.Projects, r.Currency, infracost.Fields(), true) + "\n" + infracost.Diff(r.Projects, r.Currency, false)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-want +got, -update writes it anew:\n%s", diff)
	}
}

// TestLimits asserts that a document of one byte or one resource too many is refused and not cut off.
func TestLimits(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/read/diff.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		limits infracost.Limits
		want   string
	}{
		{infracost.Limits{MaxBytes: int64(len(data))}, ""},
		{infracost.Limits{MaxBytes: int64(len(data)) - 1}, "raise --max-bytes"},
		{infracost.Limits{MaxResources: 5}, ""},
		{infracost.Limits{MaxResources: 4}, "raise --max-resources"},
	} {
		_, err := infracost.Read("d.json", bytes.NewReader(data), c.limits)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.limits, err, c.want)
		}
	}
}

// TestRoundTrip asserts that what is written is read as the same amounts, line by line, and written the same again.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"diff", "euro", "discount", "same-name-twice", "hostile-names", "unsupported-types"} {
		data, err := os.ReadFile("testdata/read/" + file + ".json")
		if err != nil {
			t.Fatal(err)
		}
		first, err := infracost.Read(file, bytes.NewReader(data), infracost.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		r := first
		for range 2 {
			var b bytes.Buffer
			options := infracost.Options{Command: "output", Generated: time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)}
			if err := infracost.Write(&b, r.Projects, r.Currency, options); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, b.String())
			if r, err = infracost.Read(file, &b, infracost.Limits{}); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
		}
		if diff := cmp.Diff(texts[0], texts[1]); diff != "" {
			t.Errorf("%s: written twice:\n%s", file, diff)
		}
		for i := range first.Projects {
			if diff := cmp.Diff(first.Projects[i].Estimate, r.Projects[i].Estimate); diff != "" {
				t.Errorf("%s: read again:\n%s", file, diff)
			}
		}
	}
}

// TestConfig reads every testdata/config/*.yml.
func TestConfig(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/config/*.yml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := infracost.ParseConfig(filepath.Base(file), bytes.NewReader(data))
		var b strings.Builder
		if err != nil {
			b.WriteString("error: " + err.Error() + "\n")
		} else {
			b.WriteString("currency " + c.Currency + "\n")
			for _, p := range c.Projects {
				b.WriteString(strings.Join([]string{p.Path, p.Name, p.UsageFile, p.Workspace, strings.Join(p.VarFiles, " "), strings.Join(p.Vars, " ")}, " | ") + "\n")
			}
		}
		golden(t, strings.TrimSuffix(file, ".yml")+".golden", b.String())
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/read/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := infracost.Read("fuzz", bytes.NewReader(data), infracost.Limits{MaxBytes: 1 << 20, MaxResources: 1000})
		if err != nil {
			return
		}
		for _, text := range []string{infracost.Table(r.Projects, r.Currency, infracost.Fields(), true), infracost.Diff(r.Projects, r.Currency, true)} {
			if strings.ContainsAny(text, "\x1b\x07\u202e") {
				t.Errorf("a steering character: %q", text)
			}
		}
		var b bytes.Buffer
		if err := infracost.Write(&b, r.Projects, r.Currency, infracost.Options{}); err != nil {
			t.Fatal(err)
		}
		if _, err := infracost.Read("again", &b, infracost.Limits{}); err != nil {
			t.Errorf("what was written is not read: %v", err)
		}
	})
}

func FuzzConfig(f *testing.F) {
	files, err := filepath.Glob("testdata/config/*.yml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := infracost.ParseConfig("fuzz.yml", bytes.NewReader(data))
		if err == nil && len(c.Projects) == 0 {
			t.Error("a configuration without a project")
		}
	})
}

// TestViews writes the hostile document in every format: none of them may pass on what steers its reader.
func TestViews(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/read/hostile-names.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := infracost.Read("hostile", bytes.NewReader(data), infracost.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	p := doc.Projects[0]
	report := render.Report{
		Currency: doc.Currency, Total: fact.Of(p.Estimate.Total), Projects: []render.Project{{Name: p.Name, Estimate: fact.Of(p.Estimate)}},
		Verdict: verdict.Verdict{Outcome: verdict.Block, Findings: []verdict.Finding{{ID: "X", Severity: verdict.Block, Message: "\x1b[31m](http://x) <b> @all `"}}},
	}
	seen := map[string]bool{}
	for _, name := range infracost.Formats() {
		f, err := infracost.ParseFormat(name)
		if err != nil {
			t.Fatal(err)
		}
		b, err := infracost.Render(f, infracost.View{Projects: doc.Projects, Report: report, Fields: infracost.Fields(), Marker: "<!-- m -->"})
		if err != nil || len(b) == 0 {
			t.Fatalf("%s: %d bytes, %v", name, len(b), err)
		}
		if text := string(b); strings.ContainsAny(text, "\x1b\x07\u202e") || strings.Contains(text, "\n::") {
			t.Errorf("%s passes on a steering character:\n%q", name, text)
		}
		markdown := strings.HasSuffix(name, "comment") || strings.HasSuffix(name, "summary")
		if text := string(b); (markdown || name == "slack-message") && (strings.Contains(text, "<b>") || strings.Contains(text, " @all") || strings.Contains(text, "m](http")) {
			t.Errorf("%s passes on markup:\n%s", name, text)
		}
		if markdown != strings.HasPrefix(string(b), "<!-- m -->") {
			t.Errorf("%s: the marker", name)
		}
		seen[name] = true
	}
	if len(seen) != 10 {
		t.Errorf("%d formats", len(seen))
	}
}
