package githubtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// call is one API request while it is answered.
type call struct {
	*http.Request
	body  []byte
	token token // of an installation; zero: the App itself, or nobody
	repo  *Repo // of a repository's route

	person string // whose own token it is; empty: nobody's
}

// answer is what is said to it.
type answer struct {
	status int
	body   any // nil: none
	header http.Header
}

// object is a JSON object.
type object = map[string]any

func ok(body any) answer { return answer{status: http.StatusOK, body: body} }

func refuse(status int, format string, args ...any) answer {
	return answer{status: status, body: object{"message": fmt.Sprintf(format, args...), "documentation_url": "https://docs.github.com/rest"}}
}

func notFound() answer { return refuse(http.StatusNotFound, "Not Found") }

// endpoint is a route of the API.
type endpoint struct {
	pattern string // of http.ServeMux: METHOD /path
	path    string // in GitHub's description; empty: as in the pattern
	as      audience
	needs   string // permission, as checks:write; of a repository's route
	do      func(*call) answer
}

// audience is who may call.
type audience uint8

const (
	asRepository audience = iota // an installation's token that reaches the repository
	asInstallation
	asApp
	asAnybody
	asPerson // somebody's own token
	asClient // the App's client id and secret
)

// handle adds a route. Its function runs under the lock.
func (s *Server) handle(e endpoint) {
	method, pattern, _ := strings.Cut(e.pattern, " ")
	if e.path == "" {
		e.path = strings.ReplaceAll(pattern, "...}", "}")
	}
	s.muxOf(pattern).HandleFunc(e.pattern, func(w http.ResponseWriter, r *http.Request) {
		if s.o.Latency > 0 {
			time.Sleep(s.o.Latency)
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, 32<<20))
		if err != nil {
			return
		}
		c := &call{Request: r, body: body}
		s.answer(w, c, e, method)
	})
}

func (s *Server) answer(w http.ResponseWriter, c *call, e endpoint, method string) {
	s.mu.Lock()
	entry := Request{Method: method, Path: c.URL.Path, Operation: method + " " + e.path, Write: method != http.MethodGet, Counted: true}
	fault := s.fault(method, c.URL.Path)
	var a answer
	switch {
	case fault != nil && !fault.AfterEffect && !fault.slow():
		a = fault.answer()
	default:
		a = s.perform(c, e, method)
	}
	data := s.encode(e, method, c, &a)
	entry.Tenant = c.token.installation
	if c.Header.Get("If-None-Match") != "" && a.header.Get("ETag") == c.Header.Get("If-None-Match") {
		a.status, data = http.StatusNotModified, nil
		entry.Counted = false
	}
	if e.as != asRepository && e.as != asInstallation || c.person != "" {
		entry.Counted = false // no installation's quota
	}
	entry.Status = a.status
	if fault != nil && (fault.Close || fault.AfterEffect) {
		entry.Status = 0
	}
	s.log = append(s.log, entry)
	s.mu.Unlock()
	if fault != nil {
		fault.delay(c.Request)
		if fault.Close || fault.AfterEffect {
			panic(http.ErrAbortHandler)
		}
	}
	maps.Copy(w.Header(), a.header)
	w.WriteHeader(a.status)
	_, _ = w.Write(data)
}

// perform checks who asks and what for, and does it.
func (s *Server) perform(c *call, e endpoint, method string) answer {
	if a, refused := s.admit(c, e, method); refused {
		return a
	}
	if s.o.Validate {
		if err := s.spec.request(c, e.path, method); err != nil {
			s.invalid = append(s.invalid, fmt.Sprintf("%s %s: %s", method, c.URL.Path, brief(err)))
			return refuse(http.StatusBadRequest, "the request does not fit GitHub's description: %v", err)
		}
	}
	return e.do(c)
}

// brief leaves the schema and the value out of a description's complaint.
func brief(err error) string {
	first, _, _ := strings.Cut(err.Error(), "\nSchema:")
	return first
}

// encode writes the answer and what GitHub tells beside it.
func (s *Server) encode(e endpoint, method string, c *call, a *answer) []byte {
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set("Date", s.o.Now().UTC().Format(http.TimeFormat))
	s.quota(c, a)
	if a.body == nil {
		return nil
	}
	if s.o.Validate && a.status < 400 {
		a.body = s.spec.fill(e.path, method, a.status, a.body)
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(a.body); err != nil {
		s.invalid = append(s.invalid, err.Error())
		return nil
	}
	a.header.Set("Content-Type", "application/json; charset=utf-8")
	if s.o.Validate && a.status < 400 {
		if err := s.spec.response(e.path, method, a.status, buf.Bytes()); err != nil {
			s.invalid = append(s.invalid, fmt.Sprintf("the stand-in's own answer to %s %s: %s", method, c.URL.Path, brief(err)))
		}
	}
	if method == http.MethodGet && a.status == http.StatusOK {
		sum := sha256.Sum256(buf.Bytes())
		a.header.Set("ETag", `W/"`+hex.EncodeToString(sum[:16])+`"`)
		a.header.Set("Cache-Control", "private, max-age=60, s-maxage=60")
		a.header.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP")
	}
	return buf.Bytes()
}

// read decodes the body into v.
func (c *call) read(v any) error { return json.Unmarshal(c.body, v) }

// number is a whole number of the path.
func (c *call) number(name string) int64 {
	n, err := strconv.ParseInt(c.PathValue(name), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// paged cuts a list to the page that is asked for, and says where the next one is.
func paged[T any](s *Server, c *call, all []T) ([]T, http.Header) {
	size, at := pageOf(c)
	from := min((at-1)*size, len(all))
	to := min(from+size, len(all))
	header := http.Header{}
	if to < len(all) {
		q := c.URL.Query()
		q.Set("page", strconv.Itoa(at+1))
		header.Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, s.base, c.URL.Path, q.Encode()))
	}
	return all[from:to], header
}

func pageOf(c *call) (size, at int) {
	size, at = 30, 1
	if n, err := strconv.Atoi(c.URL.Query().Get("per_page")); err == nil && n > 0 {
		size = min(n, 100)
	}
	if n, err := strconv.Atoi(c.URL.Query().Get("page")); err == nil && n > 0 {
		at = n
	}
	return size, at
}
