package control

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/verdict"
)

const ciFile = `
on: push
jobs:
  unit: {runs-on: ubuntu-latest, steps: [{uses: actions/checkout@v5}, {run: make test}]}
  shards:
    name: Shard
    strategy: {matrix: {n: [1, 2]}}
    steps: [{run: make}]
  named: {name: "Test on ${{ matrix.os }}", strategy: {matrix: {os: [a]}}, steps: [{run: make}]}
  record: {needs: unit, steps: [{uses: actions/download-artifact@v5}, {run: platform evidence record}]}
  several: {needs: [shards, unit], steps: [{run: x}]}
  checked: {needs: unit, steps: [{uses: Actions/Checkout@v5}]}
  cached: {needs: unit, steps: [{uses: actions/cache/restore@v4}]}
  local: {needs: unit, steps: [{uses: ./.github/actions/x}]}
  twin-a: {name: Twin}
  twin-b: {name: Twin}
  caller: {uses: ./.github/workflows/called.yml}
`

func TestWorkflowJobs(t *testing.T) {
	t.Parallel()
	w, err := parseWorkflow([]byte(ciFile))
	if err != nil {
		t.Fatal(err)
	}
	for shown, want := range map[string]string{
		"unit": "unit", "Shard": "shards", "Shard (1)": "shards", "Test on ubuntu": "named", "record": "record", "shards": "", "Twin": "", "unit (1)": "",
		"none": "", "": "",
	} {
		if got, ok := w.job(shown); got != want || ok != (want != "") {
			t.Errorf("%q is job %q, want %q", shown, got, want)
		}
	}
	for id, want := range map[string]bool{"unit": false, "shards": false, "record": true, "several": true, "checked": false, "cached": false, "local": false} {
		if got := w.jobs[id].apart(); got != want {
			t.Errorf("job %s is apart: %t", id, got)
		}
	}
	if got := w.callers("caller / unit"); len(got) != 1 || got[0] != ".github/workflows/called.yml" {
		t.Errorf("callers %v", got)
	}
	if id, ok := w.called("caller / Shard (2)"); id != "shards" || !ok {
		t.Errorf("called job %q", id)
	}
	for _, bad := range []string{"jobs: [", "jobs: {a: {needs: {b: c}}, a: {}}", "a: &a [*a]\njobs: *a"} {
		if w, err := parseWorkflow([]byte(bad)); err == nil && len(w.jobs) > 0 {
			t.Errorf("%q was read as %v", bad, w)
		}
	}
}

// FuzzParseWorkflow: whatever a file holds, reading it ends, and no job is found under two names at once.
func FuzzParseWorkflow(f *testing.F) {
	f.Add([]byte(ciFile), "unit")
	f.Add([]byte("jobs: {a: {name: '${{ x }}${{ y }}'}}"), "a")
	f.Fuzz(func(t *testing.T, data []byte, shown string) {
		w, err := parseWorkflow(data)
		if err != nil {
			return
		}
		if id, ok := w.job(shown); ok {
			if _, there := w.jobs[id]; !there {
				t.Errorf("job %q is not in the file", id)
			}
		}
		w.called(shown)
		w.callers(shown)
	})
}

// zipped makes an archive; a mode, a claimed size and a method may be odd.
func zipped(t testing.TB, entries ...zip.FileHeader) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for _, h := range entries {
		content := h.Comment
		h.Comment, h.Method = "", zip.Deflate
		out, err := w.CreateHeader(&h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func file(name, content string) zip.FileHeader { return zip.FileHeader{Name: name, Comment: content} }

func link(name, target string) zip.FileHeader {
	h := file(name, target)
	h.SetMode(fs.ModeSymlink | 0o777)
	return h
}

// claims rewrites the size that the central directory claims of every entry.
func claims(archive []byte, size uint32) []byte {
	out := bytes.Clone(archive)
	for at := 0; ; {
		i := bytes.Index(out[at:], []byte("PK\x01\x02"))
		if i < 0 {
			return out
		}
		at += i
		binary.LittleEndian.PutUint32(out[at+24:], size)
		at += 4
	}
}

func TestUnpackEvidence(t *testing.T) {
	t.Parallel()
	if got, err := unpackEvidence(zipped(t, file("evidence.json", "{}"), file("logs/a.txt", "x"))); err != nil || string(got) != "{}" {
		t.Errorf("%q, %v", got, err)
	}
	var many []zip.FileHeader
	for i := range artifactEntries + 1 {
		many = append(many, file(fmt.Sprint("f", i), "x"))
	}
	bomb := zipped(t, file("evidence.json", strings.Repeat("0", 30<<20)))
	mild := zipped(t, file("evidence.json", "{}"), file("bomb", strings.Repeat("0", 31<<20)))
	for name, archive := range map[string][]byte{
		"empty": {}, "no zip": []byte("PK nothing"), "cut off": zipped(t, file("evidence.json", "{}"))[:40],
		"no document":          zipped(t, file("other.json", "{}")),
		"in a folder":          zipped(t, file("a/evidence.json", "{}")),
		"twice":                zipped(t, file("evidence.json", "{}"), file("evidence.json", "[]")),
		"twice in other cases": zipped(t, file("evidence.json", "{}"), file("Evidence.json", "[]")),
		"a link":               zipped(t, link("evidence.json", "/etc/passwd")),
		"a link beside it":     zipped(t, file("evidence.json", "{}"), link("x", "evidence.json")),
		"leads out":            zipped(t, file("evidence.json", "{}"), file("../x", "")),
		"absolute":             zipped(t, file("evidence.json", "{}"), file("/etc/x", "")),
		"backslash":            zipped(t, file("evidence.json", "{}"), file(`..\x`, "")),
		"not clean":            zipped(t, file("evidence.json", "{}"), file("a//x", "")),
		"too deep":             zipped(t, file("evidence.json", "{}"), file(strings.Repeat("a/", 9)+"x", "")),
		"too many":             zipped(t, append(many, file("evidence.json", "{}"))...),
		"a bomb":               bomb,
		"a bomb beside it":     mild,
		"claims 4 GB":          claims(zipped(t, file("evidence.json", "{}")), 0xfffffffe),
		"claims less":          claims(bomb, 100),
		"too large":            append(make([]byte, maxArtifact), zipped(t, file("evidence.json", "{}"))...), // which a reader of ZIP files takes
	} {
		if got, err := unpackEvidence(archive); err == nil {
			t.Errorf("%s: %d bytes were read", name, len(got))
		} else if text := err.Error(); len(text) > 300 || strings.ContainsAny(text, "\x00\n") {
			t.Errorf("%s: the error is %q", name, text)
		}
	}
}

func FuzzUnpackEvidence(f *testing.F) {
	f.Add(zipped(f, file("evidence.json", "{}")))
	f.Add(zipped(f, link("evidence.json", "x"), file("../x", "y")))
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := unpackEvidence(data); err == nil && len(got) > 32<<20 {
			t.Errorf("%d bytes", len(got))
		}
	})
}

// TestRequirementsOf: each word of the configuration reaches the decision.
func TestRequirementsOf(t *testing.T) {
	t.Parallel()
	c, err := config.Parse("platform.yml", []byte(`version: 1
environments:
  production:
    tested:
      suites:
        - {name: unit, workflow: .github/workflows/ci.yml, job: test, min_tests: 20, paths: ["api/**"], guards: ["tools/**", Makefile]}
        - {name: e2e, workflow: .github/workflows/e2e.yml, job: browser, guards: [Makefile]}
      max_age: 24h
      assurance: same-job
    after: staging
    soak: 30m
  staging:
    tested: {suites: [{name: unit, workflow: .github/workflows/ci.yml, job: test}], assurance: artifact}
  preview: {}
`))
	if err != nil {
		t.Fatal(err)
	}
	doubt := verdict.Finding{ID: "config-unreadable", Severity: verdict.Undecided}
	got := requirementsOf(Settings{Config: c, Notes: []verdict.Finding{doubt, {ID: "config-unused", Severity: verdict.Warn}}})
	all := []string{"**"}
	want := requirements{
		environments: []requirement{
			{"production", evidence.Requirement{MaxAge: 24 * time.Hour, Assurance: evidence.AssuranceSameJob, RetryBudget: evidence.DefaultRetryBudget, Suites: []evidence.SuiteRequirement{
				{Name: "unit", Workflow: ".github/workflows/ci.yml", Job: "test", MinTests: 20, Paths: []string{"api/**"}, Guards: []string{"tools/**", "Makefile"}},
				{Name: "e2e", Workflow: ".github/workflows/e2e.yml", Job: "browser", MinTests: 1, Paths: all, Guards: []string{"Makefile"}},
			}}},
			{"staging", evidence.Requirement{MaxAge: evidence.DefaultMaxAge, Assurance: evidence.AssuranceArtifact, RetryBudget: evidence.DefaultRetryBudget, Suites: []evidence.SuiteRequirement{
				{Name: "unit", Workflow: ".github/workflows/ci.yml", Job: "test", MinTests: 1, Paths: all},
			}}},
		},
		guards: []string{"Makefile", "tools/**"}, doubts: []verdict.Finding{doubt},
	}
	for what, both := range map[string][2]any{ // the rest is of deployments
		"environments": {want.environments, got.environments}, "guards": {want.guards, got.guards}, "doubts": {want.doubts, got.doubts},
	} {
		if diff := cmp.Diff(both[0], both[1], cmp.AllowUnexported(requirement{})); diff != "" {
			t.Errorf("%s: -want +got\n%s", what, diff)
		}
	}
}

// TestWorstAnswer: settings in doubt, and nothing that was asked, are no pass; of several answers the worst one counts.
func TestWorstAnswer(t *testing.T) {
	t.Parallel()
	of := func(outcomes ...evidence.Outcome) (out []answered) {
		for _, o := range outcomes {
			out = append(out, answered{decision: evidence.Decision{Outcome: o}})
		}
		return out
	}
	const tested, waiting, red, undecided = evidence.OutcomeTested, evidence.OutcomeWaiting, evidence.OutcomeNotTested, evidence.OutcomeUndecided
	doubt := requirements{doubts: []verdict.Finding{{ID: "config-unreadable"}}}
	for _, c := range []struct {
		want    requirements
		answers []answered
		outcome evidence.Outcome
	}{
		{requirements{}, of(tested, tested), tested}, {requirements{}, of(), undecided}, {doubt, of(tested), undecided}, {doubt, of(tested, red), red},
		{requirements{}, of(tested, waiting), waiting}, {requirements{}, of(waiting, undecided), undecided}, {requirements{}, of(undecided, red, tested), red},
	} {
		if got := worstAnswer(c.want, c.answers); got != c.outcome {
			t.Errorf("%v with %d doubts: %s, want %s", c.answers, len(c.want.doubts), got, c.outcome)
		}
	}
}
