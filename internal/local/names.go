// Package local reads what a command finds on its own machine, plans, estimates and settings, so that two programs that
// read the same files ask the control plane the same question.
package local

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/org/platform-action/internal/verdict"
)

// Root is the nearest folder upwards that holds .git, or nothing.
func Root(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(abs, ".git")); err == nil {
			return abs
		}
		parent := filepath.Dir(abs)
		if parent == abs {
			return ""
		}
		abs = parent
	}
}

// Name is the path relative to the repository where it is inside one, with slashes: the same on every machine and what
// budgets match on.
func Name(path string) string {
	root := Root(filepath.Dir(path))
	abs, err := filepath.Abs(path)
	if root == "" || err != nil {
		return filepath.ToSlash(filepath.Clean(path))
	}
	if relative, err := filepath.Rel(root, abs); err == nil && !strings.HasPrefix(relative, "..") {
		return filepath.ToSlash(relative)
	}
	return filepath.ToSlash(filepath.Clean(path))
}

// IsFolder reports a folder where a plan may stand.
func IsFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// File reads a regular file up to one byte more than a bound, so that who checks the bound sees that it is passed.
func File(path string, bound int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, bound+1))
}

// Digest names something that was read.
func Digest(kind, name string, data []byte) verdict.Input {
	sum := sha256.Sum256(data)
	return verdict.Input{Kind: kind, Name: name, Digest: "sha256:" + hex.EncodeToString(sum[:])}
}
