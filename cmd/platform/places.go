package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/terraform"
)

// repositoryRoot is the nearest folder upwards that holds .git, or nothing.
func repositoryRoot(dir string) string {
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

// displayName is the path relative to the repository where it is inside one, with slashes: the same on every
// machine and what budgets match on.
func displayName(path string) string {
	root := repositoryRoot(filepath.Dir(path))
	abs, err := filepath.Abs(path)
	if root == "" || err != nil {
		return filepath.ToSlash(filepath.Clean(path))
	}
	if relative, err := filepath.Rel(root, abs); err == nil && !strings.HasPrefix(relative, "..") {
		return filepath.ToSlash(relative)
	}
	return filepath.ToSlash(filepath.Clean(path))
}

// locate gives resources the file and line of their blocks, where source is at hand.
func (in inputs) locate(p *fact.Plan, path string) error {
	dir := in.source
	if dir == "" {
		if dir = filepath.Dir(path); !hasTerraform(dir) {
			return nil
		}
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("--source %s is not a folder", dir)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	root := repositoryRoot(abs)
	if root == "" {
		root = abs
	}
	within, err := filepath.Rel(root, abs)
	if err != nil {
		return err
	}
	addresses := make([]string, 0, len(p.Resources))
	for i := range p.Resources {
		addresses = append(addresses, p.Resources[i].Address)
	}
	positions, faults, err := terraform.Locate(os.DirFS(root), filepath.ToSlash(within), addresses)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	p.Notes = append(p.Notes, faults...)
	for i := range p.Resources {
		if at, ok := positions[p.Resources[i].Address]; ok {
			p.Resources[i].File, p.Resources[i].Line = at.File, at.Line
		}
	}
	return nil
}

func hasTerraform(dir string) bool {
	for _, pattern := range []string{"*.tf", "*.tofu", "*.tf.json"} {
		if found, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
