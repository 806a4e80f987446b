package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/store/storetest"
)

// BenchmarkSizes measures what one server needs: memory and processor time at rest, and under a burst of webhooks of
// which every tenth changes Terraform source. Processor time is the server's alone, so that it tells something on a busy
// machine too. The table of docs/operations.md is made of it.
func BenchmarkSizes(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for _, n := range []int{100, 500} {
			b.Run(kind+"/"+strconv.Itoa(n), func(b *testing.B) {
				for range b.N {
					measure(b, kind, n)
				}
			})
		}
	}
}

func measure(b *testing.B, kind string, n int) {
	b.Helper()
	w := openWorld(b, githubtest.Options{})
	w.env["PLATFORM_LOG_LEVEL"], w.wait = "info", 10*time.Minute
	if kind == "postgres" {
		var db storetest.Postgres
		b.Cleanup(db.Stop)
		w.env["PLATFORM_DATABASE_URL"] = db.Database(b)
	}
	p := w.load(n, 50, 10)
	kill := w.spawn()
	defer kill()
	w.swept()
	idle := resident(b, w.process)
	const rest = 10 * time.Second
	before := processor(b, w.process)
	time.Sleep(rest)
	atRest := processor(b, w.process) - before
	before = processor(b, w.process)
	began := time.Now()
	w.announce(p, 0)
	all, lost, twice := w.decided(p, began)
	if lost+twice > 0 {
		b.Errorf("%d lost, %d decided twice", lost, twice)
	}
	b.ReportMetric(idle, "idle-MB")
	b.ReportMetric(atRest.Seconds()/rest.Seconds()*100, "idle-%cpu")
	b.ReportMetric(peak(b, w.process), "peak-MB")
	b.ReportMetric((processor(b, w.process)-before).Seconds()*1000/float64(n), "cpu-ms/verdict")
	b.ReportMetric(float64(n)/all.Seconds(), "verdicts/s")
	b.ReportMetric(0, "ns/op")
}

// processor is the time that a process has had of all processors.
func processor(b *testing.B, pid int) time.Duration {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Skip("the processor time of a process is read from /proc, which is not there")
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	fields := strings.Fields(rest)
	var ticks int64
	for _, field := range fields[11:13] { // utime and stime, in hundredths of a second
		t, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		ticks += t
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// peak is the most memory that a process ever had, in megabytes.
func peak(b *testing.B, pid int) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb * 1024 / 1e6
		}
	}
	b.Fatal("no VmHWM")
	return 0
}
