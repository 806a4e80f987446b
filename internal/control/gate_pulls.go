package control

import (
	"cmp"
	"context"
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
}

// deployPulls are the pull requests that brought what a deployment brings; nil with the reason where they cannot be told.
// What came to the branch without one stands among them, with no number, no title and no approval.
func (f *Flow) deployPulls(ctx context.Context, r Repository, commit Commit, env gated, asks evidence.Question) (pulls *[]fact.PullRequest, why string, err error) {
	commits, why, err := f.brought(ctx, r, commit, asks.LastDeployed().Commit)
	if err != nil || why != "" {
		return nil, why, err
	}
	branch := cmp.Or(env.From, r.DefaultBranch)
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
			if !p.Merged || p.Base != branch {
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
// was deployed by an approval on evidence it is the commit alone.
func (f *Flow) brought(ctx context.Context, r Repository, commit Commit, since string) (list []string, why string, err error) {
	switch {
	case since == commit.SHA:
		return nil, "", nil
	case since == "" || len(commit.Parents) > 0 && commit.Parents[0] == since:
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
	parents := map[string][]string{}
	for _, c := range between {
		parents[c.SHA] = c.Parents
	}
	for at := commit.SHA; ; {
		above, there := parents[at]
		if !there { // it was deployed already
			return list, "", nil
		}
		if list = append(list, at); len(list) > maxBrought {
			return nil, many, nil
		}
		if len(above) == 0 {
			return list, "", nil
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
