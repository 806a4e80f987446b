// Package intoto writes what was tested as an in-toto statement with a test-result predicate; same facts, same bytes.
package intoto

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/org/platform-action/internal/evidence/report"
)

// The types of https://in-toto.io/Statement/v1 and of its test-result predicate.
const (
	StatementType = "https://in-toto.io/Statement/v1"
	PredicateType = "https://in-toto.io/attestation/test-result/v0.1"
)

// Result is what is stated: of a commit, its tree and what was built from it, how the suites went.
type Result struct {
	Commit, Tree string
	Digests      []string // sha256:…
	Suites       []Suite
	URL          string // of the run; may be empty
}

// Suite is one suite, counted.
type Suite struct {
	Name, Tool string
	Counts     report.Counts
	Coverage   report.Coverage
	Reports    []Report
}

// Report is one file that was counted.
type Report struct {
	Name, Format, SHA256 string
	Coverage             report.Coverage
}

type statement struct {
	Type          string       `json:"_type"`
	Subject       []descriptor `json:"subject"`
	PredicateType string       `json:"predicateType"`
	Predicate     predicate    `json:"predicate"`
}

type descriptor struct {
	Name        string            `json:"name,omitempty"`
	Digest      map[string]string `json:"digest,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

type predicate struct {
	Result        string       `json:"result"`
	Configuration []descriptor `json:"configuration"`
	URL           string       `json:"url,omitempty"`
	PassedTests   []string     `json:"passedTests,omitempty"`
	WarnedTests   []string     `json:"warnedTests,omitempty"`
	FailedTests   []string     `json:"failedTests,omitempty"`
}

// Statement is the JSON of a result. A suite passed if something ran in it and nothing failed; one whose cases passed
// only when they were tried again is a warning. Its counts stand beside each of its reports.
func Statement(r Result) ([]byte, error) {
	s := statement{Type: StatementType, PredicateType: PredicateType, Subject: subjects(r), Predicate: predicate{Result: "PASSED", URL: r.URL, Configuration: []descriptor{}}}
	p := &s.Predicate
	for _, suite := range sortedSuites(r.Suites) {
		switch c := suite.Counts; {
		case !c.Valid() || c.Failed+c.Errored > 0 || c.Ran() == 0:
			p.FailedTests = append(p.FailedTests, suite.Name)
		case c.Retried > 0:
			p.WarnedTests = append(p.WarnedTests, suite.Name)
		default:
			p.PassedTests = append(p.PassedTests, suite.Name)
		}
		for _, f := range suite.Reports {
			p.Configuration = append(p.Configuration, descriptor{Name: f.Name, Digest: map[string]string{"sha256": f.SHA256}, Annotations: annotations(suite, f)})
		}
	}
	switch {
	case len(p.FailedTests) > 0 || len(r.Suites) == 0:
		p.Result = "FAILED"
	case len(p.WarnedTests) > 0:
		p.Result = "WARNED"
	}
	out, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(out, '\n'), nil
}

func subjects(r Result) []descriptor {
	git := map[string]string{"gitCommit": r.Commit}
	if r.Tree != "" {
		git["gitTree"] = r.Tree
	}
	out := []descriptor{{Name: "source", Digest: git}}
	for _, d := range slices.Sorted(slices.Values(r.Digests)) {
		out = append(out, descriptor{Name: "artifact", Digest: map[string]string{"sha256": strings.TrimPrefix(d, "sha256:")}})
	}
	return out
}

func sortedSuites(list []Suite) []Suite {
	return slices.SortedFunc(slices.Values(list), func(a, b Suite) int { return strings.Compare(a.Name, b.Name) })
}

func annotations(s Suite, f Report) map[string]string {
	c := s.Counts
	out := map[string]string{"suite": s.Name, "format": f.Format}
	if s.Tool != "" {
		out["tool"] = s.Tool
	}
	for name, n := range map[string]int{"executed": c.Executed, "passed": c.Passed, "failed": c.Failed, "errored": c.Errored, "skipped": c.Skipped, "retried": c.Retried} {
		out["suite."+name] = strconv.Itoa(n)
	}
	if s.Coverage.Valid() {
		out["suite.covered"], out["suite.lines"] = strconv.Itoa(s.Coverage.Covered), strconv.Itoa(s.Coverage.Lines)
	}
	if f.Coverage.Valid() {
		out["covered"], out["lines"] = strconv.Itoa(f.Coverage.Covered), strconv.Itoa(f.Coverage.Lines)
	}
	return out
}
