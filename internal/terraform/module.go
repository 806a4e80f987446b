package terraform

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// module is the source of one module: its blocks by name, overrides applied.
type module struct {
	dir       string
	variables map[string]*element
	locals    map[string]attribute
	outputs   map[string]*element
	providers map[string]*element // by name, or name.alias
	resources map[string]*element // by type.name
	data      map[string]*element // by type.name
	calls     map[string]*element
	required  map[string]string // provider's local name → source address
	versions  map[string]string // provider's local name → version constraint
	moved     []*element
	imports   []*element
	removed   []*element
}

// element is one block with a name.
type element struct {
	kind, name string // type and name of a resource; kind is empty for others
	body       body
	at         hcl.Range
}

// body is what stands in a block, in either syntax.
type body struct {
	attributes map[string]attribute
	blocks     []nested // in the order of the source
}

type attribute struct {
	expr hcl.Expression
	at   hcl.Range
}

type nested struct {
	kind   string
	labels []string
	body   body
	at     hcl.Range
}

// rootSchema is what a module may hold at its top.
func rootSchema() *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for kind, labels := range map[string][]string{
		"terraform": nil, "locals": nil, "moved": nil, "import": nil, "removed": nil, "variable": {"name"}, "output": {"name"},
		"provider": {"name"}, "module": {"name"}, "check": {"name"}, "resource": {"type", "name"}, "data": {"type", "name"},
		"ephemeral": {"type", "name"},
	} {
		s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: kind, LabelNames: labels})
	}
	slices.SortFunc(s.Blocks, func(a, b hcl.BlockHeaderSchema) int { return strings.Compare(a.Type, b.Type) })
	return s
}

// bodyOf takes a block's body apart. JSON has no blocks below the top: what would be one there is an attribute.
func bodyOf(b hcl.Body) body {
	out := body{attributes: map[string]attribute{}}
	native, ok := b.(*hclsyntax.Body)
	if !ok {
		attributes, _ := b.JustAttributes() // what is wrong with one of them is told when it is evaluated
		for name, a := range attributes {
			out.attributes[name] = attribute{a.Expr, a.Range}
		}
		return out
	}
	for name, a := range native.Attributes {
		if a.Expr != nil { // a syntax error may leave none
			out.attributes[name] = attribute{a.Expr, a.SrcRange}
		}
	}
	for _, n := range native.Blocks {
		out.blocks = append(out.blocks, nested{n.Type, n.Labels, bodyOf(n.Body), n.DefRange()})
	}
	return out
}

// override puts the attributes and blocks of another body over this one: its attributes win, and its blocks replace all
// of their kind.
func (b body) override(with body) body {
	out := body{attributes: maps.Clone(b.attributes)}
	maps.Copy(out.attributes, with.attributes)
	replaced := map[string]bool{}
	for _, n := range with.blocks {
		replaced[n.kind] = true
	}
	for _, n := range b.blocks {
		if !replaced[n.kind] {
			out.blocks = append(out.blocks, n)
		}
	}
	out.blocks = append(out.blocks, with.blocks...)
	return out
}

func newModule(dir string) *module {
	return &module{
		dir: dir, variables: map[string]*element{}, locals: map[string]attribute{}, outputs: map[string]*element{},
		providers: map[string]*element{}, resources: map[string]*element{}, data: map[string]*element{}, calls: map[string]*element{},
		required: map[string]string{}, versions: map[string]string{},
	}
}

// add takes one top-level block. What stands in an override file changes a block that is there already.
func (m *module) add(b *hcl.Block, overrides bool) error {
	e := &element{body: bodyOf(b.Body), at: b.DefRange}
	switch b.Type {
	case "terraform":
		m.requirements(e.body)
		return nil
	case "locals":
		maps.Copy(m.locals, e.body.attributes)
		return nil
	case "moved":
		m.moved = append(m.moved, e)
		return nil
	case "import":
		m.imports = append(m.imports, e)
		return nil
	case "removed":
		m.removed = append(m.removed, e)
		return nil
	}
	into := map[string]map[string]*element{
		"variable": m.variables, "output": m.outputs, "provider": m.providers, "module": m.calls, "resource": m.resources, "data": m.data,
	}[b.Type]
	if into == nil {
		return nil // check and ephemeral blocks create nothing
	}
	e.name = b.Labels[len(b.Labels)-1]
	key := strings.Join(b.Labels, ".")
	if len(b.Labels) == 2 {
		e.kind = b.Labels[0]
	}
	if b.Type == "provider" {
		key = providerName(e)
	}
	had, twice := into[key]
	switch {
	case twice && overrides:
		had.body = had.body.override(e.body)
	case twice:
		return fmt.Errorf("%s %s is defined twice, first at %s", b.Type, key, position(had.at))
	default:
		into[key] = e
	}
	return nil
}

// providerName is a provider block's name with its alias, such as aws.west. An alias is a plain string.
func providerName(e *element) string {
	if alias, ok := literal(e.body.attributes["alias"].expr); ok && alias != "" {
		return e.name + "." + alias
	}
	return e.name
}

// requirements reads required_providers: local names and what they stand for.
func (m *module) requirements(b body) {
	for _, n := range b.blocks {
		if n.kind != "required_providers" {
			continue
		}
		for name, a := range n.body.attributes {
			if version, ok := literal(a.expr); ok {
				m.versions[name] = version
				continue
			}
			pairs, diags := hcl.ExprMap(a.expr)
			if diags.HasErrors() {
				continue
			}
			for _, p := range pairs {
				key, _ := literal(p.Key)
				if key == "" {
					key = hcl.ExprAsKeyword(p.Key)
				}
				value, ok := literal(p.Value)
				switch {
				case ok && key == "source":
					m.required[name] = value
				case ok && key == "version":
					m.versions[name] = value
				}
			}
		}
	}
}

// literal is a plain string without anything to evaluate.
func literal(e hcl.Expression) (string, bool) {
	if e == nil || len(e.Variables()) > 0 {
		return "", false
	}
	v, diags := e.Value(nil)
	if diags.HasErrors() || v.IsNull() || !v.IsKnown() || v.IsMarked() || v.Type().FriendlyName() != "string" {
		return "", false
	}
	return v.AsString(), true
}

// position is where a block or an attribute stands, as people and editors read it.
func position(r hcl.Range) string { return fmt.Sprintf("%s:%d", path.Clean(r.Filename), r.Start.Line) }
