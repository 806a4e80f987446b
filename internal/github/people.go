package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/go-github/v60/github"
	"golang.org/x/oauth2"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/gate/scan"
)

// PeopleOptions are what signing in needs. All but Secret, Transport and Timeout are required.
type PeopleOptions struct {
	APIURL, WebURL         string
	ClientID, ClientSecret string
	Secret                 func() string // the client secret of this moment; defaults to ClientSecret
	Callback               string        // where GitHub sends people back
	Transport              http.RoundTripper
	Timeout                time.Duration // of one request; defaults to 10 s
}

// People signs people in at GitHub, and sees what each of them may see, by their own token.
type People struct {
	o      PeopleOptions
	base   *url.URL
	config oauth2.Config
}

// NewPeople asks GitHub nothing.
func NewPeople(o PeopleOptions) (*People, error) {
	base, err := url.Parse(strings.TrimSuffix(o.APIURL, "/") + "/")
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("the API address %.80q is not a web address; write https://HOST/api/v3", o.APIURL)
	}
	if o.ClientID == "" || o.ClientSecret == "" || o.Callback == "" {
		return nil, errors.New("signing in needs the App's client id and secret, and an address to come back to")
	}
	if o.Transport == nil {
		o.Transport = newTransport()
	}
	if o.Timeout == 0 {
		o.Timeout = 10 * time.Second
	}
	if o.Secret == nil {
		o.Secret = func() string { return o.ClientSecret }
	}
	web := strings.TrimSuffix(o.WebURL, "/")
	return &People{o: o, base: base, config: oauth2.Config{
		ClientID: o.ClientID, RedirectURL: o.Callback,
		Endpoint: oauth2.Endpoint{
			AuthURL: web + "/login/oauth/authorize", TokenURL: web + "/login/oauth/access_token", AuthStyle: oauth2.AuthStyleInParams,
		},
	}}, nil
}

// Address is GitHub's page that asks somebody to sign in.
func (p *People) Address(state, verifier string) string {
	return p.config.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier))
}

// Exchange gives somebody's token for the code that GitHub sent them back with. The error holds neither; it is
// control.ErrForbidden where GitHub does not take the code.
func (p *People) Exchange(ctx context.Context, code, verifier string) (token string, until time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	ctx = context.WithValue(ctx, oauth2.HTTPClient, &http.Client{Transport: p.o.Transport, CheckRedirect: stay})
	config := p.config
	config.ClientSecret = p.o.Secret()
	t, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	switch {
	case ok && refused.ErrorCode != "":
		return "", until, fmt.Errorf("GitHub does not take the code: %.60q: %w", refused.ErrorCode, control.ErrForbidden)
	case ok && refused.Response != nil:
		return "", until, fmt.Errorf("GitHub answered %d", refused.Response.StatusCode)
	case err != nil: // its text may show the address, and that the code
		return "", until, fmt.Errorf("GitHub cannot be reached at %s", p.base.Host)
	}
	return t.AccessToken, t.Expiry, nil
}

// stay follows no redirect: what is asked carries secrets.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// personal carries a person's token, to GitHub's API alone.
type personal struct {
	people *People
	token  string
}

func (t *personal) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != t.people.base.Host || req.URL.Scheme != t.people.base.Scheme {
		return nil, errors.New("a request to another host would carry a person's token there")
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+t.token)
	return t.people.o.Transport.RoundTrip(req)
}

func (p *People) as(token string) *github.Client {
	c := github.NewClient(&http.Client{Transport: &personal{p, token}, Timeout: p.o.Timeout})
	c.BaseURL, c.UserAgent = p.base, "platform-action"
	return c
}

// personFault tells a sign-in that has ended from what is not there and from what is worth trying again.
func personFault(doing string, err error) error {
	if e, ok := errors.AsType[*github.ErrorResponse](err); ok && e.Response.StatusCode == http.StatusUnauthorized {
		return fmt.Errorf("%s: %w", doing, control.ErrSignedOut)
	}
	if limit, ok := errors.AsType[*github.RateLimitError](err); ok {
		return &control.Later{After: time.Until(limit.Rate.Reset.Time), Reason: "GitHub's limit for this person is used up"}
	}
	if _, ok := errors.AsType[*github.AbuseRateLimitError](err); ok {
		return &control.Later{After: time.Minute, Reason: "GitHub asks this person to wait"}
	}
	return fault(doing, err)
}

// InTeam reports that somebody is in a team of an organisation; an invitation that was not accepted does not count. A team
// that they may not see is none.
func (p *People) InTeam(ctx context.Context, token, org, team, login string) (bool, error) {
	m, _, err := p.as(token).Teams.GetTeamMembershipBySlug(ctx, url.PathEscape(org), url.PathEscape(team), url.PathEscape(login))
	err = personFault("reading who operates the server", err)
	if errors.Is(err, control.ErrGone) || errors.Is(err, control.ErrForbidden) {
		return false, nil
	}
	return err == nil && m.GetState() == "active", err
}

// Survey reads how a repository deploys, as somebody may see it.
func (p *People) Survey(ctx context.Context, token, owner, name string) (scan.Facts, error) {
	return Survey(ctx, &Reader{p.as(token)}, "repos/"+url.PathEscape(owner)+"/"+url.PathEscape(name))
}

// Whoami is whose token it is.
func (p *People) Whoami(ctx context.Context, token string) (control.Person, error) {
	u, _, err := p.as(token).Users.Get(ctx, "")
	if err != nil {
		return control.Person{}, personFault("reading who signed in", err)
	}
	if u.GetID() <= 0 || u.GetLogin() == "" {
		return control.Person{}, errors.New("reading who signed in: GitHub's answer names nobody")
	}
	return control.Person{ID: u.GetID(), Login: u.GetLogin(), Kind: u.GetType()}, nil
}

// Repository is the repository of that name, if the person and the App may both see it; control.ErrGone if not. A
// renamed one answers under its old name.
func (p *People) Repository(ctx context.Context, token, owner, name string) (control.Visible, error) {
	client := p.as(token)
	req, err := client.NewRequest(http.MethodGet, "repos/"+url.PathEscape(owner)+"/"+url.PathEscape(name), nil)
	if err != nil {
		return control.Visible{}, err
	}
	var r github.Repository
	if _, err := client.Do(ctx, req, &r); err != nil {
		err = personFault("reading a repository", err)
		if errors.Is(err, control.ErrForbidden) { // single sign-on, an address that is not allowed, a blocked repository
			err = fmt.Errorf("%w: %w", err, control.ErrGone)
		}
		return control.Visible{}, err
	}
	return control.Visible{ID: r.GetID(), Owner: r.GetOwner().GetLogin(), Name: r.GetName()}, nil
}

// Bounds of one look at what somebody may see: 20 requests at most.
const maxVisiblePages = 20

// Visible lists the repositories that the person and the App may both see; whole is false where there are more than are
// asked for.
func (p *People) Visible(ctx context.Context, token string) (list []control.Visible, whole bool, err error) {
	client, asked := p.as(token), 0
	next := func(at int) bool { asked++; return at != 0 && asked < maxVisiblePages }
	var installations []int64
	for o := (&github.ListOptions{PerPage: page}); ; {
		part, resp, err := client.Apps.ListUserInstallations(ctx, o)
		if err != nil {
			return nil, false, personFault("listing what somebody may see", err)
		}
		for _, i := range part {
			installations = append(installations, i.GetID())
		}
		if o.Page = resp.NextPage; !next(o.Page) {
			whole = o.Page == 0
			break
		}
	}
	for _, id := range installations {
		for o := (&github.ListOptions{PerPage: page}); ; {
			if asked >= maxVisiblePages {
				return list, false, nil
			}
			part, resp, err := client.Apps.ListUserRepos(ctx, id, o)
			if err != nil {
				if err = personFault("listing what somebody may see", err); errors.Is(err, control.ErrGone) || errors.Is(err, control.ErrForbidden) {
					asked, whole = asked+1, false // an organisation that asks for single sign-on
					break
				}
				return nil, false, err
			}
			for _, r := range part.Repositories {
				list = append(list, control.Visible{ID: r.GetID(), Owner: r.GetOwner().GetLogin(), Name: r.GetName()})
			}
			if o.Page = resp.NextPage; !next(o.Page) {
				whole = whole && o.Page == 0
				break
			}
		}
	}
	return list, whole, nil
}

// Revoke ends a token at GitHub, so that no copy of it is worth anything.
func (p *People) Revoke(ctx context.Context, token string) error {
	c := github.NewClient(&http.Client{
		Transport: &github.BasicAuthTransport{Username: p.o.ClientID, Password: p.o.Secret(), Transport: p.o.Transport}, Timeout: p.o.Timeout, CheckRedirect: stay,
	})
	c.BaseURL, c.UserAgent = p.base, "platform-action"
	_, err := c.Authorizations.Revoke(ctx, p.o.ClientID, token)
	err = personFault("ending a sign-in", err)
	if errors.Is(err, control.ErrGone) {
		return nil // it has ended
	}
	return err
}
