package render

import (
	"fmt"

	"github.com/org/platform-action/internal/verdict"
)

// Command is one annotation as an Actions runner reads it from a log: level is error, warning or notice.
func Command(level, title, text string) string {
	switch level {
	case "error", "warning", "notice":
	default:
		level = "error"
	}
	return fmt.Sprintf("::%s title=%s::%s\n", level, property(CleanText(title)), command(CleanText(text)))
}

// unknownFigure stands where a number would be wrong.
const unknownFigure = "unknown"

// Figures are the monthly cost after the change, and the difference, for programs: plain decimal numbers in the
// report's currency. What is known counts; where that is nothing at all, and something is open, the figure is unknown.
func Figures(r Report) (monthly, delta string) {
	total, ok := r.Total.Get()
	if !ok || len(r.Projects) == 0 && r.Verdict.Outcome == verdict.Undecided {
		return unknownFigure, unknownFigure
	}
	var sum openness
	open := 0
	for _, p := range r.Projects {
		e, known := p.Estimate.Get()
		if !known {
			return unknownFigure, unknownFigure
		}
		sum.add(openOf(e))
		open += e.Coverage.Unknown + e.Coverage.Unpriced + e.Coverage.UsageUnsetLines
	}
	monthly, delta = total.After.Value().String(), total.Delta.Value().String()
	if total.After.IsZero() && open > 0 {
		monthly = unknownFigure
	}
	if total.Delta.IsZero() && sum.unknown+sum.usage > 0 {
		delta = unknownFigure
	}
	return monthly, delta
}
