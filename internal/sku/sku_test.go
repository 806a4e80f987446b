package sku_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/sku"
)

func load(t *testing.T) *sku.Set {
	t.Helper()
	set, err := sku.Load()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func same(s string) sku.Test { return sku.Test{Equal: &s} }

// row is what a feed would say of a product's price.
func row(p sku.Product, i int) sku.Row {
	start, err := decimal.NewFromString(p.Prices[i].Start)
	if err != nil {
		start = decimal.Zero
	}
	return sku.Row{
		Vendor: p.Vendor, Service: p.Service, Family: p.Family, Region: p.Region, SKU: p.SKU,
		Attribute: func(name string) string { return p.Attributes[name] },
		Purchase:  p.Prices[i].Purchase, Unit: p.Prices[i].Unit, Start: start, Currency: p.Prices[i].Currency, Rate: p.Prices[i].Rate,
	}
}

// TestBothWaysAgree is the contract of the descriptors: every price that is given out as a product is, when a feed
// says that product, the same price at the same place, and no other product of the feed lands there.
func TestBothWaysAgree(t *testing.T) {
	t.Parallel()
	set, book := load(t), price.Embedded()
	shelf, err := sku.NewShelf(set, book)
	if err != nil {
		t.Fatal(err)
	}
	for _, region := range []string{"us-east-1", "eu-west-1", "ap-southeast-2", "eastus", "westeurope", "Global", "Zone 1", "us-central1", "europe-west1", "global", "europe"} {
		products, err := shelf.Products(sku.Filter{Region: same(region)}, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		owners := map[string]string{}
		for _, p := range products {
			for i := range p.Prices {
				places, err := set.Place(row(p, i))
				if err != nil {
					t.Errorf("%s %s: %v", region, p.SKU, err)
				}
				for _, at := range places {
					a, err := book.Lookup(at.Table, at.Key, at.Region)
					if err == nil && a.Status == price.Missing && grows(at.Table) {
						continue // another table holds it too, and a feed's row may bring this one a key
					}
					if err != nil || a.Status == price.Missing {
						t.Errorf("%s: %+v is not in the book: %v", region, at, err)
						continue
					}
					if p.Prices[i].Derived == "" && a.Status == price.Exact && !has(a, at.Rate) && !grows(at.Table) {
						t.Errorf("%s %s %s: given out at %s and placed at %s", at.Table, at.Key, region, p.Prices[i].Rate, at.Rate)
					}
					id := strings.Join([]string{at.Table, at.Key, at.Region, at.From.String()}, " ")
					if owner := owners[id]; owner != "" && owner != p.SKU {
						t.Errorf("%s is said by two products: %s and %s %v", id, owner, p.SKU, p.Attributes)
					}
					owners[id] = p.SKU
				}
			}
		}
	}
}

// grows tells tables of short keys whose prices stand, for other regions, in a larger table as well.
func grows(table string) bool { return table == "azure/extra" || table == "google/extra" }

func has(a price.Answer, rate decimal.Decimal) bool {
	for _, tier := range a.Tiers {
		if tier.Rate.Sub(rate).Abs().LessThan(decimal.New(1, -14)) {
			return true
		}
	}
	return false
}

// TestEveryDescriptorSpeaksOfThePrice proves that no descriptor names a table or a key that is not there.
func TestEveryDescriptorSpeaksOfThePrice(t *testing.T) {
	t.Parallel()
	for _, fault := range load(t).Idle(price.Embedded()) {
		t.Error(fault)
	}
}

func TestUnknownUnitIsRefused(t *testing.T) {
	t.Parallel()
	_, err := load(t).Place(sku.Row{
		Vendor: "aws", Service: "AmazonEC2", Family: "NAT Gateway", Region: "us-east-1", Purchase: "on_demand", Unit: "Fortnight",
		Attribute: func(name string) string { return map[string]string{"usagetype": "NatGateway-Hours"}[name] }, Rate: decimal.NewFromInt(1),
	})
	var unit *sku.UnitError
	if !errors.As(err, &unit) || unit.Unit != "Fortnight" || unit.Key != "hour" {
		t.Errorf("got %v", err)
	}
}

func TestFaultsOfDescriptors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":  {"vendor: aws\nproducts: [{tabel: x}]", "tabel"},
		"no unit":        {"vendor: aws\npurchase: p\nproducts: [{table: t, key: k, service: s}]", "unit is needed"},
		"open brace":     {"vendor: aws\npurchase: p\nproducts: [{table: t, key: '{k', service: s, unit: [h]}]", "a brace is open"},
		"unread key":     {"vendor: aws\npurchase: p\nproducts: [{table: t, key: '{k}', service: s, unit: [h]}]", "stands in no attribute"},
		"piped identity": {"vendor: aws\npurchase: p\nproducts: [{table: t, key: '{k}', service: s, attributes: {a: '{k|upper}'}, unit: [h]}]", "cannot be read back"},
		"bad factor":     {"vendor: aws\npurchase: p\nproducts: [{table: t, key: k, service: s, unit: [h], factor: '-1'}]", "above zero"},
		"bad expression": {"vendor: aws\npurchase: p\nproducts: [{table: t, key: k, service: s, unit: [h], feed: {a: '('}}]", "feed a"},
		"derived list":   {"vendor: aws\npurchase: p\nproducts: [{table: t, key: k, service: s, unit: [h], derived: twice}]", "only: serve"},
		"not yaml":       {"\x00", "data/x.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sku.Read(fstest.MapFS{"data/x.yaml": {Data: []byte(c.text)}}, "data")
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
