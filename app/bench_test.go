package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

// The server runs as a process of its own beside the stand-in, on SQLite with durable writes. Requests are not held
// against GitHub's description here: that is done in the tests.

// proposals are pull requests that wait to be announced, over as many accounts as GitHub's limits ask for.
type proposals struct {
	repos  []*githubtest.Repo // of each
	shas   []string
	events []githubtest.Event
}

// load opens n pull requests, of which every nth of terraform touches Terraform source (0: none).
func (w *world) load(n, perAccount, terraform int) proposals {
	var p proposals
	var r *githubtest.Repo
	for i := range n {
		if i%perAccount == 0 {
			_, r = w.shop(fmt.Sprintf("acme-%d", i/perAccount), nil)
		}
		branch := fmt.Sprintf("b-%d", i)
		changes := map[string]string{branch + ".md": "text\n"}
		if terraform > 0 && i%terraform == 0 {
			changes["infra/main.tf"] = instance("m5.large") // beside its own file: no two of them are one commit
		}
		sha := r.Commit(branch, changes)
		number := r.OpenPull("A change", branch, "main", "writer")
		p.repos, p.shas, p.events = append(p.repos, r), append(p.shas, sha), append(p.events, r.PullEvent("opened", number))
	}
	return p
}

// announce sends every event, gap apart (0: all at once, a hundred at a time), and returns how long each took.
func (w *world) announce(p proposals, gap time.Duration) []time.Duration {
	took := make([]time.Duration, len(p.events))
	var wg sync.WaitGroup
	flight := make(chan struct{}, 100)
	begin := time.Now()
	for i, e := range p.events {
		if gap > 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(i) * gap)))
		}
		flight <- struct{}{}
		wg.Go(func() {
			defer func() { <-flight }()
			from := time.Now()
			w.send(e)
			took[i] = time.Since(from)
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took
}

// decided waits until every head has its verdict, and counts the heads without one and those decided twice.
func (w *world) decided(p proposals, began time.Time) (all time.Duration, lost, twice int) {
	done := 0
	w.eventually("every head is decided", func() bool {
		for done < len(p.shas) && ended(p.repos[done], p.shas[done]) {
			done++
		}
		return done == len(p.shas)
	})
	all = time.Since(began)
	w.idle()
	for i, sha := range p.shas {
		runs := p.repos[i].CheckRuns(sha)
		switch {
		case len(runs) == 0 || runs[0].Status != "completed":
			lost++
		case len(runs) > 1 || runs[0].Writes > 2: // in progress and completed
			twice++
		}
	}
	return all, lost, twice
}

func ended(r *githubtest.Repo, sha string) bool {
	runs := r.CheckRuns(sha)
	return len(runs) > 0 && runs[0].Status == "completed"
}

// heavy is a world for measuring, with its server running and the first sweep done.
func heavy(b *testing.B, o githubtest.Options, n, perAccount, terraform int) (w *world, p proposals, kill func()) {
	b.Helper()
	w = openWorld(b, o)
	w.env["PLATFORM_LOG_LEVEL"], w.wait = "info", 20*time.Minute
	p = w.load(n, perAccount, terraform)
	return w, p, w.spawn()
}

func report(b *testing.B, p proposals, took []time.Duration, all time.Duration, lost, twice int) {
	b.Helper()
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "ack-p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "ack-p99-ms")
	b.ReportMetric(float64(len(p.shas))/all.Seconds(), "verdicts/s")
	b.ReportMetric(float64(lost), "lost")
	b.ReportMetric(float64(twice), "twice")
	if lost+twice > 0 {
		b.Errorf("%d lost, %d decided twice", lost, twice)
	}
}

// BenchmarkBurst sends many deliveries as fast as they are taken.
func BenchmarkBurst(b *testing.B) {
	for _, n := range []int{500, 2000, 10_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) { deliver(b, githubtest.Options{}, n, 50, 10, 0) })
	}
}

// BenchmarkSteady sends a thousand deliveries a second for five seconds, while the verdicts are made.
func BenchmarkSteady(b *testing.B) {
	deliver(b, githubtest.Options{}, 5000, 50, 10, time.Millisecond)
}

// BenchmarkVerdicts measures the whole flow on distinct pull requests, with an API that takes 50 ms to answer.
func BenchmarkVerdicts(b *testing.B) {
	for name, terraform := range map[string]int{"no-terraform": 0, "terraform": 1} {
		b.Run(name, func(b *testing.B) {
			deliver(b, githubtest.Options{Latency: 50 * time.Millisecond}, 2000, 20, terraform, 0)
		})
	}
}

func deliver(b *testing.B, o githubtest.Options, n, perAccount, terraform int, gap time.Duration) {
	b.Helper()
	for range b.N {
		w, p, kill := heavy(b, o, n, perAccount, terraform)
		began := time.Now()
		took := w.announce(p, gap)
		all, lost, twice := w.decided(p, began)
		report(b, p, took, all, lost, twice)
		b.ReportMetric(float64(w.hub.MaxInFlight()), "in-flight")
		kill()
		w.halt()
	}
}

// BenchmarkIdle measures the program itself: from its start to ready, and the memory that it then holds.
func BenchmarkIdle(b *testing.B) {
	runnable(b, serverProgram) // before the clock begins
	var ready time.Duration
	var memory float64
	for range b.N {
		w := openWorld(b, githubtest.Options{})
		w.shop("acme", nil)
		from := time.Now()
		kill := w.spawn()
		ready += time.Since(from)
		w.swept()
		memory = max(memory, resident(b, w.process))
		kill()
	}
	b.ReportMetric(ready.Seconds()*1000/float64(b.N), "ready-ms")
	b.ReportMetric(memory, "idle-MB")
}

// resident is a process's memory in megabytes, as Linux tells it.
func resident(b *testing.B, pid int) float64 {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("the memory of a process is read from /proc, which is not there")
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb * 1024 / 1e6
		}
	}
	b.Fatal("no VmRSS")
	return 0
}
