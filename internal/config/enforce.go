package config

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// enforce tightens a configuration to what the organisation enforces.
func (o Organisation) enforce(c Config) (Config, []string) {
	if o.Digest == "" {
		return c, nil
	}
	t := &tightening{}
	c.Cost = t.cost(c.Cost, o.enforced.Cost, o.sets)
	c.Policies = t.policies(c.Policies, o.enforced.Policies, o.sets)
	c.Environments = t.environments(c.Environments, o.enforced.Environments)
	slices.Sort(t.loosened)
	return c, slices.Compact(t.loosened)
}

// tightening notes the keys that were looser than they may be.
type tightening struct{ loosened []string }

func (t *tightening) note(loose bool, key string) {
	if loose {
		t.loosened = append(t.loosened, key)
	}
}

func (t *tightening) cost(c, enforced Cost, sets enforcedKeys) Cost {
	if sets.currency && enforced.Currency != currencyOf(c) {
		t.note(true, "cost.currency")
		c = withoutAmounts(c) // in another currency: nothing says which is stricter, so the enforced ones hold alone
		c.Currency = enforced.Currency
	}
	if sets.rates {
		t.note(len(c.ExchangeRates.Rates) > 0 && !equalRates(c.ExchangeRates, enforced.ExchangeRates), "cost.exchange_rates")
		c.ExchangeRates = enforced.ExchangeRates
	}
	if len(enforced.Discounts) > 0 {
		t.note(len(c.Discounts) > 0 && !reflect.DeepEqual(c.Discounts, enforced.Discounts), "cost.discounts")
		c.Discounts = enforced.Discounts
	}
	if len(enforced.Prices) > 0 {
		t.note(len(c.Prices) > 0 && !reflect.DeepEqual(c.Prices, enforced.Prices), "cost.prices")
		c.Prices = enforced.Prices
	}
	c.Warn = t.threshold(c.Warn, enforced.Warn, "cost.warn")
	c.Block = t.threshold(c.Block, enforced.Block, "cost.block")
	c.Acknowledge.Threshold = t.threshold(c.Acknowledge.Threshold, enforced.Acknowledge.Threshold, "cost.acknowledge")
	if enforced.Acknowledge.By == "not-author" || c.Acknowledge.By == "" {
		c.Acknowledge.By = enforced.Acknowledge.By // not told: anyone may be nothing but the default
	}
	if enforced.Unknown < c.Unknown { // the rules stand in the order of their strictness
		t.note(c.Unknown == fact.UnknownAllows, "cost.unknown") // warn may be nothing but the default
		c.Unknown = enforced.Unknown
	}
	c.Budgets = t.budgets(c.Budgets, enforced.Budgets)
	return c
}

func currencyOf(c Cost) money.Currency { return cmp.Or(c.Currency, money.USD) }

// withoutAmounts leaves out what is an amount. A budget of another currency would not hold; percentages still do.
func withoutAmounts(c Cost) Cost {
	c.Warn.Delta, c.Block.Delta, c.Acknowledge.Delta, c.Budgets = nil, nil, nil, nil
	c.ExchangeRates = ExchangeRates{}
	return c
}

func equalRates(a, b ExchangeRates) bool {
	return a.Date == b.Date && maps.EqualFunc(a.Rates, b.Rates, decimal.Decimal.Equal)
}

func (t *tightening) threshold(own, enforced Threshold, key string) Threshold {
	var loose [2]bool
	own.Delta, loose[0] = smaller(own.Delta, enforced.Delta)
	own.Percent, loose[1] = smaller(own.Percent, enforced.Percent)
	t.note(loose[0], key+".delta")
	t.note(loose[1], key+".percent")
	return own
}

// smaller is the lower limit; loose: there was one of its own, and it was higher.
func smaller(own, enforced *decimal.Decimal) (limit *decimal.Decimal, loose bool) {
	switch {
	case enforced == nil:
		return own, false
	case own == nil:
		return enforced, false
	case own.GreaterThan(*enforced):
		return enforced, true
	}
	return own, false
}

// budgets lets a repository lower an enforced budget and add others.
func (t *tightening) budgets(own, enforced []Budget) []Budget {
	if len(enforced) == 0 {
		return own
	}
	out := slices.Clone(own)
	for _, e := range enforced {
		i := slices.IndexFunc(out, func(b Budget) bool { return b.Name == e.Name })
		if i < 0 {
			out = append(out, e)
			continue
		}
		b, key := out[i], "cost.budgets."+e.Name
		if b.Monthly.GreaterThan(e.Monthly) || !slices.Equal(b.Paths, e.Paths) {
			t.note(true, key)
			b.Monthly, b.Paths = decimal.Min(b.Monthly, e.Monthly), e.Paths
		}
		warn, loose := smaller(b.WarnAt, e.WarnAt)
		t.note(loose, key+".warn_at")
		b.WarnAt = warn
		out[i] = b
	}
	return out
}

// policies: enforced parameters hold, enforced waivers hold beside the repository's, and where the organisation lists
// rules that may be switched off (even none) a repository can switch off no others.
func (t *tightening) policies(own, enforced Policies, sets enforcedKeys) Policies {
	params := maps.Clone(own.Params)
	for _, key := range slices.Sorted(maps.Keys(enforced.Params)) {
		if had, ok := params[key]; ok {
			t.note(!reflect.DeepEqual(had, enforced.Params[key]), "policies.params."+key)
		}
		if params == nil {
			params = map[string]any{}
		}
		params[key] = enforced.Params[key]
	}
	own.Params = params
	if sets.disable {
		var kept []string
		for _, id := range own.Disable {
			if slices.Contains(enforced.Disable, id) {
				kept = append(kept, id)
			} else {
				t.note(true, "policies.disable "+id)
			}
		}
		own.Disable = kept
	}
	for _, w := range enforced.Waivers {
		if !slices.Contains(own.Waivers, w) {
			own.Waivers = append(slices.Clone(own.Waivers), w)
		}
	}
	return own
}

// environments: an enforced one holds as it stands. GitHub compares their names without case, so a repository cannot
// pass it by with another case.
func (t *tightening) environments(own, enforced map[string]Environment) map[string]Environment {
	if len(enforced) == 0 {
		return own
	}
	out := maps.Clone(enforced)
	for name, e := range own {
		same := ""
		for other := range enforced {
			if strings.EqualFold(name, other) {
				same = other
			}
		}
		if same == "" {
			out[name] = e
		} else {
			t.note(!reflect.DeepEqual(e, enforced[same]), "environments."+same)
		}
	}
	return out
}
