package cost

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
)

// unknownError stops an expression because a value that it needs cannot be had before apply.
type unknownError struct{ what, why string }

func (e *unknownError) Error() string { return strings.TrimPrefix(e.what+": "+e.why, ": ") }

// usageUnsetError stops an expression because a usage quantity was not given.
type usageUnsetError struct{ key string }

func (e *usageUnsetError) Error() string { return "usage " + e.key + " not given" }

// scope is a resource, or a block inside one, as an expression sees it.
type scope struct {
	ctx      *evaluation
	instance *instance
	values   map[string]any // nil for a block that is not set
	unknown  any            // the part of after_unknown that belongs to values
	config   map[string]fact.Expression
	path     string // prefix for messages, such as root_block_device.
	defaults []defaults
}

// defaults is one place where the documented values of unset attributes stand: an entry, and the prefix of the
// scope's attributes in it.
type defaults struct {
	rules  *rules
	prefix string
}

// root is the scope of a whole resource.
func (x *instance) root(ctx *evaluation, r *rules) *scope {
	a := x.decoded()
	s := &scope{ctx: ctx, instance: x, values: a.values, unknown: a.unknown}
	if r != nil {
		s.defaults = []defaults{{rules: r}}
	}
	if x.resource.Config != nil {
		s.config = x.resource.Config.Attributes
	}
	return s
}

// state says what is known of an attribute.
type state uint8

const (
	unknown state = iota
	unset
	set
)

// lookup walks a dotted path; a list of one block stands for that block. why is the reason of an unknown.
func (s *scope) lookup(path string) (value any, st state, why string) { return s.walk(path, false) }

// walk is lookup; block says that the path ends at a block.
func (s *scope) walk(path string, block bool) (value any, st state, why string) {
	value, mask, config := any(s.values), s.unknown, any(s.config)
	segments := segmentsOf(path)
	for i, segment := range segments {
		value, mask = member(value, segment), memberMask(mask, segment)
		var sets bool // by an expression, as far as the path has been walked
		config, sets = memberConfig(config, segment)
		if mask == true || (value == nil && sets && s.instance.unmarked()) {
			if x, ok := config.(fact.Expression); ok && len(x.Blocks) > 0 || (block || i+1 < len(segments)) && !computedBlock(segment) {
				sets = true // the plan's configuration leaves dynamic blocks out: only such a one can be unknown here
			}
			st, why = s.unresolved(config, sets)
			return nil, st, why
		}
	}
	switch v := value.(type) {
	case nil:
		return nil, unset, ""
	case string:
		if v == fact.SensitiveMarker {
			return nil, unknown, "its value is marked sensitive"
		}
	}
	return value, set, ""
}

// segmentsOf splits a path at its dots, except within double quotes: the keys of a map may hold dots.
func segmentsOf(path string) []string {
	before, quoted, found := strings.Cut(path, `."`)
	if !found {
		return strings.Split(path, ".")
	}
	return append(strings.Split(before, "."), strings.TrimSuffix(quoted, `"`))
}

// computedBlock reports a block that a provider fills in when the configuration does not set it, so that a plan marks
// it unknown all the same.
func computedBlock(name string) bool {
	switch name {
	case "root_block_device", "ebs_block_device", "ephemeral_block_device", "network_interface", "metadata_options", "capacity_reservation_specification",
		"node_pool", "node_config", "guest_accelerator", "scheduling", "settings", "ip_configuration", "network_profile", "cluster_autoscaling",
		"initialize_params", "ebs_options", "cluster_config", "storage_profile", "identity", "addons_config", "master_auth":
		return true
	}
	return false
}

// unresolved tells an attribute that the configuration sets by an expression from one that it does not set and
// the provider fills in.
func (s *scope) unresolved(config any, sets bool) (state, string) {
	if s.instance.resource.Config != nil && !sets {
		return unset, ""
	}
	e, ok := config.(fact.Expression)
	if ok && e.Why != "" {
		return unknown, e.Why
	}
	if ok && len(e.References) > 0 {
		return unknown, "known only after apply: set from " + e.References[0]
	}
	return unknown, "known only after apply"
}

func member(v any, key string) any {
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			return nil
		}
		v = list[0]
	}
	m, _ := v.(map[string]any)
	return m[key]
}

// memberMask walks after_unknown, where true stands for everything below it.
func memberMask(mask any, key string) any {
	if mask == true {
		return true
	}
	if list, ok := mask.([]any); ok {
		if len(list) == 0 {
			return nil
		}
		if list[0] == true {
			return true
		}
		mask = list[0]
	}
	m, _ := mask.(map[string]any)
	return m[key]
}

// memberConfig walks the configuration. An expression over a whole block sets everything in it.
func memberConfig(config any, key string) (any, bool) {
	switch c := config.(type) {
	case map[string]fact.Expression:
		e, ok := c[key]
		if !ok {
			return nil, false
		}
		return e, !e.Constant && len(e.Blocks) == 0
	case fact.Expression:
		if len(c.Blocks) > 0 {
			return memberConfig(c.Blocks[0], key)
		}
		return c, len(c.References) > 0
	}
	return nil, false
}

// get is the value of an attribute, its documented default (recorded as an assumption), or the caller's own
// fallback. Nothing of these is an unknown, never zero.
func (s *scope) get(path string, fallback []any) (any, error) {
	if s == nil {
		return nil, &unknownError{path, "the resource that sets it is not in the plan"}
	}
	value, st, why := s.lookup(path)
	switch st {
	case set:
		s.ctx.read(s, path, st, value)
		return value, nil
	case unset:
		if d, ok := s.documented(path); ok {
			s.ctx.assume(fact.Assumption{What: s.path + path, Value: fmt.Sprint(d.Value), Why: "not set: documented default", Source: d.Source})
			return d.Value, nil
		}
		s.ctx.read(s, path, st, nil)
		if len(fallback) > 0 {
			return fallback[0], nil
		}
		return nil, &unknownError{s.path + path, "not set, and no default is known"}
	case unknown:
	}
	s.ctx.read(s, path, st, nil)
	return nil, &unknownError{s.path + path, why}
}

func (s *scope) documented(path string) (catalog.Default, bool) {
	for _, d := range s.defaults {
		if v, ok := d.rules.defaults[d.prefix+path]; ok {
			return v, true
		}
	}
	return catalog.Default{}, false
}

// blocks are the nested blocks of that name, none when it is not set.
func (s *scope) blocks(name string) ([]*scope, error) {
	if s == nil {
		return nil, nil
	}
	value, st, why := s.walk(name, true)
	s.ctx.read(s, name, st, value)
	if st == unknown {
		return nil, &unknownError{s.path + name, why}
	}
	list, ok := value.([]any)
	if one, isMap := value.(map[string]any); isMap {
		list, ok = []any{one}, true
	}
	if !ok {
		return nil, nil
	}
	out := make([]*scope, 0, len(list))
	for i, v := range list {
		block := s.nested(name, i, len(list))
		block.values, _ = v.(map[string]any)
		out = append(out, block)
	}
	return out, nil
}

// block is the first nested block of that name; one that is not set is an empty scope, so that its attributes
// take their defaults.
func (s *scope) block(name string) (*scope, error) {
	list, err := s.blocks(name)
	if err != nil || len(list) > 0 {
		if len(list) > 0 {
			return list[0], nil
		}
		return nil, err
	}
	if s == nil {
		return nil, &unknownError{name, "the resource that sets it is not in the plan"}
	}
	return s.nested(name, 0, 1), nil
}

func (s *scope) nested(name string, i, n int) *scope {
	out := &scope{ctx: s.ctx, instance: s.instance, path: s.path + name + "."}
	for _, d := range s.defaults {
		out.defaults = append(out.defaults, defaults{d.rules, d.prefix + name + "."})
	}
	if n > 1 {
		out.path = s.path + name + "[" + strconv.Itoa(i) + "]."
	}
	switch m := memberMaskAt(s.unknown, name, i).(type) {
	case bool, map[string]any:
		out.unknown = m
	}
	if e, ok := s.config[name]; ok {
		switch {
		case i < len(e.Blocks):
			out.config = e.Blocks[i]
		case len(e.Blocks) == 1: // a dynamic block: one expression for all
			out.config = e.Blocks[0]
		}
	}
	return out
}

func memberMaskAt(mask any, name string, i int) any {
	m, _ := mask.(map[string]any)
	at := m[name]
	if list, ok := at.([]any); ok {
		if i < len(list) {
			return list[i]
		}
		return nil
	}
	return at
}

// toNumber reads a number that may be written as a string, as provider schemas often do.
func toNumber(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, true
	case int:
		return float64(n), true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(n), 64)
		return f, err == nil
	}
	return 0, false
}

// toText reads a word; numbers and flags are written out.
func toText(v any) (string, bool) {
	switch t := v.(type) {
	case string:
		return t, true
	case float64:
		return strconv.FormatFloat(t, 'f', -1, 64), true
	case int:
		return strconv.Itoa(t), true
	case bool:
		return strconv.FormatBool(t), true
	}
	return "", false
}

func toFlag(v any) (value, ok bool) {
	switch t := v.(type) {
	case bool:
		return t, true
	case string:
		return t == "true" || t == "1", t == "true" || t == "false" || t == "1" || t == "0"
	}
	return false, false
}
