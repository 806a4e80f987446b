package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
)

// BenchmarkAccept measures single calls at a steady 1,000 a second, and all of a burst at once.
func BenchmarkAccept(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		for name, gap := range map[string]time.Duration{"1000-a-second": time.Millisecond, "burst": 0} {
			for _, working := range []bool{false, true} {
				if working {
					name += "-while-working"
				}
				b.Run(kind+"/"+name, func(b *testing.B) { benchmarkAccept(b, kind, gap, working) })
			}
		}
	}
}

func benchmarkAccept(b *testing.B, kind string, gap time.Duration, working bool) {
	s := open(b, Options{URL: newURL(b, kind), Now: time.Now})
	if working {
		start(b, s, func(context.Context, control.Task, int) error { return nil })
	}
	took := make([]time.Duration, b.N)
	var wg sync.WaitGroup
	begin := time.Now()
	b.ResetTimer()
	for i := range b.N {
		if gap > 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(i) * gap)))
		}
		wg.Go(func() {
			from := time.Now()
			fresh, err := s.Accept(context.Background(), delivery(fmt.Sprint(i)), []control.Task{task(fmt.Sprint(i))})
			if err != nil || !fresh {
				b.Error(fresh, err)
			}
			took[i] = time.Since(from)
		})
	}
	wg.Wait()
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/time.Since(begin).Seconds(), "accepted/s")
	b.ReportMetric(took[b.N/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[b.N*99/100].Seconds()*1000, "p99-ms")
	b.ReportMetric(took[b.N-1].Seconds()*1000, "max-ms")
	if n := count(b, s, "delivery"); n != b.N {
		b.Errorf("%d deliveries of %d", n, b.N)
	}
	if working {
		idle(b, s)
	}
}

// BenchmarkDrain measures how fast waiting tasks that cost nothing are done.
func BenchmarkDrain(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			s := open(b, Options{URL: newURL(b, kind), Now: time.Now})
			tasks := make([]control.Task, b.N)
			for i := range tasks {
				tasks[i] = task(fmt.Sprint(i))
			}
			for part := range slices.Chunk(tasks, 5000) {
				ok(b, s.Want(context.Background(), part...))
			}
			var did atomic.Int64
			last := make(chan bool, 1)
			b.ResetTimer()
			from := time.Now()
			start(b, s, func(context.Context, control.Task, int) error {
				if int(did.Add(1)) == b.N {
					last <- true
				}
				return nil
			})
			<-last
			idle(b, s)
			b.StopTimer()
			b.ReportMetric(float64(b.N)/time.Since(from).Seconds(), "tasks/s")
			if int(did.Load()) != b.N {
				b.Errorf("%d tasks done of %d", did.Load(), b.N)
			}
		})
	}
}

// BenchmarkLatency measures an idle queue: from Accept to the handler.
func BenchmarkLatency(b *testing.B) {
	for _, kind := range []string{"sqlite", "postgres"} {
		b.Run(kind, func(b *testing.B) {
			s := open(b, Options{URL: newURL(b, kind), Now: time.Now})
			arrived := make(chan time.Time, 1)
			start(b, s, func(context.Context, control.Task, int) error {
				arrived <- time.Now()
				return nil
			})
			took := make([]time.Duration, b.N)
			for i := range b.N {
				time.Sleep(time.Duration(20+i%37) * time.Millisecond) // idle, at no fixed phase
				from := time.Now()
				if _, err := s.Accept(context.Background(), delivery(fmt.Sprint(i)), []control.Task{task(fmt.Sprint(i))}); err != nil {
					b.Fatal(err)
				}
				took[i] = receive(b, arrived, "the task").Sub(from)
			}
			slices.Sort(took)
			b.ReportMetric(took[b.N/2].Seconds()*1000, "p50-ms")
			b.ReportMetric(took[b.N*9/10].Seconds()*1000, "p90-ms")
			b.ReportMetric(took[b.N-1].Seconds()*1000, "max-ms")
		})
	}
}
