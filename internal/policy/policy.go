// Package policy turns facts and compiled Rego bundles into findings; same facts and same bundle digests, same
// findings.
//
// A rule that cannot decide (builtin error, deadline, a result that is no set, missing metadata, missing facts)
// makes a finding of severity Undecided that names it. No error is swallowed and none counts as a pass.
//
// Every bundle compiles alone with its own compiler and store, so that a bundle can add findings and never take
// another's away. Builtins come from an allow-list without network, clock, randomness or environment. OPA bounds
// time and not memory: a bundle is run here in the process of the caller, under the deadline only. That is right
// for a user's own policies on the user's own machine; whoever evaluates the bundles of strangers starts a child
// process with a memory limit around this package.
//
// Three dialects are told apart per package: ours (METADATA with custom.id, read with Rego v2 semantics so that
// `not` over a missing fact denies), conftest (deny, warn, violation and exception over the plan document) and
// Infracost (package infracost, deny over Infracost JSON). The latter two run as written, where `not` over a
// missing fact is unsafe; their findings carry the dialect.
package policy

import (
	"context"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// Ids of the findings that the engine itself makes.
const (
	IDError   = "policy-error"        // a rule that could not be evaluated or has no valid result
	IDTimeout = "policy-timeout"      // a rule that the deadline stopped or kept from starting
	IDMissing = "policy-missing-fact" // rules whose facts could not be had
	IDInput   = "policy-input"        // a resource whose attributes could not be read
	IDParam   = "policy-param"        // a parameter that no rule can use
	IDNone    = "policy-none"         // no rule was evaluated at all
)

// DefaultTimeout bounds one Evaluate.
const DefaultTimeout = 5 * time.Second

// Dialects of foreign policies, as Finding.Dialect carries them.
const (
	DialectConftest  = "conftest"
	DialectInfracost = "infracost"
)

// Bundle is a folder of .rego files with optional data.json, data.yaml or data.yml; files ending in _test.rego are
// tests and not part of it.
type Bundle struct {
	Name    string
	FS      fs.FS
	Builtin bool // may use package platform.*, which is reserved
}

// Options say what to compile.
type Options struct {
	Bundles  []Bundle
	Disabled []string      // rule ids that are switched off; an unknown one is an error
	Timeout  time.Duration // per evaluation. Defaults to DefaultTimeout
}

// Input is what one evaluation looks at. The functions are called only when a bundle of that dialect is loaded.
type Input struct {
	Facts     fact.Facts
	Raw       func() (any, error) // the whole plan document, as conftest-style policies expect it
	Infracost func() (any, error) // Infracost JSON
}

// Result is what the rules found and what they looked at, sorted.
type Result struct {
	Findings []verdict.Finding
	Checks   []verdict.Check
}

// Rule describes one rule as its METADATA does.
type Rule struct {
	ID          string              `json:"id"`
	Title       string              `json:"title"`
	Description string              `json:"description"`
	Area        string              `json:"area"`
	Severity    verdict.Severity    `json:"severity"` // default; params.severity may change it
	Related     []string            `json:"related,omitempty"`
	Reads       map[string][]string `json:"reads,omitempty"` // resource type or pattern → top-level attributes
	Bundle      string              `json:"bundle"`
	Dialect     string              `json:"dialect,omitempty"`
	Package     string              `json:"package"`
	File        string              `json:"file"`
	Line        int                 `json:"line"`
	Disabled    bool                `json:"disabled,omitempty"`

	PullRequests bool `json:"pull_requests,omitempty"` // it may look at the pull requests of a deployment
}

// Set is a compiled and prepared set of bundles. It is safe for concurrent use.
type Set struct {
	units   []*unit
	rules   []Rule
	faults  []verdict.Finding // found while compiling; part of every result
	digest  string
	bundles []BundleDigest
	timeout time.Duration
	trim    trimmer
	params  []string // names of the built-in parameters
	wants   wants
}

// BundleDigest is the digest of one bundle's compiled sources.
type BundleDigest struct {
	Name   string `json:"name"`
	Digest string `json:"digest"`
}

// wants says which documents the loaded rules need at all.
type wants struct {
	ours, conftest, infracost, estimate, lines, evidence, deployment bool
}

// Compile reads, checks and prepares every bundle. The error is a *PolicyError that names file and row.
func Compile(ctx context.Context, opts Options) (*Set, error) {
	set := &Set{timeout: opts.Timeout}
	if set.timeout <= 0 {
		set.timeout = DefaultTimeout
	}
	var faults []Fault
	names := map[string]bool{}
	for _, b := range opts.Bundles {
		if names[b.Name] {
			faults = append(faults, Fault{Bundle: b.Name, Message: "two bundles have this name", Fix: "give each policy folder once"})
			continue
		}
		names[b.Name] = true
		faults = append(faults, set.add(ctx, b)...)
	}
	faults = append(faults, set.finish(opts.Disabled)...)
	if len(faults) > 0 {
		return nil, newError(faults)
	}
	return set, nil
}

// Rules lists every rule, sorted by id and bundle, the disabled ones among them.
func (s *Set) Rules() []Rule { return slices.Clone(s.rules) }

// Digest is sha256:… over the names and compiled sources of all bundles.
func (s *Set) Digest() string { return s.digest }

// Bundles lists the digest of each bundle, sorted by name.
func (s *Set) Bundles() []BundleDigest { return slices.Clone(s.bundles) }

func (s *Set) add(ctx context.Context, b Bundle) []Fault {
	src, faults := readBundle(b)
	if len(faults) > 0 {
		return faults
	}
	comp, faults := compileSource(src)
	if len(faults) > 0 {
		return faults
	}
	units, faults := comp.discover(ctx)
	if len(faults) > 0 {
		return faults
	}
	s.bundles = append(s.bundles, BundleDigest{Name: b.Name, Digest: src.digest})
	s.units = append(s.units, units...)
	s.faults = append(s.faults, comp.faults...)
	if b.Builtin {
		names, fault := comp.builtinParams(ctx)
		if fault != nil {
			return []Fault{*fault}
		}
		s.params = append(s.params, names...)
	}
	return nil
}

// finish joins what the bundles brought: ids, digests, attribute allow-list.
func (s *Set) finish(disabled []string) []Fault {
	var faults []Fault
	off := map[string]bool{}
	for _, id := range disabled {
		off[id] = true
	}
	seen := map[string]Rule{}
	for _, u := range s.units {
		for i := range u.rules {
			r := &u.rules[i]
			r.Disabled, r.PullRequests = off[r.ID], u.needs.pulls
			if other, dup := seen[r.ID]; dup && (r.Dialect == "" || other.Bundle == r.Bundle) {
				faults = append(faults, Fault{Bundle: r.Bundle, File: r.File, Row: r.Line,
					Message: "rule id " + quote(r.ID) + " is already used by " + other.Bundle + ":" + other.File,
					Fix:     "give the rule an id of its own; ids are never reused"})
			}
			seen[r.ID] = *r
			s.rules = append(s.rules, *r)
		}
	}
	faults = append(faults, unknownIDs(disabled, seen)...)
	slices.SortFunc(s.rules, func(a, b Rule) int {
		return strings.Compare(a.ID+"\x00"+a.Bundle, b.ID+"\x00"+b.Bundle)
	})
	slices.SortFunc(s.bundles, func(a, b BundleDigest) int { return strings.Compare(a.Name, b.Name) })
	s.digest = DigestOf(s.bundles)
	s.trim = newTrimmer(s.rules)
	for _, u := range s.units {
		s.wants.note(u)
	}
	return faults
}

func (w *wants) note(u *unit) {
	if !u.enabled() {
		return
	}
	switch u.dialect {
	case DialectConftest:
		w.conftest = true
	case DialectInfracost:
		w.infracost = true
	default:
		w.ours = true
		w.estimate = w.estimate || u.needs.estimate || u.needs.whole
		w.evidence = w.evidence || u.needs.evidence || u.needs.whole
		w.deployment = w.deployment || u.needs.deployment || u.needs.whole
		w.lines = w.lines || (u.needs.estimate || u.needs.whole) && u.needs.lines
	}
}

func unknownIDs(disabled []string, known map[string]Rule) []Fault {
	ids := make([]string, 0, len(known))
	for id := range known {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var faults []Fault
	for _, id := range disabled {
		if _, ok := known[id]; ok {
			continue
		}
		f := Fault{Message: "policies.disable names " + quote(id) + ", which is no rule of the loaded bundles",
			Fix: "run `platform policy list` for the ids"}
		if near := nearest(id, ids); near != "" {
			f.Fix = "did you mean " + near + "? " + f.Fix
		}
		faults = append(faults, f)
	}
	return faults
}

// sortedModules fixes the order of modules, which OPA keeps in a map.
func sortedModules(mods map[string]*ast.Module) []string {
	names := make([]string, 0, len(mods))
	for n := range mods {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}
