package local

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/org/platform-action/internal/evidence/report"
)

// Tests are the reports of one suite.
type Tests struct {
	Suite    string
	Files    []string // all of them
	Coverage []string // those of them that were named as coverage
}

// usualReports are where tools write by default; asked for where no pattern is given.
func usualReports() []string {
	return []string{"junit.xml", "junit-*.xml", "test-results/**/*.xml", "reports/**/*.xml", "**/target/surefire-reports/TEST-*.xml",
		"**/target/failsafe-reports/TEST-*.xml", "**/build/test-results/**/TEST-*.xml", "**/TestResults/*.trx"}
}

// FindTests resolves [SUITE=]GLOB of an option, which errors name. Each pattern must match: one that does not is a typing
// error, or a step that did not write what it should.
func FindTests(option string, patterns []string, fallback string) ([]Tests, error) {
	usual := len(patterns) == 0
	if usual {
		patterns = usualReports()
	}
	var out []Tests
	owner := map[string]string{}
	for _, pattern := range patterns {
		suite, glob := splitPattern(pattern, fallback)
		files, err := matches(option, glob)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 && !usual {
			return nil, fmt.Errorf("no file matches %.200q below %s: did the tests run before this step, and where do they write their report? "+
				"(** stands for any folders)", glob, here())
		}
		i := slices.IndexFunc(out, func(f Tests) bool { return f.Suite == suite })
		if i < 0 {
			out = append(out, Tests{Suite: suite})
			i = len(out) - 1
		}
		for _, file := range files {
			if had, taken := owner[file]; taken && had != suite {
				return nil, fmt.Errorf("%.200q belongs to two suites, %s and %s: narrow one of the patterns", file, had, suite)
			} else if taken {
				continue
			}
			owner[file] = suite
			out[i].Files = append(out[i].Files, file)
		}
	}
	if len(owner) == 0 {
		return nil, fmt.Errorf("no report found below %s; looked for %s; name yours with %s 'GLOB'", here(), strings.Join(patterns, ", "), option)
	}
	for _, f := range out {
		slices.Sort(f.Files)
	}
	return out, nil
}

// splitPattern is [SUITE=]GLOB.
func splitPattern(pattern, fallback string) (suite, glob string) {
	if name, rest, ok := strings.Cut(pattern, "="); ok && report.SuiteName(name) == nil {
		return name, rest
	}
	return fallback, pattern
}

// here is the folder that is looked in, for errors.
func here() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	return dir
}

func matches(option, glob string) ([]string, error) {
	if glob == "" || !doublestar.ValidatePathPattern(filepath.FromSlash(glob)) {
		return nil, fmt.Errorf("%s %.200q is no pattern", option, glob)
	}
	files, err := doublestar.FilepathGlob(glob, doublestar.WithFilesOnly(), doublestar.WithNoFollow())
	if err != nil {
		return nil, fmt.Errorf("%s %.200q: %w", option, glob, err)
	}
	for i, f := range files {
		files[i] = path.Clean(filepath.ToSlash(f))
	}
	return files, nil
}

// ReadTests takes the files in as they are, and counts what they report.
func ReadTests(tests []Tests) ([]report.DocumentSuite, []report.Counted, error) {
	var suites []report.DocumentSuite
	var counted []report.Counted
	left := int64(report.MaxDocument - 64<<10)
	for _, t := range tests {
		suite, err := readReports(t, &left)
		if err != nil {
			return nil, nil, err
		}
		c, err := suite.Count()
		if err != nil {
			return nil, nil, err
		}
		suites, counted = append(suites, suite), append(counted, c)
	}
	if err := measured(tests, counted); err != nil {
		return nil, nil, err
	}
	return suites, counted, nil
}

// readReports reads those of one suite. What they would add up to is checked first.
func readReports(t Tests, left *int64) (report.DocumentSuite, error) {
	out := report.DocumentSuite{Name: t.Suite}
	for _, name := range t.Files {
		data, err := readReport(name, left)
		if errors.Is(err, errNoRoom) && slices.Contains(t.Coverage, name) {
			err = fmt.Errorf("%w; lines alone count of LCOV, so make a smaller one: grep -E '^(TN:|SF:|DA:|end_of_record)'", err)
		}
		if err != nil {
			return out, err
		}
		out.Reports = append(out.Reports, report.DocumentReport{Name: name, Content: data})
	}
	return out, nil
}

var errNoRoom = errors.New("record fewer, or leave the tests' output out of them")

func readReport(name string, left *int64) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, fmt.Errorf("the report cannot be read: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%.200q is a link or no regular file: name the report itself", name)
	}
	size := (info.Size()+2)/3*4 + 200 // in base64, with its name
	if *left -= size; *left < 0 {
		return nil, fmt.Errorf("with %.200q (%d bytes) the reports no longer fit into a document of %d MiB: %w",
			name, info.Size(), report.MaxDocument>>20, errNoRoom)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("the report cannot be read: %w", err)
	}
	defer file.Close()
	if opened, err := file.Stat(); err != nil || !os.SameFile(info, opened) {
		return nil, errors.Join(fmt.Errorf("%.200q was replaced while it was read", name), err)
	}
	data := make([]byte, info.Size())
	if _, err := readFull(file, data); err != nil {
		return nil, fmt.Errorf("%.200q: %w", name, err)
	}
	return data, nil
}

// readFull reads what a file was said to have, and no more: one that grows is read as it was when it was found.
func readFull(f *os.File, data []byte) (int, error) {
	n, err := io.ReadFull(f, data)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) && len(data) > 0 {
		return n, errors.New("became shorter while it was read")
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}

// Untested is a suite in which nothing ran.
func Untested(suites []report.Counted) *report.Counted {
	for i := range suites {
		if suites[i].Counts.Ran() == 0 {
			return &suites[i]
		}
	}
	return nil
}

// CountsText is a suite in words: what was executed first.
func CountsText(c report.Counts) string {
	parts := []string{fmt.Sprintf("%d executed: %d passed", c.Executed, c.Passed)}
	for _, part := range []struct {
		n    int
		what string
	}{{c.Failed, "failed"}, {c.Errored, "with an error"}, {c.Skipped, "skipped"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.what))
		}
	}
	text := strings.Join(parts, ", ")
	if c.Retried > 0 {
		text += fmt.Sprintf(" (%d tried again)", c.Retried)
	}
	return text
}
