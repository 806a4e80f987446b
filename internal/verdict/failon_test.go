package verdict_test

import (
	"testing"

	"github.com/org/platform-action/internal/verdict"
)

// TestFailOn: never lifts a refusal, and nothing lifts a failure to decide.
func TestFailOn(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][4]int{"block": {3, 1, 0, 0}, "warn": {3, 1, 1, 0}, "never": {3, 0, 0, 0}} {
		f, err := verdict.ParseFailOn(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range verdict.Outcomes() {
			if got := f.Failure(o).ExitCode(); got != want[i] {
				t.Errorf("%s with fail-on %s: exit code %d, want %d", o, name, got, want[i])
			}
		}
		if got := f.Failure(verdict.Outcome(9)).ExitCode(); got != 3 {
			t.Errorf("an unknown outcome with fail-on %s: exit code %d", name, got)
		}
	}
	if _, err := verdict.ParseFailOn("BLOCK"); err == nil {
		t.Error("BLOCK is taken")
	}
}
