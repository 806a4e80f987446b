package main

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

var update = flag.Bool("update", false, "write the series that a server begins with anew")

// begun are the counters and histograms of which a server tells 0 before anything has happened. The cases of
// tools/promrules stand on them.
const begun = "../tools/promrules/testdata/begun.txt"

// TestMetricsBegin: what an alert counts is there, and 0, before it happens first.
func TestMetricsBegin(t *testing.T) {
	t.Parallel()
	m := newMetrics()
	m.watch(&tracing{provider: sdktrace.NewTracerProvider(), exporter: &exporter{}}, nil)
	scrape := httptest.NewRecorder()
	promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}).ServeHTTP(scrape, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	var series []string
	for line := range strings.Lines(scrape.Body.String()) {
		at := strings.LastIndex(line, " ")
		if !strings.HasPrefix(line, "platform_") || strings.HasPrefix(line, "platform_build_info") {
			continue
		}
		if series = append(series, line[:at]); strings.TrimSpace(line[at:]) != "0" {
			t.Errorf("it does not begin with 0: %s", line)
		}
	}
	slices.Sort(series)
	got := strings.Join(series, "\n") + "\n"
	if *update {
		if err := os.WriteFile(begun, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(begun)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the series are others: go test ./app -run TestMetricsBegin -update\n%s", diff)
	}
	for _, known := range []string{`platform_gate_decisions_total{basis="bypass",outcome="bypassed"}`, `platform_gate_decisions_total{basis="unknown",outcome="error"}`} {
		if !slices.Contains(series, known) {
			t.Errorf("a server that has decided nothing does not tell %s", known)
		}
	}
}

// atStart are the series of begun.
func atStart(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(begun)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}
