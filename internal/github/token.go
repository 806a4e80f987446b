package github

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	"github.com/google/go-github/v60/github"
	"golang.org/x/sync/singleflight"

	"github.com/org/platform-action/internal/control"
)

// grant is what a token is for: one repository of an installation, or the installation's metadata.
type grant struct {
	tenant  control.Tenant
	purpose purpose
}

// purpose is what a token may be used for beside reading and publishing verdicts. Each has tokens of its own: an account
// that has not yet granted what deployments need still gets its verdicts.
type purpose uint8

const (
	forVerdicts purpose = iota
	forDeployments
	forIssues
	forTeams
)

// source mints tokens of one grant. Each has a transport of its own: ghinstallation's are not safe to share, and one
// slow mint must not hold up the callers whose own time is shorter.
type source struct {
	mu        sync.Mutex
	transport *ghinstallation.Transport
	token     string
	until     time.Time
	flight    singleflight.Group
}

// permissions are the least that our calls need, so that a leaked token can do no more. See docs/operations.md.
func permissions(g grant) *github.InstallationTokenOptions {
	t := g.tenant
	read, write := new("read"), new("write")
	if t.Repository == 0 {
		return &github.InstallationTokenOptions{Permissions: &github.InstallationPermissions{Metadata: read}}
	}
	o := &github.InstallationTokenOptions{RepositoryIDs: []int64{t.Repository}}
	switch g.purpose {
	case forDeployments:
		o.Permissions = &github.InstallationPermissions{Metadata: read, Deployments: write}
	case forIssues:
		o.Permissions = &github.InstallationPermissions{Metadata: read, Issues: write}
	case forTeams:
		o.Permissions = &github.InstallationPermissions{Metadata: read, Members: read}
	case forVerdicts:
		o.Permissions = &github.InstallationPermissions{Metadata: read, Contents: read, PullRequests: write, Checks: write, Actions: read}
	}
	return o
}

func (a *App) appTransport(next http.RoundTripper) *ghinstallation.AppsTransport {
	// Its other constructor keeps one key for good; this one fails only where an option does, and ours does not.
	t, _ := ghinstallation.NewAppsTransportWithOptions(next, a.options.AppID, ghinstallation.WithSigner(signer{a.options.Key}))
	t.BaseURL = a.base.String()
	return t
}

// signer signs with the key of the moment: the App's key can be replaced while the server runs.
type signer struct{ key func() *rsa.PrivateKey }

// Sign implements ghinstallation.Signer.
func (s signer) Sign(claims jwt.Claims) (string, error) {
	return ghinstallation.NewRSASigner(jwt.SigningMethodRS256, s.key()).Sign(claims)
}

func (a *App) source(g grant) *source {
	t := g.tenant
	if s, ok := a.tokens.Get(g); ok {
		return s
	}
	// ghinstallation mints through the App's transport, whatever client it is given.
	tr := ghinstallation.NewFromAppsTransport(a.appTransport(&minting{app: a, budget: a.budget(t.Installation)}), t.Installation)
	tr.InstallationTokenOptions = permissions(g)
	s := &source{transport: tr}
	if old, found, _ := a.tokens.PeekOrAdd(g, s); found {
		return old
	}
	return s
}

// minting tells a refusal for the rate from one for good: both may be a 403, and only the latter means that the
// installation is gone.
type minting struct {
	app    *App
	budget *budget
}

func (m *minting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := m.app.options.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if later := m.budget.pausedBy(resp, m.app.options.Now()); later != nil {
		_ = resp.Body.Close()
		return nil, later
	}
	return resp, nil
}

// get returns a token. Callers wait for one mint together, each no longer than its own context allows; the mint
// itself is bound by nobody's.
func (s *source) get(ctx context.Context, now control.Clock, timeout time.Duration) (string, error) {
	s.mu.Lock()
	token, until := s.token, s.until
	s.mu.Unlock()
	if token != "" && now().Before(until) {
		return token, nil
	}
	minted := s.flight.DoChan("mint", func() (any, error) {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
		defer cancel()
		return s.mint(own)
	})
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-minted:
		if r.Err != nil {
			return "", r.Err
		}
		token, _ := r.Val.(string)
		return token, nil
	}
}

func (s *source) mint(ctx context.Context) (string, error) {
	token, err := s.transport.Token(ctx)
	if err != nil {
		return "", mintFault(err)
	}
	_, refresh, err := s.transport.Expiry()
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	s.token, s.until = token, refresh
	s.mu.Unlock()
	return token, nil
}

// forget drops a token that GitHub no longer takes: a changed permission revokes it.
func (a *App) forget(g grant, token string) {
	if s, ok := a.tokens.Peek(g); ok {
		s.mu.Lock()
		same := s.token == token
		s.mu.Unlock()
		if same {
			a.tokens.Remove(g)
		}
	}
}

// authorised adds the token, and tries once more with a fresh one when GitHub no longer takes it.
type authorised struct {
	app   *App
	grant grant
}

func (t *authorised) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != t.app.base.Host || req.URL.Scheme != t.app.base.Scheme {
		return nil, fmt.Errorf("a request to %s would carry the token to another host", req.URL.Host)
	}
	if token := t.app.options.Token; token != "" {
		own := req.Clone(req.Context())
		own.Header.Set("Authorization", "token "+token)
		return t.app.options.Transport.RoundTrip(own)
	}
	for attempt := 0; ; attempt++ {
		token, err := t.app.source(t.grant).get(req.Context(), t.app.options.Now, t.app.options.Timeout)
		if err != nil {
			return nil, err
		}
		own := req.Clone(req.Context())
		own.Header.Set("Authorization", "token "+token)
		resp, err := t.app.options.Transport.RoundTrip(own)
		if err != nil || resp.StatusCode != http.StatusUnauthorized || attempt > 0 {
			return resp, err
		}
		t.app.forget(t.grant, token)
		if req.Body != nil {
			if req.GetBody == nil {
				return resp, nil
			}
			body, err := req.GetBody()
			if err != nil {
				return resp, nil //nolint:nilerr // the answer stands: it cannot be asked again
			}
			req = req.Clone(req.Context())
			req.Body = body
		}
		_ = resp.Body.Close()
	}
}
