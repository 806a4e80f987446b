package terraform

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// functions are those that expressions of a module may call. The ones that read files see regular files below the
// source tree only, and what they read is sensitive: a file may hold what nobody meant to show.
func (e *evaluator) functions(m *module) map[string]function.Function {
	if f, ok := e.byModule[m]; ok {
		return f
	}
	f := maps.Clone(e.pure)
	f["file"] = e.fileFunc(m, func(b []byte) cty.Value { return cty.StringVal(string(b)) })
	for _, name := range []string{"filebase64", "filemd5", "filesha1", "filesha256", "filesha512", "filebase64sha256", "filebase64sha512", "templatefile", "templatestring"} {
		f[name] = unknownFunc()
	}
	f["fileexists"] = e.existsFunc(m)
	f["fileset"] = e.filesetFunc(m)
	e.byModule[m] = f
	return f
}

// at is the path of a file in the source tree: relative to the folder where Terraform runs, which is the root's.
func (e *evaluator) at(m *module, name string) (string, bool) {
	if path.IsAbs(name) {
		return "", false
	}
	// path.module is relative to the source tree here, so that a name that begins with it is that already.
	p := path.Clean(name)
	if m.dir != "." && p != m.dir && !strings.HasPrefix(p, m.dir+"/") {
		p = path.Join(e.dir, name)
	}
	for part := range strings.SplitSeq(p, "/") {
		if part == ".git" || part == ".terraform" {
			return "", false
		}
	}
	return p, fs.ValidPath(p) && e.files.solid(path.Dir(p)) == nil
}

func (e *evaluator) regular(m *module, name string) (string, bool) {
	p, ok := e.at(m, name)
	if !ok {
		return "", false
	}
	info, err := fs.Lstat(e.files.fsys, p)
	return p, err == nil && info.Mode().IsRegular()
}

func (e *evaluator) fileFunc(m *module, of func([]byte) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, ok := e.regular(m, args[0].AsString())
			if !ok {
				return cty.NilVal, fmt.Errorf("no such file in the source tree")
			}
			b, err := e.files.read(p)
			if err != nil {
				return cty.NilVal, fmt.Errorf("the file cannot be read")
			}
			if len(b) > maxValueText {
				return cty.UnknownVal(cty.String), nil
			}
			return of(b).Mark(sensitive{}), nil
		},
	})
}

func (e *evaluator) existsFunc(m *module) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			_, ok := e.regular(m, args[0].AsString())
			return cty.BoolVal(ok), nil
		},
	})
}

func (e *evaluator) filesetFunc(m *module) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "pattern", Type: cty.String}},
		Type:   function.StaticReturnType(cty.Set(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			dir, ok := e.at(m, args[0].AsString())
			pattern := args[1].AsString()
			if !ok || !doublestar.ValidatePattern(pattern) || strings.Count(pattern, "*") > 8 {
				return cty.NilVal, fmt.Errorf("no such folder or pattern in the source tree")
			}
			sub, err := fs.Sub(e.files.fsys, dir)
			if err != nil {
				return cty.SetValEmpty(cty.String), nil //nolint:nilerr // a folder that is not there has no files
			}
			var names []cty.Value
			err = doublestar.GlobWalk(sub, pattern, func(p string, d fs.DirEntry) error {
				if !d.Type().IsRegular() || strings.HasPrefix(p, ".git/") {
					return nil
				}
				if names = append(names, cty.StringVal(p)); len(names) > maxInstances {
					return fmt.Errorf("more than %d files", maxInstances)
				}
				return nil
			}, doublestar.WithNoFollow())
			if err != nil {
				return cty.UnknownVal(cty.Set(cty.String)), nil //nolint:nilerr // too many to tell
			}
			if len(names) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			return cty.SetVal(names), nil
		},
	})
}
