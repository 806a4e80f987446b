package config

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

func (p *parser) roots(n *yaml.Node, at string) []Root {
	var out []Root
	seen := map[[2]string]bool{}
	p.list(n, at, "a list of roots", func(n *yaml.Node, at string) {
		var r Root
		p.fields(n, at, fields{
			"path": func(n *yaml.Node, at string) { r.Path = p.location(n, at) },
			"var_files": func(n *yaml.Node, at string) {
				r.VarFiles = p.texts(n, at, p.text)
			},
			"workspace": func(n *yaml.Node, at string) { r.Workspace = p.text(n, at) },
		}, "path")
		if r.Path == "" {
			return
		}
		p.varFiles(child(n, "var_files"), at+".var_files", r.Path)
		if id := [2]string{r.Path, r.Workspace}; seen[id] {
			p.node(n, at, "is a second root with this path and workspace", "keep one, or give it a workspace")
		} else {
			seen[id] = true
		}
		out = append(out, r)
	})
	return out
}

// varFiles checks that variable files, which are relative to the root's folder, stay inside the repository.
func (p *parser) varFiles(n *yaml.Node, at, dir string) {
	if n == nil || n.Kind != yaml.SequenceNode {
		return
	}
	for i, file := range n.Content {
		s := file.Value
		if !path.IsAbs(s) {
			s = path.Join(dir, s)
		}
		p.relative(file, fmt.Sprintf("%s[%d]", at, i), s)
	}
}

func (p *parser) policies(n *yaml.Node, at string, c *Policies) {
	p.fields(n, at, fields{
		"params": func(n *yaml.Node, at string) {
			c.Params = map[string]any{}
			p.pairs(n, at, "a map of parameters", func(key, value *yaml.Node) {
				c.Params[key.Value] = p.param(value, join(at, key.Value))
			})
		},
		"disable": func(n *yaml.Node, at string) { c.Disable = p.texts(n, at, p.id) },
		"waivers": func(n *yaml.Node, at string) { c.Waivers = p.waivers(n, at) },
	})
}

// param reads any value. Numbers have at most 15 digits, so that a float64 holds exactly what is written.
func (p *parser) param(n *yaml.Node, at string) any {
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		p.pairs(n, at, "a map", func(key, value *yaml.Node) { out[key.Value] = p.param(value, join(at, key.Value)) })
		return out
	case yaml.SequenceNode:
		out := []any{}
		p.list(n, at, "a list", func(n *yaml.Node, at string) { out = append(out, p.param(n, at)) })
		return out
	case yaml.ScalarNode, yaml.AliasNode, yaml.DocumentNode:
	}
	switch n.Tag {
	case "!!str":
		return n.Value
	case "!!timestamp":
		return n.Value
	case "!!bool":
		return n.Value == "true" || n.Value == "True" || n.Value == "TRUE"
	case "!!int", "!!float":
		return p.paramNumber(n, at)
	}
	p.node(n, at, "is "+kind(n)+", a value is due", "give it a value or leave the key away")
	return nil
}

func (p *parser) paramNumber(n *yaml.Node, at string) any {
	if _, ok := p.number(n, at); !ok {
		return nil
	}
	if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil {
		return i
	}
	f, err := strconv.ParseFloat(n.Value, 64)
	if digits := len(strings.Trim(n.Value, "-0.")) - strings.Count(strings.Trim(n.Value, "-0."), "."); err != nil || digits > 15 {
		p.node(n, at, quote(n.Value)+" has more than 15 digits", "round it")
		return nil
	}
	return f
}

func (p *parser) waivers(n *yaml.Node, at string) []Waiver {
	var out []Waiver
	p.list(n, at, "a list of waivers", func(n *yaml.Node, at string) {
		var w Waiver
		text := func(into *string) func(*yaml.Node, string) {
			return func(n *yaml.Node, at string) { *into = p.text(n, at) }
		}
		p.fields(n, at, fields{
			"policy":    func(n *yaml.Node, at string) { w.Policy = p.waivable(n, at) },
			"path":      func(n *yaml.Node, at string) { w.Path = p.glob(n, at) },
			"address":   text(&w.Address),
			"reason":    text(&w.Reason),
			"ticket":    text(&w.Ticket),
			"requester": text(&w.Requester),
			"approver":  text(&w.Approver),
			"expires":   func(n *yaml.Node, at string) { w.Expires = p.date(n, at) },
		}, "policy", "reason", "requester", "approver", "expires")
		if n.Kind == yaml.MappingNode && child(n, "path") == nil && child(n, "address") == nil {
			p.node(n, at, "has no scope", `set path or address; path: "**" is the whole repository`)
		}
		if w.Approver != "" && strings.EqualFold(w.Approver, w.Requester) {
			p.node(child(n, "approver"), at+".approver", "is the requester", "somebody else must approve a waiver")
		}
		out = append(out, w)
	})
	return out
}

// waivable reads the id of a rule that a repository may waive: the deployment rules have a way of their own, with
// an approver in the moment.
func (p *parser) waivable(n *yaml.Node, at string) string {
	s := p.id(n, at)
	if strings.HasPrefix(strings.ToUpper(s), "DEPLOY-") {
		p.node(n, at, quote(s)+" cannot be waived here", "the rules of deployments are never waived by a file")
		return ""
	}
	return s
}
