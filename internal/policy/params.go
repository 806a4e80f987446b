package policy

import (
	"context"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/org/platform-action/internal/verdict"
)

// Parameters that the engine itself reads; all others belong to the rules.
const (
	paramSeverity = "severity"        // rule id → block, warn or allow
	paramJudgeAll = "judge_unchanged" // true: rules judge resources that the plan does not touch, too
)

// severities is what params.severity says.
type severities map[string]verdict.Severity

func (s severities) of(r *Rule) verdict.Severity {
	if sev, ok := s[r.ID]; ok {
		return sev
	}
	return r.Severity
}

// engineParams reads the engine's own parameters. What it cannot use is Undecided: an organisation that raised a
// severity in vain would believe in a lock that is not there.
func (s *Set) engineParams(params map[string]any) (severities, []verdict.Finding) {
	var out []verdict.Finding
	bad := func(msg, fix string) {
		out = append(out, verdict.Finding{ID: IDParam, Title: "A policy parameter cannot be used", Message: msg, Severity: verdict.Undecided, Fix: fix})
	}
	if v, ok := params[paramJudgeAll]; ok {
		if _, isBool := v.(bool); !isBool {
			bad("policies.params."+paramJudgeAll+" is not a boolean", "write true or false")
		}
	}
	sev := severities{}
	if v, ok := params[paramSeverity]; ok {
		m, isMap := v.(map[string]any)
		if !isMap {
			bad("policies.params.severity is not a map of rule id to severity", "write severity: {SEC-001: block}")
		}
		for _, id := range sortedKeys(m) {
			s.severity(id, m[id], sev, bad)
		}
	}
	for _, name := range sortedKeys(params) {
		if name == paramSeverity || name == paramJudgeAll || slices.Contains(s.params, name) {
			continue
		}
		if near := nearest(name, append(slices.Clone(s.params), paramSeverity, paramJudgeAll)); near != "" {
			bad("policies.params."+quote(name)+" is no parameter of the built-in policies", "did you mean "+near+"?")
		}
	}
	return sev, out
}

func (s *Set) severity(id string, v any, into severities, bad func(msg, fix string)) {
	known := make([]string, 0, len(s.rules))
	for _, r := range s.rules {
		if r.Dialect == "" {
			known = append(known, r.ID)
		}
	}
	if !slices.Contains(known, id) {
		fix := "run `platform policy list` for the ids"
		if near := nearest(id, known); near != "" {
			fix = "did you mean " + near + "?"
		}
		bad("policies.params.severity names "+quote(id)+", which is no rule of the loaded bundles", fix)
		return
	}
	word, _ := v.(string)
	var sev verdict.Severity
	if err := sev.UnmarshalText([]byte(word)); err != nil || sev == verdict.Undecided {
		bad("policies.params.severity."+id+" is none of block, warn, allow", "write one of block, warn, allow")
		return
	}
	into[id] = sev
}

// builtinParams are the names in data.platform.params.defaults, so that a misspelt parameter is told from another
// bundle's own.
func (c *compiled) builtinParams(ctx context.Context) ([]string, *Fault) {
	pkg := ast.MustParseRef("data.platform.params")
	if !slices.ContainsFunc(sortedModules(c.mods), func(n string) bool { return c.mods[n].Package.Path.Equal(pkg) }) {
		return nil, nil
	}
	at := &ast.Location{File: "platform/params"}
	q, fault := c.prepare(ctx, at, pkg, "defaults")
	if fault != nil {
		return nil, fault
	}
	rs, err := q.Eval(ctx)
	if err != nil || len(rs) != 1 {
		return nil, &Fault{Bundle: c.bundle.Name, File: at.File, Message: "data.platform.params.defaults has no value"}
	}
	term, _ := rs[0].Expressions[0].Value.(*ast.Term)
	obj, ok := term.Value.(ast.Object)
	if !ok {
		return nil, &Fault{Bundle: c.bundle.Name, File: at.File, Message: "data.platform.params.defaults is no object"}
	}
	var names []string
	for _, k := range obj.Keys() {
		names = append(names, string(k.Value.(ast.String)))
	}
	slices.Sort(names)
	return names, nil
}
