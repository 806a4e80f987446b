package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/org/platform-action/internal/api"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/sink"
	"github.com/org/platform-action/internal/store"
	"github.com/org/platform-action/internal/verdict"
)

// begin tells 0 of all that is counted in a closed set: of a series that begins with 1 nobody can tell that it grew, so that
// the first deployment past the gate would raise no alarm.
func (m *metrics) begin() {
	each := func(counts *prometheus.CounterVec, these, those []string) {
		for _, one := range these {
			for _, other := range those {
				counts.WithLabelValues(one, other)
			}
		}
	}
	events, deliveries := github.Observed()
	each(m.deliveries, events, deliveries)
	routes, uploads := api.Observed()
	each(m.uploads, routes, uploads)
	each(m.gates, names(gate.Outcomes()), names(evidence.Bases()))
	each(m.gates, []string{control.GateBypassed}, []string{evidence.BasisBypass.String()})
	for _, outcome := range names(verdict.Outcomes()) {
		m.judged.WithLabelValues(outcome)
		m.verdicts.WithLabelValues(outcome)
	}
}

func names[T fmt.Stringer](list []T) []string {
	var out []string
	for _, one := range list {
		out = append(out, one.String())
	}
	return out
}

// fault is told where a handler ended without an answer.
const fault = "500"

// acknowledged measures how fast webhooks are answered.
func (m *metrics) acknowledged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, seen := time.Now(), &answered{ResponseWriter: w, status: fault}
		defer func() { m.acknowledge.WithLabelValues(seen.status).Observe(time.Since(start).Seconds()) }()
		next.ServeHTTP(seen, r)
	})
}

// answered remembers the status.
type answered struct {
	http.ResponseWriter
	status string
}

// WriteHeader implements http.ResponseWriter.
func (a *answered) WriteHeader(status int) {
	a.status = strconv.Itoa(status)
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (m *metrics) gate(outcome, basis string) { m.gates.WithLabelValues(outcome, basis).Inc() }

func (m *metrics) event(sink, outcome string) { m.events.WithLabelValues(sink, outcome).Inc() }

// quota tells what is left of GitHub's hour, as the installation has it that has least.
func (m *metrics) quota(left func() (float64, bool)) {
	m.registry.MustRegister(&gauge{
		desc: prometheus.NewDesc("platform_github_quota_lowest_ratio", "The smallest share of an hourly quota that is left to any installation, 1 is all of it.", nil, nil), read: left,
	})
}

// watch adds what is known of traces and sinks.
func (m *metrics) watch(t *tracing, sinks []sink.Config) {
	m.sinks = sink.Names(sinks)
	if !t.on() {
		return
	}
	for name, n := range map[string]func() int64{"sent": t.exporter.sent.Load, "lost": t.exporter.lost.Load} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "platform_trace_spans_total", Help: "Spans by what became of them.", ConstLabels: prometheus.Labels{"outcome": name},
		}, func() float64 { return float64(n()) }))
	}
}

// gauge is a value that is read when it is scraped, where there is one.
type gauge struct {
	desc *prometheus.Desc
	read func() (float64, bool)
}

// Describe implements prometheus.Collector.
func (g *gauge) Describe(to chan<- *prometheus.Desc) { to <- g.desc }

// Collect implements prometheus.Collector.
func (g *gauge) Collect(to chan<- prometheus.Metric) {
	if v, known := g.read(); known {
		to <- prometheus.MustNewConstMetric(g.desc, prometheus.GaugeValue, v)
	}
}

// storeCollector asks the database when it is scraped. Every replica tells the same: take the largest.
type storeCollector struct {
	db    *store.Store
	sinks []string
}

func storeDescriptions() (up, size, waiting, oldest, late, lag *prometheus.Desc) {
	return prometheus.NewDesc("platform_database_up", "1 while the database answers.", nil, nil),
		prometheus.NewDesc("platform_database_bytes", "What the database takes on its disk.", nil, nil),
		prometheus.NewDesc("platform_gate_waiting", "Deployments that wait for an answer.", nil, nil),
		prometheus.NewDesc("platform_gate_oldest_seconds", "Age of the deployment that waits longest.", nil, nil),
		prometheus.NewDesc("platform_sink_behind_entries", "Entries of the ledger that a sink has not been told.", []string{"sink"}, nil),
		prometheus.NewDesc("platform_sink_lag_seconds", "Age of the oldest entry that a sink has not been told.", []string{"sink"}, nil)
}

// Describe implements prometheus.Collector.
func (s *storeCollector) Describe(to chan<- *prometheus.Desc) {
	up, size, waiting, oldest, late, lag := storeDescriptions()
	for _, d := range []*prometheus.Desc{up, size, waiting, oldest, late, lag} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s *storeCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	up, size, waiting, oldest, late, lag := storeDescriptions()
	tell := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	bytes, err := s.db.Size(ctx)
	if err != nil {
		tell(up, 0)
		return
	}
	tell(up, 1)
	tell(size, float64(bytes))
	if g, err := s.db.GateStats(ctx); err == nil {
		tell(waiting, float64(g.Waiting))
		tell(oldest, g.Oldest.Seconds())
	}
	for _, name := range s.sinks {
		if l, err := s.db.SinkLag(ctx, name); err == nil {
			tell(late, float64(l.Entries), name)
			tell(lag, l.Oldest.Seconds(), name)
		}
	}
}
