// Package github speaks with GitHub for one App: it verifies webhooks, reads the present state of pull requests and
// writes check runs and comments, within GitHub's limits and for one tenant at a time.
package github

import (
	"crypto/rsa"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"github.com/gregjones/httpcache"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/org/platform-action/internal/control"
)

// CheckName and TestedName are the names of our check runs. Branch protection refers to them, so that they never change.
const (
	CheckName  = "platform/check"
	TestedName = "platform/tested"
)

// Options are what an App needs.
type Options struct {
	APIURL     string // defaults to https://api.github.com; of GitHub Enterprise Server https://HOST/api/v3
	AppID      int64
	PrivateKey *rsa.PrivateKey
	Key        func() *rsa.PrivateKey                    // the private key of this moment; defaults to PrivateKey
	Token      string                                    // of a job, in place of AppID and PrivateKey: nothing is minted
	Transport  http.RoundTripper                         // defaults to http.DefaultTransport's settings
	Wrap       func(http.RoundTripper) http.RoundTripper // around Transport, for traces; nil: nothing
	Now        control.Clock
	Cache      func(control.Tenant) httpcache.Cache // of validators; nil: nothing is kept
	Observe    func(Call)                           // told every call, for metrics; nil: nobody
	Timeout    time.Duration                        // of one request; defaults to 20 s
	Flight     int                                  // requests in flight at most, over all tenants; defaults to 100
}

// Call is one request that was made, for metrics.
type Call struct {
	Method    string
	Status    int // 0: no answer
	Counted   bool
	Remaining int // of the hour's quota; -1: not told
	Took      time.Duration
}

// App is safe for concurrent use.
type App struct {
	options Options
	base    *url.URL
	flight  chan struct{}
	tokens  *lru.Cache[grant, *source]
	budgets *lru.Cache[int64, *budget]
	trees   *treeCache
}

// New makes an App. It asks GitHub nothing: an App starts while GitHub is down.
func New(o Options) (*App, error) {
	if o.APIURL == "" {
		o.APIURL = "https://api.github.com"
	}
	base, err := url.Parse(strings.TrimSuffix(o.APIURL, "/") + "/")
	if err != nil || base.Host == "" || (base.Scheme != "https" && base.Scheme != "http") {
		return nil, fmt.Errorf("the API address %.80q is not a web address; write https://HOST/api/v3", o.APIURL)
	}
	if o.Token == "" && (o.PrivateKey == nil || o.AppID <= 0) {
		return nil, fmt.Errorf("the App's id and private key are needed")
	}
	if o.Key == nil {
		o.Key = func() *rsa.PrivateKey { return o.PrivateKey }
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Wrap != nil {
		o.Transport = o.Wrap(o.Transport)
	}
	if o.Timeout == 0 {
		o.Timeout = 20 * time.Second
	}
	if o.Flight == 0 {
		o.Flight = 100
	}
	if o.Observe == nil {
		o.Observe = func(Call) {}
	}
	a := &App{options: o, base: base, flight: make(chan struct{}, o.Flight), trees: newTreeCache()}
	if a.tokens, err = lru.New[grant, *source](10_000); err != nil {
		return nil, err
	}
	a.budgets, err = lru.New[int64, *budget](10_000)
	return a, err
}

// newTransport keeps as many connections as there may be requests: the default of two a host opens one for nearly
// every request under load.
func newTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := t.Clone()
	own.MaxIdleConnsPerHost = 100
	own.MaxIdleConns = 200
	own.ResponseHeaderTimeout = 15 * time.Second
	return own
}

// client speaks for a tenant. Its requests are conditional where a cache is at hand, wait for the installation's
// budget, and carry a token that reaches this repository alone.
func (a *App) client(t control.Tenant) *github.Client { return a.clientFor(grant{t, forVerdicts}) }

// deploying answers protection rules and reads deployments, and may do nothing else.
func (a *App) deploying(t control.Tenant) *github.Client {
	return a.clientFor(grant{t, forDeployments})
}

// issuing opens issues.
func (a *App) issuing(t control.Tenant) *github.Client { return a.clientFor(grant{t, forIssues}) }

func (a *App) clientFor(g grant) *github.Client {
	t := g.tenant
	var chain http.RoundTripper = &authorised{app: a, grant: g}
	chain = &paced{app: a, budget: a.budget(t.Installation), next: chain}
	if a.options.Cache != nil {
		cached := httpcache.NewTransport(a.options.Cache(t))
		cached.Transport = chain
		chain = &revalidated{next: cached}
	}
	return a.wrap(chain)
}

// application speaks as the App itself, which no installation's quota counts.
func (a *App) application() *github.Client {
	return a.wrap(&paced{app: a, budget: a.budget(0), next: a.appTransport(a.options.Transport)})
}

func (a *App) wrap(chain http.RoundTripper) *github.Client {
	c := github.NewClient(&http.Client{
		Transport: chain, Timeout: a.options.Timeout,
		// A redirect says that the repository has another name, or leads to a storage that must not see the token.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	})
	c.BaseURL, c.UploadURL = a.base, a.base
	c.UserAgent = "platform-action"
	return c
}

// revalidated asks GitHub each time whether what is kept still holds: a verdict on a state of a minute ago would be
// wrong, and an answer "not modified" is free.
type revalidated struct{ next http.RoundTripper }

func (r *revalidated) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet && req.Header.Get("Cache-Control") == "" {
		req = req.Clone(req.Context())
		req.Header.Set("Cache-Control", "max-age=0")
	}
	return r.next.RoundTrip(req)
}
