package cost_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/plan/plantest"
)

// BenchmarkEstimate prices generated plans; first is a new estimator, as in every run of the command line.
func BenchmarkEstimate(b *testing.B) {
	for _, n := range []int{1000, 5000, 20000} {
		var text bytes.Buffer
		plantest.Generate(&text, n, 1)
		p, err := plan.Read("plan.json", bytes.NewReader(text.Bytes()), plan.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		warm := estimator(b, cost.Options{})
		for name, next := range map[string]func() *cost.Estimator{
			"first": func() *cost.Estimator { return estimator(b, cost.Options{}) },
			"warm":  func() *cost.Estimator { return warm },
		} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := next().Estimate(p); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
