package policy_test

import (
	"testing"

	"github.com/org/platform-action/internal/policy"
)

func TestBuiltinTestsPass(t *testing.T) {
	report, err := policy.Test(t.Context(), []policy.Bundle{builtin()})
	if err != nil {
		t.Fatal(err)
	}
	if !report.Passed() {
		t.Error("a built-in test failed")
	}
	for _, b := range report.Bundles {
		for _, c := range b.Tests {
			if c.Outcome != policy.TestPass {
				t.Errorf("%s:%d %s: %v %s", c.File, c.Row, c.Name, c.Outcome, c.Message)
			}
		}
		if len(b.Untested) > 0 {
			t.Errorf("rules without a test: %v", b.Untested)
		}
		t.Logf("%d tests, %.1f %% of lines; not covered: %v", len(b.Tests), b.Coverage, b.Uncovered)
	}
}
