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
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// terragruntFile is what makes a folder a Terragrunt root.
const terragruntFile = "terragrunt.hcl"

// repository stands for the top of the source tree in paths that Terragrunt's functions give: theirs are absolute.
const repository = "/repository"

// maxIncludes bounds how many configurations lead to one another.
const maxIncludes = 16

// grunt is one Terragrunt configuration, as it is seen from the leaf that includes it.
type grunt struct {
	e        *evaluator
	file     string
	leaf     string // folder of the configuration that everything is for
	depth    int
	body     body
	memo     map[string]result
	busy     map[string]bool
	includes map[string]*grunt
	table    map[string]function.Function
}

// isTerragrunt reports a folder with a Terragrunt configuration.
func (e *evaluator) isTerragrunt(dir string) bool {
	info, err := fs.Lstat(e.files.fsys, path.Join(dir, terragruntFile))
	return err == nil && info.Mode().IsRegular()
}

// terragrunt finds the module that a Terragrunt root runs, and gives it the root's inputs. No hook is run and nothing
// is fetched.
func (e *evaluator) terragrunt(dir string) (*module, error) {
	g, err := e.grunt(path.Join(dir, terragruntFile), dir, 0)
	if err != nil {
		return nil, err
	}
	source, why := g.source()
	switch {
	case why != "": // as a module that calls what cannot be had
		m := newModule(dir)
		m.calls["terragrunt"] = &element{name: "terragrunt", at: hcl.Range{Filename: g.file, Start: hcl.InitialPos}}
		e.elsewhere = why
		return m, nil
	case source == "":
		source = dir
	}
	if !fs.ValidPath(source) {
		return nil, fmt.Errorf("%s: the module that terraform.source names lies outside of the repository; run this in a checkout that holds both", g.file)
	}
	m, err := e.open(source)
	if err != nil {
		return nil, fmt.Errorf("%s: the module %q cannot be read: %s", g.file, source, reason(err))
	}
	maps.Copy(e.values, g.inputs())
	g.generate(m)
	return m, nil
}

func (e *evaluator) grunt(file, leaf string, depth int) (*grunt, error) {
	if depth > maxIncludes {
		return nil, fmt.Errorf("%s: configurations include one another more than %d deep", file, maxIncludes)
	}
	if !fs.ValidPath(file) || e.files.solid(path.Dir(file)) != nil {
		return nil, fmt.Errorf("%q is not in the source tree", file)
	}
	e.follow(file)
	data, err := e.files.read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", file, reason(err))
	}
	if why := excessive(data, file); why != "" {
		return nil, fmt.Errorf("%s: %s", file, why)
	}
	parsed, diags := hclsyntax.ParseConfig(data, file, hcl.InitialPos)
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			e.fault(diagnosed(file, d), "syntax error: "+d.Summary+excerpt(data, d), "")
			break
		}
	}
	g := &grunt{e: e, file: file, leaf: leaf, depth: depth, body: bodyOf(parsed.Body), memo: map[string]result{}, busy: map[string]bool{}, includes: map[string]*grunt{}}
	if e.read != nil {
		e.read.grunts = append(e.read.grunts, g)
	}
	for _, n := range g.body.blocks {
		if n.kind == "include" {
			if err := g.include(n); err != nil {
				return nil, err
			}
		}
	}
	return g, nil
}

// include reads the configuration that an include block names.
func (g *grunt) include(n nested) error {
	name := ""
	if len(n.labels) > 0 {
		name = n.labels[0]
	}
	r := g.eval(n.body.attributes["path"].expr)
	file, ok := mustPlain(r.value).(string)
	if !ok {
		return fmt.Errorf("%s: the path of an include is not known: %s", position(n.at), orElse(r.why, "no text"))
	}
	inner, err := g.e.grunt(g.at(file), g.leaf, g.depth+1)
	if err != nil {
		return fmt.Errorf("%s: %w", position(n.at), err)
	}
	g.includes[name] = inner
	return nil
}

// at is the place of a path that a configuration names: absolute ones begin at the top of the source tree.
func (g *grunt) at(name string) string {
	if rest, ok := strings.CutPrefix(name, repository); ok {
		return path.Clean(orElse(strings.TrimLeft(rest, "/"), "."))
	}
	return path.Join(path.Dir(g.file), name)
}

// eval evaluates an expression of the configuration.
func (g *grunt) eval(expr hcl.Expression) result {
	if expr == nil {
		return result{value: cty.NullVal(cty.DynamicPseudoType)}
	}
	if why := g.e.exhausted(); why != "" {
		return unknownBecause(why)
	}
	vars, why := map[string]cty.Value{}, ""
	roots := map[string]map[string]cty.Value{}
	for _, t := range expr.Variables() {
		root, name := t.RootName(), ""
		if len(t) > 1 {
			name = attrName(t[1])
		}
		var r result
		switch root {
		case "local":
			r = g.local(name, position(t.SourceRange()))
		case "include":
			r = g.included(name)
		default:
			r = unknownBecause(fmt.Sprintf("%s.%s is known only to Terragrunt when it runs (%s)", root, name, position(t.SourceRange())))
		}
		if roots[root] == nil {
			roots[root] = map[string]cty.Value{}
		}
		roots[root][name] = r.value
		why = orElse(why, r.why)
	}
	for root, members := range roots {
		vars[root] = cty.ObjectVal(members)
	}
	ctx := &hcl.EvalContext{Variables: vars, Functions: g.functions()}
	v, diags := expr.Value(ctx)
	g.settle(expr, ctx, v)
	if diags.HasErrors() {
		return unknownBecause(orElse(why, problem(diags)+" ("+position(expr.Range())+")"))
	}
	if known, _ := v.UnmarkDeep(); known.IsWhollyKnown() && textSize(v) <= maxValueText {
		return result{value: v}
	}
	return result{v, orElse(why, "known only when Terragrunt runs ("+position(expr.Range())+")")}
}

func (g *grunt) local(name, at string) result {
	if r, ok := g.memo[name]; ok {
		return r
	}
	if g.busy[name] {
		return unknownBecause("local." + name + " refers to itself (" + at + ")")
	}
	g.busy[name] = true
	defer delete(g.busy, name)
	for _, n := range g.body.blocks {
		if a, ok := n.body.attributes[name]; n.kind == "locals" && ok {
			g.memo[name] = g.eval(a.expr)
			return g.memo[name]
		}
	}
	return unknownBecause("local." + name + " is not defined (" + at + ")")
}

// included is what another configuration shows of itself: its locals and its inputs.
func (g *grunt) included(name string) result {
	inner, ok := g.includes[name]
	if !ok {
		return unknownBecause("include." + name + " is not defined (" + g.file + ")")
	}
	return result{value: inner.shown()}
}

func (g *grunt) shown() cty.Value {
	locals := map[string]cty.Value{}
	for _, n := range g.body.blocks {
		if n.kind != "locals" {
			continue
		}
		for name := range n.body.attributes {
			locals[name] = g.local(name, g.file).value
		}
	}
	inputs := map[string]cty.Value{}
	for name, r := range g.inputs() {
		inputs[name] = r.value
	}
	return cty.ObjectVal(map[string]cty.Value{"locals": cty.ObjectVal(locals), "inputs": cty.ObjectVal(inputs)})
}

// inputs are the module's variables: those of what is included, and the configuration's own over them.
func (g *grunt) inputs() map[string]result {
	out, deep := map[string]result{}, map[string]result{}
	for _, n := range g.body.blocks {
		if n.kind != "include" {
			continue
		}
		name := ""
		if len(n.labels) > 0 {
			name = n.labels[0]
		}
		inner := g.includes[name].inputs()
		switch strategy, _ := literal(n.body.attributes["merge_strategy"].expr); strategy {
		case "no_merge":
		case "deep":
			maps.Copy(deep, inner)
			maps.Copy(out, inner)
		default:
			maps.Copy(out, inner)
		}
	}
	for name, own := range g.ownInputs() {
		if under, ok := deep[name]; ok {
			own = result{merged(under.value, own.value), orElse(own.why, under.why)}
		}
		out[name] = own
	}
	return out
}

// merged puts one value over another: maps key by key, lists one after the other, anything else replaced.
func merged(under, over cty.Value) cty.Value {
	if !under.IsKnown() || !over.IsKnown() || under.IsNull() || over.IsNull() || under.IsMarked() || over.IsMarked() {
		return over
	}
	isMap := func(t cty.Type) bool { return t.IsMapType() || t.IsObjectType() }
	isList := func(t cty.Type) bool { return t.IsTupleType() || t.IsListType() }
	switch {
	case isMap(under.Type()) && isMap(over.Type()):
		out := under.AsValueMap()
		if out == nil {
			return over
		}
		for k, v := range over.AsValueMap() {
			if had, ok := out[k]; ok {
				v = merged(had, v)
			}
			out[k] = v
		}
		return cty.ObjectVal(out)
	case isList(under.Type()) && isList(over.Type()):
		return cty.TupleVal(append(under.AsValueSlice(), over.AsValueSlice()...))
	}
	return over
}

// ownInputs are what the configuration itself says.
func (g *grunt) ownInputs() map[string]result {
	out := map[string]result{}
	a, ok := g.body.attributes["inputs"]
	if !ok {
		return out
	}
	pairs, diags := hcl.ExprMap(a.expr)
	if diags.HasErrors() { // not written as a map: evaluated whole
		r := g.eval(a.expr)
		v, _ := r.value.Unmark()
		if v.IsKnown() && !v.IsNull() && v.CanIterateElements() {
			for it := v.ElementIterator(); it.Next(); {
				k, e := it.Element()
				if k.Type() == cty.String {
					out[k.AsString()] = result{e, r.why}
				}
			}
		} else {
			g.e.note(position(a.at), "the inputs are not known: "+r.why)
		}
		return out
	}
	for _, p := range pairs {
		name := hcl.ExprAsKeyword(p.Key)
		if name == "" {
			name, _ = literal(p.Key)
		}
		if name != "" {
			out[name] = g.eval(p.Value)
		}
	}
	return out
}

// source is the folder of the module: of the configuration's own terraform block, or of one that is included. Empty:
// the module stands beside the configuration.
func (g *grunt) source() (dir, why string) {
	for _, n := range g.body.blocks {
		a, ok := n.body.attributes["source"]
		if n.kind != "terraform" || !ok {
			continue
		}
		r := g.eval(a.expr)
		text, isText := mustPlain(r.value).(string)
		if !isText {
			return "", orElse(r.why, "it is no text")
		}
		head, sub, found := strings.Cut(strings.TrimPrefix(text, repository), "//")
		if !strings.HasPrefix(text, repository) && !strings.HasPrefix(text, ".") {
			if dir, ok := g.e.fetch(text, ""); ok {
				return dir, ""
			}
			return "", fmt.Sprintf("%.100q is a remote module, which is fetched only with --allow-download", text)
		}
		if strings.HasPrefix(text, repository) {
			head = repository + head
		}
		if found {
			head = strings.TrimSuffix(head, "/") + "/" + sub
		}
		if !strings.HasPrefix(head, repository) {
			return path.Join(g.leaf, head), ""
		}
		return g.at(head), ""
	}
	for _, name := range slices.Sorted(maps.Keys(g.includes)) {
		if dir, why := g.includes[name].source(); dir != "" || why != "" {
			return dir, why
		}
	}
	return "", ""
}

// generate adds what generate blocks would write beside the module, such as its provider.
func (g *grunt) generate(m *module) {
	for _, name := range slices.Sorted(maps.Keys(g.includes)) {
		g.includes[name].generate(m)
	}
	for _, n := range g.body.blocks {
		if n.kind != "generate" {
			continue
		}
		r := g.eval(n.body.attributes["contents"].expr)
		text, ok := mustPlain(r.value).(string)
		if !ok || excessive([]byte(text), g.file) != "" {
			g.e.note(position(n.at), "what this block generates is not known: "+orElse(r.why, "it is too large"))
			continue
		}
		file, _ := hclsyntax.ParseConfig([]byte(text), g.file, n.at.Start)
		if file == nil {
			continue
		}
		content, _, _ := file.Body.PartialContent(rootSchema())
		for _, b := range content.Blocks {
			_ = m.add(b, true) // it overwrites, as the generated file would
		}
	}
}
