package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/org/platform-action/internal/control"
)

// flushTime is how long the end of the server waits for the last spans: a collector that is down costs no more.
const flushTime = 3 * time.Second

// tracing sends what the server does to a collector, where the environment names one. Its zero value traces nothing and
// costs nothing: no handler is wrapped, no span is made.
type tracing struct {
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
	exporter *exporter
}

// newTracing reads the variables of OpenTelemetry. What is wrong with them is told in the log and nothing is traced: no
// verdict waits for a collector.
func newTracing(ctx context.Context, variables []string, log *slog.Logger) *tracing {
	vars := map[string]string{}
	for _, v := range variables {
		if name, value, _ := strings.Cut(v, "="); strings.HasPrefix(name, "OTEL_") {
			vars[name] = strings.TrimSpace(value)
		}
	}
	if !wantsTraces(vars) {
		return &tracing{}
	}
	if p := protocol(vars); p != "http/protobuf" {
		log.Warn("nothing is traced: the collector is spoken to by http/protobuf alone, set OTEL_EXPORTER_OTLP_PROTOCOL to it, or leave it away", "protocol", shortText(p))
		return &tracing{}
	}
	client, err := otlptracehttp.New(ctx) // it reads the rest of the variables: endpoint, headers, certificates, timeout, compression
	if err != nil {
		log.Warn("nothing is traced: the variables of OpenTelemetry cannot be used", "error", shortText(err.Error()))
		return &tracing{}
	}
	own := resource.NewSchemaless(attribute.String("service.name", "platform-app"), attribute.String("service.version", version))
	told, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		log.Warn("OTEL_RESOURCE_ATTRIBUTES cannot be read in whole", "error", shortText(err.Error()))
	}
	if all, err := resource.Merge(own, told); err == nil {
		own = all
	}
	e := &exporter{next: client, log: log}
	t := &tracing{exporter: e, provider: sdktrace.NewTracerProvider(sdktrace.WithBatcher(e), sdktrace.WithResource(own))}
	t.tracer = t.provider.Tracer("github.com/org/platform-action/app")
	return t
}

func wantsTraces(vars map[string]string) bool {
	if strings.EqualFold(vars["OTEL_SDK_DISABLED"], "true") {
		return false
	}
	switch vars["OTEL_TRACES_EXPORTER"] {
	case "otlp":
		return true
	case "":
		return vars["OTEL_EXPORTER_OTLP_ENDPOINT"] != "" || vars["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] != ""
	}
	return false
}

func protocol(vars map[string]string) string {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		if vars[name] != "" {
			return vars[name]
		}
	}
	return "http/protobuf"
}

func shortText(s string) string { return s[:min(len(s), 200)] }

func (t *tracing) on() bool { return t.provider != nil }

// end sends what is left, for as long as flushTime.
func (t *tracing) end(ctx context.Context) {
	if !t.on() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // the exporter has told what was lost
}

// nobody carries no context over HTTP: whoever calls us cannot choose our traces, and GitHub learns nothing of them.
func nobody() otelhttp.Option {
	return otelhttp.WithPropagators(propagation.NewCompositeTextMapPropagator())
}

// handler begins a trace with each request but those of probes.
func (t *tracing) handler(next http.Handler) http.Handler {
	if !t.on() {
		return next
	}
	watched := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		inner := r.WithContext(control.WithSteps(r.Context(), t.step))
		next.ServeHTTP(w, inner)
		r.Pattern = inner.Pattern // from which the span has its name
	})
	return otelhttp.NewHandler(watched, "request", otelhttp.WithTracerProvider(t.provider), nobody(), otelhttp.WithFilter(func(r *http.Request) bool {
		return r.URL.Path != "/healthz" && r.URL.Path != "/readyz"
	}))
}

// transport makes a span of each request on the way out.
func (t *tracing) transport(next http.RoundTripper) http.RoundTripper {
	if !t.on() {
		return next
	}
	return otelhttp.NewTransport(next, otelhttp.WithTracerProvider(t.provider), nobody(), otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string {
		return r.Method + " " + r.URL.Host
	}))
}

// origin is what a task that is wanted here is kept with.
func (t *tracing) origin(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// origins is nil where nothing is traced.
func (t *tracing) origins() func(context.Context) string {
	if !t.on() {
		return nil
	}
	return t.origin
}

// task goes on with the trace in which a task was wanted. One that waited for its time begins its own, with a link to where
// it comes from: what is asked again and again for hours would be one trace without an end.
func (t *tracing) task(ctx context.Context, k control.Task, attempt int) (context.Context, func(error)) {
	if !t.on() {
		return ctx, func(error) {}
	}
	origin := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": k.Origin}))
	ctx = control.WithSteps(ctx, t.step)
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		attribute.String("platform.trace", k.Trace()), attribute.String("platform.kind", string(k.Kind)), attribute.Int("platform.attempt", attempt),
		attribute.Int64("platform.installation", k.Tenant.Installation), attribute.Int64("platform.repository", k.Tenant.Repository),
	)}
	switch {
	case origin.IsValid() && k.NotBefore.IsZero():
		ctx = trace.ContextWithRemoteSpanContext(ctx, origin)
	case origin.IsValid():
		options = append(options, trace.WithLinks(trace.Link{SpanContext: origin}))
	}
	ctx, span := t.tracer.Start(ctx, "task "+string(k.Kind), options...)
	return ctx, func(err error) { endSpan(span, err) }
}

// step implements control.Step.
func (t *tracing) step(ctx context.Context, name string, about ...slog.Attr) (context.Context, func(error, ...slog.Attr)) {
	ctx, span := t.tracer.Start(ctx, name, trace.WithAttributes(attributes(about)...))
	return ctx, func(err error, more ...slog.Attr) {
		span.SetAttributes(attributes(more)...)
		endSpan(span, err)
	}
}

// note adds to the span of a request what the log says of it.
func (t *tracing) note(ctx context.Context, about ...slog.Attr) {
	trace.SpanFromContext(ctx).SetAttributes(attributes(about)...)
}

// endSpan says that something failed and not why: an error may quote what others wrote. The log has it, with the same ids.
// A task that comes back later has not failed.
func endSpan(span trace.Span, err error) {
	if _, later := errors.AsType[*control.Later](err); later {
		span.SetAttributes(attribute.Bool("platform.later", true))
	} else if err != nil {
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

func attributes(about []slog.Attr) []attribute.KeyValue {
	var out []attribute.KeyValue
	for _, a := range about {
		key := "platform." + a.Key
		switch a.Value.Kind() { //nolint:exhaustive // nothing else is told
		case slog.KindInt64:
			out = append(out, attribute.Int64(key, a.Value.Int64()))
		case slog.KindBool:
			out = append(out, attribute.Bool(key, a.Value.Bool()))
		case slog.KindString:
			out = append(out, attribute.String(key, a.Value.String()))
		}
	}
	return out
}

// told are the attributes that leave this process. A library's newer version may add others, such as addresses, in which
// repositories, files and tokens of others stand: they stay here.
func told() []string {
	return []string{
		"http.request.method", "http.response.status_code", "http.route", "server.address", "server.port", "url.scheme", "error.type", "network.protocol.version",
		"http.request.body.size", "http.response.body.size",
		"platform.attempt", "platform.basis", "platform.delivery", "platform.digest", "platform.event", "platform.findings", "platform.head",
		"platform.installation", "platform.kind", "platform.later", "platform.outcome", "platform.pull", "platform.repository", "platform.run", "platform.sources",
		"platform.status", "platform.trace", "platform.verdicts",
	}
}

// longest is how many bytes of a text leave.
const longest = 100

// exporter lets out what may leave, and counts what did not arrive.
type exporter struct {
	next   sdktrace.SpanExporter
	log    *slog.Logger
	sent   atomic.Int64 // spans
	lost   atomic.Int64
	warned atomic.Int64 // when, in seconds
}

// ExportSpans implements sdktrace.SpanExporter. It never fails: the SDK would write the error to stderr by itself.
func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	out := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, s := range spans {
		out[i] = safe{s}
	}
	err := e.next.ExportSpans(ctx, out)
	if err == nil {
		e.sent.Add(int64(len(spans)))
		return nil
	}
	e.lost.Add(int64(len(spans)))
	if now, before := time.Now().Unix(), e.warned.Load(); now-before >= 60 && e.warned.CompareAndSwap(before, now) {
		e.log.WarnContext(ctx, "the collector takes no traces; the work goes on without", "error", shortText(err.Error()))
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (e *exporter) Shutdown(ctx context.Context) error { return e.next.Shutdown(ctx) }

// safe is a span without what must not leave.
type safe struct{ sdktrace.ReadOnlySpan }

// Attributes are those of the list, shortened.
func (s safe) Attributes() []attribute.KeyValue {
	var out []attribute.KeyValue
	for _, a := range s.ReadOnlySpan.Attributes() {
		if !slices.Contains(told(), string(a.Key)) {
			continue
		}
		if a.Value.Type() == attribute.STRING && len(a.Value.AsString()) > longest {
			a.Value = attribute.StringValue(strings.ToValidUTF8(a.Value.AsString()[:longest], ""))
		}
		out = append(out, a)
	}
	return out
}

// Events are none: what libraries put there are the texts of errors.
func (s safe) Events() []sdktrace.Event { return nil }

// Status has no text, for the same reason.
func (s safe) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

// traced adds the ids of the trace to each line of the log.
type traced struct{ slog.Handler }

// Handle implements slog.Handler.
func (h traced) Handle(ctx context.Context, r slog.Record) error {
	if at := trace.SpanContextFromContext(ctx); at.IsValid() {
		r.AddAttrs(slog.String("trace_id", at.TraceID().String()), slog.String("span_id", at.SpanID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h traced) WithAttrs(a []slog.Attr) slog.Handler { return traced{h.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (h traced) WithGroup(name string) slog.Handler { return traced{h.Handler.WithGroup(name)} }
