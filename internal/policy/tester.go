package policy

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"
)

// testTimeout bounds one test of a bundle.
const testTimeout = 10 * time.Second

// TestReport is what the bundles' own tests say.
type TestReport struct{ Bundles []BundleTests }

// BundleTests are the tests of one bundle. Empty and Untested are told, because a bundle without tests would
// otherwise look like one whose tests pass.
type BundleTests struct {
	Name      string     `json:"name"`
	Tests     []TestCase `json:"tests"`    // sorted by file, row and name
	Empty     bool       `json:"empty"`    // the bundle has no test at all
	Untested  []string   `json:"untested"` // rules (ids, or package.rule) that no test evaluates
	Coverage  float64    `json:"coverage"` // percent of the lines of the policies
	Uncovered []Range    `json:"uncovered,omitempty"`
}

// Range is a range of lines that no test evaluates.
type Range struct {
	File  string `json:"file"`
	First int    `json:"first"`
	Last  int    `json:"last"`
}

// TestOutcome is what became of one test. The zero outcome is an error, which fails.
type TestOutcome uint8

// The outcomes of a test.
const (
	TestError TestOutcome = iota
	TestFail
	TestSkip // named todo_test_…: told, and no pass
	TestPass
)

// String is the outcome's name.
func (o TestOutcome) String() string {
	switch o {
	case TestPass:
		return "pass"
	case TestSkip:
		return "skip"
	case TestFail:
		return "fail"
	case TestError:
		return "error"
	}
	return "error"
}

// MarshalText writes the name.
func (o TestOutcome) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// TestCase is one test rule.
type TestCase struct {
	Name    string      `json:"name"` // package.test_name
	File    string      `json:"file"`
	Row     int         `json:"row"`
	Outcome TestOutcome `json:"outcome"`
	Message string      `json:"message,omitempty"` // the failed cases of a table, what was printed, or the error
}

// Passed reports that every bundle has tests and that every test passed; rules without a test do not fail it.
func (r TestReport) Passed() bool {
	for _, b := range r.Bundles {
		if b.Empty || slices.ContainsFunc(b.Tests, func(t TestCase) bool { return t.Outcome == TestFail || t.Outcome == TestError }) {
			return false
		}
	}
	return len(r.Bundles) > 0
}

// Test runs the tests of each bundle with coverage. Bundles that do not compile are a *PolicyError.
func Test(ctx context.Context, bundles []Bundle) (TestReport, error) {
	var report TestReport
	var faults []Fault
	for _, b := range bundles {
		t, bad, err := testBundle(ctx, b)
		if err != nil {
			return TestReport{}, err
		}
		faults = append(faults, bad...)
		report.Bundles = append(report.Bundles, t)
	}
	if len(faults) > 0 {
		return TestReport{}, newError(faults)
	}
	slices.SortFunc(report.Bundles, func(a, b BundleTests) int { return strings.Compare(a.Name, b.Name) })
	return report, nil
}

func testBundle(ctx context.Context, b Bundle) (BundleTests, []Fault, error) {
	out := BundleTests{Name: b.Name}
	src, faults := readBundle(b)
	if len(faults) > 0 {
		return out, faults, nil
	}
	mods, faults := parseAll(b, append(slices.Clone(src.modules), src.tests...))
	if len(faults) > 0 {
		return out, faults, nil
	}
	comp, faults := compileModules(src, mods)
	if len(faults) > 0 {
		return out, faults, nil
	}
	results, cov, err := runTests(ctx, comp)
	if err != nil {
		return out, nil, err
	}
	for _, r := range results {
		out.Tests = append(out.Tests, testCase(r))
	}
	slices.SortFunc(out.Tests, func(a, b TestCase) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Row, b.Row), strings.Compare(a.Name, b.Name))
	})
	out.Empty = len(out.Tests) == 0
	return out, out.cover(ctx, src, cov), nil
}

func runTests(ctx context.Context, comp *compiled) ([]*tester.Result, *cover.Cover, error) {
	cov := cover.New()
	txn, err := comp.store.NewTransaction(ctx, storage.WriteParams)
	if err != nil {
		return nil, nil, fmt.Errorf("policies %s: the test store failed: %w", comp.bundle.Name, err)
	}
	defer comp.store.Abort(ctx, txn)
	compiler := newCompiler(comp.bundle.Builtin).WithEnablePrintStatements(true).WithRewriteTestRules(true)
	ch, err := tester.NewRunner().SetCompiler(compiler).SetStore(comp.store).SetModules(comp.mods).CapturePrintOutput(true).
		RaiseBuiltinErrors(true).SetCoverageQueryTracer(cov).SetTimeout(testTimeout).SetDefaultRegoVersion(ast.RegoV1).RunTests(ctx, txn)
	if err != nil {
		return nil, nil, newError(astFaults(comp.bundle.Name, err))
	}
	var results []*tester.Result
	for r := range ch {
		results = append(results, r)
	}
	return results, cov, nil
}

func testCase(r *tester.Result) TestCase {
	t := TestCase{Name: strings.TrimPrefix(r.Package, "data.") + "." + r.Name}
	if r.Location != nil {
		t.File, t.Row = r.Location.File, r.Location.Row
	}
	var notes []string
	switch {
	case r.Error != nil:
		t.Outcome = TestError
		notes = append(notes, r.Error.Error())
	case r.Skip:
		t.Outcome = TestSkip
	case r.Fail:
		t.Outcome = TestFail
		notes = append(notes, failedCases("", r.SubResults)...)
	default:
		t.Outcome = TestPass
	}
	if out := strings.TrimSpace(string(r.Output)); out != "" {
		notes = append(notes, out)
	}
	t.Message = clip(strings.Join(notes, "; "), maxText)
	return t
}

// failedCases names the rows of a table that failed.
func failedCases(prefix string, m tester.SubResultMap) []string {
	var out []string
	for _, name := range sortedKeys(m) {
		sub := m[name]
		if !sub.Fail {
			continue
		}
		if deeper := failedCases(prefix+name+"/", sub.SubResults); len(deeper) > 0 {
			out = append(out, deeper...)
			continue
		}
		out = append(out, "case "+prefix+name)
	}
	return out
}

// cover reads coverage of the policies proper; tests cover themselves and do not count.
func (b *BundleTests) cover(ctx context.Context, src *source, cov *cover.Cover) []Fault {
	mods, faults := parseAll(src.bundle, src.modules)
	if len(faults) > 0 {
		return faults
	}
	report := cov.Report(mods)
	covered, lines := 0, 0
	for _, name := range sortedModules(mods) {
		f := report.Files[name]
		if f == nil {
			continue
		}
		covered, lines = covered+f.CoveredLines, lines+f.CoveredLines+f.NotCoveredLines
		for _, r := range f.NotCovered {
			b.Uncovered = append(b.Uncovered, Range{File: name, First: r.Start.Row, Last: r.End.Row})
		}
	}
	if lines > 0 {
		b.Coverage = float64(int(1000*float64(covered)/float64(lines))) / 10
	}
	comp, faults := compileModules(src, mods)
	if len(faults) > 0 {
		return faults
	}
	units, faults := comp.discover(ctx)
	for _, u := range units {
		for _, r := range u.rules {
			if !evaluated(mods, report, u, r) {
				b.Untested = append(b.Untested, r.ID)
			}
		}
	}
	slices.Sort(b.Untested)
	return faults
}

// evaluated reports that some test evaluated an entry rule of the unit.
func evaluated(mods map[string]*ast.Module, report cover.Report, u *unit, r Rule) bool {
	for _, name := range sortedModules(mods) {
		m := mods[name]
		if packageName(m.Package.Path) != u.pkg {
			continue
		}
		for _, rule := range m.Rules {
			entry := ruleName(rule)
			if !entryName(entry) || r.Dialect != "" && !strings.HasSuffix(r.ID, "."+entry) {
				continue
			}
			for row := rule.Location.Row; row <= lastRow(rule); row++ {
				if report.IsCovered(name, row) {
					return true
				}
			}
		}
	}
	return false
}

func lastRow(r *ast.Rule) int {
	last := r.Location.Row
	for _, e := range r.Body {
		if e.Location != nil {
			last = max(last, e.Location.Row)
		}
	}
	return last
}
