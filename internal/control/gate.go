package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
)

// Waits of a deployment that nothing may wake.
const (
	gateRetry  = 15 * time.Second // after the first error; then longer
	gateLonger = 2 * time.Minute  // at most
	gatePoll   = 5 * time.Minute  // while it waits for something to happen
	maxReports = 10               // that GitHub takes
)

// decideDeployment answers a run that waits for an environment, once for each attempt.
func (f *Flow) decideDeployment(ctx context.Context, r Repository, t Task) error {
	in, err := deploymentInput(t)
	if err != nil {
		return err
	}
	run, err := f.o.Forge.WorkflowRun(ctx, r, in.Run)
	if errors.Is(err, ErrGone) {
		return f.endDeployments(ctx, r, in, 0)
	}
	if err != nil {
		return f.unknownRun(ctx, in, err)
	}
	if err := f.endDeployments(ctx, r, in, run.Attempt); err != nil {
		return err
	}
	d, err := f.opened(ctx, r, in, run)
	if err != nil || !d.Open() {
		return err
	}
	if run.Status == evidence.StatusCompleted {
		return f.settleRun(ctx, r, run, []DeploymentRecord{d})
	}
	if d.Posting {
		if done, err := f.resume(ctx, r, run, d); err != nil || done {
			return err
		}
	}
	return f.decideAndTell(ctx, r, run, d)
}

// deploymentInput reads what a task is about: its subject says all that is needed, its input what the delivery told.
func deploymentInput(t Task) (DeploymentInput, error) {
	var in DeploymentInput
	id, environment, _ := strings.Cut(t.Subject, " ")
	run, err := strconv.ParseInt(id, 10, 64)
	if err != nil || run <= 0 || environment == "" {
		return in, &Parked{Reason: "a deployment has no such subject: " + cut(t.Subject, 80)}
	}
	if len(t.Input) > 0 {
		if err := json.Unmarshal(t.Input, &in); err != nil {
			return in, &Parked{Reason: "the input of a deployment cannot be read: " + err.Error()}
		}
	}
	in.Run = run
	if !strings.EqualFold(in.Environment, environment) {
		in.Environment = environment
	}
	return in, nil
}

// unknownRun waits where GitHub does not even say which attempt asks: nothing could be answered, and there is no end to it
// but GitHub's own. Such a task is never parked.
func (f *Flow) unknownRun(ctx context.Context, in DeploymentInput, cause error) error {
	if errors.Is(cause, ErrMoved) || ctx.Err() != nil {
		return cause
	}
	f.log(ctx).WarnContext(ctx, "a run that waits for an answer cannot be read", "run", in.Run, "error", cause.Error())
	if later, ok := errors.AsType[*Later](cause); ok {
		return later
	}
	return &Later{After: gateRetry, Reason: "a run that waits for an answer cannot be read"}
}

// opened is the record of the run's newest attempt. The commit is the one that the delivery named: what the run says of
// itself is compared with it.
func (f *Flow) opened(ctx context.Context, r Repository, in DeploymentInput, run WorkflowRun) (DeploymentRecord, error) {
	key := DeploymentKey{Environment: strings.ToLower(in.Environment), Run: run.ID, Attempt: run.Attempt}
	d, known, err := f.o.Records.Deployment(ctx, r.Tenant, key)
	if err != nil || known {
		return d, err
	}
	now := f.o.Now().UTC()
	return f.o.Records.ChangeDeployment(ctx, r.Tenant, key, func(d *DeploymentRecord) {
		if !d.Asked.IsZero() {
			return
		}
		d.Name, d.Deployment, d.Commit = in.Environment, in.Deployment, in.Commit
		if d.Commit == "" {
			d.Commit = run.HeadCommit
		}
		if d.Asked = in.Asked.UTC(); d.Asked.IsZero() || d.Asked.After(now) || run.Started.After(d.Asked) { // an earlier attempt's
			d.Asked = now
		}
		d.Wake = now.Add(gateRetry)
	})
}

// endDeployments ends the records of a run's other attempts: nobody waits for them. Attempt 0: of all of them.
func (f *Flow) endDeployments(ctx context.Context, r Repository, in DeploymentInput, attempt int) error {
	list, err := f.o.Records.DeploymentsOf(ctx, r.Tenant, in.Run)
	if err != nil {
		return err
	}
	for _, d := range list {
		if d.Attempt == attempt || !d.Open() || !strings.EqualFold(d.Environment, in.Environment) {
			continue
		}
		if _, err := f.o.Records.ChangeDeployment(ctx, r.Tenant, d.DeploymentKey, over); err != nil {
			return err
		}
	}
	return nil
}

func over(d *DeploymentRecord) {
	if d.Open() {
		d.Stage = StageOver
	}
}

// tries is how often a decision is made anew at once where what it stands on moves.
const tries = 3

// decideAndTell decides, records and answers. What moves meanwhile is read again.
func (f *Flow) decideAndTell(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord) error {
	for range tries {
		version, err := f.o.Records.EvidenceVersion(ctx, r.Tenant)
		if err != nil {
			return err
		}
		q, missing := f.ask(ctx, r, run, d, version)
		if errors.Is(missing, ErrMoved) || ctx.Err() != nil {
			return errors.Join(missing, ctx.Err())
		}
		decision := f.weigh(ctx, q, d.DeploymentKey)
		d.Tree = q.Subject.Tree
		f.noteError(&d, decision, missing)
		if !decision.Outcome.Final() {
			return f.keepWaiting(ctx, r, d, decision, missing)
		}
		d, err = f.record(ctx, r, d, q, decision, version, false)
		if errors.Is(err, ErrMovedOn) {
			if d, _, err = f.o.Records.Deployment(ctx, r.Tenant, d.DeploymentKey); err != nil || !d.Open() {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		f.log(ctx).InfoContext(ctx, "deployment", "environment", d.Environment, "run", d.Run, "attempt", d.Attempt, "outcome", d.Outcome.String(),
			"basis", d.Basis.String(), "digest", d.Digest, "entry", d.Sequence)
		return f.tell(ctx, r, d, version)
	}
	return &Later{After: time.Second, Reason: "what the decision stands on changes all the time"}
}

// noteError keeps since when every answer was an error.
func (f *Flow) noteError(d *DeploymentRecord, decision gate.Decision, missing error) {
	if decision.Outcome != gate.OutcomeError {
		d.ErrorSince, d.Errors = time.Time{}, 0
		return
	}
	if d.Errors++; d.ErrorSince.IsZero() {
		d.ErrorSince = f.o.Now().UTC()
	}
	if missing != nil {
		d.Errors = max(d.Errors, 1)
	}
}

// keepWaiting records what is waited for, and reports it to GitHub as far as it takes reports. A wait has a timer, whatever
// may wake it.
func (f *Flow) keepWaiting(ctx context.Context, r Repository, d DeploymentRecord, decision gate.Decision, missing error) error {
	d.Stage, d.Outcome, d.Basis = StageOpen, decision.Outcome, decision.Basis
	d.Digest = decision.Digest
	d.Wake = f.wakeGate(d, decision, missing)
	body, err := gateBody(d, decision)
	if err != nil {
		return err
	}
	saved, err := f.o.Records.DecideDeployment(ctx, r.Tenant, DeploymentVerdict{Kind: "deployment", Record: d, Body: body, At: f.o.Now()})
	if err != nil {
		return err
	}
	if err := f.o.Queue.Want(ctx, Task{
		Tenant: r.Tenant, Kind: WakeDeployment, Subject: DeploymentSubject(d.Run, d.Environment), NotBefore: d.Wake,
	}); err != nil {
		return err
	}
	return f.report(ctx, r, saved, decision)
}

// wakeGate is when a deployment that waits is looked at again, whatever happens.
func (f *Flow) wakeGate(d DeploymentRecord, decision gate.Decision, missing error) time.Time {
	now := f.o.Now().UTC()
	at := now.Add(gatePoll)
	if decision.Outcome == gate.OutcomeError {
		wait := gateRetry << min(d.Errors-1, 5)
		if later, ok := errors.AsType[*Later](missing); ok {
			wait = max(later.After, time.Second)
		}
		at = now.Add(min(wait, gateLonger))
	}
	for _, until := range []time.Time{decision.Wait, decision.Until} {
		if until.After(now) && until.Before(at) {
			at = until
		}
	}
	return at
}

// report tells GitHub how far we are, where that is something new. It is no answer: whether it arrives changes nothing.
func (f *Flow) report(ctx context.Context, r Repository, d DeploymentRecord, decision gate.Decision) error {
	shown := digestOf(decision.Status(gate.Foot{}))
	if d.Shown == shown || d.Reports >= maxReports {
		return nil
	}
	text := decision.Status(gate.Foot{Link: f.more(r, d.Run), Sequence: d.Sequence, Chain: d.Chain})
	err := f.o.Forge.ReviewDeployment(ctx, r, d.Run, DeploymentReview{Environment: d.Name, Comment: text})
	if err != nil {
		f.log(ctx).InfoContext(ctx, "a status report did not arrive", "run", d.Run, "error", err.Error())
		return nil
	}
	_, err = f.o.Records.ChangeDeployment(ctx, r.Tenant, d.DeploymentKey, func(d *DeploymentRecord) {
		if d.Shown != shown {
			d.Shown = shown
			d.Reports++
		}
	})
	return err
}

// more is where a deployment is told of at length: its environment's page, or, while nobody can sign in, the run.
func (f *Flow) more(r Repository, run int64) string {
	if f.o.PageURL != "" {
		return fmt.Sprintf("%s/%s/%s/environments", strings.TrimSuffix(f.o.PageURL, "/"), url.PathEscape(r.Owner), url.PathEscape(r.Name))
	}
	return fmt.Sprintf("%s/%s/%s/actions/runs/%d", f.o.WebURL, r.Owner, r.Name, run)
}
