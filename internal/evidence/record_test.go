package evidence_test

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
)

func sample(t *testing.T) evidence.Record {
	t.Helper()
	return record{Suites: map[string]report.Counts{"unit": *green(30), "api": *green(4)}, Needs: []string{"test", "lint", "test"}, Digests: []string{"b", "a"}}.record(t)
}

// TestRecordForm holds the canonical form and its name: a change of either orphans every record that was ever kept.
func TestRecordForm(t *testing.T) {
	t.Parallel()
	r := sample(t)
	const want = `{"version":1,"producer":{"tenant":{"installation":1,"repository":2},"owner_id":3,"head_repository_id":2,"head_commit":"84a516841ba77a5b4648de2cd0dfcb30ea46dbb4",` +
		`"workflow":".github/workflows/ci.yml","workflow_ref":"acme/shop/.github/workflows/ci.yml@refs/heads/main","workflow_sha":"84a516841ba77a5b4648de2cd0dfcb30ea46dbb4",` +
		`"job":"record","needs":["lint","test"],"event":"push","ref":"refs/heads/main","ref_protected":false,"run_id":10,"attempt":1,"run_started":"2026-03-02T10:00:00Z","runner":"github-hosted"},`
	if got := string(r.JSON()); !strings.HasPrefix(got, want) {
		t.Errorf("another form:\n%s", cmp.Diff(want, got[:min(len(got), len(want))]))
	}
	if got, want := r.ID(), "sha256:fd8fcd4dff0c4a8559655d2b727c9e1a03756f1aaf3ce1b50521bf5d74a37ee6"; got != want {
		t.Errorf("ID is %s, want %s", got, want)
	}
	back, err := evidence.ParseRecord(r.JSON())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, back); diff != "" {
		t.Error(diff)
	}
}

// TestRecordIsOneForm holds that order, zone and repetition of what comes in make no other record, and that the record
// shares nothing with it.
func TestRecordIsOneForm(t *testing.T) {
	t.Parallel()
	r := sample(t)
	again := sample(t)
	again.Suites[0], again.Suites[1] = again.Suites[1], again.Suites[0]
	again.Subject.Digests = []string{again.Subject.Digests[1], again.Subject.Digests[0], again.Subject.Digests[1]}
	again.Recorded = again.Recorded.In(time.FixedZone("X", 3600)).Add(300 * time.Millisecond)
	again.Producer.RunStarted = again.Producer.RunStarted.In(time.FixedZone("X", 3600))
	got, err := evidence.NewRecord(again)
	if err != nil {
		t.Fatal(err)
	}
	if got.ID() != r.ID() {
		t.Errorf("two records of one:\n%s", cmp.Diff(r, got))
	}
	again.Suites[0].Name, again.Suites[0].Reports[0].Name, again.Subject.Digests[0] = "x", "x", "x"
	if got.ID() != r.ID() {
		t.Error("the record changed with what it was made of")
	}
}

// TestRecordRefuses holds one refusal a field, which names it.
func TestRecordRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1025)
	for _, c := range []struct {
		want   string
		change func(*evidence.Record)
	}{
		{"version is 2", func(r *evidence.Record) { r.Version = 2 }},
		{"tenant.installation is 0", func(r *evidence.Record) { r.Producer.Tenant.Installation = 0 }},
		{"tenant.repository is -1", func(r *evidence.Record) { r.Producer.Tenant.Repository = -1 }},
		{"owner_id is 0", func(r *evidence.Record) { r.Producer.OwnerID = 0 }},
		{"head_repository_id is 0", func(r *evidence.Record) { r.Producer.HeadRepositoryID = 0 }},
		{"run_id is 0", func(r *evidence.Record) { r.Producer.RunID = 0 }},
		{"attempt is 0", func(r *evidence.Record) { r.Producer.Attempt = 0 }},
		{`workflow "" is not one line`, func(r *evidence.Record) { r.Producer.Workflow = "" }},
		{"workflow_ref names", func(r *evidence.Record) { r.Producer.WorkflowRef = "acme/shop/.github/workflows/other.yml@main" }},
		{"workflow_ref names", func(r *evidence.Record) { r.Producer.WorkflowRef = "acme/shop" }},
		{"workflow_sha", func(r *evidence.Record) { r.Producer.WorkflowSHA = "main" }},
		{"job_workflow_ref", func(r *evidence.Record) { r.Producer.JobWorkflowRef = "a\nb" }},
		{"job_workflow_sha", func(r *evidence.Record) { r.Producer.JobWorkflowSHA = strings.Repeat("A", 40) }},
		{"head_commit", func(r *evidence.Record) { r.Producer.HeadCommit = "" }},
		{"job \"\\u202e\" is not", func(r *evidence.Record) { r.Producer.Job = "\u202e" }},
		{"job ", func(r *evidence.Record) { r.Producer.Job = long }},
		{"event", func(r *evidence.Record) { r.Producer.Event = "\xff" }},
		{"ref ", func(r *evidence.Record) { r.Producer.Ref = "\x1b[31m" }},
		{"runner", func(r *evidence.Record) { r.Producer.Runner = "" }},
		{"needs[0]", func(r *evidence.Record) { r.Producer.Needs = []string{""} }},
		{"needs has 257", func(r *evidence.Record) { r.Producer.Needs = numbered(257) }},
		{"run_started", func(r *evidence.Record) { r.Producer.RunStarted = time.Time{} }},
		{"recorded", func(r *evidence.Record) { r.Recorded = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }},
		{"commit", func(r *evidence.Record) { r.Subject.Commit = "HEAD" }},
		{"tree", func(r *evidence.Record) { r.Subject.Tree = r.Subject.Tree[1:] }},
		{"digests[0]", func(r *evidence.Record) { r.Subject.Digests = []string{"latest"} }},
		{"digests[0]", func(r *evidence.Record) { r.Subject.Digests = []string{"sha256:" + strings.Repeat("g", 64)} }},
		{"digests has 101", func(r *evidence.Record) { r.Subject.Digests = numbered(101) }},
		{"assurance is none", func(r *evidence.Record) { r.Assurance = evidence.AssuranceNone }},
		{"assurance is none", func(r *evidence.Record) { r.Assurance = 9 }},
		{"0 suites", func(r *evidence.Record) { r.Suites = nil }},
		{"201 suites", func(r *evidence.Record) { r.Suites = make([]evidence.Suite, 201) }},
		{"comes twice", func(r *evidence.Record) { r.Suites[0].Name = r.Suites[1].Name }},
		{"suites[0]: name", func(r *evidence.Record) { r.Suites[0].Name = "" }},
		{"suites[0]: tool", func(r *evidence.Record) { r.Suites[0].Tool = "a\nb" }},
		{"0 reports", func(r *evidence.Record) { r.Suites[0].Reports = nil }},
		{"10001 reports", func(r *evidence.Record) { r.Suites[0].Reports = make([]evidence.ReportDigest, 10001) }},
		{"reports[0]: name", func(r *evidence.Record) { r.Suites[0].Reports[0].Name = "" }},
		{"reports[0]: format", func(r *evidence.Record) { r.Suites[0].Reports[0].Format = "" }},
		{"reports[0]: sha256", func(r *evidence.Record) { r.Suites[0].Reports[0].SHA256 = "sha256:0" }},
		{"coverage: 0 of 0 lines are not the 1 of 2", func(r *evidence.Record) { covered(r, 1, 2); r.Suites[0].Coverage = report.Coverage{} }},
		{"coverage: 2 of 2 lines are not the 1 of 2", func(r *evidence.Record) { covered(r, 1, 2); r.Suites[0].Coverage.Covered = 2 }},
		{"coverage: 1 of 2 lines are not the 0 of 0", func(r *evidence.Record) { r.Suites[0].Coverage = report.Coverage{Lines: 2, Covered: 1} }},
		{"coverage: 3 of 2 lines is no share", func(r *evidence.Record) { covered(r, 3, 2) }},
		{"coverage: -1 of 2 lines is no share", func(r *evidence.Record) { covered(r, -1, 2) }},
		{"coverage: -2 of -1 lines is no share", func(r *evidence.Record) { covered(r, -2, -1) }},
		{"coverage: 1 of 0 lines is no share", func(r *evidence.Record) { covered(r, 1, 0) }},
		{"coverage: 1 of 1000000001 lines is no share", func(r *evidence.Record) { covered(r, 1, 1_000_000_001) }},
		{"coverage: 9223372036854775807 of 9223372036854775807 lines is no share", func(r *evidence.Record) { covered(r, math.MaxInt, math.MaxInt) }},
		{"coverage: 2 of 1000000001 lines is no share", func(r *evidence.Record) {
			covered(r, 1, 1_000_000_000)
			more := r.Suites[0].Reports[1]
			more.Coverage = report.Coverage{Lines: 1, Covered: 1}
			r.Suites[0].Reports, r.Suites[0].Coverage = append(r.Suites[0].Reports, more), report.Coverage{Lines: 1_000_000_001, Covered: 2}
		}},
		{"are not the 4 executed", func(r *evidence.Record) { r.Suites[0].Counts.Failed++ }},
		{"-1 is out of range", func(r *evidence.Record) { r.Suites[0].Counts.Retried = -1 }},
		{"5 retried of 4", func(r *evidence.Record) { r.Suites[0].Counts.Retried = 5 }},
		{"2000000000 is out of range", func(r *evidence.Record) {
			r.Suites[0].Counts = report.Counts{Executed: 2_000_000_000, Passed: 2_000_000_000}
		}},
	} {
		r := sample(t)
		c.change(&r)
		if _, err := evidence.NewRecord(r); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want one that says %q", err, c.want)
		}
	}
}

// covered gives the first suite a report of coverage.
func covered(r *evidence.Record, covered, lines int) {
	s := &r.Suites[0]
	s.Coverage = report.Coverage{Lines: lines, Covered: covered}
	s.Reports = append(s.Reports, evidence.ReportDigest{Name: "cover.info", Format: "lcov", SHA256: s.Reports[0].SHA256, Coverage: s.Coverage})
}

// TestRecordCoverage holds the form of coverage, which is there only where some was measured: records from before it was
// kept have the name that they always had (TestRecordForm).
func TestRecordCoverage(t *testing.T) {
	t.Parallel()
	r := sample(t)
	if bytes.Contains(r.JSON(), []byte("overage")) {
		t.Errorf("a record without coverage speaks of it: %s", r.JSON())
	}
	covered(&r, 1999, 2500)
	r, err := evidence.NewRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"retried":0},"coverage":{"lines":2500,"covered":1999},"reports":[{"name":"cover.info","format":"lcov",`, `","coverage":{"lines":2500,"covered":1999}},{"name":"report.xml"`} {
		if !bytes.Contains(r.JSON(), []byte(want)) {
			t.Errorf("no %s in %s", want, r.JSON())
		}
	}
	back, err := evidence.ParseRecord(r.JSON())
	if diff := cmp.Diff(r, back); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if got := r.Suites[0].Measured(); !slices.Equal(got, []string{"cover.info"}) || r.Suites[1].Measured() != nil {
		t.Errorf("measured by %q and %q", got, r.Suites[1].Measured())
	}
	for old, other := range map[string]string{
		`"coverage":{"lines":2500,"covered":1999},"reports"`: `"coverage":{"lines":0,"covered":0},"reports"`,
		`"covered":1999}}`: `"covered":1999.0}}`,
		`"lines":2500`:     `"lines":1e400`,
	} {
		if got, err := evidence.ParseRecord(bytes.Replace(r.JSON(), []byte(old), []byte(other), 1)); err == nil {
			t.Errorf("%s is taken: %+v", other, got.Suites)
		}
	}
	bare := bytes.Replace(sample(t).JSON(), []byte(`"retried":0},`), []byte(`"retried":0},"coverage":{"lines":0,"covered":0},`), 1)
	if _, err := evidence.ParseRecord(bare); err == nil {
		t.Error("coverage of nothing is a form of its own")
	}
}

func numbered(n int) (out []string) {
	for i := range n {
		out = append(out, strings.Repeat("0", i+1))
	}
	return out
}

// FuzzParseRecord holds that what is read is in its canonical form, and so has one name.
func FuzzParseRecord(f *testing.F) {
	good := []byte(`{"version":1,"producer":{"tenant":{"installation":1,"repository":2},"owner_id":3,"head_repository_id":2,"head_commit":"84a516841ba77a5b4648de2cd0dfcb30ea46dbb4","workflow":"w.yml","job":"j","event":"push","ref":"r","ref_protected":false,"run_id":1,"attempt":1,"run_started":"2026-03-02T10:00:00Z","runner":"github-hosted"},"subject":{"commit":"84a516841ba77a5b4648de2cd0dfcb30ea46dbb4","tree":"84a516841ba77a5b4648de2cd0dfcb30ea46dbb4"},"assurance":"isolated","suites":[{"name":"u","tool":"","counts":{"executed":0,"passed":0,"failed":0,"errored":0,"skipped":0,"retried":0},"reports":[{"name":"r","format":"tap","sha256":"0000000000000000000000000000000000000000000000000000000000000000"}]}],"recorded":"2026-03-02T10:00:00Z"}`)
	if _, err := evidence.ParseRecord(good); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(append([]byte(" "), good...))
	f.Add(append(bytes.Clone(good), "{}"...))
	f.Add(bytes.Replace(good, []byte(`"version":1`), []byte(`"version":1,"version":1`), 1))
	f.Add(bytes.Replace(good, []byte(`"job":"j"`), []byte(`"Job":"j"`), 1))
	f.Add(bytes.Replace(good, []byte(`"job":"j"`), []byte(`"job":"\u006a"`), 1))
	f.Add(bytes.Replace(good, []byte(`"ref":"r"`), []byte(`"ref":"r","needs":["b","a"]`), 1))
	f.Add(bytes.Replace(good, []byte(`"reports":[{`), []byte(`"coverage":{"lines":2,"covered":1},"reports":[{"coverage":{"lines":2,"covered":1},`), 1))
	f.Add(bytes.Replace(bytes.Replace(good, []byte(`"reports":[{`), []byte(`"coverage":{"lines":2,"covered":1},"reports":[{`), 1), []byte(`00"}]`), []byte(`00","coverage":{"lines":2,"covered":1}}]`), 1))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := evidence.ParseRecord(data)
		if err == nil && !bytes.Equal(r.JSON(), data) {
			t.Errorf("another form is taken:\n%s\n%s", data, r.JSON())
		}
		if err == nil && r.Validate() != nil {
			t.Error(r.Validate())
		}
	})
}
