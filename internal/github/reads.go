package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/google/go-github/v60/github"

	"github.com/org/platform-action/internal/control"
)

// GitHub's own bounds: a comparison tells 300 files, the list of a pull request 3,000.
const (
	comparisonFiles = 300
	pullFiles       = 3000
	page            = 100
	maxFile         = 1 << 20 // of a larger one GitHub tells the size alone
)

// Resolve reads a repository by its id, whatever it is called now.
func (a *App) Resolve(ctx context.Context, t control.Tenant) (control.Repository, error) {
	r, _, err := a.client(t).Repositories.GetByID(ctx, t.Repository)
	if err != nil {
		return control.Repository{}, fault("reading the repository", err)
	}
	return repository(t.Installation, r), nil
}

func repository(installation int64, r *github.Repository) control.Repository {
	return control.Repository{
		Tenant:    control.Tenant{Installation: installation, Repository: r.GetID()},
		AccountID: r.GetOwner().GetID(), Owner: r.GetOwner().GetLogin(), Name: r.GetName(),
		DefaultBranch: r.GetDefaultBranch(), Private: r.GetPrivate(), Archived: r.GetArchived(),
	}
}

// Installed lists the repositories of an installation.
func (a *App) Installed(ctx context.Context, installation control.Tenant) ([]control.Repository, error) {
	var out []control.Repository
	client, options := a.client(installation.Account()), &github.ListOptions{PerPage: page}
	for {
		list, resp, err := client.Apps.ListRepos(ctx, options)
		if err != nil {
			return nil, fault("listing the installation's repositories", err)
		}
		for _, r := range list.Repositories {
			out = append(out, repository(installation.Installation, r))
		}
		if resp.NextPage == 0 {
			return out, nil
		}
		options.Page = resp.NextPage
	}
}

// Pull reads a pull request as it is now.
func (a *App) Pull(ctx context.Context, r control.Repository, number int) (control.Pull, error) {
	p, _, err := a.client(r.Tenant).PullRequests.Get(ctx, r.Owner, r.Name, number)
	if err != nil {
		return control.Pull{}, fault("reading the pull request", err)
	}
	if id := p.GetBase().GetRepo().GetID(); id != r.Tenant.Repository { // another repository took the name
		return control.Pull{}, control.ErrMoved
	}
	return pull(p), nil
}

func pull(p *github.PullRequest) control.Pull {
	return control.Pull{
		Number: p.GetNumber(), Title: p.GetTitle(), Open: p.GetState() == "open", Draft: p.GetDraft(),
		Fork: p.GetHead().GetRepo().GetID() != p.GetBase().GetRepo().GetID(),
		Head: p.GetHead().GetSHA(), HeadRef: p.GetHead().GetRef(), Base: p.GetBase().GetRef(), BaseHead: p.GetBase().GetSHA(),
		MergeCommit: p.GetMergeCommitSHA(), AuthorID: p.GetUser().GetID(), ChangedFiles: p.GetChangedFiles(), Comments: p.GetComments(),
		Updated: p.GetUpdatedAt().Time,
	}
}

// OpenPulls lists the open pull requests.
func (a *App) OpenPulls(ctx context.Context, r control.Repository) ([]control.Pull, error) {
	var out []control.Pull
	options := &github.PullRequestListOptions{State: "open", Sort: "created", Direction: "asc", ListOptions: github.ListOptions{PerPage: page}}
	for {
		list, resp, err := a.client(r.Tenant).PullRequests.List(ctx, r.Owner, r.Name, options)
		if err != nil {
			return nil, fault("listing the pull requests", err)
		}
		for _, p := range list {
			if p.GetBase().GetRepo().GetID() != r.Tenant.Repository {
				return nil, control.ErrMoved
			}
			out = append(out, pull(p))
		}
		if resp.NextPage == 0 {
			return out, nil
		}
		options.Page = resp.NextPage
	}
}

// Compare finds where head left base, and what it changes since.
func (a *App) Compare(ctx context.Context, r control.Repository, base, head string) (control.Comparison, error) {
	c, _, err := a.client(r.Tenant).Repositories.CompareCommits(ctx, r.Owner, r.Name, base, head, &github.ListOptions{PerPage: 1})
	if err != nil {
		return control.Comparison{}, fault("comparing the commits", err)
	}
	return control.Comparison{
		Base: c.GetBaseCommit().GetSHA(), MergeBase: c.GetMergeBaseCommit().GetSHA(), Files: paths(c.Files), Whole: len(c.Files) < comparisonFiles,
	}, nil
}

// Files lists what a pull request changes; whole is false where GitHub stops telling.
func (a *App) Files(ctx context.Context, r control.Repository, number int) (files []string, whole bool, err error) {
	var all []*github.CommitFile
	options := &github.ListOptions{PerPage: page}
	for {
		list, resp, err := a.client(r.Tenant).PullRequests.ListFiles(ctx, r.Owner, r.Name, number, options)
		if err != nil {
			return nil, false, fault("listing the changed files", err)
		}
		all = append(all, list...)
		if resp.NextPage == 0 || len(all) >= pullFiles {
			return paths(all), len(all) < pullFiles, nil
		}
		options.Page = resp.NextPage
	}
}

func paths(list []*github.CommitFile) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.GetFilename())
		if was := f.GetPreviousFilename(); was != "" {
			out = append(out, was)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Branch reads the commit that a branch points to.
func (a *App) Branch(ctx context.Context, r control.Repository, name string) (string, error) {
	ref, _, err := a.client(r.Tenant).Git.GetRef(ctx, r.Owner, r.Name, "heads/"+name)
	if err != nil {
		return "", fault("reading the branch", err)
	}
	return ref.GetObject().GetSHA(), nil
}

// Paths lists the files of a commit, in one request.
func (a *App) Paths(ctx context.Context, r control.Repository, commit string) (control.Listing, error) {
	t, _, err := a.client(r.Tenant).Git.GetTree(ctx, r.Owner, r.Name, commit, true)
	if err != nil {
		return control.Listing{}, fault("listing the files", err)
	}
	out := control.Listing{Files: make(map[string]string, len(t.Entries)), Pointers: map[string]string{}, Whole: !t.GetTruncated()}
	for _, e := range t.Entries {
		switch {
		case e.GetType() == "commit" || e.GetMode() == "120000":
			out.Pointers[e.GetPath()] = e.GetSHA()
		case e.GetType() == "blob":
			out.Files[e.GetPath()] = e.GetSHA()
		}
	}
	return out, nil
}

// File reads one file of a commit, up to a mebibyte.
func (a *App) File(ctx context.Context, r control.Repository, commit, path string) (data []byte, found bool, err error) {
	file, _, resp, err := a.client(r.Tenant).Repositories.GetContents(ctx, r.Owner, r.Name, path, &github.RepositoryContentGetOptions{Ref: commit})
	if resp != nil && resp.StatusCode == http.StatusNotFound {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fault("reading "+path, err)
	}
	if file == nil {
		return nil, false, nil // a folder of that name is no file of ours
	}
	if file.GetType() != "file" {
		return nil, true, fmt.Errorf("%s at %.12s: %w", path, commit, control.ErrNotFile)
	}
	if file.GetEncoding() == "none" || file.GetSize() > maxFile {
		return nil, true, control.ErrTooLarge
	}
	text, err := file.GetContent()
	return []byte(text), err == nil, err
}

// Role is what somebody may do in the repository now; author_association says less and is never used.
func (a *App) Role(ctx context.Context, r control.Repository, p control.Person) (control.Role, error) {
	var level struct { // go-github v60 does not know role_name
		Permission string `json:"permission"`
		RoleName   string `json:"role_name"`
		User       struct {
			ID int64 `json:"id"`
		} `json:"user"`
	}
	resp, err := a.get(ctx, r, "collaborators/"+url.PathEscape(p.Login)+"/permission", &level)
	if resp != nil && resp.StatusCode == http.StatusNotFound {
		return control.RoleNone, nil
	}
	if err != nil {
		return control.RoleNone, fault("reading the sender's role", err)
	}
	if level.User.ID != p.ID { // somebody else has that login by now
		return control.RoleNone, nil
	}
	if role := roleNamed(level.RoleName); role != control.RoleNone {
		return role, nil
	}
	return roleNamed(level.Permission), nil // a custom role: its base permission counts
}

func roleNamed(name string) control.Role {
	switch name {
	case "admin":
		return control.RoleAdmin
	case "maintain":
		return control.RoleMaintain
	case "write":
		return control.RoleWrite
	case "triage":
		return control.RoleTriage
	case "read":
		return control.RoleRead
	}
	return control.RoleNone
}

// get reads what go-github v60 has no type for.
func (a *App) get(ctx context.Context, r control.Repository, path string, into any) (*github.Response, error) {
	client := a.client(r.Tenant)
	req, err := client.NewRequest(http.MethodGet, fmt.Sprintf("repos/%s/%s/%s", url.PathEscape(r.Owner), url.PathEscape(r.Name), path), nil)
	if err != nil {
		return nil, err
	}
	return client.Do(ctx, req, into)
}

// Run reads a workflow run as it is now.
func (a *App) Run(ctx context.Context, r control.Repository, id int64) (control.RunState, error) {
	var run struct { // go-github v60 does not know the path
		Path           string `json:"path"`
		HeadSHA        string `json:"head_sha"`
		Event          string `json:"event"`
		Status         string `json:"status"`
		RunAttempt     int    `json:"run_attempt"`
		HeadRepository struct {
			ID int64 `json:"id"`
		} `json:"head_repository"`
	}
	if _, err := a.get(ctx, r, fmt.Sprintf("actions/runs/%d", id), &run); err != nil {
		return control.RunState{}, fault("reading the workflow run", err)
	}
	return control.RunState{
		Path: run.Path, Head: run.HeadSHA, HeadRepository: run.HeadRepository.ID, Event: run.Event, Attempt: run.RunAttempt,
		Running: run.Status == "in_progress" || run.Status == "queued",
	}, nil
}
