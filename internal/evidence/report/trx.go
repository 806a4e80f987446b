package report

import (
	"errors"
	"fmt"
	"io"
)

// trx counts the results of a TRX file. A result with results inside it (a case with rows of data) sums those up, and is
// no case of its own unless it failed where they did not.
type trx struct {
	*elements
	out     Report
	open    []trxResult
	bad     int // listed
	claimed int
	outcome string // of the whole run
	summary bool
}

type trxResult struct {
	outcome    outcome
	inner, bad int
}

func parseTRX(x *elements, root element) (Report, error) {
	t := &trx{elements: x, out: Report{Format: TRX, Tool: "dotnet"}}
	for e := root; ; {
		if err := t.element(e); err != nil {
			return Report{}, err
		}
		var err error
		if e, err = x.next(); errors.Is(err, io.EOF) {
			return t.sum(), nil
		} else if err != nil {
			return Report{}, err
		}
	}
}

func (t *trx) element(e element) error {
	switch e.name {
	case "UnitTestResult", "TestResult", "TestResultAggregation", "GenericTestResult", "ManualTestResult", "WebTestResult", "LoadTestResult":
		if e.end {
			return t.end()
		}
		t.open = append(t.open, trxResult{outcome: t.outcomeOf(e)})
	case "ResultSummary":
		if !e.end {
			t.summary, t.outcome = true, e.attr("outcome")
		}
	case "Counters":
		for _, name := range []string{"failed", "error", "timeout", "aborted"} {
			n, err := t.number(e, name)
			if err != nil {
				return err
			}
			t.claimed += n
		}
	}
	return nil
}

// outcomeOf reads the closed set of the schema. Writers leave the attribute out where it would say Error, the first of
// the set.
func (t *trx) outcomeOf(e element) outcome {
	switch text := e.attr("outcome"); text {
	case "Passed":
		return passed
	case "Failed":
		return failed
	case "NotExecuted", "Inconclusive", "NotRunnable", "Pending":
		return skipped
	case "", "Error", "Timeout", "Aborted", "PassedButRunAborted", "Disconnected", "Warning", "Completed", "InProgress":
		return errored
	default:
		t.out.note("line %d: nobody here knows the outcome %.40q: it counts as an error", t.line, text)
		return errored
	}
}

func (t *trx) end() error {
	r := t.open[len(t.open)-1]
	t.open = t.open[:len(t.open)-1]
	own := r.outcome == failed || r.outcome == errored
	if r.inner == 0 || own && r.bad == 0 {
		if t.out.Counts.Executed >= maxCases {
			return t.fault(fmt.Sprintf("has more than %d cases", maxCases), "split the report")
		}
		t.out.Counts.count(r.outcome)
		if own {
			t.bad++
			r.bad++
		}
		r.inner++
	}
	if len(t.open) > 0 {
		parent := &t.open[len(t.open)-1]
		parent.inner += r.inner
		parent.bad += r.bad
	}
	return nil
}

func (t *trx) sum() Report {
	more := t.claimed - t.bad
	if more > 0 {
		t.out.note("the run claims %d failures and errors, and lists %d: the difference counts as cases with an error", t.claimed, t.bad)
	}
	switch t.outcome {
	case "Completed", "Passed":
	default:
		if t.summary && t.bad == 0 && more <= 0 {
			t.out.note("the run as a whole is %.40q without a failing case: that counts as a case with an error", t.outcome)
			more = 1
		}
	}
	if more > 0 {
		t.out.Counts.Executed += more
		t.out.Counts.Errored += more
	}
	return t.out
}
