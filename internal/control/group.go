package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// group evaluates a merge group: what the default branch would be is judged as such, before it is.
func (f *Flow) group(ctx context.Context, r Repository, t Task) error {
	var in GroupInput
	if err := json.Unmarshal(t.Input, &in); err != nil {
		return &Parked{Reason: "the input of a merge group cannot be read: " + err.Error()}
	}
	check, err := f.check(ctx, r, t.Subject)
	if err != nil {
		return err
	}
	if in.Gone {
		return errors.Join(f.abandon(ctx, r, check), f.wantGone(ctx, r, t.Subject))
	}
	c, err := f.gatherGroup(ctx, r, t.Subject, in)
	if err != nil {
		return err
	}
	if err := f.wantTested(ctx, r, t.Subject, c, &TestedInput{Queued: true}); err != nil {
		return err
	}
	decisions, err := f.decideAll(ctx, r, &check, []change{c})
	if err != nil {
		return err
	}
	return f.publish(ctx, r, check, decisions)
}

func (f *Flow) gatherGroup(ctx context.Context, r Repository, head string, in GroupInput) (change, error) {
	compared, err := f.o.Forge.Compare(ctx, r, in.Base, head)
	if err != nil {
		return change{}, fmt.Errorf("comparing the merge group: %w", err)
	}
	c := change{
		number: in.Number, head: head, base: compared.MergeBase, into: in.Branch, since: f.o.Now(),
		files: compared.Files, whole: compared.Whole,
	}
	tip, err := f.o.Forge.Branch(ctx, r, in.Branch)
	if err != nil {
		return change{}, err
	}
	return c, f.measure(ctx, r, &c, tip)
}
