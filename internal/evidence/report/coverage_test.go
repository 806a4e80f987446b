package report

import (
	"math"
	"testing"
)

// TestShare holds that no share is rounded up, and that numbers which do not fit together have none.
func TestShare(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		covered, lines int
		want           string
	}{
		{0, 1, "0.00 %"},
		{1, 1, "100.00 %"},
		{1999, 2500, "79.96 %"},
		{79_999, 100_000, "79.99 %"}, // not 80
		{4, 5, "80.00 %"},
		{MaxLines - 1, MaxLines, "99.99 %"}, // not 100
		{MaxLines, MaxLines, "100.00 %"},
		{0, 0, "0.00 %"}, // nothing of nothing is not all of it
		{1, 0, "0.00 %"},
		{2, 1, "0.00 %"},
		{-1, 1, "0.00 %"},
		{-2, -1, "0.00 %"},
		{math.MaxInt, math.MaxInt, "0.00 %"}, // would overflow
		{math.MinInt, math.MaxInt, "0.00 %"},
	} {
		if got := (Coverage{Covered: c.covered, Lines: c.lines}).String(); got != c.want {
			t.Errorf("%d of %d is %s, want %s", c.covered, c.lines, got, c.want)
		}
	}
}
