package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// maxFaults bounds the list that an error prints; the rest is counted.
const maxFaults = 50

// Error is one fault of the file.
type Error struct {
	File    string
	Line    int    // 1-based
	Column  int    // 1-based, in characters
	Key     string // such as cost.budgets[0].monthly; empty for the file as a whole
	Message string
	Fix     string
}

func (e Error) Error() string {
	s := fmt.Sprintf("%s:%d:%d: ", e.File, e.Line, e.Column)
	if e.Key != "" {
		s += e.Key + ": "
	}
	s += e.Message
	if e.Fix != "" {
		s += " (" + e.Fix + ")"
	}
	return s
}

// Errors is every fault of the file, by position.
type Errors struct {
	Faults []Error
	More   int // how many further faults are not listed
}

func (e *Errors) Error() string {
	lines := make([]string, 0, len(e.Faults)+1)
	for _, f := range e.Faults {
		lines = append(lines, f.Error())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", e.More))
	}
	return strings.Join(lines, "\n")
}

func newErrors(faults []Error, more int) *Errors {
	slices.SortStableFunc(faults, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Message, b.Message))
	})
	return &Errors{Faults: faults, More: more}
}

// quote shows a text of the file shortened, because it may be a secret in the wrong place, and without control
// characters.
func quote(s string) string {
	if r := []rune(s); len(r) > 40 {
		s = string(r[:39]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

// name shows a key as it stands when it is plain, else quoted.
func name(s string) string {
	plain := len(s) <= 40 && s != ""
	for _, r := range s {
		plain = plain && (r == '_' || r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}
	if plain {
		return s
	}
	return quote(s)
}

// nearest is the known word within two edits of a misspelt one, the first of equals, or nothing.
func nearest(word string, known []string) string {
	best, least := "", 3
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance over bytes. Words longer than any key are simply far, so that a file full
// of long keys costs nothing.
func distance(a, b string) int {
	if len(a) > 40 || len(b) > 40 {
		return len(a) + len(b)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
