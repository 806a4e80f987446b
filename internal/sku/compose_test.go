package sku_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/sku"
)

// TestSeriesAddUp finds the rates of a core and of a GiB from two types of each series and predicts every other type of
// the book by them: the memory of a core is then right for each class.
func TestSeriesAddUp(t *testing.T) {
	t.Parallel()
	series, err := sku.LoadSeries()
	if err != nil {
		t.Fatal(err)
	}
	book := price.Embedded()
	keys, err := book.Keys("google/instances")
	if err != nil {
		t.Fatal(err)
	}
	rate := func(key string) decimal.Decimal {
		a, err := book.Lookup("google/instances", key, "us-central1")
		if err != nil || a.Status != price.Exact {
			return decimal.Zero
		}
		return a.Tiers[0].Rate
	}
	one, zero := decimal.NewFromInt(1), decimal.Zero
	for _, s := range series {
		if len(s.GiB) < 2 {
			continue // core and memory cannot be told apart by one class
		}
		var types []string
		for _, key := range keys {
			if _, ok := s.Sum(key, one, zero); ok && rate(key).IsPositive() {
				types = append(types, key)
			}
		}
		if len(types) < 6 {
			t.Errorf("%s: %d types in the book", s.Name, len(types))
			continue
		}
		first, second := types[0], ""
		for _, key := range types {
			if class(key) != class(first) {
				second = key
			}
		}
		a, _ := s.Sum(first, one, zero)
		b, _ := s.Sum(first, zero, one)
		c, _ := s.Sum(second, one, zero)
		d, _ := s.Sum(second, zero, one)
		det := a.Mul(d).Sub(b.Mul(c))
		core := rate(first).Mul(d).Sub(b.Mul(rate(second))).DivRound(det, 16)
		gib := a.Mul(rate(second)).Sub(c.Mul(rate(first))).DivRound(det, 16)
		for _, key := range types {
			sum, _ := s.Sum(key, core, gib)
			if off := sum.Sub(rate(key)).Abs().DivRound(rate(key), 6); off.GreaterThan(decimal.RequireFromString("0.001")) {
				t.Errorf("%s: cores and memory give %s, the book has %s", key, sum, rate(key))
			}
		}
	}
}

func class(key string) string { return strings.Split(key, "-")[1] }

func TestSeriesPart(t *testing.T) {
	t.Parallel()
	series, err := sku.LoadSeries()
	if err != nil {
		t.Fatal(err)
	}
	for description, want := range map[string]string{
		"N2 Instance Core running in Iowa":                  "n2 core",
		"N2 Instance Ram running in Iowa":                   "n2 memory",
		"N2 Custom Instance Core running in Iowa":           "",
		"N2 Instance Core running in Iowa, sole tenancy":    "n2 core",
		"Spot Preemptible N2 Instance Core running in Iowa": "",
		"N2 Instance Core Premium running in Iowa":          "",
		"Compute optimized Ram running in Americas":         "c2 memory",
	} {
		got := ""
		for _, s := range series {
			if part := s.Part(description); part != "" {
				got += s.Name + " " + part
			}
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", description, got, want)
		}
	}
	if _, ok := series[0].Sum("e2-standard-"+strconv.Itoa(4)+"-lssd", decimal.Zero, decimal.Zero); ok {
		t.Error("a type with disks is more than cores and memory")
	}
}
