package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
)

// tap counts the test points of TAP. A point that closes a subtest sums that up and is no case of its own, unless it
// fails where none of its subtest's did. What has a TODO directive counts as skipped, however it ended. The plan must
// come true: a run that broke off has fewer points than it planned.
type tap struct {
	*source
	out    Report
	levels []level // open ones; the document, then subtest in subtest
	yaml   int     // indentation of the open YAML block; 0 is none
	point  bool    // the line before was a test point: a YAML block may follow
	bailed bool
}

type level struct {
	plan    int
	planned bool
	points  int
	cases   int // counted in it and in its subtests
	bad     int
	highest int
	sum     *point // a point with its subtest in braces after it
}

type point struct{ outcome outcome }

var directiveForm = regexp.MustCompile(`(?i)(?:^|\s)#\s*(skip|todo)`)

func parseTAP(s *source) (Report, error) {
	t := &tap{source: s, out: Report{Format: TAP, Tool: "tap"}, levels: []level{{}}}
	for {
		line, err := s.nextLine()
		if errors.Is(err, io.EOF) {
			return t.end()
		}
		if err == nil {
			err = t.take(line)
		}
		if err != nil {
			return Report{}, err
		}
	}
}

func (t *tap) take(line []byte) error {
	text := bytes.TrimLeft(line, " ")
	indent := len(line) - len(text)
	text = bytes.TrimRight(text, " \t")
	after := t.point
	t.point = false
	switch {
	case t.yaml > 0:
		if indent == t.yaml && string(text) == "..." {
			t.yaml = 0
		}
		return nil
	case after && indent > 0 && string(text) == "---":
		t.yaml = indent
		return nil
	case bytes.HasPrefix(text, []byte("Bail out!")):
		if !t.bailed {
			t.out.note("line %d: %.200q: that counts as a case with an error", t.line-1, text)
			t.out.Counts.count(errored)
		}
		t.bailed = true
		return nil
	case indent%4 != 0:
		return nil
	}
	return t.statement(indent/4, text)
}

// statement reads what the protocol knows, and leaves everything else alone.
func (t *tap) statement(depth int, text []byte) error {
	switch {
	case bytes.HasPrefix(text, []byte("TAP version ")):
		version, err := strconv.Atoi(string(text[len("TAP version "):]))
		if err != nil || version < 12 || version > 14 {
			return t.faultAbove(fmt.Sprintf("%.40q: versions 12 to 14 are known", text), "")
		}
		if l := t.levels[0]; depth == 0 && (l.planned || l.points > 0) {
			return t.faultAbove("a second document begins", "write each into a file of its own")
		}
	case bytes.HasPrefix(text, []byte("1..")):
		return t.plan(depth, text)
	case string(text) == "}" && depth < len(t.levels) && t.levels[depth].sum != nil:
		return t.closeBraces(depth)
	case bytes.Equal(text, []byte("ok")), bytes.HasPrefix(text, []byte("ok ")):
		return t.result(depth, passed, text[len("ok"):])
	case bytes.Equal(text, []byte("not ok")), bytes.HasPrefix(text, []byte("not ok ")):
		return t.result(depth, failed, text[len("not ok"):])
	}
	return nil
}

// reach opens or closes levels until depth is the innermost.
func (t *tap) reach(depth int) (child level, err error) {
	if depth >= maxDepth {
		return level{}, t.faultAbove(fmt.Sprintf("subtests are nested deeper than %d", maxDepth), "")
	}
	for len(t.levels) <= depth {
		t.levels = append(t.levels, level{})
	}
	for len(t.levels) > depth+1 {
		child = t.levels[len(t.levels)-1]
		t.levels = t.levels[:len(t.levels)-1]
		if err := t.kept(child); err != nil {
			return level{}, err
		}
		parent := &t.levels[len(t.levels)-1]
		parent.cases += child.cases
		parent.bad += child.bad
	}
	return child, nil
}

// kept says whether a level's plan came true.
func (t *tap) kept(l level) error {
	switch {
	case t.bailed:
		return nil
	case !l.planned:
		return t.faultAbove(fmt.Sprintf("%d test points without a plan (1..N)", l.points), "did the tests run to their end?")
	case l.points < l.plan:
		return t.faultAbove(fmt.Sprintf("%d test points were planned and %d are there", l.plan, l.points), "did the tests run to their end?")
	case l.points > l.plan || l.highest > l.plan:
		return t.faultAbove(fmt.Sprintf("%d test points were planned, and there are more", l.plan), "")
	case l.sum != nil:
		return t.faultAbove("a subtest in braces does not end", "did the tests run to their end?")
	}
	return nil
}

func (t *tap) plan(depth int, text []byte) error {
	if _, err := t.reach(depth); err != nil {
		return err
	}
	number, _, _ := bytes.Cut(text[len("1.."):], []byte("#"))
	n, err := strconv.Atoi(string(bytes.TrimSpace(number)))
	l := &t.levels[depth]
	if err != nil || n < 0 || n > maxCases || l.planned {
		return t.faultAbove(fmt.Sprintf("%.40q is a second plan, or none", text), "")
	}
	l.plan, l.planned = n, true
	return nil
}

func (t *tap) result(depth int, o outcome, text []byte) error {
	child, err := t.reach(depth)
	if err != nil {
		return err
	}
	if t.cut { // a directive may be what is missing
		return t.faultAbove("breaks off inside a test point", "did the tests run to their end?")
	}
	t.point = true
	l := &t.levels[depth]
	if l.points++; l.points > maxCases {
		return t.faultAbove(fmt.Sprintf("has more than %d test points", maxCases), "split the report")
	}
	text = bytes.TrimLeft(text, " ")
	digits := text[:len(text)-len(bytes.TrimLeft(text, "0123456789"))]
	if n, err := strconv.Atoi(string(digits)); err == nil {
		l.highest = max(l.highest, n)
	}
	if m := directiveForm.FindSubmatch(text); m != nil && (o == passed || m[1][0]|0x20 == 't') {
		o = skipped
	}
	if bytes.HasSuffix(text, []byte("{")) {
		l.sum = &point{o}
		return nil
	}
	t.count(l, o, child)
	return nil
}

// closeBraces ends a subtest that follows its own test point.
func (t *tap) closeBraces(depth int) error {
	child, err := t.reach(depth)
	if err != nil {
		return err
	}
	l := &t.levels[depth]
	t.count(l, l.sum.outcome, child)
	l.sum = nil
	return nil
}

func (t *tap) count(l *level, o outcome, child level) {
	if child.cases > 0 && (o != failed || child.bad > 0) {
		return
	}
	t.out.Counts.count(o)
	l.cases++
	if o == failed {
		l.bad++
	}
}

func (t *tap) end() (Report, error) {
	if t.yaml > 0 && !t.bailed {
		return Report{}, t.fault("breaks off inside a YAML block", "did the tests run to their end?")
	}
	if _, err := t.reach(0); err != nil {
		return Report{}, err
	}
	if err := t.kept(t.levels[0]); err != nil {
		return Report{}, err
	}
	return t.out, nil
}
