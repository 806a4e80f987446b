package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/terraform"
)

// ConfigName is where a repository keeps its configuration, and OrganisationName where the policy repository keeps the
// organisation's.
const (
	ConfigName       = ".github/platform.yml"
	OrganisationName = "platform.yml"
	PolicyFolder     = "policies"
	CatalogueFolder  = "catalogue"
)

// snapshot is what a commit of a repository says about how it is to be judged. It is kept, because the default branch
// moves less often than pull requests do.
type snapshot struct {
	Commit  string    `json:"commit"`
	Config  document  `json:"config"`
	Usage   document  `json:"usage"`
	Folders []string  `json:"folders"`        // with Terraform source
	Whole   bool      `json:"whole"`          // false: Folders are not all there are
	Last    *snapshot `json:"last,omitempty"` // of an invalid one: the last that was valid

	Reads  *terraform.Reads `json:"reads,omitempty"`  // what roots read beside Folders; nil: not known
	Source string           `json:"source,omitempty"` // digest of the files that Reads follows from
}

// document is a file, or that there is none.
type document struct {
	Path  string `json:"path,omitempty"`
	Blob  string `json:"blob,omitempty"` // id of its content; empty: not told
	Found bool   `json:"found"`
	Large bool   `json:"large,omitempty"` // larger than is read: Data is empty
	Data  []byte `json:"data,omitempty"`
}

const snapshotName = "snapshot"

// snapshotAt reads what a commit says. Of the default branch the newest snapshot is kept, so that what has not changed
// is not read again.
func (f *Flow) snapshotAt(ctx context.Context, r Repository, commit string, keep bool) (snapshot, error) {
	var had snapshot
	if data, ok, err := f.o.Records.Recall(ctx, r.Tenant, snapshotName); err != nil {
		return snapshot{}, err
	} else if ok && json.Unmarshal(data, &had) == nil && had.Commit == commit && had.Reads != nil {
		return had, nil
	}
	listing, err := f.o.Forge.Paths(ctx, r, commit)
	if err != nil {
		return snapshot{}, err
	}
	s := snapshot{Commit: commit, Folders: sourceFolders(listing), Whole: listing.Whole}
	if s.Config, err = f.document(ctx, r, commit, ConfigName, listing, had.Config); err != nil {
		return snapshot{}, err
	}
	if usage := usagePath(s.Config); usage != "" {
		if s.Usage, err = f.document(ctx, r, commit, usage, listing, had.Usage); err != nil {
			return snapshot{}, err
		}
	}
	if s.Reads, s.Source, err = f.reads(ctx, r, s, had, listing); err != nil || !keep {
		return s, err
	}
	return f.remember(ctx, r.Tenant, had, s)
}

// readBranch takes the snapshot of the default branch when it moves: then the next pull request finds it.
func (f *Flow) readBranch(ctx context.Context, r Repository) error {
	if r.Archived {
		return nil
	}
	commit, err := f.o.Forge.Branch(ctx, r, r.DefaultBranch)
	if errors.Is(err, ErrGone) {
		return nil // an empty repository has no branch
	}
	if err != nil {
		return err
	}
	_, err = f.snapshotAt(ctx, r, commit, true)
	return err
}

// document reads a file of a commit, unless the one at hand has the same content.
func (f *Flow) document(ctx context.Context, r Repository, commit, name string, listing Listing, had document) (document, error) {
	blob := listing.Files[name]
	if blob == "" && listing.Whole {
		return document{Path: name}, nil
	}
	if blob != "" && had.Path == name && had.Blob == blob {
		return had, nil
	}
	d, err := f.fileAt(ctx, r, commit, name)
	d.Blob = blob
	return d, err
}

// usagePath is the usage file that a configuration names. A configuration that cannot be read names none.
func usagePath(d document) string {
	if !d.Found || d.Large {
		return ""
	}
	c, err := config.Parse(d.Path, d.Data)
	if err != nil || c.Cost.Usage == "" {
		return ""
	}
	return path.Clean(c.Cost.Usage)
}

func sourceFolders(l Listing) []string {
	seen := map[string]bool{}
	for name := range l.Files {
		if terraform.IsSource(name) {
			seen[path.Dir(name)] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// touchesSource reports that a change of these files may change what Terraform sees: source, a file in or below a folder
// of source, which a function may read, or one that is read elsewhere.
func (s snapshot) touchesSource(files []string) bool {
	if !s.Whole {
		return true
	}
	folders := map[string]bool{}
	for _, dir := range s.Folders {
		folders[dir] = true
	}
	for _, name := range files {
		if terraform.IsSource(name) || within(folders, path.Dir(name)) {
			return true
		}
	}
	return len(s.Folders) > 0 && (s.Reads == nil || slices.ContainsFunc(files, s.Reads.Include))
}

// errNoPolicyRepository says that the organisation has none, which is fine.
var errNoPolicyRepository = errors.New("no policy repository")

const policyRepositoryName = "policy-repository"

// policyRepository is the one of the installation's own account that holds its policies. What the installation has is
// asked once and kept in step by its events.
func (f *Flow) policyRepository(ctx context.Context, t Tenant) (Repository, error) {
	data, known, err := f.o.Records.Recall(ctx, t.Account(), policyRepositoryName)
	if err != nil {
		return Repository{}, err
	}
	if !known {
		if err := f.syncRepositories(ctx, t.Account()); err != nil {
			return Repository{}, err
		}
		if data, _, err = f.o.Records.Recall(ctx, t.Account(), policyRepositoryName); err != nil {
			return Repository{}, err
		}
	}
	var id int64
	if err := json.Unmarshal(data, &id); err != nil || id == 0 {
		return Repository{}, errNoPolicyRepository
	}
	r, found, err := f.o.Records.Repository(ctx, Tenant{t.Installation, id})
	if err == nil && !found {
		err = fmt.Errorf("repository %d holds the organisation's policies and is not known", id)
	}
	return r, err
}
