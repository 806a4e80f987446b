package plantest

import "fmt"

func (g *generator) separate(first *bool) {
	if !*first {
		g.WriteByte(',')
	}
	*first = false
}

// identity writes what resource_changes and the states have in common.
func (g *generator) identity(b *block, o *object) {
	fmt.Fprintf(g, `{"address":%q,`, o.address)
	fmt.Fprintf(g, `"mode":"managed","type":%q,"name":%q,`, b.kind.name, b.name)
	if o.index != "" {
		fmt.Fprintf(g, `"index":%s,`, o.index)
	}
	fmt.Fprintf(g, `"provider_name":%q,`, b.kind.provider)
}

func (g *generator) change(b *block, o *object) {
	g.identity(b, o)
	if b.module != "" {
		fmt.Fprintf(g, `"module_address":"module.%s",`, b.module)
	}
	unknown := "{}"
	if o.unknown != "" {
		unknown = "{" + o.unknown + "}"
	}
	fmt.Fprintf(g, `"change":{"actions":[%s],"before":%s,"after":%s,"after_unknown":%s,"before_sensitive":%s,"after_sensitive":%s}}`,
		o.action, orNull(o.before), orNull(o.after), unknown, b.mask(o.before), b.mask(o.after))
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return s
}

func (b *block) mask(values string) string {
	switch {
	case values == "":
		return "false"
	case b.kind.sensitive != "":
		return `{"` + b.kind.sensitive + `":true}`
	}
	return "{}"
}

// state writes a state's values: the root's resources, then each module's.
func (g *generator) state(side func(*object) string) {
	g.WriteString(`{"root_module":{"resources":`)
	g.stateResources("", side)
	g.WriteString(`,"child_modules":[`)
	first, done := true, map[string]bool{"": true}
	for _, m := range modules {
		if done[m] {
			continue
		}
		done[m] = true
		g.separate(&first)
		g.WriteString(`{"resources":`)
		g.stateResources(m, side)
		fmt.Fprintf(g, `,"address":"module.%s"}`, m)
	}
	g.WriteString("]}}")
}

func (g *generator) stateResources(module string, side func(*object) string) {
	g.WriteByte('[')
	first := true
	g.each(func(b *block, o *object) {
		if b.module != module || side(o) == "" {
			return
		}
		g.separate(&first)
		g.identity(b, o)
		fmt.Fprintf(g, `"schema_version":1,"values":%s,"sensitive_values":%s}`, side(o), b.mask(side(o)))
	})
	g.WriteByte(']')
}

// configuration writes the providers, and each block with an expression for every attribute that it sets.
func (g *generator) configuration() {
	g.WriteString(`,"configuration":{"provider_config":{` +
		`"aws":{"name":"aws","full_name":"` + aws + `","version_constraint":"~> 5.0","expressions":{"default_tags":[{"tags":{"constant_value":{"managed-by":"terraform"}}}],"region":{"references":["var.region"]}}},` +
		`"azurerm":{"name":"azurerm","full_name":"` + azure + `","expressions":{"features":[{}]}},` +
		`"google":{"name":"google","full_name":"` + google + `","expressions":{"project":{"constant_value":"example"},"region":{"constant_value":"europe-west1"}}}},` +
		`"root_module":{"resources":`)
	g.blocksOf("")
	g.WriteString(`,"module_calls":{`)
	first, done := true, map[string]bool{"": true}
	for _, m := range modules {
		if done[m] {
			continue
		}
		done[m] = true
		g.separate(&first)
		fmt.Fprintf(g, `%q:{"source":"./modules/%s","expressions":{"environment":{"references":["var.environment"]}},"module":{"resources":`, m, m)
		g.blocksOf(m)
		g.WriteString(`,"variables":{"environment":{}}}}`)
	}
	g.WriteString(`},"variables":{"region":{},"environment":{},"db_password":{"sensitive":true}}}}`)
}

func (g *generator) blocksOf(module string) {
	g.WriteByte('[')
	first := true
	for i := range g.blocks {
		b := &g.blocks[i]
		if b.module != module {
			continue
		}
		g.separate(&first)
		fmt.Fprintf(g, `{"address":"%s.%s","mode":"managed","type":%q,"name":%q,"provider_config_key":%q,"expressions":{%s},"schema_version":1`,
			b.kind.name, b.name, b.kind.name, b.name, b.kind.key(), b.kind.expressions)
		switch {
		case b.instances > 1 && b.keyed:
			g.WriteString(`,"for_each_expression":{"references":["var.environment"]}`)
		case b.instances > 1:
			fmt.Fprintf(g, `,"count_expression":{"constant_value":%d}`, b.instances)
		}
		g.WriteByte('}')
	}
	g.WriteByte(']')
}
