package evidence_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"pgregory.net/rapid"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/fact"
)

// history is a repository in which things happen one after another, a minute apart.
type history struct {
	t        *testing.T
	minute   int
	attempts []*happened
	passing  int // records that counted before all this, with 900 tests each
}

// happened is one attempt of a run, as it went.
type happened struct {
	run, attempt int
	tree, event  string
	commit       string
	fork         bool
	begun        int
	done         bool
	recorded     string    // green, small, red, skipped; empty: nothing
	carries      *happened // the attempt whose tests this one did not repeat
}

func (h *history) begin(a happened) *happened {
	h.minute++
	a.begun = h.minute
	h.attempts = append(h.attempts, &a)
	return h.attempts[len(h.attempts)-1]
}

// expect is the answer for a tree, told without any of the code under test: the newest attempt of our own decides.
func (h *history) expect(tree string) evidence.Outcome {
	var newest *happened
	for _, a := range h.attempts {
		if a.tree == tree && !a.fork && (newest == nil || a.begun > newest.begun) {
			newest = a
		}
	}
	if newest == nil {
		return evidence.OutcomeNotTested
	}
	for newest.carries != nil {
		newest = newest.carries
	}
	switch {
	case !newest.done:
		return evidence.OutcomeWaiting
	case newest.recorded == "green", newest.recorded == "small" && h.passing < 3:
		return evidence.OutcomeTested
	}
	return evidence.OutcomeNotTested
}

func (h *history) age(minute int) string { return fmt.Sprintf("%dm", 1000-minute) }

// question asks about a tree at a commit that perhaps no run ever had, as after a squash.
func (h *history) question(tree, commit string) evidence.Question {
	counts := map[string]report.Counts{"green": {Executed: 900, Passed: 900}, "small": {Executed: 12, Passed: 12},
		"red": {Executed: 900, Passed: 899, Failed: 1}, "skipped": {Executed: 900, Skipped: 900}}
	w := world{Tree: &tree, Commit: &commit, Records: []record{}, Runs: []run{}, Require: require{RetryBudget: 1000}}
	for i := range h.passing {
		w.Passing = append(w.Passing, passing{Run: int64(1000 + i), Ran: 900, Age: fmt.Sprintf("%dm", 2000+i)})
	}
	for _, a := range h.attempts {
		fork := int64(2)
		if a.fork {
			fork = 66
		}
		r := run{Run: int64(a.run), Attempt: a.attempt, Age: h.age(a.begun), Event: a.event, Commit: a.commit, Tree: &a.tree, Fork: &fork}
		tested := a
		for tested.carries != nil {
			tested = tested.carries
		}
		r.Jobs = []job{{Name: "test", Attempt: tested.attempt}, {Name: "record", Attempt: tested.attempt}, {Name: "deploy"}}
		if !a.done {
			r.Status, r.Jobs = "running", []job{{Name: "test", Status: "running"}}
		}
		w.Runs = append(w.Runs, r)
		if c, ok := counts[a.recorded]; ok {
			w.Records = append(w.Records, record{Run: int64(a.run), Attempt: a.attempt, Age: h.age(a.begun), Commit: a.commit, Tree: a.tree, Event: a.event, Fork: fork, Counts: &c})
		}
	}
	return w.question(h.t)
}

var trees = []string{"t0", "t1", "t2"}

// TestInterleavings lets runs begin, end, be repeated in whole or in part, on the same trees from several commits and
// events, and compares the decision with the plain rule after each step.
func TestInterleavings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		h := &history{t: t, passing: rapid.IntRange(0, 5).Draw(r, "passing")}
		next := 1
		pick := func(what string, of func(*happened) bool) *happened {
			var fit []*happened
			for _, a := range h.attempts {
				if of(a) {
					fit = append(fit, a)
				}
			}
			if len(fit) == 0 {
				r.Skip("none to " + what)
			}
			return rapid.SampledFrom(fit).Draw(r, what)
		}
		last := func(a *happened) bool {
			return a.done && !slices.ContainsFunc(h.attempts, func(b *happened) bool { return b.run == a.run && b.attempt > a.attempt })
		}
		r.Repeat(map[string]func(*rapid.T){
			"begin": func(r *rapid.T) {
				h.begin(happened{run: next, attempt: 1, tree: rapid.SampledFrom(trees).Draw(r, "tree"), commit: fmt.Sprintf("commit%d", next),
					event: rapid.SampledFrom([]string{"push", "pull_request", "merge_group"}).Draw(r, "event"), fork: rapid.IntRange(0, 3).Draw(r, "fork") == 0})
				next++
			},
			"end": func(r *rapid.T) {
				a := pick("end", func(a *happened) bool { return !a.done })
				a.done, a.recorded = true, rapid.SampledFrom([]string{"green", "green", "small", "red", "skipped", ""}).Draw(r, "recorded")
			},
			"again": func(*rapid.T) {
				a := *pick("repeat", last)
				a.attempt, a.done, a.recorded, a.carries = a.attempt+1, false, "", nil
				h.begin(a)
			},
			"deploy again": func(*rapid.T) {
				from := pick("repeat in part", last)
				a := *from
				a.attempt, a.recorded, a.carries = a.attempt+1, "", from
				h.begin(a)
			},
			"": func(r *rapid.T) {
				for _, tree := range trees {
					q := h.question(tree, "squashed")
					d := evidence.Tested(q)
					if want := h.expect(tree); d.Outcome != want {
						r.Fatalf("%s: %s, want %s\n%s", tree, d.Outcome, want, told(d, nil))
					}
					sameInAnyOrder(r, q, d)
				}
			},
		})
	})
}

// sameInAnyOrder holds that the order in which facts come tells nothing.
func sameInAnyOrder(r *rapid.T, q evidence.Question, want evidence.Decision) {
	records, _ := q.Records.Get()
	runs, _ := q.Runs.Get()
	q.Records = fact.Of(rapid.Permutation(records).Draw(r, "records"))
	q.Runs = fact.Of(rapid.Permutation(runs).Draw(r, "runs"))
	if diff := cmp.Diff(want, evidence.Tested(q)); diff != "" {
		r.Fatalf("another order, another decision (-was +is)\n%s", diff)
	}
}

// TestNothingOpens holds, for every case on disk that does not pass, that strangers' records and runs do not open it, and
// for every one that does, that each group of facts is needed and that a newer red run shuts it.
func TestNothingOpens(t *testing.T) {
	t.Parallel()
	eachCase(t, func(t *testing.T, name string, archive *txtar.Archive) {
		t.Helper()
		data := archive.Files[0].Data
		w := parseWorld(t, data)
		before := evidence.Tested(w.question(t))
		strange := w.question(t)
		add(&strange, strangers(t, strange))
		if after := evidence.Tested(strange); after.Outcome != before.Outcome {
			t.Errorf("%s: %s, and %s beside what strangers recorded\n%s", name, before.Outcome, after.Outcome, told(after, data))
		}
		if before.Outcome != evidence.OutcomeTested {
			return
		}
		for _, group := range []string{"records", "runs", "history", "guarded"} {
			less := w
			less.Missing = append(slices.Clone(w.Missing), group)
			if got := evidence.Tested(less.question(t)); got.Outcome != evidence.OutcomeUndecided {
				t.Errorf("%s: %s without %s", name, got.Outcome, group)
			}
		}
		red := w.question(t)
		add(&red, newerRed(t, red))
		if got := evidence.Tested(red); got.Outcome != evidence.OutcomeNotTested {
			t.Errorf("%s: %s after a newer red run\n%s", name, got.Outcome, told(got, data))
		}
	})
}

// more are records and runs that come to a question.
type more struct {
	records []evidence.Record
	runs    []evidence.Run
}

func add(q *evidence.Question, m more) {
	records, ok := q.Records.Get()
	if ok {
		q.Records = fact.Of(append(slices.Clone(records), m.records...))
	}
	if runs, ok := q.Runs.Get(); ok {
		q.Runs = fact.Of(append(slices.Clone(runs), m.runs...))
	}
}

// beside makes a record and a run of every required suite, newer than all, on the very tree that is asked about.
func beside(t *testing.T, q evidence.Question, counts report.Counts, change func(*evidence.Record, *evidence.Run)) (m more) {
	t.Helper()
	if len(q.Tree) != 40 || len(q.Commit) != 40 {
		return m
	}
	for i, s := range q.Requirement.Suites {
		if s.Name == "" || s.Workflow == "" || s.Job == "" {
			continue
		}
		id := int64(5000 + i)
		rec := record{Run: id, Age: "1m", Workflow: s.Workflow, Suites: map[string]report.Counts{s.Name: counts}, Needs: []string{s.Job}}.record(t)
		rec.Subject.Tree, rec.Subject.Commit = q.Tree, q.Commit
		r := run{Run: id, Age: "1m", Workflow: s.Workflow, Jobs: []job{{Name: s.Job}, {Name: "record"}}}.run(t)
		r.Tree, r.HeadCommit = q.Tree, q.Commit
		change(&rec, &r)
		m.records, m.runs = append(m.records, rec), append(m.runs, r)
	}
	return m
}

func strangers(t *testing.T, q evidence.Question) (all more) {
	t.Helper()
	for i, change := range []func(*evidence.Record, *evidence.Run){
		func(rec *evidence.Record, r *evidence.Run) {
			rec.Producer.HeadRepositoryID, r.HeadRepositoryID = 66, 66
		},
		func(rec *evidence.Record, r *evidence.Run) { rec.Producer.Tenant.Repository, r.RepositoryID = 99, 99 },
		func(rec *evidence.Record, r *evidence.Run) {
			rec.Producer.Event, r.Event = "pull_request_target", "pull_request_target"
		},
		func(rec *evidence.Record, r *evidence.Run) {
			rec.Producer.Workflow, rec.Producer.WorkflowRef, r.Workflow = ".github/workflows/x.yml", "", ".github/workflows/x.yml"
		},
	} {
		m := beside(t, q, *green(900), func(rec *evidence.Record, r *evidence.Run) {
			r.ID += int64(100 * (i + 1))
			rec.Producer.RunID = r.ID
			change(rec, r)
		})
		all.records, all.runs = append(all.records, m.records...), append(all.runs, m.runs...)
	}
	return all
}

func newerRed(t *testing.T, q evidence.Question) more {
	t.Helper()
	return beside(t, q, report.Counts{Executed: 9, Passed: 8, Errored: 1}, func(rec *evidence.Record, r *evidence.Run) {
		r.Started = q.Now.Add(5 * time.Minute) // newer than a run within the skew of the clocks, too
		rec.Producer.RunStarted = r.Started
	})
}

// TestSoak compares with a walk over every minute of the stage before.
func TestSoak(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		soak := rapid.IntRange(0, 8).Draw(r, "soak")
		w := world{Require: require{After: "staging", Soak: fmt.Sprintf("%dm", soak)}}
		minutes := map[int]deployment{}
		for _, m := range rapid.SliceOfNDistinct(rapid.IntRange(0, 29), 0, 8, rapid.ID[int]).Draw(r, "at") {
			d := deployment{Environment: rapid.SampledFrom([]string{"staging", "STAGING", "other"}).Draw(r, "environment"), Tree: rapid.SampledFrom([]string{"t", "t", "u"}).Draw(r, "tree"),
				Basis: rapid.SampledFrom([]string{"", "", "waiver", "bypass"}).Draw(r, "basis"), Failed: rapid.IntRange(0, 4).Draw(r, "failed") == 0, Age: fmt.Sprintf("%dm", 30-m)}
			minutes[m] = d
			w.Deployments = append(w.Deployments, d)
		}
		want, begun := evidence.OutcomeNotTested, -1
		for m := range 31 {
			if begun >= 0 && m-begun >= soak {
				want = evidence.OutcomeTested
			}
			d, ok := minutes[m]
			if !ok || d.Failed || !strings.EqualFold(d.Environment, "staging") {
				continue
			}
			switch {
			case d.Tree != "t":
				begun = -1
			case begun < 0 && d.Basis == "":
				begun = m
			}
			if begun == m && soak == 0 {
				want = evidence.OutcomeTested
			}
		}
		if want != evidence.OutcomeTested && begun >= 0 {
			want = evidence.OutcomeWaiting
		}
		if d := evidence.Tested(w.question(t)); d.Outcome != want {
			r.Fatalf("%s, want %s\n%s", d.Outcome, want, told(d, nil))
		}
	})
}

// TestScope leaves a suite out exactly where each of the conditions holds.
func TestScope(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		flip := func(name string) bool { return rapid.IntRange(0, 5).Draw(r, name) == 0 }
		c := &changes{Behind: flip("behind"), Truncated: flip("truncated"), Files: []string{"docs/a.md"}}
		d := deployment{Age: "24h", Suites: []string{"unit"}, Failed: flip("failed")}
		holds := !c.Behind && !c.Truncated && !d.Failed
		for _, spoil := range []func(){
			func() { c.Since = "other" }, func() { c.Files = append(c.Files, "api/x.go") }, func() { d.Suites = []string{"e2e"} },
			func() { d.Basis = "waiver" }, func() { d.Environment = "staging" },
		} {
			if flip("spoil") {
				spoil()
				holds = false
			}
		}
		w := world{Require: require{Suites: []suite{{Paths: []string{"api/**"}}}}, Records: []record{}, Runs: []run{}, Deployments: []deployment{d}, Changes: c}
		if got := evidence.Tested(w.question(t)); (got.Outcome == evidence.OutcomeTested) != holds {
			r.Fatalf("%s, and left out: %v\n%s", got.Outcome, holds, told(got, nil))
		}
	})
}
