package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// needs says which groups of facts a package looks at, itself or through the packages it uses.
type needs struct {
	plan, estimate bool // it names them
	evidence       bool
	deployment     bool
	whole          bool // it may look at any part of the input: it takes hold of it otherwise than by the name of a part
	pulls          bool // it may look at the pull requests of a deployment
	deploys        bool // it is about deployments: where none is decided it has nothing to say
	missing        bool // it asks input.missing itself, and so says on its own what a missing group means
	told           bool // the same of input.deployment.pull_requests_missing
	judged         bool // it looks only at resources that are judged
	lines          bool // it may look at the line items of the estimate
}

// needsOf follows references between the bundle's packages. What cannot be told counts as needed.
func (c *compiled) needsOf(pkg string) needs {
	own := c.direct(pkg)
	d := own
	seen := map[string]bool{pkg: true}
	queue := own.uses
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next] {
			continue
		}
		seen[next] = true
		used := c.direct(next)
		d.join(used)
		queue = append(queue, used.uses...)
	}
	// A rule that names a part of a deployment is left out where none is decided. That somebody whom it uses does says
	// so only where nothing else is looked at: else a rule about plans would be passed over for a helper of others.
	d.deploys = own.deployment || d.deployment && !d.plan && !d.estimate && !d.whole
	if d.whole {
		d.evidence, d.deployment = d.evidence || d.says["evidence"], d.deployment || d.says["deployment"]
		d.pulls, d.lines = true, true
	}
	return d.needs
}

type direct struct {
	needs
	says map[string]bool // names of groups that stand there as texts: where the input is taken as a whole they are what is meant
	uses []string
}

// join adds what a package that is used looks at. What only the package itself can say of itself stays.
func (d *direct) join(used direct) {
	d.plan, d.estimate, d.lines = d.plan || used.plan, d.estimate || used.estimate, d.lines || used.lines
	d.evidence, d.deployment, d.pulls = d.evidence || used.evidence, d.deployment || used.deployment, d.pulls || used.pulls
	d.whole = d.whole || used.whole
	says := maps.Clone(d.says)
	maps.Copy(says, used.says)
	d.says = says
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
