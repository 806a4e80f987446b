package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/verdict"
)

// Bounds of what is asked about the pull requests of one deployment.
const (
	maxBrought     = 20 // commits of the branch
	maxDeployPulls = 20
	maxTitle       = 256 // characters; GitHub allows no more
)

// MergedPull is a pull request that brought a commit to a branch. Title and author are hostile.
type MergedPull struct {
	Number int
	Title  string
	Author Person
	Head   string // its final one
	Base   string // branch
	Merged bool
	Result string // commit that its branch was at once it was merged
}

// deployPulls are the pull requests that brought what a deployment brings; nil with the reason where they cannot be told.
// What came to the branch without one stands among them, with no number, no title and no approval. So does a commit that never
// was a state of the branch, such as one within a pull request: what was approved is another content. There are none only where
// the commit itself, or its tree, was deployed on evidence already.
func (f *Flow) deployPulls(ctx context.Context, r Repository, commit Commit, want requirements, env gated, asks evidence.Question) (pulls *[]fact.PullRequest, why string, err error) {
	since := asks.LastDeployed().Commit
	if since == commit.SHA {
		return &[]fact.PullRequest{}, "", nil
	}
	branch := cmp.Or(env.From, r.DefaultBranch)
	commits, why, err := f.brought(ctx, r, commit, since)
	if err != nil || why != "" {
		return nil, why, err
	}
	if len(commits) == 0 && asks.RollsBack() {
		return &[]fact.PullRequest{}, "", nil
	}
	on, why, err := f.stateOf(ctx, r, branch, commit.SHA, want)
	switch {
	case err != nil || why != "":
		return nil, why, err
	case !on:
		return &[]fact.PullRequest{{Commit: commit.SHA}}, "", nil
	case len(commits) == 0: // older than what is deployed, and never deployed itself
		commits = []string{commit.SHA}
	}
	return f.pullsOf(ctx, r, branch, commits)
}

// pullsOf are the pull requests that commits of a branch came with. One that was merged as none of them is no answer: its
// approvals are of another content, of which a part came to the branch by another way.
func (f *Flow) pullsOf(ctx context.Context, r Repository, branch string, commits []string) (pulls *[]fact.PullRequest, why string, err error) {
	out, seen := []fact.PullRequest{}, map[int]bool{}
	for _, sha := range commits {
		list, whole, err := f.o.Forge.PullsOf(ctx, r, sha)
		if err != nil {
			return nil, "", err
		}
		if !whole {
			return nil, fmt.Sprintf("commit %.12s is of more pull requests than GitHub tells at once", sha), nil
		}
		found := false
		for _, p := range list {
			if !p.Merged || p.Base != branch || !slices.Contains(commits, p.Result) {
				continue
			}
			if found = true; seen[p.Number] {
				continue
			}
			if seen[p.Number] = true; len(seen) > maxDeployPulls {
				return nil, fmt.Sprintf("there are more than %d pull requests since the last deployment", maxDeployPulls), nil
			}
			approvals, err := f.approvals(ctx, r, p)
			if err != nil {
				return nil, "", err
			}
			out = append(out, fact.PullRequest{Number: p.Number, Title: cut(p.Title, maxTitle), Author: p.Author.Login, Approvals: approvals, Commit: sha})
		}
		if !found {
			out = append(out, fact.PullRequest{Commit: sha})
		}
	}
	slices.SortFunc(out, func(a, b fact.PullRequest) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Commit, b.Commit))
	})
	return &out, "", nil
}

// brought are the commits of the branch itself that a deployment brings: each is a merge, or came by itself. Where nothing
// was deployed by an approval on evidence it is the commit alone; none where it is older than what is deployed.
func (f *Flow) brought(ctx context.Context, r Repository, commit Commit, since string) (list []string, why string, err error) {
	if since == "" || len(commit.Parents) > 0 && commit.Parents[0] == since {
		return []string{commit.SHA}, "", nil
	}
	between, whole, err := f.o.Forge.Between(ctx, r, since, commit.SHA)
	if err != nil {
		return nil, "", err
	}
	many := fmt.Sprintf("there are more than %d commits since the last deployment", maxBrought)
	if !whole {
		return nil, many, nil
	}
	list, _ = line(between, commit.SHA, "")
	if len(list) > maxBrought {
		return nil, many, nil
	}
	return list, "", nil
}

// stateOf reports that a branch was at a commit once: that its first parents lead there from where it is now.
func (f *Flow) stateOf(ctx context.Context, r Repository, branch, commit string, want requirements) (on bool, why string, err error) {
	tip := want.tip
	if branch != r.DefaultBranch {
		tip, err = f.o.Forge.Branch(ctx, r, branch)
	}
	switch {
	case errors.Is(err, ErrGone):
		return false, "", nil
	case err != nil:
		return false, "", err
	case tip == commit:
		return true, "", nil
	}
	since, whole, err := f.o.Forge.Between(ctx, r, commit, tip)
	switch {
	case errors.Is(err, ErrGone): // they have no history in common
		return false, "", nil
	case err != nil:
		return false, "", err
	case !whole:
		return false, fmt.Sprintf("the branch has more commits since commit %.12s than are looked at, so that nobody knows whether it was a state of it", commit), nil
	}
	_, end := line(since, tip, commit)
	return end == commit, "", nil
}

// line follows the first parents of a commit through a list, and is what it has met and where it has left the list.
func line(list []Commit, from, until string) (met []string, end string) {
	parents := make(map[string][]string, len(list))
	for _, c := range list {
		parents[c.SHA] = c.Parents
	}
	for at := from; ; {
		above, there := parents[at]
		if !there || at == until {
			return met, at
		}
		delete(parents, at) // whatever was answered, this ends
		if met = append(met, at); len(above) == 0 {
			return met, ""
		}
		at = above[0]
	}
}

// approvals counts who approved a pull request's final head, may write, and did not open it.
func (f *Flow) approvals(ctx context.Context, r Repository, p MergedPull) (int, error) {
	reviews, err := f.o.Forge.Reviews(ctx, r, p.Number)
	if err != nil {
		return 0, err
	}
	count := 0
	for _, by := range approving(reviews, p.Head) {
		if by.ID == p.Author.ID {
			continue
		}
		role, err := f.o.Forge.Role(ctx, r, by)
		if err != nil {
			return 0, err
		}
		if role >= RoleWrite {
			count++
		}
	}
	return count, nil
}

// wantsPulls reports that what was found without pull requests may be another thing with them. The built-in rules say so
// themselves; of rules of others that look at them nobody knows.
func wantsPulls(rules []policy.Rule, found []verdict.Finding) bool {
	builtin := Builtin().Name
	return slices.ContainsFunc(rules, func(rule policy.Rule) bool {
		return rule.PullRequests && !rule.Disabled && (rule.Bundle != builtin ||
			slices.ContainsFunc(found, func(f verdict.Finding) bool { return f.ID == rule.ID }))
	})
}
