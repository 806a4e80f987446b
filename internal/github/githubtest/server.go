// Package githubtest is a stand-in for GitHub: it keeps repositories, pull requests, check runs, comments and webhook
// deliveries, answers in the shapes of GitHub's REST API, holds each request against GitHub's own description of it, and
// fails on demand in the ways in which GitHub fails.
package githubtest

import (
	"context"
	"crypto/rsa"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Options say how the stand-in behaves. The zero value is fast, lenient and on the wall clock.
type Options struct {
	Validate      bool          // hold requests and answers against GitHub's description; what does not fit is answered 400 and listed by Invalid
	EnforceLimits bool          // GitHub's secondary limits: 100 requests at a time, 900 points and 80 contents a minute
	Latency       time.Duration // added to each API request
	Now           func() time.Time
	AppID         int64           // defaults to 7
	AppSlug       string          // defaults to platform
	Key           *rsa.PrivateKey // of the App; nil: one that all servers of the process share
	TreeLimit     int             // entries of a recursive tree before it is cut; defaults to 100,000
}

// Server is safe for concurrent use.
type Server struct {
	o      Options
	turned turned
	mux    *http.ServeMux
	byID   *http.ServeMux // comments by their id: the pattern and that of a number's comments cannot stand in one mux
	spec   *description
	http   *http.Server
	sender *http.Client // of webhooks
	base   string

	mu            sync.Mutex
	next          int64
	names         map[string]*Repo // by lower-case owner/name
	moved         map[string]*Repo // names that were left
	repos         map[int64]*Repo
	installations map[int64]*Installation
	people        map[string]int64
	teams         map[string]string // account/team/login → active or pending
	tokens        map[string]token
	archives      map[string][]byte // by the key of their address
	grants        grants
	deliveries    []*delivery
	guids         int
	manifests     map[string]bool
	faults        []*Fault
	down          bool
	log           []Request
	invalid       []string
	windows       map[int64]*window
	inFlight      int
	maxInFlight   int
	issuer        *issuer
	keys          trouble
	left          leftBehind
	signIn        signIn
}

// New makes an empty GitHub with one App.
func New(o Options) (*Server, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.AppID == 0 {
		o.AppID = 7
	}
	if o.AppSlug == "" {
		o.AppSlug = "platform"
	}
	if o.TreeLimit == 0 {
		o.TreeLimit = 100_000
	}
	s := &Server{
		o: o, next: 1000, mux: http.NewServeMux(), byID: http.NewServeMux(),
		names: map[string]*Repo{}, moved: map[string]*Repo{}, repos: map[int64]*Repo{}, installations: map[int64]*Installation{},
		people: map[string]int64{}, teams: map[string]string{}, tokens: map[string]token{}, archives: map[string][]byte{}, manifests: map[string]bool{},
		windows: map[int64]*window{}, grants: needed(), left: leftBehind{made: map[string]*upload{}}, sender: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}},
	}
	keys, err := firstKeys()
	if err != nil {
		return nil, err
	}
	if s.o.Key == nil {
		s.o.Key = keys.app
	}
	s.turned.webhook, s.turned.oauth, s.turned.keys = "webhook-secret-of-the-stand-in", ClientSecret, []*rsa.PrivateKey{s.o.Key}
	s.issuer = &issuer{key: keys.issuer, id: "key-1", turns: 1}
	if s.spec, err = theDescription(); err != nil {
		return nil, err
	}
	s.routes()
	return s, nil
}

// Start listens on a free port of the loopback device and returns the API's address.
func (s *Server) Start() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it lives until Close
	if err != nil {
		return "", err
	}
	s.base = "http://" + l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.http.Serve(l) }()
	return s.base, nil
}

// Close ends it.
func (s *Server) Close() error {
	if s.http == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return s.http.Close()
}

// URL is the API's address after Start.
func (s *Server) URL() string { return s.base }

// WebhookSecret is the App's.
func (s *Server) WebhookSecret() string { return s.webhookSecret() }

// AppID is the App's.
func (s *Server) AppID() int64 { return s.o.AppID }

// Down makes every request end without an answer, or ends that.
func (s *Server) Down(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = down
}

// id hands out ids in their order. The caller holds the lock.
func (s *Server) id() int64 {
	s.next++
	return s.next
}

// ServeHTTP answers the API, with and without the prefix of GitHub Enterprise Server.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, "/api/v3"); ok {
		r.URL.Path = rest
		r.URL.RawPath = strings.TrimPrefix(r.URL.RawPath, "/api/v3")
	}
	s.mu.Lock()
	down := s.down
	s.inFlight++
	s.maxInFlight = max(s.maxInFlight, s.inFlight)
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		s.inFlight--
		s.mu.Unlock()
	}()
	if down {
		panic(http.ErrAbortHandler)
	}
	s.muxOf(r.URL.Path).ServeHTTP(w, r)
}

func (s *Server) muxOf(path string) *http.ServeMux {
	if strings.Contains(path, "/issues/comments/") {
		return s.byID
	}
	return s.mux
}

// routes lists everything that is answered.
func (s *Server) routes() {
	s.appRoutes()
	s.repoRoutes()
	s.pullRoutes()
	s.sourceRoutes()
	s.checkRoutes()
	s.commentRoutes()
	s.deliveryRoutes()
	s.issuerRoutes()
	s.resultsRoutes()
	s.actionRoutes()
	s.reviewRoutes()
	s.teamRoutes()
	s.deploymentRoutes()
	s.environmentRoutes()
	s.issueRoutes()
	s.signInRoutes()
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.note(Request{Method: r.Method, Path: r.URL.Path, Status: http.StatusNotFound, Counted: true})
		s.reject("no route for " + r.Method + " " + r.URL.Path)
		http.Error(w, `{"message":"Not Found"}`, http.StatusNotFound)
	})
}
