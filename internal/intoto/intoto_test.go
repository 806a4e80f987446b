package intoto_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	predicates "github.com/in-toto/attestation/go/predicates/test_result/v0"
	statements "github.com/in-toto/attestation/go/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/org/platform-action/internal/evidence/report"
	"github.com/org/platform-action/internal/intoto"
)

var (
	commit = strings.Repeat("c", 40)                                                                           //nolint:gochecknoglobals // constant
	passed = intoto.Suite{Name: "unit", Tool: "go", Counts: report.Counts{Executed: 3, Passed: 2, Skipped: 1}, //nolint:gochecknoglobals // constant
		Reports: []intoto.Report{{Name: "a.jsonl", Format: "gotest", SHA256: strings.Repeat("a", 64)}}}
)

// measured is a suite with coverage.
func measured() intoto.Suite {
	covered := report.Coverage{Lines: 5, Covered: 4}
	return intoto.Suite{Name: "web", Tool: "jest", Counts: report.Counts{Executed: 1, Passed: 1}, Coverage: covered,
		Reports: []intoto.Report{{Name: "lcov.info", Format: "lcov", SHA256: strings.Repeat("b", 64), Coverage: covered}}}
}

// TestCovered holds how coverage is annotated, and that a statement without any speaks of none.
func TestCovered(t *testing.T) {
	t.Parallel()
	data, err := intoto.Statement(intoto.Result{Commit: commit, Suites: []intoto.Suite{measured()}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"covered": "4"`, `"lines": "5"`, `"suite.covered": "4"`, `"suite.lines": "5"`} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %s in %s", want, data)
		}
	}
	if data, err = intoto.Statement(intoto.Result{Commit: commit, Suites: []intoto.Suite{passed}}); err != nil || strings.Contains(string(data), "covered") {
		t.Errorf("%v, coverage of none in %s", err, data)
	}
}

func suite(name string, c report.Counts) intoto.Suite {
	s := passed
	s.Name, s.Counts = name, c
	return s
}

// TestStatement reads each statement with in-toto's own types, which refuse what their specification does not allow.
func TestStatement(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		suites []intoto.Suite
		want   string
	}{
		"passed":         {[]intoto.Suite{passed}, "PASSED"},
		"covered":        {[]intoto.Suite{measured()}, "PASSED"},
		"retried":        {[]intoto.Suite{passed, suite("e2e", report.Counts{Executed: 1, Passed: 1, Retried: 1})}, "WARNED"},
		"failed":         {[]intoto.Suite{passed, suite("e2e", report.Counts{Executed: 1, Failed: 1})}, "FAILED"},
		"errored":        {[]intoto.Suite{suite("e2e", report.Counts{Executed: 2, Passed: 1, Errored: 1})}, "FAILED"},
		"only skipped":   {[]intoto.Suite{suite("e2e", report.Counts{Executed: 2, Skipped: 2})}, "FAILED"},
		"nothing":        {[]intoto.Suite{suite("e2e", report.Counts{})}, "FAILED"},
		"no suite":       {nil, "FAILED"},
		"not consistent": {[]intoto.Suite{suite("e2e", report.Counts{Executed: 2, Passed: 5})}, "FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := intoto.Result{Commit: commit, Tree: strings.Repeat("d", 40), Digests: []string{"sha256:" + strings.Repeat("e", 64)}, Suites: c.suites}
			data, err := intoto.Statement(r)
			if err != nil {
				t.Fatal(err)
			}
			slices.Reverse(r.Suites)
			if again, err := intoto.Statement(r); err != nil || string(again) != string(data) {
				t.Error("the order of suites changes the bytes")
			}
			var s statements.Statement
			if err := protojson.Unmarshal(data, &s); err != nil {
				t.Fatalf("%v\n%s", err, data)
			}
			if err := s.Validate(); err != nil {
				t.Errorf("%v\n%s", err, data)
			}
			if s.GetType() != statements.StatementTypeUri || s.GetSubject()[0].GetDigest()["gitCommit"] != commit {
				t.Errorf("%s", data)
			}
			inner, err := json.Marshal(s.GetPredicate().AsMap())
			if err != nil {
				t.Fatal(err)
			}
			var p predicates.TestResult
			if err := protojson.Unmarshal(inner, &p); err != nil {
				t.Fatalf("%v\n%s", err, inner)
			}
			if p.GetResult() != c.want {
				t.Errorf("result %s, want %s", p.GetResult(), c.want)
			}
		})
	}
}
