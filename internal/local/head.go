package local

import (
	"os"
	"path/filepath"
	"strings"
)

// maxRef bounds the files of git that are looked into: packed references of a large repository have a few mebibytes.
const maxRef = 32 << 20

// Head is the commit that a work tree was checked out at, as its files say, without a git program; empty where they do
// not say.
func Head(root string) string {
	dir := filepath.Join(root, ".git")
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		data, err := File(dir, 4096)
		to, found := strings.CutPrefix(strings.TrimSpace(string(data)), "gitdir: ")
		if err != nil || !found {
			return ""
		}
		if dir = to; !filepath.IsAbs(to) {
			dir = filepath.Join(root, to)
		}
	}
	data, err := File(filepath.Join(dir, "HEAD"), 4096)
	if err != nil {
		return ""
	}
	text := strings.TrimSpace(string(data))
	name, symbolic := strings.CutPrefix(text, "ref: ")
	if !symbolic {
		return commit(text)
	}
	if !filepath.IsLocal(name) {
		return ""
	}
	if data, err := File(filepath.Join(dir, filepath.FromSlash(name)), 4096); err == nil {
		return commit(strings.TrimSpace(string(data)))
	}
	packed, err := File(filepath.Join(dir, "packed-refs"), maxRef)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(packed)) {
		if id, ref, ok := strings.Cut(strings.TrimSpace(line), " "); ok && ref == name {
			return commit(id)
		}
	}
	return ""
}

// commit is the text if it is an object's id.
func commit(text string) string {
	if len(text) != 40 && len(text) != 64 || strings.Trim(text, "0123456789abcdef") != "" {
		return ""
	}
	return text
}
