package terraform

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	hcljson "github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// inputs gathers the values of the root's variables, the later of these winning: environment, terraform.tfvars,
// terraform.tfvars.json, *.auto.tfvars in the order of their names, --var-file, --var.
func (e *evaluator) inputs(m *module) {
	for _, name := range slices.Sorted(maps.Keys(m.variables)) {
		if e.settings.Environ == nil {
			break
		}
		if text := e.settings.Environ("TF_VAR_" + name); text != "" {
			e.values[name] = written(text, m.variables[name])
		}
	}
	for _, file := range e.tfvars(m.dir) {
		e.variableFile(file)
	}
	for _, file := range e.settings.VarFiles {
		e.variableFile(path.Clean(file))
	}
	for _, name := range slices.Sorted(maps.Keys(e.settings.Variables)) {
		v, declared := m.variables[name]
		if !declared && e.read != nil {
			continue // it is given to every root, and told of those that are judged
		}
		if !declared {
			e.fault(m.dir, fmt.Sprintf("--var %.60q: the root declares no such variable", name), "correct the name")
			continue
		}
		e.values[name] = written(e.settings.Variables[name], v)
	}
}

// written is a value from the command line or the environment: an expression where the variable is no text.
func written(text string, v *element) result {
	plainText := true
	if a, ok := v.body.attributes["type"]; ok {
		switch hcl.ExprAsKeyword(a.expr) {
		case "string", "any":
		default:
			plainText = false
		}
	}
	if plainText || len(text) > maxParsed || excessive([]byte(text), "value") != "" {
		return result{value: cty.StringVal(text)}
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "value", hcl.InitialPos)
	if !diags.HasErrors() && len(expr.Variables()) == 0 {
		if value, diags := expr.Value(nil); !diags.HasErrors() {
			return result{value: value}
		}
	}
	return result{value: cty.StringVal(text)}
}

// tfvars lists the variable files that are read by themselves, in their order.
func (e *evaluator) tfvars(dir string) []string {
	entries, err := fs.ReadDir(e.files.fsys, dir)
	if err != nil {
		return nil
	}
	var first, auto []string
	for _, entry := range entries {
		name := entry.Name()
		switch {
		case !entry.Type().IsRegular():
		case name == "terraform.tfvars" || name == "terraform.tfvars.json":
			first = append(first, path.Join(dir, name))
		case strings.HasSuffix(name, ".auto.tfvars") || strings.HasSuffix(name, ".auto.tfvars.json"):
			auto = append(auto, path.Join(dir, name))
		}
	}
	slices.Sort(first)
	slices.Sort(auto)
	return append(first, auto...)
}

func (e *evaluator) variableFile(name string) {
	if !fs.ValidPath(name) {
		e.fault(name, "the variable file leaves the source tree; it is not read", "")
		return
	}
	if err := e.files.solid(path.Dir(name)); err != nil {
		e.fault(name, "the variable file cannot be read: "+reason(err), "")
		return
	}
	data, err := e.files.read(name)
	if err != nil {
		e.fault(name, "the variable file cannot be read: "+reason(err), "")
		return
	}
	if why := excessive(data, name); why != "" {
		e.fault(name, why+"; the file is not evaluated", "")
		return
	}
	var file *hcl.File
	var diags hcl.Diagnostics
	if strings.HasSuffix(name, ".json") {
		file, diags = hcljson.Parse(data, name)
	} else {
		file, diags = hclsyntax.ParseConfig(data, name, hcl.InitialPos)
	}
	for _, d := range diags {
		// The line is not shown: variable files hold secrets.
		e.fault(diagnosed(name, d), "syntax error: "+d.Summary, "")
		break
	}
	if file == nil || file.Body == nil {
		return
	}
	attributes, _ := file.Body.JustAttributes()
	for key, a := range attributes {
		value, diags := a.Expr.Value(&hcl.EvalContext{Functions: map[string]function.Function{}})
		if diags.HasErrors() {
			e.values[key] = unknownBecause(fmt.Sprintf("its value cannot be read (%s)", position(a.Range)))
			continue
		}
		e.values[key] = result{value: value}
	}
}
