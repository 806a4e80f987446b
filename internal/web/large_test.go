package web

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// big is a report with so many lines of cost, and a finding for each tenth.
func big(t testing.TB, lines int) []byte {
	t.Helper()
	amount := func(n int64) money.Amount { return money.New(decimal.New(n, -2), "USD") }
	rate, monthly := amount(12), amount(8760)
	e := fact.Estimate{Currency: "USD", BookAsOf: "2026-11-20", Total: fact.Change{Before: amount(0), After: amount(8760), Delta: amount(8760)}}
	e.UsagePart, e.Upper = fact.Change{Before: amount(0), After: amount(0), Delta: amount(0)}, e.Total
	var v verdict.Verdict
	v.Outcome, v.Digest = verdict.Block, "sha256:"+strings.Repeat("0", 64)
	hours := decimal.NewFromInt(730)
	for i := range lines {
		address := fmt.Sprintf("module.shop[%d].aws_instance.web", i)
		e.Resources = append(e.Resources, fact.ResourceCost{
			Address: address, Type: "aws_instance", Provider: "aws", Service: "Amazon EC2", Region: "eu-west-1", Action: fact.Create, Monthly: e.Total,
			Lines: []fact.LineItem{{Name: "Instance usage (Linux/UNIX, on-demand, t3.micro)", Unit: "hours", After: &fact.Quote{
				Basis: fact.Priced, Quantity: &hours, Rate: &rate, Monthly: &monthly, Price: &fact.PriceSource{Table: "aws/ec2_linux", Key: "t3.micro", Region: "eu-west-1", AsOf: "2026-11", Source: "AWS price list"},
			}}},
		})
		if i%10 == 0 {
			v.Findings = append(v.Findings, verdict.Finding{ID: "TAGS-002", Title: "Owner tag", Message: address + " has no owner", Severity: verdict.Block, Address: address, File: "infra/main.tf", Line: i + 1, Fix: "add it"})
		}
	}
	r := render.Report{Verdict: v, Currency: "USD", Total: fact.Of(e.Total), Projects: []render.Project{{Name: "infra", Estimate: fact.Of(e)}}}
	var out strings.Builder
	if err := render.Render(&out, render.JSON, r, render.Options{}); err != nil {
		t.Fatal(err)
	}
	return []byte(out.String())
}

// TestLargeVerdict: a verdict of 10,000 lines is read page by page, and each of its lines stands on one of them.
func TestLargeVerdict(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.report = big(t, 10_000)
	who := h.cookie("ada")
	seen, next := 0, "/acme/shop/pull/1"
	for pages := 0; next != ""; pages++ {
		page := h.get(next, who)
		body := page.Body.String()
		if page.Code != http.StatusOK || len(body) > 400_000 || pages > 200 {
			t.Fatalf("%s: %d, %d bytes", next, page.Code, len(body))
		}
		if pages == 0 && !strings.Contains(body, "997 further causes") {
			t.Error("the first page does not say how many causes there are")
		}
		cost := body[strings.Index(body, `<h2 id="cost">`):strings.Index(body, `<h2 id="rules">`)]
		seen += strings.Count(cost, "Instance usage")
		_, rest, more := strings.Cut(cost, `rel="prev">Before</a>`)
		if !more {
			rest = cost
		}
		next = ""
		if at := strings.Index(rest, `" rel="next"`); at >= 0 {
			next = strings.ReplaceAll(rest[strings.LastIndex(rest[:at], `"`)+1:at], "&amp;", "&")
			next, _, _ = strings.Cut(next, "#")
		}
	}
	if seen != 10_000 {
		t.Errorf("%d lines on all pages", seen)
	}
	for _, q := range []string{"?cost=0", "?cost=-1", "?cost=99999999999999999999", "?cost=x", "?findings=1000000", "?cost=1&cost=2"} {
		if page := h.get("/acme/shop/pull/1"+q, who); page.Code != http.StatusOK {
			t.Errorf("%s: %d", q, page.Code)
		}
	}
}
