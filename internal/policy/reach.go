package policy

import "github.com/open-policy-agent/opa/v1/ast"

// reader follows what a package looks at, as it was written: the compiler puts names of its own in the place of parts of the
// input.
type reader struct {
	direct

	of    *compiled
	visit *ast.GenericVisitor
}

func (c *compiled) look(pkg string) direct {
	r := &reader{direct: direct{says: map[string]bool{}}, of: c}
	r.visit = ast.NewGenericVisitor(r.read)
	for _, name := range sortedModules(c.mods) {
		m := c.mods[name]
		if packageName(m.Package.Path) != pkg {
			continue
		}
		for _, i := range m.Imports { // whatever is imported may be looked at as a whole
			r.visit.Walk(i.Path)
		}
		for _, rule := range m.Rules {
			r.visit.Walk(rule)
		}
	}
	return r.direct
}

// read notes one node; done: and all that is below it.
func (r *reader) read(x any) (done bool) {
	switch x := x.(type) {
	case *ast.Head:
		for _, t := range x.Reference[min(1, len(x.Reference)):] {
			r.visit.Walk(t)
		}
	case *ast.Expr:
		if call, ok := x.Terms.([]*ast.Term); ok && r.gets(call) {
			for _, w := range x.With {
				r.visit.Walk(w)
			}
			return true
		}
	case ast.Call:
		return r.gets(x)
	case ast.Ref:
		return r.follow(x)
	case ast.Var:
		r.follow(ast.Ref{ast.NewTerm(x)})
	case ast.String:
		r.word(string(x))
	}
	return false
}

// gets follows object.get as what it is: another way to name a part.
func (r *reader) gets(call []*ast.Term) (done bool) {
	if len(call) < 4 || call[0].String() != ast.ObjectGet.Name {
		return false
	}
	from, ok := call[1].Value.(ast.Ref)
	if v, bare := call[1].Value.(ast.Var); bare {
		from, ok = ast.Ref{ast.NewTerm(v)}, true
	}
	if !ok {
		return false
	}
	if path, several := call[2].Value.(*ast.Array); several {
		path.Foreach(func(t *ast.Term) { from = from.Append(t) })
	} else {
		from = from.Append(call[2])
	}
	r.visit.Walk(from)
	for _, t := range call[3:] {
		r.visit.Walk(t)
	}
	return true
}

// follow notes what a reference looks at. The name of a rule or a package, which is a constant of a reference into data, is no
// text.
func (r *reader) follow(ref ast.Ref) (done bool) {
	for _, t := range ref[1:] {
		r.judged = r.judged || t.Value.Compare(ast.String("judged")) == 0
	}
	switch {
	case ref[0].Equal(ast.InputRootDocument):
		r.note(ref)
		for _, t := range ref[1:] {
			r.visit.Walk(t)
		}
	case ref[0].Equal(ast.DefaultRootDocument):
		r.uses = append(r.uses, r.of.packagesAt(ref)...)
		for _, t := range ref[1:] {
			if _, constant := t.Value.(ast.String); !constant {
				r.visit.Walk(t)
			}
		}
	default:
		return false
	}
	return true
}

// note says which part of the input a reference looks at. One that stops before it names a part, or names it by something else
// than a text, may look at all of them.
func (d *direct) note(r ast.Ref) {
	group, named := constant(r, 1)
	part, certain := constant(r, 2)
	switch {
	case !named:
		d.whole = true
	case group == "resources" || group == "plan":
		d.plan = true
	case group == "estimate":
		d.estimate, d.lines = true, d.lines || !certain
	case group == "evidence":
		d.evidence = true
	case group == "deployment":
		d.deployment = true
		d.pulls = d.pulls || !certain || part == "pull_requests" || part == "pull_requests_missing"
	case group == "missing":
		d.missing = true
	case group != "params":
		d.plan, d.estimate = true, true
	}
}

// constant is the text that a reference has at a place, if it is one.
func constant(r ast.Ref, at int) (string, bool) {
	if len(r) <= at {
		return "", false
	}
	s, ok := r[at].Value.(ast.String)
	return string(s), ok
}

// word notes a text: the name of a part that not every rule needs.
func (d *direct) word(s string) {
	switch s {
	case "lines", "assumptions", "attributes":
		d.lines = true
	case "evidence", "deployment":
		d.says[s] = true
	case "pull_requests_missing":
		d.told = true
	}
}
