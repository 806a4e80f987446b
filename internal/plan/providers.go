package plan

import (
	"maps"
	"slices"
	"strings"

	json "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
)

// resolveConfiguration gives resources their block's configuration and provider, and providers their region and
// default tags. The root variables end here: nothing of them is kept but what these are.
func resolveConfiguration(p *fact.Plan, c configuration, variables map[string]jsontext.Value) {
	r := resolver{c, variables}
	p.Modules = append(p.Modules, c.modules...)
	if len(c.providers) > 0 {
		p.Providers = map[string]fact.Provider{}
	}
	for _, key := range slices.Sorted(maps.Keys(c.providers)) {
		p.Providers[key] = r.provider(key, c.providers[key])
	}
	for _, list := range [][]fact.Resource{p.Resources, p.Drift} {
		for i := range list {
			block, ok := c.blocks[ConfigAddress(list[i].Address)]
			if ok {
				list[i].Config = block.config
				list[i].ProviderKey = providerKey(p.Providers, block.providerKey)
			}
		}
	}
}

// providerKey finds the configuration that a block's key stands for: a module without one of its own uses its
// parent's ("module.a.module.b:aws" → "module.a:aws" → "aws").
func providerKey(providers map[string]fact.Provider, key string) string {
	module, name, qualified := strings.Cut(key, ":")
	if !qualified {
		return key
	}
	for module != "" {
		if _, ok := providers[module+":"+name]; ok {
			return module + ":" + name
		}
		cut := strings.LastIndex(module, ".module.")
		module = module[:max(cut, 0)]
	}
	return name
}

type resolver struct {
	configuration
	variables map[string]jsontext.Value
}

func (r resolver) provider(key string, c providerConfig) fact.Provider {
	p := c.provider
	if c.hasRegion {
		value, from := r.value(p.Module, c.region, 0)
		var region string
		if json.Unmarshal(value, &region) == nil && region != "" && region != fact.SensitiveMarker {
			p.Region, p.RegionFrom = region, from
			if from == "" {
				p.RegionFrom = "provider." + key + ".region"
			}
		} else {
			p.RegionFrom = "the region of provider " + key + " is set from " + unresolvable(c.region)
		}
	}
	if c.hasTags {
		value, _ := r.value(p.Module, c.tags, 0)
		if json.Unmarshal(value, &p.DefaultTags) != nil || p.DefaultTags == nil {
			p.DefaultTags, p.TagsUnknown = nil, true
		}
	}
	return p
}

func unresolvable(a argument) string {
	if len(a.references) == 0 {
		return "an expression"
	}
	return a.references[0]
}

// maxCalls bounds how many module calls a value is followed through.
const maxCalls = 32

// value follows an argument through module calls to a constant or a root variable; nil when it depends on anything
// else.
func (r resolver) value(module string, a argument, depth int) (value jsontext.Value, from string) {
	if a.constant != nil {
		return a.constant, ""
	}
	if len(a.references) == 0 || depth > maxCalls || len(distinct(a.references)) != 1 {
		return nil, ""
	}
	name, ok := strings.CutPrefix(a.references[0], "var.")
	if !ok || strings.ContainsAny(name, ".[") {
		return nil, ""
	}
	if module == "" {
		return r.variables[name], "var." + name
	}
	parent := ""
	if cut := strings.LastIndex(module, ".module."); cut >= 0 {
		parent = module[:cut]
	}
	return r.value(parent, r.arguments[ConfigAddress(module)][name], depth+1)
}

// distinct drops the prefixes that a plan lists beside a reference, such as var.a beside var.a.b.
func distinct(references []string) []string {
	var out []string
	for _, reference := range references {
		if !slices.ContainsFunc(references, func(other string) bool { return strings.HasPrefix(other, reference+".") }) {
			out = append(out, reference)
		}
	}
	return out
}
