package github

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-github/v60/github"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/memfs"
	"github.com/org/platform-action/internal/terraform"
)

// Bounds of an archive of a commit.
const (
	archiveTime    = 2 * time.Minute
	archiveBytes   = 2 << 30   // unpacked, read past as a stream
	archiveEntries = 1_000_000 // files and folders
	sourceBytes    = 2 << 20   // of one source file, as the evaluation takes it
	otherBytes     = 128 << 10 // of one other file, which a function may read
	keptBytes      = 96 << 20  // of everything that is kept
	cachedTrees    = 64
	cachedBytes    = 256 << 20 // of all cached trees, but for the last that was read
)

// treeCache keeps what was read last, up to a number of trees and of bytes: a base commit serves many pull requests.
type treeCache struct {
	flight singleflight.Group

	mu    sync.Mutex // guards what follows
	trees *lru.Cache[string, tree]
	bytes int64
}

// tree is what was read, and how much memory it takes.
type tree struct {
	control.Tree

	bytes int64
}

func newTreeCache() *treeCache {
	c := &treeCache{}
	trees, err := lru.NewWithEvict(cachedTrees, func(_ string, t tree) { c.bytes -= t.bytes })
	if err != nil {
		panic(err) // the size is a constant greater than zero
	}
	c.trees = trees
	return c
}

func (c *treeCache) get(key string) (tree, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.trees.Get(key)
}

func (c *treeCache) add(key string, t tree) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.trees.Remove(key)
	c.bytes += t.bytes
	c.trees.Add(key, t)
	for c.bytes > cachedBytes && c.trees.Len() > 1 {
		c.trees.RemoveOldest()
	}
}

// Tree reads the source at a commit, in one request: Terraform and Terragrunt files, and small files that functions may
// read. What the bounds leave out is named.
func (a *App) Tree(ctx context.Context, r control.Repository, commit string) (control.Tree, error) {
	key := r.Tenant.String() + "@" + commit
	if t, ok := a.trees.get(key); ok {
		return t.Tree, nil
	}
	got := a.trees.flight.DoChan(key, func() (any, error) {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), archiveTime)
		defer cancel()
		t, err := a.fetchTree(own, r, commit)
		if err == nil {
			a.trees.add(key, t)
		}
		return t, err
	})
	select {
	case <-ctx.Done():
		return control.Tree{}, ctx.Err()
	case res := <-got:
		t, _ := res.Val.(tree)
		return t.Tree, res.Err
	}
}

func (a *App) fetchTree(ctx context.Context, r control.Repository, commit string) (tree, error) {
	address, _, err := a.client(r.Tenant).Repositories.GetArchiveLink(ctx, r.Owner, r.Name, github.Tarball, &github.RepositoryContentGetOptions{Ref: commit}, 0)
	if err != nil {
		return tree{}, fault("asking for the source", archiveFault(err))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return tree{}, err
	}
	// No token goes along: the address carries a signature of its own.
	resp, err := a.options.Transport.RoundTrip(req)
	if err != nil {
		return tree{}, fmt.Errorf("fetching the source: %w", sanitised(err))
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return tree{}, fmt.Errorf("fetching the source: GitHub answered %d", resp.StatusCode)
	}
	return readArchive(resp.Body)
}

// sanitised leaves the address out of an error: its signature opens the archive.
func sanitised(err error) error { return errors.New(strings.SplitN(err.Error(), "http", 2)[0]) }

// archiveFault reads the status out of go-github's error, which has no type here.
func archiveFault(err error) error {
	if strings.Contains(err.Error(), "unexpected status code: 404") {
		return control.ErrGone
	}
	return err
}

// readArchive keeps the files that an evaluation may read. A name that is no plain path, or that differs from another
// by case alone, is refused: what is read must be what a checkout would hold.
func readArchive(body io.Reader) (tree, error) {
	unzipped, err := gzip.NewReader(body)
	if err != nil {
		return tree{}, fmt.Errorf("the source archive cannot be read: %w", err)
	}
	in := &archive{tree: memfs.New(), folded: map[string]string{}}
	limited := &io.LimitedReader{R: unzipped, N: archiveBytes}
	entries := tar.NewReader(limited)
	for n := 0; ; n++ {
		h, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return in.done(), nil
		}
		if err == nil && n <= archiveEntries {
			err = in.add(h, entries)
		}
		switch {
		case limited.N <= 0:
			in.fault("the source unpacks to more than %d GiB: the rest of it was not read", archiveBytes>>30)
			return in.done(), nil
		case err != nil:
			return tree{}, fmt.Errorf("the source archive cannot be read: %w", err)
		case n > archiveEntries:
			in.fault("the source has more than %d entries: the rest of it was not read", archiveEntries)
			return in.done(), nil
		}
	}
}

type archive struct {
	tree   *memfs.FS
	folded map[string]string
	kept   int64
	out    control.Tree
}

// maxFaults are told; any one of them keeps the source from being judged.
const maxFaults = 10

func (a *archive) fault(format string, args ...any) {
	if len(a.out.Faults) < maxFaults {
		a.out.Faults = append(a.out.Faults, fmt.Sprintf(format, args...))
	}
}

func (a *archive) done() tree {
	a.out.Files = a.tree
	return tree{a.out, a.kept}
}

func (a *archive) add(h *tar.Header, content io.Reader) error {
	if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	_, name, below := strings.Cut(h.Name, "/") // the archive's own top folder
	if !below || name == "" {
		return nil
	}
	if path.Clean(name) != name || path.IsAbs(name) || name == ".." || strings.HasPrefix(name, "../") || strings.ContainsRune(name, '\\') {
		a.fault("the source holds the name %.80q, which is no plain path", name)
		return nil
	}
	fold := strings.ToLower(name)
	if other, twice := a.folded[fold]; twice {
		a.fault("the source holds %.80q and %.80q, which not every checkout can tell apart: rename one", other, name)
		return nil
	}
	a.folded[fold] = name
	if h.Typeflag != tar.TypeReg { // a link, or a device: it is seen, and what stands behind it is unknown
		a.kept += int64(len(name))
		a.tree.AddLink(name)
		return nil
	}
	return a.keep(name, h, content)
}

// keep reads a file, within the bounds.
func (a *archive) keep(name string, h *tar.Header, content io.Reader) error {
	limit := int64(otherBytes)
	source := terraform.IsSource(name)
	if source {
		limit = sourceBytes
	}
	if h.Size > limit || a.kept+h.Size > keptBytes {
		switch {
		case source:
			a.out.Missing = append(a.out.Missing, name)
		case ruling(name):
			a.out.Skipped = append(a.out.Skipped, name)
		}
		return nil
	}
	data, err := io.ReadAll(io.LimitReader(content, limit+1))
	if err != nil {
		return err
	}
	a.kept += int64(len(data))
	a.tree.Add(name, data)
	return nil
}

// ruling are the files that may hold policies, their data or prices.
func ruling(name string) bool {
	return slices.Contains([]string{".rego", ".yaml", ".yml", ".json"}, path.Ext(name))
}
