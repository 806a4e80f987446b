package cost_test

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/price"
	"golang.org/x/tools/txtar"
)

const adjustedSource = `-- main.tf --
provider "aws" {
  region = "eu-west-1"
}

resource "aws_instance" "web" {
  instance_type = "m5.large"

  root_block_device {
    volume_type = "gp3"
    volume_size = 100
  }
}

resource "aws_sqs_queue" "q" {}
`

// TestAdjustments takes discounts and own prices off: the most specific holds, one is never taken off another, and the
// list price stays beside what the team pays.
func TestAdjustments(t *testing.T) {
	t.Parallel()
	percent := decimal.NewFromInt
	for name, c := range map[string]struct {
		discounts []fact.Discount
		prices    []fact.CustomPrice
		want      map[string]string // line → rate, list price, why
	}{
		"a provider": {
			discounts: []fact.Discount{{Provider: "aws", Percent: percent(50)}, {Provider: "google", Percent: percent(99)}},
			want:      map[string]string{"Instance usage": "0.0535 0.107 50 % off (cost.discounts: aws)", "Storage": "0.044 0.088 50 % off (cost.discounts: aws)", "Requests": "0.2 0.4 50 % off (cost.discounts: aws)"},
		},
		"a service before its provider, and no discount on a discount": {
			discounts: []fact.Discount{{Provider: "aws", Percent: percent(50)}, {Provider: "aws", Service: "ec2", Percent: percent(10)}},
			want:      map[string]string{"Instance usage": "0.0963 0.107 10 % off (cost.discounts: aws ec2)", "Storage": "0.044 0.088 50 % off (cost.discounts: aws)"},
		},
		"a region that is not ours": {
			discounts: []fact.Discount{{Provider: "aws", Region: "us-east-1", Percent: percent(50)}},
			want:      map[string]string{"Instance usage": "0.107  ", "Storage": "0.088  "},
		},
		"a SKU before a service": {
			discounts: []fact.Discount{{Provider: "aws", Service: "Amazon EC2", Percent: percent(10)}, {SKU: "aws/ec2_linux/M5.*", Percent: percent(20)}},
			want:      map[string]string{"Instance usage": "0.0856 0.107 20 % off (cost.discounts: aws/ec2_linux/M5.*)", "Storage": "0.088  "},
		},
		"a price of its own before any discount": {
			discounts: []fact.Discount{{Provider: "aws", Percent: percent(50)}},
			prices:    []fact.CustomPrice{{SKU: "aws/ec2_linux/m5.large", Price: decimal.RequireFromString("0.07")}, {SKU: "aws/ec2_linux/m5.large", Region: "eu-west-1", Price: decimal.RequireFromString("0.06")}},
			want:      map[string]string{"Instance usage": "0.06 0.107 own price (cost.prices: aws/ec2_linux/m5.large eu-west-1)", "Storage": "0.044 0.088 50 % off (cost.discounts: aws)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ratesOf(t, cost.Options{Discounts: c.discounts, Prices: c.prices})
			for line, want := range c.want {
				if got[line] != want {
					t.Errorf("%s: %q, want %q", line, got[line], want)
				}
			}
		})
	}
}

// ratesOf is rate, list price and why of each line of adjustedSource.
func ratesOf(t *testing.T, o cost.Options) map[string]string {
	t.Helper()
	p, err := planOf(txtar.Parse([]byte(adjustedSource)))
	if err != nil {
		t.Fatal(err)
	}
	e, err := estimator(t, o).Estimate(p)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range e.Resources {
		for _, l := range r.Lines {
			list := ""
			if l.After.List != nil {
				list = l.After.List.Value().String()
			}
			name, _, _ := strings.Cut(l.Name, " (")
			out[name] = l.After.Rate.Value().String() + " " + list + " " + l.After.Price.Adjusted
		}
	}
	return out
}

// TestAdjustmentsOfNothing refuses what no price could meet: it would be believed to be taken off.
func TestAdjustmentsOfNothing(t *testing.T) {
	t.Parallel()
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]cost.Options{
		"cost.discounts[0].service: no resource is billed under \"ecc2\"": {Discounts: []fact.Discount{{Provider: "aws", Service: "ecc2"}}},
		"cost.discounts[0].sku: \"m5.large\" names no price":              {Discounts: []fact.Discount{{SKU: "m5.large"}}},
		"no such price in table aws/ec2_linux":                            {Discounts: []fact.Discount{{SKU: "aws/ec2_linux/m99.*"}}},
		"the price book has no table aws/ec3":                             {Prices: []fact.CustomPrice{{SKU: "aws/ec3/m5.large"}}},
	} {
		if _, err := cost.New(price.Embedded(), entries, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
