package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/evidence"
)

// isEvidenceEvent: all others carry the default branch's commit, whatever they check out.
func isEvidenceEvent(event string) bool {
	return slices.Contains([]string{"push", "merge_group", "pull_request", "workflow_dispatch"}, event)
}

// prove asks GitHub about everything that a token says of its run, and about the tree that it ran on.
func (f *Flow) prove(ctx context.Context, r Repository, run Run) (proven, error) {
	if !isEvidenceEvent(run.Event) {
		return proven{}, &Refused{Forbidden, codeUntrusted, fmt.Sprintf(
			"a run of the event %.40q makes no evidence: record tests in a workflow of push, pull_request, merge_group or workflow_dispatch", run.Event)}
	}
	state, err := f.runOf(ctx, r, run)
	if err != nil {
		return proven{}, err
	}
	job, err := f.jobOf(ctx, r, run)
	if err != nil {
		return proven{}, err
	}
	commit, err := f.commitOf(ctx, r, run, state)
	if err != nil {
		return proven{}, err
	}
	p := proven{
		subject: evidence.Subject{Commit: run.SHA, Tree: commit.Tree}, run: state.Run,
		producer: evidence.Producer{
			Tenant: tenantOf(r.Tenant), OwnerID: run.OwnerID, HeadRepositoryID: state.HeadRepositoryID, HeadCommit: state.HeadCommit,
			Workflow: state.Workflow, WorkflowRef: run.WorkflowRef, WorkflowSHA: run.WorkflowSHA, JobWorkflowRef: run.JobWorkflowRef, JobWorkflowSHA: run.JobSHA,
			Event: run.Event, Ref: run.Ref, RunID: run.ID, Attempt: run.Attempt, RunStarted: state.Started, Runner: run.RunnerKind,
		},
	}
	p.run.Tree = commit.Tree
	if run.Event == "workflow_dispatch" {
		if p.producer.RefProtected, err = f.onProtected(ctx, r, run.Ref); err != nil {
			return proven{}, err
		}
		p.run.RefProtected = p.producer.RefProtected
	}
	p.assurance = evidence.AssuranceSameJob
	var apart bool
	if p.producer.Job, p.producer.Needs, apart, err = f.fileJob(ctx, r, run, job.Shown); err != nil {
		return proven{}, err
	}
	if apart {
		p.assurance = evidence.AssuranceIsolated
	}
	return p, nil
}

func tenantOf(t Tenant) evidence.Tenant {
	return evidence.Tenant{Installation: t.Installation, Repository: t.Repository}
}

// runOf reads the run, which must be at work and be what its token says.
func (f *Flow) runOf(ctx context.Context, r Repository, run Run) (WorkflowRun, error) {
	state, err := f.o.Forge.WorkflowRun(ctx, r, run.ID)
	if errors.Is(err, ErrGone) {
		return state, &Refused{Forbidden, "unknown-run", "GitHub does not know this run in this repository"}
	}
	if err != nil {
		return state, err
	}
	own := strings.ToLower(r.Owner + "/" + r.Name + "/" + state.Workflow + "@")
	switch {
	case state.Status == evidence.StatusCompleted || state.Status == evidence.StatusUnknown || state.Attempt != run.Attempt:
		return state, &Refused{Forbidden, "run-ended", "the run has ended, or has a newer attempt: upload from within the job"}
	case state.Event != run.Event:
		return state, &Refused{Forbidden, "wrong-event", "the token and GitHub name different events for this run"}
	case state.HeadRepositoryID != r.Tenant.Repository:
		return state, &Refused{Forbidden, codeUntrusted, "the run is of a fork: its merge result is tested by a merge queue, or after the merge"}
	case !strings.HasPrefix(strings.ToLower(run.WorkflowRef), own):
		return state, &Refused{Forbidden, codeUntrusted, "the token and GitHub name different workflows for this run"}
	}
	return state, nil
}

// jobOf reads the job that the token was given to, which must be at work.
func (f *Flow) jobOf(ctx context.Context, r Repository, run Run) (WorkflowJob, error) {
	if run.CheckRunID == 0 {
		return WorkflowJob{}, &Refused{Forbidden, "unknown-job", "the token does not say which job it is of (check_run_id): this GitHub is too old for evidence"}
	}
	job, err := f.o.Forge.Job(ctx, r, run.CheckRunID)
	if errors.Is(err, ErrGone) {
		return job, &Refused{Forbidden, "unknown-job", "GitHub does not know the token's job in this repository"}
	}
	if err != nil {
		return job, err
	}
	if job.RunID != run.ID || job.Attempt != run.Attempt || job.Status != evidence.StatusRunning {
		return job, &Refused{Forbidden, "job-ended", "the job has ended, or is of another run or attempt: upload from within the job"}
	}
	return job, nil
}

// commitOf reads the tree of the token's commit, which must be the run's head, or the test merge with it.
func (f *Flow) commitOf(ctx context.Context, r Repository, run Run, state WorkflowRun) (Commit, error) {
	wrong := &Refused{Forbidden, "wrong-head", "the token's commit is neither the run's head nor a test merge of it"}
	commit, err := f.o.Forge.Commit(ctx, r, run.SHA)
	if errors.Is(err, ErrGone) {
		return commit, wrong
	}
	if err != nil {
		return commit, err
	}
	merge := run.Event == "pull_request" && slices.Contains(commit.Parents, state.HeadCommit)
	if run.SHA != state.HeadCommit && !merge {
		return commit, wrong
	}
	return commit, nil
}

// onProtected makes sure that a run which somebody started by hand is of a protected branch.
func (f *Flow) onProtected(ctx context.Context, r Repository, ref string) (bool, error) {
	refused := &Refused{Forbidden, codeUntrusted, "a run that was started by hand makes evidence on a protected branch alone"}
	branch, ok := strings.CutPrefix(ref, "refs/heads/")
	if !ok || branch == "" {
		return false, refused
	}
	protected, err := f.o.Forge.Protected(ctx, r, branch)
	if errors.Is(err, ErrGone) || err == nil && !protected {
		return false, refused
	}
	return protected, err
}

// fileJob finds the token's job in the workflow's file as it was when the run started: its id, what it needs, and
// whether it is apart from what it uploads.
func (f *Flow) fileJob(ctx context.Context, r Repository, run Run, shown string) (id string, needs []string, apart bool, err error) {
	unknown := func(why string) error {
		return &Refused{Forbidden, "unknown-job", fmt.Sprintf("which job of the workflow this is cannot be told: %s; give each job a name of its own", why)}
	}
	ref, commit := run.WorkflowRef, run.WorkflowSHA
	called := run.JobWorkflowRef != "" && run.JobWorkflowRef != run.WorkflowRef
	if called {
		ref, commit = run.JobWorkflowRef, run.JobSHA
	}
	own := strings.ToLower(r.Owner + "/" + r.Name + "/")
	file, _, _ := strings.Cut(ref, "@")
	if !strings.HasPrefix(strings.ToLower(file), own) {
		// A file of another repository is not ours to read: which job it is GitHub shows, and whether that file is trusted
		// policy says.
		id = shown[strings.LastIndex(shown, "/")+1:]
		return strings.TrimSpace(id), nil, false, nil
	}
	data, found, err := f.o.Forge.File(ctx, r, commit, file[len(own):])
	if errors.Is(err, ErrNotFile) {
		return "", nil, false, unknown("its file is a symbolic link")
	}
	if err != nil {
		return "", nil, false, err
	}
	if !found {
		return "", nil, false, unknown("its file is not in the repository")
	}
	w, err := parseWorkflow(data)
	if err != nil {
		return "", nil, false, unknown(err.Error())
	}
	id, ok := w.job(shown)
	if called {
		id, ok = w.called(shown)
	}
	if !ok {
		return "", nil, false, unknown(fmt.Sprintf("none, or several, may be shown as %.80q", shown))
	}
	return id, w.jobs[id].needs, w.jobs[id].apart(), nil
}
