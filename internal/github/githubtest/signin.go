package githubtest

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// ClientID and ClientSecret are the App's, for signing people in.
const (
	ClientID     = "Iv1.standin"
	ClientSecret = "client-secret-of-the-stand-in"
)

// userTokenLife is how long GitHub lets a person's token live.
const userTokenLife = 8 * time.Hour

// consent is a code that GitHub sent a browser back with.
type consent struct{ login, redirect, challenge string }

// userToken is a person's.
type userToken struct {
	login string
	until time.Time
}

// signIn is who sits at the browser, and what they were given.
type signIn struct {
	present  string // who is at GitHub in the browser; empty: nobody, and GitHub would ask for a password
	denied   bool
	consents map[string]consent
	tokens   map[string]userToken
}

// Browse says who is signed in at GitHub in the browser that comes next; nobody where login is empty.
func (s *Server) Browse(login string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signIn.present = login
	if login != "" {
		s.person(login)
	}
}

// Deny lets people refuse the App, or ends that.
func (s *Server) Deny(denied bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signIn.denied = denied
}

// UserTokens are those of people that GitHub takes now; sorted.
func (s *Server) UserTokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(maps.Keys(s.signIn.tokens))
}

// RevokeUserTokens ends all of them, as somebody does who takes the App off the list of applications.
func (s *Server) RevokeUserTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.signIn.tokens)
}

func (s *Server) signInRoutes() {
	s.signIn.consents, s.signIn.tokens = map[string]consent{}, map[string]userToken{}
	s.mux.HandleFunc("GET /login/oauth/authorize", s.authorize)
	s.mux.HandleFunc("POST /login/oauth/access_token", s.exchange)
	s.handle(endpoint{pattern: "GET /user", as: asPerson, do: func(c *call) answer { return ok(s.personJSON(c.person)) }})
	s.handle(endpoint{pattern: "GET /user/installations", as: asPerson, do: s.personInstallations})
	s.handle(endpoint{pattern: "GET /user/installations/{installation_id}/repositories", as: asPerson, do: s.personRepositories})
	s.handle(endpoint{pattern: "DELETE /applications/{client_id}/token", as: asClient, do: s.revoke})
}

func (s *Server) personJSON(login string) object {
	out := Account{ID: s.person(login), Login: login, Kind: "User"}.json()
	out["user_view_type"] = "private"
	return out
}

// authorize is GitHub's page that asks whether somebody wants to sign in: in the stand-in they always do.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || back.Host == "" || q.Get("client_id") != ClientID {
		s.invalid = append(s.invalid, "GET /login/oauth/authorize: "+r.URL.RawQuery)
		http.Error(w, "unknown client, or no redirect_uri", http.StatusNotFound)
		return
	}
	if q.Get("state") == "" || q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 {
		s.invalid = append(s.invalid, "GET /login/oauth/authorize without state or PKCE: "+r.URL.RawQuery)
	}
	if s.signIn.present == "" {
		http.Error(w, "GitHub would ask for a password here", http.StatusOK)
		return
	}
	answer := back.Query()
	answer.Set("state", q.Get("state"))
	if s.signIn.denied {
		answer.Set("error", "access_denied")
	} else {
		code := fmt.Sprintf("code%d", s.id())
		s.signIn.consents[code] = consent{s.signIn.present, q.Get("redirect_uri"), q.Get("code_challenge")}
		answer.Set("code", code)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound) //nolint:gosec // of a stand-in: tests name the address
}

// exchange gives a token for a code, once. GitHub answers 200 whatever comes of it.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down || r.ParseForm() != nil {
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	say := func(v url.Values) {
		w.Header().Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
		_, _ = w.Write([]byte(v.Encode()))
	}
	if r.PostForm.Get("client_id") != ClientID || r.PostForm.Get("client_secret") != s.clientSecret() {
		say(url.Values{"error": {"incorrect_client_credentials"}})
		return
	}
	code := r.PostForm.Get("code")
	c, known := s.signIn.consents[code]
	delete(s.signIn.consents, code)
	sum := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !known || c.redirect != r.PostForm.Get("redirect_uri") || base64.RawURLEncoding.EncodeToString(sum[:]) != c.challenge {
		say(url.Values{"error": {"bad_verification_code"}})
		return
	}
	token := fmt.Sprintf("ghu_standin%032d", s.id())
	s.signIn.tokens[token] = userToken{c.login, s.o.Now().Add(userTokenLife)}
	say(url.Values{"access_token": {token}, "expires_in": {"28800"}, "token_type": {"bearer"}, "scope": {""}, "refresh_token": {"ghr_standin"}, "refresh_token_expires_in": {"15811200"}})
}

// visible reports that a person may see a repository that the App may see too.
func (s *Server) visible(r *Repo, login string) bool {
	i := s.installations[r.installation]
	role := r.roles[strings.ToLower(login)]
	return !r.gone && i != nil && i.repos[r.ID] && role != "" && role != "none"
}

func (s *Server) personInstallations(c *call) answer {
	var all []any
	for _, id := range slices.Sorted(maps.Keys(s.installations)) {
		i := s.installations[id]
		seen := false
		for repo := range i.repos {
			seen = seen || s.visible(s.repos[repo], c.person)
		}
		if seen {
			all = append(all, s.installationJSON(i))
		}
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: object{"total_count": len(all), "installations": list}, header: header}
}

func (s *Server) personRepositories(c *call) answer {
	i := s.installations[c.number("installation_id")]
	if i == nil {
		return notFound()
	}
	var all []any
	for _, id := range slices.Sorted(maps.Keys(i.repos)) {
		if r := s.repos[id]; s.visible(r, c.person) {
			all = append(all, r.json())
		}
	}
	list, header := paged(s, c, all)
	if list == nil {
		list = []any{}
	}
	return answer{status: http.StatusOK, body: object{"total_count": len(all), "repositories": list}, header: header}
}

func (s *Server) revoke(c *call) answer {
	var in struct {
		Token string `json:"access_token"`
	}
	if err := c.read(&in); err != nil || c.PathValue("client_id") != ClientID {
		return notFound()
	}
	if _, known := s.signIn.tokens[in.Token]; !known {
		return notFound()
	}
	delete(s.signIn.tokens, in.Token)
	return answer{status: http.StatusNoContent}
}

// admitPerson lets in whoever has a person's token.
func (s *Server) admitPerson(c *call, credential string) bool {
	t, known := s.signIn.tokens[credential]
	if !known || !s.o.Now().Before(t.until) {
		return false
	}
	c.person = t.login
	return true
}
