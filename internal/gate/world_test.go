package gate_test

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/verdict"
	"github.com/org/platform-action/internal/waiver"
)

// A world is a question as a case writes it. What it leaves away is run 20 of the deploy workflow, which asked two minutes
// ago to bring commit c with tree t to production, whose suite unit is green on that tree. Times are ages.
type world struct {
	Environment *string       `json:"environment"`
	Now         string        `json:"now"` // RFC 3339; "never": not given
	Asked       string        `json:"asked"`
	ErrorSince  string        `json:"error_since"`
	Run         *int64        `json:"run"`
	Attempt     *int          `json:"attempt"`
	Digests     []string      `json:"digests"`
	Tests       string        `json:"tests"` // green, red, zero, none, running, other-tree
	Settings    []environment `json:"settings"`
	Deployer    deployer      `json:"deployer"`
	Deployments []deployment  `json:"deployments"`
	Edited      string        `json:"edited"` // guarded path that nobody approved
	Debts       []debt        `json:"debts"`
	Policies    []policy      `json:"policies"`
	Waivers     []glass       `json:"waivers"`
	Actors      []int64       `json:"actors"`
	Authors     []int64       `json:"authors"`
	Missing     []string      `json:"missing"` // groups that could not be had
}

type environment struct {
	Name      string        `json:"name"`
	NoSuites  bool          `json:"no_suites"`
	Freeze    []gate.Freeze `json:"freeze"`
	DecideBy  string        `json:"decide_by"`
	Observe   string        `json:"observe"` // for how much longer
	After     string        `json:"after"`
	Soak      string        `json:"soak"`
	From      string        `json:"from"`
	Workflows []string      `json:"workflows"`
	Jobs      []string      `json:"jobs"`
}

type deployer struct {
	Workflow  string   `json:"workflow"`
	Fork      int64    `json:"fork"`
	Commit    string   `json:"commit"`
	Attempt   int      `json:"attempt"`
	Jobs      []string `json:"jobs"`
	Reachable *bool    `json:"reachable"`
}

type deployment struct {
	Environment string         `json:"environment"`
	Tree        string         `json:"tree"`
	Basis       evidence.Basis `json:"basis"`
	Failed      bool           `json:"failed"`
	Age         string         `json:"age"`
}

type debt struct {
	Tree  string         `json:"tree"`
	Basis evidence.Basis `json:"basis"`
	Age   string         `json:"age"`
	Tests string         `json:"tests"` // as above; empty: nobody looked
}

type policy struct{ ID, Title, Msg, Fix, Severity string }

type glass struct {
	Commit      string `json:"commit"`
	Environment string `json:"environment"`
	Requester   int64  `json:"requester"`
	Approver    int64  `json:"approver"`
	Age         string `json:"age"`
	Used        int    `json:"used"`
	NoRole      bool   `json:"no_role"`
}

const deployFile = ".github/workflows/deploy.yml"

func present() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func object(name string) string {
	sum := sha1.Sum([]byte(name))
	return hex.EncodeToString(sum[:])
}

func digest(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "sha256:" + hex.EncodeToString(sum[:])
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

func each[A, B any](list []A, f func(A) B) []B {
	out := []B{}
	for _, v := range list {
		out = append(out, f(v))
	}
	return out
}

func must[T any](t testing.TB) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func span(t testing.TB, s string) time.Duration {
	t.Helper()
	if s == "" {
		return 0
	}
	return must[time.Duration](t)(time.ParseDuration(s))
}

func parseWorld(t testing.TB, data []byte) world {
	t.Helper()
	var w world
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w world) question(t testing.TB) gate.Question {
	t.Helper()
	now := present()
	if w.Now != "" && w.Now != "never" {
		now = must[time.Time](t)(time.Parse(time.RFC3339, w.Now))
	}
	q := gate.Question{Subject: w.subject(t, now), Asked: now.Add(-span(t, or(w.Asked, "2m")))}
	if w.ErrorSince != "" {
		q.ErrorSince = now.Add(-span(t, w.ErrorSince))
	}
	if w.Settings == nil {
		w.Settings = []environment{{}}
	}
	q.Settings = fact.Of(gate.Settings{Environments: each(w.Settings, func(e environment) gate.Environment { return e.environment(t, now) })})
	q.Policies = fact.Of(each(w.Policies, func(p policy) verdict.Finding {
		f := verdict.Finding{ID: p.ID, Title: p.Title, Message: p.Msg, Fix: p.Fix}
		if err := f.Severity.UnmarshalText([]byte(p.Severity)); err != nil {
			t.Fatal(err)
		}
		return f
	}))
	q.Debts = fact.Of(each(w.Debts, func(d debt) gate.Debt { return d.debt(t, w, now) }))
	q.Waivers = fact.Of(each(w.Waivers, func(g glass) gate.Glass { return g.glass(t, now) }))
	q.People = fact.Of(gate.People{Actors: append([]int64{12}, w.Actors...), Authors: append([]int64{10}, w.Authors...)})
	if w.Now == "never" {
		q.Subject.Now = time.Time{}
	}
	for _, name := range w.Missing {
		w.lose(t, &q, name)
	}
	return q
}

func (w world) lose(t testing.TB, q *gate.Question, name string) {
	t.Helper()
	const away, bad = "the database is away", "GitHub answered 502"
	switch name {
	case "settings":
		q.Settings = fact.Missing[gate.Settings](bad)
	case "policies":
		q.Policies = fact.Missing[[]verdict.Finding]("they took longer than 5 s")
	case "debts":
		q.Debts = fact.Missing[[]gate.Debt](away)
	case "waivers":
		q.Waivers = fact.Missing[[]gate.Glass](away)
	case "people":
		q.People = fact.Missing[gate.People](bad)
	case "records":
		q.Subject.Records = fact.Missing[[]evidence.Record](away)
	case "runs":
		q.Subject.Runs = fact.Missing[[]evidence.Run](bad)
	case "history":
		q.Subject.History = fact.Missing[evidence.History](away)
	case "guarded":
		q.Subject.Guarded = fact.Missing[[]evidence.Guarded](bad)
	case "deployer":
		q.Subject.Deployer = fact.Missing[evidence.Deployer](bad)
	default:
		t.Fatalf("no group %q", name)
	}
}

// groups are all that lose knows.
func groups() []string {
	return []string{"settings", "policies", "debts", "waivers", "people", "records", "runs", "history", "guarded", "deployer"}
}

func (w world) subject(t testing.TB, now time.Time) evidence.Question {
	t.Helper()
	s := evidence.Question{Tenant: evidence.Tenant{Installation: 1, Repository: 2}, Commit: object("c"), Tree: object("t"), Environment: pointed(w.Environment, "production"),
		RunID: pointed(w.Run, 20), Attempt: pointed(w.Attempt, 1), Now: now, Digests: w.Digests}
	records, runs := tested(t, or(w.Tests, "green"), "t", now)
	s.Records, s.Runs = fact.Of(records), fact.Of(runs)
	s.History = fact.Of(evidence.History{Deployments: each(w.Deployments, func(d deployment) evidence.Deployment {
		return evidence.Deployment{Environment: or(d.Environment, "production"), Commit: object("c-" + d.Tree), Tree: object(d.Tree), Basis: d.Basis, Succeeded: !d.Failed,
			At: now.Add(-span(t, d.Age)), Suites: []string{"unit"}}
	})})
	s.Guarded = fact.Of([]evidence.Guarded{})
	if w.Edited != "" {
		s.Guarded = fact.Of([]evidence.Guarded{{Path: w.Edited, Commit: object("c")}})
	}
	s.Changes = fact.Of(evidence.Changes{})
	s.Provenance = fact.Of(each(w.Digests, func(d string) evidence.Provenance {
		return evidence.Provenance{Digest: d, RepositoryID: s.Tenant.Repository, Commit: object("c"), Workflow: ".github/workflows/build.yml", WorkflowCommit: object("c"), Event: "push", Runner: "github-hosted"}
	}))
	d := w.Deployer
	reachable := fact.Of(true)
	if d.Reachable != nil {
		reachable = fact.Of(*d.Reachable)
	}
	s.Deployer = fact.Of(evidence.Deployer{RepositoryID: 2, HeadRepositoryID: or(d.Fork, 2), RunID: s.RunID, Attempt: or(d.Attempt, s.Attempt), Workflow: or(d.Workflow, deployFile),
		HeadCommit: object(or(d.Commit, "c")), Reachable: reachable, Jobs: or2(d.Jobs, []string{"deploy"})})
	return s
}

func or2(list, otherwise []string) []string {
	if list == nil {
		return otherwise
	}
	return list
}

// tested are what is recorded of suite unit on a tree.
func tested(t testing.TB, how, tree string, now time.Time) ([]evidence.Record, []evidence.Run) {
	t.Helper()
	const ci = ".github/workflows/ci.yml"
	counts := map[string]report.Counts{"green": {Executed: 30, Passed: 30}, "red": {Executed: 30, Passed: 29, Failed: 1}, "zero": {}, "other-tree": {Executed: 30, Passed: 30}}
	started := now.Add(-2 * time.Hour)
	run := evidence.Run{RepositoryID: 2, ID: 10, Attempt: 1, Workflow: ci, Event: "push", HeadCommit: object("c"), HeadRepositoryID: 2, Tree: object(tree),
		Started: started, Status: evidence.StatusCompleted, Conclusion: "success",
		Jobs: fact.Of([]evidence.Job{{Name: "test", Attempt: 1, Status: evidence.StatusCompleted, Conclusion: "success", Runner: "github-hosted"}})}
	switch how {
	case "none":
		return []evidence.Record{}, []evidence.Run{}
	case "running":
		run.Status, run.Conclusion = evidence.StatusRunning, ""
		run.Jobs = fact.Of([]evidence.Job{{Name: "test", Attempt: 1, Status: evidence.StatusRunning}})
		return []evidence.Record{}, []evidence.Run{run}
	case "other-tree":
		tree, run.Tree, run.HeadCommit = "u", object("u"), object("d")
	}
	c, ok := counts[how]
	if !ok {
		t.Fatalf("no tests %q", how)
	}
	record := must[evidence.Record](t)(evidence.NewRecord(evidence.Record{
		Producer: evidence.Producer{Tenant: evidence.Tenant{Installation: 1, Repository: 2}, OwnerID: 3, HeadRepositoryID: 2, HeadCommit: run.HeadCommit, Workflow: ci,
			Job: "record", Needs: []string{"test"}, Event: "push", Ref: "refs/heads/main", RunID: 10, Attempt: 1, RunStarted: started, Runner: "github-hosted",
			WorkflowRef: "acme/shop/" + ci + "@refs/heads/main", WorkflowSHA: run.HeadCommit},
		Subject: evidence.Subject{Commit: run.HeadCommit, Tree: object(tree)}, Assurance: evidence.AssuranceIsolated, Recorded: started.Add(time.Minute),
		Suites: []evidence.Suite{{Name: "unit", Tool: "pytest", Counts: c, Reports: []evidence.ReportDigest{{Name: "r.xml", Format: "junit", SHA256: digest("r")[7:]}}}},
	}))
	return []evidence.Record{record}, []evidence.Run{run}
}

func (e environment) environment(t testing.TB, now time.Time) gate.Environment {
	t.Helper()
	out := gate.Environment{Name: or(e.Name, "production"), Freeze: e.Freeze, DecideBy: span(t, e.DecideBy)}
	if e.Observe != "" {
		out.Observe = now.Add(span(t, e.Observe))
	}
	if !e.NoSuites {
		out.Suites = []evidence.SuiteRequirement{{Name: "unit", Workflow: ".github/workflows/ci.yml", Job: "test"}}
	}
	out.After, out.Soak, out.From, out.DeployWorkflows, out.DeployJobs = e.After, span(t, e.Soak), e.From, e.Workflows, e.Jobs
	out.BuildWorkflows = []string{".github/workflows/build.yml"}
	return out
}

// debt is what is owed, with what evidence says of its tree.
func (d debt) debt(t testing.TB, w world, now time.Time) gate.Debt {
	t.Helper()
	tree := or(d.Tree, "hotfix")
	out := gate.Debt{Basis: or(d.Basis, evidence.BasisWaiver), Commit: object("c-" + tree), Tree: object(tree), At: now.Add(-span(t, or(d.Age, "1h")))}
	if d.Tests != "" {
		q := w.subject(t, now)
		q.Commit, q.Tree, q.RunID, q.Attempt, q.Requirement = out.Commit, out.Tree, 0, 0, environment{}.environment(t, now).Requirement
		records, runs := tested(t, d.Tests, tree, now)
		q.Records, q.Runs = fact.Of(records), fact.Of(runs)
		out.Evidence = evidence.Tested(q)
	}
	return out
}

func (g glass) glass(t testing.TB, now time.Time) gate.Glass {
	t.Helper()
	issued := now.Add(-span(t, or(g.Age, "10m")))
	w := waiver.Waiver{Version: 1, Installation: 1, Repository: 2, Environment: or(g.Environment, "production"), Commit: object(or(g.Commit, "c")), Reason: "the shop is down",
		Requester: waiver.Person{ID: or(g.Requester, 10), Login: "ada"}, Approver: waiver.Approver{Person: waiver.Person{ID: or(g.Approver, 11), Login: "grace"}, User: true, As: "team platform"},
		Issued: issued, Expires: issued.Add(time.Hour), Uses: 1}
	return gate.Glass{Waiver: w, Used: g.Used, Entitled: !g.NoRole}
}
