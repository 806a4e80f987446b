package terraform

import (
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/org/platform-action/internal/fact"
)

// providerUse is a provider configuration that some resource has: where its block stands, if there is one.
type providerUse struct {
	scope *scope
	name  string // with its alias
}

// provider is the key of the configuration that a local name such as aws or aws.west means in a module: passed by the
// call, its own, or inherited.
func (s *scope) provider(name string) string {
	at := s
	for {
		if up, passed := at.aliases[name]; passed && at.parent != nil {
			at, name = at.parent, up
			continue
		}
		if _, own := at.module.providers[name]; own || at.parent == nil {
			break
		}
		at = at.parent
	}
	key := name
	if at.address != "" {
		key = at.address + ":" + name
	}
	s.e.used[key] = providerUse{at, name}
	return key
}

// sourceOf is a provider's address by its local name in a module.
func sourceOf(m *module, name string) string {
	source := m.required[name]
	switch {
	case source == "" && name == "terraform":
		return "terraform.io/builtin/terraform"
	case source == "":
		return "registry.terraform.io/hashicorp/" + name
	case strings.Count(source, "/") == 1:
		return "registry.terraform.io/" + source
	}
	return source
}

// describe lists the provider configurations that resources have, and all of the root's own.
func (e *evaluator) describe(top *scope, plan *fact.Plan) {
	for name := range top.module.providers {
		top.provider(name)
	}
	for _, key := range slices.Sorted(maps.Keys(e.used)) {
		use := e.used[key]
		local, alias, _ := strings.Cut(use.name, ".")
		p := fact.Provider{Key: key, Source: sourceOf(use.scope.module, local), Version: use.scope.module.versions[local], Alias: alias, Module: use.scope.address}
		if block, ok := use.scope.module.providers[use.name]; ok {
			use.scope.configured(block, local, &p)
		} else {
			p.RegionFrom = "no provider block sets a region"
		}
		plan.Providers[key] = p
	}
}

// configured reads what a provider block says about region and default tags.
func (s *scope) configured(block *element, local string, p *fact.Provider) {
	p.RegionFrom = "the provider block sets no region"
	if a, ok := block.body.attributes["region"]; ok {
		r := s.eval(a.expr, binding{})
		if region, isText := mustPlain(r.value).(string); isText && region != fact.SensitiveMarker {
			p.Region, p.RegionFrom = region, "provider."+local+".region"
		} else {
			p.RegionFrom = orElse(r.why, "its region is not known")
		}
	}
	if version, ok := literal(block.body.attributes["version"].expr); ok && p.Version == "" {
		p.Version = version
	}
	tags := block.body.attributes["default_labels"].expr
	for _, n := range block.body.blocks {
		if n.kind == "default_tags" {
			tags = n.body.attributes["tags"].expr
		}
	}
	if tags == nil {
		return
	}
	v, _ := s.eval(tags, binding{}).value.Unmark()
	if !v.IsKnown() || v.IsNull() || !v.CanIterateElements() {
		p.TagsUnknown = true
		return
	}
	p.DefaultTags = map[string]string{}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		k, _ = k.Unmark()
		text, ok := mustPlain(e).(string)
		if k.Type() != cty.String || !ok {
			p.TagsUnknown = true
			continue
		}
		p.DefaultTags[k.AsString()] = text
	}
}
