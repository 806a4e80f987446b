package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/org/platform-action/internal/github/githubtest"
)

// receiver is a collector: it takes spans over OTLP/HTTP.
type receiver struct {
	t     *testing.T
	url   string
	mu    sync.Mutex
	spans []*otlp.Span
	raw   bytes.Buffer
}

func receive(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// ServeHTTP implements http.Handler.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	var got collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &got)
	}
	if err != nil || req.URL.Path != "/v1/traces" {
		r.t.Error(req.URL.Path, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw.Write(body)
	for _, resource := range got.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			r.spans = append(r.spans, scope.GetSpans()...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

func about(s *otlp.Span, key string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == key {
			return a.GetValue().GetStringValue()
		}
	}
	return ""
}

// TestSpans follows one webhook: its answer, the task behind the queue, each call to GitHub and the verdict are one trace,
// and nothing is in it that somebody else has written.
func TestSpans(t *testing.T) { // not parallel: the SDK reads the process's environment
	r := receive(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", r.url)
	w := newWorld(t, githubtest.Options{})
	w.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = r.url
	_, repo := w.shop("canaryowner", nil)
	w.start()
	w.swept()
	sha := repo.Commit("canary-branch", map[string]string{"infra/canaryfile.tf": "resource \"aws_eip\" \"canaryresource\" {}\n"})
	n := repo.OpenPull("canarytitle", "canary-branch", "main", "writer")
	w.send(repo.PullEvent("opened", n))
	w.check(repo, sha)
	lines := w.log.String()
	w.halt() // and what is left is sent

	r.mu.Lock()
	defer r.mu.Unlock()
	var root *otlp.Span
	for _, s := range r.spans {
		if s.GetName() == "POST /webhooks/github" && about(s, "platform.head") == sha {
			root = s
		}
	}
	if root == nil {
		t.Fatalf("no webhook among %d spans", len(r.spans))
	}
	names, parents := map[string]int{}, map[string]*otlp.Span{}
	for _, s := range r.spans {
		if bytes.Equal(s.GetTraceId(), root.GetTraceId()) {
			names[s.GetName()]++
			parents[string(s.GetSpanId())] = s
		}
	}
	for _, s := range parents {
		if up := parents[string(s.GetParentSpanId())]; up == nil && s != root {
			t.Errorf("%s hangs on nothing", s.GetName())
		} else if s.GetName() == "task head" && up != root {
			t.Errorf("the task hangs on %v", up)
		}
		if (s.GetName() == "publish" || s.GetName() == "decide") && about(s, "platform.outcome") == "" {
			t.Errorf("%s has no outcome: %v", s.GetName(), s)
		}
	}
	calls := 0
	for name, n := range names {
		if strings.HasPrefix(name, "GET ") || strings.HasPrefix(name, "PATCH ") {
			calls += n
		}
	}
	t.Log(len(parents), "spans in the trace of one webhook,", calls, "of them reads and writes at GitHub:", names)
	for _, name := range []string{"task head", "decide", "estimate", "policy", "publish"} {
		if names[name] != 1 {
			t.Errorf("%d spans %s", names[name], name)
		}
	}
	if calls < 3 {
		t.Errorf("%d calls to GitHub", calls)
	}
	for _, secret := range []string{"canaryowner", "canary-branch", "canaryfile", "canaryresource", "canarytitle", "/repos/", "token", w.hub.WebhookSecret()} {
		if bytes.Contains(r.raw.Bytes(), []byte(secret)) {
			t.Errorf("%s has left with the traces", secret)
		}
	}
	id := hex.EncodeToString(root.GetTraceId())
	for _, message := range []string{`"msg":"webhook"`, `"msg":"verdict"`} {
		if !slices.ContainsFunc(strings.Split(lines, "\n"), func(l string) bool {
			return strings.Contains(l, message) && strings.Contains(l, `"trace_id":"`+id+`"`)
		}) {
			t.Errorf("no line %s names the trace %s", message, id)
		}
	}
}

// TestDeadCollector has collectors that are not there, and that never answer: verdicts come, and the end does not wait.
func TestDeadCollector(t *testing.T) { // not parallel, as above
	hole, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // of a test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = hole.Close() }()
	for name, url := range map[string]string{"none": "http://127.0.0.1:1", "silent": "http://" + hole.Addr().String()} {
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
		w := newWorld(t, githubtest.Options{})
		w.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
		_, repo := w.shop("acme", nil)
		w.start()
		sha := repo.Commit("b", bigger("m5.large"))
		w.send(repo.PullEvent("opened", repo.OpenPull("A change", "b", "main", "writer")))
		equal(t, name, w.check(repo, sha).Conclusion, "success")
		start := time.Now()
		w.halt()
		if took := time.Since(start); took > flushTime+10*time.Second {
			t.Errorf("%s: the end took %s", name, took)
		}
	}
}

// TestTracingSettings reads the variables; without them nothing is made.
func TestTracingSettings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "OTEL_SERVICE_NAME=x": false, "OTEL_EXPORTER_OTLP_ENDPOINT=": false, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1": true,
		"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://127.0.0.1:1/v1/traces": true, "OTEL_TRACES_EXPORTER=otlp": true,
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_SDK_DISABLED=true": false, "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_TRACES_EXPORTER=none": false,
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_EXPORTER_OTLP_PROTOCOL=grpc": false,
	} {
		var log bytes.Buffer
		tr := newTracing(t.Context(), strings.Fields(text), slog.New(slog.NewTextHandler(&log, nil)))
		equal(t, text, tr.on(), want)
		equal(t, text, strings.Contains(log.String(), "nothing is traced"), strings.Contains(text, "grpc"))
		mux := http.NewServeMux()
		equal(t, text+" the handler as it was", tr.handler(mux) == http.Handler(mux), !want)
		tr.end(t.Context())
	}
}
