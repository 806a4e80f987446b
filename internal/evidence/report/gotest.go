package report

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
)

// goTest counts the cases of go test -json: every test that it names, subtests and the tests around them, as gotestsum
// does. A package that fails without a failing test (it does not build, TestMain exits, a test ends the process) is an
// errored case of its own, and nothing that runs later takes that back.
type goTest struct {
	*source
	out      Report
	packages map[string]*goPackage
	cases    map[[16]byte]goCase
	broken   bool // something did not build
}

type goPackage struct {
	run    uint32 // how often it was run before
	active bool
	failed bool // a test of this run failed
	open   map[[16]byte]bool
}

type goCase struct {
	outcome outcome
	run     uint32
	ended   bool
	retried bool
}

type goEvent struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
}

func parseGoTest(s *source) (Report, error) {
	g := &goTest{source: s, out: Report{Format: GoTest, Tool: "go"}, packages: map[string]*goPackage{}, cases: map[[16]byte]goCase{}}
	for {
		line, err := s.nextLine()
		if errors.Is(err, io.EOF) {
			return g.sum()
		}
		if err != nil {
			return Report{}, err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var e goEvent
		if json.Unmarshal(line, &e) != nil || e.Action == "" {
			return Report{}, s.faultAbove(fmt.Sprintf("%.60q is no event of go test -json", line), "write standard error to another file, and let go test end")
		}
		if err := g.event(e); err != nil {
			return Report{}, err
		}
	}
}

func (g *goTest) event(e goEvent) error {
	if e.Action == "build-fail" {
		g.broken = true
	}
	if e.Package == "" { // of a build
		return nil
	}
	p := g.packages[e.Package]
	if p == nil {
		p = &goPackage{open: map[[16]byte]bool{}}
		g.packages[e.Package] = p
	}
	switch e.Action {
	case "pass", "bench":
		g.end(p, e, passed)
	case "skip":
		g.end(p, e, skipped)
	case "fail":
		g.end(p, e, failed)
	case "start":
		p.active = true
	case "run":
		p.active = true
		g.begin(p, e)
	case "pause", "cont", "output", "attr", "artifacts":
	default:
		g.out.note("line %d: nobody here knows the action %.40q", g.line-1, e.Action)
	}
	if len(g.cases)+len(g.packages) > maxCases {
		return g.fault(fmt.Sprintf("has more than %d cases", maxCases), "split the report")
	}
	return nil
}

func keyOf(e goEvent) [16]byte {
	sum := sha256.Sum256([]byte(e.Package + "\x00" + e.Test))
	return [16]byte(sum[:16])
}

// begin notes a case that must end.
func (g *goTest) begin(p *goPackage, e goEvent) {
	if e.Test != "" {
		p.open[keyOf(e)] = true
	}
}

func (g *goTest) end(p *goPackage, e goEvent, o outcome) {
	if e.Test != "" {
		p.active = true
		key := keyOf(e)
		delete(p.open, key)
		g.settle(p, key, o)
		return
	}
	for key := range p.open {
		g.settle(p, key, errored)
	}
	if n := len(p.open); n > 0 {
		g.out.note("line %d: the package %.100q ended while %d of its tests had not: they count as errors", g.line-1, e.Package, n)
	}
	if o == failed && !p.failed {
		g.out.note("line %d: the package %.100q failed without a failing test: that counts as a case with an error", g.line-1, e.Package)
		g.out.Counts.count(errored)
	}
	clear(p.open)
	p.active, p.failed = false, false
	p.run++
}

// settle says how a case ended. Within one run of its package (-count) the worst counts. A later run (gotestsum
// --rerun-fails) redeems a failure only by passing, and that is a retry.
func (g *goTest) settle(p *goPackage, key [16]byte, o outcome) {
	bad := o == failed || o == errored
	p.failed = p.failed || bad
	had, again := g.cases[key]
	c := goCase{outcome: o, run: p.run, ended: true, retried: had.retried}
	if again {
		hadBad := had.outcome == failed || had.outcome == errored
		later := had.run != p.run
		c.retried = c.retried || later && hadBad
		if !later || !hadBad || o != passed {
			c.outcome = min(o, had.outcome)
		}
	}
	g.cases[key] = c
}

func (g *goTest) sum() (Report, error) {
	for name, p := range g.packages {
		if p.active {
			return Report{}, g.fault(fmt.Sprintf("breaks off while the package %.100q runs", first(g.packages, name)), "did go test end, and was the file copied whole?")
		}
	}
	if g.broken && g.out.Counts.Errored == 0 {
		g.out.note("something did not build: that counts as a case with an error")
		g.out.Counts.count(errored)
	}
	for _, c := range g.cases {
		g.out.Counts.count(c.outcome)
		if c.retried {
			g.out.Counts.Retried++
		}
	}
	return g.out, nil
}

// first is the first of the packages that still run, so that the error is always the same one.
func first(packages map[string]*goPackage, name string) string {
	for other, p := range packages {
		if p.active && other < name {
			name = other
		}
	}
	return name
}
