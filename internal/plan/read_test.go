package plan_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestRead reads every file of testdata/read (made by hand, one feature each) and testdata/real (made by
// terraform, see make.sh) and compares the whole plan, or the error, with the golden file beside it.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, folder := range []string{"read", "real"} {
		files, err := filepath.Glob(filepath.Join("testdata", folder, "*.json"))
		if err != nil || len(files) < 10 {
			t.Fatalf("%d files in %s: %v", len(files), folder, err)
		}
		for _, file := range files {
			t.Run(folder+"/"+strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
				t.Parallel()
				text, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				golden(t, strings.TrimSuffix(file, ".json")+".golden", outcome(t, text))
			})
		}
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run: go test ./internal/plan -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("-golden +got:\n%s", diff)
	}
}

// outcome is the plan as indented JSON, or the error.
func outcome(t *testing.T, text []byte) string {
	t.Helper()
	p, err := plan.Read("plan.json", bytes.NewReader(text), plan.Limits{})
	if err != nil {
		var input *plan.InputError
		if !errors.As(err, &input) || input.Name == "" || input.Problem == "" || input.Fix == "" {
			t.Fatalf("%#v is no whole InputError", err)
		}
		return "error: " + err.Error() + "\n"
	}
	return dump(t, p)
}

func dump(t *testing.T, p fact.Plan) string {
	t.Helper()
	out, err := json.Marshal(p, json.Deterministic(true), json.OmitZeroStructFields(true), jsontext.Multiline(true), jsontext.WithIndent(" "))
	if err != nil {
		t.Fatal(err)
	}
	return string(out) + "\n"
}
