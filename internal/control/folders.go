package control

import (
	"context"
	"io/fs"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// Folders says which Terraform folders to evaluate, and what they are compared with.
type Folders struct {
	Base, Head Tree
	Named      []string      // folders of the head; none: those that the change touches
	Files      []string      // that the change touches
	Whole      bool          // false: they are not all
	Roots      []config.Root // of the configuration
}

// Sources evaluates folders on both sides, as the pull request flow does for a head.
func (f Folders) Sources(ctx context.Context) ([]Source, []verdict.Finding, error) {
	both := sides{base: f.Base, head: f.Head}
	names, notes := f.Named, both.missing()
	if len(names) == 0 {
		touched, more, err := both.touched(ctx, f.Files, f.Whole, f.Roots)
		if err != nil {
			return nil, nil, err
		}
		names, notes = touched, append(notes, more...)
	}
	var out []Source
	for _, name := range names {
		source, more, err := both.source(ctx, name, rootNamed(f.Roots, name))
		if err != nil {
			return nil, nil, err
		}
		out, notes = append(out, source), append(notes, more...)
	}
	return out, notes, nil
}

// Evaluate reads one folder. What cannot be evaluated is a fault of the plan.
func Evaluate(ctx context.Context, fsys fs.FS, name string, configured []config.Root) (fact.Plan, error) {
	return evaluated(ctx, fsys, name, settingsOf(name, rootNamed(configured, name)))
}

// NothingChanged is the note of a verdict on no source at all.
func NothingChanged() verdict.Finding {
	return verdict.Finding{
		ID: "nothing-changed", Title: "No Terraform root is changed", Severity: verdict.Allow,
		Message: "this change leaves every Terraform root alone: there is nothing to price and nothing for policies to look at",
	}
}
