// Package api is what programs speak to over HTTP: a workflow run brings a plan's facts or its tests' reports, proved by
// its identity token, and anybody reads how.
package api

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
)

// The paths that are served.
const (
	FactsPath    = "/api/v1/facts"
	EvidencePath = "/api/v1/evidence"
	GatePath     = "/api/v1/gate/decide"
	OpenAPIPath  = "/api/v1/openapi.json"
)

// Verifier says which run a token is of, for a purpose and the SHA-256 of a body as it was sent. Its error is the
// sender's where it has a method RefusalCode() string, and is for later where it is a *control.Later; any other one is
// a fault of ours.
type Verifier interface {
	Verify(ctx context.Context, token, purpose, digest string) (control.Run, error)
}

// Options are what the API needs.
type Options struct {
	Verifier Verifier
	Receive  func(ctx context.Context, run control.Run, body []byte) (control.Receipt, error)
	Evidence func(ctx context.Context, run control.Run, body []byte) (control.EvidenceReceipt, error)
	Gate     func(ctx context.Context, run control.Run, body []byte) (control.LockReceipt, error)
	Now      control.Clock
	Log      *slog.Logger
	MaxBytes int64                       // of a body, as it is sent and unpacked; defaults to 32 MiB
	Observe  func(route, outcome string) // for metrics; nil: nobody
}

// The routes, and what becomes of a request, as metrics name them.
const (
	routeFacts    = "facts"
	routeEvidence = "evidence"
	routeGate     = "gate"
	routeOpenAPI  = "openapi"
	routeOther    = "other"

	outcomeAccepted    = "accepted"
	outcomeServed      = "served"
	outcomeRequest     = "bad_request"
	outcomeToken       = "bad_token"
	outcomeInvalid     = "invalid"
	outcomeForbidden   = "forbidden"
	outcomeNotFound    = "not_found"
	outcomeReplayed    = "replayed"
	outcomeTooLarge    = "too_large"
	outcomeLimited     = "limited"
	outcomeUnavailable = "unavailable"
	outcomeFailed      = "failed" // a fault of ours
)

// Observed are all that Options.Observe is ever told: so that metrics can begin with 0 of each.
func Observed() (routes, outcomes []string) {
	return []string{routeFacts, routeEvidence, routeGate, routeOpenAPI, routeOther}, []string{
		outcomeAccepted, outcomeServed, outcomeRequest, outcomeToken, outcomeInvalid, outcomeForbidden, outcomeNotFound, outcomeReplayed, outcomeTooLarge,
		outcomeLimited, outcomeUnavailable, outcomeFailed,
	}
}

//go:embed openapi.json
var document []byte

// maxMessage is the longest message of an answer, in characters; ours are shorter.
const maxMessage = 500

type server struct {
	Options
	memory *memory
	limits *limits
}

// New makes the handler of everything under /api/v1/.
func New(o Options) (http.Handler, error) {
	if o.Verifier == nil || o.Receive == nil || o.Evidence == nil || o.Gate == nil || o.Now == nil || o.Log == nil {
		return nil, errors.New("the API needs a verifier of tokens, receivers, a clock and a log")
	}
	if o.MaxBytes < 0 || o.MaxBytes > math.MaxInt32 {
		return nil, fmt.Errorf("bodies of %d bytes cannot be held in memory: allow less than 2 GiB", o.MaxBytes)
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 32 << 20
	}
	if o.Observe == nil {
		o.Observe = func(string, string) {}
	}
	l, err := newLimits()
	if err != nil {
		return nil, err
	}
	return &server{o, newMemory(o.MaxBytes), l}, nil
}

// answer is what a caller is told, and the log.
type answer struct {
	status  int
	outcome string
	code    string // of an error; one of a fixed few
	message string
	wait    time.Duration // Retry-After
	allow   string        // Allow
	receipt any           // what became of an upload; nil: nothing did
	err     error         // for the log alone
}

// visit is what the log says of a request: nothing of it that was not proved.
type visit struct {
	route string
	run   control.Run
	token string // taken out of whatever is logged
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := visit{route: routeOther}
	a := s.guarded(r.Context(), w, r, &v)
	s.tell(r.Context(), v, a)
	head := w.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Content-Type", "application/json; charset=utf-8")
	if a.outcome == outcomeServed {
		head.Set("Cache-Control", "public, max-age=300")
		_, _ = w.Write(document) // whoever asked may have gone
		return
	}
	head.Set("Cache-Control", "no-store")
	if a.allow != "" {
		head.Set("Allow", a.allow)
	}
	if a.wait > 0 {
		head.Set("Retry-After", strconv.Itoa(int(math.Ceil(a.wait.Seconds()))))
	}
	switch {
	case a.code == codeNoToken:
		head.Set("WWW-Authenticate", `Bearer realm="platform"`)
	case a.status == http.StatusUnauthorized:
		head.Set("WWW-Authenticate", `Bearer realm="platform", error="invalid_token"`)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(a.body())
	}
}

func (a answer) body() any {
	if a.receipt != nil {
		return a.receipt
	}
	type fault struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	return struct {
		Error fault `json:"error"`
	}{fault{a.code, cut(a.message, maxMessage)}}
}

func cut(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// tell writes the one line of the log, and counts.
func (s *server) tell(ctx context.Context, v visit, a answer) {
	s.Observe(v.route, a.outcome)
	if v.route != routeFacts && v.route != routeEvidence && v.route != routeGate {
		return
	}
	attrs := []slog.Attr{
		slog.String("outcome", a.outcome), slog.Int("status", a.status),
		slog.Int64("repository", v.run.RepositoryID), slog.Int64("run", v.run.ID),
	}
	if a.code != "" {
		attrs = append(attrs, slog.String("code", a.code))
	}
	if a.err != nil {
		text := a.err.Error()
		if v.token != "" {
			text = strings.ReplaceAll(text, v.token, "(token)")
		}
		attrs = append(attrs, slog.String("error", cut(text, maxMessage)))
	}
	level := slog.LevelInfo
	if a.outcome == outcomeFailed {
		level = slog.LevelError
	}
	s.Log.LogAttrs(ctx, level, "upload of "+v.route, attrs...)
}

// guarded turns a panic into an answer. Its value is not logged: it may quote the body.
func (s *server) guarded(ctx context.Context, w http.ResponseWriter, r *http.Request, v *visit) (a answer) {
	defer func() {
		if p := recover(); p != nil {
			s.Log.ErrorContext(ctx, "a request made the server panic", "route", v.route, "kind", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
			a = failed(nil)
		}
	}()
	switch r.URL.Path {
	case FactsPath:
		v.route = routeFacts
		if r.Method != http.MethodPost {
			return wrongMethod("POST")
		}
		return s.upload(w, r, v, func(ctx context.Context, body []byte) (any, error) { return s.Receive(ctx, v.run, body) })
	case EvidencePath:
		v.route = routeEvidence
		if r.Method != http.MethodPost {
			return wrongMethod("POST")
		}
		return s.upload(w, r, v, func(ctx context.Context, body []byte) (any, error) { return s.Evidence(ctx, v.run, body) })
	case GatePath:
		v.route = routeGate
		if r.Method != http.MethodPost {
			return wrongMethod("POST")
		}
		return s.upload(w, r, v, func(ctx context.Context, body []byte) (any, error) { return s.Gate(ctx, v.run, body) })
	case OpenAPIPath:
		v.route = routeOpenAPI
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			return wrongMethod("GET, HEAD")
		}
		return answer{status: http.StatusOK, outcome: outcomeServed}
	}
	return answer{status: http.StatusNotFound, outcome: outcomeNotFound, code: "no-such-route",
		message: "there is nothing at this address; " + OpenAPIPath + " lists what there is"}
}

func wrongMethod(allow string) answer {
	return answer{status: http.StatusMethodNotAllowed, outcome: outcomeRequest, code: "wrong-method", allow: allow, message: "this address takes " + allow + " alone"}
}

func failed(err error) answer {
	return answer{status: http.StatusInternalServerError, outcome: outcomeFailed, code: "fault",
		message: "a fault of the server; its log has the details", err: err}
}
