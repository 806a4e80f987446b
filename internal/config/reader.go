package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

// fields are the known keys of a map and how to read each one's value.
type fields map[string]func(n *yaml.Node, at string)

func (p *parser) fault(line, column int, key, message, fix string) {
	if len(p.faults) >= maxFaults {
		p.more++
		return
	}
	p.faults = append(p.faults, Error{p.file, max(line, 1), max(column, 1), key, message, fix})
}

// node reports a fault at a node.
func (p *parser) node(n *yaml.Node, key, message, fix string) {
	p.fault(n.Line, n.Column, key, message, fix)
}

// fields reads a map of known keys. A key that is not known is a fault: a misspelt limit that is skipped would be
// believed to hold.
func (p *parser) fields(n *yaml.Node, at string, known fields, required ...string) {
	words := slices.Sorted(maps.Keys(known))
	if p.visit != nil {
		p.visit(at, words)
	}
	seen := map[string]bool{}
	p.pairs(n, at, "a map of "+strings.Join(words, ", "), func(key, value *yaml.Node) {
		read, ok := known[key.Value]
		if !ok {
			fix := "known here: " + strings.Join(words, ", ")
			if near := nearest(key.Value, words); near != "" {
				fix = "did you mean " + near + "?"
			}
			p.node(key, join(at, key.Value), "unknown key", fix)
			return
		}
		seen[key.Value] = true
		read(value, join(at, key.Value))
	})
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, key := range required {
		if !seen[key] {
			p.node(n, join(at, key), "is missing", "add it")
		}
	}
}

// pairs reads a map of any keys. A repeated key is a fault: which of the two counts is not for us to guess.
func (p *parser) pairs(n *yaml.Node, at, due string, read func(key, value *yaml.Node)) {
	if !p.is(n, yaml.MappingNode, at, due) {
		return
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			p.node(key, at, "a key is "+kind(key)+", a word is due", "")
			continue
		}
		if first, repeated := lines[key.Value]; repeated {
			p.node(key, join(at, key.Value), fmt.Sprintf("stands twice, first on line %d", first), "keep one")
			continue
		}
		lines[key.Value] = key.Line
		read(key, value)
	}
}

// list reads each element of a list.
func (p *parser) list(n *yaml.Node, at, due string, read func(n *yaml.Node, at string)) {
	if !p.is(n, yaml.SequenceNode, at, due) {
		return
	}
	for i, element := range n.Content {
		read(element, fmt.Sprintf("%s[%d]", at, i))
	}
}

// is checks the kind of a node and tells what is due otherwise.
func (p *parser) is(n *yaml.Node, want yaml.Kind, at, due string) bool {
	if n.Kind == want {
		return true
	}
	fix := ""
	if n.Tag == "!!null" {
		fix = "give it a value or leave the key away"
	}
	p.node(n, at, "is "+kind(n)+", "+due+" is due", fix)
	return false
}

// text reads a string that is not empty, has no control characters and at most 256 characters.
func (p *parser) text(n *yaml.Node, at string) string {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		fix := ""
		if n.Kind == yaml.ScalarNode && n.Tag != "!!null" {
			fix = "put it in quotes"
		}
		p.node(n, at, "is "+kind(n)+", a text is due", fix)
		return ""
	}
	const longest = 256
	switch {
	case strings.TrimSpace(n.Value) == "":
		p.node(n, at, "is empty", "give it a value or leave the key away")
	case len([]rune(n.Value)) > longest:
		p.node(n, at, fmt.Sprintf("has %d characters; at most %d are read", len([]rune(n.Value)), longest), "shorten it")
	case strings.ContainsFunc(n.Value, hidden):
		p.node(n, at, "holds a line break or an invisible character", "write it on one line, in visible characters")
	default:
		return n.Value
	}
	return ""
}

// hidden reports a character that breaks a line, or that a terminal or a reader's eye takes for something else.
func hidden(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Cf, r) || r == 0x2028 || r == 0x2029
}

// word reads one of a closed list of words. The empty string is returned after a fault only.
func (p *parser) word(n *yaml.Node, at string, words ...string) string {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!str" && slices.Contains(words, n.Value) {
		return n.Value
	}
	fix := "write one of " + strings.Join(words, ", ")
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		p.node(n, at, "is "+kind(n)+", a word is due", fix)
		return ""
	}
	if near := nearest(n.Value, words); near != "" {
		fix = "did you mean " + near + "?"
	}
	p.node(n, at, quote(n.Value)+" is none of "+strings.Join(words, ", "), fix)
	return ""
}

// texts reads a list that is not empty of texts that differ, each checked by read.
func (p *parser) texts(n *yaml.Node, at string, read func(n *yaml.Node, at string) string) []string {
	var out []string
	p.list(n, at, "a list", func(n *yaml.Node, at string) {
		s := read(n, at)
		if s == "" {
			return
		}
		if slices.Contains(out, s) {
			p.node(n, at, quote(s)+" stands twice", "keep one")
			return
		}
		out = append(out, s)
	})
	return out
}

// some is texts for a list where an empty one could be taken for "none" or for "all".
func (p *parser) some(n *yaml.Node, at string, read func(n *yaml.Node, at string) string) []string {
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		p.node(n, at, "is an empty list", "name at least one or leave the key away")
		return nil
	}
	return p.texts(n, at, read)
}

// child is the value of a map's key, or nil.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// kind names what a node is, as people say it.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	case yaml.ScalarNode, yaml.DocumentNode:
	}
	switch n.Tag {
	case "!!null":
		return "empty"
	case "!!bool":
		return "true or false"
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	}
	return "a text"
}

func join(at, key string) string {
	if at == "" {
		return name(key)
	}
	return at + "." + name(key)
}
