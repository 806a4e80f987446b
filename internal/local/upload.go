package local

import (
	"context"
	"errors"
	"path"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/policy"
)

// Stdin stands for the path of what is read from standard input.
const Stdin = "standard input"

// Told is what the App is told of one plan.
type Told struct {
	Name     string // of the plan
	Document control.UploadDocument
}

// Uploads are the documents of the plans among sources: what was evaluated from a folder the App evaluates itself. Only
// what prices and policies read is in them. The root of a plan is its own folder, unless source names another.
func Uploads(ctx context.Context, sources []control.Source, source string) ([]Told, error) {
	entries, err := catalog.Embedded()
	if err != nil {
		return nil, err
	}
	set, err := policy.Compile(ctx, policy.Options{Bundles: []policy.Bundle{control.Builtin()}})
	if err != nil {
		return nil, err
	}
	allowed := control.NewAllowList(entries, set.Rules())
	var out []Told
	for i := range sources {
		s := &sources[i]
		if s.Plan.FormatVersion == "" {
			continue
		}
		root := path.Dir(s.Name)
		if source != "" {
			root = Name(source)
		} else if s.Name == Stdin {
			return nil, errors.New("a plan from standard input does not say of which folder it is: name it with --source DIR")
		}
		document, err := allowed.Upload(root, s.Plan)
		if err != nil {
			return nil, err
		}
		out = append(out, Told{s.Name, document})
	}
	return out, nil
}
