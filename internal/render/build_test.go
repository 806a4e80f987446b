package render

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/verdict"
)

// usd is an amount in thousandths of a dollar.
func usd(mills int64) money.Amount { return money.New(decimal.New(mills, -3), money.USD) }

// resourceOf has one line that goes from before to after, in thousandths.
func resourceOf(address string, before, after int64) fact.ResourceCost {
	quote := func(mills int64) *fact.Quote {
		rate, monthly, hours := usd(mills), usd(mills), decimal.NewFromInt(1)
		return &fact.Quote{
			Basis: fact.Priced, Quantity: &hours, Rate: &rate, Monthly: &monthly,
			Price: &fact.PriceSource{Table: "aws/ec2_linux", Key: "t3.micro", Region: "us-east-1", AsOf: "2026-11-02", Source: "public offer file"},
		}
	}
	return fact.ResourceCost{
		Address: address, Type: "aws_instance", Provider: "aws", Service: "Amazon Elastic Compute Cloud", Region: "us-east-1", Action: fact.Update,
		Monthly:     fact.Change{Before: usd(before), After: usd(after), Delta: usd(after - before)},
		Lines:       []fact.LineItem{{Name: "Instance usage", Unit: "hours", Before: quote(before), After: quote(after)}},
		Assumptions: []fact.Assumption{{What: "root_block_device.volume_type", Value: "gp2", Why: "not set: the provider's default"}},
	}
}

// reportOf adds resources up to a report of one project.
func reportOf(resources []fact.ResourceCost) Report {
	zero := usd(0)
	total := fact.Change{Before: zero, After: zero, Delta: zero}
	e := fact.Estimate{Currency: money.USD, UsagePart: total, Resources: resources, BookAsOf: "2026-11-02"}
	for _, c := range resources {
		total.Before, total.After, total.Delta = total.Before.Add(c.Monthly.Before), total.After.Add(c.Monthly.After), total.Delta.Add(c.Monthly.Delta)
	}
	e.Total, e.Upper = total, total
	e.Coverage = fact.Coverage{Resources: len(resources), Changed: len(resources), Priced: len(resources)}
	return Report{
		Verdict:  verdict.Verdict{Outcome: verdict.Allow, Digest: "sha256:4be1aa00"},
		Projects: []Project{{Name: "plan.json", Plan: PlanSummary{Complete: true, Update: len(resources)}, Estimate: fact.Of(e)}},
		Total:    fact.Of(total), Currency: money.USD, Reproduce: "platform check plan.json",
	}
}

// fleet is a large report with a finding for every tenth resource.
func fleet(n int) Report {
	resources := make([]fact.ResourceCost, n)
	for i := range resources {
		resources[i] = resourceOf(fmt.Sprintf("module.fleet[%d].aws_instance.node", i), int64(i%700)*1000, int64(i%900)*1300)
	}
	r := reportOf(resources)
	for i := 0; i < n; i += 10 {
		r.Verdict.Findings = append(r.Verdict.Findings, verdict.Finding{
			ID: "TAGS-002", Title: "Owner tag", Message: "the resource has no \"owner\" tag", Severity: verdict.Block,
			Address: resources[i].Address, File: "fleet.tf", Line: i + 1, Fix: "add the tag owner",
		})
	}
	r.Verdict.Outcome = verdict.Combine(r.Verdict.Findings)
	return r
}
