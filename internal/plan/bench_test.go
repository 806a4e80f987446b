package plan_test

import (
	"bytes"
	"io"
	"strconv"
	"testing"

	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/plan/plantest"
)

// BenchmarkRead reads plans of which every byte is of use; full ones hold planned_values and prior_state as well.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1000, 5000, 20000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) { benchmarkRead(b, n, plantest.Generate) })
	}
	b.Run("full/20000", func(b *testing.B) { benchmarkRead(b, 20000, plantest.GenerateFull) })
}

func benchmarkRead(b *testing.B, n int, generate func(w io.Writer, n int, seed uint64)) {
	var text bytes.Buffer
	generate(&text, n, 1)
	b.SetBytes(int64(text.Len()))
	b.ReportAllocs()
	src := bytes.NewReader(text.Bytes())
	for b.Loop() {
		p, err := plan.Read("plan.json", src, plan.Limits{})
		if err != nil || len(p.Resources) != n || len(p.Faults) > 0 {
			b.Fatalf("%d resources, faults %v: %v", len(p.Resources), p.Faults, err)
		}
	}
}
