package control

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
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
	Name     string          `json:"name"`
	Counts   report.Counts   `json:"counts"`
	Coverage report.Coverage `json:"coverage,omitzero"`
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
		out.Suites = append(out.Suites, SuiteReceipt{s.Name, s.Counts, s.Coverage})
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
	waiting, err := f.awaitingTests(ctx, t, tree)
	return append(out, waiting...), err
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
		if counted[digest] {
			parsed.Coverage = report.Coverage{}
		} else {
			counted[digest] = true
			out.Counts, out.Coverage = out.Counts.Add(parsed.Counts), out.Coverage.Add(parsed.Coverage)
		}
		if parsed.Tool != "" {
			tools[cut(strings.Map(visible, parsed.Tool), 60)] = true
		}
		out.Reports = append(out.Reports, evidence.ReportDigest{Name: file.Name, Format: parsed.Format.String(), SHA256: digest, Coverage: parsed.Coverage})
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
