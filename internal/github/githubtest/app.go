package githubtest

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v4"
)

// grants are what the App may do, and the events that it gets.
type grants struct {
	permissions map[string]string
	events      []string
	hookURL     string
}

func needed() grants {
	return grants{
		permissions: map[string]string{"checks": "write", "contents": "read", "metadata": "read", "pull_requests": "write", "actions": "read", "merge_queues": "read", "issues": "write", "members": "read", "deployments": "write"},
		events:      []string{"check_run", "check_suite", "deployment_protection_rule", "deployment_review", "deployment_status", "issue_comment", "merge_group", "pull_request", "pull_request_review", "push", "repository", "workflow_run"},
	}
}

// Grant changes what the App may do.
func (s *Server) Grant(permissions map[string]string, events []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.grants.permissions, s.grants.events = permissions, events
}

// token is an installation's.
type token struct {
	installation int64
	repos        map[int64]bool // nil: all of the installation
	permissions  map[string]string
	until        time.Time
}

// PrivateKeyPEM is the App's key.
func (s *Server) PrivateKeyPEM() []byte {
	return keyPEM(s.o.Key)
}

// ExpireTokens ends every token that was given out.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// admit says who asks, and refuses those who may not.
func (s *Server) admit(c *call, e endpoint, method string) (answer, bool) {
	kind, credential, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	switch e.as {
	case asAnybody:
		return answer{}, false
	case asApp:
		if !strings.EqualFold(kind, "bearer") {
			return refuse(http.StatusUnauthorized, "A JSON web token could not be decoded"), true
		}
		if err := s.verify(credential); err != nil {
			return refuse(http.StatusUnauthorized, "%v", err), true
		}
		return answer{}, false
	case asClient:
		if id, secret, _ := c.BasicAuth(); id != ClientID || secret != s.clientSecret() {
			return notFound(), true
		}
		return answer{}, false
	case asPerson:
		if !s.admitPerson(c, credential) {
			return refuse(http.StatusUnauthorized, "Bad credentials"), true
		}
		return answer{}, false
	case asInstallation, asRepository:
	}
	if e.as == asRepository && strings.HasSuffix(e.needs, ":read") && s.admitPerson(c, credential) {
		return s.reach(c, e)
	}
	if e.as == asInstallation && strings.HasPrefix(e.pattern, "GET /orgs/") && s.admitPerson(c, credential) {
		return answer{}, false
	}
	t, known := s.tokens[credential]
	if !known || !s.o.Now().Before(t.until) || s.installations[t.installation] == nil {
		return refuse(http.StatusUnauthorized, "Bad credentials"), true
	}
	c.token = t
	if a, refused := s.limited(c, method); refused {
		return a, true
	}
	if e.as == asInstallation {
		return answer{}, false
	}
	return s.reach(c, e)
}

// verify checks the App's own token.
func (s *Server) verify(text string) error {
	var claims jwt.RegisteredClaims
	now := s.o.Now()
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithoutClaimsValidation())
	var err error
	for _, key := range s.appKeys() {
		if _, err = parser.ParseWithClaims(text, &claims, func(*jwt.Token) (any, error) { return &key.PublicKey, nil }); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("A JSON web token could not be decoded: %w", err) //nolint:staticcheck // GitHub's own words
	}
	switch {
	case claims.Issuer != strconv.FormatInt(s.o.AppID, 10):
		return fmt.Errorf("'Issuer' claim ('iss') must be the id of the App")
	case claims.ExpiresAt == nil || claims.ExpiresAt.Before(now):
		return fmt.Errorf("'Expiration time' claim ('exp') must be a numeric value representing the future time")
	case claims.ExpiresAt.After(now.Add(11 * time.Minute)):
		return fmt.Errorf("'Expiration time' claim ('exp') is too far in the future")
	case claims.IssuedAt == nil || claims.IssuedAt.After(now.Add(time.Minute)):
		return fmt.Errorf("'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued")
	}
	return nil
}

// reach finds the repository of a route, if the token reaches it.
func (s *Server) reach(c *call, e endpoint) (answer, bool) {
	id := c.number("repository_id")
	r := s.repos[id]
	if id == 0 {
		name := strings.ToLower(c.PathValue("owner") + "/" + c.PathValue("repo"))
		if r = s.names[name]; r == nil {
			if old := s.moved[name]; old != nil && (c.person == "" || s.visible(old, c.person)) {
				rest := strings.SplitN(c.URL.EscapedPath(), "/", 5)
				to := fmt.Sprintf("%s/repositories/%d", s.base, old.ID)
				if len(rest) == 5 {
					to += "/" + rest[4]
				}
				return answer{status: http.StatusMovedPermanently, body: object{"message": "Moved Permanently", "url": to}, header: http.Header{"Location": {to}}}, true
			}
		}
	}
	if r != nil && c.person != "" && s.visible(r, c.person) {
		c.repo = r
		if name, _, _ := strings.Cut(e.needs, ":"); s.grants.permissions[name] == "" { // somebody's token does what both may
			return refuse(http.StatusForbidden, "Resource not accessible by integration"), true
		}
		return answer{}, false
	}
	if r == nil || r.gone || c.person != "" || !s.installations[c.token.installation].repos[r.ID] || c.token.repos != nil && !c.token.repos[r.ID] {
		return notFound(), true
	}
	name, level, _ := strings.Cut(e.needs, ":")
	if had := c.token.permissions[name]; had != "write" && had != level {
		return refuse(http.StatusForbidden, "Resource not accessible by integration"), true
	}
	if r.archived && level == "write" {
		return refuse(http.StatusForbidden, "Repository was archived so is read-only."), true
	}
	c.repo = r
	return answer{}, false
}

func (s *Server) appRoutes() {
	s.handle(endpoint{pattern: "GET /app", as: asApp, do: func(*call) answer { return ok(s.appJSON()) }})
	s.handle(endpoint{pattern: "GET /app/installations", as: asApp, do: s.listInstallations})
	s.handle(endpoint{pattern: "GET /app/installations/{installation_id}", as: asApp, do: s.getInstallation})
	s.handle(endpoint{pattern: "GET /repos/{owner}/{repo}/installation", as: asApp, do: s.repoInstallation})
	s.handle(endpoint{pattern: "POST /app/installations/{installation_id}/access_tokens", as: asApp, do: s.mint})
	s.handle(endpoint{pattern: "POST /app-manifests/{code}/conversions", as: asAnybody, do: s.convert})
	s.handle(endpoint{pattern: "GET /meta", as: asAnybody, do: func(*call) answer { return ok(object{"verifiable_password_authentication": false}) }})
	s.handle(endpoint{pattern: "GET /rate_limit", as: asInstallation, do: func(*call) answer { return ok(object{}) }})
}

func (s *Server) appJSON() object {
	return object{
		"id": s.o.AppID, "slug": s.o.AppSlug, "name": s.o.AppSlug, "node_id": "A_1", "permissions": s.grants.permissions, "events": s.grants.events,
		"owner": object{"id": 1, "login": "platform-team", "type": "Organization"}, "html_url": "https://github.com/apps/" + s.o.AppSlug,
		"external_url": "https://example.com", "created_at": stamp(time.Unix(0, 0)), "updated_at": stamp(time.Unix(0, 0)),
	}
}

func (s *Server) installationJSON(i *Installation) object {
	var suspended any
	if i.suspended {
		suspended = stamp(s.o.Now())
	}
	return object{
		"id": i.ID, "account": i.Account.json(), "app_id": s.o.AppID, "app_slug": s.o.AppSlug, "target_id": i.Account.ID, "target_type": i.Account.Kind,
		"permissions": s.grants.permissions, "events": s.grants.events, "repository_selection": "selected", "suspended_at": suspended,
	}
}

func (s *Server) listInstallations(c *call) answer {
	var all []any
	for _, id := range slices.Sorted(maps.Keys(s.installations)) {
		all = append(all, s.installationJSON(s.installations[id]))
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: list, header: header}
}

func (s *Server) getInstallation(c *call) answer {
	i := s.installations[c.number("installation_id")]
	if i == nil {
		return notFound()
	}
	return ok(s.installationJSON(i))
}

func (s *Server) repoInstallation(c *call) answer {
	r := s.names[strings.ToLower(c.PathValue("owner")+"/"+c.PathValue("repo"))]
	if r == nil || s.installations[r.installation] == nil || !s.installations[r.installation].repos[r.ID] {
		return notFound()
	}
	return ok(s.installationJSON(s.installations[r.installation]))
}

// mint gives a token that can do no more than what is asked for.
func (s *Server) mint(c *call) answer {
	i := s.installations[c.number("installation_id")]
	if i == nil {
		return notFound()
	}
	if i.suspended {
		return refuse(http.StatusForbidden, "This installation has been suspended")
	}
	var in struct {
		IDs         []int64           `json:"repository_ids"`
		Permissions map[string]string `json:"permissions"`
	}
	if len(c.body) > 0 {
		if err := c.read(&in); err != nil {
			return refuse(http.StatusBadRequest, "Problems parsing JSON")
		}
	}
	t := token{installation: i.ID, permissions: s.grants.permissions, until: s.o.Now().Add(time.Hour)}
	if in.Permissions != nil {
		t.permissions = in.Permissions
	}
	for name, level := range t.permissions {
		if had := s.grants.permissions[name]; had != "write" && had != level {
			return refuse(http.StatusUnprocessableEntity, "The permissions requested are not granted to this installation.")
		}
	}
	if in.IDs != nil {
		t.repos = map[int64]bool{}
		for _, id := range in.IDs {
			if !i.repos[id] {
				return refuse(http.StatusUnprocessableEntity, "There is at least one repository that does not exist or is not accessible to the parent installation.")
			}
			t.repos[id] = true
		}
	}
	text := fmt.Sprintf("ghs_standin%d", s.id())
	s.tokens[text] = t
	return answer{status: http.StatusCreated, body: object{"token": text, "expires_at": stamp(t.until), "permissions": t.permissions}}
}

// Manifest makes a code that can be exchanged once for an App's credentials.
func (s *Server) Manifest() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	code := fmt.Sprintf("code%d", s.id())
	s.manifests[code] = true
	return code
}

func (s *Server) convert(c *call) answer {
	code := c.PathValue("code")
	if !s.manifests[code] {
		return notFound()
	}
	delete(s.manifests, code)
	body := s.appJSON()
	body["client_id"], body["client_secret"] = ClientID, s.clientSecret()
	body["webhook_secret"], body["pem"] = s.webhookSecret(), string(s.PrivateKeyPEM())
	return answer{status: http.StatusCreated, body: body}
}

// window is what an installation used in the present minute and hour.
type window struct {
	minute           time.Time
	points, contents int
	hour             time.Time
	used             int
}

const hourly = 5000

// quota tells what is left of the hour.
func (s *Server) quota(c *call, a *answer) {
	if c.token.installation == 0 {
		return
	}
	w := s.window(c.token.installation)
	a.header.Set("X-RateLimit-Limit", strconv.Itoa(s.limit()))
	a.header.Set("X-RateLimit-Remaining", strconv.Itoa(max(s.limit()-w.used, 0)))
	a.header.Set("X-RateLimit-Used", strconv.Itoa(w.used))
	a.header.Set("X-RateLimit-Reset", strconv.FormatInt(w.hour.Add(time.Hour).Unix(), 10))
	a.header.Set("X-RateLimit-Resource", "core")
}

// limit is the hour's quota: so high that nothing meets it where limits are not enforced.
func (s *Server) limit() int {
	if s.o.EnforceLimits {
		return hourly
	}
	return 1_000_000_000
}

func (s *Server) window(installation int64) *window {
	now := s.o.Now()
	w := s.windows[installation]
	if w == nil {
		w = &window{}
		s.windows[installation] = w
	}
	if now.Sub(w.hour) >= time.Hour {
		w.hour, w.used = now, 0
	}
	if now.Sub(w.minute) >= time.Minute {
		w.minute, w.points, w.contents = now, 0, 0
	}
	return w
}

// limited counts a request, and refuses it beyond GitHub's limits.
func (s *Server) limited(c *call, method string) (answer, bool) {
	w := s.window(c.token.installation)
	w.used++
	content := method == http.MethodPost && strings.HasSuffix(c.URL.Path, "/comments")
	if content {
		w.contents++
	}
	w.points += map[bool]int{true: 1, false: 5}[method == http.MethodGet]
	if !s.o.EnforceLimits {
		return answer{}, false
	}
	if w.used > hourly {
		return refuse(http.StatusForbidden, "API rate limit exceeded for installation ID %d.", c.token.installation), true
	}
	if w.points > 900 || w.contents > 80 || s.inFlight > 100 {
		a := refuse(http.StatusForbidden, "You have exceeded a secondary rate limit.")
		wait := cmp.Or(int(w.minute.Add(time.Minute).Sub(s.o.Now()).Seconds()), 1)
		a.header = http.Header{"Retry-After": {strconv.Itoa(wait)}}
		return a, true
	}
	return answer{}, false
}
