package report

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
)

// megabyte is a report of 1 MB, half of it output.
func megabyte() string {
	var b strings.Builder
	b.WriteString(`<testsuites><testsuite name="unit">`)
	for i := 0; b.Len() < 1_000_000; i++ {
		fmt.Fprintf(&b, `<testcase classname="com.example.shop.CartTest" name="adds %d" time="0.001"><system-out>%s</system-out></testcase>`+"\n", i, strings.Repeat("some words. ", 10))
	}
	b.WriteString(`</testsuite></testsuites>`)
	return b.String()
}

// BenchmarkReports reads reports of 1 MB, 10 to 1,000 of them: twice as many take twice as long, and no more memory.
// resident-MB is the most that the process ever held.
func BenchmarkReports(b *testing.B) {
	text := megabyte()
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(n * len(text)))
			for b.Loop() {
				for range n {
					if r, err := Parse("x", strings.NewReader(text)); err != nil || r.Counts.Passed < 1000 {
						b.Fatal(r, err)
					}
				}
			}
			b.ReportMetric(resident(b), "resident-MB")
		})
	}
}

func resident(b *testing.B) float64 {
	b.Helper()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	var kilobytes float64
	if _, err := fmt.Sscan(rest, &kilobytes); err != nil {
		b.Fatal(err)
	}
	return kilobytes / 1000
}
