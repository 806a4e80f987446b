package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// guarded is what a workflow run is trusted by: a run may decide only where all of this is the default branch's.
const guarded = ".github/"

// Receive takes a plan's facts from a workflow run. Whether they decide is asked of GitHub, not of the run: a run of a
// workflow that the change itself has edited is shown, and source decides.
func (f *Flow) Receive(ctx context.Context, run Run, body []byte) (Receipt, error) {
	d, digest, err := parseUpload(body)
	if err != nil {
		return Receipt{}, &Refused{Invalid, "bad-document", err.Error()}
	}
	r, err := f.ownerOf(ctx, run)
	if err != nil {
		return Receipt{}, err
	}
	// The token is spent by an upload that was kept: where GitHub did not answer, the same upload may come again.
	token := "wish/token " + digestOf(run.TokenID)
	if _, spent, err := f.o.Records.Recall(ctx, r.Tenant, token); err != nil {
		return Receipt{}, err
	} else if spent {
		return Receipt{}, &Refused{Replayed, "token-used", "this token was used before: ask for a new one for each upload"}
	}
	head, why, err := f.believe(ctx, r, run)
	if err != nil {
		return Receipt{}, err
	}
	document, err := json.Marshal(d)
	if err != nil {
		return Receipt{}, err
	}
	upload := Upload{
		Head: head, Root: d.Root, RunID: run.ID, Attempt: run.Attempt, Trusted: why == "", Why: why, Digest: digest, Document: document, At: f.o.Now(),
	}
	if err := f.o.Records.SaveUpload(ctx, r.Tenant, upload); err != nil {
		return Receipt{}, err
	}
	if err := f.o.Records.Remember(ctx, r.Tenant, token, []byte{'1'}); err != nil {
		return Receipt{}, err
	}
	if err := f.wantHead(ctx, r, head); err != nil {
		return Receipt{}, err
	}
	return Receipt{Trusted: upload.Trusted, Why: why, Head: head, Root: d.Root, Digest: digest}, nil
}

// ownerOf puts a run into its tenant, by ids alone.
func (f *Flow) ownerOf(ctx context.Context, run Run) (Repository, error) {
	unknown := &Refused{NotFound, "unknown-repository", "the App is not installed in this repository"}
	t, known, err := f.o.Records.Locate(ctx, run.RepositoryID)
	if err != nil {
		return Repository{}, err
	}
	if !known {
		return Repository{}, unknown
	}
	r, _, err := f.o.Records.Repository(ctx, t)
	if err != nil {
		return Repository{}, err
	}
	if r.AccountID != run.OwnerID || !f.o.Allowed(r.AccountID) {
		return Repository{}, unknown
	}
	return r, nil
}

// believe finds the head that a run speaks of, and why its word does not decide; an empty reason means that it does.
func (f *Flow) believe(ctx context.Context, r Repository, run Run) (head, why string, err error) {
	state, err := f.o.Forge.Run(ctx, r, run.ID)
	if errors.Is(err, ErrGone) {
		return "", "", &Refused{Forbidden, "unknown-run", "GitHub does not know this run in this repository"}
	}
	if err != nil {
		return "", "", err
	}
	switch {
	case !state.Running || state.Attempt != run.Attempt:
		return "", "", &Refused{Forbidden, "run-ended", "the run has ended, or has a newer attempt: upload from within the job"}
	case state.Event != run.Event:
		return "", "", &Refused{Forbidden, "wrong-event", "the token and GitHub name different events for this run"}
	}
	if err := f.speaksOf(ctx, r, run, state); err != nil {
		return "", "", err
	}
	why, err = f.doubt(ctx, r, run, state)
	return state.Head, why, err
}

// speaksOf makes sure that the token's commit is the run's head, or the test merge of an open pull request with it.
func (f *Flow) speaksOf(ctx context.Context, r Repository, run Run, state RunState) error {
	if run.SHA == state.Head {
		return nil
	}
	pulls, err := f.o.Records.PullsAt(ctx, r.Tenant, state.Head)
	if err != nil {
		return err
	}
	for _, had := range pulls {
		p, err := f.o.Forge.Pull(ctx, r, had.Number)
		if err != nil {
			return err
		}
		if p.Head == state.Head && p.MergeCommit == run.SHA {
			return nil
		}
	}
	return &Refused{Forbidden, "wrong-head", "the token's commit is neither the head nor the test merge of an open pull request"}
}

// doubt says why a run's facts are shown and do not decide.
func (f *Flow) doubt(ctx context.Context, r Repository, run Run, state RunState) (string, error) {
	repository := r.Owner + "/" + r.Name + "/"
	switch {
	case state.HeadRepository != r.Tenant.Repository:
		return "the run is of a fork", nil
	case !slices.Contains([]string{"push", "pull_request", "merge_group"}, run.Event):
		return fmt.Sprintf("runs of the event %.40q are not believed", run.Event), nil
	case run.JobWorkflowRef != "" && !strings.HasPrefix(strings.ToLower(run.JobWorkflowRef), strings.ToLower(repository)):
		return "the job stands in a workflow of another repository", nil
	}
	tip, err := f.o.Forge.Branch(ctx, r, r.DefaultBranch)
	if err != nil {
		return "", err
	}
	theirs, err := f.o.Forge.Paths(ctx, r, run.SHA)
	if err != nil {
		return "", err
	}
	ours, err := f.o.Forge.Paths(ctx, r, tip)
	if err != nil {
		return "", err
	}
	if !theirs.Whole || !ours.Whole {
		return "the repository has more files than GitHub lists, so that its workflows cannot be compared", nil
	}
	if !maps.Equal(below(theirs, guarded), below(ours, guarded)) {
		return guarded + " differs from the default branch's: the workflow may be another one", nil
	}
	if _, there := ours.Files[state.Path]; !there {
		return "the workflow is not on the default branch", nil
	}
	return "", nil
}

func below(l Listing, folder string) map[string]string {
	out := map[string]string{}
	for name := range l.paths {
		if strings.HasPrefix(name, folder) {
			out[name] = l.content(name)
		}
	}
	return out
}
