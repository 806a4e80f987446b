package plan

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/fact"
)

// block reads an object of attribute expressions; first, when given, is a key that was read already.
func (d *decoder) block(first []byte) map[string]fact.Expression {
	var out map[string]fact.Expression
	if first == nil {
		if !d.begin('{') {
			return nil
		}
	} else {
		name := d.word(first)
		out = map[string]fact.Expression{name: d.expression()}
	}
	for d.more() {
		name := d.word(d.key())
		if d.err != nil {
			return nil
		}
		if out == nil {
			out = map[string]fact.Expression{}
		}
		out[name] = d.expression()
	}
	return out
}

// expression reads how one attribute or nested block is set. An object with the key constant_value or references
// first is an expression; any other key makes it a nested block; an empty one is an expression of which the plan
// tells nothing, so that its value counts as not known.
func (d *decoder) expression() (e fact.Expression) {
	if d.err != nil {
		return e
	}
	switch d.dec.PeekKind() {
	case '[':
		d.begin('[')
		for d.more() {
			if attributes := d.block(nil); attributes != nil {
				e.Blocks = append(e.Blocks, attributes)
			} else {
				e.Blocks = append(e.Blocks, map[string]fact.Expression{})
			}
		}
		return e
	case '{':
	default:
		d.skip()
		return e
	}
	if !d.begin('{') {
		return e
	}
	for d.more() {
		key := d.key()
		switch {
		case string(key) == "constant_value":
			e.Constant = true
			d.skip()
		case string(key) == "references" && d.dec.PeekKind() == '[':
			e.References = d.references()
		default:
			e.Blocks = []map[string]fact.Expression{d.block(bytes.Clone(key))}
			return e
		}
	}
	return e
}

func (d *decoder) references() (list []string) {
	if !d.begin('[') {
		return nil
	}
	for d.more() {
		list = append(list, d.str(true))
	}
	return list
}

// arguments reads the expressions of a module call with their constants.
func (d *decoder) arguments() map[string]expression {
	out := map[string]expression{}
	if !d.begin('{') {
		return out
	}
	for d.more() {
		name := string(d.key())
		out[name] = d.argument()
	}
	return out
}

func (d *decoder) argument() (e expression) {
	if d.err != nil {
		return e
	}
	if d.dec.PeekKind() != '{' {
		d.skip()
		return e
	}
	for d.begin('{'); d.more(); {
		switch string(d.key()) {
		case "constant_value":
			e.constant = d.compact(nil)
		case "references":
			e.references = d.references()
		default:
			d.skip()
		}
	}
	return e
}

// scope is what a module's variables are worth, as far as the plan tells.
type scope struct {
	parent *scope
	module *moduleBlock
	root   map[string]jsontext.Value
}

// unresolved says why an expression has no value.
type unresolved string

// value resolves an expression to raw JSON and says where from; otherwise why not. Only a constant and a plain
// path into one variable resolve: the plan does not tell "var.a" from a template or call that mentions var.a
// alone, so that callers must check that the value makes sense.
func (s *scope) value(e expression) (v jsontext.Value, from string, why unresolved) {
	if e.constant != nil {
		return e.constant, "", ""
	}
	if len(e.references) == 0 {
		return nil, "", "it is set by an expression that the plan does not show"
	}
	longest := e.references[0]
	for _, r := range e.references[1:] {
		if len(r) > len(longest) {
			longest = r
		}
	}
	for _, r := range e.references {
		if rest, ok := strings.CutPrefix(longest, r); !ok || rest != "" && rest[0] != '.' && rest[0] != '[' {
			return nil, "", "it is set by an expression over more than one reference"
		}
	}
	path, ok := strings.CutPrefix(longest, "var.")
	if !ok {
		return nil, "", unresolved(shorten(longest, 80) + " has no value in the plan")
	}
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	v, why = s.variable(path[:end])
	if why == "" {
		v, why = descend(v, path[end:])
	}
	return v, shorten(longest, 80), why
}

// variable is a module's variable: the call's argument, the root's value, or the default.
func (s *scope) variable(name string) (jsontext.Value, unresolved) {
	label := unresolved("var." + shorten(name, 60))
	declared, ok := s.module.variables[name]
	if declared.sensitive {
		return nil, label + " is sensitive"
	}
	if s.parent == nil {
		if v, given := s.root[name]; given {
			return v, ""
		}
	} else if argument, given := s.module.arguments[name]; given {
		v, _, why := s.parent.value(argument)
		if why != "" {
			return nil, label + ": " + why
		}
		if string(v) != "null" {
			return v, ""
		}
	}
	if ok && declared.fallback != nil {
		return declared.fallback, ""
	}
	return nil, label + " has no value in the plan"
}

// descend follows a path such as .eu or ["eu"] or [0] into a value.
func descend(v jsontext.Value, path string) (jsontext.Value, unresolved) {
	for path != "" {
		var step string
		if path[0] == '[' {
			end := keyEnd(path)
			if end == 0 {
				return nil, "it is set by a path that cannot be followed"
			}
			step, path = path[1:end-1], path[end:]
			if strings.HasPrefix(step, `"`) {
				step = string(unquote([]byte(step)))
			}
		} else {
			end := strings.IndexAny(path[1:], ".[") + 1
			if end == 0 {
				end = len(path)
			}
			step, path = path[1:end], path[end:]
		}
		v = member(v, step)
		if v == nil {
			return nil, "it is set by a path that has no value in the plan"
		}
	}
	return v, ""
}

// member is an object's member or an array's element of a compact value; nil when there is none.
func member(v jsontext.Value, step string) jsontext.Value {
	if len(v) == 0 {
		return nil
	}
	var found jsontext.Value
	switch v[0] {
	case '{':
		each(v, func(key string, value jsontext.Value) {
			if key == step {
				found = value
			}
		})
	case '[':
		for i, e := range split(v) {
			if strconv.Itoa(i) == step {
				found = e
			}
		}
	}
	return found
}
