// Package report reads what one file says of a test run, or of its coverage, into counts: in one bounded pass, in the
// format that its content shows, and a file that it does not understand to the end is an error, never a count.
package report

import "fmt"

// Format is how a report is written. The zero Format is none: such a report counts nothing.
type Format uint8

const (
	// Unknown is no format.
	Unknown Format = iota
	// JUnit is XML of test suites, in the dialects of many tools.
	JUnit
	// GoTest is the event stream of go test -json.
	GoTest
	// TAP is the Test Anything Protocol, versions 12 to 14.
	TAP
	// TRX is the result file of .NET's and Visual Studio's test runners.
	TRX
	// Cobertura is XML of line coverage.
	Cobertura
	// LCOV is the tracefile of lcov, of many tools too.
	LCOV
	// GoCover is Go's cover profile.
	GoCover
)

// String is the format's name on the wire.
func (f Format) String() string {
	switch f {
	case JUnit:
		return "junit"
	case GoTest:
		return "gotest"
	case TAP:
		return "tap"
	case TRX:
		return "trx"
	case Cobertura:
		return "cobertura"
	case LCOV:
		return "lcov"
	case GoCover:
		return "gocover"
	case Unknown:
		return "unknown"
	}
	return "unknown"
}

// Tests says whether reports of the format list test cases; others list lines.
func (f Format) Tests() bool {
	switch f {
	case JUnit, GoTest, TAP, TRX:
		return true
	case Cobertura, LCOV, GoCover, Unknown:
		return false
	}
	return false
}

// Report is what one file says.
type Report struct {
	Format   Format
	Tool     string // who wrote it, where its content tells: pytest, surefire, jest …; for people only
	Counts   Counts
	Coverage Coverage
	Notes    []string // what does not fit together in the report, and how it was counted; bounded, and hostile text
}

// Counts are test cases by how they ended. Executed is every case that the report lists, skipped ones too; a case that
// was tried again is one case, and counted in Retried beside.
type Counts struct {
	Executed int `json:"executed"`
	Passed   int `json:"passed"`
	Failed   int `json:"failed"`
	Errored  int `json:"errored"`
	Skipped  int `json:"skipped"`
	Retried  int `json:"retried"`
}

// Add is the sum of both.
func (c Counts) Add(o Counts) Counts {
	return Counts{c.Executed + o.Executed, c.Passed + o.Passed, c.Failed + o.Failed, c.Errored + o.Errored, c.Skipped + o.Skipped, c.Retried + o.Retried}
}

// Ran is how many cases were really run.
func (c Counts) Ran() int { return c.Executed - c.Skipped }

// Valid says whether the counts fit together.
func (c Counts) Valid() bool {
	for _, n := range []int{c.Passed, c.Failed, c.Errored, c.Skipped, c.Retried} {
		if n < 0 {
			return false
		}
	}
	return c.Passed+c.Failed+c.Errored+c.Skipped == c.Executed && c.Retried <= c.Executed
}

// Coverage is how many of the lines (of a Go profile: statements) that could run did; Lines is 0 where none was
// measured.
type Coverage struct {
	Lines   int `json:"lines"`
	Covered int `json:"covered"`
}

// MaxLines is how many lines coverage may speak of.
const MaxLines = 1_000_000_000

// Add is the sum of both.
func (c Coverage) Add(o Coverage) Coverage { return Coverage{c.Lines + o.Lines, c.Covered + o.Covered} }

// Valid says whether something was measured, and the numbers fit together.
func (c Coverage) Valid() bool {
	return c.Lines > 0 && c.Lines <= MaxLines && c.Covered >= 0 && c.Covered <= c.Lines
}

// Hundredths is the share in hundredths of a percent, rounded down: 79.999 % is 79.99 %, and no floor of 80. Of what is
// not valid it is 0.
func (c Coverage) Hundredths() int {
	if !c.Valid() {
		return 0
	}
	return c.Covered * 10_000 / c.Lines
}

// String is the share as people read it.
func (c Coverage) String() string {
	h := c.Hundredths()
	return fmt.Sprintf("%d.%02d %%", h/100, h%100)
}

// outcome is how one case ended. The zero outcome is an error: what nobody said is no pass.
type outcome uint8

const (
	errored outcome = iota
	failed
	skipped
	passed
)

// count adds one case.
func (c *Counts) count(o outcome) {
	c.Executed++
	switch o {
	case passed:
		c.Passed++
	case skipped:
		c.Skipped++
	case failed:
		c.Failed++
	case errored:
		c.Errored++
	}
}

// Error says why a file is no report that can be counted.
type Error struct {
	Name    string // of the file
	Line    int    // 0 where no line is meant
	Problem string
	Fix     string
}

func (e *Error) Error() string {
	at := fmt.Sprintf("%.200q", e.Name)
	if e.Line > 0 {
		at += fmt.Sprintf(" line %d", e.Line)
	}
	text := at + ": " + e.Problem
	if e.Fix != "" {
		text += "; " + e.Fix
	}
	return text
}

const maxNotes = 20

// note keeps a sentence for people, as long as there are few.
func (r *Report) note(format string, args ...any) {
	switch {
	case len(r.Notes) < maxNotes:
		r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	case len(r.Notes) == maxNotes:
		r.Notes = append(r.Notes, "and more of that kind")
	}
}
