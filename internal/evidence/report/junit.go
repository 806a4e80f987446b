package report

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// junit counts the cases of JUnit XML. Cases win over what their suites' attributes say; but a suite that claims more
// failures than its cases show did fail somewhere without a case (jest writes a file that did not load so), and each
// of those counts as an errored case.
type junit struct {
	*elements
	out    Report
	suites []suite
	inCase bool
	at     int // depth of the open case
	now    junitCase
}

// suite is an open <testsuites> or <testsuite>: what it claims, and what was listed in it.
type suite struct {
	tests, bad       int // claimed; tests is below 0 where nothing is
	direct           int // cases of its own
	listed, listsBad int // with those of its suites
	passed           int // cases of its own
}

// junitCase gathers what an open <testcase> says of itself.
type junitCase struct {
	failed, errored, skipped, retried, notRun, todo bool
}

func parseJUnit(x *elements, root element) (Report, error) {
	j := &junit{elements: x, out: Report{Format: JUnit}}
	for e := root; ; {
		if err := j.element(e); err != nil {
			return Report{}, err
		}
		var err error
		if e, err = x.next(); errors.Is(err, io.EOF) {
			return j.out, nil
		} else if err != nil {
			return Report{}, err
		}
	}
}

func (j *junit) element(e element) error {
	if j.inCase {
		return j.within(e)
	}
	switch e.name {
	case "testsuites", "testsuite":
		if e.end {
			return j.close()
		}
		return j.open(e)
	case "testcase":
		if e.end {
			return nil
		}
		j.inCase, j.at, j.now = true, j.depth, junitCase{}
		j.tell(e)
		j.state(e)
	case "failure", "error":
		if !e.end && len(j.suites) > 0 {
			j.out.note("line %d: <%s> stands in a suite and not in a case: counted as a case with an error", j.line, e.name)
			return j.add(errored)
		}
	case "property":
		if e.attr("name") == "go.version" {
			j.out.Tool = "gotestsum"
		}
	}
	return nil
}

func (j *junit) open(e element) error {
	j.tell(e)
	var s suite
	var failures, errs int
	var err error
	if s.tests, err = j.number(e, "tests"); err != nil {
		return err
	}
	if failures, err = j.number(e, "failures"); err != nil {
		return err
	}
	if errs, err = j.number(e, "errors"); err != nil {
		return err
	}
	s.bad = failures + errs
	if e.attr("tests") == "" {
		s.tests = -1
	}
	j.suites = append(j.suites, s)
	return nil
}

// close ends a suite: its parent has listed what it listed.
func (j *junit) close() error {
	s := &j.suites[len(j.suites)-1]
	if more := s.bad - s.listsBad; more > 0 {
		j.out.note("line %d: the suite claims %d failures and errors, and its cases show %d: the difference counts as cases with an error", j.line, s.bad, s.listsBad)
		j.out.Counts.Executed += more
		j.out.Counts.Errored += more
		s.listed += more
		s.listsBad += more
		if j.out.Counts.Executed > maxClaimed {
			return j.fault("claims more failures than anybody can have", "")
		}
	}
	if more := min(s.direct-s.tests, s.passed); s.tests >= 0 && more > 0 && j.out.Tool == "jest" && j.depth > 0 {
		j.out.note("line %d: jest counts %d tests of this suite and lists %d, for it lists a test.todo like one that passed: %d count as skipped", j.line, s.tests, s.direct, more)
		j.out.Counts.Passed -= more
		j.out.Counts.Skipped += more
	} else if s.tests >= 0 && s.tests != s.listed && s.tests != s.direct {
		j.out.note("line %d: the suite claims %d tests and lists %d: those that it lists count", j.line, s.tests, s.listed)
	}
	done := *s
	j.suites = j.suites[:len(j.suites)-1]
	if len(j.suites) > 0 {
		parent := &j.suites[len(j.suites)-1]
		parent.listed += done.listed
		parent.listsBad += done.listsBad
	}
	return nil
}

// within reads what stands in a case. Only its own children speak of how it ended.
func (j *junit) within(e element) error {
	switch {
	case e.name == "testcase" && e.end && j.depth < j.at:
		j.inCase = false
		if j.now.retried {
			j.out.Counts.Retried++
		}
		return j.add(j.now.outcome())
	case e.end:
		return nil
	case e.name == "testcase" || e.name == "testsuite" || e.name == "testsuites":
		return j.fault(fmt.Sprintf("<%s> stands in a case", e.name), "")
	case j.depth != j.at+1:
		return nil
	}
	switch e.name {
	case "failure", "warning":
		j.now.failed = true
	case "error":
		j.now.errored = true
	case "skipped":
		j.now.skipped = true
		j.now.todo = j.now.todo || e.attr("type") == "todo" // of node: its failure is expected
		if j.now.notRun && couldNotRun(e.attr("message")) {
			j.now.errored = true
		}
	case "flakyFailure", "flakyError", "rerunFailure", "rerunError":
		j.now.retried = true
	case "system-out", "system-err", "properties", "property", "attachments", "attachment", "assertions", "tags", "rerun":
	default:
		j.out.note("line %d: nobody here knows what <%.40s> in a case means: the case counts as an error", j.line, e.name)
		j.now.errored = true
	}
	return nil
}

// state reads the attributes by which ctest, GoogleTest and others say how a case ended.
func (j *junit) state(e element) {
	for _, name := range []string{"status", "result"} {
		switch text := strings.ToLower(e.attr(name)); text {
		case "", "run", "passed", "pass", "ok", "success", "successful", "completed":
		case "failed", "fail", "failure":
			j.now.failed = true
		case "notrun":
			j.now.skipped, j.now.notRun = true, true
		case "skipped", "disabled", "ignored", "pending", "todo", "suppressed":
			j.now.skipped = true
		default:
			j.out.note("line %d: nobody here knows what %s=%.40q of a case means: the case counts as an error", j.line, name, text)
			j.now.errored = true
		}
	}
}

// couldNotRun are ctest's reasons for a case that should have run and could not, which ctest counts as failed.
func couldNotRun(reason string) bool {
	switch reason {
	case "Unable to find executable", "Required Files Missing", "Fixture dependency failed":
		return true
	}
	return false
}

func (c junitCase) outcome() outcome {
	switch {
	case c.todo:
		return skipped
	case c.errored:
		return errored
	case c.failed:
		return failed
	case c.skipped:
		return skipped
	}
	return passed
}

func (j *junit) add(o outcome) error {
	if j.out.Counts.Executed >= maxCases {
		return j.fault(fmt.Sprintf("has more than %d cases", maxCases), "split the report")
	}
	j.out.Counts.count(o)
	if len(j.suites) > 0 {
		s := &j.suites[len(j.suites)-1]
		s.direct++
		s.listed++
		if o == passed {
			s.passed++
		}
		if o == failed || o == errored {
			s.listsBad++
		}
	}
	return nil
}

// tell guesses the tool from what only that one writes.
func (j *junit) tell(e element) {
	if j.out.Tool != "" {
		return
	}
	name := e.attr("name")
	switch {
	case strings.Contains(e.attr("noNamespaceSchemaLocation"), "surefire"):
		j.out.Tool = "surefire"
	case name == "pytest" || name == "pytest tests":
		j.out.Tool = "pytest"
	case name == "jest tests":
		j.out.Tool = "jest"
	case name == "vitest tests":
		j.out.Tool = "vitest"
	case name == "Mocha Tests":
		j.out.Tool = "mocha"
	case name == "rspec" || strings.HasPrefix(name, "rspec"):
		j.out.Tool = "rspec"
	case e.name == "testsuite" && e.attr("assertions") != "":
		j.out.Tool = "phpunit"
	case e.name == "testcase" && e.attr("classname") == e.attr("name") && (e.attr("status") == "run" || e.attr("status") == "fail" || e.attr("status") == "notrun" || e.attr("status") == "disabled"):
		j.out.Tool = "ctest"
	case e.name == "testsuite" && (strings.HasSuffix(name, ".dll") || e.attr("package") != "" && strings.HasSuffix(e.attr("package"), ".dll")):
		j.out.Tool = "dotnet"
	}
}
