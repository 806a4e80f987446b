package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/org/platform-action/internal/evidence/report"
)

// usualReports are where tools write by default; asked for where no --junit is given.
func usualReports() []string {
	return []string{"junit.xml", "junit-*.xml", "test-results/**/*.xml", "reports/**/*.xml", "**/target/surefire-reports/TEST-*.xml",
		"**/target/failsafe-reports/TEST-*.xml", "**/build/test-results/**/TEST-*.xml", "**/TestResults/*.trx"}
}

// found are the reports of one suite.
type found struct {
	suite string
	files []string
}

// findReports resolves [SUITE=]GLOB. Each pattern must match: one that does not is a typing error, or a step that did
// not write what it should.
func findReports(patterns []string, fallback string) ([]found, error) {
	usual := len(patterns) == 0
	if usual {
		patterns = usualReports()
	}
	var out []found
	owner := map[string]string{}
	for _, pattern := range patterns {
		suite, glob := fallback, pattern
		if name, rest, ok := strings.Cut(pattern, "="); ok && report.SuiteName(name) == nil {
			suite, glob = name, rest
		}
		files, err := matches(glob)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 && !usual {
			return nil, fmt.Errorf("no file matches %.200q below %s: did the tests run before this step, and where do they write their report? "+
				"(** stands for any folders)", glob, here())
		}
		i := slices.IndexFunc(out, func(f found) bool { return f.suite == suite })
		if i < 0 {
			out = append(out, found{suite: suite})
			i = len(out) - 1
		}
		for _, file := range files {
			if had, taken := owner[file]; taken && had != suite {
				return nil, fmt.Errorf("%.200q belongs to two suites, %s and %s: narrow one of the patterns", file, had, suite)
			} else if taken {
				continue
			}
			owner[file] = suite
			out[i].files = append(out[i].files, file)
		}
	}
	if len(owner) == 0 {
		return nil, fmt.Errorf("no report found below %s; looked for %s; name yours with --junit 'GLOB'", here(), strings.Join(patterns, ", "))
	}
	for _, f := range out {
		slices.Sort(f.files)
	}
	return out, nil
}

// here is the folder that is looked in, for errors.
func here() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	return dir
}

func matches(glob string) ([]string, error) {
	if glob == "" || !doublestar.ValidatePathPattern(filepath.FromSlash(glob)) {
		return nil, fmt.Errorf("--junit %.200q is no pattern", glob)
	}
	files, err := doublestar.FilepathGlob(glob, doublestar.WithFilesOnly(), doublestar.WithNoFollow())
	if err != nil {
		return nil, fmt.Errorf("--junit %.200q: %w", glob, err)
	}
	for i, f := range files {
		files[i] = path.Clean(filepath.ToSlash(f))
	}
	return files, nil
}

// readReports takes the files in as they are. What they would add up to is checked first.
func readReports(f found, left *int64) (report.DocumentSuite, error) {
	out := report.DocumentSuite{Name: f.suite}
	for _, name := range f.files {
		data, err := readReport(name, left)
		if err != nil {
			return out, err
		}
		out.Reports = append(out.Reports, report.DocumentReport{Name: name, Content: data})
	}
	return out, nil
}

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
		return nil, fmt.Errorf("with %.200q (%d bytes) the reports no longer fit into a document of %d MiB: record fewer, or leave the tests' output out of them",
			name, info.Size(), report.MaxDocument>>20)
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
