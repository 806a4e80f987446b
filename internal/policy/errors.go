package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one reason why bundles do not compile.
type Fault struct {
	Bundle  string
	File    string // inside the bundle
	Row     int    // 1-based; 0 is the whole file
	Message string
	Fix     string
}

func (f Fault) String() string {
	where := f.File
	if f.Row > 0 {
		where = fmt.Sprintf("%s:%d", f.File, f.Row)
	}
	var parts []string
	if f.Bundle != "" {
		parts = append(parts, "policies "+f.Bundle)
	}
	if where != "" {
		parts = append(parts, where)
	}
	s := strings.Join(append(parts, f.Message), ": ")
	if f.Fix != "" {
		s += " (" + f.Fix + ")"
	}
	return s
}

// PolicyError says why bundles do not compile: every fault, sorted, one a line.
type PolicyError struct{ Faults []Fault }

func newError(faults []Fault) *PolicyError {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Bundle, b.Bundle), cmp.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row), cmp.Compare(a.Message, b.Message))
	})
	return &PolicyError{Faults: slices.Compact(faults)}
}

func (e *PolicyError) Error() string {
	lines := make([]string, len(e.Faults))
	for i, f := range e.Faults {
		lines[i] = f.String()
	}
	return strings.Join(lines, "\n")
}

// quote shows a name from outside shortened and without control characters.
func quote(s string) string {
	if r := []rune(s); len(r) > 60 {
		s = string(r[:60]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// nearest is the known word within two edits of an unknown one (case aside), or empty.
func nearest(word string, known []string) string {
	best, at := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < at {
			best, at = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance over bytes; words much longer than any id of ours are simply far.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diag := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diag, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diag+cost)
		}
	}
	return row[len(b)]
}
