package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/org/platform-action/internal/plan/plantest"
)

// BenchmarkWhole runs whole commands in this process, each time from nothing: book, catalogue and policies included.
func BenchmarkWhole(b *testing.B) {
	dir := b.TempDir()
	for _, n := range []int{1000, 5000, 20000} {
		path := filepath.Join(dir, fmt.Sprintf("%d.json", n))
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		plantest.Generate(f, n, 1)
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		for _, command := range []string{"check", "cost"} {
			b.Run(fmt.Sprintf("%s/%d", command, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s := streams{out: io.Discard, err: os.Stderr, env: os.Getenv, width: func() int { return 100 }}
					if code := run(b.Context(), []string{command, path, "--quiet"}, s); code > 1 {
						b.Fatalf("exit code %d", code)
					}
				}
			})
		}
	}
}
