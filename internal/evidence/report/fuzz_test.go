package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// seeds are the reports of all cases.
func seeds(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(file)] = a.Files[0].Data
	}
	return out
}

// sound are what holds of every report, whatever its bytes.
func sound(t *testing.T, data []byte, formats ...Format) {
	t.Helper()
	r, err := Parse("x", bytes.NewReader(data))
	if err != nil {
		if r.Format != Unknown || r.Counts != (Counts{}) {
			t.Fatalf("an error with counts: %+v, %v", r, err)
		}
		return
	}
	c := r.Counts
	if !c.Valid() || c.Executed < 0 || len(r.Notes) > maxNotes+1 || r.Coverage.Covered > r.Coverage.Lines {
		t.Fatalf("%+v", r)
	}
	if !r.Format.Tests() && !r.Coverage.Valid() {
		t.Fatalf("coverage of nothing: %+v", r)
	}
	if c.Passed > len(data) || r.Coverage.Lines > len(data)*(1<<20) {
		t.Fatalf("more cases than bytes: %+v", r)
	}
	again, err := Parse("x", bytes.NewReader(data))
	if diff := cmp.Diff(r, again); diff != "" || err != nil {
		t.Fatalf("not the same twice: %v\n%s", err, diff)
	}
	known := len(formats) == 0
	for _, f := range formats {
		known = known || f == r.Format
	}
	if !known {
		t.Skip("of another fuzzer")
	}
}

func add(f *testing.F, begins ...string) {
	f.Helper()
	for _, data := range seeds(f) {
		for _, b := range begins {
			if bytes.HasPrefix(data, []byte(b)) {
				f.Add(data)
			}
		}
	}
}

func FuzzJUnit(f *testing.F) {
	add(f, "<")
	f.Fuzz(func(t *testing.T, data []byte) {
		sound(t, data, JUnit, TRX, Cobertura)
		agree(t, data)
	})
}

func FuzzTRX(f *testing.F) {
	f.Add([]byte(`<UnitTestResult outcome="Failed"><InnerResults><UnitTestResult outcome="Passed"/></InnerResults></UnitTestResult><UnitTestResult/>`))
	f.Fuzz(func(t *testing.T, results []byte) {
		sound(t, append(append([]byte(`<TestRun><Results>`), results...), `</Results><ResultSummary outcome="Completed"/></TestRun>`...))
	})
}

func FuzzCobertura(f *testing.F) {
	f.Add([]byte(`<line number="1" hits="1"/><methods><line/></methods><line number="1" hits="0"/>`))
	f.Fuzz(func(t *testing.T, lines []byte) {
		sound(t, append(append([]byte(`<coverage line-rate="1"><class filename="a"><lines>`), lines...), `</lines></class></coverage>`...))
	})
}

func FuzzGoTest(f *testing.F) {
	add(f, "{")
	f.Fuzz(func(t *testing.T, data []byte) { sound(t, data, GoTest) })
}

func FuzzTAP(f *testing.F) {
	add(f, "TAP", "1..")
	f.Fuzz(func(t *testing.T, data []byte) { sound(t, data, TAP) })
}

func FuzzLCOV(f *testing.F) {
	add(f, "TN:", "SF:")
	f.Fuzz(func(t *testing.T, data []byte) { sound(t, data, LCOV) })
}

func FuzzGoCover(f *testing.F) {
	add(f, "mode:")
	f.Fuzz(func(t *testing.T, data []byte) { sound(t, data, GoCover) })
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`{"version":1,"commit":"0123456789012345678901234567890123456789","suites":[{"name":"unit","reports":[{"name":"a.xml","content":"PHRlc3RzdWl0ZS8+"}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ReadDocument(bytes.NewReader(data))
		if err == nil && d.Check() != nil {
			t.Fatalf("%+v", d)
		}
	})
}

// agree compares the elements that are read here with those that encoding/xml reads of the whole text: what is dropped
// between tags must hide none and make none.
func agree(t *testing.T, data []byte) {
	t.Helper()
	s, err := open("x", bytes.NewReader(data))
	if err != nil {
		return
	}
	head, err := s.head()
	if err != nil || len(head) == 0 || head[0] != '<' || bytes.Contains(head, []byte("encoding")) || !bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")) {
		return
	}
	x, err := newElements(s, head)
	if err != nil {
		return
	}
	var ours []string
	for {
		e, err := x.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return // refused: nothing is counted
		}
		ours = append(ours, e.name)
	}
	var theirs []string
	for dec := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := dec.Token()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				return // its text holds what XML may not, which does not matter here
			}
			break
		}
		switch e := token.(type) {
		case xml.StartElement:
			theirs = append(theirs, e.Name.Local)
		case xml.EndElement:
			theirs = append(theirs, e.Name.Local)
		}
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Fatalf("encoding/xml - ours +\n%s", diff)
	}
}

// TestAgree runs the comparison over the cases, where it must not give up early.
func TestAgree(t *testing.T) {
	t.Parallel()
	for _, data := range seeds(t) {
		agree(t, data)
	}
	if _, err := os.Stat("testdata/fuzz"); err != nil {
		t.Error("the corpus of the fuzzers is not there")
	}
}
