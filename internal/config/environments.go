package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

const day = 24 * time.Hour

// environments reads the environments by name. GitHub compares their names without case, so two that differ in
// case only are one.
func (p *parser) environments(n *yaml.Node, at string) map[string]Environment {
	out := map[string]Environment{}
	nodes := map[string]*yaml.Node{}
	folded := map[string]string{}
	p.pairs(n, at, "a map of environments", func(key, value *yaml.Node) {
		here := join(at, key.Value)
		if p.text(key, here) == "" {
			return
		}
		if other, ok := folded[strings.ToLower(key.Value)]; ok {
			p.node(key, here, "is "+quote(other)+" in another case", "GitHub takes them for one environment; keep one")
			return
		}
		folded[strings.ToLower(key.Value)] = key.Value
		nodes[key.Value] = value
		out[key.Value] = p.environment(value, here)
	})
	p.after(out, nodes, at)
	return out
}

func (p *parser) environment(n *yaml.Node, at string) Environment {
	e := Environment{DecideBy: 30 * time.Minute}
	p.fields(n, at, fields{
		"tested":           func(n *yaml.Node, at string) { e.Tested = p.tested(n, at) },
		"deploy_workflows": func(n *yaml.Node, at string) { e.DeployWorkflows = p.some(n, at, p.workflow) },
		"build_workflows":  func(n *yaml.Node, at string) { e.BuildWorkflows = p.some(n, at, p.workflow) },
		"deploy_jobs":      func(n *yaml.Node, at string) { e.DeployJobs = p.some(n, at, p.text) },
		"from":             func(n *yaml.Node, at string) { e.From = p.branch(n, at) },
		"after":            func(n *yaml.Node, at string) { e.After = p.text(n, at) },
		"soak":             func(n *yaml.Node, at string) { e.Soak = p.duration(n, at, 0, 30*day) },
		"freeze":           func(n *yaml.Node, at string) { e.Freeze = p.freezes(n, at) },
		"approvers":        func(n *yaml.Node, at string) { e.Approvers = p.approvers(n, at) },
		"decide_by":        func(n *yaml.Node, at string) { e.DecideBy = p.duration(n, at, time.Minute, day) },
	})
	return e
}

// after checks that every stage exists and that none waits for itself.
func (p *parser) after(all map[string]Environment, nodes map[string]*yaml.Node, at string) {
	for _, env := range slices.Sorted(maps.Keys(all)) {
		if all[env].After == "" {
			continue
		}
		here := join(join(at, env), "after")
		if _, ok := all[all[env].After]; !ok {
			fix := "name an environment of this file"
			if near := nearest(all[env].After, slices.Sorted(maps.Keys(all))); near != "" {
				fix = "did you mean " + near + "?"
			}
			p.node(child(nodes[env], "after"), here, quote(all[env].After)+" is no environment of this file", fix)
			continue
		}
		for stage, steps := all[env].After, 0; stage != "" && steps <= len(all); stage, steps = all[stage].After, steps+1 {
			if stage == env {
				p.node(child(nodes[env], "after"), here, "waits for itself", "break the circle")
				break
			}
		}
	}
}

// tested reads what counts as tested. Without a suite anything would.
func (p *parser) tested(n *yaml.Node, at string) *Tested {
	t := &Tested{MaxAge: 7 * day, Assurance: Isolated}
	p.fields(n, at, fields{
		"suites":  func(n *yaml.Node, at string) { t.Suites = p.suites(n, at) },
		"max_age": func(n *yaml.Node, at string) { t.MaxAge = p.duration(n, at, time.Second, 365*day) },
		"assurance": func(n *yaml.Node, at string) {
			if i := slices.Index(assuranceNames[:], p.word(n, at, assuranceNames[:]...)); i >= 0 {
				t.Assurance = Assurance(i) //nolint:gosec // an index of a table of three
			}
		},
	}, "suites")
	return t
}

func (p *parser) suites(n *yaml.Node, at string) []Suite {
	var out []Suite
	names := map[string]bool{}
	p.list(n, at, "a list of suites", func(n *yaml.Node, at string) {
		s := Suite{MinTests: 1, Paths: []string{"**"}}
		p.fields(n, at, fields{
			"name":      func(n *yaml.Node, at string) { s.Name = p.unique(n, at, names) },
			"workflow":  func(n *yaml.Node, at string) { s.Workflow = p.workflow(n, at) },
			"job":       func(n *yaml.Node, at string) { s.Job = p.text(n, at) },
			"min_tests": func(n *yaml.Node, at string) { s.MinTests = p.count(n, at) },
			"paths":     func(n *yaml.Node, at string) { s.Paths = p.some(n, at, p.glob) },
			"guards":    func(n *yaml.Node, at string) { s.Guards = p.texts(n, at, p.glob) },
		}, "name", "workflow", "job")
		out = append(out, s)
	})
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		p.node(n, at, "is an empty list", "name at least one suite, or leave tested away")
	}
	return out
}

var branchForm = regexp.MustCompile(`^[^\s~^:?*\[\\/-][^\s~^:?*\[\\]*$`)

func (p *parser) branch(n *yaml.Node, at string) string {
	s := p.text(n, at)
	if s != "" && (!branchForm.MatchString(s) || strings.HasPrefix(s, "refs/") || strings.Contains(s, "..")) {
		p.node(n, at, quote(s)+" is no branch name", "write one branch without refs/heads/ and wildcards, such as main")
		return ""
	}
	return s
}

var zoneForm = regexp.MustCompile(`^(?:UTC|[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z0-9_+-]*){1,2})$`)

func (p *parser) freezes(n *yaml.Node, at string) []Freeze {
	var out []Freeze
	names := map[string]bool{}
	p.list(n, at, "a list of windows", func(n *yaml.Node, at string) {
		f := Freeze{Zone: "UTC"}
		known := p.window(names, &f.Name, &f.From, &f.Until)
		known["zone"] = func(n *yaml.Node, at string) { f.Zone = p.zone(n, at) }
		known["exempt"] = func(n *yaml.Node, at string) {
			f.Exempt = p.texts(n, at, func(n *yaml.Node, at string) string { return p.word(n, at, "rollback") })
		}
		known["except"] = func(n *yaml.Node, at string) { f.Except = p.openings(n, at) }
		p.fields(n, at, known, "name", "from", "until")
		p.ordered(n, at, f.From, f.Until)
		out = append(out, f)
	})
	return out
}

// openings reads the times of a freeze in which deployments go ahead.
func (p *parser) openings(n *yaml.Node, at string) []Opening {
	var out []Opening
	names := map[string]bool{}
	p.list(n, at, "a list of windows", func(n *yaml.Node, at string) {
		var o Opening
		p.fields(n, at, p.window(names, &o.Name, &o.From, &o.Until), "name", "from", "until")
		p.ordered(n, at, o.From, o.Until)
		out = append(out, o)
	})
	return out
}

// window reads a named time between two minutes.
func (p *parser) window(names map[string]bool, name, from, until *string) fields {
	return fields{
		"name":  func(n *yaml.Node, at string) { *name = p.unique(n, at, names) },
		"from":  func(n *yaml.Node, at string) { *from = p.minute(n, at) },
		"until": func(n *yaml.Node, at string) { *until = p.minute(n, at) },
	}
}

func (p *parser) ordered(n *yaml.Node, at, from, until string) {
	if from != "" && until != "" && until <= from {
		p.node(child(n, "until"), at+".until", "is not after from", "until is the first minute after the window")
	}
}

func (p *parser) zone(n *yaml.Node, at string) string {
	zone := p.text(n, at)
	if zone != "" && !zoneForm.MatchString(zone) {
		p.node(n, at, quote(zone)+" is no time zone", "write UTC or a name such as Europe/London")
	}
	return zone
}

func (p *parser) approvers(n *yaml.Node, at string) []Approver {
	var out []Approver
	p.list(n, at, "a list of teams and users", func(n *yaml.Node, at string) {
		var a Approver
		p.fields(n, at, fields{
			"team": func(n *yaml.Node, at string) { a.Team = p.text(n, at) },
			"user": func(n *yaml.Node, at string) { a.User = p.text(n, at) },
		})
		if n.Kind == yaml.MappingNode && (child(n, "team") == nil) == (child(n, "user") == nil) {
			p.node(n, at, "needs either team or user", "write - team: NAME or - user: NAME")
		}
		out = append(out, a)
	})
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		p.node(n, at, "is an empty list", "name at least one or leave the key away")
	}
	return out
}
