package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// forkWait is how often a fork's pull request is evaluated at most: anybody may open one.
const forkWait = time.Minute

// head evaluates every open pull request with this head and publishes the worst outcome: a check belongs to a commit,
// not to a pull request.
func (f *Flow) head(ctx context.Context, r Repository, head string) error {
	if r.Archived {
		return nil // nothing can be written there
	}
	pulls, err := f.live(ctx, r, head)
	if err != nil {
		return err
	}
	check, err := f.check(ctx, r, head)
	if err != nil {
		return err
	}
	if len(pulls) == 0 {
		return errors.Join(f.abandon(ctx, r, check), f.endTested(ctx, r, head))
	}
	if err := f.spare(ctx, r, pulls); err != nil {
		return err
	}
	var changes []change
	for _, p := range pulls {
		c, err := f.gather(ctx, r, p)
		if err != nil {
			return err
		}
		changes = append(changes, c)
	}
	if err := f.wantTested(ctx, r, head, changes[0], nil); err != nil {
		return err
	}
	decisions, err := f.decideAll(ctx, r, &check, changes)
	if err != nil {
		return err
	}
	if err := f.publish(ctx, r, check, decisions); err != nil {
		return err
	}
	for i, d := range decisions {
		if err := f.comment(ctx, r, pulls[i], d); err != nil {
			return err
		}
	}
	return nil
}

// decideAll decides each change. Where source has to be read, the check is set in progress first: that takes a while.
func (f *Flow) decideAll(ctx context.Context, r Repository, check *CheckRecord, changes []change) ([]decision, error) {
	var out []decision
	for _, c := range changes {
		var read *sides
		if c.touches() {
			if err := f.progress(ctx, r, check); err != nil {
				return nil, err
			}
			s, err := f.trees(ctx, r, c)
			if err != nil {
				return nil, err
			}
			read = &s
		}
		err := f.evaluating(ctx, func() error {
			d, err := f.decide(ctx, r, c, read)
			out = append(out, d)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// spare holds the pull requests of forks to one evaluation a minute each.
func (f *Flow) spare(ctx context.Context, r Repository, pulls []Pull) error {
	now := f.o.Now()
	for _, p := range pulls {
		if !p.Fork {
			return nil // it is evaluated for that one in any case
		}
	}
	for _, p := range pulls {
		name := "fork/" + number(p.Number)
		var last time.Time
		data, known, err := f.o.Records.Recall(ctx, r.Tenant, name)
		if err != nil {
			return err
		}
		if known && json.Unmarshal(data, &last) == nil && now.Sub(last) < forkWait && !now.Before(last) {
			return &Later{After: forkWait - now.Sub(last), Reason: "a fork's pull request is evaluated once a minute"}
		}
		if data, err = json.Marshal(now); err != nil {
			return err
		}
		if err := f.o.Records.Remember(ctx, r.Tenant, name, data); err != nil {
			return err
		}
	}
	return nil
}

// check is what is remembered of the head's check run. Where its creation was begun and its answer never seen, GitHub
// is asked.
func (f *Flow) check(ctx context.Context, r Repository, head string) (CheckRecord, error) {
	c, known, err := f.o.Records.Check(ctx, r.Tenant, head)
	if err != nil || !known || c.ID != 0 {
		c.Head = head
		return c, err
	}
	c.ID, c.Finished, err = f.o.Forge.FindCheck(ctx, r, head)
	if err != nil || c.ID == 0 {
		return c, err
	}
	return c, f.o.Records.SaveCheck(ctx, r.Tenant, c)
}

// progress shows that the check has begun, unless it has finished before: then it stays as it is until there is news.
func (f *Flow) progress(ctx context.Context, r Repository, c *CheckRecord) error {
	if c.ID != 0 {
		return nil
	}
	now := f.o.Now()
	c.Started, c.Updated = now, now
	if err := f.o.Records.SaveCheck(ctx, r.Tenant, *c); err != nil {
		return err
	}
	var err error
	if c.ID, err = f.o.Forge.CreateCheck(ctx, r, CheckText{
		Head: c.Head, Title: "Evaluating", Summary: "Reading the Terraform source on both sides of this change.", ExternalID: c.Head,
	}); err != nil {
		return err
	}
	return f.o.Records.SaveCheck(ctx, r.Tenant, *c)
}

// abandon ends a check that nobody waits for any more.
func (f *Flow) abandon(ctx context.Context, r Repository, c CheckRecord) error {
	if c.ID == 0 || c.Finished {
		return nil
	}
	return f.finish(ctx, r, c, CheckText{
		Head: c.Head, Done: true, Conclusion: Cancelled, Title: "Superseded",
		Summary: "No open pull request has this commit as its head any more.", ExternalID: c.Head,
	})
}

// finish writes the end of a check and remembers it.
func (f *Flow) finish(ctx context.Context, r Repository, c CheckRecord, text CheckText) error {
	now := f.o.Now()
	notes := digestOfNotes(text.Annotations)
	switch c.Notes {
	case "":
	case notes:
		text.Annotations = nil // an update adds its annotations to those before
	default:
		c.ID = 0 // and none can be taken back: a new run takes the place of this one
	}
	if c.ID == 0 {
		c.Started, c.Updated = now, now
		if err := f.o.Records.SaveCheck(ctx, r.Tenant, c); err != nil {
			return err
		}
		var err error
		if c.ID, err = f.o.Forge.CreateCheck(ctx, r, text); err != nil {
			return err
		}
	} else if err := f.o.Forge.UpdateCheck(ctx, r, c.ID, text); err != nil {
		return err
	}
	c.Finished, c.Updated, c.Notes = true, now, notes
	return f.o.Records.SaveCheck(ctx, r.Tenant, c)
}

// digestOfNotes is empty where there are none.
func digestOfNotes(notes []Annotation) string {
	if len(notes) == 0 {
		return ""
	}
	var b strings.Builder
	for _, n := range notes {
		fmt.Fprintf(&b, "%q %d %q %q %q\n", n.File, n.Line, n.Level, n.Title, n.Message)
	}
	return digestOf(b.String())
}
