package report

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
)

const lookedFor = "looked for JUnit XML (<testsuites>, <testsuite>), go test -json, TAP, TRX (<TestRun>), " +
	"Cobertura (<coverage line-rate=…>), LCOV (TN:, SF:) and a Go cover profile (mode:)"

// Parse reads one report. The name is for errors only: the content says what it is.
func Parse(name string, r io.Reader) (Report, error) {
	s, err := open(name, r)
	if err != nil {
		return Report{}, err
	}
	head, err := s.head()
	if err != nil {
		return Report{}, err
	}
	var out Report
	switch kind(head) {
	case 'x':
		out, err = parseXML(s, head)
	case 'g':
		out, err = parseGoTest(s)
	case 't':
		out, err = parseTAP(s)
	case 'l':
		out, err = parseLCOV(s)
	case 'c':
		out, err = parseGoCover(s)
	case 0:
		return Report{}, &Error{Name: name, Problem: "is empty", Fix: "did the tests run to their end? " + lookedFor}
	default:
		return Report{}, &Error{Name: name, Problem: fmt.Sprintf("is in no known format: it begins with %.40q", firstLine(head)), Fix: lookedFor}
	}
	if err != nil {
		return Report{}, err
	}
	if !out.Counts.Valid() {
		return Report{}, &Error{Name: name, Problem: fmt.Sprintf("was counted wrongly (%+v); that is a fault of this program", out.Counts)}
	}
	return out, nil
}

var (
	tapForm     = regexp.MustCompile(`^(?:TAP version \d+|1\.\.\d+|(?:not )?ok\b|Bail out!|# Subtest:)`)
	goCoverForm = regexp.MustCompile(`^mode: (?:set|count|atomic)\r?(?:\n|$)`)
)

// kind tells formats apart by how they begin: 0 is nothing at all, ? is none of them.
func kind(head []byte) byte {
	switch {
	case len(head) == 0:
		return 0
	case head[0] == '<':
		return 'x'
	case head[0] == '{' && bytes.Contains(firstLine(head), []byte(`"Action":`)):
		return 'g'
	case goCoverForm.Match(head):
		return 'c'
	case bytes.HasPrefix(head, []byte("TN:")), bytes.HasPrefix(head, []byte("SF:")):
		return 'l'
	case tapForm.Match(head):
		return 't'
	}
	return '?'
}

func firstLine(head []byte) []byte {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}
