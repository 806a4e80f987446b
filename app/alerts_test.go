package main

import (
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestAlertedMetrics holds the alert rules, the dashboard and the page about them against what the server really serves: a
// metric that is named and not there would never fire, and nobody would see it.
func TestAlertedMetrics(t *testing.T) { // not parallel: the SDK of traces reads the process's environment
	r := receive(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.url)
	w := newWorld(t, githubtest.Options{})
	w.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = r.url
	w.public()
	_, repo := w.shop("acme", guardedFiles(""))
	w.sinks(t)
	w.start()
	w.swept()
	tip := repo.Head("main")
	w.testedOn(repo, 1, tip, 3, 0)
	w.send(repo.Deploy(deploying(10, tip), "production"))
	w.gate(repo, 10, "approved")
	repo.Commit("b", bigger("m5.large"))
	w.send(repo.PullEvent("opened", repo.OpenPull("A change", "b", "main", "writer")))
	w.eventually("a verdict is counted", func() bool { return w.metrics()[`platform_verdicts_total{outcome="warn"}`] > 0 })
	status, text := w.get("http://" + w.log.attribute("serving", "metrics") + "/metrics")
	equal(t, "status", status, http.StatusOK)
	served := map[string]bool{}
	for line := range strings.Lines(text) {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(strings.TrimSpace(name), " ")
			served[name] = true
			if kind == "histogram" {
				served[name+"_bucket"], served[name+"_sum"], served[name+"_count"] = true, true, true
			}
		}
	}
	form := regexp.MustCompile(`platform_[a-z_]+|process_[a-z_]+|go_[a-z_]+`)
	named := map[string]bool{}
	for _, file := range []string{"../deploy/prometheus/alerts.yaml", "../deploy/grafana/dashboard.json", "../docs/observability.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := form.FindAllString(string(data), -1)
		if len(found) < 15 {
			t.Errorf("%s names %d metrics", file, len(found))
		}
		for _, name := range found {
			named[name] = true
			if !served[name] {
				t.Errorf("%s names %s, which the server does not serve", file, name)
			}
		}
	}
	for name := range served {
		if strings.HasPrefix(name, "platform_") && !slices.ContainsFunc([]string{"", "_bucket", "_sum", "_count"}, func(end string) bool { return named[name+end] || named[strings.TrimSuffix(name, end)] }) {
			t.Errorf("docs/observability.md does not name %s", name)
		}
	}
	known := atStart(t)
	for line := range strings.Lines(text) {
		closed := slices.ContainsFunc([]string{"platform_deliveries_total{", "platform_uploads_total{", "platform_gate_decisions_total{", "platform_verdicts_total{", "platform_trace_spans_total{"},
			func(name string) bool { return strings.HasPrefix(line, name) })
		if series, _, _ := strings.Cut(line, "} "); closed && !slices.Contains(known, series+"}") {
			t.Errorf("a server does not begin with 0 of %s", line)
		}
		if strings.Contains(line, "acme") || strings.Contains(line, "shop") {
			t.Errorf("a metric names a tenant: %s", line)
		}
	}
}
