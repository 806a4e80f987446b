package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	counted "github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/sandbox"
	"github.com/org/platform-action/internal/store"
)

// desk is the flow on a real store and GitHub's stand-in, with a queue and a clock of the server that only the test moves.
type desk struct {
	t      testing.TB
	hub    *githubtest.Server
	owner  *githubtest.Installation
	repo   *githubtest.Repo
	tenant control.Tenant
	db     *store.Store
	broken *flaky
	flow   *control.Flow
	now    time.Time
	wanted []control.Task
	tip    string
	merges int
	built  control.Built // what every bundle proves
}

var deskKey = sync.OnceValue(func() *rsa.PrivateKey { //nolint:gochecknoglobals // made once, because it takes long
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// deskEngine compiles each set of policies once for all desks: what it keeps is named by its content and never changes.
var deskEngine = sync.OnceValues(func() (*control.Engine, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return control.NewEngine(sandbox.New(program, []string{sandboxArgument}, 2))
})

// Want implements control.Queue.
func (d *desk) Want(_ context.Context, tasks ...control.Task) error {
	d.wanted = append(d.wanted, tasks...)
	return nil
}

func newDesk(t *testing.T, more string) *desk {
	t.Helper()
	d := &desk{t: t, now: time.Now().UTC().Truncate(time.Second)}
	clock := func() time.Time { return d.now }
	var err error
	if d.hub, err = githubtest.New(githubtest.Options{Validate: true, Key: deskKey()}); err != nil {
		t.Fatal(err)
	}
	url, err := d.hub.Start()
	if err != nil {
		t.Fatal(err)
	}
	log := &journal{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	if d.db, err = store.Open(t.Context(), store.Options{URL: newDatabase(t), Now: clock, Log: logger}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.db.Close()
		_ = d.hub.Close()
		for _, bad := range d.hub.Invalid() {
			t.Error("GitHub would refuse: " + bad)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	forge, err := github.New(github.Options{APIURL: url, AppID: d.hub.AppID(), PrivateKey: deskKey(), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	engine, err := deskEngine()
	if err != nil {
		t.Fatal(err)
	}
	d.broken = &flaky{Records: d.db, at: -1}
	d.flow = control.NewFlow(control.FlowOptions{
		Forge: forge, Records: d.broken, Queue: d, Engine: engine, Now: clock, Log: logger,
		Prove:  func([]byte) (control.Built, error) { return d.built, nil },
		Signer: control.Signer{Key: func() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)) }, Server: "https://platform.example.com"},
	})
	i := d.hub.Install("acme")
	d.owner, d.repo = i, d.hub.AddRepository(i, "shop")
	d.tenant = control.Tenant{Installation: i.ID, Repository: d.repo.ID}
	d.tip = d.repo.Commit("main", guardedFiles(more))
	for _, login := range []string{"writer", "boss", "other"} {
		d.repo.SetRole(login, "write")
	}
	d.do(control.Task{Tenant: d.tenant.Account(), Kind: control.SyncInstallation})
	d.do(control.Task{Tenant: d.tenant, Kind: control.SweepRepository})
	return d
}

// do handles a task until it ends; what asks for later fails the test.
func (d *desk) do(t control.Task) {
	d.t.Helper()
	if err := d.flow.Handle(d.t.Context(), t, 1); err != nil {
		d.t.Fatalf("%s: %v", t.Kind, err)
	}
}

// tested keeps a record of a run on a commit, as an upload would: so many pass, and fail.
func (d *desk) tested(id int64, commit string, passed, failed int) {
	d.t.Helper()
	d.testedAs(id, commit, counted.Counts{Executed: passed + failed, Passed: passed, Failed: failed}, nil)
}

// testedAs keeps one with these counts, changed as the caller likes.
func (d *desk) testedAs(id int64, commit string, counts counted.Counts, change func(*evidence.Record)) {
	d.t.Helper()
	run := githubtest.Run{
		ID: id, Path: ci, HeadSHA: commit, Event: "push", Branch: "main", Attempt: 1, Status: "completed", Conclusion: "success", Started: d.now,
		Jobs: []githubtest.Job{{ID: id*100 + 1, Name: "test", Conclusion: "success"}, {ID: id*100 + 2, Name: "record", Conclusion: "success"}},
	}
	d.repo.AddRun(run)
	record := evidence.Record{
		Producer: evidence.Producer{
			Tenant: evidence.Tenant{Installation: d.tenant.Installation, Repository: d.tenant.Repository}, OwnerID: d.repo.Owner().ID,
			HeadRepositoryID: d.repo.ID, HeadCommit: commit, Workflow: ci, Job: "record", Needs: []string{"test"}, Event: "push",
			Ref: "refs/heads/main", RunID: id, Attempt: 1, RunStarted: d.now, Runner: "github-hosted",
		},
		Subject: evidence.Subject{Commit: commit, Tree: d.repo.Tree(commit)}, Assurance: evidence.AssuranceSameJob, Recorded: d.now,
		Suites: []evidence.Suite{{
			Name: "unit", Counts: counts,
			Reports: []evidence.ReportDigest{{Name: "a.xml", Format: "junit", SHA256: strings.Repeat("f", 64)}},
		}},
	}
	if change != nil {
		change(&record)
	}
	r, err := evidence.NewRecord(record)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.db.KeepEvidence(d.t.Context(), d.tenant, control.Kept{Records: []evidence.Record{r}}); err != nil {
		d.t.Fatal(err)
	}
}

// ask lets a run wait for production.
func (d *desk) ask(id int64, commit string) {
	d.t.Helper()
	run := deploying(id, commit)
	run.Started = d.now
	d.repo.Deploy(run, "production")
}

// finished lets the job of an approved run end well, and the server look at it.
func (d *desk) finished(id int64) {
	d.t.Helper()
	run := d.repo.RunOf(id)
	run.Status, run.Conclusion = "completed", "success"
	for i := range run.Jobs {
		run.Jobs[i].Status, run.Jobs[i].Conclusion = "completed", "success"
	}
	d.repo.AddRun(run)
	d.do(control.Task{Tenant: d.tenant, Kind: control.LookAtRun, Subject: strconv.FormatInt(id, 10)})
}

// locks is what a job of a run is told that asks before it deploys.
func (d *desk) locks(id int64, body string) control.LockReceipt {
	d.t.Helper()
	run := d.repo.RunOf(id)
	run.Status, run.Conclusion = "in_progress", ""
	for i := range run.Jobs {
		run.Jobs[i].Status, run.Jobs[i].Conclusion = "in_progress", ""
	}
	d.repo.AddRun(run)
	d.merges++
	got, err := d.flow.DecideHere(d.t.Context(), control.Run{
		RepositoryID: d.repo.ID, OwnerID: d.repo.Owner().ID, ID: id, Attempt: 1, CheckRunID: run.Jobs[0].ID, SHA: run.HeadSHA, Ref: "refs/heads/main",
		Event: run.Event, WorkflowRef: d.repo.FullName() + "/" + run.Path + "@refs/heads/main", WorkflowSHA: run.HeadSHA, Environment: "production",
		RunnerKind: "github-hosted", Issued: d.now, Expires: d.now.Add(5 * time.Minute), TokenID: fmt.Sprint("token ", d.merges),
	}, []byte(body))
	if err != nil {
		d.t.Fatal(err)
	}
	return got
}

// organisation brings the organisation's file into force.
func (d *desk) organisation(text string) {
	d.t.Helper()
	d.centrally(map[string]string{"platform.yml": text})
}

// centrally brings files of the organisation's repository into force.
func (d *desk) centrally(files map[string]string) {
	d.t.Helper()
	central := d.hub.AddRepository(d.owner, ".github")
	central.Commit("main", files)
	d.do(control.Task{Tenant: d.tenant.Account(), Kind: control.SyncInstallation})
	d.do(control.Task{Tenant: control.Tenant{Installation: d.tenant.Installation, Repository: central.ID}, Kind: control.ReadBranch})
	d.do(control.Task{Tenant: d.tenant, Kind: control.SweepRepository})
}

// work does what the gate has asked the queue for, as far as it is due.
func (d *desk) work() {
	d.t.Helper()
	for range 100 {
		var due, rest []control.Task
		for _, t := range d.wanted {
			if t.Kind != control.DecideDeployment && t.Kind != control.WakeDeployment && t.Kind != control.WakeDeployments {
				continue // what is no business of the gate's
			}
			if t.NotBefore.After(d.now) {
				rest = append(rest, t)
			} else {
				due = append(due, t)
			}
		}
		if d.wanted = rest; len(due) == 0 {
			return
		}
		for _, t := range due {
			err := d.flow.Handle(d.t.Context(), t, 1)
			if later, ok := errors.AsType[*control.Later](err); ok {
				t.NotBefore = d.now.Add(later.After)
				d.wanted = append(d.wanted, t)
			} else if err != nil {
				d.t.Errorf("%s: %v", t.Kind, err)
			}
		}
	}
	d.t.Error("the queue never ends")
}

// try decides once; what comes back is what the queue would be told.
func (d *desk) try(id int64) error {
	return d.flow.Handle(d.t.Context(), control.Task{Tenant: d.tenant, Kind: control.DecideDeployment, Subject: control.DeploymentSubject(id, "production")}, 1)
}

// pass lets time go by in steps, with a look at each, until GitHub has an answer.
func (d *desk) pass(id int64, most, step time.Duration) githubtest.Gate {
	d.t.Helper()
	for end := d.now.Add(most); d.now.Before(end); d.now = d.now.Add(step) {
		err := d.try(id)
		var later *control.Later
		if err != nil && !errors.As(err, &later) && !errors.Is(err, errBroken) {
			d.t.Logf("an attempt failed: %v", err)
		}
		if g := d.repo.GateOf(id, "production"); g.State != "waiting" {
			return g
		}
	}
	return d.repo.GateOf(id, "production")
}

// proved fails the test where GitHub was told something that the ledger does not have, or the ledger does not hold.
func (d *desk) proved(g githubtest.Gate) {
	d.t.Helper()
	if err := d.db.VerifyLedger(d.t.Context(), d.tenant); err != nil {
		d.t.Error(err)
	}
	entries, err := d.db.Ledger(d.t.Context(), d.tenant, 0, 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range entries {
		if strings.Contains(string(e.Body), `"outcome":"`+g.State+`"`) {
			return
		}
	}
	d.t.Errorf("GitHub was told %q, and none of %d entries says why", g.State, len(entries))
}

var errBroken = errors.New("the store is down")

// flaky is a store that fails at one of its calls, before or after it has done what it was asked for.
type flaky struct {
	control.Records

	at, calls int // the call that fails; -1: none
	after     bool
	hung      chan struct{} // not nil: that call says so, and lasts until its caller has no more time
}

func (f *flaky) breaks(ctx context.Context) bool {
	f.calls++
	if f.calls-1 != f.at {
		return false
	}
	if f.hung != nil {
		close(f.hung)
		<-ctx.Done()
	}
	return true
}

func (f *flaky) Deployment(ctx context.Context, t control.Tenant, k control.DeploymentKey) (control.DeploymentRecord, bool, error) {
	if f.breaks(ctx) {
		return control.DeploymentRecord{}, false, errBroken
	}
	return f.Records.Deployment(ctx, t, k)
}

func (f *flaky) DeploymentsOf(ctx context.Context, t control.Tenant, run int64) ([]control.DeploymentRecord, error) {
	if f.breaks(ctx) {
		return nil, errBroken
	}
	return f.Records.DeploymentsOf(ctx, t, run)
}

func (f *flaky) DeploymentHistory(ctx context.Context, t control.Tenant, e []string, n int) ([]control.DeploymentRecord, error) {
	if f.breaks(ctx) {
		return nil, errBroken
	}
	return f.Records.DeploymentHistory(ctx, t, e, n)
}

func (f *flaky) Evidence(ctx context.Context, t control.Tenant, s control.EvidenceSearch) ([]evidence.Record, error) {
	if f.breaks(ctx) {
		return nil, errBroken
	}
	return f.Records.Evidence(ctx, t, s)
}

func (f *flaky) EvidenceVersion(ctx context.Context, t control.Tenant) (int64, error) {
	if f.breaks(ctx) {
		return 0, errBroken
	}
	return f.Records.EvidenceVersion(ctx, t)
}

func (f *flaky) ChangeDeployment(ctx context.Context, t control.Tenant, k control.DeploymentKey, change func(*control.DeploymentRecord)) (control.DeploymentRecord, error) {
	breaks := f.breaks(ctx)
	if breaks && !f.after {
		return control.DeploymentRecord{}, errBroken
	}
	d, err := f.Records.ChangeDeployment(ctx, t, k, change)
	if breaks {
		return control.DeploymentRecord{}, errBroken
	}
	return d, err
}

func (f *flaky) DecideDeployment(ctx context.Context, t control.Tenant, v control.DeploymentVerdict) (control.DeploymentRecord, error) {
	breaks := f.breaks(ctx)
	if breaks && !f.after {
		return control.DeploymentRecord{}, errBroken
	}
	d, err := f.Records.DecideDeployment(ctx, t, v)
	if breaks {
		return control.DeploymentRecord{}, errBroken
	}
	return d, err
}
