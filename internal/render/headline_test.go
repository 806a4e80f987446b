package render

import (
	"testing"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

func TestWhyClause(t *testing.T) {
	find := func(s verdict.Severity, id, title string) verdict.Finding {
		return verdict.Finding{Severity: s, ID: id, Title: title}
	}
	check := verdict.Check{ID: "TAGS-002", Looked: 3}
	idle, uncounted := verdict.Check{ID: "SEC-001"}, verdict.Check{ID: "main", Looked: -1}
	for name, c := range map[string]struct {
		verdict verdict.Verdict
		want    string
	}{
		"all pass":       {verdict.Verdict{Outcome: verdict.Allow, Checks: []verdict.Check{check, uncounted}}, "2 policies pass"},
		"some idle":      {verdict.Verdict{Outcome: verdict.Allow, Checks: []verdict.Check{check, idle}}, "1 policy passes, 1 had nothing to look at"},
		"all idle":       {verdict.Verdict{Outcome: verdict.Allow, Checks: []verdict.Check{idle}}, "no policy applies to this change"},
		"none asked":     {verdict.Verdict{Outcome: verdict.Allow}, "no policy was asked"},
		"one note":       {verdict.Verdict{Outcome: verdict.Warn, Findings: []verdict.Finding{find(verdict.Warn, "A-1", "x")}}, "1 note"},
		"blocked":        {verdict.Verdict{Outcome: verdict.Block, Findings: []verdict.Finding{find(verdict.Block, "A-1", "x"), find(verdict.Warn, "A-2", "y")}}, "1 finding blocks, 1 note"},
		"acknowledge":    {verdict.Verdict{Outcome: verdict.Block, Findings: []verdict.Finding{find(verdict.Block, "needs-ack", "x")}}, "needs an acknowledgement of the cost"},
		"more than that": {verdict.Verdict{Outcome: verdict.Block, Findings: []verdict.Finding{find(verdict.Block, "needs-ack", "x"), find(verdict.Block, "A-1", "x")}}, "2 findings block"},
		"undecided":      {verdict.Verdict{Findings: []verdict.Finding{find(verdict.Undecided, "a", "Cost unknown")}}, "cost unknown"},
		"abbreviation":   {verdict.Verdict{Findings: []verdict.Finding{find(verdict.Undecided, "a", "AWS region unknown")}}, "AWS region unknown"},
		"not ascii":      {verdict.Verdict{Findings: []verdict.Finding{find(verdict.Undecided, "a", "Über alles")}}, "über alles"},
		"twice the same": {verdict.Verdict{Findings: []verdict.Finding{find(verdict.Undecided, "a", "X y"), find(verdict.Undecided, "a", "X y"), find(verdict.Block, "b", "z")}}, "x y, 1 finding blocks"},
		"two things":     {verdict.Verdict{Findings: []verdict.Finding{find(verdict.Undecided, "a", "X"), find(verdict.Undecided, "b", "Y")}}, "2 things could not be decided"},
		"untitled":       {verdict.Verdict{Findings: []verdict.Finding{find(verdict.Undecided, "a", "")}}, "1 thing could not be decided"},
		"no reason":      {verdict.Verdict{Outcome: verdict.Block}, "no reason was given"},
		"zero":           {verdict.Verdict{}, "no reason was given"},
	} {
		if got := whyClause(c.verdict); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestCostText(t *testing.T) {
	change := func(before, after, delta int64) fact.Change {
		return fact.Change{Before: usd(before), After: usd(after), Delta: usd(delta)}
	}
	for name, c := range map[string]struct {
		change fact.Change
		open   openness
		want   string
	}{
		"rise":                {change(40_000, 81_000, 41_000), openness{}, "+$41/mo ($40 → $81)"},
		"rise and unknown":    {change(40_000, 81_000, 41_000), openness{unknown: 2}, "+$41/mo ($40 → $81) + 2 resources unknown"},
		"rise and usage":      {change(40_000, 81_000, 41_000), openness{usage: 1}, "+$41/mo ($40 → $81) + usage"},
		"unknown":             {change(0, 0, 0), openness{unknown: 1, usage: 3}, "unknown for 1 resource"},
		"usage":               {change(0, 0, 0), openness{usage: 3}, "by usage, which is not given"},
		"same":                {change(40_000, 40_000, 0), openness{}, "unchanged ($40/mo)"},
		"nothing":             {change(0, 0, 0), openness{}, "unchanged"},
		"known to unknown":    {change(40_000, 0, 0), openness{unknown: 1}, "unknown for 1 resource"},
		"sides do not add up": {change(80_000, 41_000, 1_000), openness{unknown: 1}, "+$1.00/mo + 1 resource unknown"},
	} {
		if got := costText(c.change, c.open); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// A report whose facts are missing never speaks of an amount.
func TestCostClauseOfMissingFacts(t *testing.T) {
	known := Report{Total: fact.Of(fact.Change{Before: usd(0), After: usd(0), Delta: usd(0)})}
	for name, c := range map[string]struct {
		report Report
		want   string
	}{
		"nothing gathered":        {Report{}, "cost unknown"},
		"a project without":       {Report{Total: known.Total, Projects: []Project{{}}}, "cost unknown"},
		"no project":              {known, "no cost change"},
		"only what costs nothing": {Report{Total: known.Total, Projects: []Project{{Estimate: fact.Of(fact.Estimate{Coverage: fact.Coverage{Changed: 2, Free: 2}})}}}, "nothing that costs"},
		"unpriced type alone": {Report{Total: known.Total, Projects: []Project{{Estimate: fact.Of(fact.Estimate{
			Coverage: fact.Coverage{Changed: 1, ChangedUnpriced: 1},
		})}}}, "cost unknown for 1 resource"},
	} {
		if got := costClause(c.report); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
