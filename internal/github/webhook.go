package github

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/org/platform-action/internal/control"
)

// WebhookOptions are what the webhook endpoint needs.
type WebhookOptions struct {
	Secrets    []string        // any of them signs, so that one can be replaced without a gap
	Current    func() []string // the secrets of this moment; defaults to Secrets
	Inbox      control.Inbox
	Allowed    []int64 // account ids; empty: every account
	AppID      int64   // ours: check runs and comments of other Apps are none of our business
	Now        control.Clock
	Log        *slog.Logger
	Observe    func(event, outcome string)         // for metrics; event is empty until the signature is right; nil: nobody
	Note       func(context.Context, ...slog.Attr) // told what the log is told, for traces; nil: nobody
	PolicyRepo string                              // name of the policy repository; defaults to .github
	MaxMemory  int64                               // of the bodies that are read at once; defaults to 256 MiB
}

// What becomes of a delivery.
const (
	outcomeAccepted  = "accepted"
	outcomeDuplicate = "duplicate"
	outcomeIgnored   = "ignored"
	outcomePing      = "ping"
	outcomeRefused   = "refused_account"
	outcomeSignature = "bad_signature"
	outcomeRequest   = "bad_request"
	outcomeTooLarge  = "too_large"
	outcomeNotNow    = "unavailable"
	outcomeFailed    = "failed" // a fault of ours
)

const (
	maxBody    = 25 << 20         // GitHub sends no more
	memoryWait = 2 * time.Second  // for memory to read a body into
	storeWait  = 8 * time.Second  // GitHub waits ten seconds in all
	retryAfter = 10 * time.Second // GitHub does not try again by itself; whoever stands between may
)

// webhook is the endpoint. A delivery is a hint that something changed: it is written down before it is answered, and
// nothing is done with it here.
type webhook struct {
	WebhookOptions
	memory *semaphore.Weighted
	wants  wants
}

// NewWebhook makes the endpoint that GitHub sends webhooks to.
func NewWebhook(o WebhookOptions) (http.Handler, error) {
	if len(o.Secrets) == 0 || slices.ContainsFunc(o.Secrets, func(s string) bool { return strings.TrimSpace(s) == "" }) {
		return nil, errors.New("a webhook secret is missing or empty: anybody could sign; set the one that stands on the App's page")
	}
	if o.Inbox == nil || o.Now == nil || o.Log == nil || o.AppID <= 0 {
		return nil, errors.New("the webhook endpoint needs an inbox, a clock, a log and the App's id")
	}
	if o.MaxMemory == 0 {
		o.MaxMemory = 256 << 20
	}
	if o.MaxMemory <= maxBody {
		return nil, fmt.Errorf("%d bytes of memory for webhooks cannot hold one of the largest: allow more than %d", o.MaxMemory, maxBody)
	}
	if o.Observe == nil {
		o.Observe = func(string, string) {}
	}
	if o.Note == nil {
		o.Note = func(context.Context, ...slog.Attr) {}
	}
	if o.PolicyRepo == "" {
		o.PolicyRepo = ".github"
	}
	if o.Current == nil {
		o.Current = func() []string { return o.Secrets }
	}
	return &webhook{o, semaphore.NewWeighted(o.MaxMemory), wants{o.AppID, o.PolicyRepo, o.Now}}, nil
}

// answer is what GitHub is told. The text is always ours: nothing of a request is repeated.
type answer struct {
	status  int
	outcome string
	text    string
	err     error // for the log
}

// visit is what the log says of one request; only what has been validated gets in.
type visit struct {
	delivery, event, action string
	tenant                  control.Tenant
	head                    string
	traces                  []string // of the tasks that it asked for
	signed                  bool
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var v visit
	a := h.guarded(r.Context(), w, r, &v)
	head := w.Header()
	head.Set("Content-Type", "text/plain; charset=utf-8")
	head.Set("X-Content-Type-Options", "nosniff")
	switch a.status {
	case http.StatusMethodNotAllowed:
		head.Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		head.Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
	}
	w.WriteHeader(a.status)
	_, _ = fmt.Fprintln(w, a.text) // whoever asked may have gone
	h.tell(r.Context(), v, a)
}

// maxTraces bounds the line of a delivery that asks for much.
const maxTraces = 8

// tell writes the one line of the log, and counts.
func (h *webhook) tell(ctx context.Context, v visit, a answer) {
	event := ""
	if v.signed {
		event = metricName(v.event)
	}
	h.Observe(event, a.outcome)
	attrs := []slog.Attr{
		slog.String("delivery", v.delivery), slog.String("event", v.event), slog.String("action", v.action),
		slog.Int64("installation", v.tenant.Installation), slog.Int64("repository", v.tenant.Repository),
		slog.String("outcome", a.outcome), slog.Int("status", a.status),
	}
	if v.head != "" {
		attrs = append(attrs, slog.String("head", v.head))
	}
	if len(v.traces) > 0 {
		attrs = append(attrs, slog.String("trace", strings.Join(v.traces, ",")))
	}
	if a.status >= http.StatusBadRequest {
		attrs = append(attrs, slog.String("reason", a.text))
	}
	if a.err != nil {
		attrs = append(attrs, slog.String("error", a.err.Error()))
	}
	h.Note(ctx, attrs...)
	h.Log.LogAttrs(ctx, slog.LevelInfo, "webhook", attrs...)
}

// guarded turns a panic into an answer. Its value is not logged: it may quote the body.
func (h *webhook) guarded(ctx context.Context, w http.ResponseWriter, r *http.Request, v *visit) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			h.Log.ErrorContext(ctx, "a webhook made the server panic", "delivery", v.delivery, "event", v.event,
				"kind", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			a = answer{status: http.StatusInternalServerError, outcome: outcomeFailed, text: "a fault of the server; its log has the details"}
		}
	}()
	return h.take(w, r, v)
}

// take goes through a delivery: cheap refusals first, then the signature, and only then what the body says.
func (h *webhook) take(w http.ResponseWriter, r *http.Request, v *visit) answer {
	want, refused := admit(r, v)
	if refused != nil {
		return *refused
	}
	p, digest, refused := h.open(w, r, want, v)
	if refused != nil {
		return *refused
	}
	asked, refused := h.weigh(v, p)
	if refused != nil {
		return *refused
	}
	d := control.Delivery{
		ID: v.delivery, Event: v.event, Action: v.action, Tenant: v.tenant, Digest: digest, Received: h.Now(), Pull: asked.pull,
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWait)
	defer cancel()
	fresh, err := h.Inbox.Accept(ctx, d, asked.tasks)
	if err != nil {
		return answer{http.StatusServiceUnavailable, outcomeNotNow, "the delivery could not be stored; deliver it again", err}
	}
	if !fresh {
		return answer{status: http.StatusAccepted, outcome: outcomeDuplicate, text: "duplicate: this delivery is known already"}
	}
	for _, t := range asked.tasks[:min(len(asked.tasks), maxTraces)] {
		v.traces = append(v.traces, t.Trace())
		if t.Kind == control.EvaluateHead {
			v.head = t.Subject
		}
	}
	return answer{status: http.StatusAccepted, outcome: outcomeAccepted, text: "accepted"}
}

// open reads the body, checks its signature and then parses it. The body is let go before anything is stored.
func (h *webhook) open(w http.ResponseWriter, r *http.Request, want signature, v *visit) (payload, string, *answer) {
	b := newBody(h.memory, h.Current())
	defer b.release()
	if refused := b.read(r.Context(), http.MaxBytesReader(w, r.Body, maxBody), r.ContentLength); refused != nil {
		return payload{}, "", refused
	}
	if !b.signedBy(want) {
		return payload{}, "", &answer{status: http.StatusUnauthorized, outcome: outcomeSignature,
			text: "X-Hub-Signature-256 does not fit the body: the webhook's secret at GitHub and the server's differ"}
	}
	v.signed = true
	p, err := parsePayload(v.event, b.data)
	if err != nil {
		return payload{}, "", badRequest(err.Error())
	}
	v.action, v.tenant = p.action(), p.tenant(v.event)
	return p, b.digest(), nil
}

// weigh finds what a delivery asks for. What asks for nothing is answered here, and leaves no trace but in the log.
func (h *webhook) weigh(v *visit, p payload) (wish, *answer) {
	switch {
	case v.event == "ping":
		return wish{}, &answer{status: http.StatusAccepted, outcome: outcomePing, text: "pong"}
	case !wanted(v.event):
		return wish{}, &answer{status: http.StatusAccepted, outcome: outcomeIgnored, text: "ignored: this event asks for nothing"}
	case !p.placed(v.event):
		return wish{}, &answer{status: http.StatusAccepted, outcome: outcomeIgnored, text: "ignored: the delivery is not of an installation of the App"}
	case len(h.Allowed) > 0 && !slices.Contains(h.Allowed, p.account(v.event)):
		return wish{}, &answer{status: http.StatusAccepted, outcome: outcomeRefused, text: "ignored: this server does not serve the account"}
	}
	asked, err := h.wants.tasksOf(v.event, p)
	if err != nil {
		return wish{}, badRequest(err.Error())
	}
	if len(asked.tasks) == 0 {
		return wish{}, &answer{status: http.StatusAccepted, outcome: outcomeIgnored, text: "ignored: nothing to do"}
	}
	return asked, nil
}

func badRequest(text string) *answer {
	return &answer{status: http.StatusBadRequest, outcome: outcomeRequest, text: text}
}
