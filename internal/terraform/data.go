package terraform

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// dataSource is what a data source reads: known only while planning, but for what follows from the provider's
// configuration.
func (s *scope) dataSource(kind, name, at string) result {
	block, ok := s.module.data[kind+"."+name]
	if !ok {
		return unknownBecause(fmt.Sprintf("data.%s.%s is not defined (%s)", kind, name, at))
	}
	why := fmt.Sprintf("data.%s.%s is read only while planning (%s)", kind, name, position(block.at))
	for _, repeated := range []string{"count", "for_each"} {
		if _, ok := block.body.attributes[repeated]; ok {
			return unknownBecause(why)
		}
	}
	return s.remember("data."+kind+"."+name, func() result {
		known := s.answered(kind, block)
		if known == nil {
			return unknownBecause(why)
		}
		for attribute := range s.e.mentioned {
			if _, set := known[attribute]; !set {
				known[attribute] = cty.DynamicVal
			}
		}
		return result{cty.ObjectVal(known), why}
	})
}

// answered are the attributes of the data sources that only repeat the provider's configuration.
func (s *scope) answered(kind string, block *element) map[string]cty.Value {
	setting := func(name string) cty.Value {
		local, _, _ := strings.Cut(kind, "_")
		if a, ok := block.body.attributes["provider"]; ok {
			local = dotted(a.expr)
		}
		use := s.e.used[s.provider(local)]
		p, ok := use.scope.module.providers[use.name]
		if !ok {
			return cty.UnknownVal(cty.String)
		}
		a, ok := p.body.attributes[name]
		if !ok {
			return cty.UnknownVal(cty.String)
		}
		return use.scope.eval(a.expr, binding{}).value
	}
	switch kind {
	case "aws_region":
		region := setting("region")
		return map[string]cty.Value{"name": region, "id": region, "region": region}
	case "aws_partition":
		return map[string]cty.Value{"partition": cty.StringVal("aws"), "dns_suffix": cty.StringVal("amazonaws.com")}
	case "aws_availability_zones":
		return s.zones(setting("region"), block)
	case "google_client_config", "google_project":
		return map[string]cty.Value{"project": setting("project"), "project_id": setting("project"), "region": setting("region"), "zone": setting("zone")}
	}
	return nil
}

// zones assumes three zones, which nearly every region has, and says so.
func (s *scope) zones(region cty.Value, block *element) map[string]cty.Value {
	name, ok := mustPlain(region).(string)
	if !ok {
		return nil
	}
	s.e.note(position(block.at), "three availability zones of "+name+" are assumed")
	var names []cty.Value
	for _, letter := range []string{"a", "b", "c"} {
		names = append(names, cty.StringVal(name+letter))
	}
	return map[string]cty.Value{"names": cty.ListVal(names)}
}
