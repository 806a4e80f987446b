package terraform

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	json "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

var errLink = errors.New("a symbolic link, which is not followed")

// solid checks that no step of a path is a symbolic link.
func (l *locator) solid(dir string) error {
	if dir == "." {
		return nil
	}
	for i := range len(dir) + 1 {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		info, err := fs.Lstat(l.fsys, dir[:i])
		switch {
		case err != nil:
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			return fmt.Errorf("%s is %w", quote(dir[:i]), errLink)
		case !info.IsDir():
			return fmt.Errorf("%s is no folder", quote(dir[:i]))
		}
	}
	return nil
}

// list is the source files of a folder in the order in which a definition wins: overrides last, since they only
// change a block that another file defines; NAME.tofu before NAME.tf, since OpenTofu reads the former instead.
func (l *locator) list(dir string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(l.fsys, dir)
	if err != nil {
		return nil, err
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !source(e.Name()) || e.IsDir() })
	if len(entries) > maxFiles {
		l.fault(dir, fmt.Sprintf("the folder has %d source files; the first %d are read", len(entries), maxFiles), "")
		entries = entries[:maxFiles]
	}
	slices.SortStableFunc(entries, func(a, b fs.DirEntry) int {
		stemA, stemB := stem(a.Name()), stem(b.Name())
		return cmp.Or(cmp.Compare(override(stemA), override(stemB)), cmp.Compare(stemA, stemB), -cmp.Compare(a.Name(), b.Name()))
	})
	return entries, nil
}

// source reports a file that Terraform or OpenTofu reads; both skip hidden files and those of editors.
func source(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "#") {
		return false
	}
	return stem(name) != name
}

func stem(name string) string {
	for _, ext := range []string{".tf.json", ".tofu.json", ".tf", ".tofu"} {
		if s, ok := strings.CutSuffix(name, ext); ok {
			return s
		}
	}
	return name
}

func override(stem string) int {
	if stem == "override" || strings.HasSuffix(stem, "_override") {
		return 1
	}
	return 0
}

// file reads one source file into its folder.
func (l *locator) file(f *folder, e fs.DirEntry) {
	name := path.Join(f.path, e.Name())
	if !e.Type().IsRegular() {
		what := "no regular file; it is not read"
		if e.Type()&fs.ModeSymlink != 0 {
			what = errLink.Error()
		}
		l.fault(name, "the file is "+what, "blocks in it have no position")
		f.reads = true
		return
	}
	data, err := l.read(name)
	if err != nil {
		l.fault(name, "the file cannot be read: "+reason(err), "")
		f.reads = true
		return
	}
	f.reads = f.reads || mayRead(name, data)
	if strings.HasSuffix(name, ".json") {
		l.json(f, name, data)
		return
	}
	l.hcl(f, name, data)
}

// read is a file's bytes without a byte order mark, within the bounds.
func (l *locator) read(name string) ([]byte, error) {
	in, err := l.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	data, err := io.ReadAll(io.LimitReader(in, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("it has more than %d bytes", maxFileBytes)
	}
	if l.bytes += int64(len(data)); l.bytes > maxTotalBytes {
		return nil, fmt.Errorf("the source files have more than %d bytes together", maxTotalBytes)
	}
	return bytes.TrimPrefix(data, []byte("\uFEFF")), nil
}

// manifest is where `terraform init` writes which module lies where.
func (l *locator) manifest() string { return path.Join(l.root, ".terraform/modules/modules.json") }

// lookup is the folder that an installed module lies in.
func (l *locator) lookup(key string) (string, bool) {
	if l.installed == nil {
		l.installed = map[string]string{}
		l.install()
	}
	dir, ok := l.installed[key]
	return dir, ok
}

func (l *locator) install() {
	name := l.manifest()
	if err := l.solid(path.Dir(name)); err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			l.fault(name, "the file cannot be read: "+reason(err), "")
		}
		return
	}
	info, err := fs.Lstat(l.fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err != nil || !info.Mode().IsRegular() {
		l.fault(name, "the file is no regular file; it is not read", "run `terraform init` again")
		return
	}
	data, err := l.read(name)
	if err != nil {
		l.fault(name, "the file cannot be read: "+reason(err), "")
		return
	}
	var manifest struct {
		Modules []struct{ Key, Dir string }
	}
	if err := json.Unmarshal(data, &manifest, jsontext.AllowDuplicateNames(true)); err != nil {
		l.fault(name, "the file is no list of modules", "run `terraform init` again")
		return
	}
	for _, m := range manifest.Modules {
		if m.Key == "" || m.Dir == "" {
			continue
		}
		if path.IsAbs(m.Dir) || strings.Contains(m.Dir, `\`) {
			l.fault(name, "the module "+quote(m.Key)+" lies outside the source tree; it is not followed", "")
			continue
		}
		l.installed[m.Key] = path.Join(l.root, m.Dir)
	}
}

// reason is an error without the path that the fault already names.
func reason(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathErr.Err
	}
	return err.Error()
}

// quote shows a text of the source shortened and without control characters.
func quote(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:59]) + "…"
	}
	return fmt.Sprintf("%q", s)
}
