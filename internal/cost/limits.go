package cost

import (
	"fmt"
	"path"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/verdict"
)

// Project is one estimated plan or directory, by the path that budgets match on.
type Project struct {
	Path     string // slash-separated, relative to the repository
	Estimate fact.Estimate
}

// Judge compares estimates with the configured limits. The known part reaching a limit decides; a limit that only
// the unknown part could reach is left to cost.unknown.
func Judge(limits fact.Limits, projects []Project) []verdict.Finding {
	var j judge
	for _, p := range projects {
		j.add(p.Estimate)
	}
	j.threshold("LIMIT-001", "Increase over the blocking limit", limits.Block, verdict.Block,
		"make the change cheaper, or raise cost.block in .github/platform.yml on the default branch", limits.Unknown)
	j.acknowledge(limits, projects)
	j.threshold("LIMIT-002", "Increase over the notice line", limits.Warn, verdict.Warn, "", limits.Unknown)
	for _, b := range limits.Budgets {
		j.budget(b, projects, limits.Unknown)
	}
	j.unknowns(limits.Unknown)
	return j.findings
}

type judge struct {
	total    fact.Change // the known part
	lower    fact.Change // with every band at its low end: the change costs that much for certain
	upper    fact.Change // with every band at its high end
	bounded  int         // changed resources of which every unknown line has a band
	coverage fact.Coverage
	findings []verdict.Finding
}

func (j *judge) add(e fact.Estimate) {
	addChange(&j.total, e.Total)
	addChange(&j.upper, e.Upper)
	addChange(&j.lower, e.Total)
	for i := range e.Resources {
		j.bands(&e.Resources[i])
	}
	c := &j.coverage
	c.Changed += e.Coverage.Changed
	c.ChangedUnknown += e.Coverage.ChangedUnknown
	c.ChangedUnpriced += e.Coverage.ChangedUnpriced
}

// bands adds the low ends of a changed resource's bands.
func (j *judge) bands(r *fact.ResourceCost) {
	if !r.Action.Changes() {
		return
	}
	unknown, open := false, false
	for i := range r.Lines {
		l := &r.Lines[i]
		for _, q := range []*fact.Quote{l.Before, l.After} {
			if q != nil && (q.Basis == fact.Unknown || q.Basis == fact.Unpriced) {
				unknown, open = true, open || q.High == nil
			}
		}
		if low, known := leastIncrease(l); known {
			addChange(&j.lower, fact.Change{Before: low.Sub(low), After: *l.After.Low, Delta: low})
		}
	}
	if unknown && !open {
		j.bounded++
	}
}

// leastIncrease is what a line with a band costs more after the change, at the least.
func leastIncrease(l *fact.LineItem) (money.Amount, bool) {
	if l.After == nil || l.After.Low == nil {
		return money.Amount{}, false
	}
	switch before := l.Before; {
	case before == nil:
		return *l.After.Low, true
	case before.Monthly != nil:
		return l.After.Low.Sub(*before.Monthly), true
	case before.High != nil:
		return l.After.Low.Sub(*before.High), true
	}
	return money.Amount{}, false
}

// open reports that some change has no upper bound.
func (j *judge) open() bool {
	return j.coverage.ChangedUnknown+j.coverage.ChangedUnpriced > j.bounded
}

func (j *judge) threshold(id, title string, t fact.Threshold, severity verdict.Severity, fix string, rule fact.UnknownRule) {
	if !t.Set() {
		return
	}
	if why := crossed(t, j.lower); why != "" {
		j.findings = append(j.findings, verdict.Finding{ID: id, Title: title, Severity: severity, Message: why, Fix: fix})
		return
	}
	possible := crossed(t, j.upper) != ""
	if (possible || j.open()) && rule == fact.UnknownBlocks && severity == verdict.Block {
		j.findings = append(j.findings, verdict.Finding{
			ID: id, Title: title, Severity: verdict.Undecided,
			Message: fmt.Sprintf("the known increase is %s a month, but the unknown part could reach the limit", amount(j.total.Delta)),
			Fix:     "make the unknown values known in the plan, or set cost.unknown: warn in .github/platform.yml",
		})
	}
}

// crossed says how a change reaches a threshold, or nothing.
func crossed(t fact.Threshold, c fact.Change) string {
	if t.Delta != nil && c.Delta.Cmp(*t.Delta) >= 0 && c.Delta.Sign() > 0 {
		return fmt.Sprintf("the increase of %s a month reaches the limit of %s", amount(c.Delta), amount(*t.Delta))
	}
	if t.Percent == nil || c.Delta.Sign() <= 0 {
		return ""
	}
	if c.Before.IsZero() {
		return "" // no share of nothing: the delta limit is the one that speaks about something new
	}
	percent := c.Delta.Value().Div(c.Before.Value()).Mul(decimal.NewFromInt(100))
	if percent.Cmp(decimal.NewFromFloat(*t.Percent)) < 0 {
		return ""
	}
	return fmt.Sprintf("the increase of %s a month is %s %% of the cost before, at or over the limit of %g %%",
		amount(c.Delta), percent.Round(1), *t.Percent)
}

func (j *judge) budget(b fact.Budget, projects []Project, rule fact.UnknownRule) {
	var own judge
	matched := 0
	for _, p := range projects {
		if inBudget(b, p.Path) {
			own.add(p.Estimate)
			matched++
		}
	}
	if matched == 0 {
		return
	}
	after := own.lower.After
	finding := verdict.Finding{ID: "BUDGET-001", Title: "Budget " + b.Name}
	warnAt := b.Monthly.Mul(decimal.NewFromFloat(b.WarnAt))
	switch {
	case after.Cmp(b.Monthly) > 0 && own.lower.Delta.Sign() > 0:
		finding.Severity = verdict.Block
		finding.Message = fmt.Sprintf("%s a month after this change is over the budget of %s", amount(after), amount(b.Monthly))
		finding.Fix = "make the change cheaper, or raise the budget in .github/platform.yml on the default branch"
	case after.Cmp(b.Monthly) > 0:
		finding.Severity = verdict.Warn
		finding.Message = fmt.Sprintf("%s a month is over the budget of %s; this change does not add to it", amount(after), amount(b.Monthly))
	case own.open() && rule == fact.UnknownBlocks, own.upper.After.Cmp(b.Monthly) > 0 && rule == fact.UnknownBlocks:
		finding.Severity = verdict.Undecided
		finding.Message = fmt.Sprintf("the known cost of %s a month is within the budget of %s, but the unknown part could exceed it", amount(after), amount(b.Monthly))
		finding.Fix = "make the unknown values known in the plan, or set cost.unknown: warn in .github/platform.yml"
	case b.WarnAt > 0 && after.Cmp(warnAt) >= 0:
		finding.Severity = verdict.Warn
		finding.Message = fmt.Sprintf("%s a month after this change is at or over %g %% of the budget of %s", amount(after), b.WarnAt*100, amount(b.Monthly))
	default:
		return
	}
	j.findings = append(j.findings, finding)
}

// inBudget matches the project's folder, or the project's own file.
func inBudget(b fact.Budget, project string) bool {
	if len(b.Paths) == 0 {
		return true
	}
	for _, pattern := range b.Paths {
		for _, candidate := range []string{project, path.Dir(project)} {
			ok, err := doublestar.Match(strings.TrimPrefix(pattern, "./"), strings.TrimPrefix(candidate, "./"))
			if ok || err != nil { // a pattern that cannot be read guards everything
				return true
			}
		}
	}
	return false
}

// unknowns says that part of the change has no price, as strongly as the configuration wants it said. What has bounds
// was compared with every limit at its bounds.
func (j *judge) unknowns(rule fact.UnknownRule) {
	if !j.open() {
		return
	}
	severity := verdict.Undecided
	switch rule {
	case fact.UnknownAllows:
		return
	case fact.UnknownWarns:
		severity = verdict.Warn
	case fact.UnknownBlocks:
	}
	var parts []string
	if n := j.coverage.ChangedUnknown - j.bounded; n > 0 {
		parts = append(parts, fmt.Sprintf("%d whose cost is unknown", n))
	}
	if n := j.coverage.ChangedUnpriced; n > 0 {
		parts = append(parts, fmt.Sprintf("%d with no price", n))
	}
	j.findings = append(j.findings, verdict.Finding{
		ID: "cost-unknown", Title: "Part of the change has no price", Severity: severity,
		Message: fmt.Sprintf("of %d changed, %s: the total leaves them out", j.coverage.Changed, strings.Join(parts, " and ")),
		Fix:     "platform cost explain ADDRESS shows what is missing",
	})
}

// amount is an exact amount in a message; renderers format headline figures themselves.
func amount(a money.Amount) string { return a.Value().StringFixed(2) + " " + string(a.Currency()) }
