package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	counted "github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/github/githubtest"
)

// flooring asks a floor of coverage.
func flooring(floor string) string {
	return "policies:\n  params:\n    deploy_min_coverage: " + floor + "\n"
}

// covering gives a record's suite a report that covers so many lines.
func covering(covered, lines int, name string) func(*evidence.Record) {
	return func(r *evidence.Record) {
		s := &r.Suites[0]
		s.Coverage = counted.Coverage{Covered: covered, Lines: lines}
		s.Reports = append(s.Reports, evidence.ReportDigest{Name: name, Format: "lcov", SHA256: strings.Repeat("e", 64), Coverage: s.Coverage})
	}
}

// both makes two changes.
func both(a, b func(*evidence.Record)) func(*evidence.Record) {
	return func(r *evidence.Record) { a(r); b(r) }
}

// coverageCase is what records say, and what a deployment of the tip gets.
type coverageCase struct {
	floor string
	bring func(d *desk)
	state string
	told  string
}

// TestCoverageFloor: a floor of coverage is held by the records that count for the tree, and by no other.
func TestCoverageFloor(t *testing.T) {
	t.Parallel()
	green := counted.Counts{Executed: 3, Passed: 3}
	nearly, all := covering(1999, 2500, "cover.info"), covering(10, 10, "cover.info")
	cases := map[string]coverageCase{
		"over the floor":   {"79", func(d *desk) { d.testedAs(1, d.tip, green, nearly) }, "approved", ""},
		"on the floor":     {"79.96", func(d *desk) { d.testedAs(1, d.tip, green, nearly) }, "approved", ""},
		"nearly the floor": {"80", func(d *desk) { d.testedAs(1, d.tip, green, nearly) }, "rejected", "Suite unit covers 79.96 % (1999 of 2500); at least 80 % are asked for. Counted from cover.info of run 1."},
		"by its name":      {"{unit: 79}", func(d *desk) { d.testedAs(1, d.tip, green, nearly) }, "approved", ""},
		"under its own":    {"{unit: 80}", func(d *desk) { d.testedAs(1, d.tip, green, nearly) }, "rejected", "79.96 %"},
		"another suite's":  {"{unti: 79}", func(d *desk) { d.testedAs(1, d.tip, green, nearly) }, "rejected", "Suite unti has to cover 79 %"},
		"no coverage":      {"80", func(d *desk) { d.tested(1, d.tip, 3, 0) }, "rejected", "platform evidence record --coverage FILE"},
		"not asked":        {"0", func(d *desk) { d.tested(1, d.tip, 3, 0) }, "approved", ""},
		"of another commit": {"80", func(d *desk) {
			d.testedAs(1, d.tip, green, all)
			d.tip = d.repo.Commit("main", map[string]string{"a.md": "text\n"})
			d.tested(2, d.tip, 3, 0)
		}, "rejected", "No suite measured coverage on this tree"},
		"of another workflow": {"80", func(d *desk) {
			d.testedAs(1, d.tip, green, nearly)
			d.testedAs(1, d.tip, green, both(all, func(r *evidence.Record) { r.Producer.Workflow = deployPath }))
		}, "rejected", "79.96 %"},
		"of a fork's run": {"80", func(d *desk) {
			d.testedAs(1, d.tip, green, nearly)
			d.testedAs(1, d.tip, green, both(all, func(r *evidence.Record) { r.Producer.HeadRepositoryID = 999_999 }))
		}, "rejected", "79.96 %"},
		"of a second upload": {"80", func(d *desk) {
			d.testedAs(1, d.tip, green, nearly)
			d.testedAs(1, d.tip, counted.Counts{Executed: 2, Passed: 2}, all)
		}, "rejected", "79.96 %"},
		"of an older run": {"80", func(d *desk) {
			d.testedAs(1, d.tip, green, all)
			d.now = d.now.Add(time.Minute)
			d.testedAs(2, d.tip, green, nearly)
		}, "rejected", "79.96 %"},
		"of a name that is markup": {"80", func(d *desk) {
			d.testedAs(1, d.tip, green, covering(1, 2, "`</td><script>x</script> | **b** @acme/all ![](http://x) ${{ secrets.X }}"))
		}, "rejected", "50 %"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, flooring(c.floor))
			c.bring(d)
			d.ask(50, d.tip)
			g := d.pass(50, time.Minute, 20*time.Second)
			if g.State != c.state || !strings.Contains(g.Comment, c.told) || c.state == "rejected" && !strings.Contains(g.Comment, "DEPLOY-005") {
				t.Errorf("want %s with %q, got %+v", c.state, c.told, g)
			}
			for line := range strings.Lines(g.Comment) {
				if n := strings.Count(line, "`"); n != 0 && n != 2 || n == 0 && strings.Contains(line, "script") {
					t.Errorf("a file's name leaves its code span: %q", line)
				}
			}
			d.proved(g)
		})
	}
}

// TestCoverageByCommand goes the whole way: files on a runner, the command, the server's own count, the door.
func TestCoverageByCommand(t *testing.T) {
	t.Parallel()
	w, r := gated(t, flooring("80"))
	for id, c := range []struct{ info, state, told string }{
		{"SF:a.js\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,1\nDA:5,0\nLF:9\nLH:0\nend_of_record\n", "approved", ""},
		{"SF:a.js\nDA:1,1\nDA:2,0\nLF:900\nLH:900\nend_of_record\n", "rejected", "Suite unit covers 50 % (1 of 2); at least 80 % are asked for. Counted from lcov.info of run 11."},
		{"", "rejected", "No suite measured coverage on this tree"},
	} {
		commit := r.Commit("main", map[string]string{fmt.Sprintf("%d.md", id): "text\n"})
		run := recorded(int64(10+id), "push", commit, commit)
		run.Branch, run.Ref, run.Jobs = "main", "refs/heads/main", run.Jobs[:2]
		r.AddRun(run)
		w.records(run, commit, c.info)
		w.end(r, run, "success")
		w.send(r.Deploy(deploying(int64(20+id), commit), "production"))
		if g := w.gate(r, int64(20+id), c.state); !strings.Contains(g.Comment, c.told) {
			t.Errorf("want %q, got %+v", c.told, g)
		}
	}
}

// records uploads a report of tests and what they covered, by the command line.
func (w *world) records(run githubtest.Run, commit, info string) {
	w.t.Helper()
	dir := w.t.TempDir()
	args := []string{"evidence", "record", "--junit", "unit=report.xml", "--upload", "--server", w.env["PLATFORM_PUBLIC_URL"]}
	files := map[string]string{"report.xml": junit(3, 0, 0)}
	if info != "" {
		args, files["lcov.info"] = append(args, "--coverage", "*.info"), info
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(w.t.Context(), w.cli(), args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ACTIONS_ID_TOKEN_REQUEST_URL="+w.hub.RequestURL(run.ID), "ACTIONS_ID_TOKEN_REQUEST_TOKEN="+githubtest.RunSecret(run.ID),
		"GITHUB_SHA="+commit, "GITHUB_ACTIONS=true")
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("%v\n%s", err, out)
	}
}

// TestCoverageUploads holds that the server counts coverage by itself, and takes none of nothing.
func TestCoverageUploads(t *testing.T) {
	t.Parallel()
	w, r := gated(t, "")
	tip := r.Head("main")
	tests := map[string]any{"name": "report.xml", "content": []byte(junit(3, 0, 0))}
	file := func(name, text string) map[string]any { return map[string]any{"name": name, "content": []byte(text)} }
	const half = "SF:a\nDA:1,1\nDA:2,0\nend_of_record\n"
	id := int64(0)
	for name, c := range map[string]struct {
		files  []any
		status int
		want   string
	}{
		"counted":          {[]any{tests, file("a.info", half)}, http.StatusAccepted, "map[covered:1 lines:2]"},
		"added up":         {[]any{tests, file("a.info", half), file("b.info", half+"SF:b\nDA:1,1\nend_of_record\n")}, http.StatusAccepted, "map[covered:3 lines:5]"},
		"the same twice":   {[]any{tests, file("a.info", half), file("b.info", half)}, http.StatusAccepted, "map[covered:1 lines:2]"},
		"none":             {[]any{tests}, http.StatusAccepted, "<nil>"},
		"of nothing":       {[]any{tests, file("a.info", "SF:a\nLF:9\nLH:9\nend_of_record\n")}, http.StatusUnprocessableEntity, "bad-report"},
		"negative":         {[]any{tests, file("a.info", "SF:a\nDA:1,-9000000000000000000\nend_of_record\n")}, http.StatusUnprocessableEntity, "bad-report"},
		"too many":         {[]any{tests, file("a.out", "mode: set\na.go:1.1,2.2 9000000000000000000 1\n")}, http.StatusUnprocessableEntity, "bad-report"},
		"entities":         {[]any{tests, file("a.xml", `<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]><coverage line-rate="1">&a;</coverage>`)}, http.StatusUnprocessableEntity, "bad-report"},
		"a name of escape": {[]any{tests, file("a\x1b[31m.info", half)}, http.StatusUnprocessableEntity, "bad-document"},
	} {
		id++
		run := recorded(100+id, "push", tip, tip)
		run.Branch, run.Ref = "main", "refs/heads/main"
		r.AddRun(run)
		body, err := json.Marshal(map[string]any{"version": 1, "commit": tip, "suites": []any{map[string]any{"name": "unit", "reports": c.files}}})
		if err != nil {
			t.Fatal(err)
		}
		status, answer := w.bring(r, run, recordJob, body, nil)
		got := code(answer)
		if suites, ok := answer["suites"].([]any); ok && len(suites) == 1 {
			suite, _ := suites[0].(map[string]any)
			got = fmt.Sprint(suite["coverage"])
		}
		if status != c.status || got != c.want {
			t.Errorf("%s: %d %v, want %d with %s", name, status, answer, c.status, c.want)
		}
	}
	if bad := w.hub.Invalid(); len(bad) > 0 {
		t.Error(bad)
	}
}

// TestCoverageSuites: no suite lifts another one, and one that is named has to measure.
func TestCoverageSuites(t *testing.T) {
	t.Parallel()
	low, none := counted.Coverage{Lines: 100, Covered: 10}, counted.Coverage{}
	for name, c := range map[string]struct {
		floor string
		unit  counted.Coverage
		state string
		told  string
	}{
		"the lower one is refused":      {"80", low, "rejected", "Suite unit covers 10 % (10 of 100)"},
		"without it the other one":      {"80", none, "approved", ""},
		"unless it is named":            {"{unit: 80, tiny: 80}", none, "rejected", "Suite unit measured no coverage in run 1"},
		"with a floor for each of them": {"{unit: 10, tiny: 80}", low, "approved", ""},
	} {
		d := newDesk(t, flooring(c.floor))
		const file, suite = ".github/platform.yml", "        - {name: unit, workflow: " + ci + ", job: test}\n"
		d.tip = d.repo.Commit("main", map[string]string{file: strings.Replace(guardedFiles(flooring(c.floor))[file], suite, suite+strings.Replace(suite, "unit", "tiny", 1), 1)})
		d.do(control.Task{Tenant: d.tenant, Kind: control.ReadBranch})
		d.testedAs(1, d.tip, counted.Counts{Executed: 3, Passed: 3}, func(r *evidence.Record) {
			tiny := r.Suites[0]
			tiny.Name = "tiny"
			r.Suites = append(r.Suites, tiny)
			if c.unit != none {
				covering(c.unit.Covered, c.unit.Lines, "unit.info")(r)
			}
			covering(1, 1, "tiny.info")(&evidence.Record{Suites: r.Suites[1:]})
		})
		d.ask(50, d.tip)
		if g := d.pass(50, time.Minute, 20*time.Second); g.State != c.state || !strings.Contains(g.Comment, c.told) {
			t.Errorf("%s: want %s with %q, got %+v", name, c.state, c.told, g)
		}
	}
}
