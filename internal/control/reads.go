package control

import (
	"context"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/terraform"
)

// reads is what the roots at a commit read beside the folders of source, and the digest of what that follows from. It is
// found again only when that changes: mostly when the default branch moves, before any pull request asks.
func (f *Flow) reads(ctx context.Context, r Repository, s, had snapshot, listing Listing) (*terraform.Reads, string, error) {
	if len(s.Folders) == 0 || !s.Whole {
		return &terraform.Reads{}, "", nil // nothing reads, or every change touches
	}
	if had.Reads != nil && had.Source != "" && readDigest(s, *had.Reads, listing) == had.Source {
		return had.Reads, had.Source, nil
	}
	tree, err := f.o.Forge.Tree(ctx, r, s.Commit)
	if err != nil {
		return nil, "", gone(err, "the source of the branch")
	}
	var found terraform.Reads
	if err := f.evaluating(ctx, func() error {
		found, err = allReads(ctx, tree, s.inForce().config.Roots)
		return err
	}); err != nil {
		return nil, "", err
	}
	found = found.Outside(s.Folders)
	if found.Unknown != "" {
		f.log(ctx).InfoContext(ctx, "any file may change what Terraform sees", "commit", s.Commit, "reason", found.Unknown)
	}
	return &found, readDigest(s, found, listing), nil
}

// allReads is what any root reads that may be judged.
func allReads(ctx context.Context, tree Tree, configured []config.Root) (terraform.Reads, error) {
	for _, lost := range [][]string{tree.Faults, tree.Missing} {
		if len(lost) > 0 {
			return terraform.Reads{Unknown: "part of the source cannot be read: " + lost[0]}, nil
		}
	}
	roots, faults, err := terraform.Roots(ctx, tree.Files)
	if err != nil {
		return terraform.Reads{}, err
	}
	for _, fault := range faults {
		if fault.Where == "." {
			return terraform.Reads{Unknown: fault.Message}, nil // there are roots that were not found
		}
	}
	var all terraform.Reads
	of, cancel := readsOf(ctx, tree.Files, configured)
	defer cancel()
	for _, r := range roots {
		if all = terraform.Union(all, of(r)); all.Unknown != "" {
			break
		}
	}
	return all, ctx.Err()
}

// readsOf tells what each root reads. Together the evaluations get the time of one: what it does not suffice for may read
// any file.
func readsOf(ctx context.Context, fsys fs.FS, configured []config.Root) (of func(terraform.Root) terraform.Reads, cancel func()) {
	limited, cancel := context.WithTimeout(ctx, terraform.DefaultTimeout)
	return func(r terraform.Root) terraform.Reads {
		root := rootNamed(configured, r.Path)
		if root == nil && len(configured) > 0 {
			return terraform.Reads{} // it is not judged
		}
		return r.Reads(limited, fsys, settingsOf(r.Path, root))
	}, cancel
}

// readDigest is equal where the reads are: source, what lies below its folders, what is read elsewhere and the
// configuration decide them.
func readDigest(s snapshot, reads terraform.Reads, l Listing) string {
	folders := map[string]bool{}
	for _, dir := range s.Folders {
		folders[dir] = true
	}
	var all strings.Builder
	all.WriteString("1\n") // another number where another version finds other reads
	for _, name := range slices.Sorted(maps.Keys(l.Files)) {
		if name == ConfigName || reads.Include(name) || within(folders, path.Dir(name)) {
			all.WriteString(name + "\x00" + l.Files[name] + "\x00")
		}
	}
	return digestOf(all.String())
}

// within reports a folder that is one of these, or lies below one.
func within(folders map[string]bool, dir string) bool {
	for ; ; dir = path.Dir(dir) {
		if folders[dir] {
			return true
		}
		if dir == "." || dir == "/" {
			return false
		}
	}
}
