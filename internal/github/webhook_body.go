package github

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"mime"
	"net"
	"net/http"
	"strings"

	"golang.org/x/sync/semaphore"
)

type signature [sha256.Size]byte

// admit looks at the headers alone, so that most of what is not from GitHub ends before a byte of its body is read.
func admit(r *http.Request, v *visit) (signature, *answer) {
	if r.Method != http.MethodPost {
		return signature{}, &answer{status: http.StatusMethodNotAllowed, outcome: outcomeRequest, text: "webhooks are sent with POST"}
	}
	if problem := readable(r.Header); problem != "" {
		return signature{}, &answer{status: http.StatusUnsupportedMediaType, outcome: outcomeRequest, text: problem}
	}
	if r.ContentLength > maxBody {
		return signature{}, tooLarge()
	}
	if problem := v.name(r.Header); problem != "" {
		return signature{}, badRequest(problem)
	}
	want, problem := signatureOf(r.Header)
	if problem != "" {
		return signature{}, &answer{status: http.StatusUnauthorized, outcome: outcomeSignature, text: problem}
	}
	return want, nil
}

// readable says what is wrong with the kind of the body.
func readable(h http.Header) string {
	if e := strings.Join(h.Values("Content-Encoding"), ","); e != "" && !strings.EqualFold(e, "identity") {
		return "compressed bodies are not read: send the body without Content-Encoding"
	}
	kind, _, err := mime.ParseMediaType(strings.Join(h.Values("Content-Type"), ","))
	switch {
	case err == nil && kind == "application/json":
		return ""
	case err == nil && kind == "application/x-www-form-urlencoded":
		return "the webhook sends a form: set its content type to application/json at GitHub"
	}
	return "the body must be application/json: set the webhook's content type at GitHub"
}

// name takes over the delivery's id and event, if they are such.
func (v *visit) name(h http.Header) string {
	id, event := h.Values("X-GitHub-Delivery"), h.Values("X-GitHub-Event")
	if len(id) != 1 || !within(id[0], 128, func(c byte) bool { return isWord(c) || c == '-' || c >= 'A' && c <= 'Z' }) {
		return "X-GitHub-Delivery is missing, or no id of a delivery: 1 to 128 letters, digits, - and _"
	}
	if len(event) != 1 || !within(event[0], 64, isWord) {
		return "X-GitHub-Event is missing, or no name of an event: 1 to 64 small letters, digits and _"
	}
	v.delivery, v.event = id[0], event[0]
	return ""
}

func isWord(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' }

// within reports whether s has 1 to most bytes, all of them good.
func within(s string, most int, good func(byte) bool) bool {
	for i := range len(s) {
		if !good(s[i]) {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// signatureOf reads the header; SHA-1 alone does not count.
func signatureOf(h http.Header) (signature, string) {
	values := h.Values("X-Hub-Signature-256")
	switch {
	case len(values) == 0 && h.Get("X-Hub-Signature") != "":
		return signature{}, "the header X-Hub-Signature-256 is missing: the SHA-1 of X-Hub-Signature is not believed"
	case len(values) == 0:
		return signature{}, "the header X-Hub-Signature-256 is missing: set the webhook's secret at GitHub"
	}
	var want signature
	digits, ok := strings.CutPrefix(values[0], "sha256=")
	if !ok || len(values) != 1 || len(digits) != hex.EncodedLen(len(want)) {
		return signature{}, "the header X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits"
	}
	if _, err := hex.Decode(want[:], []byte(digits)); err != nil {
		return signature{}, "the header X-Hub-Signature-256 is not sha256= and 64 hexadecimal digits"
	}
	return want, ""
}

// body is the bytes of a request, with the signature that each secret gives them.
type body struct {
	data   []byte
	macs   []hash.Hash
	sum    hash.Hash
	memory *semaphore.Weighted
	held   int64
}

func newBody(memory *semaphore.Weighted, secrets []string) *body {
	b := &body{memory: memory, sum: sha256.New()}
	for _, secret := range secrets {
		b.macs = append(b.macs, hmac.New(sha256.New, []byte(secret)))
	}
	return b
}

// firstPart is what a body gets at once; most deliveries are smaller.
const firstPart = 64 << 10

// read reads src to its end. Memory is claimed as bytes come in: whoever only promises a large body holds none, and
// when it is scarce, what cannot grow in time is refused.
func (b *body) read(ctx context.Context, src io.Reader, length int64) *answer {
	size := int64(firstPart)
	if length >= 0 {
		size = min(size, length+1) // the end is seen without growing
	}
	for {
		if int64(cap(b.data)) < size {
			if !b.claim(ctx, size) {
				return &answer{status: http.StatusServiceUnavailable, outcome: outcomeNotNow, text: "too many large deliveries at once; deliver it again"}
			}
			b.data = append(make([]byte, 0, size), b.data...)
		}
		n, err := src.Read(b.data[len(b.data):cap(b.data)])
		part := b.data[len(b.data) : len(b.data)+n]
		b.data = b.data[:len(b.data)+n]
		b.sum.Write(part)
		for _, mac := range b.macs {
			mac.Write(part)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unread(err)
		}
		if len(b.data) == cap(b.data) {
			size = min(2*size, maxBody+1)
		}
	}
}

// claim makes the body's share of the memory as large as size.
func (b *body) claim(ctx context.Context, size int64) bool {
	ctx, cancel := context.WithTimeout(ctx, memoryWait)
	defer cancel()
	if b.memory.Acquire(ctx, size-b.held) != nil {
		return false
	}
	b.held = size
	return true
}

func (b *body) release() { b.memory.Release(b.held) }

// signedBy compares with every secret's signature, and takes as long whichever of them fits.
func (b *body) signedBy(want signature) bool {
	fits := 0
	for _, mac := range b.macs {
		fits |= subtle.ConstantTimeCompare(mac.Sum(nil), want[:])
	}
	return fits == 1
}

func (b *body) digest() string { return "sha256:" + hex.EncodeToString(b.sum.Sum(nil)) }

func tooLarge() *answer {
	return &answer{status: http.StatusRequestEntityTooLarge, outcome: outcomeTooLarge, text: "the body is larger than 25 MiB, which GitHub does not send"}
}

// unread says why a body has not come to its end. The error itself may quote what was sent.
func unread(err error) *answer {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return tooLarge()
	}
	if slow, ok := errors.AsType[net.Error](err); ok && slow.Timeout() {
		return &answer{status: http.StatusRequestTimeout, outcome: outcomeRequest, text: "the body came too slowly"}
	}
	return badRequest("the body broke off")
}
