package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// scaling is the estate while it is measured: GitHub, PostgreSQL and some replicas behind one address, all on this machine.
type scaling struct {
	*replicas

	b        *testing.B
	postgres func() int // its process
	sql      *pgx.Conn  // for what no replica tells
	front    string
	holdings []holding
	opened   int // pull requests so far
	sheet    *sheet
}

const (
	steadyRate = 20 // pull requests a second
	steadyFor  = 20 * time.Second
	burst      = 1200
	terraform  = 10 // one in so many changes Terraform
)

// open opens pull requests, of which one in nth (0: none) changes Terraform, in as many accounts as GitHub's limits ask for. The
// accounts with most repositories are left out: what they may still ask GitHub for, the sweep after the start takes.
func (s *scaling) open(n, nth int) proposals {
	s.b.Helper()
	accounts := map[int64][]holding{}
	var order []int64
	for _, h := range s.holdings {
		id := h.repo.Tenant.Installation
		if accounts[id] == nil {
			order = append(order, id)
		}
		accounts[id] = append(accounts[id], h)
	}
	order = order[len(order)/10:]
	var p proposals
	for i := range n {
		in := accounts[order[s.opened%len(order)]]
		r := in[s.opened/len(order)%len(in)].hub
		branch := fmt.Sprintf("load-%d", s.opened)
		changes := map[string]string{branch + ".md": "text\n"}
		if nth > 0 && i%nth == 0 {
			changes["infra/main.tf"] = instance("m5.large")
		}
		sha := r.Commit(branch, changes)
		number := r.OpenPull("A change", branch, "main", "writer")
		p.repos, p.shas, p.events = append(p.repos, r), append(p.shas, sha), append(p.events, r.PullEvent("opened", number))
		s.opened++
	}
	return p
}

// load is what became of pull requests that were announced.
type load struct {
	acknowledged, checked []time.Duration // sorted
	all                   time.Duration
}

// deliver sends the events, gap apart (0: as fast as they are taken, a hundred at a time), and waits until each head has its check.
func (s *scaling) deliver(p proposals, gap time.Duration) load {
	s.b.Helper()
	l := load{acknowledged: make([]time.Duration, len(p.events)), checked: make([]time.Duration, len(p.events))}
	began, flight := make([]time.Time, len(p.events)), make(chan struct{}, 100)
	var wg sync.WaitGroup
	start := time.Now()
	for i, e := range p.events {
		// The rate is what is measured at: deliveries come by the clock, whatever became of those before.
		time.Sleep(time.Until(start.Add(time.Duration(i) * gap)))
		flight <- struct{}{}
		wg.Go(func() {
			defer func() { <-flight }()
			began[i] = time.Now()
			if status := s.w.hub.Send(s.b.Context(), s.front+"/webhooks/github", e); status != 202 {
				s.b.Errorf("a webhook was answered %d", status)
			}
			l.acknowledged[i] = time.Since(began[i])
		})
	}
	wg.Wait()
	done := 0
	s.w.eventually("every head is decided", func() bool {
		for done < len(p.shas) && ended(p.repos[done], p.shas[done]) {
			done++
		}
		return done == len(p.shas)
	})
	s.quiet()
	for i, sha := range p.shas {
		runs := p.repos[i].CheckRuns(sha)
		if len(runs) != 1 || runs[0].Writes > 2 { // in progress and completed
			s.b.Errorf("%s: %d check runs", sha, len(runs))
		}
		l.checked[i] = runs[0].Completed.Sub(began[i])
		l.all = max(l.all, runs[0].Completed.Sub(start))
	}
	slices.Sort(l.acknowledged)
	slices.Sort(l.checked)
	return l
}

// quiet waits until nothing is due. What waits for GitHub's limits may still wait.
func (s *scaling) quiet() {
	s.b.Helper()
	s.w.eventually("nothing is due", func() bool {
		time.Sleep(50 * time.Millisecond) // counting weighs on the PostgreSQL that is measured
		return s.number(`SELECT count(*) FROM river_job WHERE state IN ('available', 'running')`) == 0
	})
}

// own marks our own statements, which are none of the server's.
const own = "/* measuring */ "

func (s *scaling) number(sql string) (n int64) {
	s.b.Helper()
	if err := s.sql.QueryRow(s.b.Context(), own+sql).Scan(&n); err != nil {
		s.b.Fatal(err)
	}
	return n
}

// connections watches how many PostgreSQL has at most, its own and ours left out, until end is called.
func (s *scaling) connections(url string) (end func() int64) {
	s.b.Helper()
	conn, err := pgx.Connect(s.b.Context(), url)
	if err != nil {
		s.b.Fatal(err)
	}
	most, quit, done := int64(0), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			var n int64
			if err := conn.QueryRow(s.b.Context(), own+`SELECT count(*) - 2 FROM pg_stat_activity WHERE datname = current_database()`).Scan(&n); err == nil {
				most = max(most, n)
			}
			select {
			case <-quit:
				_ = conn.Close(context.WithoutCancel(s.b.Context()))
				return
			case <-time.After(200 * time.Millisecond):
			}
		}
	}()
	return func() int64 {
		close(quit)
		<-done
		return most
	}
}

// spent is the processor time so far of the servers, of PostgreSQL with all its children, and of this process, which is GitHub.
func (s *scaling) spent() (servers, postgres, hub time.Duration) {
	s.b.Helper()
	for _, one := range s.up {
		servers += processor(s.b, one.cmd.Process.Pid)
	}
	return servers, family(s.postgres()), processor(s.b, os.Getpid())
}

// family is the processor time of a process and its children, those that have ended too.
func family(pid int) time.Duration {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0
	}
	var ticks int64
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		fields := strings.Fields(rest)
		own := filepath.Base(filepath.Dir(file)) == strconv.Itoa(pid)
		if len(fields) < 15 || !own && fields[1] != strconv.Itoa(pid) {
			continue
		}
		counted := fields[11:13]
		if own {
			counted = fields[11:15] // and of children that have ended
		}
		for _, field := range counted {
			if t, err := strconv.ParseInt(field, 10, 64); err == nil {
				ticks += t
			}
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// operations says what was asked for most, for each of so many repositories.
func (s *scaling) operations(what string) {
	count := map[string]int{}
	for _, r := range s.w.hub.Log() {
		count[r.Operation]++
	}
	s.sheet.say("\n| %s, over %d repositories: operation | requests | for each repository |\n|---|---|---|", what, len(s.holdings))
	for _, o := range slices.SortedFunc(maps.Keys(count), func(a, b string) int { return cmp.Or(count[b]-count[a], strings.Compare(a, b)) }) {
		s.sheet.say("| `%s` | %d | %.2f |", o, count[o], float64(count[o])/float64(len(s.holdings)))
	}
}

// asked counts the requests since the last ResetLog of some tenants' installations (none: of all), those that count against their
// quota, and the writes.
func (s *scaling) asked(of map[int64]bool) (all, counted, writes int) {
	for _, r := range s.w.hub.Log() {
		if r.Tenant == 0 || of != nil && !of[r.Tenant] {
			continue
		}
		all++
		if r.Counted {
			counted++
		}
		if r.Write {
			writes++
		}
	}
	return all, counted, writes
}

// timed runs a program with the database's address and says how long it took; whole is false where ctx ended first.
func timed(ctx context.Context, b *testing.B, url, program string, args ...string) (took time.Duration, whole bool) {
	b.Helper()
	from := time.Now()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it starts ends with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.Env = append(os.Environ(), "PLATFORM_DATABASE_URL="+url)
	out, err := cmd.CombinedOutput()
	if took = time.Since(from); err != nil && ctx.Err() == nil {
		b.Fatalf("%s: %v\n%s", program, err, out)
	}
	return took, err == nil
}

func tenants(p proposals) map[int64]bool {
	out := map[int64]bool{}
	for _, r := range p.repos {
		out[r.Installation()] = true
	}
	return out
}
