package control

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	sealing "github.com/org/platform-action/internal/gate/seal"
)

// Signer signs what is answered to the second lock.
type Signer struct {
	Key    func() ed25519.PrivateKey // the present one, which may be replaced; nil: there is none
	Server string                    // the address under which the server is known
}

func (s Signer) key() ed25519.PrivateKey {
	if s.Key == nil {
		return nil
	}
	return s.Key()
}

// LockDocument is what a deploying job asks. It can contradict what GitHub says of the job, and nothing more.
type LockDocument struct {
	Version     int               `json:"version"`
	Environment string            `json:"environment"`
	Tree        string            `json:"tree,omitempty"`    // that is about to be deployed
	Digests     []string          `json:"digests,omitempty"` // of the artifacts that are
	Bundles     []json.RawMessage `json:"bundles,omitempty"` // that prove how they were built
}

// LockReceipt is the answer to the second lock.
type LockReceipt struct {
	Outcome string          `json:"outcome"` // approved, rejected, waiting or error
	Basis   string          `json:"basis"`
	Code    string          `json:"code"`    // the first reason; empty: none
	Message string          `json:"message"` // for people
	Verdict json.RawMessage `json:"verdict"` // signed: a DSSE envelope
}

// The codes of refusals of the second lock, beside those of any upload.
const (
	codeNoKey       = "no-signing-key"
	codeEnvironment = "wrong-environment"
)

// DecideHere answers a job that is about to deploy, on the present state, and signs what it answers. The job says which
// environment it is in by its token; what it deploys is the commit that it was started for.
func (f *Flow) DecideHere(ctx context.Context, run Run, body []byte) (LockReceipt, error) {
	if len(f.o.Signer.key()) == 0 {
		return LockReceipt{}, &Refused{Forbidden, codeNoKey, "this server signs nothing: set PLATFORM_SIGNING_KEY_FILE"}
	}
	doc, err := parseLock(body)
	if err != nil {
		return LockReceipt{}, &Refused{Invalid, "bad-document", err.Error()}
	}
	if run.Environment == "" || run.Environment != doc.Environment {
		return LockReceipt{}, &Refused{Forbidden, codeEnvironment, "the token's job is not in the environment that is asked about: ask from within the job that names it"}
	}
	r, err := f.ownerOf(ctx, run)
	if err != nil {
		return LockReceipt{}, err
	}
	first, err := f.o.Records.Once(ctx, r.Tenant, "token "+digestOf(run.TokenID), f.o.Now())
	if err != nil {
		return LockReceipt{}, err
	}
	if !first {
		return LockReceipt{}, &Refused{Replayed, "token-used", "this token was used before: ask for a new one for each question"}
	}
	state, job, err := f.askingJob(ctx, r, run)
	if err != nil {
		return LockReceipt{}, err
	}
	return f.lock(ctx, r, state, job, doc)
}

func parseLock(body []byte) (LockDocument, error) {
	var d LockDocument
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return d, errors.New("the body is no JSON of the form {version, environment, tree, digests, bundles}")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return d, errors.New("more follows after the body")
	}
	if d.Version != 1 || d.Environment == "" || len(d.Environment) > 255 || len(d.Digests) > sealing.MaxDigests {
		return d, fmt.Errorf("version is not 1, environment is missing or too long, or there are more than %d digests", sealing.MaxDigests)
	}
	return d, fitBundles(d.Bundles)
}

// askingJob is the run and the job that a token is of, both at work.
func (f *Flow) askingJob(ctx context.Context, r Repository, run Run) (state WorkflowRun, job string, err error) {
	state, err = f.o.Forge.WorkflowRun(ctx, r, run.ID)
	if errors.Is(err, ErrGone) {
		return state, "", &Refused{Forbidden, "unknown-run", "GitHub does not know this run in this repository"}
	}
	if err != nil {
		return state, "", err
	}
	own := strings.ToLower(r.Owner + "/" + r.Name + "/" + state.Workflow + "@")
	switch {
	case state.Status == evidence.StatusCompleted || state.Status == evidence.StatusUnknown || state.Attempt != run.Attempt:
		return state, "", &Refused{Forbidden, "run-ended", "the run has ended, or has a newer attempt: ask from within the job"}
	case state.HeadCommit != run.SHA || !strings.HasPrefix(strings.ToLower(run.WorkflowRef), own):
		return state, "", &Refused{Forbidden, "wrong-head", "the token and GitHub name different commits or workflows for this run"}
	}
	at, err := f.jobOf(ctx, r, run)
	if err != nil {
		return state, "", err
	}
	job, _, _, err = f.fileJob(ctx, r, run, at.Shown)
	return state, job, err
}

// lock decides, records and signs.
func (f *Flow) lock(ctx context.Context, r Repository, run WorkflowRun, job string, doc LockDocument) (LockReceipt, error) {
	provenance, err := f.provenance(ctx, doc)
	if err != nil {
		return LockReceipt{}, err
	}
	for range tries {
		version, err := f.o.Records.EvidenceVersion(ctx, r.Tenant)
		if err != nil {
			return LockReceipt{}, err
		}
		d, known, err := f.o.Records.Deployment(ctx, r.Tenant, DeploymentKey{strings.ToLower(doc.Environment), run.ID, run.Attempt})
		if err != nil {
			return LockReceipt{}, err
		}
		now := f.o.Now().UTC()
		if !known {
			d.DeploymentKey = DeploymentKey{strings.ToLower(doc.Environment), run.ID, run.Attempt}
			d.Asked, d.Locked = now, true
		}
		d.Name, d.Commit, d.Digests, d.ErrorSince = doc.Environment, run.HeadCommit, doc.Digests, time.Time{}
		q, missing := f.askOf(ctx, r, run, d, version, provenance)
		if errors.Is(missing, ErrMoved) || ctx.Err() != nil {
			return LockReceipt{}, errors.Join(missing, ctx.Err())
		}
		if doc.Tree != "" && q.Subject.Tree != "" && doc.Tree != q.Subject.Tree {
			return LockReceipt{}, &Refused{Forbidden, codeWrongTree, fmt.Sprintf(
				"tree %.12s is about to be deployed, but the run is of commit %.12s, whose tree is %.12s", doc.Tree, run.HeadCommit, q.Subject.Tree)}
		}
		decision := f.weigh(ctx, q, d.DeploymentKey)
		d.Tree = q.Subject.Tree
		saved, err := f.record(ctx, r, d, q, decision, version, true)
		if errors.Is(err, ErrMovedOn) {
			continue
		}
		if err != nil {
			return LockReceipt{}, err
		}
		return f.sealed(ctx, r, saved, job, decision)
	}
	return LockReceipt{}, &Later{After: time.Second, Reason: "what the decision stands on changes all the time"}
}

// sealed is the answer with its signature, good for this job and ten minutes.
func (f *Flow) sealed(ctx context.Context, r Repository, d DeploymentRecord, job string, decision gate.Decision) (LockReceipt, error) {
	now := f.o.Now().UTC().Truncate(time.Second)
	digests := d.Digests
	if digests == nil {
		digests = []string{}
	}
	envelope, err := sealing.Sign(ctx, f.o.Signer.key(), sealing.Verdict{
		Subject: sealing.Subject{
			Server: f.o.Signer.Server, Installation: r.Tenant.Installation, Repository: r.Tenant.Repository, Environment: d.Name, RunID: d.Run,
			Attempt: d.Attempt, Job: job, Commit: d.Commit, Tree: d.Tree, Digests: digests,
		},
		Outcome: decision.Outcome.String(), Basis: decision.Basis.String(), Decision: decision.Digest, Sequence: d.Sequence, Chain: d.Chain,
		Issued: now, Expires: now.Add(sealing.Longest),
	})
	if err != nil {
		return LockReceipt{}, fmt.Errorf("signing the verdict: %w", err)
	}
	out := LockReceipt{
		Outcome: decision.Outcome.String(), Basis: decision.Basis.String(), Verdict: envelope,
		Message: decision.Status(gate.Foot{Link: f.more(r, d.Run), Sequence: d.Sequence, Chain: d.Chain}),
	}
	if len(decision.Reasons) > 0 {
		out.Code = decision.Reasons[0].Code.String()
	}
	f.log(ctx).InfoContext(ctx, "second lock", "environment", d.Environment, "run", d.Run, "job", job, "outcome", out.Outcome, "entry", d.Sequence)
	return out, nil
}
