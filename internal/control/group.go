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
	if err := f.o.Records.Remember(ctx, r.Tenant, groupName(t.Subject), t.Input); err != nil {
		return err
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
	decisions[0].report.Link = f.page(r, 0, t.Subject) // the page of its pull request is about that one's head
	return f.publish(ctx, r, check, decisions)
}

// groupName is the document that keeps what only the webhook of a merge group said.
func groupName(head string) string { return "group/" + head }

// groupAt is the merge group with this head, if it is one.
func (f *Flow) groupAt(ctx context.Context, r Repository, head string) (input []byte, in GroupInput, known bool, err error) {
	input, known, err = f.o.Records.Recall(ctx, r.Tenant, groupName(head))
	if err == nil && known {
		err = json.Unmarshal(input, &in)
	}
	return input, in, known, err
}

// wantHead has a commit evaluated as what it is: the head of pull requests, or a merge group.
func (f *Flow) wantHead(ctx context.Context, r Repository, head string) error {
	input, _, group, err := f.groupAt(ctx, r, head)
	if err != nil {
		return err
	}
	t := Task{Tenant: r.Tenant, Kind: EvaluateHead, Subject: head}
	if group {
		t.Kind, t.Input = EvaluateGroup, input
	}
	return f.o.Queue.Want(ctx, t)
}

// numbersAt are the pull requests that a commit was judged for.
func (f *Flow) numbersAt(ctx context.Context, r Repository, head string) ([]int, error) {
	pulls, err := f.o.Records.PullsAt(ctx, r.Tenant, head)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, p := range pulls {
		out = append(out, p.Number)
	}
	_, in, group, err := f.groupAt(ctx, r, head)
	if group && in.Number > 0 {
		out = append(out, in.Number)
	}
	return out, err
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
