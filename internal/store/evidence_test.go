package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/fact"
)

func sha(c string) string { return strings.Repeat(c, 40) }

// tested is a record of one run of a suite.
func tested(t testing.TB, k control.Tenant, suite string, run int64, tree, commit string) evidence.Record {
	t.Helper()
	return must[evidence.Record](t)(evidence.NewRecord(evidence.Record{
		Producer: evidence.Producer{
			Tenant: evidence.Tenant{Installation: k.Installation, Repository: k.Repository}, OwnerID: 3, HeadRepositoryID: k.Repository, HeadCommit: commit,
			Workflow: ".github/workflows/ci.yml", Job: "test", Event: "push", Ref: "refs/heads/main", RunID: run, Attempt: 1,
			RunStarted: noon.Add(time.Duration(run) * time.Minute), Runner: "github-hosted",
		},
		Subject:   evidence.Subject{Commit: commit, Tree: tree, Digests: []string{"sha256:" + strings.Repeat("d", 64)}},
		Assurance: evidence.AssuranceSameJob, Recorded: noon,
		Suites: []evidence.Suite{{
			Name: suite, Counts: report.Counts{Executed: 3, Passed: 3},
			Reports: []evidence.ReportDigest{{Name: "a.xml", Format: "junit", SHA256: strings.Repeat("f", 64)}},
		}},
	}))
}

func keep(t testing.TB, s *Store, k control.Tenant, r evidence.Record) {
	t.Helper()
	must[bool](t)(s.KeepEvidence(context.Background(), k, control.Kept{Records: []evidence.Record{r}}))
}

func runs(list []evidence.Record) (out []int64) {
	for _, r := range list {
		out = append(out, r.Producer.RunID)
	}
	return out
}

func TestEvidence(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		other := control.Tenant{Installation: 8, Repository: tenant.Repository}
		for _, r := range []evidence.Record{
			tested(t, tenant, "unit", 1, sha("a"), sha("1")), tested(t, tenant, "unit", 2, sha("b"), sha("2")),
			tested(t, tenant, "e2e", 3, sha("a"), sha("1")), tested(t, tenant, "unit", 4, sha("c"), sha("1")),
		} {
			keep(t, s, tenant, r)
			keep(t, s, tenant, r) // the same again
		}
		keep(t, s, other, tested(t, other, "unit", 5, sha("a"), sha("1")))
		if n := count(t, s, "evidence"); n != 5 {
			t.Errorf("%d records are kept, want 5", n)
		}
		find := func(k control.Tenant, q control.EvidenceSearch) []int64 {
			return runs(must[[]evidence.Record](t)(s.Evidence(ctx, k, q)))
		}
		for name, c := range map[string]struct {
			tenant control.Tenant
			search control.EvidenceSearch
			want   []int64
		}{
			"by tree":             {tenant, control.EvidenceSearch{Suites: []string{"unit"}, Trees: []string{sha("a")}}, []int64{1}},
			"by commit":           {tenant, control.EvidenceSearch{Suites: []string{"unit"}, Commits: []string{sha("1")}}, []int64{4, 1}},
			"two suites":          {tenant, control.EvidenceSearch{Suites: []string{"unit", "e2e"}, Trees: []string{sha("a")}}, []int64{3, 1}},
			"the newest":          {tenant, control.EvidenceSearch{Suites: []string{"unit"}, Newest: 2}, []int64{4, 2}},
			"by digest":           {tenant, control.EvidenceSearch{Digests: []string{"sha256:" + strings.Repeat("d", 64)}}, []int64{4, 3, 2, 1}},
			"no suite, no digest": {tenant, control.EvidenceSearch{Trees: []string{sha("a")}, Commits: []string{sha("1")}, Newest: 9}, nil},
			"another tenant's":    {other, control.EvidenceSearch{Suites: []string{"unit"}, Trees: []string{sha("a")}}, []int64{5}},
			"swapped ids":         {control.Tenant{Installation: 7, Repository: 7}, control.EvidenceSearch{Suites: []string{"unit"}, Trees: []string{sha("a")}, Newest: 9}, nil},
		} {
			if diff := cmp.Diff(c.want, find(c.tenant, c.search)); diff != "" {
				t.Errorf("%s:\n%s", name, diff)
			}
		}
		if _, err := s.KeepEvidence(ctx, other, control.Kept{Records: []evidence.Record{tested(t, tenant, "unit", 9, sha("a"), sha("1"))}}); err == nil {
			t.Error("a record was kept under another tenant than its own")
		}
		got := must[[]evidence.Record](t)(s.Evidence(ctx, tenant, control.EvidenceSearch{Suites: []string{"e2e"}, Newest: 1}))
		if diff := cmp.Diff(tested(t, tenant, "e2e", 3, sha("a"), sha("1")), got[0]); diff != "" {
			t.Errorf("read back as something else:\n%s", diff)
		}
		ok(t, s.put(ctx, `UPDATE evidence SET body = $3 WHERE installation_id = $1 AND repository_id = $2`, tenant.Installation, tenant.Repository,
			tested(t, tenant, "unit", 1, sha("e"), sha("1")).JSON()))
		if _, err := s.Evidence(ctx, tenant, control.EvidenceSearch{Suites: []string{"unit"}, Newest: 1}); err == nil {
			t.Error("a record that somebody changed is believed")
		}
	})
}

func TestSeenRuns(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		run := func(id int64, attempt int, head, tree string, status evidence.Status) evidence.Run {
			return evidence.Run{
				RepositoryID: tenant.Repository, ID: id, Attempt: attempt, Workflow: "w", Event: "push", HeadCommit: head, HeadRepositoryID: 70, Tree: tree,
				Started: noon, Status: status,
			}
		}
		ok(t, s.SeeRuns(ctx, tenant, []control.SeenRun{
			{Run: run(1, 1, sha("1"), sha("a"), evidence.StatusRunning), Seen: noon}, {Run: run(1, 2, sha("1"), "", evidence.StatusQueued), Trouble: "two of them", Seen: noon},
			{Run: run(2, 1, sha("2"), sha("a"), evidence.StatusRunning), Seen: noon}, {Run: run(3, 1, sha("3"), sha("c"), evidence.StatusRunning), Seen: noon},
		}))
		ended := run(1, 1, sha("1"), "", evidence.StatusCompleted) // the tree is known from before
		ended.Conclusion = "success"
		ok(t, s.SeeRuns(ctx, tenant, []control.SeenRun{{Run: ended, Seen: noon}, {Run: run(1, 2, sha("1"), "", evidence.StatusRunning), Seen: noon}}))
		ended.Tree = sha("a")
		want := []control.SeenRun{
			{Run: ended, Seen: noon}, {Run: run(1, 2, sha("1"), "", evidence.StatusRunning), Trouble: "two of them", Seen: noon},
			{Run: run(2, 1, sha("2"), sha("a"), evidence.StatusRunning), Seen: noon},
		}
		got := must[[]control.SeenRun](t)(s.SeenRuns(ctx, tenant, []string{sha("1")}, []string{sha("a"), ""}))
		if diff := cmp.Diff(want, got, cmpopts.IgnoreTypes(fact.Known[[]evidence.Job]{})); diff != "" {
			t.Error(diff)
		}
		for _, k := range []control.Tenant{{Installation: 8, Repository: 70}, {Installation: 7, Repository: 71}} {
			if got := must[[]control.SeenRun](t)(s.SeenRuns(ctx, k, []string{sha("1")}, []string{sha("a")})); got != nil {
				t.Errorf("tenant %s sees %v", k, got)
			}
		}
	})
}

func TestTestedChecks(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		verdict := control.TestedVerdict{Head: sha("1"), Digest: "sha256:1", Body: json.RawMessage(`{"outcome":"waiting"}`), At: noon}
		if _, err := s.RecordTested(ctx, tenant, verdict); err == nil {
			t.Error("a decision on a check that is not there was recorded")
		}
		c := control.TestedCheck{Head: sha("1"), Queued: true, Tree: sha("a"), ID: 9, Shown: "s", First: noon, Updated: noon}
		ok(t, s.SaveTestedCheck(ctx, tenant, c))
		first := must[control.LedgerEntry](t)(s.RecordTested(ctx, tenant, verdict))
		again := must[control.LedgerEntry](t)(s.RecordTested(ctx, tenant, verdict))
		if first.Kind != "tested" || first.Sequence != 1 || again.Chain != first.Chain {
			t.Errorf("first %+v, again %+v", first, again)
		}
		verdict.Digest = "sha256:2"
		if next := must[control.LedgerEntry](t)(s.RecordTested(ctx, tenant, verdict)); next.Sequence != 2 {
			t.Errorf("another decision is entry %d", next.Sequence)
		}
		ok(t, s.SaveTestedCheck(ctx, tenant, c)) // leaves what was decided
		c.Decided = "sha256:2"
		got, known, err := s.TestedCheck(ctx, tenant, sha("1"))
		ok(t, err)
		if diff := cmp.Diff(c, got); diff != "" || !known {
			t.Error(known, diff)
		}
		if diff := cmp.Diff([]control.TestedCheck{c}, must[[]control.TestedCheck](t)(s.TestedChecks(ctx, tenant, sha("a")))); diff != "" {
			t.Error(diff)
		}
		for _, k := range []control.Tenant{{Installation: 8, Repository: 70}, {Installation: 7, Repository: 71}} {
			_, known, err := s.TestedCheck(ctx, k, sha("1"))
			ok(t, err)
			if list := must[[]control.TestedCheck](t)(s.TestedChecks(ctx, k, sha("a"))); known || list != nil {
				t.Errorf("tenant %s sees another one's check", k)
			}
		}
		ok(t, s.VerifyLedger(ctx, tenant))
	})
}

func TestEvidenceRetention(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		o, now := options(url), noon
		o.Now = func() time.Time { return now }
		s := open(t, o)
		keep(t, s, tenant, tested(t, tenant, "unit", 1, sha("a"), sha("1")))
		ok(t, s.SeeRuns(ctx, tenant, []control.SeenRun{{Run: evidence.Run{ID: 1, Attempt: 1}, Seen: noon}}))
		ok(t, s.SaveTestedCheck(ctx, tenant, control.TestedCheck{Head: sha("1"), First: noon, Updated: noon}))
		tables := []string{"evidence", "evidence_suite", "evidence_digest", "run_seen", "tested_check"}
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{399 * day, 1}, {401 * day, 0}} {
			now = noon.Add(step.after)
			ok(t, s.Collect(ctx))
			for _, table := range tables {
				if got := count(t, s, table); got != step.want {
					t.Errorf("after %s: %d rows of %s, want %d", step.after, got, table, step.want)
				}
			}
		}
	})
}

// TestKeptOnce: what was claimed before writes nothing, whatever comes with it.
func TestKeptOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		ctx := context.Background()
		s := open(t, options(url))
		kept := control.Kept{
			Once: "token 1", Records: []evidence.Record{tested(t, tenant, "unit", 1, sha("a"), sha("1"))},
			Runs: []control.SeenRun{{Run: evidence.Run{ID: 1, Attempt: 1}, Seen: noon}}, Tasks: []control.Task{task("1")},
		}
		if fresh := must[bool](t)(s.KeepEvidence(ctx, tenant, kept)); !fresh {
			t.Error("the first time is not fresh")
		}
		kept.Records, kept.Tasks = []evidence.Record{tested(t, tenant, "unit", 2, sha("a"), sha("1"))}, []control.Task{task("2")}
		kept.Runs[0].Run.ID = 2
		if fresh := must[bool](t)(s.KeepEvidence(ctx, tenant, kept)); fresh {
			t.Error("the second time is fresh")
		}
		for table, want := range map[string]int{"evidence": 1, "run_seen": 1, "work": 1, "claim": 1} {
			if got := count(t, s, table); got != want {
				t.Errorf("%d rows of %s, want %d", got, table, want)
			}
		}
	})
}

// BenchmarkEvidence measures what uploads write, one after the other and as many at a time as come in.
func BenchmarkEvidence(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for name, atOnce := range map[string]int{"one-by-one": 1, "sixteen-at-once": 16} {
			b.Run(kind+"/"+name, func(b *testing.B) {
				s := open(b, Options{URL: newURL(b, kind), Now: time.Now})
				template := tested(b, tenant, "unit", 1, sha("a"), sha("1"))
				flight := make(chan struct{}, atOnce)
				var wg sync.WaitGroup
				b.ResetTimer()
				from := time.Now()
				for i := range b.N {
					flight <- struct{}{}
					wg.Go(func() {
						defer func() { <-flight }()
						r := template
						r.Producer.RunID = int64(i) + 1
						fresh, err := s.KeepEvidence(context.Background(), tenant, control.Kept{
							Once: fmt.Sprint("token ", i), Records: []evidence.Record{r}, Tasks: []control.Task{task(fmt.Sprint(i))},
							Runs: []control.SeenRun{{Run: evidence.Run{ID: r.Producer.RunID, Attempt: 1, HeadCommit: sha("1")}, Seen: noon}},
						})
						if !fresh || err != nil {
							b.Error(fresh, err)
						}
					})
				}
				wg.Wait()
				b.ReportMetric(float64(b.N)/time.Since(from).Seconds(), "uploads/s")
			})
		}
	}
}
