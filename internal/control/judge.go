package control

import (
	"context"
	"slices"

	"github.com/org/platform-action/internal/policy"
)

// Judge is a set of policies that can be asked. *policy.Set is one.
type Judge interface {
	Evaluate(ctx context.Context, in policy.Input) (policy.Result, error)
	Explain(ctx context.Context, id string, in policy.Input) (policy.Explanation, error)
	Rules() []policy.Rule
	Bundles() []policy.BundleDigest
	Digest() string
}

// united asks two sets. Each only adds findings; neither sees what the other found.
type united struct{ first, second Judge }

func (u united) Evaluate(ctx context.Context, in policy.Input) (policy.Result, error) {
	a, err := u.first.Evaluate(ctx, in)
	if err != nil {
		return policy.Result{}, err
	}
	b, err := u.second.Evaluate(ctx, in)
	if err != nil {
		return policy.Result{}, err
	}
	return policy.Result{Findings: append(a.Findings, b.Findings...), Checks: append(a.Checks, b.Checks...)}, nil
}

func (u united) Explain(ctx context.Context, id string, in policy.Input) (policy.Explanation, error) {
	for _, r := range u.second.Rules() {
		if r.ID == id {
			return u.second.Explain(ctx, id, in)
		}
	}
	return u.first.Explain(ctx, id, in)
}

func (u united) Rules() []policy.Rule {
	return append(slices.Clone(u.first.Rules()), u.second.Rules()...)
}

func (u united) Bundles() []policy.BundleDigest {
	return append(slices.Clone(u.first.Bundles()), u.second.Bundles()...)
}

func (u united) Digest() string { return policy.DigestOf(u.Bundles()) }
