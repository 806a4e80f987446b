package control

import (
	"context"
	"errors"
	"strings"

	"github.com/org/platform-action/internal/policy"
)

// Inspection is what an installation's policy repository holds.
type Inspection struct {
	Found    bool
	Policies int    // of its own
	Settings bool   // it has an organisation file
	Fault    string // why it cannot be used; empty: it can
}

// Inspect reads and compiles the policy repository of an installation, and asks none of its policies.
func Inspect(ctx context.Context, forge Forge, installation Tenant, name string) (Inspection, error) {
	list, err := forge.Installed(ctx, installation)
	if err != nil {
		return Inspection{}, err
	}
	for _, r := range list {
		if strings.EqualFold(r.Name, name) {
			return inspect(ctx, forge, r)
		}
	}
	return Inspection{}, nil
}

func inspect(ctx context.Context, forge Forge, r Repository) (Inspection, error) {
	found := Inspection{Found: true}
	commit, err := forge.Branch(ctx, r, r.DefaultBranch)
	if errors.Is(err, ErrGone) {
		return found, nil // an empty repository has no branch
	}
	if err != nil {
		return found, err
	}
	counter := &compiler{}
	engine, err := NewEngine(counter)
	if err != nil {
		return found, err
	}
	o, err := NewFlow(FlowOptions{Forge: forge, Engine: engine}).organisationAt(ctx, r, commit)
	if wrong, ok := errors.AsType[*unusable](err); ok {
		found.Fault = wrong.Error()
		return found, nil
	}
	found.Policies, found.Settings = counter.rules, o.file.Digest != ""
	return found, err
}

// compiler is a Sandbox that asks nothing.
type compiler struct{ rules int }

func (c *compiler) Judge(ctx context.Context, bundles []policy.Bundle, disabled []string) (Judge, error) {
	compiled, err := policy.Compile(ctx, policy.Options{Bundles: bundles, Disabled: disabled})
	if err != nil {
		return nil, err
	}
	c.rules = len(compiled.Rules())
	return compiled, nil
}
