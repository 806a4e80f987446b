// Package config turns .github/platform.yml into typed settings, or tells every fault with file, line and column.
package config

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// Version is the version of the file's form that this build reads.
const Version = 1

// Config is a whole configuration with its defaults filled in.
type Config struct {
	Version      int
	Roots        []Root // in the file's order; empty: discovered
	Cost         Cost
	Policies     Policies
	Environments map[string]Environment
	Digest       string // sha256:… of the file's bytes; empty when there is no file
}

// Root is one Terraform root module.
type Root struct {
	Path      string   // folder, relative to the repository
	VarFiles  []string // relative to Path
	Workspace string   // empty: default
}

// Cost says in which currency costs are told and from which amounts on they matter.
type Cost struct {
	Currency      money.Currency // defaults to USD
	Usage         string         // usage file, relative to the repository; empty: none
	UsageProfile  string         // small, medium or large; empty: none
	ExchangeRates ExchangeRates
	Discounts     []fact.Discount
	Prices        []fact.CustomPrice
	Budgets       []Budget
	Warn          Threshold
	Acknowledge   Acknowledge
	Block         Threshold
	Unknown       fact.UnknownRule // defaults to UnknownWarns
}

// ExchangeRates says how much of Cost.Currency one unit of another currency buys, and since when.
type ExchangeRates struct {
	Rates map[money.Currency]decimal.Decimal
	Date  string // YYYY-MM-DD
}

// Budget is a monthly ceiling.
type Budget struct {
	Name    string
	Paths   []string // doublestar patterns; empty: the whole repository
	Monthly decimal.Decimal
	WarnAt  *decimal.Decimal // share of Monthly from which to warn, 0 to 1; nil: never
}

// Threshold is crossed when the monthly increase reaches Delta or Percent of the cost before.
type Threshold struct {
	Delta   *decimal.Decimal
	Percent *decimal.Decimal
}

// Acknowledge is a threshold that somebody must confirm.
type Acknowledge struct {
	Threshold
	By string // anyone (the default) or not-author
}

// Policies switches and tunes the policies.
type Policies struct {
	Params  map[string]any // strings, booleans, int64, float64, lists and maps of them
	Disable []string       // rule ids
	Waivers []Waiver
}

// Waiver accepts one policy's findings in a scope until a date.
type Waiver struct {
	Policy    string
	Path      string // pattern; Path or Address is set
	Address   string // pattern
	Reason    string
	Ticket    string
	Requester string
	Approver  string // never the requester
	Expires   string // YYYY-MM-DD: the last day on which it holds
}

// Environment says what a deployment to it must prove.
type Environment struct {
	Tested          *Tested // nil: nothing is asked
	DeployWorkflows []string
	DeployJobs      []string
	BuildWorkflows  []string // of artifacts that are deployed by digest; none: those that deploy
	From            string   // branch
	After           string   // environment that must have it first
	Soak            time.Duration
	Freeze          []Freeze
	Approvers       []Approver
	DecideBy        time.Duration // how long a deployment may be undecided before it is rejected; defaults to 30 minutes
	Observe         string        // YYYY-MM-DD: the last day on which it is observed and not enforced; of the organisation's file alone
}

// Tested is what counts as tested.
type Tested struct {
	Suites    []Suite // at least one
	MaxAge    time.Duration
	Assurance Assurance
}

// Suite is one required test suite, bound to the workflow and job that may record it.
type Suite struct {
	Name     string
	Workflow string
	Job      string
	MinTests int      // defaults to 1
	Paths    []string // defaults to every file
	Guards   []string
}

// Assurance is how far the recording of a test result is kept apart from the code under test. The zero value asks
// the most.
type Assurance uint8

// The assurances, strictest first; a record of a stricter one always suffices.
const (
	Isolated Assurance = iota
	SameJob
	Artifact
)

var assuranceNames = [...]string{"isolated", "same-job", "artifact"}

// String is the name in the file.
func (a Assurance) String() string {
	if int(a) < len(assuranceNames) {
		return assuranceNames[a]
	}
	return assuranceNames[Isolated]
}

// Freeze is a time in which nothing is deployed. From and Until are local times of Zone.
type Freeze struct {
	Name   string
	From   string // YYYY-MM-DDTHH:MM
	Until  string // same form, exclusive
	Zone   string // IANA name; defaults to UTC
	Exempt []string
	Except []Opening
}

// Opening is a time within a freeze in which deployments go ahead, in the same form.
type Opening struct{ Name, From, Until string }

// Approver is a team or a user of the organisation; exactly one is set.
type Approver struct{ Team, User string }

// Default is the configuration of a repository without a file: nothing blocks but the built-in errors, and a
// change without a price is told.
func Default() Config {
	return Config{Version: Version, Cost: Cost{Currency: money.USD, Unknown: fact.UnknownWarns}}
}

// Limits are the cost limits, for an estimate in the given currency. Limits in one currency say nothing about an
// estimate in another, so that is an error: comparing the bare numbers would let a dearer change pass.
func (c Config) Limits(in money.Currency) (fact.Limits, error) {
	own := c.Cost.Currency
	if own == "" {
		own = money.USD
	}
	limits := fact.Limits{
		Warn: c.Cost.Warn.in(own), Block: c.Cost.Block.in(own), Acknowledge: c.Cost.Acknowledge.in(own),
		AckBy: c.Cost.Acknowledge.By, Unknown: c.Cost.Unknown,
	}
	for _, b := range c.Cost.Budgets {
		budget := fact.Budget{Name: b.Name, Paths: b.Paths, Monthly: money.New(b.Monthly, own)}
		if b.WarnAt != nil {
			budget.WarnAt = b.WarnAt.InexactFloat64()
		}
		limits.Budgets = append(limits.Budgets, budget)
	}
	set := limits.Warn.Delta != nil || limits.Block.Delta != nil || limits.Acknowledge.Delta != nil || len(limits.Budgets) > 0
	if in != own && set {
		return fact.Limits{}, fmt.Errorf("the limits of the configuration are in %s and cannot judge an estimate in %s; leave --currency away, or set cost.currency: %s and the limits with it",
			own, in, in)
	}
	return limits, nil
}

func (t Threshold) in(c money.Currency) fact.Threshold {
	var out fact.Threshold
	if t.Delta != nil {
		delta := money.New(*t.Delta, c)
		out.Delta = &delta
	}
	if t.Percent != nil {
		percent := t.Percent.InexactFloat64()
		out.Percent = &percent
	}
	return out
}

// Unused names the keys that are set and that neither an estimate nor a check acts on, so that nobody believes
// that a deployment is guarded.
func (c Config) Unused() []string {
	var out []string
	for _, key := range []struct {
		name string
		set  bool
	}{
		{"cost.acknowledge.by", c.Cost.Acknowledge.By == "not-author"},
		{"environments", len(c.Environments) > 0},
		{"policies.waivers", len(c.Policies.Waivers) > 0},
	} {
		if key.set {
			out = append(out, key.name)
		}
	}
	return out
}
