package github_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github"
)

// FuzzWebhook asserts that no signed body makes the endpoint fail, and that whatever gets past it is something that
// the store takes and the flow understands.
func FuzzWebhook(f *testing.F) {
	for _, list := range [][]eventCase{pullCases(), pushCases(), checkCases(), commentCases(), repositoryCases()} {
		for _, c := range list {
			if body := of(c.body); len(body) < 4096 {
				f.Add(c.event, body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		e := newEndpoint(t, nil)
		w := e.send(delivery(event, "d-1", body))
		if !slices.Contains([]int{202, 400}, w.Code) {
			t.Fatalf("%d %s\n%s", w.Code, w.Body, e.log)
		}
		if refused := strings.HasSuffix(e.observed[0], " bad_request"); refused != (w.Code == 400) {
			t.Fatalf("%d, but observed %q", w.Code, e.observed)
		}
		for i, d := range e.inbox.deliveries {
			if d.Tenant.Installation <= 0 || len(d.Action) > 64 || len(e.inbox.tasks[i]) == 0 {
				t.Fatalf("%+v", d)
			}
			if p := d.Pull; p != nil && (p.Number <= 0 || len(p.Base) > 300 || p.Seen.IsZero() || len(p.Head) != 40 && len(p.Head) != 64) {
				t.Fatalf("%+v", p)
			}
			for _, task := range e.inbox.tasks[i] {
				checkTask(t, d, task)
			}
		}
	})
}

func checkTask(t *testing.T, d control.Delivery, task control.Task) {
	t.Helper()
	for _, c := range []byte(task.Subject) {
		if c < '-' || c > 'z' {
			t.Fatalf("subject %q", task.Subject)
		}
	}
	if len(task.Subject) > 200 || len(task.Input) > 64<<10 || task.Tenant.Installation != d.Tenant.Installation {
		t.Fatalf("%+v", task)
	}
	if task.Tenant.Repository <= 0 && task.Kind != control.SyncInstallation {
		t.Fatalf("%s without a repository", task.Kind)
	}
	if task.Input != nil && (!json.Valid(task.Input) || !utf8.Valid(task.Input)) {
		t.Fatalf("input %q", task.Input)
	}
}

func BenchmarkWebhook(b *testing.B) {
	bodies := map[string][]byte{}
	for _, event := range examples(b) {
		if event.Name == "pull_request" || event.Name == "push" {
			bodies[event.Name], _ = installed(b, event.Examples[len(event.Examples)-1])
		}
	}
	for _, event := range []string{"pull_request", "push"} {
		b.Run(event, func(b *testing.B) {
			e := newEndpoint(b, func(o *github.WebhookOptions) { o.Log, o.Observe = slog.New(slog.DiscardHandler), nil })
			b.SetBytes(int64(len(bodies[event])))
			b.ReportAllocs()
			for b.Loop() {
				if w := e.send(delivery(event, "d-1", bodies[event])); w.Code != 202 {
					b.Fatal(w.Code)
				}
			}
		})
	}
	b.Run("large push", func(b *testing.B) {
		body := of(pushBody("refs/heads/main", `"commits":[`))
		body = body[:len(body)-1]
		for i := range 2000 {
			body = fmt.Appendf(body, `{"id":"%040x","timestamp":%q,"added":["modules/network/main-%d.tf"],"removed":[],"modified":["README.md"]},`, i, time.Time{}, i)
		}
		body = append(body, `{"id":"`+sha+`","modified":["main.tf"]}]}`...)
		e := newEndpoint(b, func(o *github.WebhookOptions) { o.Log, o.Observe = slog.New(slog.DiscardHandler), nil })
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		for b.Loop() {
			if w := e.send(delivery("push", "d-1", body)); w.Code != 202 {
				b.Fatal(w.Code, w.Body)
			}
		}
	})
}
