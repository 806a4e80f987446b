package control

import (
	"context"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
)

// guardedChanges are the files that decide what tests say, and that differ between a subject and the default branch:
// what nobody but the change's own author vouches for proves nothing about it.
func (f *Flow) guardedChanges(ctx context.Context, r Repository, head string, want requirements, s subject) (fact.Known[[]evidence.Guarded], error) {
	theirs, err := f.o.Forge.Paths(ctx, r, s.commit)
	if err != nil {
		return fact.Known[[]evidence.Guarded]{}, err
	}
	ours, err := f.o.Forge.Paths(ctx, r, want.tip)
	if err != nil {
		return fact.Known[[]evidence.Guarded]{}, err
	}
	if !theirs.Whole || !ours.Whole {
		return fact.Missing[[]evidence.Guarded]("the repository has more files than GitHub lists, so that its guarded ones cannot be compared"), nil
	}
	changed := map[string]bool{}
	for _, both := range []Listing{theirs, ours} {
		for name := range both.Files {
			if theirs.Files[name] != ours.Files[name] && isGuarded(name, want.guards) {
				changed[name] = true
			}
		}
	}
	out := []evidence.Guarded{}
	for _, name := range sortedKeys(changed) {
		out = append(out, evidence.Guarded{Path: name, Commit: head})
	}
	if len(out) == 0 {
		return fact.Of(out), nil
	}
	if err := f.vouch(ctx, r, head, want, s, content{theirs, ours}, out); err != nil {
		return fact.Known[[]evidence.Guarded]{}, err
	}
	return fact.Of(out), nil
}

// isGuarded reports a file below .github, or under one of the patterns. A pattern that cannot be read guards everything.
func isGuarded(name string, patterns []string) bool {
	if strings.HasPrefix(name, guarded) {
		return true
	}
	for _, p := range patterns {
		if ok, err := doublestar.Match(p, name); ok || err != nil {
			return true
		}
	}
	return false
}
