package policy

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/org/platform-action/internal/verdict"
)

// unit is one package in one dialect, prepared: what is evaluated, and for which rules it speaks.
type unit struct {
	bundle  string
	pkg     string
	dialect string
	file    string
	rules   []Rule  // ours: the ids that the package declares; foreign: one a rule name
	entries []entry // sorted by name
	looked  *rego.PreparedEvalQuery
	except  *rego.PreparedEvalQuery // conftest's exception
	needs   needs
}

// entry is one rule name of the package.
type entry struct {
	name     string
	severity verdict.Severity
	query    rego.PreparedEvalQuery
	rule     int // index into rules of the rule that a foreign entry is; -1 for ours
}

func (u *unit) enabled() bool {
	return slices.ContainsFunc(u.rules, func(r Rule) bool { return !r.Disabled })
}

// discover finds the packages with entry rules and prepares them. A package that cannot decide anything is a
// finding (c.faults) and no compile error, so that it blocks by name instead of hiding the other rules.
func (c *compiled) discover(ctx context.Context) ([]*unit, []Fault) {
	byPkg := map[string][]*ast.Module{}
	for _, name := range sortedModules(c.mods) {
		m := c.mods[name]
		byPkg[packageName(m.Package.Path)] = append(byPkg[packageName(m.Package.Path)], m)
	}
	var units []*unit
	var faults []Fault
	for _, pkg := range sortedKeys(byPkg) {
		mods := byPkg[pkg]
		names := entryNames(mods)
		if c.bundle.Builtin && !strings.HasPrefix(pkg, "platform.rules.") {
			names = nil
		}
		if len(names) == 0 {
			continue
		}
		u, bad := c.unit(ctx, pkg, mods, names)
		faults = append(faults, bad...)
		if u != nil {
			units = append(units, u)
		}
	}
	if len(units) == 0 && len(faults) == 0 && len(c.faults) == 0 {
		c.fault(nil, "the bundle defines no deny, warn or violation rule", "name the rules deny, warn or violation, or remove the bundle")
	}
	return units, faults
}

func (c *compiled) unit(ctx context.Context, pkg string, mods []*ast.Module, names []string) (*unit, []Fault) {
	u := &unit{bundle: c.bundle.Name, pkg: pkg, file: mods[0].Package.Location.File, dialect: c.dialectOf(pkg, mods)}
	if u.dialect == "" {
		rules, ok := c.metadata(pkg, mods)
		if !ok {
			return nil, nil
		}
		u.rules = rules
	}
	for _, name := range names {
		where := firstRule(mods, name)
		if bad := shape(mods, name); bad != nil {
			c.fault(bad.Location, "rule "+pkg+"."+name+" is no set, so that its result cannot be judged",
				"write `"+name+" contains …`")
			continue
		}
		sev, _ := entrySeverity(name)
		e := entry{name: name, severity: sev, rule: -1}
		if u.dialect != "" {
			e.rule = len(u.rules)
			u.rules = append(u.rules, c.foreignRule(u, name, sev, where))
		}
		q, fault := c.prepare(ctx, where.Location, mods[0].Package.Path, name)
		if fault != nil {
			return nil, []Fault{*fault}
		}
		e.query = *q
		u.entries = append(u.entries, e)
	}
	if len(u.entries) == 0 {
		return nil, nil
	}
	if u.dialect == "" { // another dialect's input is another document
		u.needs = c.needsOf(pkg)
		if faults := c.checkReads(u); len(faults) > 0 {
			return nil, faults
		}
	}
	return u, c.extras(ctx, u, mods)
}

// extras prepares the optional rules of a package: looked in ours, exception in conftest's.
func (c *compiled) extras(ctx context.Context, u *unit, mods []*ast.Module) []Fault {
	name, into := "looked", &u.looked
	if u.dialect == DialectConftest {
		name, into = "exception", &u.except
	}
	r := firstRule(mods, name)
	if r == nil || u.dialect == DialectInfracost {
		return nil
	}
	q, fault := c.prepare(ctx, r.Location, mods[0].Package.Path, name)
	if fault != nil {
		return []Fault{*fault}
	}
	*into = q
	return nil
}

func (c *compiled) prepare(ctx context.Context, at *ast.Location, pkg ast.Ref, name string) (*rego.PreparedEvalQuery, *Fault) {
	ref := pkg.Append(ast.StringTerm(name))
	q, err := rego.New(rego.Compiler(c.compiler), rego.Store(c.store), rego.StrictBuiltinErrors(true),
		rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t, nil }),
		rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(ref))))).PrepareForEval(ctx)
	if err != nil {
		return nil, &Fault{Bundle: c.bundle.Name, File: at.File, Row: at.Row, Message: "cannot be prepared: " + err.Error()}
	}
	return &q, nil
}

// dialectOf tells the dialect of a package with entry rules.
func (c *compiled) dialectOf(pkg string, mods []*ast.Module) string {
	switch {
	case c.bundle.Builtin, slices.ContainsFunc(mods, oursModule):
		return ""
	case pkg == "infracost":
		return DialectInfracost
	}
	return DialectConftest
}

func (c *compiled) foreignRule(u *unit, name string, sev verdict.Severity, at *ast.Rule) Rule {
	r := Rule{ID: u.dialect + ":" + u.pkg + "." + name, Title: clip(name+" in package "+u.pkg, 60), Area: u.dialect, Severity: sev,
		Bundle: u.bundle, Dialect: u.dialect, Package: u.pkg, File: at.Location.File, Line: at.Location.Row}
	for _, a := range c.annotationsOf(u.pkg, name) {
		r.Title, r.Description = cmp.Or(clip(a.Title, 60), r.Title), cmp.Or(a.Description, r.Description)
	}
	return r
}

// fault adds a finding of the engine itself that no evaluation can take away.
func (c *compiled) fault(at *ast.Location, msg, fix string) {
	f := verdict.Finding{ID: IDError, Title: "A policy cannot be evaluated", Message: clip(msg, maxText),
		Severity: verdict.Undecided, Fix: fix, Bundle: c.bundle.Name}
	if at != nil {
		f.File, f.Line = at.File, at.Row
	}
	c.faults = append(c.faults, f)
}

func entryNames(mods []*ast.Module) []string {
	var names []string
	for _, m := range mods {
		for _, r := range m.Rules {
			if n := ruleName(r); entryName(n) && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return names
}

func firstRule(mods []*ast.Module, name string) *ast.Rule {
	for _, m := range mods {
		for _, r := range m.Rules {
			if ruleName(r) == name {
				return r
			}
		}
	}
	return nil
}

// shape is the first definition of the rule that makes no set.
func shape(mods []*ast.Module, name string) *ast.Rule {
	for _, m := range mods {
		for _, r := range m.Rules {
			if ruleName(r) == name && r.Head.RuleKind() != ast.MultiValue {
				return r
			}
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// clip cuts text from a policy to at most n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
