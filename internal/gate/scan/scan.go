// Package scan looks at how a repository deploys: facts of GitHub in, whether each environment is locked out; what could
// not be seen is never yes.
package scan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/fact"
)

// Answer says whether a condition holds. The zero answer is that nobody could tell.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota
	No
	Yes
)

// String is the answer in a word.
func (a Answer) String() string {
	switch a {
	case No:
		return "no"
	case Yes:
		return "yes"
	case Unknown:
	}
	return "unknown"
}

// Condition is one of what makes a lock.
type Condition struct {
	Name   string
	Answer Answer
	Why    string
	Fix    string // empty where the answer is yes
}

// Environment is one at GitHub.
type Environment struct {
	Name      string
	Protected fact.Known[bool]    // admits protected branches only
	Bypass    fact.Known[bool]    // administrators may bypass its rules
	Rules     fact.Known[[]int64] // ids of the Apps whose protection rules are on
	Vouched   bool                // the user says that production's credentials are nowhere else
}

// Check is a required check of the default branch; App 0: anybody may set it.
type Check struct {
	Name string
	App  int64
}

// Facts are what was read of a repository.
type Facts struct {
	App          int64 // ours; 0: not known
	Environments []Environment
	Configured   fact.Known[[]string] // that .github/platform.yml names
	Branches     fact.Known[int]      // how many are protected
	Checks       fact.Known[[]Check]  // that the default branch requires
	Owned        fact.Known[bool]     // .github/** has code owners whose review is required
	Jobs         fact.Known[[]Job]    // that name an environment
	Secrets      fact.Known[[]string] // outside of environments
}

// Report is what is said of one environment.
type Report struct {
	Environment string
	Conditions  []Condition
	Notes       []Condition // what weakens it, whatever else holds; never Yes
}

// Locked reports that every condition holds and nothing weakens it.
func (r Report) Locked() bool {
	return len(r.Conditions) > 0 && len(r.Notes) == 0 && !slices.ContainsFunc(r.Conditions, func(c Condition) bool { return c.Answer != Yes })
}

// Look says of each environment what holds, by name.
func Look(f Facts) []Report {
	out := []Report{}
	for _, e := range f.Environments {
		r := Report{Environment: e.Name, Conditions: []Condition{f.credentials(e), f.branches(e), f.check(), f.owners(), f.asked(e)}}
		r.Notes = append(f.names(e), f.weakened(e)...)
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Report) int { return cmp.Compare(a.Environment, b.Environment) })
	return out
}

func (f Facts) credentials(e Environment) Condition {
	c := Condition{Name: "a credentials only in the environment", Why: "what your cloud trusts cannot be seen here",
		Fix: "let the cloud trust environment:" + e.Name + " alone, look, and say so with --vouch " + e.Name}
	secrets, ok := f.Secrets.Get()
	switch {
	case ok && len(secrets) > 0 && !e.Vouched:
		c.Why = fmt.Sprintf("%d secrets are outside of environments (%s), and %s", len(secrets), some(secrets), c.Why)
	case e.Vouched:
		c.Answer, c.Why = Yes, "by your word (--vouch)"
	}
	return c.mended()
}

func (f Facts) branches(e Environment) Condition {
	c := Condition{Name: "b protected branches only, and no bypass", Fix: "settings of the environment: protected branches only, and no bypass by administrators"}
	protected, ok := e.Protected.Get()
	count, counted := f.Branches.Get()
	bypass, told := e.Bypass.Get()
	switch {
	case ok && !protected:
		c.Answer, c.Why = No, "branches that are not protected may deploy"
	case counted && count == 0:
		c.Answer, c.Why, c.Fix = No, "no branch is protected", "protect the default branch"
	case told && bypass:
		c.Answer, c.Why = No, "administrators may bypass it"
	case !ok:
		c.Why = e.Protected.Why()
	case !counted:
		c.Why = f.Branches.Why()
	case !told:
		c.Why = e.Bypass.Why()
	default:
		c.Answer, c.Why = Yes, fmt.Sprintf("protected branches (%d) only, and nobody bypasses it", count)
	}
	return c.mended()
}

// TestedCheck is the check that has to be required.
const TestedCheck = "platform/tested"

func (f Facts) check() Condition {
	c := Condition{Name: "c required check pinned to the App", Fix: "require " + TestedCheck + " on the default branch, with the App as its source"}
	checks, ok := f.Checks.Get()
	i := slices.IndexFunc(checks, func(k Check) bool { return k.Name == TestedCheck })
	switch {
	case !ok:
		c.Why = f.Checks.Why()
	case i < 0:
		c.Answer, c.Why = No, TestedCheck+" is not required"
	case !slices.ContainsFunc(checks, func(k Check) bool { return k.Name == TestedCheck && k.App > 0 }):
		c.Answer, c.Why = No, TestedCheck+" may be set by anybody who can write"
	case f.App == 0:
		c.Why, c.Fix = "it is pinned to an App; whether it is ours nobody said", "give --app-id"
	case !slices.Contains(checks, Check{TestedCheck, f.App}):
		c.Answer, c.Why = No, TestedCheck+" is pinned to another App"
	default:
		c.Answer, c.Why = Yes, TestedCheck+" is the App's alone"
	}
	return c.mended()
}

func (f Facts) owners() Condition {
	c := Condition{Name: "d code owners of .github/**", Fix: "give /.github/ an owner in CODEOWNERS, and require review from code owners on the default branch"}
	owned, ok := f.Owned.Get()
	switch {
	case !ok:
		c.Why = f.Owned.Why()
	case !owned:
		c.Answer, c.Why = No, "it has none whose review is required"
	default:
		c.Answer, c.Why = Yes, "their review is required"
	}
	return c.mended()
}

// asked is that the gate is asked at all: by the protection rule, or by the jobs themselves.
func (f Facts) asked(e Environment) Condition {
	c := Condition{Name: "e the gate is asked", Fix: "switch the App's protection rule on, or begin each deploying job with platform gate decide"}
	rules, ok := e.Rules.Get()
	jobs, seen := f.Jobs.Get()
	mine := slices.DeleteFunc(slices.Clone(jobs), func(j Job) bool { return !j.enters(e.Name) })
	all := len(mine) > 0 && !slices.ContainsFunc(mine, func(j Job) bool { return !j.Asks })
	switch {
	case ok && f.App != 0 && slices.Contains(rules, f.App):
		c.Answer, c.Why = Yes, "the App's protection rule is on"
	case seen && all:
		c.Answer, c.Why = Yes, "each job of the default branch that deploys there asks first"
	case !ok:
		c.Why = e.Rules.Why()
	case f.App == 0 && len(rules) > 0:
		c.Why, c.Fix = "the rule of an App is on; whether it is ours nobody said", "give --app-id"
	case !seen:
		c.Why = f.Jobs.Why()
	default:
		c.Answer, c.Why = No, "it has no rule of the App, and a job that deploys there does not ask"
	}
	return c.mended()
}

func (c Condition) mended() Condition {
	if c.Answer == Yes {
		c.Fix = ""
	}
	return c
}

// names are environments that may be taken for another one.
func (f Facts) names(e Environment) []Condition {
	var out []Condition
	for _, other := range f.Environments {
		if other.Name != e.Name && skeleton(other.Name) == skeleton(e.Name) {
			out = append(out, Condition{"name", No, fmt.Sprintf("%+q and %+q look alike", e.Name, other.Name), "delete the one that a typing error made"})
		}
	}
	names, ok := f.Configured.Get()
	switch {
	case !ok:
		out = append(out, Condition{"name", Unknown, f.Configured.Why(), "correct .github/platform.yml"})
	case !slices.Contains(names, e.Name):
		out = append(out, Condition{"name", No, fmt.Sprintf("%+q is no environment of .github/platform.yml: nothing is approved for it, and nothing asked", e.Name),
			"name it there, or delete it"})
	}
	return out
}

// weakened are jobs that get around the rule, or deploy something else than what was decided on.
func (f Facts) weakened(e Environment) []Condition {
	jobs, ok := f.Jobs.Get()
	if !ok {
		return []Condition{{"jobs", Unknown, f.Jobs.Why(), "let the token read the workflows"}}
	}
	var out []Condition
	for _, j := range jobs {
		if !j.enters(e.Name) {
			continue
		}
		if j.NoDeployment {
			out = append(out, Condition{"job " + j.Where(), No, "deployment: false keeps the rule from being asked", "leave it out"})
		}
		if len(j.Other) > 0 && !j.Asks {
			out = append(out, Condition{"job " + j.Where(), No, "it may deploy something else than the run's commit: " + some(j.Other),
				"begin it, after the checkout, with platform gate decide"})
		}
	}
	return out
}

// skeleton is a name without what only the eye passes over: case, and letters that look like others.
func skeleton(name string) string {
	return strings.Map(lookAlike, strings.ToLower(name))
}

// lookAlike are the letters of other scripts, and the digits, that are most like Latin ones.
func lookAlike(r rune) rune {
	for _, pair := range []string{"аa", "еe", "оo", "рp", "сc", "уy", "хx", "іi", "јj", "ѕs", "ԁd", "οo", "νv", "αa", "ρp", "τt", "ıi", "0o", "1l", "ⅼl", "\u2010-", "\u2011-", "_-"} {
		letters := []rune(pair)
		if letters[0] == r {
			return letters[1]
		}
	}
	return r
}

func some(names []string) string {
	const most = 3
	shown := make([]string, 0, most)
	for _, n := range names[:min(len(names), most)] {
		shown = append(shown, fmt.Sprintf("%+q", n))
	}
	if len(names) > most {
		shown = append(shown, "…")
	}
	return strings.Join(shown, ", ")
}
