package evidence_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/fact"
)

// A world is a question as a case writes it: what it leaves away is a green run 10 on tree t of commit c, recorded two
// hours ago by job record, which needs job test. Objects have short names, and times are ages.
type world struct {
	Tenant      *evidence.Tenant `json:"tenant"`
	Commit      *string          `json:"commit"`
	Tree        *string          `json:"tree"`
	Digests     []string         `json:"digests"`
	Merged      []string         `json:"merged"`
	Environment *string          `json:"environment"`
	Run         int64            `json:"run"`
	Attempt     int              `json:"attempt"`
	Now         *string          `json:"now"`

	Require     require       `json:"require"`
	Records     []record      `json:"records"`
	Runs        []run         `json:"runs"`
	Passing     []passing     `json:"passing"`
	Deployments []deployment  `json:"deployments"`
	Guarded     []guarded     `json:"guarded"`
	Changes     *changes      `json:"changes"`
	Provenance  []provenance  `json:"provenance"`
	Deployer    *deployerFact `json:"deployer"`
	Missing     []string      `json:"missing"` // groups that could not be had
}

type require struct {
	Suites          []suite             `json:"suites"`
	MaxAge          string              `json:"max_age"`
	Assurance       *evidence.Assurance `json:"assurance"`
	Runners         []string            `json:"runners"`
	RetryBudget     int                 `json:"retry_budget"`
	After           string              `json:"after"`
	Soak            string              `json:"soak"`
	From            string              `json:"from"`
	DeployWorkflows []string            `json:"deploy_workflows"`
	BuildWorkflows  []string            `json:"build_workflows"` // default: one; ["!"]: none
	DeployJobs      []string            `json:"deploy_jobs"`
}

type suite struct {
	Name     string   `json:"name"`
	Workflow string   `json:"workflow"`
	Job      string   `json:"job"`
	MinTests int      `json:"min_tests"`
	Paths    []string `json:"paths"`
	Guards   []string `json:"guards"`
	Called   []string `json:"called"`
}

type record struct {
	Run       int64                    `json:"run"`
	Attempt   int                      `json:"attempt"`
	Age       string                   `json:"age"`
	Commit    string                   `json:"commit"`
	Tree      string                   `json:"tree"`
	Head      string                   `json:"head"`
	Digests   []string                 `json:"digests"`
	Workflow  string                   `json:"workflow"`
	Ref       string                   `json:"workflow_ref"`
	JobRef    string                   `json:"job_workflow_ref"`
	Job       string                   `json:"job"`
	Needs     []string                 `json:"needs"`
	Event     string                   `json:"event"`
	Protected bool                     `json:"protected"`
	Runner    string                   `json:"runner"`
	Fork      int64                    `json:"fork"`
	Tenant    *evidence.Tenant         `json:"tenant"`
	Assurance *evidence.Assurance      `json:"assurance"`
	Suites    map[string]report.Counts `json:"suites"`
	Counts    *report.Counts           `json:"counts"`
	Coverage  *report.Coverage         `json:"coverage"` // of every suite, by a report of its own
	Broken    bool                     `json:"broken"`   // counts that do not add up
}

type run struct {
	Run        int64   `json:"run"`
	Attempt    int     `json:"attempt"`
	Age        string  `json:"age"`
	Repository int64   `json:"repository"`
	Fork       *int64  `json:"fork"`
	Workflow   string  `json:"workflow"`
	Event      string  `json:"event"`
	Protected  bool    `json:"protected"`
	Commit     string  `json:"commit"`
	Tree       *string `json:"tree"`
	Status     string  `json:"status"`
	Conclusion string  `json:"conclusion"`
	Jobs       []job   `json:"jobs"`
	NoJobs     bool    `json:"no_jobs"` // the list of jobs could not be had
	Gone       bool    `json:"gone"`
	NoStart    bool    `json:"no_start"`
}

type job struct {
	Name       string  `json:"name"`
	Attempt    int     `json:"attempt"`
	Status     string  `json:"status"`
	Conclusion string  `json:"conclusion"`
	Runner     *string `json:"runner"`
}

type passing struct {
	Suite string `json:"suite"`
	Run   int64  `json:"run"`
	Ran   int    `json:"ran"`
	Age   string `json:"age"`
}

type deployment struct {
	Environment string   `json:"environment"`
	Commit      string   `json:"commit"`
	Tree        string   `json:"tree"`
	Digests     []string `json:"digests"`
	Basis       string   `json:"basis"`
	Failed      bool     `json:"failed"`
	Age         string   `json:"age"`
	Suites      []string `json:"suites"`
}

type guarded struct {
	Path, Commit, Why string
	Approved          bool
}

type changes struct {
	Since     string   `json:"since"`
	Behind    bool     `json:"behind"`
	Truncated bool     `json:"truncated"`
	Files     []string `json:"files"`
}

type provenance struct {
	Digest, Commit, Workflow, At, Event, Ref, Runner, Broken string
	Repository                                               int64
}

type deployerFact struct {
	Repository int64    `json:"repository"`
	Fork       int64    `json:"fork"`
	Run        int64    `json:"run"`
	Attempt    int      `json:"attempt"`
	Workflow   string   `json:"workflow"`
	Commit     string   `json:"commit"`
	Reachable  *bool    `json:"reachable"`
	Jobs       []string `json:"jobs"`
}

const ciFile = ".github/workflows/ci.yml"

func present() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

// object is the id of a name. A name that is written with ! stands for itself, so that a case can hold what is none.
func object(name string) string {
	if raw, ok := strings.CutPrefix(name, "!"); ok {
		return raw
	}
	sum := sha1.Sum([]byte(name))
	return hex.EncodeToString(sum[:])
}

func objects(names []string) []string { return each(names, object) }

func digest(name string) string {
	if raw, ok := strings.CutPrefix(name, "!"); ok {
		return raw
	}
	sum := sha256.Sum256([]byte(name))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func digests(names []string) []string { return each(names, digest) }

func each[A, B any](list []A, f func(A) B) []B {
	var out []B
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

func ago(t testing.TB, s string) time.Time {
	t.Helper()
	return present().Add(-duration(t, s))
}

func duration(t testing.TB, s string) time.Duration {
	t.Helper()
	if s == "" || s == "unknown" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

func pointed[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

func parseWorld(t testing.TB, data []byte) world {
	t.Helper()
	var w world
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		t.Fatal(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		t.Fatal("more than one document")
	}
	return w
}

func green(n int) *report.Counts { return &report.Counts{Executed: n, Passed: n} }

func (w world) question(t testing.TB) evidence.Question {
	t.Helper()
	q := evidence.Question{
		Tenant: pointed(w.Tenant, evidence.Tenant{Installation: 1, Repository: 2}), Commit: object(pointed(w.Commit, "c")), Tree: object(pointed(w.Tree, "t")),
		Digests: digests(w.Digests), Merged: objects(w.Merged), Environment: pointed(w.Environment, "production"), RunID: w.Run, Attempt: w.Attempt,
		Requirement: w.Require.requirement(t), Now: present(),
	}
	if w.Now != nil {
		q.Now = time.Time{}
	}
	if w.Run != 0 {
		q.Attempt = or(w.Attempt, 1)
	}
	if w.Records == nil {
		w.Records = []record{{}}
	}
	if w.Runs == nil {
		w.Runs = []run{{}}
	}
	w.facts(t, &q)
	for _, name := range w.Missing {
		switch name {
		case "records":
			q.Records = fact.Missing[[]evidence.Record]("the database is away")
		case "runs":
			q.Runs = fact.Missing[[]evidence.Run]("GitHub answered 502")
		case "history":
			q.History = fact.Missing[evidence.History]("the database is away")
		case "guarded":
			q.Guarded = fact.Known[[]evidence.Guarded]{}
		case "deployer":
			q.Deployer = fact.Missing[evidence.Deployer]("GitHub answered 502")
		case "provenance":
			q.Provenance = fact.Missing[[]evidence.Provenance]("no trust root")
		default:
			t.Fatalf("no group %q", name)
		}
	}
	return q
}

func (w world) facts(t testing.TB, q *evidence.Question) {
	t.Helper()
	q.Records = fact.Of(each(w.Records, func(r record) evidence.Record { return r.record(t) }))
	q.Runs = fact.Of(each(w.Runs, func(r run) evidence.Run { return r.run(t) }))
	q.History = fact.Of(evidence.History{
		Passing: each(w.Passing, func(p passing) evidence.Passing {
			return evidence.Passing{Suite: or(p.Suite, "unit"), RunID: p.Run, Ran: p.Ran, Started: ago(t, p.Age)}
		}),
		Deployments: each(w.Deployments, func(d deployment) evidence.Deployment { return d.deployment(t) }),
	})
	q.Guarded = fact.Of(each(w.Guarded, func(g guarded) evidence.Guarded {
		return evidence.Guarded{Path: g.Path, Commit: object(or(g.Commit, "c")), Approved: g.Approved, Why: g.Why}
	}))
	if c := w.Changes; c != nil {
		q.Changes = fact.Of(evidence.Changes{Since: object(or(c.Since, "before")), Ahead: !c.Behind, Truncated: c.Truncated, Files: c.Files})
	}
	q.Provenance = fact.Of(each(w.Provenance, func(p provenance) evidence.Provenance {
		if p.Broken != "" {
			return evidence.Provenance{Broken: p.Broken}
		}
		return evidence.Provenance{
			Digest: digest(p.Digest), RepositoryID: or(p.Repository, 2), Commit: object(or(p.Commit, "c")), Workflow: or(p.Workflow, ".github/workflows/build.yml"),
			WorkflowCommit: object(or(p.At, or(p.Commit, "c"))), Event: or(p.Event, "push"), Ref: or(p.Ref, "refs/heads/main"), Runner: blank(or(p.Runner, "github-hosted")),
		}
	}))
	d := pointed(w.Deployer, deployerFact{})
	reachable := fact.Missing[bool]("GitHub answered 502")
	if d.Reachable != nil {
		reachable = fact.Of(*d.Reachable)
	}
	q.Deployer = fact.Of(evidence.Deployer{
		RepositoryID: or(d.Repository, 2), HeadRepositoryID: or(d.Fork, 2), RunID: or(d.Run, q.RunID), Attempt: or(d.Attempt, q.Attempt),
		Workflow: or(d.Workflow, ".github/workflows/deploy.yml"), HeadCommit: object(or(d.Commit, "c")), Reachable: reachable, Jobs: d.Jobs,
	})
}

func (r require) requirement(t testing.TB) evidence.Requirement {
	t.Helper()
	if r.Suites == nil {
		r.Suites = []suite{{}}
	}
	suites := each(r.Suites, func(s suite) evidence.SuiteRequirement {
		return evidence.SuiteRequirement{Name: blank(or(s.Name, "unit")), Workflow: blank(or(s.Workflow, ciFile)), Job: blank(or(s.Job, "test")),
			MinTests: s.MinTests, Paths: s.Paths, Guards: s.Guards, Called: s.Called}
	})
	return evidence.Requirement{
		Suites: suites, MaxAge: duration(t, r.MaxAge), Assurance: pointed(r.Assurance, evidence.AssuranceNone), Runners: r.Runners,
		RetryBudget: r.RetryBudget, After: r.After, Soak: duration(t, r.Soak), From: r.From, DeployWorkflows: r.DeployWorkflows, DeployJobs: r.DeployJobs,
		BuildWorkflows: builders(r.BuildWorkflows),
	}
}

// builders are what a case has listed.
func builders(list []string) []string {
	if list == nil {
		return []string{".github/workflows/build.yml"}
	}
	if slices.Contains(list, "!") {
		return nil
	}
	return list
}

// blank is how a case writes a text that is empty where a default would stand.
func blank(s string) string { return strings.TrimPrefix(s, "!") }

func (r record) record(t testing.TB) evidence.Record {
	t.Helper()
	head := or(r.Head, or(r.Commit, "c"))
	suites := r.Suites
	if suites == nil {
		suites = map[string]report.Counts{"unit": pointed(r.Counts, *green(30))}
	}
	if r.Needs == nil && r.Job == "" {
		r.Needs = []string{"test"}
	}
	raw := evidence.Record{
		Producer: evidence.Producer{
			Tenant: pointed(r.Tenant, evidence.Tenant{Installation: 1, Repository: 2}), OwnerID: 3, HeadRepositoryID: or(r.Fork, 2), HeadCommit: object(head),
			Workflow: or(r.Workflow, ciFile), WorkflowRef: blank(or(r.Ref, "acme/shop/"+or(r.Workflow, ciFile)+"@refs/heads/main")), WorkflowSHA: object(head),
			JobWorkflowRef: r.JobRef, Job: or(r.Job, "record"), Needs: r.Needs, Event: or(r.Event, "push"), Ref: "refs/heads/main", RefProtected: r.Protected,
			RunID: or(r.Run, 10), Attempt: or(r.Attempt, 1), RunStarted: ago(t, or(r.Age, "2h")), Runner: or(r.Runner, "github-hosted"),
		},
		Subject:   evidence.Subject{Commit: object(or(r.Commit, "c")), Tree: object(or(r.Tree, "t")), Digests: digests(r.Digests)},
		Assurance: pointed(r.Assurance, evidence.AssuranceIsolated),
		Recorded:  ago(t, or(r.Age, "2h")).Add(10 * time.Minute),
	}
	for name, counts := range suites {
		sum := sha256.Sum256([]byte(name))
		s := evidence.Suite{Name: name, Tool: "pytest", Counts: counts,
			Reports: []evidence.ReportDigest{{Name: "report.xml", Format: "junit", SHA256: hex.EncodeToString(sum[:])}}}
		if r.Coverage != nil {
			s.Coverage = *r.Coverage
			s.Reports = append(s.Reports, evidence.ReportDigest{Name: "cover.info", Format: "lcov", SHA256: s.Reports[0].SHA256, Coverage: s.Coverage})
		}
		raw.Suites = append(raw.Suites, s)
	}
	out, err := evidence.NewRecord(raw)
	if err != nil {
		t.Fatal(err)
	}
	if r.Broken {
		out.Suites[0].Counts.Passed++
	}
	return out
}

func status(t testing.TB, s string) evidence.Status {
	t.Helper()
	switch s {
	case "queued":
		return evidence.StatusQueued
	case "running":
		return evidence.StatusRunning
	case "waiting":
		return evidence.StatusWaiting
	case "completed", "":
		return evidence.StatusCompleted
	case "unknown":
		return evidence.StatusUnknown
	}
	t.Fatalf("no status %q", s)
	return 0
}

func (r run) run(t testing.TB) evidence.Run {
	t.Helper()
	out := evidence.Run{
		RepositoryID: or(r.Repository, 2), ID: or(r.Run, 10), Attempt: or(r.Attempt, 1), Workflow: or(r.Workflow, ciFile), Event: or(r.Event, "push"),
		RefProtected: r.Protected, HeadCommit: object(or(r.Commit, "c")), HeadRepositoryID: pointed(r.Fork, 2), Started: ago(t, or(r.Age, "2h")),
		Status: status(t, r.Status), Gone: r.Gone,
	}
	if tree := pointed(r.Tree, "t"); tree != "" {
		out.Tree = object(tree)
	}
	if r.NoStart {
		out.Started = time.Time{}
	}
	if out.Status == evidence.StatusCompleted {
		out.Conclusion = or(r.Conclusion, "success")
	}
	if r.Jobs == nil {
		r.Jobs = []job{{Name: "test"}, {Name: "record"}}
	}
	out.Jobs = fact.Of(each(r.Jobs, func(j job) evidence.Job {
		got := evidence.Job{Name: j.Name, Attempt: or(j.Attempt, out.Attempt), Status: status(t, j.Status), Runner: pointed(j.Runner, "github-hosted")}
		if got.Status == evidence.StatusCompleted {
			got.Conclusion = or(j.Conclusion, "success")
		}
		return got
	}))
	if r.NoJobs {
		out.Jobs = fact.Missing[[]evidence.Job]("GitHub answered 502")
	}
	return out
}

func (d deployment) deployment(t testing.TB) evidence.Deployment {
	t.Helper()
	basis := map[string]evidence.Basis{"": evidence.BasisEvidence, "waiver": evidence.BasisWaiver, "observe": evidence.BasisObserve, "bypass": evidence.BasisBypass, "unknown": evidence.BasisUnknown}
	b, ok := basis[d.Basis]
	if !ok {
		t.Fatalf("no basis %q", d.Basis)
	}
	at := ago(t, d.Age)
	if d.Age == "unknown" {
		at = time.Time{}
	}
	return evidence.Deployment{Environment: blank(or(d.Environment, "production")), Commit: object(or(d.Commit, "before")), Tree: object(or(d.Tree, "t-before")),
		Digests: digests(d.Digests), Basis: b, Succeeded: !d.Failed, At: at, Suites: d.Suites}
}

// told is a decision as a golden shows it, with the names of objects in place of their ids.
func told(d evidence.Decision, data []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", d.Outcome)
	if !d.Until.IsZero() {
		fmt.Fprintf(&b, " until %s", d.Until.Format(time.RFC3339))
	}
	b.WriteString("\n")
	reason := func(r evidence.Reason) {
		for _, l := range [][2]string{{"looked", r.Looked}, {"found", r.Found}, {"fix", r.Fix}} {
			if l[1] != "" {
				fmt.Fprintf(&b, "    %-6s  %s\n", l[0], l[1])
			}
		}
	}
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "- %s\n", r.Code)
		reason(r)
	}
	for _, s := range d.Suites {
		fmt.Fprintf(&b, "- suite %s: %s, %s\n", s.Name, s.Outcome, s.Code)
		reason(s.Reason)
		if r := s.Record; r != nil {
			fmt.Fprintf(&b, "    record  run %d.%d, %d of %d passed, %s, %s old\n", r.RunID, r.Attempt, r.Counts.Passed, r.Counts.Executed, r.Assurance, r.Age)
			if r.Coverage.Lines > 0 {
				fmt.Fprintf(&b, "    covered %s by %q\n", r.Coverage, r.Measured)
			}
		}
	}
	return named(b.String(), data)
}

func named(text string, data []byte) string {
	for _, word := range strings.FieldsFunc("c t before t-before "+string(data), func(r rune) bool { return strings.ContainsRune(` "{}[],:`+"\n", r) }) {
		if strings.HasPrefix(word, "!") {
			continue
		}
		text = strings.ReplaceAll(text, digest(word), "digest("+word+")")
		text = strings.ReplaceAll(text, object(word), "id("+word+")")
		text = strings.ReplaceAll(text, object(word)[:7], word)
	}
	return text
}
