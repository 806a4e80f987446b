package control

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
)

// history is GitHub as far as it knows commits by their parents, and what they came with.
type history struct {
	Forge
	parents map[string][]string
	pulls   map[string][]MergedPull
	whole   bool
}

func (h history) above(sha string, into map[string]bool) map[string]bool {
	if into[sha] {
		return into
	}
	into[sha] = true
	for _, p := range h.parents[sha] {
		h.above(p, into)
	}
	return into
}

func (h history) Between(_ context.Context, _ Repository, base, head string) (list []Commit, whole bool, err error) {
	had := h.above(base, map[string]bool{})
	for sha := range h.above(head, map[string]bool{}) {
		if !had[sha] {
			list = append(list, Commit{SHA: sha, Parents: h.parents[sha]})
		}
	}
	return list, h.whole, nil
}

func (h history) PullsOf(_ context.Context, _ Repository, sha string) ([]MergedPull, bool, error) {
	return h.pulls[sha], true, nil
}

func (h history) Reviews(_ context.Context, _ Repository, number int) ([]Review, error) {
	return []Review{{By: Person{ID: 9, Login: "boss", Kind: "User"}, State: "APPROVED", Commit: fmt.Sprint("head", number)}}, nil
}

func (h history) Role(context.Context, Repository, Person) (Role, error) { return RoleWrite, nil }

// TestPullsOfCommit: the list of what a deployment brings is empty only for what was deployed on evidence itself, and an
// approval counts only for the content that it is of.
func TestPullsOfCommit(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	one := MergedPull{Number: 1, Author: Person{ID: 1, Login: "ada"}, Head: "head1", Base: "main", Merged: true, Result: "d"}
	// main: a b c d e; i and j are within pull request 1, which came as d; c is within pull request 2 and was pushed to main
	// before that was merged as z; x stands upon e and on no branch.
	two := MergedPull{Number: 2, Author: Person{ID: 1, Login: "ada"}, Head: "head2", Base: "main", Merged: true, Result: "z"}
	h := history{
		parents: map[string][]string{"b": {"a"}, "c": {"b"}, "d": {"c", "j"}, "e": {"d"}, "i": {"c"}, "j": {"i"}, "x": {"e"}},
		pulls:   map[string][]MergedPull{"c": {two}, "d": {one}, "i": {one}, "j": {one}},
		whole:   true,
	}
	approved := fact.PullRequest{Number: 1, Author: "ada", Approvals: 1, Commit: "d"}
	for name, c := range map[string]struct {
		commit, tip, deployed string
		tree                  string // of the commit; that of what is deployed is t
		part                  bool   // GitHub does not tell all of the commits
		want                  []fact.PullRequest
		why                   string
	}{
		"what is deployed":                 {commit: "d", tip: "e", deployed: "d", want: []fact.PullRequest{}},
		"a rollback":                       {commit: "c", tip: "e", deployed: "d", tree: "t", want: []fact.PullRequest{}},
		"older, and never deployed":        {commit: "c", tip: "e", deployed: "d", want: []fact.PullRequest{{Commit: "c"}}},
		"older, and approved":              {commit: "d", tip: "e", deployed: "e", want: []fact.PullRequest{approved}},
		"the tip":                          {commit: "e", tip: "e", deployed: "c", want: []fact.PullRequest{{Commit: "e"}, approved}},
		"behind the tip":                   {commit: "d", tip: "e", deployed: "b", want: []fact.PullRequest{{Commit: "c"}, approved}},
		"within, once it is deployed":      {commit: "i", tip: "e", deployed: "d", want: []fact.PullRequest{{Commit: "i"}}},
		"within, before":                   {commit: "j", tip: "e", deployed: "c", want: []fact.PullRequest{{Commit: "j"}}},
		"within, and the first deployment": {commit: "j", tip: "e", want: []fact.PullRequest{{Commit: "j"}}},
		"within, and the branch is there":  {commit: "j", tip: "j", deployed: "c", want: []fact.PullRequest{{Commit: "i"}, {Commit: "j"}}},
		"on no branch":                     {commit: "x", tip: "e", deployed: "e", want: []fact.PullRequest{{Commit: "x"}}},
		"the first deployment":             {commit: "d", tip: "d", want: []fact.PullRequest{approved}},
		"a branch that is too long":        {commit: "d", tip: "e", deployed: "c", part: true, why: "the branch has more commits since commit d than are looked at, so that nobody knows whether it was a state of it"},
		"too much since":                   {commit: "e", tip: "e", deployed: "c", part: true, why: "there are more than 20 commits since the last deployment"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := h
			h.whole = !c.part
			f := &Flow{o: FlowOptions{Forge: h}}
			q := evidence.Question{Environment: "production", Tree: c.tree, Now: now, History: fact.Of(evidence.History{})}
			if c.deployed != "" {
				q.History = fact.Of(evidence.History{Deployments: []evidence.Deployment{
					{Environment: "production", Commit: c.deployed, Tree: "t", Basis: evidence.BasisEvidence, Succeeded: true, At: now.Add(-time.Hour)},
				}})
			}
			commit := Commit{SHA: c.commit, Parents: h.parents[c.commit]}
			pulls, why, err := f.deployPulls(t.Context(), Repository{DefaultBranch: "main"}, commit, requirements{tip: c.tip}, gated{}, q)
			if err != nil || why != c.why || (pulls == nil) != (c.why != "") {
				t.Fatalf("%v, %q, %v", pulls, why, err)
			}
			if pulls == nil {
				return
			}
			if diff := cmp.Diff(c.want, slices.Clone(*pulls)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
