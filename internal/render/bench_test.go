package render

import (
	"fmt"
	"io"
	"testing"
)

func BenchmarkRender(b *testing.B) {
	for _, n := range []int{1_000, 20_000} {
		r := fleet(n)
		for _, v := range views {
			b.Run(fmt.Sprintf("%d/%s", n, v.name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if err := Render(io.Discard, v.format, r, Options{TTY: v.tty, Color: v.tty}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
