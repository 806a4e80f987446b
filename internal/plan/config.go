package plan

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
)

// configuration is the plan's configuration section while it is read. It holds constants and defaults, which may
// be secrets: it is dropped once providers are resolved.
type configuration struct {
	present   bool
	providers []providerBlock
	root      *moduleBlock
}

// maxAddress bounds an address without instance keys: every block below a module repeats the module's.
const maxAddress = 1024

// moduleBlock is one module of the configuration, with the arguments that its call gives it.
type moduleBlock struct {
	address   string // such as module.db.module.disk; empty for the root
	source    string
	version   string
	arguments map[string]expression
	variables map[string]variable
	resources []resourceBlock
	children  []*moduleBlock
}

type resourceBlock struct {
	address     string // relative to the module
	providerKey string
	attributes  map[string]fact.Expression
}

type variable struct {
	fallback  jsontext.Value // the default; nil when there is none
	sensitive bool
}

// expression is an argument whose value may be needed to resolve a provider.
type expression struct {
	constant   jsontext.Value
	references []string
}

func (doc *document) readConfiguration() (c configuration) {
	if !doc.begin('{') {
		return c
	}
	c.present = true
	for doc.more() {
		switch string(doc.key()) {
		case "provider_config":
			c.providers = doc.providerBlocks()
		case "root_module":
			doc.count = 0
			c.root = doc.module("")
		default:
			doc.skip()
		}
	}
	return c
}

// module reads one module and its calls. The depth limit bounds the recursion.
func (d *decoder) module(address string) *moduleBlock {
	m := &moduleBlock{address: address}
	if !d.begin('{') {
		return m
	}
	for d.more() {
		switch string(d.key()) {
		case "resources":
			m.resources = d.resourceBlocks()
		case "module_calls":
			m.children = d.moduleCalls(address)
		case "variables":
			m.variables = d.variableBlocks()
		default:
			d.skip()
		}
	}
	return m
}

func (d *decoder) moduleCalls(parent string) (calls []*moduleBlock) {
	if !d.begin('{') {
		return nil
	}
	for d.more() {
		address := "module." + string(d.key())
		if parent != "" {
			address = parent + "." + address
		}
		d.counted()
		if len(address) > maxAddress {
			d.skip()
			d.fault("has a module address that is too long")
			continue
		}
		calls = append(calls, d.moduleCall(address))
	}
	return calls
}

func (d *decoder) moduleCall(address string) *moduleBlock {
	call := &moduleBlock{address: address}
	if !d.begin('{') {
		return call
	}
	for d.more() {
		switch string(d.key()) {
		case "source":
			call.source = d.str(false)
		case "version_constraint":
			call.version = d.str(false)
		case "expressions":
			call.arguments = d.arguments()
		case "module":
			m := d.module(address)
			call.resources, call.children, call.variables = m.resources, m.children, m.variables
		default:
			d.skip()
		}
	}
	return call
}

func (d *decoder) variableBlocks() map[string]variable {
	out := map[string]variable{}
	if !d.begin('{') {
		return out
	}
	for d.more() {
		name := string(d.key())
		var v variable
		if d.begin('{') {
			for d.more() {
				switch string(d.key()) {
				case "default":
					v.fallback = d.compact(nil)
				case "sensitive":
					v.sensitive = d.flag()
				default:
					d.skip()
				}
			}
		}
		out[name] = v
	}
	return out
}

func (d *decoder) resourceBlocks() (list []resourceBlock) {
	if !d.begin('[') {
		return nil
	}
	for d.more() {
		d.counted()
		var r resourceBlock
		if !d.begin('{') {
			continue
		}
		for d.more() {
			switch string(d.key()) {
			case "address":
				r.address = d.str(false)
			case "provider_config_key":
				r.providerKey = d.str(true)
			case "expressions":
				r.attributes = d.block(nil)
			default:
				d.skip()
			}
		}
		if d.err == nil && r.address == "" {
			d.fault("has no address")
			continue
		}
		list = append(list, r)
	}
	return list
}
