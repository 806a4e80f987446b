package terraform

import (
	"crypto/md5"  //nolint:gosec // Terraform has these functions; nothing here trusts the result
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"hash"
	"io/fs"
	"maps"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
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
	text := func(of func([]byte) string) function.Function {
		return e.fileFunc(m, func(b []byte) cty.Value { return cty.StringVal(of(b)) })
	}
	f["file"] = text(func(b []byte) string { return string(b) })
	f["filebase64"] = text(base64.StdEncoding.EncodeToString)
	for name, newHash := range map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New} {
		f["file"+name] = text(func(b []byte) string { return hex.EncodeToString(sumOf(newHash, string(b))) })
	}
	f["filebase64sha256"] = text(func(b []byte) string { return base64.StdEncoding.EncodeToString(sumOf(sha256.New, string(b))) })
	f["filebase64sha512"] = text(func(b []byte) string { return base64.StdEncoding.EncodeToString(sumOf(sha512.New, string(b))) })
	f["templatefile"] = e.templateFunc(m, f)
	f["templatestring"] = unknownFunc()
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

// templateFunc renders a template file with the variables that it is given, and no other template from within.
func (e *evaluator) templateFunc(m *module, functions map[string]function.Function) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType}},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			p, ok := e.regular(m, args[0].AsString())
			if !ok || !args[1].CanIterateElements() {
				return cty.NilVal, fmt.Errorf("no such file in the source tree, or no map of variables")
			}
			b, err := e.files.read(p)
			if err != nil || excessive(append([]byte("x = <<T\n"), b...), p) != "" {
				return cty.DynamicVal, nil //nolint:nilerr // what cannot be read is not known
			}
			expr, diags := hclsyntax.ParseTemplate(b, p, hcl.InitialPos)
			if diags.HasErrors() {
				return cty.NilVal, fmt.Errorf("the template cannot be read")
			}
			own := maps.Clone(functions)
			delete(own, "templatefile")
			v, diags := expr.Value(&hcl.EvalContext{Variables: args[1].AsValueMap(), Functions: own})
			if diags.HasErrors() {
				return cty.NilVal, fmt.Errorf("the template cannot be rendered")
			}
			return v.Mark(sensitive{}), nil
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
