package config

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/fact"
)

// Organisation is what an organisation says for all its repositories: defaults, which a repository may change, and
// enforced settings, which it may only tighten. The zero value says nothing.
type Organisation struct {
	Digest string // sha256:… of the file's bytes

	defaults *yaml.Node // nil: none; without faults
	enforced Config
	sets     enforcedKeys
	observe  map[string]string // environment → last day
}

// enforcedKeys are the enforced keys whose presence says something that their value does not.
type enforcedKeys struct{ currency, rates, disable bool }

// ParseOrganisation reads the organisation's file. The error is an *Errors with every fault, name being the file's name
// in it.
func ParseOrganisation(name string, data []byte) (Organisation, error) {
	p := &parser{file: name}
	o := Organisation{enforced: nothing()}
	root := p.document(data)
	var version int
	if root != nil && p.version(root, &version) {
		p.fields(root, "", fields{
			"version":  func(*yaml.Node, string) {},
			"defaults": func(n *yaml.Node, at string) { o.defaults = n; p.shared(n, at) },
			"enforced": func(n *yaml.Node, at string) { o.enforced, o.sets = p.enforced(n, at) },
			"observe":  func(n *yaml.Node, at string) { o.observe = p.observe(n, at) },
		}, "version")
	}
	if len(p.faults) > 0 {
		return Organisation{}, newErrors(p.faults, p.more)
	}
	sum := sha256.Sum256(data)
	o.Digest = "sha256:" + hex.EncodeToString(sum[:])
	return o, nil
}

// observe reads which environments are only observed, and until when. A repository has no such key: it would switch its
// own gate off.
func (p *parser) observe(n *yaml.Node, at string) map[string]string {
	out := map[string]string{}
	p.pairs(n, at, "a map of environments to dates", func(key, value *yaml.Node) {
		if here := join(at, key.Value); p.text(key, here) != "" {
			out[key.Value] = p.date(value, here)
		}
	})
	return out
}

// observed puts in until when environments are observed. GitHub compares their names without case; of two dates that are
// meant for one the earlier holds.
func (o Organisation) observed(c Config) Config {
	c.Environments = maps.Clone(c.Environments)
	for name, e := range c.Environments {
		for other, until := range o.observe {
			if strings.EqualFold(name, other) && (e.Observe == "" || until < e.Observe) {
				e.Observe = until
			}
		}
		c.Environments[name] = e
	}
	return c
}

// shared reads one section: the keys of a repository's file that do not name files of one repository.
func (p *parser) shared(n *yaml.Node, at string) Config {
	c := Default()
	p.fields(n, at, fields{
		"cost": func(n *yaml.Node, at string) {
			if usage := child(n, "usage"); usage != nil {
				p.node(usage, join(at, "usage"), "names a file of one repository", "set it in that repository")
			}
			p.cost(n, at, &c.Cost)
		},
		"policies":     func(n *yaml.Node, at string) { p.policies(n, at, &c.Policies) },
		"environments": func(n *yaml.Node, at string) { c.Environments = p.environments(n, at) },
	})
	return c
}

// nothing enforces nothing: the loosest of everything.
func nothing() Config { return Config{Cost: Cost{Unknown: fact.UnknownAllows}} }

func (p *parser) enforced(n *yaml.Node, at string) (Config, enforcedKeys) {
	c := p.shared(n, at)
	cost, sets := child(n, "cost"), enforcedKeys{}
	if cost != nil {
		sets.currency, sets.rates = child(cost, "currency") != nil, child(cost, "exchange_rates") != nil
	}
	if cost == nil || child(cost, "unknown") == nil {
		c.Cost.Unknown = fact.UnknownAllows // the loosest: nothing is enforced
	}
	if policies := child(n, "policies"); policies != nil {
		sets.disable = child(policies, "disable") != nil
	}
	amounts := c.Cost.Warn.Delta != nil || c.Cost.Block.Delta != nil || c.Cost.Acknowledge.Delta != nil || len(c.Cost.Budgets) > 0
	if amounts && !sets.currency {
		p.node(cost, join(join(at, "cost"), "currency"), "is missing: amounts in another currency cannot be compared", "add the currency of the enforced amounts")
	}
	return c, sets
}

// Parse reads a repository's file under the organisation's: a key that the repository leaves out takes the default, and
// enforced ones hold at least. Maps are joined key by key; any other value of the repository replaces the default.
// Without a file (data is nil) the organisation's alone holds. Loosened names, sorted, the repository's keys that do not
// count because the organisation enforces something stricter.
func (o Organisation) Parse(name string, data []byte) (merged Config, loosened []string, err error) {
	own := Default()
	var root *yaml.Node
	if data != nil {
		if own, err = Parse(name, data); err != nil {
			return Config{}, nil, err // its own faults, before those that come of joining
		}
		root = (&parser{file: name}).document(data)
	}
	p := &parser{file: name}
	merged = own
	if o.defaults != nil {
		merged = p.joined(root, o.defaults)
	}
	if len(p.faults) > 0 {
		return Config{}, nil, fmt.Errorf("together with the organisation's defaults: %w", newErrors(p.faults, p.more))
	}
	merged.Digest = own.Digest
	merged, loosened = o.enforce(merged)
	return o.observed(merged), loosened, nil
}

// joined reads the repository's document over the defaults.
func (p *parser) joined(root, defaults *yaml.Node) Config {
	c := Default()
	n := over(root, defaults)
	p.fields(n, "", fields{
		"version":      func(*yaml.Node, string) {},
		"roots":        func(n *yaml.Node, at string) { c.Roots = p.roots(n, at) },
		"cost":         func(n *yaml.Node, at string) { p.cost(n, at, &c.Cost) },
		"policies":     func(n *yaml.Node, at string) { p.policies(n, at, &c.Policies) },
		"environments": func(n *yaml.Node, at string) { c.Environments = p.environments(n, at) },
	})
	return c
}

// over joins two values: maps key by key; of anything else the first one holds.
func over(own, defaults *yaml.Node) *yaml.Node {
	if own == nil {
		return defaults
	}
	if own.Kind != yaml.MappingNode || defaults.Kind != yaml.MappingNode {
		return own
	}
	out := *own
	out.Content = nil
	for i := 0; i+1 < len(own.Content); i += 2 {
		key, value := own.Content[i], own.Content[i+1]
		if d := child(defaults, key.Value); d != nil {
			value = over(value, d)
		}
		out.Content = append(out.Content, key, value)
	}
	for i := 0; i+1 < len(defaults.Content); i += 2 {
		if child(own, defaults.Content[i].Value) == nil {
			out.Content = append(out.Content, defaults.Content[i], defaults.Content[i+1])
		}
	}
	return &out
}
