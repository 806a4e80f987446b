package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/store/storetest"
)

// BenchmarkScale measures the server with much in its database: the tables of docs/scale.md are what it prints. It generates
// 5,000 repositories of 200 installations with a million verdicts in a PostgreSQL of its own, then runs one, two and four
// replicas of the server's program on it. PLATFORM_SCALE_VERDICTS says how many verdicts; with fewer all of it is smaller.
func BenchmarkScale(b *testing.B) {
	verdicts, err := strconv.Atoi(os.Getenv("PLATFORM_SCALE_VERDICTS"))
	if err != nil || verdicts < 10_000 {
		b.Skip("NOT MEASURED: this takes ten minutes and 15 GB of disk. make scale runs it; PLATFORM_SCALE_VERDICTS is how many verdicts, at least 10000")
	}
	e := estate{verdicts: verdicts, until: time.Now().Add(-time.Hour).Truncate(time.Second)}
	e.repositories = min(5000, max(e.verdicts/200, 100))
	e.installations = min(200, e.repositories/10)
	for range b.N {
		measureScale(b, e)
	}
	b.ReportMetric(0, "ns/op")
}

// settings are PostgreSQL's: its own defaults are for a small machine.
func settings() []string {
	return []string{"shared_buffers=1GB", "max_wal_size=2GB", "shared_preload_libraries=pg_stat_statements", "track_io_timing=on"}
}

func measureScale(b *testing.B, e estate) {
	b.Helper()
	began, sheet := time.Now(), &sheet{to: os.Stdout}
	runnable(b, serverProgram) // before any clock runs
	sheet.say("Measured on %s; %d processors, load before it %s.", began.UTC().Format("2006-01-02 15:04 MST"), runtime.NumCPU(), systemLoad())
	kinds := harvest(b)
	w := openWorld(b, githubtest.Options{Key: deskKey()})
	w.env["PLATFORM_LOG_LEVEL"], w.wait = "info", 10*time.Minute
	server := storetest.Postgres{Settings: settings()}
	b.Cleanup(server.Stop)
	url := server.Database(b)
	w.env["PLATFORM_DATABASE_URL"] = url
	holdings := w.found(e)
	conn := generate(b, sheet, url, holdings, e, kinds)
	r := &replicas{t: b, w: w, up: map[string]*replica{}}
	s := &scaling{replicas: r, b: b, postgres: server.Process, sql: conn, front: r.front(), holdings: holdings, sheet: sheet}
	w.canSignIn()
	w.env["PLATFORM_LISTEN"], w.env["PLATFORM_PUBLIC_URL"], w.url = "127.0.0.1:0", s.front, s.front
	s.exec("CREATE EXTENSION pg_stat_statements", "SELECT pg_stat_reset()", "SELECT pg_stat_statements_reset()")
	var columns []column
	for _, n := range []int{1, 2, 4} {
		columns = append(columns, s.with(n))
		fmt.Fprintln(os.Stderr, columns[len(columns)-1]) // should what follows fail
		if n == 1 {
			s.requests()
			s.pages()
		}
		s.end()
	}
	sheet.columns(columns)
	s.statements()
	s.redelivery(url)
	s.retention(url)
	s.growth()
	s.backup(url, server.Database(b), began)
	sheet.say("Load after it %s; all of it took %s.", systemLoad(), rounded(time.Since(began)))
}

// generate fills the database, and says how large it is.
func generate(b *testing.B, sheet *sheet, url string, holdings []holding, e estate, kinds []kind) *pgx.Conn {
	b.Helper()
	if err := openStore(b, url).Close(); err != nil { // the schema
		b.Fatal(err)
	}
	from := time.Now()
	if err := copyAll(b.Context(), url, holdings, e, kinds); err != nil {
		b.Fatal(err)
	}
	copied := time.Since(from)
	settle(b, url, holdings, e)
	if err := copyDeliveries(b.Context(), url, holdings, e); err != nil {
		b.Fatal(err)
	}
	conn, err := pgx.Connect(b.Context(), url)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close(b.Context()) })
	if _, err := conn.Exec(b.Context(), "VACUUM ANALYZE"); err != nil {
		b.Fatal(err)
	}
	sheet.say("Generated in %s, of which %s for the verdicts: %d installations, %d repositories, %d verdicts.", rounded(time.Since(from)), rounded(copied), e.installations, e.repositories, e.verdicts)
	return conn
}

// column is what was measured with so many replicas, in the order of the table's rows.
type column struct {
	replicas int
	rows     [][2]string
}

func (c *column) add(what, format string, args ...any) {
	c.rows = append(c.rows, [2]string{what, fmt.Sprintf(format, args...)})
}

// with starts so many replicas and measures them.
func (s *scaling) with(n int) column {
	s.b.Helper()
	c := column{replicas: n}
	c.add("open pull requests at the start", "%d", s.number(`SELECT count(*) FROM pull WHERE is_open`))
	most := s.connections(s.w.env["PLATFORM_DATABASE_URL"])
	s.w.hub.ResetLog()
	from := time.Now()
	s.join()
	ready := time.Since(from)
	for range n - 1 {
		s.join()
	}
	c.add("start of the first until `/readyz`", "%s", rounded(ready))
	s.w.eventually("the sweep has begun", func() bool {
		return s.number(fmt.Sprintf(`SELECT count(*) FROM work WHERE kind = 'sweep' AND state = 'idle' AND changed >= %d`, from.UnixMicro())) > 0
	})
	s.quiet()
	all, counted, writes := s.asked(nil)
	if n <= 2 {
		s.operations(map[int]string{1: "the first sweep", 2: "the sweep of two replicas that start after one another"}[n])
	}
	c.add("sweep of everything after the start", "%s", rounded(time.Since(from)))
	c.add("requests of it, those that count, writes", "%d, %d, %d", all, counted, writes)
	c.add("tasks that wait then, for the budget of large installations", "%d", s.number(`SELECT count(*) FROM river_job WHERE state IN ('scheduled', 'retryable')`))
	p := s.open(int(steadyFor.Seconds())*steadyRate, terraform)
	l := s.deliver(p, time.Second/steadyRate)
	c.add(fmt.Sprintf("%d pull requests a second: acknowledged, p50 and p99", steadyRate), "%s, %s", millis(l.acknowledged, 50), millis(l.acknowledged, 99))
	c.add(fmt.Sprintf("%d pull requests a second: check completed, p50 and p99", steadyRate), "%s, %s", millis(l.checked, 50), millis(l.checked, 99))
	p = s.open(min(burst, 7*len(tenants(p))), terraform)
	servers, postgres, hub := s.spent()
	l = s.deliver(p, 0)
	servers2, postgres2, hub2 := s.spent()
	each := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(len(p.shas)) }
	c.add(fmt.Sprintf("%d pull requests at once: acknowledged, p50 and p99", len(p.shas)), "%s, %s", millis(l.acknowledged, 50), millis(l.acknowledged, 99))
	c.add("verdicts a second", "%.0f", float64(len(p.shas))/l.all.Seconds())
	c.add("processor time a verdict: servers, PostgreSQL, stand-in for GitHub", "%.1f, %.1f, %.1f ms", each(servers2-servers), each(postgres2-postgres), each(hub2-hub))
	c.add("memory of a replica at most", "%s", s.memory())
	c.add("connections of PostgreSQL at most", "%d", most())
	c.add("load of the machine", "%s", systemLoad())
	return c
}

func (s *scaling) memory() string {
	least, most := 0.0, 0.0
	for _, one := range s.up {
		m := peak(s.b, one.cmd.Process.Pid)
		most = max(most, m)
		if least == 0 || m < least {
			least = m
		}
	}
	if least == most {
		return fmt.Sprintf("%.0f MB", most)
	}
	return fmt.Sprintf("%.0f–%.0f MB", least, most)
}

// end ends all replicas as an orchestrator does.
func (s *scaling) end() {
	s.b.Helper()
	for len(s.order) > 0 {
		s.leave(s.order[0])
	}
}

func (s *scaling) exec(statements ...string) {
	s.b.Helper()
	for _, sql := range statements {
		if _, err := s.sql.Exec(s.b.Context(), sql); err != nil {
			s.b.Fatalf("%s: %v", sql, err)
		}
	}
}

// requests counts what one pull request asks of GitHub.
func (s *scaling) requests() {
	s.b.Helper()
	s.sheet.say("\n| a new pull request | requests | that count against the quota | writes | points |\n|---|---|---|---|---|")
	for _, k := range []struct {
		name string
		nth  int
	}{{"changes no Terraform", 0}, {"changes Terraform, and gets a comment", 1}} {
		p := s.open(20, k.nth)
		s.w.hub.ResetLog()
		s.deliver(p, 0)
		all, counted, writes := s.asked(tenants(p))
		n := float64(len(p.shas))
		s.sheet.say("| %s | %.1f | %.1f | %.1f | %.1f |", k.name, float64(all)/n, float64(counted)/n, float64(writes)/n, float64(all-writes)/n+5*float64(writes)/n)
	}
}

// sheet is where the tables go: as they are made, so that what was measured before a failure is there.
type sheet struct{ to io.Writer }

func (s *sheet) say(format string, args ...any) { fmt.Fprintf(s.to, format+"\n", args...) }

func (s *sheet) columns(columns []column) {
	var head, rule strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&head, " %d |", c.replicas)
		rule.WriteString("---|")
	}
	s.say("\n| replicas |%s\n|---|%s", head.String(), rule.String())
	for i, row := range columns[0].rows {
		line := "| " + row[0] + " |"
		for _, c := range columns {
			line += " " + c.rows[i][1] + " |"
		}
		s.say("%s", line)
	}
}

// systemLoad is the load of the last 1, 5 and 15 minutes.
func systemLoad() string {
	data, err := os.ReadFile(filepath.FromSlash("/proc/loadavg"))
	fields := strings.Fields(string(data))
	if err != nil || len(fields) < 3 {
		return "unknown"
	}
	return strings.Join(fields[:3], ", ")
}

func millis(sorted []time.Duration, percent int) string {
	return rounded(sorted[min(len(sorted)*percent/100, len(sorted)-1)])
}

// rounded keeps what can be told apart.
func rounded(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1000)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1000)
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f s", d.Seconds())
}
