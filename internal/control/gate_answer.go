package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
)

// freshFor is how long a decision may be given to GitHub. An older one is made anew.
const freshFor = time.Minute

// record writes a decision, and takes what it takes, before anybody is told. beside: a job asked for itself.
func (f *Flow) record(ctx context.Context, r Repository, d DeploymentRecord, q gate.Question, decision gate.Decision, version int64, beside bool) (DeploymentRecord, error) {
	now := f.o.Now().UTC()
	next := d
	next.Stage, next.Outcome, next.Basis, next.Digest = StageDecided, decision.Outcome, decision.Basis, decision.Digest
	next.Decided, next.Wake = now, now.Add(gateRetry)
	if beside {
		next.Stage = StageAnswered
	}
	next.Suites, next.Passing = passed(decision, q.Subject.Now)
	body, err := gateBody(next, decision)
	if err != nil {
		return d, err
	}
	v := DeploymentVerdict{Kind: "deployment", Body: body, At: now, Evidence: version, Beside: beside}
	if beside {
		v.Kind = "deployment-job"
	}
	if decision.Waiver != "" {
		next.Waiver = decision.Waiver
		glasses, _ := q.Waivers.Get()
		for _, g := range glasses {
			if g.Waiver.ID() == decision.Waiver {
				v.Waiver = &TakenUse{ID: decision.Waiver, Used: g.Used}
			}
		}
	}
	if decision.Debt {
		v.Debt = &gate.Debt{Basis: decision.Basis, Commit: d.Commit, Tree: d.Tree, At: now}
	}
	v.Record = next
	saved, err := f.o.Records.DecideDeployment(ctx, r.Tenant, v)
	if err != nil || beside {
		return saved, err
	}
	saved.Comment = decision.Status(gate.Foot{Link: f.more(r, d.Run), Sequence: saved.Sequence, Chain: saved.Chain})
	return saved, nil // the comment is kept once the answer is begun
}

// gateBody is what the ledger keeps of a decision.
func gateBody(d DeploymentRecord, decision gate.Decision) (json.RawMessage, error) {
	return json.Marshal(struct {
		Key      DeploymentKey  `json:"key"`
		Commit   string         `json:"commit"`
		Tree     string         `json:"tree"`
		Basis    evidence.Basis `json:"basis"`
		Decision gate.Decision  `json:"decision"`
	}{d.DeploymentKey, d.Commit, d.Tree, decision.Basis, decision})
}

// tell gives GitHub the answer: only a fresh one, only to the attempt that was asked about, and an approval only on all the
// evidence there is.
func (f *Flow) tell(ctx context.Context, r Repository, d DeploymentRecord, version int64) error {
	run, err := f.o.Forge.WorkflowRun(ctx, r, d.Run)
	switch {
	case errors.Is(err, ErrGone):
		return f.endDeployments(ctx, r, DeploymentInput{Run: d.Run, Environment: d.Environment}, 0)
	case err != nil:
		return f.untold(ctx, err)
	case run.Attempt != d.Attempt || run.Status == evidence.StatusCompleted:
		if _, err := f.o.Records.ChangeDeployment(ctx, r.Tenant, d.DeploymentKey, over); err != nil || run.Attempt == d.Attempt {
			return err
		}
		return f.o.Queue.Want(ctx, Task{Tenant: r.Tenant, Kind: DecideDeployment, Subject: DeploymentSubject(d.Run, d.Environment)})
	}
	now, err := f.o.Records.EvidenceVersion(ctx, r.Tenant)
	if err != nil {
		return err
	}
	if now != version && d.Outcome == gate.OutcomeApproved || f.o.Now().Sub(d.Decided) > freshFor {
		return &Later{After: time.Second, Reason: "the decision is to be made anew: there is more evidence, or it is too old"}
	}
	again, comment := d.Posting, d.Comment
	d, err = f.o.Records.ChangeDeployment(ctx, r.Tenant, d.DeploymentKey, func(d *DeploymentRecord) {
		d.Comment = comment
		if !d.Posting {
			d.Posting, d.Told, d.ToldBasis = true, d.Outcome, d.Basis
		}
	})
	if err != nil {
		return err
	}
	err = f.o.Forge.ReviewDeployment(ctx, r, d.Run, DeploymentReview{Environment: d.Name, Answer: answerOf(d.Outcome), Comment: d.Comment})
	switch {
	case err == nil:
		return f.told(ctx, r, d, d.Outcome, d.Basis)
	case errors.Is(err, ErrAnswered) && again: // one of ours arrived, whose answer we have not seen
		return f.told(ctx, r, d, d.Told, d.ToldBasis)
	case errors.Is(err, ErrAnswered):
		f.log(ctx).WarnContext(ctx, "GitHub waits for no answer", "run", d.Run, "error", err.Error())
		return f.told(ctx, r, d, d.Outcome, d.Basis)
	}
	return f.untold(ctx, err)
}

// untold is an answer of which nobody knows whether it arrived. It is never parked: it is asked again and again, until
// GitHub has an answer or waits for none.
func (f *Flow) untold(ctx context.Context, err error) error {
	if errors.Is(err, ErrMoved) || ctx.Err() != nil {
		return err
	}
	f.log(ctx).WarnContext(ctx, "an answer may not have arrived", "error", err.Error())
	if later, ok := errors.AsType[*Later](err); ok {
		return later
	}
	return &Later{After: gateRetry, Reason: "an answer may not have arrived"}
}

func answerOf(o gate.Outcome) DeploymentAnswer {
	switch o {
	case gate.OutcomeApproved:
		return DeploymentApproved
	case gate.OutcomeRejected, gate.OutcomeError, gate.OutcomeWaiting:
	}
	return DeploymentRejected
}

// told ends it. Where an earlier answer stands at GitHub, that is what holds, and the ledger says so.
func (f *Flow) told(ctx context.Context, r Repository, d DeploymentRecord, outcome gate.Outcome, basis evidence.Basis) error {
	if outcome != d.Outcome || basis != d.Basis {
		d.Outcome, d.Basis = outcome, basis
		d.Digest = digestOf(fmt.Sprintf("%s stands %s %s", d.Digest, outcome, basis))
		body, err := json.Marshal(map[string]any{"key": d.DeploymentKey, "stands": outcome, "basis": basis, "why": "GitHub had taken this answer before the last one"})
		if err != nil {
			return err
		}
		f.log(ctx).ErrorContext(ctx, "an earlier answer stands at GitHub", "run", d.Run, "environment", d.Environment, "stands", outcome.String())
		saved, err := f.o.Records.DecideDeployment(ctx, r.Tenant, DeploymentVerdict{Kind: "deployment-stands", Record: d, Body: body, At: f.o.Now(), Evidence: AnyEvidence})
		if err != nil {
			return err
		}
		d = saved
	}
	_, err := f.o.Records.ChangeDeployment(ctx, r.Tenant, d.DeploymentKey, func(d *DeploymentRecord) { d.Stage, d.Posting = StageAnswered, false })
	if err != nil || d.Basis != evidence.BasisWaiver {
		return err
	}
	return f.glassIssue(ctx, r, d)
}

// resume goes on where an answer was perhaps given. GitHub is read before anything else is said to it.
func (f *Flow) resume(ctx context.Context, r Repository, run WorkflowRun, d DeploymentRecord) (done bool, err error) {
	waits, err := f.o.Forge.PendingEnvironments(ctx, r, run.ID)
	if err != nil {
		return true, f.untold(ctx, err)
	}
	if slices.ContainsFunc(waits, func(name string) bool { return strings.EqualFold(name, d.Environment) }) {
		return false, nil
	}
	return true, f.told(ctx, r, d, d.Told, d.ToldBasis)
}
