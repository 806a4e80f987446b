package local

import (
	"fmt"
	"slices"

	"github.com/org/platform-action/internal/evidence/report"
)

// FindCoverage puts the files of [SUITE=]GLOB of an option, which errors name, beside the tests that measured them. Each
// pattern must match. Without SUITE= they are of the only suite that was found, else of fallback.
func FindCoverage(option string, patterns []string, fallback string, tests []Tests) ([]Tests, error) {
	tests = slices.Clone(tests)
	if len(tests) == 1 {
		fallback = tests[0].Suite
	}
	for _, pattern := range patterns {
		suite, glob := splitPattern(pattern, fallback)
		files, err := matches(option, glob)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("%s: no file matches %.200q below %s: did the tests run with coverage on before this step, and where is it written? "+
				"(** stands for any folders)", option, glob, here())
		}
		at := slices.IndexFunc(tests, func(t Tests) bool { return t.Suite == suite })
		if at < 0 {
			return nil, fmt.Errorf("%s %.200q is of suite %s, of which there is no report of tests: coverage stands beside the tests that measured it; "+
				"write %s 'SUITE=GLOB' with one of %.400q", option, glob, suite, option, names(tests))
		}
		for _, file := range files {
			if err := tests[at].cover(option, file, tests); err != nil {
				return nil, err
			}
		}
	}
	return tests, nil
}

func names(tests []Tests) []string {
	var out []string
	for _, t := range tests {
		out = append(out, t.Suite)
	}
	return out
}

// cover takes one file in. One that a pattern of test reports matched as well is there already, and once.
func (t *Tests) cover(option, file string, all []Tests) error {
	for i := range all {
		if all[i].Suite != t.Suite && slices.Contains(all[i].Files, file) {
			return fmt.Errorf("%s %.200q belongs to two suites, %s and %s: narrow one of the patterns", option, file, all[i].Suite, t.Suite)
		}
	}
	if slices.Contains(t.Coverage, file) {
		return nil
	}
	t.Coverage = append(slices.Clip(t.Coverage), file)
	if !slices.Contains(t.Files, file) {
		t.Files = append(slices.Clip(t.Files), file)
		slices.Sort(t.Files)
	}
	return nil
}

// measured holds what was named as coverage to being that, and to coming once: what stands twice would weigh twice.
func measured(tests []Tests, counted []report.Counted) error {
	type first struct {
		name  string
		named bool
	}
	seen := map[string]first{}
	for i, t := range tests {
		for _, r := range counted[i].Reports {
			named := slices.Contains(t.Coverage, r.Name)
			if r.Report.Format.Tests() {
				if named {
					return fmt.Errorf("%.200q is a report of tests (%s) and no coverage: name it among the test reports, and here a Go cover profile, LCOV or Cobertura XML", r.Name, r.Report.Format)
				}
				continue
			}
			if had, again := seen[r.SHA256]; again && (named || had.named) {
				return fmt.Errorf("%.200q has the bytes of %.200q, which would count twice: name each coverage file once, for one suite", r.Name, had.name)
			}
			seen[r.SHA256] = first{r.Name, named}
		}
	}
	return nil
}
