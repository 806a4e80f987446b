package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/org/platform-action/internal/verdict"
)

const (
	// lagWait is how long GitHub's reads are given to catch up with its events, lagLimit how long they may trail.
	lagWait  = 3 * time.Second
	lagLimit = time.Minute
)

// live reads the open pull requests with this head as they are now. One that has another head by now is asked for under
// that one.
func (f *Flow) live(ctx context.Context, r Repository, head string) ([]Pull, error) {
	known, err := f.o.Records.PullsAt(ctx, r.Tenant, head)
	if err != nil {
		return nil, err
	}
	var out []Pull
	for _, had := range known {
		p, err := f.o.Forge.Pull(ctx, r, had.Number)
		if err != nil {
			return nil, err
		}
		if p.Updated.Before(had.Seen) && f.o.Now().Sub(had.Seen) < lagLimit {
			return nil, &Later{After: lagWait, Reason: "GitHub's answer is older than its event"}
		}
		record := PullRecord{Number: p.Number, Head: p.Head, Base: p.Base, Open: p.Open, Seen: latest(p.Updated, had.Seen)}
		if record.Head != had.Head || record.Base != had.Base || record.Open != had.Open {
			if err := f.o.Records.SavePull(ctx, r.Tenant, record); err != nil {
				return nil, err
			}
		}
		switch {
		case !p.Open:
		case p.Head == head:
			out = append(out, p)
		default:
			if err := f.o.Queue.Want(ctx, Task{Tenant: r.Tenant, Kind: EvaluateHead, Subject: p.Head}); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// standard is what a pull request is measured by: the default branch's settings decide, those of other commits can only
// be stricter.
type standard struct {
	settings Settings
	commit   string
}

// change is what is known of a pull request or a merge group before its source is read.
type change struct {
	number    int
	head      string
	base      string // merge base
	into      string // branch
	author    int64
	since     time.Time // when GitHub last changed it
	files     []string
	whole     bool // false: there are more files than GitHub tells
	snapshot  snapshot
	target    *snapshot  // of the branch that is merged into, where that is another one
	standards []standard // the first one is the default branch's
}

// touches reports that Terraform may see a difference.
func (c change) touches() bool {
	return !c.whole || c.snapshot.touchesSource(c.files) || c.target != nil && c.target.touchesSource(c.files)
}

// gather reads what a pull request changes and what it is measured by.
func (f *Flow) gather(ctx context.Context, r Repository, p Pull) (change, error) {
	c, err := f.o.Forge.Compare(ctx, r, p.Base, p.Head)
	if err != nil {
		return change{}, err
	}
	out := change{number: p.Number, head: p.Head, base: c.MergeBase, into: p.Base, author: p.AuthorID, since: p.Updated, files: c.Files, whole: c.Whole}
	if !out.whole {
		if out.files, out.whole, err = f.o.Forge.Files(ctx, r, p.Number); err != nil {
			return change{}, err
		}
	}
	return out, f.measure(ctx, r, &out, c.Base)
}

// measure finds the standards: of the default branch, of the branch that is merged into, and what the change proposes.
func (f *Flow) measure(ctx context.Context, r Repository, c *change, into string) error {
	commit := into
	var err error
	if c.into != r.DefaultBranch {
		if commit, err = f.o.Forge.Branch(ctx, r, r.DefaultBranch); err != nil {
			return err
		}
	}
	if c.snapshot, err = f.snapshotAt(ctx, r, commit, true); err != nil {
		return err
	}
	o, err := f.organisation(ctx, r.Tenant)
	if err != nil {
		return err
	}
	decisive := c.snapshot.inForce()
	c.standards = []standard{{decisive.settings(o), commit}}
	if commit != into {
		s, err := f.snapshotAt(ctx, r, into, false)
		if err != nil {
			return err
		}
		c.target = &s
		if s.Config.Blob != c.snapshot.Config.Blob || s.Usage.Blob != c.snapshot.Usage.Blob {
			own := s.inForce()
			own.notes = nil // an old branch may well hold what is not valid any more: it can only be stricter
			c.standards = append(c.standards, standard{own.settings(o), into})
		}
	}
	return f.propose(ctx, r, c, o)
}

// propose adds what the change itself would have in force: it is judged by the old configuration, and can only be
// judged worse by its own.
func (f *Flow) propose(ctx context.Context, r Repository, c *change, o organisation) error {
	usage := c.snapshot.Usage.Path
	edits := !c.whole || slices.Contains(c.files, ConfigName) || usage != "" && slices.Contains(c.files, usage)
	if !edits {
		return nil
	}
	configuration, err := f.fileAt(ctx, r, c.head, ConfigName)
	if err != nil {
		return err
	}
	var figures document
	if name := usagePath(configuration); name != "" {
		if figures, err = f.fileAt(ctx, r, c.head, name); err != nil {
			return err
		}
	}
	if same(configuration, c.snapshot.Config) && same(figures, c.snapshot.Usage) {
		return nil
	}
	decisive := &c.standards[0].settings
	proposed, broken := govern(configuration, figures)
	if broken != nil {
		decisive.Notes = append(slices.Clone(decisive.Notes), verdict.Finding{
			ID: "config-proposed", Title: "The proposed configuration is invalid", Severity: verdict.Block, File: ConfigName,
			Message: broken.Error(), Fix: "correct it in this change; platform check shows the same error",
		})
		return nil //nolint:nilerr // the fault is theirs, and told
	}
	_, current := govern(c.snapshot.Config, c.snapshot.Usage)
	if current != nil && c.snapshot.Last == nil && !c.touches() {
		// Nothing valid is in force, and this change mends it and leaves Terraform alone: it may pass.
		decisive.Notes = slices.DeleteFunc(slices.Clone(decisive.Notes), func(n verdict.Finding) bool { return n.ID == "config-invalid" })
	}
	decisive.Notes = append(slices.Clone(decisive.Notes), verdict.Finding{
		ID: "config-proposed", Title: "This change edits the configuration", Severity: verdict.Warn, File: ConfigName,
		Message: "it is judged by the configuration of the default branch; the proposed one counts after it is merged, and can only be stricter before",
	})
	settings := proposed.settings(o)
	settings.Notes = append(settings.Notes, verdict.Finding{
		ID: "config-proposed", Title: "The proposed configuration is stricter", Severity: verdict.Warn, File: ConfigName,
		Message: "the configuration that this change proposes judges it worse than the one in force, and that counts",
	})
	c.standards = append(c.standards, standard{settings, c.head})
	return nil
}

func same(a, b document) bool {
	return a.Found == b.Found && !a.Large && !b.Large && !a.Link && !b.Link && string(a.Data) == string(b.Data)
}

func (f *Flow) fileAt(ctx context.Context, r Repository, commit, name string) (document, error) {
	data, found, err := f.o.Forge.File(ctx, r, commit, name)
	if errors.Is(err, ErrTooLarge) {
		return document{Path: name, Found: true, Large: true}, nil
	}
	if errors.Is(err, ErrNotFile) {
		return document{Path: name, Found: true, Link: true}, nil
	}
	return document{Path: name, Found: found, Data: data}, err
}

// trees reads both sides of a change.
func (f *Flow) trees(ctx context.Context, r Repository, c change) (sides, error) {
	var s sides
	var err error
	if s.head, err = f.o.Forge.Tree(ctx, r, c.head); err != nil {
		return s, gone(err, "the source of the head")
	}
	s.base, err = f.o.Forge.Tree(ctx, r, c.base)
	return s, gone(err, "the source of the merge base")
}

func gone(err error, what string) error {
	if errors.Is(err, ErrGone) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return err
}
