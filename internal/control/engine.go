package control

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/verdict"
	"github.com/org/platform-action/policies"
)

// Settings are what plans are judged by: a configuration, with everything that it leads to.
type Settings struct {
	Config config.Config
	Usage  *cost.Usage // nil: none

	Catalogue fs.FS             // prices of the organisation's own; nil: none
	Bundles   []policy.Bundle   // beside the built-in one
	Origin    string            // of the bundles: a commit
	Inputs    []verdict.Input   // digests of what was read
	Notes     []verdict.Finding // what is to be told of them
}

// Sandbox compiles and asks policies that others wrote, in a process whose memory and time are bounded.
type Sandbox interface {
	Judge(ctx context.Context, bundles []policy.Bundle, disabled []string) (Judge, error)
}

// Engine makes control planes of settings and keeps those that were used last. It is safe for concurrent use.
type Engine struct {
	entries *catalog.Catalog
	sandbox Sandbox
	kept    *lru.Cache[string, *Control]
	flight  singleflight.Group
}

// keptControls is how many different settings stay ready.
const keptControls = 256

// NewEngine reads the embedded catalogue. Without a sandbox, settings with bundles of others are refused.
func NewEngine(sandbox Sandbox) (*Engine, error) {
	entries, err := catalog.Embedded()
	if err != nil {
		return nil, err
	}
	kept, err := lru.New[string, *Control](keptControls)
	return &Engine{entries: entries, sandbox: sandbox, kept: kept}, err
}

// Control is the control plane of the settings. A *policy.PolicyError is a fault of the policies, not ours.
func (e *Engine) Control(ctx context.Context, s Settings) (*Control, error) {
	key := s.key()
	if c, ok := e.kept.Get(key); ok {
		return c, nil
	}
	made, err, _ := e.flight.Do(key, func() (any, error) {
		c, err := e.assemble(context.WithoutCancel(ctx), s)
		if err == nil {
			e.kept.Add(key, c)
		}
		return c, err
	})
	c, _ := made.(*Control)
	return c, err
}

func (e *Engine) assemble(ctx context.Context, s Settings) (*Control, error) {
	currency, entries := CurrencyOf(s.Config), e.entries
	if s.Catalogue != nil {
		var err error
		if entries, err = entries.With(s.Catalogue); err != nil {
			return nil, &unusable{err}
		}
	}
	estimator, err := NewEstimator(entries, s.Config, s.Usage, currency, false)
	if err != nil {
		return nil, &unusable{err} // a currency without its rate
	}
	judge, err := e.judge(ctx, s)
	if err != nil {
		return nil, err
	}
	return New(estimator, func() (Judge, error) { return judge, nil }, s.Usage, currency), nil
}

// judge compiles the built-in policies here, and those of others where they can do no harm.
func (e *Engine) judge(ctx context.Context, s Settings) (Judge, error) {
	builtin := policy.Options{Bundles: []policy.Bundle{Builtin()}}
	if len(s.Bundles) == 0 {
		builtin.Disabled = s.Config.Policies.Disable
		return compiled(policy.Compile(ctx, builtin))
	}
	if e.sandbox == nil {
		return nil, &unusable{errors.New("the organisation's policies cannot be asked: this server has no sandbox for them")}
	}
	all, err := policy.Compile(ctx, builtin)
	if err != nil {
		return nil, err
	}
	ours := map[string]bool{}
	for _, r := range all.Rules() {
		ours[r.ID] = true
	}
	var theirs []string
	for _, id := range s.Config.Policies.Disable {
		if ours[id] {
			builtin.Disabled = append(builtin.Disabled, id)
		} else {
			theirs = append(theirs, id)
		}
	}
	first, err := policy.Compile(ctx, builtin)
	if err != nil {
		return nil, err
	}
	second, err := e.sandbox.Judge(ctx, s.Bundles, theirs)
	if err != nil {
		return nil, err
	}
	return united{first, second}, nil
}

// Builtin is the bundle that every surface asks.
func Builtin() policy.Bundle {
	return policy.Bundle{Name: "built-in", FS: policies.FS, Builtin: true}
}

func compiled(set *policy.Set, err error) (Judge, error) {
	if err != nil {
		return nil, err // not a nil *Set in a Judge, which is not nil
	}
	return set, nil
}

// CurrencyOf is the currency that a configuration asks for.
func CurrencyOf(c config.Config) money.Currency {
	if c.Cost.Currency == "" {
		return money.USD
	}
	return c.Cost.Currency
}

// NewEstimator prices by the embedded book in the wanted currency.
func NewEstimator(entries *catalog.Catalog, c config.Config, usage *cost.Usage, currency money.Currency, explain bool) (*cost.Estimator, error) {
	return NewEstimatorOn(price.Embedded(), entries, c, usage, currency, explain)
}

// NewEstimatorOn prices by another book.
func NewEstimatorOn(book *price.Book, entries *catalog.Catalog, c config.Config, usage *cost.Usage, currency money.Currency, explain bool) (*cost.Estimator, error) {
	profile, err := cost.Profile(c.Cost.UsageProfile)
	if err != nil {
		return nil, err
	}
	return cost.New(book, entries, cost.Options{
		Usage: usage, Profile: profile, Currency: currency, Explain: explain, Discounts: c.Cost.Discounts, Prices: c.Cost.Prices,
		Exchange: cost.Exchange{Rates: c.Cost.ExchangeRates.Rates, Date: c.Cost.ExchangeRates.Date},
	})
}

// key names the settings by everything that an engine makes of them.
func (s Settings) key() string {
	var parts []string
	for _, in := range s.Inputs {
		parts = append(parts, in.Kind, in.Name, in.Digest)
	}
	sum := sha256.Sum256([]byte(strings.Join(append(parts, s.Origin), "\x00")))
	return hex.EncodeToString(sum[:])
}
