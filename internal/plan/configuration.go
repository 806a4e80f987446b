package plan

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
)

// configuration is what the plan says of the source that it was made from.
type configuration struct {
	providers map[string]providerConfig
	blocks    map[string]blockConfig         // by address without instance keys
	arguments map[string]map[string]argument // by module call address, then variable
	modules   []fact.ModuleCall
}

type providerConfig struct {
	provider           fact.Provider
	region, tags       argument
	hasRegion, hasTags bool
}

type blockConfig struct {
	config      *fact.ResourceConfig
	providerKey string
}

// argument is how a module call or a provider sets one value. A constant lives until providers are resolved.
type argument struct {
	constant   jsontext.Value
	references []string
}

func (d *decoder) readConfiguration() configuration {
	c := configuration{providers: map[string]providerConfig{}, blocks: map[string]blockConfig{}, arguments: map[string]map[string]argument{}}
	d.members(func(key string) {
		switch key {
		case "provider_config":
			d.members(func(name string) { c.providers[name] = d.readProvider(name) })
		case "root_module":
			d.readModule(&c, "")
		default:
			d.skip()
		}
	})
	return c
}

// members calls each for every member; each must read the member's value.
func (d *decoder) members(each func(key string)) {
	if !d.begin('{') {
		return
	}
	for d.more() {
		each(d.word(d.key()))
	}
}

func (d *decoder) array(each func()) {
	if !d.begin('[') {
		return
	}
	for d.more() {
		each()
	}
}

func (d *decoder) readProvider(name string) providerConfig {
	p := providerConfig{provider: fact.Provider{Key: name}}
	d.members(func(key string) {
		switch key {
		case "full_name":
			p.provider.Source = d.str(true)
		case "version_constraint":
			p.provider.Version = d.str(true)
		case "alias":
			p.provider.Alias = d.str(true)
		case "module_address":
			p.provider.Module = d.str(true)
		case "expressions":
			d.members(func(attribute string) {
				switch attribute {
				case "region":
					p.region, p.hasRegion = d.argument(), true
				case "default_labels":
					p.tags, p.hasTags = d.argument(), true
				case "default_tags":
					p.hasTags = true
					d.array(func() {
						d.members(func(block string) {
							if block == "tags" {
								p.tags = d.argument()
								return
							}
							d.skip()
						})
					})
				default:
					d.skip()
				}
			})
		default:
			d.skip()
		}
	})
	return p
}

// argument reads a constant or the references of an expression; anything else is an argument that nobody knows.
func (d *decoder) argument() argument {
	var a argument
	if d.dec.PeekKind() != '{' {
		d.skip()
		return a
	}
	d.members(func(key string) {
		switch key {
		case "constant_value":
			a.constant = d.compact(nil)
		case "references":
			a.references = d.strings()
		default:
			d.skip()
		}
	})
	return a
}

func (d *decoder) strings() []string {
	var out []string
	d.array(func() { out = append(out, d.str(true)) })
	return out
}

// readModule reads resources and module calls; prefix is the module's address with its trailing dot.
func (d *decoder) readModule(c *configuration, prefix string) {
	d.members(func(key string) {
		switch key {
		case "resources":
			d.array(func() { d.readBlock(c, prefix) })
		case "module_calls":
			d.members(func(name string) { d.readCall(c, prefix+"module."+name) })
		default:
			d.skip()
		}
	})
}

func (d *decoder) readCall(c *configuration, address string) {
	call := fact.ModuleCall{Address: address}
	arguments := map[string]argument{}
	d.members(func(key string) {
		switch key {
		case "source":
			call.Source = d.str(false)
		case "version_constraint":
			call.Version = d.str(false)
		case "expressions":
			d.members(func(variable string) { arguments[variable] = d.argument() })
		case "module":
			d.readModule(c, address+".")
		default:
			d.skip()
		}
	})
	c.modules = append(c.modules, call)
	c.arguments[address] = arguments
}

func (d *decoder) readBlock(c *configuration, prefix string) {
	block := blockConfig{config: &fact.ResourceConfig{}}
	d.members(func(key string) {
		switch key {
		case "address":
			block.config.Address = prefix + d.str(false)
		case "provider_config_key":
			block.providerKey = d.str(true)
		case "expressions":
			block.config.Attributes = d.attributes()
		default:
			d.skip()
		}
	})
	c.blocks[block.config.Address] = block
}

func (d *decoder) attributes() map[string]fact.Expression {
	out := map[string]fact.Expression{}
	d.members(func(name string) { out[name] = d.expression() })
	return out
}

// expression reads how one attribute is set. An object with neither a constant nor references is a nested block.
func (d *decoder) expression() fact.Expression {
	var e fact.Expression
	switch d.dec.PeekKind() {
	case '[':
		d.array(func() {
			if d.dec.PeekKind() == '{' {
				e.Blocks = append(e.Blocks, d.attributes())
				return
			}
			d.skip()
		})
	case '{':
		nested := map[string]fact.Expression{}
		d.members(func(key string) {
			switch kind := d.dec.PeekKind(); {
			case key == "constant_value":
				e.Constant = true
				d.skip()
			case key == "references" && kind == '[':
				e.References = d.strings()
			default:
				nested[key] = d.expression()
			}
		})
		if !e.Constant && e.References == nil && len(nested) > 0 {
			e.Blocks = []map[string]fact.Expression{nested}
		}
	default:
		d.skip()
	}
	return e
}

// checks reads the state of checks, preconditions and postconditions.
func (d *decoder) checks() []fact.CheckResult {
	var out []fact.CheckResult
	d.array(func() {
		var r fact.CheckResult
		d.members(func(key string) {
			switch key {
			case "address":
				d.members(func(part string) {
					if part == "to_display" {
						r.Address = d.str(false)
						return
					}
					d.skip()
				})
			case "status":
				r.Status = d.str(true)
			case "instances":
				d.array(func() { d.members(func(part string) { d.instanceProblem(part, &r) }) })
			default:
				d.skip()
			}
		})
		out = append(out, r)
	})
	return out
}

func (d *decoder) instanceProblem(part string, r *fact.CheckResult) {
	if part != "problems" {
		d.skip()
		return
	}
	d.array(func() {
		d.members(func(key string) {
			if key == "message" && r.Problem == "" {
				r.Problem = strings.ToValidUTF8(d.str(false), "")
				return
			}
			d.skip()
		})
	})
}
