package githubtest

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // git names its objects by it
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// network is the object store that a repository shares with its forks. Objects have git's own ids.
type network struct {
	blobs   map[string][]byte
	trees   map[string]map[string]string // flat: path → blob
	commits map[string]*commit
}

type commit struct {
	sha, tree string
	parents   []string
	files     map[string]string // path → blob
	author    string            // login; empty: writer
}

func newNetwork() *network {
	return &network{blobs: map[string][]byte{}, trees: map[string]map[string]string{}, commits: map[string]*commit{}}
}

func objectID(kind string, data []byte) string {
	h := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(h, "%s %d\x00", kind, len(data))
	h.Write(data)
	return hex.EncodeToString(h.Sum(nil))
}

func (n *network) blob(data []byte) string {
	id := objectID("blob", data)
	if _, there := n.blobs[id]; !there {
		n.blobs[id] = bytes.Clone(data)
	}
	return id
}

// commit makes one.
func (n *network) commit(files map[string]string, parents []string, message string, at time.Time) *commit {
	tree := treeID(files)
	var text strings.Builder
	fmt.Fprintf(&text, "tree %s\n", tree)
	for _, p := range parents {
		fmt.Fprintf(&text, "parent %s\n", p)
	}
	who := fmt.Sprintf("A Developer <dev@example.com> %d +0000", at.Unix())
	fmt.Fprintf(&text, "author %s\ncommitter %s\n\n%s\n", who, who, message)
	c := &commit{sha: objectID("commit", []byte(text.String())), tree: tree, parents: parents, files: files}
	n.commits[c.sha] = c
	n.trees[tree] = files
	return c
}

// treeID is git's id of the folder that holds the files.
func treeID(files map[string]string) string {
	type entry struct{ name, mode, id string }
	below := map[string]map[string]string{}
	var entries []entry
	for _, path := range slices.Sorted(maps.Keys(files)) {
		top, rest, nested := strings.Cut(path, "/")
		if !nested {
			entries = append(entries, entry{top, "100644", files[path]})
			continue
		}
		if below[top] == nil {
			below[top] = map[string]string{}
		}
		below[top][rest] = files[path]
	}
	for name, inner := range below {
		entries = append(entries, entry{name, "40000", treeID(inner)})
	}
	slices.SortFunc(entries, func(a, b entry) int { // git sorts folders as if their names ended in a slash
		key := func(e entry) string {
			if e.mode == "40000" {
				return e.name + "/"
			}
			return e.name
		}
		return strings.Compare(key(a), key(b))
	})
	var data bytes.Buffer
	for _, e := range entries {
		id, _ := hex.DecodeString(e.id)
		fmt.Fprintf(&data, "%s %s\x00", e.mode, e.name)
		data.Write(id)
	}
	return objectID("tree", data.Bytes())
}

// changed applies changes to files: an empty text deletes.
func (n *network) changed(files, changes map[string]string) map[string]string {
	out := maps.Clone(files)
	if out == nil {
		out = map[string]string{}
	}
	for path, text := range changes {
		if text == "" {
			delete(out, path)
			continue
		}
		out[path] = n.blob([]byte(text))
	}
	return out
}

// ancestors are a commit and everything before it.
func (n *network) ancestors(sha string) map[string]bool {
	seen := map[string]bool{}
	for queue := []string{sha}; len(queue) > 0; queue = queue[1:] {
		if c := n.commits[queue[0]]; c != nil && !seen[c.sha] {
			seen[c.sha] = true
			queue = append(queue, c.parents...)
		}
	}
	return seen
}

// mergeBase is the nearest common ancestor, breadth first from head.
func (n *network) mergeBase(base, head string) string {
	of := n.ancestors(base)
	seen := map[string]bool{}
	for queue := []string{head}; len(queue) > 0; queue = queue[1:] {
		sha := queue[0]
		if of[sha] {
			return sha
		}
		if c := n.commits[sha]; c != nil && !seen[sha] {
			seen[sha] = true
			queue = append(queue, c.parents...)
		}
	}
	return ""
}

// difference is a changed file.
type difference struct{ path, before, status, blob string }

// between lists what differs, renames with equal content as such, by path.
func between(from, to map[string]string) []difference {
	var out []difference
	gone := map[string][]string{} // blob → paths that are no longer there
	for _, path := range slices.Sorted(maps.Keys(from)) {
		if _, there := to[path]; !there {
			gone[from[path]] = append(gone[from[path]], path)
		}
	}
	renamed := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(to)) {
		blob := to[path]
		before, was := from[path]
		switch {
		case was && before == blob:
		case was:
			out = append(out, difference{path, "", "modified", blob})
		case len(gone[blob]) > 0:
			old := gone[blob][0]
			gone[blob] = gone[blob][1:]
			renamed[old] = true
			out = append(out, difference{path, old, "renamed", blob})
		default:
			out = append(out, difference{path, "", "added", blob})
		}
	}
	for path, blob := range from {
		if _, there := to[path]; !there && !renamed[path] {
			out = append(out, difference{path, "", "removed", blob})
		}
	}
	slices.SortFunc(out, func(a, b difference) int { return strings.Compare(a.path, b.path) })
	return out
}

// merged is what a merge of head into base holds, where no path is changed on both sides.
func (n *network) merged(base, head string) map[string]string {
	from := map[string]string{}
	if c := n.commits[n.mergeBase(base, head)]; c != nil {
		from = c.files
	}
	out := maps.Clone(n.commits[base].files)
	for _, d := range between(from, n.commits[head].files) {
		switch d.status {
		case "removed":
			delete(out, d.path)
		case "renamed":
			delete(out, d.before)
			out[d.path] = d.blob
		default:
			out[d.path] = d.blob
		}
	}
	return out
}
