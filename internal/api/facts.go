package api

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/org/platform-action/internal/control"
)

const (
	maxToken    = 16 << 10
	receiveWait = 45 * time.Second // for the receiver, which asks GitHub about the run
	retryAfter  = 10 * time.Second // where nobody says how long
	codeNoToken = "no-token"
)

// upload goes through one: cheap refusals first, then the token over the body's digest, for the route's purpose alone, and
// only then the body.
func (s *server) upload(w http.ResponseWriter, r *http.Request, v *visit, receive func(ctx context.Context, body []byte) (any, error)) answer {
	token, refused := admit(r, s.MaxBytes)
	if refused != nil {
		return *refused
	}
	v.token = token
	held := s.memory.hold()
	defer held.release()
	sent, digest, refused := held.read(r.Context(), http.MaxBytesReader(w, r.Body, s.MaxBytes), r.ContentLength)
	if refused != nil {
		return *refused
	}
	run, err := s.Verifier.Verify(r.Context(), token, v.route, digest)
	if err != nil {
		return unproved(err)
	}
	v.run = run
	if wait := s.limits.take(run.RepositoryID, s.Now()); wait > 0 {
		return answer{status: http.StatusTooManyRequests, outcome: outcomeLimited, code: "too-many-uploads", wait: wait,
			message: "this repository has uploaded too often in the last minute: wait as long as Retry-After says, or upload once for each root or job"}
	}
	if r.Header.Get("Content-Encoding") == "gzip" {
		if sent, refused = held.unpack(r.Context(), sent); refused != nil {
			return *refused
		}
	}
	ctx, cancel := context.WithTimeout(r.Context(), receiveWait)
	defer cancel()
	receipt, err := receive(ctx, sent)
	if err != nil {
		return notReceived(err)
	}
	return answer{status: http.StatusAccepted, outcome: outcomeAccepted, receipt: receipt}
}

// admit looks at the headers: what cannot be taken anyway is not read.
func admit(r *http.Request, most int64) (string, *answer) {
	token, refused := bearer(r.Header.Values("Authorization"))
	if refused != nil {
		return "", refused
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	encodings := r.Header.Values("Content-Encoding")
	switch {
	case err != nil || kind != "application/json":
		return "", &answer{status: http.StatusUnsupportedMediaType, outcome: outcomeRequest, code: "wrong-type",
			message: "the body is not said to be JSON: send it with Content-Type: application/json"}
	case len(encodings) > 1 || len(encodings) == 1 && encodings[0] != "gzip" && encodings[0] != "identity":
		return "", &answer{status: http.StatusUnsupportedMediaType, outcome: outcomeRequest, code: "wrong-encoding",
			message: "the body is packed in a way that is not read here: send it plain, or with Content-Encoding: gzip"}
	case r.ContentLength > most:
		return "", tooLarge(most)
	}
	return token, nil
}

// bearer takes the token out of the header, if it has the shape of one.
func bearer(values []string) (string, *answer) {
	if len(values) == 0 {
		return "", &answer{status: http.StatusUnauthorized, outcome: outcomeToken, code: codeNoToken,
			message: "the header Authorization: Bearer with the job's identity token is missing; the job needs `permissions: id-token: write`"}
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || !shaped(token) {
		return "", &answer{status: http.StatusUnauthorized, outcome: outcomeToken, code: "malformed-token",
			message: "the header Authorization is not Bearer and one identity token of at most 16 KiB; send the token as GitHub gave it"}
	}
	return token, nil
}

// shaped reports whether a text is three parts of base64url.
func shaped(token string) bool {
	parts := strings.Split(token, ".")
	if len(token) > maxToken || len(parts) != 3 {
		return false
	}
	for _, part := range parts {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool {
			return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}

// refusal is a verifier's error that is the sender's to put right.
type refusal interface {
	error
	RefusalCode() string
}

func unproved(err error) answer {
	if r, ok := errors.AsType[refusal](err); ok {
		return answer{status: http.StatusUnauthorized, outcome: outcomeToken, code: r.RefusalCode(), message: r.Error()}
	}
	return ours(err, "whose token this is cannot be verified now, which is no refusal: send it again as Retry-After says")
}

func notReceived(err error) answer {
	r, ok := errors.AsType[*control.Refused](err)
	if !ok {
		return ours(err, "the upload cannot be taken now, which is no refusal: send it again as Retry-After says")
	}
	a := answer{code: r.Code, message: r.Message}
	switch r.Kind {
	case control.Invalid:
		a.status, a.outcome = http.StatusUnprocessableEntity, outcomeInvalid
	case control.Forbidden:
		a.status, a.outcome = http.StatusForbidden, outcomeForbidden
	case control.NotFound:
		a.status, a.outcome = http.StatusNotFound, outcomeNotFound
	case control.Replayed:
		a.status, a.outcome = http.StatusConflict, outcomeReplayed
	default:
		return failed(err)
	}
	return a
}

// ours answers for what the sender cannot help: later, where somebody says so or time ran out, else a fault.
func ours(err error, message string) answer {
	a := answer{status: http.StatusServiceUnavailable, outcome: outcomeUnavailable, code: "unavailable", message: message, wait: retryAfter, err: err}
	if later, ok := errors.AsType[*control.Later](err); ok {
		a.wait = max(later.After, time.Second)
		return a
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return a
	}
	return failed(err)
}
