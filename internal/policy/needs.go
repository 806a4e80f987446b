package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// needs says which groups of facts a package looks at, itself or through the packages it uses.
type needs struct {
	plan, estimate bool
	evidence       bool
	deployment     bool
	pulls          bool // it may look at the pull requests of a deployment
	missing        bool // it asks input.missing itself, and so says on its own what a missing group means
	judged         bool // it looks only at resources that are judged
	lines          bool // it may look at the line items of the estimate
}

// needsOf follows references between the bundle's packages. What cannot be told counts as needed.
func (c *compiled) needsOf(pkg string) needs {
	own := c.direct(pkg)
	n := own.needs
	seen := map[string]bool{pkg: true}
	queue := own.uses
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		d := c.direct(next)
		n.plan, n.estimate, n.lines = n.plan || d.plan, n.estimate || d.estimate, n.lines || d.lines
		n.evidence, n.deployment, n.pulls = n.evidence || d.evidence, n.deployment || d.deployment, n.pulls || d.pulls
		queue = append(queue, d.uses...)
	}
	return n
}

type direct struct {
	needs
	uses []string
}

// direct is what one package looks at itself. Helper packages are asked for once a rule, so it is kept.
func (c *compiled) direct(pkg string) direct {
	if d, ok := c.looked[pkg]; ok {
		return d
	}
	if c.looked == nil {
		c.looked = map[string]direct{}
	}
	d := c.look(pkg)
	c.looked[pkg] = d
	return d
}

func (c *compiled) look(pkg string) direct {
	var d direct
	for _, name := range sortedModules(c.compiler.Modules) {
		m := c.compiler.Modules[name]
		if packageName(m.Package.Path) != pkg {
			continue
		}
		ast.WalkRefs(m, func(r ast.Ref) bool {
			d.note(r)
			if r[0].Equal(ast.DefaultRootDocument) {
				d.uses = append(d.uses, c.packagesAt(r)...)
			}
			return false
		})
		d.lines = d.lines || names(m, "lines", "assumptions", "attributes")
		d.evidence = d.evidence || names(m, "evidence")
		d.deployment = d.deployment || names(m, "deployment")
		d.pulls = d.pulls || namesPulls(m)
	}
	return d
}

// names reports a module that names a part of the input which not every rule needs. The name of a rule or a package,
// which is a constant of a reference into data, is no such name.
func names(m *ast.Module, words ...string) bool {
	found := false
	var visit *ast.GenericVisitor
	visit = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			if !x[0].Equal(ast.DefaultRootDocument) {
				return found
			}
			for _, t := range x[1:] {
				if _, constant := t.Value.(ast.String); !constant {
					visit.Walk(t)
				}
			}
			return true
		case ast.String:
			found = found || slices.Contains(words, string(x))
		}
		return found
	})
	visit.Walk(m)
	return found
}

// namesPulls reports a module that may look at the pull requests of a deployment: one that names them, or takes hold of a
// deployment otherwise than by a part that is another one.
func namesPulls(m *ast.Module) bool {
	found := false
	var visit *ast.GenericVisitor
	visit = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case ast.Ref:
			rest := x
			if len(x) > 2 && x[0].Equal(ast.InputRootDocument) && x[1].Value.Compare(ast.String("deployment")) == 0 {
				if part, constant := x[2].Value.(ast.String); constant && part != "pull_requests" {
					rest = x[3:]
				}
			}
			for _, t := range rest {
				visit.Walk(t)
			}
			return true
		case ast.String:
			found = found || x == "pull_requests" || x == "deployment"
		}
		return found
	})
	visit.Walk(m)
	return found
}

func (d *direct) note(r ast.Ref) {
	for _, t := range r[1:] {
		d.judged = d.judged || t.Value.Compare(ast.String("judged")) == 0
	}
	if !r[0].Equal(ast.InputRootDocument) {
		return
	}
	group := ast.String("")
	if len(r) > 1 {
		group, _ = r[1].Value.(ast.String)
	}
	switch group {
	case "resources", "plan":
		d.plan = true
	case "estimate":
		d.estimate = true
	case "missing":
		d.missing = true
	case "params", "evidence", "deployment": // names finds those
	default:
		d.plan, d.estimate = true, true
	}
}

// packagesAt lists the packages that a reference into data can mean.
func (c *compiled) packagesAt(r ast.Ref) []string {
	var out []string
	prefix := r.ConstantPrefix()
	for _, name := range sortedModules(c.compiler.Modules) {
		p := c.compiler.Modules[name].Package.Path
		if prefix.HasPrefix(p) || p.HasPrefix(prefix) {
			out = append(out, packageName(p))
		}
	}
	return out
}

// checkReads refuses a rule that names a resource type or attribute which it does not declare: the input document
// holds declared attributes only, so that the rule would find nothing for ever.
func (c *compiled) checkReads(u *unit) []Fault {
	types, attrs := declared(u.rules)
	var faults []Fault
	add := func(t *ast.Term, what, under string) {
		faults = append(faults, Fault{Bundle: u.bundle, File: t.Location.File, Row: t.Location.Row,
			Message: fmt.Sprintf("package %s looks at %s and does not declare it, so that it would never see it", u.pkg, what),
			Fix:     "add it to custom.reads" + under + " in the METADATA"})
	}
	for _, name := range sortedModules(c.mods) {
		m := c.mods[name]
		if packageName(m.Package.Path) != u.pkg {
			continue
		}
		ast.WalkRefs(m, func(r ast.Ref) bool {
			if len(r) > 2 && r[0].Equal(ast.InputRootDocument) && r[1].Value.Compare(ast.String("resources")) == 0 {
				if typ, ok := r[2].Value.(ast.String); ok && !matchesAny(types, string(typ)) {
					add(r[2], "input.resources."+string(typ), "")
				}
			}
			for i := 1; i+1 < len(r); i++ {
				side, _ := r[i].Value.(ast.String)
				attr, ok := r[i+1].Value.(ast.String)
				if ok && (side == "before" || side == "after" || side == "unknown" || side == "references") &&
					!r[0].Equal(ast.InputRootDocument) && !slices.Contains(attrs, string(attr)) && !estimateSide(r) {
					add(r[i+1], "attribute "+string(attr), ".TYPE")
				}
			}
			return false
		})
	}
	return slices.Compact(faults)
}

// estimateSide tells monthly.before and the like of an estimate from a resource's before and after.
func estimateSide(r ast.Ref) bool {
	return slices.ContainsFunc(r, func(t *ast.Term) bool {
		s, ok := t.Value.(ast.String)
		return ok && slices.Contains([]string{"monthly", "total", "upper", "usage_part", "lines"}, string(s))
	})
}

func declared(rules []Rule) (types, attrs []string) {
	for _, r := range rules {
		for typ, list := range r.Reads {
			types, attrs = append(types, typ), append(attrs, list...)
		}
	}
	return types, attrs
}

// matches reports that a resource type falls under a pattern of reads: itself, "*" or a prefix such as "aws_*".
func matches(pattern, typ string) bool {
	prefix, star := strings.CutSuffix(pattern, "*")
	return pattern == typ || star && strings.HasPrefix(typ, prefix)
}

func matchesAny(patterns []string, typ string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, typ) })
}
