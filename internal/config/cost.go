package config

import (
	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

// maxPercent bounds the percentage of an increase; ten thousand is a hundredfold.
const maxPercent = 10_000

func (p *parser) cost(n *yaml.Node, at string, c *Cost) {
	var rates *yaml.Node
	p.fields(n, at, fields{
		"currency":      func(n *yaml.Node, at string) { c.Currency = p.code(n, at) },
		"usage":         func(n *yaml.Node, at string) { c.Usage = p.location(n, at) },
		"usage_profile": func(n *yaml.Node, at string) { c.UsageProfile = p.word(n, at, "small", "medium", "large") },
		"exchange_rates": func(n *yaml.Node, at string) {
			rates = n
			c.ExchangeRates = p.exchangeRates(n, at)
		},
		"discounts": func(n *yaml.Node, at string) { c.Discounts = p.discounts(n, at) },
		"prices":    func(n *yaml.Node, at string) { c.Prices = p.prices(n, at) },
		"budgets":   func(n *yaml.Node, at string) { c.Budgets = p.budgets(n, at) },
		"warn":      func(n *yaml.Node, at string) { c.Warn = p.threshold(n, at, fields{}) },
		"acknowledge": func(n *yaml.Node, at string) {
			c.Acknowledge.By = "anyone"
			c.Acknowledge.Threshold = p.threshold(n, at, fields{
				"by": func(n *yaml.Node, at string) { c.Acknowledge.By = p.word(n, at, "anyone", "not-author") },
			})
		},
		"block":   func(n *yaml.Node, at string) { c.Block = p.threshold(n, at, fields{}) },
		"unknown": func(n *yaml.Node, at string) { c.Unknown = p.unknown(n, at) },
	})
	if rate, ok := c.ExchangeRates.Rates[c.Currency]; ok && !rate.Equal(decimal.NewFromInt(1)) {
		p.node(rates, join(join(at, "exchange_rates"), string(c.Currency)), "is the rate of cost.currency to itself, which is 1",
			"name the currency that is converted from, such as USD")
	}
}

func (p *parser) unknown(n *yaml.Node, at string) fact.UnknownRule {
	switch p.word(n, at, "allow", "warn", "block") {
	case "allow":
		return fact.UnknownAllows
	case "warn":
		return fact.UnknownWarns
	}
	return fact.UnknownBlocks
}

// threshold reads delta and percent, and the extra keys of its kind. One without either would never be crossed.
func (p *parser) threshold(n *yaml.Node, at string, known fields) Threshold {
	var t Threshold
	given := false
	known["delta"] = func(n *yaml.Node, at string) {
		given = true
		if d, ok := p.amount(n, at); ok {
			t.Delta = &d
		}
	}
	known["percent"] = func(n *yaml.Node, at string) {
		given = true
		if d, ok := p.within(n, at, 0, maxPercent); ok {
			t.Percent = &d
		}
	}
	p.fields(n, at, known)
	if n.Kind == yaml.MappingNode && !given {
		p.node(n, at, "sets no limit", "set delta, percent or both, or leave the key away")
	}
	return t
}

// exchangeRates reads currency codes beside the date of the rates.
func (p *parser) exchangeRates(n *yaml.Node, at string) ExchangeRates {
	out := ExchangeRates{Rates: map[money.Currency]decimal.Decimal{}}
	dated := false
	p.pairs(n, at, "a map of currency codes and date", func(key, value *yaml.Node) {
		here := join(at, key.Value)
		if key.Value == "date" {
			dated, out.Date = true, p.date(value, here)
			return
		}
		code, err := money.ParseCurrency(key.Value)
		if err != nil || string(code) != key.Value {
			p.node(key, here, "is not a three-letter ISO 4217 code", "write a code such as USD, or date")
			return
		}
		rate, ok := p.number(value, here)
		if ok && !rate.IsPositive() {
			p.node(value, here, value.Value+" is not a rate", "write how much of cost.currency one "+key.Value+" buys")
			return
		}
		out.Rates[code] = rate
	})
	if n.Kind == yaml.MappingNode && !dated {
		p.node(n, join(at, "date"), "is missing", "add the day of the rates as date: YYYY-MM-DD")
	}
	if n.Kind == yaml.MappingNode && dated && len(n.Content) == 2 {
		p.node(n, at, "names no currency", "add a rate such as USD: 0.79")
	}
	return out
}

func (p *parser) discounts(n *yaml.Node, at string) []fact.Discount {
	var out []fact.Discount
	p.list(n, at, "a list of discounts", func(n *yaml.Node, at string) {
		var d fact.Discount
		p.fields(n, at, fields{
			"provider": func(n *yaml.Node, at string) { d.Provider = p.word(n, at, "aws", "azure", "google") },
			"service":  func(n *yaml.Node, at string) { d.Service = p.text(n, at) },
			"region":   func(n *yaml.Node, at string) { d.Region = p.text(n, at) },
			"sku":      func(n *yaml.Node, at string) { d.SKU = p.text(n, at) },
			"percent":  func(n *yaml.Node, at string) { d.Percent, _ = p.within(n, at, 0, 100) },
		}, "percent")
		if n.Kind == yaml.MappingNode && child(n, "provider") == nil && child(n, "sku") == nil {
			p.node(n, at, "is on nothing", "name a provider, or the sku of one price")
		}
		for _, other := range out {
			if other.Percent = d.Percent; other == d && d.Provider+d.SKU != "" {
				p.node(n, at, "is a second discount on the same prices", "keep one")
			}
		}
		out = append(out, d)
	})
	return out
}

func (p *parser) prices(n *yaml.Node, at string) []fact.CustomPrice {
	var out []fact.CustomPrice
	p.list(n, at, "a list of prices", func(n *yaml.Node, at string) {
		var c fact.CustomPrice
		p.fields(n, at, fields{
			"sku":    func(n *yaml.Node, at string) { c.SKU = p.text(n, at) },
			"region": func(n *yaml.Node, at string) { c.Region = p.text(n, at) },
			"price":  func(n *yaml.Node, at string) { c.Price, _ = p.amount(n, at) },
		}, "sku", "price")
		for _, other := range out {
			if c.SKU != "" && other.SKU == c.SKU && other.Region == c.Region {
				p.node(n, at, "is a second price of the same SKU", "keep one")
			}
		}
		out = append(out, c)
	})
	return out
}

func (p *parser) budgets(n *yaml.Node, at string) []Budget {
	var out []Budget
	names := map[string]bool{}
	p.list(n, at, "a list of budgets", func(n *yaml.Node, at string) {
		var b Budget
		p.fields(n, at, fields{
			"name":    func(n *yaml.Node, at string) { b.Name = p.unique(n, at, names) },
			"paths":   func(n *yaml.Node, at string) { b.Paths = p.some(n, at, p.glob) },
			"monthly": func(n *yaml.Node, at string) { b.Monthly, _ = p.amount(n, at) },
			"warn_at": func(n *yaml.Node, at string) {
				if d, ok := p.within(n, at, 0, 1); ok {
					b.WarnAt = &d
				}
			},
		}, "name", "monthly")
		out = append(out, b)
	})
	return out
}

// unique reads a name that no earlier element of the list has.
func (p *parser) unique(n *yaml.Node, at string, names map[string]bool) string {
	s := p.text(n, at)
	if s != "" && names[s] {
		p.node(n, at, quote(s)+" stands twice", "give each its own name")
	}
	names[s] = true
	return s
}
