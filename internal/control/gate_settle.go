package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
)

// waitingDeployments are the tasks that look again at every deployment of a repository that waits.
func (f *Flow) waitingDeployments(ctx context.Context, t Tenant) ([]Task, error) {
	list, err := f.o.Records.OpenDeployments(ctx, t)
	var out []Task
	for _, d := range list {
		out = append(out, Task{Tenant: t, Kind: DecideDeployment, Subject: DeploymentSubject(d.Run, d.Environment)})
	}
	return out, err
}

// awaitingTests are the tasks that look again at those that the tests of a tree may decide: of that tree, of one that is not
// known yet, and to an environment that owes that tree's tests. Others wait on: a thousand would ask GitHub for the same.
func (f *Flow) awaitingTests(ctx context.Context, t Tenant, tree string) ([]Task, error) {
	list, err := f.o.Records.OpenDeployments(ctx, t)
	if err != nil {
		return nil, err
	}
	owing := map[string]bool{}
	var out []Task
	for _, d := range list {
		if _, asked := owing[d.Environment]; !asked {
			debts, err := f.o.Records.Debts(ctx, t, d.Environment, time.Time{})
			if err != nil {
				return nil, err
			}
			owing[d.Environment] = slices.ContainsFunc(debts, func(debt gate.Debt) bool { return debt.Tree == tree })
		}
		if d.Tree == "" || d.Tree == tree || owing[d.Environment] {
			out = append(out, Task{Tenant: t, Kind: DecideDeployment, Subject: DeploymentSubject(d.Run, d.Environment)})
		}
	}
	return out, nil
}

// wakeWaiting looks again at the deployments of a commit or a run that wait. It asks GitHub nothing: mostly none does.
func (f *Flow) wakeWaiting(ctx context.Context, t Task) error {
	list, err := f.o.Records.OpenDeployments(ctx, t.Tenant)
	if err != nil {
		return err
	}
	var tasks []Task
	for _, d := range list {
		if d.Commit == t.Subject || strconv.FormatInt(d.Run, 10) == t.Subject {
			tasks = append(tasks, Task{Tenant: t.Tenant, Kind: DecideDeployment, Subject: DeploymentSubject(d.Run, d.Environment)})
		}
	}
	return f.o.Queue.Want(ctx, tasks...)
}

// wakeDue looks again at every deployment whose time has come: a timer may be lost, a deployment must not.
func (f *Flow) wakeDue(ctx context.Context) error {
	due, err := f.o.Records.DueDeployments(ctx, f.o.Now())
	if err != nil {
		return err
	}
	var tasks []Task
	for _, d := range due {
		tasks = append(tasks, Task{Tenant: d.Tenant, Kind: DecideDeployment, Subject: DeploymentSubject(d.Key.Run, d.Key.Environment)})
	}
	return f.o.Queue.Want(ctx, tasks...)
}

// findDeployments looks for runs that wait and that nobody told of: a delivery may be lost, and may say next to nothing.
func (f *Flow) findDeployments(ctx context.Context, r Repository) error {
	runs, err := f.o.Forge.WaitingRuns(ctx, r)
	if err != nil {
		return err
	}
	var tasks []Task
	for _, run := range runs {
		names, err := f.o.Forge.PendingEnvironments(ctx, r, run.ID)
		if errors.Is(err, ErrGone) {
			continue
		}
		if err != nil {
			return err
		}
		for _, name := range names {
			data, err := json.Marshal(DeploymentInput{Run: run.ID, Environment: name})
			if err != nil {
				return err
			}
			tasks = append(tasks, Task{Tenant: r.Tenant, Kind: DecideDeployment, Subject: DeploymentSubject(run.ID, name), Input: data})
		}
	}
	return f.o.Queue.Want(ctx, tasks...)
}

// runMoved looks at the deployments of a run that began or ended.
func (f *Flow) runMoved(ctx context.Context, r Repository, id int64) error {
	list, err := f.o.Records.DeploymentsOf(ctx, r.Tenant, id)
	if err != nil || !slices.ContainsFunc(list, unsettled) {
		return err
	}
	run, err := f.o.Forge.WorkflowRun(ctx, r, id)
	if errors.Is(err, ErrGone) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.settleRun(ctx, r, run, list)
}

func unsettled(d DeploymentRecord) bool {
	return d.Open() || !d.Settled && (d.Went() || d.Refused())
}

// settleRun finds how the jobs that deploy have ended. A status of a deployment is not asked: anybody who may write
// deployments can set one. Jobs that went ahead without an answer of ours, or against it, went past us.
func (f *Flow) settleRun(ctx context.Context, r Repository, run WorkflowRun, list []DeploymentRecord) error {
	for _, d := range list {
		if !unsettled(d) || d.Attempt != run.Attempt || d.Basis == evidence.BasisBypass {
			continue
		}
		end, err := f.jobsEnded(ctx, r, run, d.Name)
		if err != nil {
			return err
		}
		switch {
		case d.Open() && !d.Posting && (end.ran || end.succeeded), d.Refused() && end.succeeded:
			if err := f.bypassed(ctx, r, d, true); err != nil {
				return err
			}
		case d.Open() && run.Status != evidence.StatusCompleted:
		case !d.Open() && !end.ended:
		case d.Open():
			if _, err := f.o.Records.ChangeDeployment(ctx, r.Tenant, d.DeploymentKey, over); err != nil {
				return err
			}
		default:
			if err := f.o.Records.EndDeployment(ctx, r.Tenant, d.DeploymentKey, end.succeeded, f.o.Now().UTC()); err != nil {
				return err
			}
		}
	}
	return nil
}

// ending is how the jobs of a run ended that name an environment.
type ending struct{ ran, ended, succeeded bool }

func (f *Flow) jobsEnded(ctx context.Context, r Repository, run WorkflowRun, environment string) (ending, error) {
	out := ending{ended: run.Status == evidence.StatusCompleted}
	names, err := f.deployingJobs(ctx, r, run.HeadCommit, run.Workflow, environment)
	if err != nil {
		return out, doubtful(err)
	}
	jobs, err := f.fileJobs(ctx, r, run, run.HeadCommit)
	if err != nil {
		return out, doubtful(err)
	}
	mine := 0
	out.ended, out.succeeded = true, true
	for _, j := range jobs {
		if !slices.ContainsFunc(names, func(id string) bool { return id == j.Name || strings.HasSuffix(id, "/"+j.Name) }) {
			continue
		}
		mine++
		done := j.Status == evidence.StatusCompleted
		out.ran = out.ran || j.Status == evidence.StatusRunning || done && j.Conclusion == "success"
		out.ended = out.ended && done
		out.succeeded = out.succeeded && done && j.Conclusion == "success"
	}
	if mine == 0 {
		return ending{ended: run.Status == evidence.StatusCompleted}, nil
	}
	return out, nil
}

// doubtful leaves what cannot be told undecided: it counts for nothing.
func doubtful(err error) error {
	if _, ok := errors.AsType[*troubled](err); ok {
		return nil
	}
	return err
}

// settleDeployment looks at a deployment that says it has succeeded. What it says is not believed: it leads to a run whose
// jobs tell, or to a deployment past us.
func (f *Flow) settleDeployment(ctx context.Context, r Repository, t Task) error {
	var in DeploymentInput
	id, err := strconv.ParseInt(t.Subject, 10, 64)
	if err != nil || id <= 0 || json.Unmarshal(t.Input, &in) != nil {
		return &Parked{Reason: "a deployment has no such id or input: " + cut(t.Subject, 80)}
	}
	if nothing, err := f.asksNothing(ctx, r.Tenant); err != nil || nothing {
		return err
	}
	want, err := f.requirements(ctx, r)
	if err != nil || want.gateNamed(in.Environment).Name == "" {
		return err
	}
	at, err := f.o.Forge.Deployment(ctx, r, id)
	if errors.Is(err, ErrGone) {
		return nil
	}
	if err != nil || want.gateNamed(at.Environment).Name == "" {
		return err
	}
	d := DeploymentRecord{Name: at.Environment, Deployment: id, Commit: at.Commit}
	d.Environment, d.Run = strings.ToLower(at.Environment), -id
	var run WorkflowRun
	if in.Run > 0 {
		run, err = f.o.Forge.WorkflowRun(ctx, r, in.Run)
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
	}
	if run.ID == 0 || run.HeadCommit != at.Commit {
		return f.bypassed(ctx, r, d, false)
	}
	return f.settleKnown(ctx, r, run, d)
}

// settleKnown settles the deployments of a run, or finds that the run went past us.
func (f *Flow) settleKnown(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord) error {
	d.Run, d.Attempt = run.ID, run.Attempt
	list, err := f.o.Records.DeploymentsOf(ctx, r.Tenant, run.ID)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(had DeploymentRecord) bool { return had.DeploymentKey == d.DeploymentKey }) {
		return f.settleRun(ctx, r, run, list)
	}
	end, err := f.jobsEnded(ctx, r, run, d.Name)
	if err != nil {
		return err
	}
	return f.bypassed(ctx, r, d, end.ran)
}

// GateBypassed is the outcome that FlowOptions.Gate is told of a deployment past the gate, beside those of decisions.
const GateBypassed = "bypassed"

// bypassed records a deployment that went ahead without an answer of ours. Where a job of ours really ran it opens a debt;
// else somebody's word is all there is, and only the ledger has it.
func (f *Flow) bypassed(ctx context.Context, r Repository, d DeploymentRecord, ran bool) error {
	commit, err := f.o.Forge.Commit(ctx, r, d.Commit)
	if err != nil && !errors.Is(err, ErrGone) {
		return err
	}
	now := f.o.Now().UTC()
	d.Tree, d.Stage, d.Basis, d.Outcome, d.Decided = commit.Tree, StageOver, evidence.BasisBypass, gate.OutcomeError, now
	if d.Asked.IsZero() {
		d.Asked = now
	}
	d.Settled, d.Succeeded, d.Ended = true, ran, now
	body, err := json.Marshal(map[string]any{"key": d.DeploymentKey, "deployment": d.Deployment, "commit": d.Commit, "tree": d.Tree, "confirmed": ran})
	if err != nil {
		return err
	}
	d.Digest = digestOf(string(body))
	v := DeploymentVerdict{Kind: "bypass", Record: d, Body: body, At: now}
	if ran && d.Tree != "" {
		v.Debt = &gate.Debt{Basis: evidence.BasisBypass, Commit: d.Commit, Tree: d.Tree, At: now}
	}
	saved, err := f.o.Records.DecideDeployment(ctx, r.Tenant, v)
	if errors.Is(err, ErrMovedOn) { // it is known already; its issue may be missing
		saved, _, err = f.o.Records.Deployment(ctx, r.Tenant, d.DeploymentKey)
	}
	if err != nil || saved.Basis != evidence.BasisBypass {
		return err
	}
	d = saved
	f.o.Gate(GateBypassed, d.Basis.String())
	f.log(ctx).ErrorContext(ctx, "a deployment went past the gate", "environment", d.Environment, "run", d.Run, "commit", d.Commit, "confirmed", ran)
	if !ran {
		return nil
	}
	return f.debtIssue(ctx, r, d, fmt.Sprintf("Run [%d](%s) deployed it without an approval of this gate.", d.Run, f.more(r, d.Run)))
}

// glassIssue tells of broken glass.
func (f *Flow) glassIssue(ctx context.Context, r Repository, d DeploymentRecord) error {
	return f.debtIssue(ctx, r, d, fmt.Sprintf("Run [%d](%s) deployed it on waiver `%s`.", d.Run, f.more(r, d.Run), d.Waiver))
}

// debtIssue opens one issue for each tree that is in an environment without proof. Whether it can be opened changes nothing
// that was decided.
func (f *Flow) debtIssue(ctx context.Context, r Repository, d DeploymentRecord, how string) error {
	return f.wished(ctx, r, fmt.Sprintf("debt %d %d %s", d.Run, d.Attempt, d.Environment), func() error {
		title := fmt.Sprintf("Test debt: %s runs a tree without proof of its tests", cut(strings.Map(visible, d.Name), 100))
		body := fmt.Sprintf("Commit `%.12s`, tree `%.12s`. %s\n\nUntil its tests have run, nothing else is deployed there but a tree that was proven there before.\n\n<sub>ledger entry %d · `%s`</sub>\n",
			d.Commit, d.Tree, how, d.Sequence, digits(d.Chain))
		_, err := f.o.Forge.CreateIssue(ctx, r, title, body)
		if errors.Is(err, ErrGone) || errors.Is(err, ErrForbidden) {
			f.log(ctx).WarnContext(ctx, "no issue could be opened", "environment", d.Environment, "error", err.Error())
			return nil
		}
		return err
	})
}
