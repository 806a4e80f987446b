package control

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// button answers an action of our check run, or GitHub's own wish to run it again.
func (f *Flow) button(ctx context.Context, r Repository, t Task) error {
	var in ButtonInput
	if err := json.Unmarshal(t.Input, &in); err != nil {
		return &Parked{Reason: "the input of a button cannot be read: " + err.Error()}
	}
	if in.Sender.Kind != "User" {
		return nil
	}
	if may, err := f.mayWrite(ctx, r, in.Sender); err != nil || !may {
		return err
	}
	digest, isAck := strings.CutPrefix(in.Action, ackButton)
	switch {
	case in.Action == rerunButton && in.Seen.IsZero():
		return f.rerun(ctx, r, in)
	case in.Action == rerunButton:
		wish := fmt.Sprintf("rerun %d %s %d %d", in.Check, in.Head, in.Sender.ID, in.Seen.Unix())
		return f.wished(ctx, r, wish, func() error { return f.rerun(ctx, r, in) })
	case in.Action == explainButton:
		return f.explainAll(ctx, r, in.Head)
	case isAck:
		return f.acknowledgeAt(ctx, r, in, digest)
	}
	return nil
}

// rerun runs the checks again that somebody asked for: one of the two, or both.
func (f *Flow) rerun(ctx context.Context, r Repository, in ButtonInput) error {
	if alone, err := f.testedAgain(ctx, r, in); err != nil || alone {
		return err
	}
	return f.again(ctx, r, in.Head)
}

// acknowledgeAt finds the pull request whose verdict a check showed.
func (f *Flow) acknowledgeAt(ctx context.Context, r Repository, in ButtonInput, digest string) error {
	numbers, err := f.numbersAt(ctx, r, in.Head)
	if err != nil {
		return err
	}
	_, _, group, err := f.groupAt(ctx, r, in.Head)
	if err != nil {
		return err
	}
	for _, n := range numbers {
		v, known, err := f.o.Records.LatestVerdict(ctx, r.Tenant, n, in.Head)
		if err != nil {
			return err
		}
		if !known || shortened(v.Digest) != digest {
			continue
		}
		p, err := f.o.Forge.Pull(ctx, r, n)
		if err != nil {
			return err
		}
		if p.Head != in.Head && !group {
			return nil // the newer head has a check of its own
		}
		answer, err := f.acknowledge(ctx, r, p, in.Head, in.Sender, digest)
		if err != nil || answer == "" {
			return err
		}
		return f.reply(ctx, r, p, fmt.Sprintf("button %d %d %s", in.Check, in.Sender.ID, digest), answer)
	}
	return nil
}

// reply writes one comment for one wish, however often the wish is delivered.
func (f *Flow) reply(ctx context.Context, r Repository, p Pull, wish, body string) error {
	marker := "<!-- platform:reply:v1 " + wish + " -->"
	first, err := f.o.Records.Once(ctx, r.Tenant, "reply "+wish, f.o.Now())
	if err != nil {
		return err
	}
	if !first { // it may be there already
		if _, there, err := f.o.Forge.FindComment(ctx, r, p.Number, marker); err != nil || there {
			return err
		}
	}
	_, err = f.o.Forge.CreateComment(ctx, r, p.Number, marker+"\n"+body)
	return err
}
