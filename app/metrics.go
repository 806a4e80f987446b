package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/org/platform-action/internal/github"
	"github.com/org/platform-action/internal/store"
)

// metrics have no label that names a tenant: whoever scrapes them must learn nothing of one.
type metrics struct {
	registry   *prometheus.Registry
	deliveries *prometheus.CounterVec
	uploads    *prometheus.CounterVec
	calls      *prometheus.CounterVec
	seconds    prometheus.Histogram
	remaining  *prometheus.GaugeVec // without labels: a vector tells nothing until GitHub has
	verdicts   *prometheus.HistogramVec
	lost       prometheus.Counter

	acknowledge *prometheus.HistogramVec
	judged      *prometheus.CounterVec
	gates       *prometheus.CounterVec
	events      *prometheus.CounterVec
	sinks       []string
}

func newMetrics() *metrics {
	m := &metrics{
		registry:   prometheus.NewRegistry(),
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "platform_deliveries_total", Help: "Webhooks by event and what became of them."}, []string{"event", "outcome"}),
		uploads:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "platform_uploads_total", Help: "Uploads by route and what became of them."}, []string{"route", "outcome"}),
		calls:      prometheus.NewCounterVec(prometheus.CounterOpts{Name: "platform_github_calls_total", Help: "Requests to GitHub; counted ones use up the quota."}, []string{"method", "status", "counted"}),
		seconds:    prometheus.NewHistogram(prometheus.HistogramOpts{Name: "platform_github_call_seconds", Help: "How long GitHub takes to answer.", Buckets: prometheus.DefBuckets}),
		remaining:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "platform_github_quota_remaining", Help: "What is left of the hourly quota of the installation that was told last."}, nil),
		verdicts: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "platform_verdict_seconds", Help: "From the change at GitHub to its published verdict.",
			Buckets: []float64{0.5, 1, 2, 5, 10, 20, 60, 300, 1800}}, []string{"outcome"}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{Name: "platform_events_lost_total", Help: "Deliveries that failed again and again and are given up."}),
	}
	m.acknowledge = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "platform_webhook_seconds", Help: "From a webhook's arrival to its answer; GitHub waits for ten seconds.",
		Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}}, []string{"status"})
	m.judged = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "platform_verdicts_total", Help: "Published verdicts."}, []string{"outcome"})
	m.gates = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "platform_gate_decisions_total", Help: "Decisions about deployments; one that waits is decided again and again."}, []string{"outcome", "basis"})
	m.events = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "platform_sink_deliveries_total", Help: "Events that were sent to sinks, and what became of them."}, []string{"sink", "outcome"})
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "platform_build_info", Help: "1, with the version of the server."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.acknowledge, m.judged, m.gates, m.events, build)
	m.registry.MustRegister(m.deliveries, m.uploads, m.calls, m.seconds, m.remaining, m.verdicts, m.lost,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.begin()
	return m
}

func (m *metrics) delivery(event, outcome string) { m.deliveries.WithLabelValues(event, outcome).Inc() }

func (m *metrics) upload(route, outcome string) { m.uploads.WithLabelValues(route, outcome).Inc() }

func (m *metrics) call(c github.Call) {
	m.calls.WithLabelValues(c.Method, strconv.Itoa(c.Status), strconv.FormatBool(c.Counted)).Inc()
	m.seconds.Observe(c.Took.Seconds())
	if c.Remaining >= 0 {
		m.remaining.WithLabelValues().Set(float64(c.Remaining))
	}
}

// verdict counts, and leaves out of the times what was decided long after the change, such as by a sweep: it says nothing
// of how fast we are.
func (m *metrics) verdict(outcome string, after time.Duration) {
	m.judged.WithLabelValues(outcome).Inc()
	if after >= 0 && after < time.Hour {
		m.verdicts.WithLabelValues(outcome).Observe(after.Seconds())
	}
}

// handler answers scrapes; how the queue stands is asked then.
func (m *metrics) handler(db *store.Store) http.Handler {
	m.registry.MustRegister(&queueCollector{db: db}, &storeCollector{db: db, sinks: m.sinks})
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	return mux
}

// queueCollector reads the queue's state when it is scraped.
type queueCollector struct{ db *store.Store }

func (q *queueCollector) descriptions() (jobs, oldest, parked *prometheus.Desc) {
	return prometheus.NewDesc("platform_queue_jobs", "Jobs by state.", []string{"state"}, nil),
		prometheus.NewDesc("platform_queue_oldest_seconds", "Age of the task that waits longest for a worker.", nil, nil),
		prometheus.NewDesc("platform_queue_parked", "Tasks that an operator must look at.", nil, nil)
}

// Describe implements prometheus.Collector.
func (q *queueCollector) Describe(to chan<- *prometheus.Desc) {
	jobs, oldest, parked := q.descriptions()
	to <- jobs
	to <- oldest
	to <- parked
}

// Collect implements prometheus.Collector. While the database is down there is nothing to tell.
func (q *queueCollector) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	stats, err := q.db.Stats(ctx)
	if err != nil {
		return
	}
	jobs, oldest, parked := q.descriptions()
	for state, n := range stats.Jobs {
		to <- prometheus.MustNewConstMetric(jobs, prometheus.GaugeValue, float64(n), state)
	}
	to <- prometheus.MustNewConstMetric(oldest, prometheus.GaugeValue, stats.OldestDue.Seconds())
	to <- prometheus.MustNewConstMetric(parked, prometheus.GaugeValue, float64(stats.Parked))
}
