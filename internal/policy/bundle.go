package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"go.yaml.in/yaml/v3"
)

// Bounds of one bundle: far above any real one, low enough that a wrong --policy folder ends at once.
const (
	maxBundleFiles = 5_000
	maxBundleBytes = 64 << 20
	maxModuleBytes = 4 << 20
)

// source is a bundle as read: nothing is parsed yet but data.
type source struct {
	bundle  Bundle
	modules []file // sorted by path
	tests   []file
	data    map[string]any
	digest  string
}

type file struct {
	path string
	text []byte
}

func readBundle(b Bundle) (*source, []Fault) {
	s := &source{bundle: b, data: map[string]any{}}
	fault := func(f, msg, fix string) []Fault { return []Fault{{Bundle: b.Name, File: f, Message: msg, Fix: fix}} }
	if b.FS == nil {
		return nil, fault("", "the bundle has no folder", "name a folder with .rego files")
	}
	var dataFiles []file
	total := 0
	err := fs.WalkDir(b.FS, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		kind := kindOf(p)
		if d.IsDir() || kind == other {
			return nil
		}
		text, err := readBounded(b.FS, p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		if total += len(text); total > maxBundleBytes || len(s.modules)+len(s.tests)+len(dataFiles) >= maxBundleFiles {
			return fmt.Errorf("more than %d files or %d MiB of policies", maxBundleFiles, maxBundleBytes>>20)
		}
		switch kind {
		case module:
			s.modules = append(s.modules, file{p, text})
		case test:
			s.tests = append(s.tests, file{p, text})
		case data:
			dataFiles = append(dataFiles, file{p, text})
		case other:
		}
		return nil
	})
	if err != nil {
		return nil, fault("", "the bundle could not be read: "+err.Error(), "name a readable folder with .rego files")
	}
	if len(s.modules) == 0 {
		return nil, fault("", "the bundle has no .rego file", "name the folder that holds the policies")
	}
	for _, f := range dataFiles {
		if err := s.mount(f); err != nil {
			return nil, fault(f.path, err.Error(), "data files are objects, mounted at their folder's path")
		}
	}
	s.digest = digestFiles(s.modules, dataFiles)
	return s, nil
}

type fileKind uint8

const (
	other fileKind = iota
	module
	test
	data
)

func kindOf(p string) fileKind {
	switch base := path.Base(p); {
	case strings.HasSuffix(base, "_test.rego"):
		return test
	case strings.HasSuffix(base, ".rego"):
		return module
	case base == "data.json", base == "data.yaml", base == "data.yml":
		return data
	}
	return other
}

func readBounded(fsys fs.FS, p string) ([]byte, error) {
	f, err := fsys.Open(p)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	text, err := io.ReadAll(io.LimitReader(f, maxModuleBytes+1))
	if err == nil && len(text) > maxModuleBytes {
		err = fmt.Errorf("larger than %d MiB", maxModuleBytes>>20)
	}
	return text, err
}

// mount puts a data file under its folder's path, as OPA's bundle loader does.
func (s *source) mount(f file) error {
	var doc map[string]any
	var err error
	if strings.HasSuffix(f.path, ".json") {
		err = json.Unmarshal(f.text, &doc)
	} else {
		err = yaml.Unmarshal(f.text, &doc)
	}
	if err != nil {
		return errors.New("is not a JSON or YAML object")
	}
	at := s.data
	if dir := path.Dir(f.path); dir != "." {
		for part := range strings.SplitSeq(dir, "/") {
			next, ok := at[part].(map[string]any)
			if !ok && at[part] != nil {
				return fmt.Errorf("data.%s is already a value", strings.ReplaceAll(dir, "/", "."))
			}
			if !ok {
				next = map[string]any{}
				at[part] = next
			}
			at = next
		}
	}
	for k, v := range doc {
		if _, dup := at[k]; dup {
			return fmt.Errorf("data key %s is given twice", quote(k))
		}
		at[k] = v
	}
	if _, reserved := s.data["platform"]; reserved && !s.bundle.Builtin {
		return errors.New("data.platform is reserved for the built-in policies")
	}
	return nil
}

func digestFiles(groups ...[]file) string {
	h := sha256.New()
	for _, files := range groups {
		files = slices.Clone(files)
		slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.path, b.path) })
		for _, f := range files {
			fmt.Fprintf(h, "%d %s %d\n", len(f.path), f.path, len(f.text))
			h.Write(f.text)
		}
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// DigestOf is sha256:… over the names and digests of bundles, whatever their order: what a set of them together has.
func DigestOf(bundles []BundleDigest) string {
	bundles = slices.Clone(bundles)
	slices.SortFunc(bundles, func(a, b BundleDigest) int { return strings.Compare(a.Name, b.Name) })
	h := sha256.New()
	for _, b := range bundles {
		fmt.Fprintf(h, "%d %s %s\n", len(b.Name), b.Name, b.Digest)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

// astFaults turns OPA's compile errors into ours. OPA's messages speak of the policy's text, never of input.
func astFaults(bundle string, err error) []Fault {
	var list ast.Errors
	if !errors.As(err, &list) {
		return []Fault{{Bundle: bundle, Message: err.Error()}}
	}
	faults := make([]Fault, 0, len(list))
	for _, e := range list {
		f := Fault{Bundle: bundle, Message: e.Message}
		if e.Location != nil {
			f.File, f.Row = e.Location.File, e.Location.Row
		}
		if name, ok := strings.CutPrefix(e.Message, "undefined function "); ok {
			if why, refused := denied()[name]; refused {
				f.Message = "builtin " + name + " is not available: it " + why
				f.Fix = "pass the value as a fact or a parameter"
			}
		}
		faults = append(faults, f)
	}
	return faults
}
