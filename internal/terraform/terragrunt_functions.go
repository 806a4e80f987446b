package terraform

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// functions are Terraform's, and those of Terragrunt that follow from the source tree. All others that it has are unknown.
func (g *grunt) functions() map[string]function.Function {
	if g.table != nil {
		return g.table
	}
	g.table = maps.Clone(g.e.pure)
	for _, name := range []string{"get_env", "run_cmd", "sops_decrypt_file", "get_aws_account_id", "get_aws_account_alias", "get_aws_caller_identity_arn",
		"get_aws_caller_identity_user_id", "get_terraform_command", "get_terraform_cli_args", "get_platform", "get_default_retryable_errors",
		"get_terragrunt_source_cli_flag", "mark_as_read", "get_working_dir", "constraint_check", "file", "templatefile", "fileexists", "fileset"} {
		g.table[name] = unknownFunc()
	}
	text := func(of func() string) function.Function {
		return function.New(&function.Spec{
			VarParam: &function.Parameter{Name: "name", Type: cty.String}, Type: function.StaticReturnType(cty.String),
			Impl: func([]cty.Value, cty.Type) (cty.Value, error) { return cty.StringVal(of()), nil },
		})
	}
	here := path.Dir(g.file)
	g.table["get_terragrunt_dir"] = text(func() string { return absolute(g.leaf) })
	g.table["get_original_terragrunt_dir"] = text(func() string { return absolute(g.leaf) })
	g.table["get_parent_terragrunt_dir"] = text(func() string { return absolute(here) })
	g.table["get_repo_root"] = text(func() string { return repository })
	g.table["get_path_from_repo_root"] = text(func() string { return g.leaf })
	g.table["get_path_to_repo_root"] = text(func() string { return between(g.leaf, ".") })
	g.table["path_relative_to_include"] = text(func() string { return between(here, g.leaf) })
	g.table["path_relative_from_include"] = text(func() string { return between(g.leaf, here) })
	g.table["find_in_parent_folders"] = g.findFunc()
	g.table["read_terragrunt_config"] = g.readFunc()
	return g.table
}

func absolute(dir string) string { return path.Join(repository, dir) }

// between is the way from one folder to another.
func between(from, to string) string {
	a, b := strings.Split(path.Clean(from), "/"), strings.Split(path.Clean(to), "/")
	if from == "." {
		a = nil
	}
	if to == "." {
		b = nil
	}
	same := 0
	for same < len(a) && same < len(b) && a[same] == b[same] {
		same++
	}
	way := append(slices.Repeat([]string{".."}, len(a)-same), b[same:]...)
	return orElse(strings.Join(way, "/"), ".")
}

func (g *grunt) findFunc() function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "name", Type: cty.String}, Type: function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			names := []string{terragruntFile, "root.hcl"}
			if len(args) > 0 {
				names = []string{args[0].AsString()}
			}
			for dir := path.Dir(path.Dir(g.file)); path.Dir(g.file) != "."; dir = path.Dir(dir) {
				for _, name := range names {
					p := path.Join(dir, name)
					g.e.follow(p)
					if info, err := fs.Lstat(g.e.files.fsys, p); fs.ValidPath(p) && err == nil && info.Mode()&fs.ModeSymlink == 0 {
						return cty.StringVal(absolute(p)), nil
					}
				}
				if dir == "." {
					break
				}
			}
			if len(args) > 1 {
				return args[1], nil
			}
			return cty.NilVal, fmt.Errorf("no parent folder has %s", strings.Join(names, " or "))
		},
	})
}

func (g *grunt) readFunc() function.Function {
	return function.New(&function.Spec{
		Params:   []function.Parameter{{Name: "path", Type: cty.String}},
		VarParam: &function.Parameter{Name: "default", Type: cty.DynamicPseudoType, AllowUnknown: true, AllowNull: true, AllowDynamicType: true},
		Type:     function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			inner, err := g.e.grunt(g.at(args[0].AsString()), g.leaf, g.depth+1)
			switch {
			case err == nil:
				return inner.shown(), nil
			case len(args) > 1:
				return args[1], nil
			}
			return cty.NilVal, err
		},
	})
}
