package terraform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	json "github.com/go-json-experiment/json"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/org/platform-action/internal/fact"
)

// metaArguments are Terraform's own: no provider sees them.
func metaArgument(name string) bool {
	return slices.Contains([]string{"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"}, name)
}

// emitResource adds the instances of a resource block to the plan.
func (e *evaluator) emitResource(s *scope, block *element, plan *fact.Plan) {
	copies, _, why := s.expand(block.body)
	if why != "" {
		copies = []copyOf{{index: "[*]", bind: binding{count: cty.UnknownVal(cty.Number), key: cty.UnknownVal(cty.String), value: cty.DynamicVal}}}
		e.note(position(block.at), block.kind+"."+block.name+": "+why)
	}
	local, _, _ := strings.Cut(block.kind, "_")
	if a, ok := block.body.attributes["provider"]; ok {
		local = dotted(a.expr)
	}
	key, address := s.provider(local), block.kind+"."+block.name
	if s.address != "" {
		address = s.address + "." + address
	}
	at := s.inSource(block.at)
	for _, c := range copies {
		if e.emitted++; e.emitted > maxResources {
			e.fault(position(block.at), fmt.Sprintf("the root has more than %d resources; the rest is left out", maxResources), "split the root")
			return
		}
		values, config := s.body(block.body, c.bind)
		value, mask := plain(cty.ObjectVal(values))
		name, _, _ := strings.Cut(local, ".")
		plan.Resources = append(plan.Resources, fact.Resource{
			Address: address + c.index, Module: s.address, Type: block.kind, Name: block.name, Index: strings.Trim(c.index, "[]"),
			Provider: sourceOf(s.module, name), ProviderKey: key, Action: fact.Create, Uncounted: why,
			After: compact(value), Unknown: compact(orEmpty(mask)), Config: &fact.ResourceConfig{Address: configAddress(s, block), Attributes: config},
			File: path.Clean(at.Filename), Line: at.Start.Line,
		})
	}
}

// configAddress is the block's address without instance keys.
func configAddress(s *scope, block *element) string {
	address := block.kind + "." + block.name
	for ; s.call != nil; s = s.parent {
		address = "module." + s.call.name + "." + address
	}
	return address
}

func orEmpty(mask any) any {
	if mask == nil {
		return map[string]any{}
	}
	return mask
}

func compact(v any) []byte {
	b, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		return []byte("{}") // a value that JSON cannot hold was turned into an unknown before
	}
	return b
}

// body evaluates what a resource's block says to its provider.
func (s *scope) body(b body, bind binding) (map[string]cty.Value, map[string]fact.Expression) {
	return s.contents(b, bind, metaArgument)
}

// contents evaluates attributes and nested blocks, without those that are skipped. What is null is left out, as if it
// were not set. config says what set each, and why it is not known.
func (s *scope) contents(b body, bind binding, skip func(name string) bool) (map[string]cty.Value, map[string]fact.Expression) {
	values, config := map[string]cty.Value{}, map[string]fact.Expression{}
	for _, name := range slices.Sorted(maps.Keys(b.attributes)) {
		if skip(name) {
			continue
		}
		a := b.attributes[name]
		r := s.eval(a.expr, bind)
		x := fact.Expression{References: references(a.expr), Why: r.why}
		x.Constant = len(x.References) == 0 && r.why == ""
		config[name] = x
		if r.value.IsKnown() && r.value.IsNull() {
			continue
		}
		values[name] = r.value
	}
	lists := map[string][]cty.Value{}
	for _, n := range b.blocks {
		if skip(n.kind) {
			continue
		}
		s.block(n, bind, lists, values, config)
	}
	for kind, list := range lists {
		if _, unknown := values[kind]; !unknown {
			values[kind] = cty.TupleVal(list)
		}
	}
	return values, config
}

// block adds one nested block, or those that a dynamic block makes, to the lists.
func (s *scope) block(n nested, bind binding, lists map[string][]cty.Value, values map[string]cty.Value, config map[string]fact.Expression) {
	add := func(kind string, b body, bind binding) {
		// In a nested block, count and the like are the provider's: the accelerators of a machine, say.
		inner, x := s.contents(b, bind, func(string) bool { return false })
		lists[kind] = append(lists[kind], cty.ObjectVal(inner))
		c := config[kind]
		c.Blocks = append(c.Blocks, x)
		config[kind] = c
	}
	if n.kind != "dynamic" || len(n.labels) != 1 {
		add(n.kind, n.body, bind)
		return
	}
	kind := n.labels[0]
	content := slices.IndexFunc(n.body.blocks, func(b nested) bool { return b.kind == "content" })
	if content < 0 {
		return
	}
	r := s.eval(n.body.attributes["for_each"].expr, bind)
	v, _ := r.value.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		if v.IsKnown() && v.IsNull() {
			return
		}
		values[kind] = cty.DynamicVal
		config[kind] = fact.Expression{References: references(n.body.attributes["for_each"].expr), Why: orElse(r.why, "the dynamic block's for_each is not known ("+position(n.at)+")")}
		return
	}
	iterator := kind
	if a, ok := n.body.attributes["iterator"]; ok {
		iterator = orElse(hcl.ExprAsKeyword(a.expr), kind)
	}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if v.Type().IsSetType() {
			k = e
		}
		if len(lists[kind]) >= maxInstances {
			s.e.fault(position(n.at), fmt.Sprintf("a dynamic block makes more than %d blocks; the rest is left out", maxInstances), "")
			return
		}
		add(kind, n.body.blocks[content].body, bind.with(iterator, cty.ObjectVal(map[string]cty.Value{"key": k, "value": e})))
	}
}

// resource is what an expression sees of a resource: what its block sets, and unknown for all else that anything names.
func (s *scope) resource(kind, name, at string) result {
	block, ok := s.module.resources[kind+"."+name]
	if !ok {
		return unknownBecause(fmt.Sprintf("%s.%s is not defined (%s)", kind, name, at))
	}
	r := s.remember(kind+"."+name, func() result {
		copies, how, why := s.expand(block.body)
		if why != "" {
			return unknownBecause(kind + "." + name + ": " + why)
		}
		computed := fmt.Sprintf("%s.%s sets it when it is applied (%s)", kind, name, position(block.at))
		return assemble(how, len(copies), func(i int) (cty.Value, cty.Value) {
			values, _ := s.body(block.body, copies[i].bind)
			for attribute := range s.e.mentioned {
				if _, set := values[attribute]; !set {
					values[attribute] = cty.DynamicVal
				}
			}
			return copies[i].key, cty.ObjectVal(values)
		}, &computed)
	})
	return r
}

// digestOf stands for the bytes of a plan: what was evaluated.
func digestOf(p *fact.Plan) string {
	h := sha256.New()
	for i := range p.Resources {
		r := &p.Resources[i]
		fmt.Fprintf(h, "%d %s %d %s %d %s\n", len(r.Address), r.Address, len(r.After), r.After, len(r.Unknown), r.Unknown)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}
