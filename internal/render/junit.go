package render

import (
	"encoding/xml"
	"strings"

	"github.com/org/platform-action/internal/verdict"
)

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Errors   int          `xml:"errors,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Failure *junitMessage `xml:"failure,omitempty"`
	Error   *junitMessage `xml:"error,omitempty"`
	Skipped *junitMessage `xml:"skipped,omitempty"`
	Output  string        `xml:"system-out,omitempty"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// junitReport has a case for each finding and for each policy without one. A policy that looked at nothing is
// skipped, not passed; what could not be decided is an error, not a failure.
func junitReport(r Report) ([]byte, error) {
	suite := junitSuite{Name: "platform"}
	for _, f := range worstFirst(r.Verdict.Findings) {
		suite.Cases = append(suite.Cases, junitFinding(f))
	}
	for _, c := range r.Verdict.Checks {
		if c.Findings > 0 {
			continue
		}
		tc := junitCase{Class: oneLine(nonEmpty(c.Area, "policy")), Name: oneLine(c.ID + " " + c.Title)}
		if c.Looked == 0 {
			tc.Skipped = &junitMessage{Message: "looked at no resource"}
		}
		suite.Cases = append(suite.Cases, tc)
	}
	for _, c := range suite.Cases {
		suite.Tests++
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Error != nil:
			suite.Errors++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	all := junitSuites{Name: oneLine(Headline(r)), Tests: suite.Tests, Failures: suite.Failures, Errors: suite.Errors, Suites: []junitSuite{suite}}
	b, err := xml.MarshalIndent(all, "", "  ")
	return append([]byte(xml.Header), append(b, '\n')...), err
}

// areaOf is the area of AREA-NNN; the codes of the product itself have none.
func areaOf(id string) string {
	area, _, ok := strings.Cut(id, "-")
	if !ok || area == "" || area != strings.ToUpper(area) {
		return "platform"
	}
	return strings.ToLower(area)
}

func junitFinding(f verdict.Finding) junitCase {
	c := junitCase{Class: oneLine(areaOf(f.ID)), Name: oneLine(strings.TrimSpace(f.ID + " " + f.Address)), File: oneLine(f.File)}
	m := &junitMessage{Message: oneLine(f.Message), Text: oneLine(strings.TrimSpace(place(f) + " " + f.Fix))}
	switch f.Severity {
	case verdict.Undecided:
		c.Error = m
	case verdict.Block:
		c.Failure = m
	case verdict.Warn, verdict.Allow:
		c.Output = m.Message
	}
	return c
}
