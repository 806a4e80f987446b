package github

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/control"
)

// JobOptions say with whose token a workflow's job reads, and which repository.
type JobOptions struct {
	APIURL      string // defaults to https://api.github.com; of GitHub Enterprise Server https://HOST/api/v3
	Token       string
	Owner, Name string
	Now         control.Clock
	Transport   http.RoundTripper // defaults to http.DefaultTransport's settings
	Wait        time.Duration     // between the first attempts; defaults to 1 s
}

// Job reads a repository with the token of a workflow's job: what the App reads with its own, by the same code. What
// fails for a passing reason is tried again.
type Job struct {
	app  *App
	repo control.Repository
	wait time.Duration
}

// NewJob makes a reader. It asks GitHub nothing. A token goes to https alone, or to this machine.
func NewJob(o JobOptions) (*Job, error) {
	if o.Token == "" {
		return nil, errors.New("no token: leave the input github-token away, or give it ${{ github.token }}")
	}
	if _, err := NewCommenter(CommenterOptions{APIURL: o.APIURL, Token: o.Token}); err != nil { // the same address, held against the same rules
		return nil, err
	}
	if o.Wait == 0 {
		o.Wait = time.Second
	}
	app, err := New(Options{APIURL: o.APIURL, Token: o.Token, Now: o.Now, Transport: o.Transport})
	if err != nil {
		return nil, err
	}
	return &Job{app, control.Repository{Owner: o.Owner, Name: o.Name}, o.Wait}, nil
}

// jobPatience is how long a job waits for GitHub's limits, all attempts together.
const jobPatience = 2 * time.Minute

// jobRead reads one thing, again where that may help.
func jobRead[T any](ctx context.Context, j *Job, read func() (T, error)) (T, error) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval = j.wait
	return backoff.Retry(ctx, func() (T, error) {
		got, err := read()
		var later *control.Later
		switch {
		case err == nil:
			return got, nil
		case errors.As(err, &later) && later.After < jobPatience:
			return got, &backoff.RetryAfterError{Duration: later.After}
		case errors.As(err, &later), errors.Is(err, control.ErrGone), errors.Is(err, control.ErrMoved), errors.Is(err, control.ErrForbidden), errors.Is(err, control.ErrTooLarge):
			return got, backoff.Permanent(err)
		}
		return got, err
	}, backoff.WithBackOff(wait), backoff.WithMaxTries(attempts), backoff.WithMaxElapsedTime(jobPatience))
}

// DefaultBranch reads its name.
func (j *Job) DefaultBranch(ctx context.Context) (string, error) {
	return jobRead(ctx, j, func() (string, error) {
		r, _, err := j.app.client(j.repo.Tenant).Repositories.Get(ctx, j.repo.Owner, j.repo.Name)
		return r.GetDefaultBranch(), fault("reading the repository", err)
	})
}

// Branch reads the commit that a branch points to.
func (j *Job) Branch(ctx context.Context, name string) (string, error) {
	return jobRead(ctx, j, func() (string, error) { return j.app.Branch(ctx, j.repo, name) })
}

// Compare finds where head left base, and what it changes since.
func (j *Job) Compare(ctx context.Context, base, head string) (control.Comparison, error) {
	return jobRead(ctx, j, func() (control.Comparison, error) { return j.app.Compare(ctx, j.repo, base, head) })
}

// Tree reads the source at a commit.
func (j *Job) Tree(ctx context.Context, commit string) (control.Tree, error) {
	return jobRead(ctx, j, func() (control.Tree, error) { return j.app.Tree(ctx, j.repo, commit) })
}

// File reads a file of up to a mebibyte of a commit.
func (j *Job) File(ctx context.Context, commit, path string) (data []byte, found bool, err error) {
	type file struct {
		data  []byte
		found bool
	}
	f, err := jobRead(ctx, j, func() (file, error) {
		data, found, err := j.app.File(ctx, j.repo, commit, path)
		return file{data, found}, err
	})
	return f.data, f.found, err
}

// AppCheck is an App's platform/check on a commit.
type AppCheck struct {
	ID                int64
	App               string // its slug
	Done              bool
	Conclusion, Title string
	Ended             time.Time
}

// actionsApp is the App that writes the check runs of workflows: one of them may well have our name.
const actionsApp = "github-actions"

// Check finds the newest platform/check of an App on a commit.
func (j *Job) Check(ctx context.Context, head string) (AppCheck, bool, error) {
	list, err := jobRead(ctx, j, func() ([]*github.CheckRun, error) {
		options := &github.ListCheckRunsOptions{CheckName: new(CheckName), Filter: new("latest"), ListOptions: github.ListOptions{PerPage: page}}
		list, _, err := j.app.client(j.repo.Tenant).Checks.ListCheckRunsForRef(ctx, j.repo.Owner, j.repo.Name, head, options)
		if err != nil {
			return nil, fault("looking for the App's check run", err)
		}
		return list.CheckRuns, nil
	})
	if err != nil {
		return AppCheck{}, false, err
	}
	var out AppCheck
	for _, run := range list {
		if app := run.GetApp().GetSlug(); app != actionsApp && app != "" && run.GetName() == CheckName && run.GetHeadSHA() == head && run.GetID() > out.ID {
			out = AppCheck{
				ID: run.GetID(), App: app, Done: run.GetStatus() == "completed", Conclusion: run.GetConclusion(),
				Title: run.GetOutput().GetTitle(), Ended: run.GetCompletedAt().Time,
			}
		}
	}
	return out, out.ID > 0, nil
}
