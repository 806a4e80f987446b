package evidence_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/evidence"
)

var update = flag.Bool("update", false, "write the goldens of testdata/cases anew")

// TestCases decides every case of testdata/cases: what it shows as the comment, question.json as a world, and the
// decision as golden.
func TestCases(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	eachCase(t, func(t *testing.T, file string, archive *txtar.Archive) {
		t.Helper()
		data := archive.Files[0].Data
		d := evidence.Tested(parseWorld(t, data).question(t))
		for _, s := range d.Suites {
			seen[s.Code.String()] = true
		}
		for _, r := range d.Reasons {
			seen[r.Code.String()] = true
		}
		got := told(d, data)
		if *update {
			archive.Files = []txtar.File{{Name: "question.json", Data: data}, {Name: "decision", Data: []byte(got)}}
			if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		if len(archive.Files) < 2 {
			t.Errorf("%s has no decision; read what -update writes", file)
			return
		}
		if diff := cmp.Diff(string(archive.Files[1].Data), got); diff != "" {
			t.Errorf("%s differs (-golden +got); read it as a decision, then run: go test ./internal/evidence -update\n%s", file, diff)
		}
	})
	everyCode(t, seen)
}

// eachCase reads the cases, in one loop.
func eachCase(t *testing.T, do func(*testing.T, string, *txtar.Archive)) {
	t.Helper()
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(archive.Comment) == 0 || len(archive.Files) == 0 || archive.Files[0].Name != "question.json" {
			t.Fatalf("%s needs a comment that says what it shows, and question.json", file)
		}
		do(t, file, archive)
	}
}

// everyCode holds that each code which is decided here has a case.
func everyCode(t *testing.T, seen map[string]bool) {
	t.Helper()
	elsewhere := []evidence.Code{evidence.CodeFrozen, evidence.CodeWaiverExpired} // the gate's own
	for _, c := range evidence.Codes() {
		if !seen[c.String()] && !slices.Contains(elsewhere, c) {
			t.Errorf("no case shows %s", c)
		}
	}
}
