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
	"slices"
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

// at is the path of a file in the source tree.
func (e *evaluator) at(m *module, name string) (string, bool) {
	for _, p := range e.places(m, name) {
		if fs.ValidPath(p) && e.files.solid(path.Dir(p)) == nil {
			return p, true
		}
	}
	return "", false
}

// places are where a file may lie, the likeliest first. A name is relative to the folder where Terraform runs, which is
// the root's; path.module and path.root are relative to the source tree here, so that a name that begins with one of
// them is that already.
func (e *evaluator) places(m *module, name string) []string {
	if path.IsAbs(name) {
		return nil
	}
	clean, joined := path.Clean(name), path.Join(e.dir, name)
	begins := func(dir string) bool {
		return dir != "." && (clean == dir || strings.HasPrefix(clean, dir+"/") || strings.HasPrefix(name, dir+"/"))
	}
	out := []string{joined}
	switch {
	case begins(m.dir) || begins(e.dir):
		out = []string{clean}
	case m.dir == ".":
		out = []string{clean, joined}
	case slices.ContainsFunc(slices.Sorted(maps.Keys(e.parsed)), begins): // of another module, passed on
		out = []string{joined, clean}
	}
	if e.isTerragrunt(e.dir) { // it runs Terraform in a copy of the module
		out = append(out, path.Join(m.dir, name))
	}
	return slices.DeleteFunc(out, func(p string) bool {
		parts := strings.Split(p, "/")
		return slices.Contains(parts, ".git") || slices.Contains(parts, ".terraform")
	})
}

func (e *evaluator) regular(m *module, name string) (string, bool) {
	for _, p := range e.places(m, name) {
		if !fs.ValidPath(p) || e.files.solid(path.Dir(p)) != nil {
			continue
		}
		if info, err := fs.Lstat(e.files.fsys, p); err == nil && info.Mode().IsRegular() {
			return p, true
		}
	}
	return "", false
}

// named is an argument that names a file. What is not known comes too: it may be any file.
func named(name string, of cty.Type) function.Parameter {
	return function.Parameter{Name: name, Type: of, AllowUnknown: true, AllowDynamicType: true}
}

func (e *evaluator) fileFunc(m *module, of func([]byte) cty.Value) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{named("path", cty.String)},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			e.noteFile(m, args[0])
			if !args[0].IsKnown() {
				return cty.UnknownVal(cty.String), nil
			}
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
		Params: []function.Parameter{named("path", cty.String), named("vars", cty.DynamicPseudoType)},
		Type:   function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			e.noteFile(m, args[0])
			if !args[0].IsKnown() {
				return cty.DynamicVal, nil
			}
			p, ok := e.regular(m, args[0].AsString())
			if !ok || args[1].IsKnown() && !args[1].CanIterateElements() {
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
			return e.render(m, expr, args[1], functions)
		},
	})
}

func (e *evaluator) render(m *module, template hclsyntax.Expression, vars cty.Value, functions map[string]function.Function) (cty.Value, error) {
	own := maps.Clone(functions)
	delete(own, "templatefile")
	ctx := &hcl.EvalContext{Functions: own}
	if !vars.IsKnown() {
		e.settleTemplate(m, template, ctx, cty.DynamicVal, true)
		return cty.DynamicVal, nil
	}
	ctx.Variables = vars.AsValueMap()
	v, diags := template.Value(ctx)
	e.settleTemplate(m, template, ctx, v, diags.HasErrors())
	if diags.HasErrors() {
		return cty.NilVal, fmt.Errorf("the template cannot be rendered")
	}
	return v.Mark(sensitive{}), nil
}

func (e *evaluator) existsFunc(m *module) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{named("path", cty.String)},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			e.noteFile(m, args[0])
			if !args[0].IsKnown() {
				return cty.UnknownVal(cty.Bool), nil
			}
			_, ok := e.regular(m, args[0].AsString())
			return cty.BoolVal(ok), nil
		},
	})
}

func (e *evaluator) filesetFunc(m *module) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{named("path", cty.String), named("pattern", cty.String)},
		Type:   function.StaticReturnType(cty.Set(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			e.noteSet(m, args[0], args[1])
			if !args[0].IsKnown() || !args[1].IsKnown() {
				return cty.UnknownVal(cty.Set(cty.String)), nil
			}
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
				if d.Type()&fs.ModeSymlink != 0 {
					e.read.any(quote(path.Join(dir, p)) + " is a symbolic link")
				}
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
