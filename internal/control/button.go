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
	case in.Action == rerunButton:
		if alone, err := f.testedAgain(ctx, r, in); err != nil || alone {
			return err
		}
		return f.again(ctx, r, in.Head)
	case in.Action == explainButton:
		return f.explainAll(ctx, r, in.Head)
	case isAck:
		return f.acknowledgeAt(ctx, r, in, digest)
	}
	return nil
}

// acknowledgeAt finds the pull request whose verdict a check showed.
func (f *Flow) acknowledgeAt(ctx context.Context, r Repository, in ButtonInput, digest string) error {
	pulls, err := f.o.Records.PullsAt(ctx, r.Tenant, in.Head)
	if err != nil {
		return err
	}
	for _, had := range pulls {
		v, known, err := f.o.Records.LatestVerdict(ctx, r.Tenant, had.Number, in.Head)
		if err != nil {
			return err
		}
		if !known || shortened(v.Digest) != digest {
			continue
		}
		p, err := f.o.Forge.Pull(ctx, r, had.Number)
		if err != nil {
			return err
		}
		if p.Head != in.Head {
			return nil // the newer head has a check of its own
		}
		answer, err := f.acknowledge(ctx, r, p, in.Sender, digest)
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
