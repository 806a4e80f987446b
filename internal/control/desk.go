package control

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/org/platform-action/internal/render"
)

// Confirm takes the word of somebody who signed in that the increase of a verdict is meant: by the rules of the button on
// the check run, with the role that GitHub says they have now. What they may not do is *Refused.
func (f *Flow) Confirm(ctx context.Context, t Tenant, number int, by Person, digest string) error {
	return f.asWriter(ctx, t, by, "confirm", func(ctx context.Context, r Repository) error {
		p, err := f.o.Forge.Pull(ctx, r, number)
		if err != nil {
			return err
		}
		if !p.Open {
			return &Refused{Forbidden, "confirm", "The pull request is closed."}
		}
		answer, err := f.acknowledge(ctx, r, p, p.Head, by, digest)
		if err == nil && answer != "" {
			return &Refused{Forbidden, "confirm", answer}
		}
		return err
	})
}

// asWriter does what a person asks for who may write to a repository; anybody else is *Refused.
func (f *Flow) asWriter(ctx context.Context, t Tenant, by Person, code string, do func(context.Context, Repository) error) error {
	return f.within(ctx, t, func(ctx context.Context, r Repository) error {
		if r.Archived {
			return &Refused{Forbidden, code, "The repository is archived: nothing can be merged or deployed there."}
		}
		if by.Kind != "User" {
			return &Refused{Forbidden, code, "Only a person can answer for this."}
		}
		may, err := f.mayWrite(ctx, r, by)
		if err != nil {
			return err
		}
		if !may {
			return &Refused{Forbidden, code, "You may read this repository, and not write to it: somebody with write access answers for this. A role that was given just now counts after five minutes."}
		}
		return do(ctx, r)
	})
}

// Environments are what is asked of deployments, by the default branch as it was last read and the organisation as it is.
func (f *Flow) Environments(ctx context.Context, t Tenant) (Environments, error) {
	var out Environments
	err := f.within(ctx, t, func(ctx context.Context, r Repository) error {
		data, known, err := f.o.Records.Recall(ctx, r.Tenant, snapshotName)
		if err != nil || !known {
			return err
		}
		var s snapshot
		if err := json.Unmarshal(data, &s); err != nil {
			return fmt.Errorf("the snapshot of the default branch cannot be read: %w", err)
		}
		o, err := f.organisation(ctx, r.Tenant)
		if err != nil {
			return fmt.Errorf("the organisation's settings: %w", err)
		}
		settings := s.inForce().settings(o)
		out = Environments{Commit: s.Commit, Ask: settings.Config.Environments, Notes: settings.Notes}
		return nil
	})
	return out, err
}

// Awaits is the digest that a confirmation has to name, if a verdict waits for one.
func Awaits(r render.Report) (digest string, waits bool) {
	return shortened(r.Verdict.Digest), waitsForAck(r.Verdict)
}
