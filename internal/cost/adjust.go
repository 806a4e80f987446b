package cost

import (
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/price"
)

// adjustments turn list prices into what a team pays. The most specific discount holds; none is taken off another.
type adjustments struct {
	discounts []fact.Discount // most specific first
	prices    []fact.CustomPrice
}

// newAdjustments refuses a discount or price that nothing could ever meet: it would be believed to be taken off.
func newAdjustments(o Options, book *price.Book, entries *catalog.Catalog) (adjustments, error) {
	a := adjustments{discounts: slices.Clone(o.Discounts), prices: slices.Clone(o.Prices)}
	for i, d := range a.discounts {
		if err := checkService(d, entries); err != nil {
			return a, fmt.Errorf("cost.discounts[%d].service: %w", i, err)
		}
		if err := checkSKU(d.SKU, book); err != nil {
			return a, fmt.Errorf("cost.discounts[%d].sku: %w", i, err)
		}
	}
	for i, p := range a.prices {
		if err := checkSKU(p.SKU, book); err != nil {
			return a, fmt.Errorf("cost.prices[%d].sku: %w", i, err)
		}
	}
	slices.SortStableFunc(a.discounts, func(x, y fact.Discount) int { return weight(y) - weight(x) })
	slices.SortStableFunc(a.prices, func(x, y fact.CustomPrice) int { return len(y.Region) - len(x.Region) })
	return a, nil
}

// weight orders discounts by how much they say: a SKU before a service before a region before a provider.
func weight(d fact.Discount) int {
	w := 0
	if d.SKU != "" {
		w += 1000 + len(d.SKU)
	}
	if d.Service != "" {
		w += 400
	}
	if d.Region != "" {
		w += 200
	}
	return w
}

// adjusts reports that prices may differ from list.
func (a adjustments) adjusts() bool { return len(a.discounts)+len(a.prices) > 0 }

// apply is a rate as the team pays it; the list price stays beside it.
func (a adjustments) apply(r *rate, k priceKey) *rate {
	sku := k.table + "/" + k.key
	for _, p := range a.prices {
		if strings.EqualFold(p.SKU, sku) && (p.Region == "" || p.Region == k.region) {
			return r.replaced(p)
		}
	}
	if r.missing != "" {
		return r
	}
	for _, d := range a.discounts {
		if d.Provider != "" && d.Provider != providerOfTable(k.table) || d.Region != "" && d.Region != k.region ||
			d.Service != "" && !sameService(d.Service, k.service) || d.SKU != "" && !matchSKU(d.SKU, sku) {
			continue
		}
		out := r.times(decimal.NewFromInt(100).Sub(d.Percent).Shift(-2))
		out.list, out.source.Adjusted = r.tiers, d.Percent.String()+" % off ("+discountName(d)+")"
		return out
	}
	return r
}

func discountName(d fact.Discount) string {
	var parts []string
	for _, p := range []string{d.Provider, d.Service, d.Region, d.SKU} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return "cost.discounts: " + strings.Join(parts, " ")
}

// replaced is a rate at a price of the team's own, the same for every quantity.
func (r *rate) replaced(p fact.CustomPrice) *rate {
	out := *r
	out.missing, out.list = "", r.tiers
	out.tiers = []price.Tier{{Rate: p.Price}}
	out.source.Derived = ""
	out.source.Adjusted = "own price (cost.prices: " + strings.TrimSpace(p.SKU+" "+p.Region) + ")"
	return &out
}

// providerOfTable is aws of aws/ec2_linux and of component/aws.
func providerOfTable(table string) string {
	first, rest, _ := strings.Cut(table, "/")
	if first == "component" {
		return rest
	}
	return first
}

func matchSKU(pattern, sku string) bool {
	return catalog.Matches(strings.ToLower(pattern), strings.ToLower(sku))
}

// sameService compares without case, punctuation and the provider's name: ec2 is Amazon EC2.
func sameService(a, b string) bool { return plainService(a) == plainService(b) }

func plainService(s string) string {
	var b strings.Builder
	for word := range strings.FieldsFuncSeq(strings.ToLower(s), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }) {
		switch word {
		case "amazon", "aws", "azure", "microsoft", "google", "cloud":
		default:
			b.WriteString(word)
		}
	}
	return b.String()
}

func checkService(d fact.Discount, entries *catalog.Catalog) error {
	if d.Service == "" {
		return nil
	}
	services := entries.Services(d.Provider)
	if slices.ContainsFunc(services, func(s string) bool { return sameService(s, d.Service) }) {
		return nil
	}
	return fmt.Errorf("no resource is billed under %.60q (known: %s)", d.Service, strings.Join(services, ", "))
}

// checkSKU asks the price book for a price that the pattern means.
func checkSKU(sku string, book *price.Book) error {
	if sku == "" {
		return nil
	}
	provider, rest, _ := strings.Cut(sku, "/")
	name, key, ok := strings.Cut(rest, "/")
	hint := "write TABLE/KEY as platform prices lookup shows them, such as aws/ec2_linux/m5.large"
	if !ok || key == "" || strings.Contains(provider+name, "*") {
		return fmt.Errorf("%.80q names no price: %s", sku, hint)
	}
	keys, err := book.Keys(provider + "/" + name)
	if err != nil {
		return fmt.Errorf("%.80q: the price book has no table %s/%s: %s", sku, provider, name, hint)
	}
	if !slices.ContainsFunc(keys, func(k string) bool { return matchSKU(sku, provider+"/"+name+"/"+k) }) {
		return fmt.Errorf("%.80q: no such price in table %s/%s: %s", sku, provider, name, hint)
	}
	return nil
}
