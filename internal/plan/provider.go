package plan

import (
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
)

// providerBlock is one entry of provider_config with the arguments that matter to cost and tags.
type providerBlock struct {
	fact.Provider
	name     string // local name, such as aws
	region   *expression
	zone     *expression
	tags     *expression // default_tags.tags or default_labels
	oddTags  bool        // default tags in a form that is not known
	arguable bool        // the block has expressions at all
}

func (d *decoder) providerBlocks() (list []providerBlock) {
	if !d.begin('{') {
		return nil
	}
	for d.more() {
		p := providerBlock{Provider: fact.Provider{Key: string(d.key())}}
		if !d.begin('{') {
			continue
		}
		for d.more() {
			switch string(d.key()) {
			case "name":
				p.name = d.str(true)
			case "full_name":
				p.Source = d.str(true)
			case "alias":
				p.Alias = d.str(false)
			case "module_address":
				p.Module = d.str(false)
			case "version_constraint":
				p.Version = d.str(false)
			case "expressions":
				d.providerArguments(&p)
			default:
				d.skip()
			}
		}
		list = append(list, p)
	}
	return list
}

func (d *decoder) providerArguments(p *providerBlock) {
	if !d.begin('{') {
		return
	}
	p.arguable = true
	for d.more() {
		switch string(d.key()) {
		case "region":
			e := d.argument()
			p.region = &e
		case "zone":
			e := d.argument()
			p.zone = &e
		case "default_labels":
			e := d.argument()
			p.tags = &e
		case "default_tags":
			d.defaultTags(p)
		default:
			d.skip()
		}
	}
}

// defaultTags reads the aws provider's default_tags block: one block with one argument, tags.
func (d *decoder) defaultTags(p *providerBlock) {
	if d.err == nil && d.dec.PeekKind() != '[' {
		d.defaultTagsBlock(p)
		return
	}
	if !d.begin('[') {
		return
	}
	for d.more() {
		d.defaultTagsBlock(p)
	}
}

func (d *decoder) defaultTagsBlock(p *providerBlock) {
	if !d.begin('{') {
		p.oddTags = true
		return
	}
	for d.more() {
		if string(d.key()) != "tags" {
			d.skip()
			continue
		}
		if p.tags != nil {
			p.oddTags = true
		}
		e := d.argument()
		p.tags = &e
	}
}

// resolve turns a block into the fact, with region and default tags as far as the plan tells.
func (p *providerBlock) resolve(s *scope) fact.Provider {
	out := p.Provider
	label := "provider." + shorten(p.Key, 80)
	switch {
	case s == nil:
		out.RegionFrom = label + ": the configuration has no such module"
	case p.region != nil:
		out.Region, out.RegionFrom = p.place(s, *p.region, label+".region", false)
	case p.zone != nil:
		out.Region, out.RegionFrom = p.place(s, *p.zone, label+".zone", true)
	default:
		out.RegionFrom = label + " sets no region"
	}
	switch {
	case p.oddTags, p.tags != nil && s == nil:
		out.TagsUnknown = true
	case p.tags != nil:
		out.DefaultTags, out.TagsUnknown = tagsOf(s, *p.tags)
	}
	return out
}

// regionShapes are what a region of a provider looks like. A value that came by way of a variable must fit: the
// plan does not tell region = var.x from region = f(var.x).
var regionShapes = map[string]*regexp.Regexp{
	"aws":         regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+){1,3}-\d$`),
	"google":      regexp.MustCompile(`^[a-z]+-[a-z]+\d{1,2}$`),
	"google-beta": regexp.MustCompile(`^[a-z]+-[a-z]+\d{1,2}$`),
}

var anyRegion = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$`)

func (p *providerBlock) place(s *scope, e expression, label string, zone bool) (region, from string) {
	v, variable, why := s.value(e)
	if why != "" {
		return "", label + " is not known: " + string(why)
	}
	if string(v) == "null" {
		return "", label + " is null"
	}
	text, ok := textOf(v)
	if zone {
		if i := strings.LastIndexByte(text, '-'); i > 0 {
			text = text[:i]
		}
	}
	if !ok || !anyRegion.MatchString(text) {
		return "", label + " is not known: its value is no region"
	}
	if variable == "" {
		return text, label
	}
	name := p.name
	if name == "" {
		name, _, _ = strings.Cut(p.Key[strings.LastIndexByte(p.Key, ':')+1:], ".")
	}
	if shape := regionShapes[name]; shape != nil && !shape.MatchString(text) {
		return "", label + " is not known: it is set by an expression over " + variable
	}
	return text, variable
}

// tagsOf is the map of tags that an expression is; unknown when it does not resolve to a map of plain values.
func tagsOf(s *scope, e expression) (tags map[string]string, unknown bool) {
	v, _, why := s.value(e)
	if why != "" {
		return nil, true
	}
	if string(v) == "null" {
		return nil, false
	}
	if len(v) == 0 || v[0] != '{' {
		return nil, true
	}
	tags = map[string]string{}
	each(v, func(key string, value jsontext.Value) {
		if string(value) == "null" {
			return
		}
		text, ok := textOf(value)
		unknown = unknown || !ok
		tags[key] = text
	})
	if unknown {
		return nil, true
	}
	return tags, false
}

// each calls f for every member of a compact object.
func each(v jsontext.Value, f func(key string, value jsontext.Value)) {
	for i := 1; i < len(v) && v[i] != '}'; {
		if v[i] == ',' {
			i++
		}
		colon := stringEnd(v, i)
		end := valueEnd(v, colon+1)
		f(string(unquote(v[i:colon])), v[colon+1:end])
		i = end
	}
}

// textOf is a scalar as Terraform converts it to a string.
func textOf(v jsontext.Value) (string, bool) {
	if len(v) == 0 {
		return "", false
	}
	switch v[0] {
	case '"':
		return string(unquote(v)), true
	case '{', '[', 'n':
		return "", false
	}
	return string(v), true
}

// resolveConfiguration links resources to their blocks and providers, and drops everything that may hold a value.
func resolveConfiguration(p *fact.Plan, c configuration, root map[string]jsontext.Value) {
	if !c.present {
		return
	}
	if c.root == nil {
		c.root = &moduleBlock{}
	}
	blocks := map[string]linkedBlock{}
	scopes := map[string]*scope{}
	link(p, c.root, &scope{module: c.root, root: root}, blocks, scopes)
	p.Providers = make(map[string]fact.Provider, len(c.providers))
	for i := range c.providers {
		block := &c.providers[i]
		p.Providers[block.Key] = block.resolve(scopes[ConfigAddress(block.Module)])
	}
	keys := map[string]string{}
	attach := func(list []fact.Resource) {
		var buffer []byte
		for i := range list {
			r := &list[i]
			buffer = appendConfigAddress(buffer[:0], r.Address)
			b, ok := blocks[string(buffer)]
			if !ok {
				continue
			}
			r.Config = b.config
			key, known := keys[b.providerKey]
			if !known {
				key = providerKey(p.Providers, b.providerKey)
				keys[b.providerKey] = key
			}
			r.ProviderKey = key
		}
	}
	attach(p.Resources)
	attach(p.Drift)
}

type linkedBlock struct {
	config      *fact.ResourceConfig
	providerKey string
}

// link flattens the modules.
func link(p *fact.Plan, m *moduleBlock, s *scope, blocks map[string]linkedBlock, scopes map[string]*scope) {
	scopes[m.address] = s
	for _, r := range m.resources {
		address := r.address
		if m.address != "" {
			address = m.address + "." + address
		}
		blocks[address] = linkedBlock{&fact.ResourceConfig{Address: address, Attributes: r.attributes}, r.providerKey}
	}
	for _, child := range m.children {
		p.Modules = append(p.Modules, fact.ModuleCall{Address: child.address, Source: child.source, Version: child.version})
		link(p, child, &scope{parent: s, module: child}, blocks, scopes)
	}
}

// providerKey finds the entry that a resource's key means: its own, or that of the nearest module above which has
// one. Empty when there is none.
func providerKey(providers map[string]fact.Provider, key string) string {
	for len(key) <= maxAddress {
		if _, ok := providers[key]; ok {
			return key
		}
		module, local, ok := cutLast(key, ':')
		if !ok {
			return ""
		}
		if i := strings.LastIndex(module, ".module."); i >= 0 {
			key = module[:i] + ":" + local
		} else {
			key = local
		}
	}
	return ""
}

func cutLast(s string, sep byte) (before, after string, ok bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+1:], true
}
