package cost

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/fact"
)

// MaxUsageBytes bounds a usage file: a YAML document of this size is no list of monthly quantities.
const MaxUsageBytes = 8 << 20

// Usage is what a usage file says: quantities a month by resource address, and by type for the rest.
type Usage struct {
	name      string
	resources map[string]map[string]any
	wildcards []string // addresses with [*], most specific first
	types     map[string]map[string]any
}

// UsageError lists everything that is wrong with a usage file.
type UsageError struct{ Problems []string }

// Error implements error.
func (e *UsageError) Error() string { return strings.Join(e.Problems, "\n") }

// ParseUsage reads a usage file of version 0.1 (the format that Infracost's users keep): resource_usage by
// address, where [*] stands for any instance key, and resource_type_default_usage by type.
func ParseUsage(name string, r io.Reader) (*Usage, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxUsageBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > MaxUsageBytes {
		return nil, fmt.Errorf("%s: larger than %d MiB; a usage file lists monthly quantities only", name, MaxUsageBytes>>20)
	}
	var doc, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&doc); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: not YAML: %w", name, err)
	}
	p := &usageParser{name: name}
	if err := decoder.Decode(&second); err == nil {
		p.fault(&second, "a second document begins here; keep one")
	}
	u := &Usage{name: name, resources: map[string]map[string]any{}, types: map[string]map[string]any{}}
	if len(doc.Content) > 0 {
		p.document(doc.Content[0], u)
	}
	if len(p.problems) > 0 {
		return nil, &UsageError{p.problems}
	}
	for address := range u.resources {
		if strings.Contains(address, "[*]") {
			u.wildcards = append(u.wildcards, address)
		}
	}
	slices.SortFunc(u.wildcards, func(a, b string) int {
		if c := strings.Count(a, "[*]") - strings.Count(b, "[*]"); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	return u, nil
}

type usageParser struct {
	name     string
	problems []string
}

func (p *usageParser) fault(n *yaml.Node, format string, args ...any) {
	p.problems = append(p.problems, fmt.Sprintf("%s:%d: ", p.name, n.Line)+fmt.Sprintf(format, args...))
}

func (p *usageParser) document(root *yaml.Node, u *Usage) {
	for key, value := range p.pairs(root) {
		switch key.Value {
		case "version":
			if v := value.Value; v != "0.1" && v != "0.2" {
				p.fault(value, "version %.20q is not known; this program reads 0.1", v)
			}
		case "resource_usage":
			p.group(value, u.resources)
		case "resource_type_default_usage":
			p.group(value, u.types)
		default:
			p.fault(key, "unknown key %.60q; want version, resource_usage or resource_type_default_usage", key.Value)
		}
	}
}

// group reads the values of each address. An address may stand twice, as it may for Infracost, where it says nothing
// different the second time.
func (p *usageParser) group(n *yaml.Node, into map[string]map[string]any) {
	for key, value := range p.entries(n) {
		values := map[string]any{}
		for k, v := range p.pairs(value) {
			values[k.Value] = p.value(k.Value, v, 1)
		}
		for k, old := range into[key.Value] {
			switch now := values[k]; {
			case old == nil:
				continue
			case now != nil && !reflect.DeepEqual(old, now):
				p.fault(key, "%.80q stands here twice, and says two things of %.60q; keep one", key.Value, k)
			}
			values[k] = old
		}
		into[key.Value] = values
	}
}

// pairs iterates a mapping whose keys stand once.
func (p *usageParser) pairs(n *yaml.Node) func(func(k, v *yaml.Node) bool) {
	return func(yield func(k, v *yaml.Node) bool) {
		seen := map[string]bool{}
		for key, value := range p.entries(n) {
			if seen[key.Value] {
				p.fault(key, "%.80q stands here twice", key.Value)
			}
			seen[key.Value] = true
			if !yield(key, value) {
				return
			}
		}
	}
}

// entries iterates a mapping; an empty value is an empty mapping, anything else is a fault.
func (p *usageParser) entries(n *yaml.Node) func(func(k, v *yaml.Node) bool) {
	return func(yield func(k, v *yaml.Node) bool) {
		if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
			return
		}
		if n.Kind != yaml.MappingNode {
			p.fault(n, "want a mapping here, such as monthly_requests: 1000000")
			return
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i], n.Content[i+1]) {
				return
			}
		}
	}
}

// value reads a number, word, flag, list or nested mapping. Aliases are refused: they make small files huge.
func (p *usageParser) value(key string, n *yaml.Node, depth int) any {
	if depth > 8 {
		p.fault(n, "%.60q is nested too deeply", key)
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for k, v := range p.pairs(n) {
			out[k.Value] = p.value(k.Value, v, depth+1)
		}
		return out
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, v := range n.Content {
			out = append(out, p.value(key, v, depth+1))
		}
		return out
	case yaml.ScalarNode:
		return p.scalar(key, n)
	case yaml.AliasNode, yaml.DocumentNode:
	}
	p.fault(n, "%.60q: aliases are not read; write the value out", key)
	return nil
}

// maxQuantity is more than any account can use of anything in a month; beyond it a unit was mistaken.
const maxQuantity = 1e18

// longestMonth is how many hours one thing can run in a month: monthly_hrs is said of one, also where there are several.
const longestMonth = 744

func (p *usageParser) scalar(key string, n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return n.Value == "true"
	case "!!int", "!!float":
		d, err := decimal.NewFromString(strings.ReplaceAll(n.Value, "_", ""))
		f, _ := d.Float64()
		switch {
		case err != nil || math.IsInf(f, 0) || math.IsNaN(f):
			p.fault(n, "%.60q: %.40q is not a finite number", key, n.Value)
		case f < 0:
			p.fault(n, "%.60q: %.40s is negative; a quantity a month is zero or more", key, n.Value)
		case f > maxQuantity:
			p.fault(n, "%.60q: %.40s is more than 1e18 a month; look at the unit", key, n.Value)
		case f > longestMonth && key == "monthly_hrs":
			p.fault(n, "%.60q: %.40s is more than the %d hours of the longest month", key, n.Value, longestMonth)
		}
		return f
	}
	return n.Value
}

// lookup finds the values for an address: the exact address, then the wildcards that match it, then its type's
// defaults. from names where a value stands.
func (u *Usage) lookup(address, typ string) (layers []map[string]any, from []string) {
	if u == nil {
		return nil, nil
	}
	if v, ok := u.resources[address]; ok {
		layers, from = append(layers, v), append(from, u.name+": "+address)
	}
	for _, w := range u.wildcards {
		if matchWildcard(w, address) {
			layers, from = append(layers, u.resources[w]), append(from, u.name+": "+w)
		}
	}
	if v, ok := u.types[typ]; ok {
		layers, from = append(layers, v), append(from, u.name+": resource_type_default_usage."+typ)
	}
	return layers, from
}

// usageOf is what the usage file, and behind it the usage profile, say of a resource.
func (c *evaluation) usageOf(r *fact.Resource) *usageScope {
	u := &usageScope{ctx: c, of: r.Address}
	u.layers, u.from = c.estimator.options.Usage.lookup(r.Address, r.Type)
	if profile := c.estimator.options.Profile; profile != nil && profile.types[r.Type] != nil {
		u.layers, u.from = append(u.layers, profile.types[r.Type]), append(u.from, profile.name)
	}
	return u
}

// matchWildcard reports whether address is pattern with every [*] replaced by one instance key.
func matchWildcard(pattern, address string) bool {
	parts := strings.Split(pattern, "[*]")
	if !strings.HasPrefix(address, parts[0]) {
		return false
	}
	rest := address[len(parts[0]):]
	for _, part := range parts[1:] {
		if !strings.HasPrefix(rest, "[") {
			return false
		}
		end := strings.Index(rest, "]"+part)
		if end < 0 {
			return false
		}
		rest = rest[end+1+len(part):]
	}
	return rest == ""
}

// Unmatched lists the addresses of the file that no resource of the plan has, sorted: a typing error there makes
// an estimate silently smaller.
func (u *Usage) Unmatched(addresses []string) []string {
	if u == nil {
		return nil
	}
	have := map[string]bool{}
	for _, a := range addresses {
		have[a] = true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(u.resources)), func(key string) bool {
		if !strings.Contains(key, "[*]") {
			return have[key]
		}
		return slices.ContainsFunc(addresses, func(a string) bool { return matchWildcard(key, a) })
	})
}

// usageScope is the usage of one resource while its components are evaluated.
type usageScope struct {
	layers []map[string]any
	from   []string
	rules  *rules
	ctx    *evaluation
	of     string // address
}

// find walks a dotted key ("standard.storage_gb") through the layers.
func (s *usageScope) find(key string) (value any, from string, ok bool) {
	segments := strings.Split(key, ".")
	for i, layer := range s.layers {
		var at any = layer
		for _, segment := range segments {
			m, isMap := at.(map[string]any)
			if !isMap {
				at = nil
				break
			}
			at = m[segment]
		}
		if says(at) {
			return at, s.from[i], true
		}
	}
	return nil, "", false
}

// says reports a value, or a mapping with one inside: a key that nobody has filled in says nothing.
func says(v any) bool {
	inner, ok := v.(map[string]any)
	if !ok {
		return v != nil
	}
	for _, v := range inner {
		if says(v) {
			return true
		}
	}
	return false
}
