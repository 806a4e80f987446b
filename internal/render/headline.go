package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// maxHeadline is the length of a GitHub status description, the shortest place that shows a headline.
const maxHeadline = 140

// Symbol stands before the outcome's word, never alone.
func Symbol(o verdict.Outcome) string {
	switch o {
	case verdict.Allow:
		return "✅"
	case verdict.Warn:
		return "⚠️"
	case verdict.Block:
		return "⛔"
	case verdict.Undecided:
		return "⏸"
	}
	return "⏸"
}

// Headline is the one sentence that every sink begins with: Word — why · cost. It is one line of at most 140
// characters. Sinks put the outcome's symbol before it where they have room for one, and escape it like any other
// text, because it may name a policy.
func Headline(r Report) string {
	left := "Estimate — " + coverageClause(r)
	if r.View == CheckView || r.Verdict.Outcome == verdict.Undecided && len(r.Verdict.Findings) > 0 {
		left = r.Verdict.Outcome.Word() + " — " + whyClause(r.Verdict)
	}
	cost := " · " + costClause(r)
	// The reason gives way before the money does.
	return shorten(left, maxHeadline-utf8.RuneCountInString(cost)) + cost
}

// shorten cuts a text at its end to n characters.
func shorten(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return string(runes[:max(n-1, 0)]) + "…"
	}
	return s
}

// whyClause counts what made the outcome.
func whyClause(v verdict.Verdict) string {
	n := map[verdict.Severity]int{}
	ack := false
	for _, f := range v.Findings {
		n[f.Severity]++
		ack = ack || f.ID == "needs-ack" && f.Severity == verdict.Block
	}
	var parts []string
	add := func(n int, one, many string) {
		if n > 0 {
			parts = append(parts, plural(n, one, many))
		}
	}
	switch {
	case v.Outcome == verdict.Undecided && n[verdict.Undecided] > 0:
		parts = append(parts, undecidedClause(v, n[verdict.Undecided]))
	case v.Outcome == verdict.Block && ack && n[verdict.Block] == 1:
		parts = append(parts, "needs an acknowledgement of the cost")
		n[verdict.Block] = 0
	case v.Outcome == verdict.Allow:
		return passClause(v)
	}
	add(n[verdict.Block], "finding blocks", "findings block")
	add(n[verdict.Warn], "note", "notes")
	if len(parts) == 0 {
		return "no reason was given"
	}
	return strings.Join(parts, ", ")
}

// passClause tells policies that passed from those that had nothing to look at, and from none at all.
func passClause(v verdict.Verdict) string {
	passed := passedChecks(v)
	switch {
	case len(v.Checks) == 0:
		return "no policy was asked"
	case passed == 0:
		return "no policy applies to this change"
	case passed < len(v.Checks):
		return fmt.Sprintf("%s, %d had nothing to look at", plural(passed, "policy passes", "policies pass"), len(v.Checks)-passed)
	}
	return plural(passed, "policy passes", "policies pass")
}

// undecidedClause names the missing thing when it is one.
func undecidedClause(v verdict.Verdict, n int) string {
	title := ""
	for _, f := range v.Findings {
		if f.Severity != verdict.Undecided {
			continue
		}
		if title != "" && f.Title != title {
			title = ""
			break
		}
		title = f.Title
	}
	if title == "" || utf8.RuneCountInString(title) > 60 {
		return plural(n, "thing could not be decided", "things could not be decided")
	}
	return lowerFirst(CleanText(title))
}

// lowerFirst makes a title the middle of a sentence; an abbreviation stays as it is.
func lowerFirst(s string) string {
	runes := []rune(s)
	if len(runes) > 1 && unicode.IsUpper(runes[0]) && !unicode.IsUpper(runes[1]) {
		runes[0] = unicode.ToLower(runes[0])
	}
	return string(runes)
}

// coverageClause says how much of the plans an estimate covers.
func coverageClause(r Report) string {
	resources, priced := 0, 0
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		if !ok {
			return "a plan could not be priced"
		}
		resources += e.Coverage.Resources
		priced += e.Coverage.Priced + e.Coverage.Free
	}
	return fmt.Sprintf("%d of %s known", priced, plural(resources, "resource", "resources"))
}

// costClause is the money of the headline; what is not known is said, never printed as zero.
func costClause(r Report) string {
	total, ok := r.Total.Get()
	if !ok {
		return "cost unknown"
	}
	var sum openness
	changed, costs := 0, false
	for _, p := range r.Projects {
		e, known := p.Estimate.Get()
		if !known {
			return "cost unknown"
		}
		sum.add(openOf(e))
		changed += e.Coverage.Changed
		costs = costs || len(e.Resources) > 0 || e.Coverage.Unknown+e.Coverage.Unpriced > 0
	}
	switch {
	case sum.unknown > 0: // also when no line of it is there to be shown
	case !costs && changed == 0:
		return "no cost change"
	case !costs:
		return "nothing that costs"
	}
	return "cost " + costText(total, sum)
}

// openness counts the changed resources whose cost is not fully a number.
type openness struct {
	unknown, usage int
	bounded        int         // of the unknown ones: between low and high together
	low, high      fact.Change // only Delta is set
}

func (o *openness) add(b openness) {
	o.unknown, o.usage, o.bounded = o.unknown+b.unknown, o.usage+b.usage, o.bounded+b.bounded
	o.low.Delta, o.high.Delta = o.low.Delta.Add(b.low.Delta), o.high.Delta.Add(b.high.Delta)
}

// band is ", $35 to $350" where every unknown resource has bounds.
func (o *openness) band() string {
	if o.bounded == 0 || o.bounded < o.unknown {
		return ""
	}
	return ", " + Money(o.low.Delta) + " to " + Money(o.high.Delta)
}

// openOf counts from the lines, or from the coverage when that knows of more.
func openOf(e fact.Estimate) openness {
	o := openness{}
	for i := range e.Resources {
		if c := &e.Resources[i]; c.Action.Changes() {
			switch {
			case Open(c):
				o.unknown++
				if low, high, bounded := bandOf(c); bounded {
					o.add(openness{bounded: 1, low: fact.Change{Delta: low}, high: fact.Change{Delta: high}})
				}
			case byUsage(c):
				o.usage++
			}
		}
	}
	o.unknown = max(o.unknown, e.Coverage.ChangedUnknown+e.Coverage.ChangedUnpriced)
	return o
}

// costText is a change of cost with what it leaves out.
func costText(c fact.Change, o openness) string {
	unknown := ""
	if o.unknown > 0 {
		unknown = plural(o.unknown, "resource", "resources") + " unknown" + o.band()
	}
	switch {
	case !c.Delta.IsZero():
		text := changeText(c)
		if unknown != "" {
			text += " + " + unknown
		}
		if o.usage > 0 {
			text += " + usage"
		}
		return text
	case unknown != "":
		return "unknown for " + plural(o.unknown, "resource", "resources") + o.band()
	case o.usage > 0:
		return "by usage, which is not given"
	case c.After.IsZero():
		return "unchanged"
	}
	return "unchanged (" + Money(c.After) + "/mo)"
}

// action is the one thing that unblocks, and where; empty when nothing blocks.
func action(v verdict.Verdict) (f verdict.Finding, ok bool) {
	if v.Outcome == verdict.Allow || v.Outcome == verdict.Warn {
		return f, false
	}
	candidates := worstFirst(v.Findings)
	for _, c := range candidates {
		if c.Fix != "" && c.Severity <= verdict.Block {
			return c, true
		}
	}
	return f, false
}

// worstFirst sorts a copy as a verdict is sorted: the order that the report came in decides nothing.
func worstFirst(findings []verdict.Finding) []verdict.Finding {
	out := slices.Clone(findings)
	slices.SortStableFunc(out, func(a, b verdict.Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Project, b.Project),
			cmp.Compare(a.Address, b.Address), cmp.Compare(a.Message, b.Message))
	})
	return out
}
