package report

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is counted into the cases") //nolint:gochecknoglobals // a test's flag

// TestCases counts every testdata/cases/*.txtar: a report as its tool wrote it, and what must come out.
func TestCases(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			a, err := txtar.ParseFile(file)
			if err != nil || len(a.Files) != 2 || len(a.Comment) == 0 {
				t.Fatalf("want a comment, a report and what is wanted: %v", err)
			}
			got := show(Parse("report", strings.NewReader(string(a.Files[0].Data))))
			if *update {
				a.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(a.Files[1].Data), got); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
		})
	}
}

func show(r Report, err error) string {
	if err != nil {
		return fmt.Sprintf("error: %v\n", err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "format: %s\ntool: %s\n", r.Format, r.Tool)
	if r.Format.Tests() {
		c := r.Counts
		fmt.Fprintf(&b, "executed %d = passed %d + failed %d + errored %d + skipped %d; retried %d\n", c.Executed, c.Passed, c.Failed, c.Errored, c.Skipped, c.Retried)
	} else {
		fmt.Fprintf(&b, "covered %d of %d: %s\n", r.Coverage.Covered, r.Coverage.Lines, r.Coverage)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", n)
	}
	return b.String()
}
