package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/org/platform-action/internal/verdict"
)

var (
	builtinID = regexp.MustCompile(`^[A-Z]{2,8}-[0-9]{3}$`)
	anyID     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{1,62}[A-Za-z0-9]$`)
)

// metadata reads the rules that a package of our dialect declares: on the package, or on each deny and warn. A
// package without them cannot say what it decides: that is a finding, never silence.
func (c *compiled) metadata(pkg string, mods []*ast.Module) ([]Rule, bool) {
	var rules []Rule
	sound := true
	for _, m := range mods {
		for _, a := range m.Annotations {
			if a.Scope == "subpackages" || !declares(a) {
				continue
			}
			r, err := c.rule(pkg, a)
			if err != nil {
				sound = false
				c.fault(a.Location, fmt.Sprintf("METADATA of package %s: %v", pkg, err),
					"see docs/policies.md for the METADATA that a rule needs")
				continue
			}
			if !slices.ContainsFunc(rules, func(o Rule) bool { return o.ID == r.ID }) {
				rules = append(rules, r)
			}
		}
	}
	if sound && len(rules) == 0 {
		c.fault(mods[0].Package.Location, "package "+pkg+" has rules and no METADATA with custom.id and custom.severity",
			"put METADATA above the package; docs/policies.md shows it")
		return nil, false
	}
	return rules, sound
}

// declares reports METADATA that speaks for a rule; a block with a title alone only documents.
func declares(a *ast.Annotations) bool {
	for _, key := range []string{"id", "severity", "reads"} {
		if _, ok := a.Custom[key]; ok {
			return true
		}
	}
	return false
}

func (c *compiled) rule(pkg string, a *ast.Annotations) (Rule, error) {
	r := Rule{Title: a.Title, Description: strings.TrimSpace(a.Description), Bundle: c.bundle.Name, Package: pkg,
		File: a.Location.File, Line: a.Location.Row}
	id, _ := a.Custom["id"].(string)
	pattern := anyID
	if c.bundle.Builtin {
		pattern = builtinID
	}
	switch {
	case id == "":
		return r, fmt.Errorf("custom.id is missing")
	case !pattern.MatchString(id), strings.HasPrefix(id, "policy-"):
		return r, fmt.Errorf("custom.id %s is no id such as TEAM-001", quote(id))
	case a.Title == "" || len([]rune(a.Title)) > 60:
		return r, fmt.Errorf("%s: title must have 1 to 60 characters", id)
	}
	r.ID = id
	word, _ := a.Custom["severity"].(string)
	if err := r.Severity.UnmarshalText([]byte(word)); err != nil || r.Severity == verdict.Undecided {
		return r, fmt.Errorf("%s: custom.severity must be block, warn or allow", id)
	}
	r.Area = areaOf(pkg, a)
	for _, rel := range a.RelatedResources {
		r.Related = append(r.Related, rel.Ref.String())
	}
	reads, err := readsOf(a.Custom["reads"])
	if err != nil {
		return r, fmt.Errorf("%s: %w", id, err)
	}
	r.Reads = reads
	return r, nil
}

// areaOf is custom.area, or the folder below platform.rules, or the package's first name.
func areaOf(pkg string, a *ast.Annotations) string {
	if area, ok := a.Custom["area"].(string); ok && area != "" {
		return clip(area, 30)
	}
	rest := strings.TrimPrefix(pkg, "platform.rules.")
	area, _, _ := strings.Cut(rest, ".")
	return clip(area, 30)
}

func readsOf(v any) (map[string][]string, error) {
	if v == nil {
		return nil, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("custom.reads must map resource types to lists of attributes")
	}
	reads := make(map[string][]string, len(m))
	for typ, list := range m {
		attrs, ok := list.([]any)
		if !ok {
			return nil, fmt.Errorf("custom.reads.%s must be a list of attributes", typ)
		}
		reads[typ] = []string{}
		for _, a := range attrs {
			s, ok := a.(string)
			if !ok || s == "" || s == "*" {
				return nil, fmt.Errorf("custom.reads.%s must list top-level attributes by name", typ)
			}
			reads[typ] = append(reads[typ], s)
		}
		slices.Sort(reads[typ])
	}
	return reads, nil
}

// annotationsOf lists METADATA on the package and on the named rule of it.
func (c *compiled) annotationsOf(pkg, name string) []*ast.Annotations {
	var out []*ast.Annotations
	for _, file := range sortedModules(c.mods) {
		m := c.mods[file]
		if packageName(m.Package.Path) != pkg {
			continue
		}
		for _, a := range m.Annotations {
			if a.Scope == "package" || annotates(m, a, name) {
				out = append(out, a)
			}
		}
	}
	return out
}

// annotates reports that the block stands right above a rule of that name.
func annotates(m *ast.Module, a *ast.Annotations, name string) bool {
	var next *ast.Rule
	for _, r := range m.Rules {
		if r.Location.Row > a.Location.Row && (next == nil || r.Location.Row < next.Location.Row) {
			next = r
		}
	}
	return next != nil && ruleName(next) == name
}
