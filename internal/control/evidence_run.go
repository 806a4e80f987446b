package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
)

// ArtifactName is the name under which a run leaves its evidence behind, where no job uploads it.
const ArtifactName = "platform-evidence"

// clockSkew is how far GitHub's clocks may be apart.
const clockSkew = 5 * time.Minute

// lookAtRun keeps what GitHub says of a run that a suite's workflow made, and takes its artifact once it has ended.
func (f *Flow) lookAtRun(ctx context.Context, r Repository, t Task) error {
	id, err := strconv.ParseInt(t.Subject, 10, 64)
	if err != nil || id <= 0 {
		return &Parked{Reason: "a workflow run has no such id: " + t.Subject}
	}
	if nothing, err := f.asksNothing(ctx, r.Tenant); err != nil || nothing {
		return err
	}
	if err := f.runMoved(ctx, r, id); err != nil {
		return err
	}
	want, err := f.requirements(ctx, r)
	if err != nil || len(want.environments) == 0 {
		return err
	}
	run, err := f.o.Forge.WorkflowRun(ctx, r, id)
	if errors.Is(err, ErrGone) {
		return nil // whoever asks about its tree finds that it is gone
	}
	if err != nil {
		return err
	}
	suites := want.suites(run.Workflow)
	if len(suites) == 0 || run.HeadRepositoryID != r.Tenant.Repository || !isEvidenceEvent(run.Event) {
		return nil
	}
	kept, err := f.keptOf(ctx, r, run, suites)
	if err != nil {
		return err
	}
	if kept.Tasks, err = f.concerned(ctx, r.Tenant, kept.Runs[0].Run.Tree, run.HeadCommit); err != nil {
		return err
	}
	fresh, err := f.o.Records.KeepEvidence(ctx, r.Tenant, kept)
	if err == nil && !fresh { // its artifact was taken before; the run may have moved on
		kept.Once, kept.Records = "", nil
		_, err = f.o.Records.KeepEvidence(ctx, r.Tenant, kept)
	}
	return err
}

// keptOf is what is remembered of a run.
func (f *Flow) keptOf(ctx context.Context, r Repository, run WorkflowRun, suites []evidence.SuiteRequirement) (Kept, error) {
	seen := SeenRun{Run: run.Run, Seen: f.o.Now()}
	if run.Event == "pull_request" { // it ran on a test merge, which only its token names
		return Kept{Runs: []SeenRun{seen}}, nil
	}
	commit, err := f.o.Forge.Commit(ctx, r, run.HeadCommit)
	if errors.Is(err, ErrGone) {
		return Kept{Runs: []SeenRun{seen}}, nil
	}
	if err != nil {
		return Kept{}, err
	}
	seen.Run.Tree = commit.Tree
	ended := run.Status == evidence.StatusCompleted
	if !ended || run.Event != "push" && run.Event != "merge_group" {
		return Kept{Runs: []SeenRun{seen}}, nil
	}
	once, records, err := f.take(ctx, r, run, commit, suites)
	if trouble, ok := errors.AsType[*troubled](err); ok {
		seen.Trouble = trouble.why
		f.log(ctx).InfoContext(ctx, "an artifact is no evidence", "run", run.ID, "why", trouble.why)
		return Kept{Runs: []SeenRun{seen}}, nil
	}
	return Kept{Once: once, Records: records, Runs: []SeenRun{seen}}, err
}

// troubled says why an artifact cannot be taken for evidence. It is told, and leaves whoever asks undecided.
type troubled struct{ why string }

func (t *troubled) Error() string { return t.why }

func trouble(format string, args ...any) error { return &troubled{fmt.Sprintf(format, args...)} }

// take fetches the artifact of a trusted run's newest attempt, and makes a record of it for each job that policy names.
func (f *Flow) take(ctx context.Context, r Repository, run WorkflowRun, commit Commit, suites []evidence.SuiteRequirement) (once string, out []evidence.Record, err error) {
	a, found, err := f.artifactOf(ctx, r, run)
	if err != nil || !found {
		return "", nil, err
	}
	d, err := f.documentOf(ctx, r, a)
	if err != nil {
		return "", nil, err
	}
	if d.Commit != commit.SHA || d.Tree != "" && d.Tree != commit.Tree {
		return "", nil, trouble("%s: the artifact %s is of commit %.12s and tree %.12s, but the run is of commit %.12s, whose tree is %.12s",
			codeWrongTree, ArtifactName, d.Commit, d.Tree, commit.SHA, commit.Tree)
	}
	jobs, err := f.fileJobs(ctx, r, run, commit.SHA)
	if err != nil {
		return "", nil, err
	}
	for _, job := range jobsNamed(suites) {
		of := d
		of.Suites = suitesOf(d, suites, job)
		runner, there := runnerOf(jobs, job)
		if len(of.Suites) == 0 || !there {
			continue
		}
		p := proven{subject: evidence.Subject{Commit: commit.SHA, Tree: commit.Tree}, assurance: evidence.AssuranceArtifact, producer: evidence.Producer{
			Tenant: tenantOf(r.Tenant), OwnerID: r.AccountID, HeadRepositoryID: run.HeadRepositoryID, HeadCommit: run.HeadCommit, Workflow: run.Workflow,
			Job: job, Event: run.Event, RunID: run.ID, Attempt: run.Attempt, RunStarted: run.Started, Runner: runner,
		}}
		if run.Branch != "" {
			p.producer.Ref = "refs/heads/" + run.Branch
		}
		record, err := f.recordOf(ctx, p, of)
		if refused, ok := errors.AsType[*Refused](err); ok {
			return "", nil, trouble("the artifact %s: %s", ArtifactName, refused.Message)
		}
		if err != nil {
			return "", nil, err
		}
		out = append(out, record)
	}
	return fmt.Sprintf("artifact %d %d %d", run.ID, run.Attempt, a.ID), out, nil
}

// artifactOf finds the one that the newest attempt made. Two of one name are none.
func (f *Flow) artifactOf(ctx context.Context, r Repository, run WorkflowRun) (Artifact, bool, error) {
	list, whole, err := f.o.Forge.Artifacts(ctx, r, run.ID, ArtifactName)
	if err != nil {
		return Artifact{}, false, err
	}
	var mine []Artifact
	for _, a := range list {
		if !a.Created.Before(run.Started) && !a.Created.After(run.Updated.Add(clockSkew)) {
			mine = append(mine, a)
		}
	}
	switch {
	case len(mine) == 0 && whole:
		return Artifact{}, false, nil
	case len(mine) != 1 || !whole:
		return Artifact{}, false, trouble("run %d has more than one artifact named %s: which of them is the evidence cannot be told", run.ID, ArtifactName)
	}
	a := mine[0]
	switch {
	case a.RunID != run.ID || a.Head != run.HeadCommit || a.HeadRepository != r.Tenant.Repository:
		return a, false, trouble("the artifact %s of run %d is of another commit or repository than the run", ArtifactName, run.ID)
	case a.Expired:
		return a, false, trouble("the artifact %s of run %d has expired", ArtifactName, run.ID)
	case a.Size > maxArtifact:
		return a, false, trouble("the artifact %s of run %d has %d bytes; at most %d are read", ArtifactName, run.ID, a.Size, maxArtifact)
	case a.Digest == "":
		return a, false, trouble("GitHub tells no digest of the artifact %s of run %d: upload it with actions/upload-artifact v4 or newer", ArtifactName, run.ID)
	}
	return a, true, nil
}

// documentOf downloads the artifact, holds it against its digest and reads its document.
func (f *Flow) documentOf(ctx context.Context, r Repository, a Artifact) (report.Document, error) {
	data, err := f.o.Forge.Download(ctx, r, a, maxArtifact)
	if large, ok := errors.AsType[*OversizedError](err); ok {
		return report.Document{}, trouble("the artifact %s of run %d: %s", ArtifactName, a.RunID, large)
	}
	if errors.Is(err, ErrGone) {
		return report.Document{}, trouble("the artifact %s of run %d cannot be fetched any more", ArtifactName, a.RunID)
	}
	if err != nil {
		return report.Document{}, err
	}
	sum := sha256.Sum256(data)
	if "sha256:"+hex.EncodeToString(sum[:]) != a.Digest {
		return report.Document{}, trouble("the artifact %s of run %d is not what its digest says", ArtifactName, a.RunID)
	}
	text, err := unpackEvidence(data)
	if err != nil {
		return report.Document{}, trouble("the artifact %s of run %d: %s", ArtifactName, a.RunID, err)
	}
	d, err := report.ReadDocument(bytes.NewReader(text))
	if err != nil {
		return report.Document{}, trouble("the artifact %s of run %d: %s", ArtifactName, a.RunID, err)
	}
	return d, nil
}

// jobsNamed are the jobs that policy names for suites; sorted.
func jobsNamed(suites []evidence.SuiteRequirement) []string {
	set := map[string]bool{}
	for _, s := range suites {
		set[s.Job] = true
	}
	return sortedKeys(set)
}

// suitesOf are a document's suites that policy expects of a job.
func suitesOf(d report.Document, suites []evidence.SuiteRequirement, job string) []report.DocumentSuite {
	var out []report.DocumentSuite
	for _, s := range d.Suites {
		for _, want := range suites {
			if want.Name == s.Name && want.Job == job {
				out = append(out, s)
				break
			}
		}
	}
	return out
}

// runnerOf is where a job ran, all of its matrix: one that is not GitHub's own makes it self-hosted.
func runnerOf(jobs []evidence.Job, id string) (runner string, there bool) {
	for _, j := range jobs {
		if j.Name != id {
			continue
		}
		if !there || j.Runner != "github-hosted" {
			runner = j.Runner
		}
		there = true
	}
	if runner == "" {
		runner = "self-hosted" // nobody says that it is not
	}
	return runner, there
}

// fileJobs are the jobs of a run's newest attempt, by their ids in the workflow's file at a commit.
func (f *Flow) fileJobs(ctx context.Context, r Repository, run WorkflowRun, commit string) ([]evidence.Job, error) {
	list, whole, err := f.o.Forge.Jobs(ctx, r, run.ID)
	if err != nil {
		return nil, err
	}
	if !whole {
		return nil, trouble("run %d has more jobs than are looked at", run.ID)
	}
	names := jobNames{flow: f, r: r, commit: commit, files: map[string]workflowFile{}}
	var out []evidence.Job
	for _, j := range list {
		id, err := names.id(ctx, run.Workflow, j.Shown)
		if err != nil {
			return nil, err
		}
		out = append(out, evidence.Job{Name: id, Attempt: j.Attempt, Status: j.Status, Conclusion: j.Conclusion, Runner: j.Runner})
	}
	return out, nil
}

// jobNames finds the ids of jobs in the files of a commit, each of which is read once.
type jobNames struct {
	flow   *Flow
	r      Repository
	commit string
	files  map[string]workflowFile
}

func (n jobNames) file(ctx context.Context, path string) (workflowFile, error) {
	if w, read := n.files[path]; read {
		return w, nil
	}
	data, found, err := n.flow.o.Forge.File(ctx, n.r, n.commit, path)
	if errors.Is(err, ErrNotFile) {
		return workflowFile{}, trouble("%s at %.12s is a symbolic link", path, n.commit)
	}
	if err != nil {
		return workflowFile{}, err
	}
	var w workflowFile
	if found {
		if w, err = parseWorkflow(data); err != nil {
			return w, trouble("%s at %.12s: %s", path, n.commit, err)
		}
	}
	n.files[path] = w
	return w, nil
}

// id is a job's, in the workflow or in one of this repository that it calls; what cannot be told keeps its shown name.
func (n jobNames) id(ctx context.Context, path, shown string) (string, error) {
	w, err := n.file(ctx, path)
	if err != nil {
		return "", err
	}
	if id, ok := w.job(shown); ok {
		return id, nil
	}
	for _, caller := range w.callers(shown) {
		called, err := n.file(ctx, caller)
		if err != nil {
			return "", err
		}
		if id, ok := called.called(shown); ok {
			return id, nil
		}
	}
	return shown, nil
}
