package local

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/terraform"
)

// What is read at most, unless somebody says otherwise.
const (
	MaxBytes     = 512 << 20
	MaxResources = 200_000
)

// Opener opens the bytes of a plan once more.
type Opener func() (src io.ReadSeeker, done func(), err error)

// Opens opens a regular file.
func Opens(path string) Opener {
	return func() (io.ReadSeeker, func(), error) {
		f, err := os.Open(path)
		return f, func() { _ = f.Close() }, err
	}
}

// Plan reads a plan.
func Plan(name string, open Opener, limits plan.Limits) (fact.Plan, error) {
	src, done, err := open()
	if err != nil {
		return fact.Plan{}, err
	}
	defer done()
	return plan.Read(name, src, limits)
}

// Source is a plan as a source of a verdict, with the whole document for policies that were written for another tool:
// the same bytes that were priced.
func Source(p fact.Plan, open Opener, limits plan.Limits) control.Source {
	name, digest := p.Name, p.Digest
	return control.Source{Name: name, Plan: p, Raw: func() (any, error) {
		src, done, err := open()
		if err != nil {
			return nil, err
		}
		defer done()
		doc, got, err := plan.Document(name, src, limits)
		if err == nil && got != digest {
			err = fmt.Errorf("%s changed while it was checked", name)
		}
		return doc, err
	}}
}

// Locate gives resources of the plan at path the file and line of their blocks, where source is at hand: in the named
// folder, else in the plan's own.
func Locate(p *fact.Plan, path, source string) error {
	dir := source
	if dir == "" {
		if dir = filepath.Dir(path); !HasTerraform(dir) {
			return nil
		}
	}
	if !IsFolder(dir) {
		return fmt.Errorf("--source %s is not a folder", dir)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	root := Root(abs)
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

// HasTerraform reports source in the folder itself.
func HasTerraform(dir string) bool {
	for _, pattern := range []string{"*.tf", "*.tofu", "*.tf.json"} {
		if found, err := filepath.Glob(filepath.Join(dir, pattern)); err == nil && len(found) > 0 {
			return true
		}
	}
	return false
}
