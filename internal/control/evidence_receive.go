package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/evidence/report"
)

// EvidenceReceipt says what became of an upload of test reports: what the server counted, and how far it is proven.
// Whether it counts anywhere is decided when somebody asks.
type EvidenceReceipt struct {
	Record    string         `json:"record"` // sha256:…
	Commit    string         `json:"commit"`
	Tree      string         `json:"tree"`
	Assurance string         `json:"assurance"`
	Job       string         `json:"job"` // id in the workflow's file
	Suites    []SuiteReceipt `json:"suites"`
}

// SuiteReceipt is what was counted of one suite.
type SuiteReceipt struct {
	Name   string        `json:"name"`
	Counts report.Counts `json:"counts"`
}

// The codes of refusals of evidence, beside those of any upload.
const (
	codeWrongTree = "wrong-tree"
	codeUntrusted = "untrusted-producer"
	codeReport    = "bad-report"
)

// ReceiveEvidence takes the reports of a test run. Who ran them, on which tree, is asked of GitHub; what they say is
// counted here; nothing of the body is believed but the bytes of its reports.
func (f *Flow) ReceiveEvidence(ctx context.Context, run Run, body []byte) (EvidenceReceipt, error) {
	d, err := report.ReadDocument(bytes.NewReader(body))
	if err != nil {
		return EvidenceReceipt{}, &Refused{Invalid, "bad-document", err.Error()}
	}
	r, err := f.ownerOf(ctx, run)
	if err != nil {
		return EvidenceReceipt{}, err
	}
	proven, err := f.prove(ctx, r, run)
	if err != nil {
		return EvidenceReceipt{}, err
	}
	if err := proven.contradicted(d); err != nil {
		return EvidenceReceipt{}, err
	}
	record, err := f.recordOf(ctx, proven, d)
	if err != nil {
		return EvidenceReceipt{}, err
	}
	tasks, err := f.concerned(ctx, r.Tenant, record.Subject.Tree, proven.run.HeadCommit)
	if err != nil {
		return EvidenceReceipt{}, err
	}
	fresh, err := f.o.Records.KeepEvidence(ctx, r.Tenant, Kept{
		Once: "token " + digestOf(run.TokenID), Records: []evidence.Record{record}, Tasks: tasks, Runs: []SeenRun{{Run: proven.run, Seen: f.o.Now()}},
	})
	if err != nil {
		return EvidenceReceipt{}, err
	}
	if !fresh {
		return EvidenceReceipt{}, &Refused{Replayed, "token-used", "this token was used before: ask for a new one for each upload"}
	}
	return receiptOf(record), nil
}

// recordOf counts the reports, on one of the cores that are free for it.
func (f *Flow) recordOf(ctx context.Context, p proven, d report.Document) (evidence.Record, error) {
	var out evidence.Record
	err := f.evaluating(ctx, func() error {
		var err error
		out, err = p.record(d, f.o.Now())
		return err
	})
	return out, err
}

func receiptOf(r evidence.Record) EvidenceReceipt {
	out := EvidenceReceipt{
		Record: r.ID(), Commit: r.Subject.Commit, Tree: r.Subject.Tree, Assurance: r.Assurance.String(), Job: r.Producer.Job,
	}
	for _, s := range r.Suites {
		out.Suites = append(out.Suites, SuiteReceipt{s.Name, s.Counts})
	}
	return out
}

// concerned are the tasks that look again at whatever a record may decide: the run's head, and every check that was
// last asked about this tree.
func (f *Flow) concerned(ctx context.Context, t Tenant, tree, head string) ([]Task, error) {
	checks, err := f.o.Records.TestedChecks(ctx, t, tree)
	if err != nil {
		return nil, err
	}
	heads := []string{head}
	for _, c := range checks {
		heads = append(heads, c.Head)
	}
	slices.Sort(heads)
	var out []Task
	for _, h := range slices.Compact(heads) {
		out = append(out, Task{Tenant: t, Kind: EvaluateTested, Subject: h})
	}
	return out, nil
}

// proven is what GitHub says of an upload's sender.
type proven struct {
	producer  evidence.Producer
	subject   evidence.Subject
	assurance evidence.Assurance
	run       evidence.Run
}

// contradicted refuses a body that says it is of something else than the token's commit.
func (p proven) contradicted(d report.Document) error {
	if d.Commit != p.subject.Commit || d.Tree != "" && d.Tree != p.subject.Tree {
		return &Refused{Forbidden, codeWrongTree, fmt.Sprintf(
			"the reports are of commit %.12s and tree %.12s, but the run is of commit %.12s, whose tree is %.12s: test what the workflow was started for, without ref: in actions/checkout",
			d.Commit, d.Tree, p.subject.Commit, p.subject.Tree)}
	}
	return nil
}

// record counts the reports.
func (p proven) record(d report.Document, now time.Time) (evidence.Record, error) {
	r := evidence.Record{Producer: p.producer, Subject: p.subject, Assurance: p.assurance, Recorded: now}
	r.Subject.Digests = d.Digests
	if d.Assurance == evidence.AssuranceSameJob.String() {
		r.Assurance = min(r.Assurance, evidence.AssuranceSameJob)
	}
	for _, s := range d.Suites {
		suite, err := countSuite(s)
		if err != nil {
			return evidence.Record{}, err
		}
		r.Suites = append(r.Suites, suite)
	}
	r, err := evidence.NewRecord(r)
	if err != nil {
		return evidence.Record{}, &Refused{Invalid, "bad-document", "no record can be made of this: " + err.Error()}
	}
	return r, nil
}

// countSuite parses the reports of a suite. The same bytes under two names count once.
func countSuite(s report.DocumentSuite) (evidence.Suite, error) {
	out := evidence.Suite{Name: s.Name}
	counted, tools := map[string]bool{}, map[string]bool{}
	for _, file := range s.Reports {
		parsed, err := report.Parse(file.Name, bytes.NewReader(file.Content))
		if err != nil {
			return out, &Refused{Invalid, codeReport, fmt.Sprintf("suite %s: %s", s.Name, err)}
		}
		sum := sha256.Sum256(file.Content)
		digest := hex.EncodeToString(sum[:])
		if !counted[digest] {
			counted[digest] = true
			out.Counts = out.Counts.Add(parsed.Counts)
		}
		if parsed.Tool != "" {
			tools[cut(strings.Map(visible, parsed.Tool), 60)] = true
		}
		out.Reports = append(out.Reports, evidence.ReportDigest{Name: file.Name, Format: parsed.Format.String(), SHA256: digest})
	}
	names := sortedKeys(tools)
	out.Tool = strings.Join(names[:min(len(names), 10)], ", ")
	return out, nil
}

func visible(r rune) rune {
	if !unicode.IsPrint(r) {
		return -1
	}
	return r
}

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
	apart := false
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
