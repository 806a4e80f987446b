package githubtest_test

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v4"

	"github.com/org/platform-action/internal/github/githubtest"
)

// hub is a stand-in with one repository, and a client that has a token for it.
type hub struct {
	*githubtest.Server
	t     *testing.T
	url   string
	i     *githubtest.Installation
	r     *githubtest.Repo
	token string
}

func newHub(t *testing.T, o githubtest.Options) *hub {
	t.Helper()
	o.Validate = true
	s, err := githubtest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	url, err := s.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	h := &hub{Server: s, t: t, url: url}
	h.i = s.Install("acme")
	h.r = s.AddRepository(h.i, "shop")
	h.r.Commit("main", map[string]string{"infra/main.tf": "# one\n", "infra/b/c.tf": "# two\n", "README.md": "# shop\n"})
	var got struct{ Token string }
	h.ask(http.MethodPost, "/app/installations/"+text(h.i.ID)+"/access_tokens", "", "bearer "+h.jwt(), nil, http.StatusCreated, &got)
	h.token = "token " + got.Token
	return h
}

func text(n int64) string { data, _ := json.Marshal(n); return string(data) }

func (h *hub) jwt() string {
	key, err := jwt.ParseRSAPrivateKeyFromPEM(h.PrivateKeyPEM())
	if err != nil {
		h.t.Fatal(err)
	}
	now := time.Now()
	signed, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		Issuer: "7", IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(5 * time.Minute)),
	}).SignedString(key)
	if err != nil {
		h.t.Fatal(err)
	}
	return signed
}

// ask sends a request and expects a status.
func (h *hub) ask(method, path, body, authorization string, header http.Header, want int, into any) http.Header {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), method, h.url+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", authorization)
	resp, err := (&http.Transport{}).RoundTrip(req)
	if err != nil {
		h.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	if resp.StatusCode != want {
		h.t.Fatalf("%s %s: %d %s, want %d", method, path, resp.StatusCode, data, want)
	}
	if into != nil {
		if err := json.Unmarshal(data, into); err != nil {
			h.t.Fatal(err)
		}
	}
	return resp.Header
}

// TestObjects: the ids are those that git gives the same content.
func TestObjects(t *testing.T) {
	t.Parallel()
	h := newHub(t, githubtest.Options{})
	sha := h.r.Commit("known", map[string]string{"infra/main.tf": "", "infra/b/c.tf": "", "README.md": "hello\n", "a/x": "1\n", "a.b": "2\n"})
	if got, want := h.r.Tree(sha), "a23c632cc6bc401b675561cc5ba7207a896aa439"; got != want {
		t.Errorf("tree %s, want %s", got, want)
	}
}

func TestConditional(t *testing.T) {
	t.Parallel()
	h := newHub(t, githubtest.Options{})
	tag := h.ask(http.MethodGet, "/repos/acme/shop", "", h.token, nil, http.StatusOK, nil).Get("ETag")
	h.ResetLog()
	h.ask(http.MethodGet, "/repos/acme/shop", "", h.token, http.Header{"If-None-Match": {tag}}, http.StatusNotModified, nil)
	if log := h.Log(); len(log) != 1 || log[0].Counted {
		t.Errorf("an answer 304 counts: %+v", log)
	}
}

func TestTokensReachWhatTheyAreFor(t *testing.T) {
	t.Parallel()
	h := newHub(t, githubtest.Options{})
	other := h.AddRepository(h.i, "other")
	other.Commit("main", map[string]string{"a": "b"})
	stranger := h.AddRepository(h.Install("other-account"), "secret")
	stranger.Commit("main", map[string]string{"a": "b"})
	body := `{"repository_ids":[` + text(other.ID) + `],"permissions":{"metadata":"read","checks":"read"}}`
	var got struct{ Token string }
	path := "/app/installations/" + text(h.i.ID) + "/access_tokens"
	h.ask(http.MethodPost, path, body, "bearer "+h.jwt(), nil, http.StatusCreated, &got)
	narrow := "token " + got.Token
	h.ask(http.MethodGet, "/repos/acme/other", "", narrow, nil, http.StatusOK, nil)
	h.ask(http.MethodGet, "/repos/acme/shop", "", narrow, nil, http.StatusNotFound, nil)
	h.ask(http.MethodPost, "/repos/acme/other/check-runs", `{"name":"x","head_sha":"`+other.Head("main")+`"}`, narrow, nil, http.StatusForbidden, nil)
	h.ask(http.MethodGet, "/repos/other-account/secret", "", h.token, nil, http.StatusNotFound, nil)
	h.ask(http.MethodGet, "/repos/acme/shop", "", "token nonsense", nil, http.StatusUnauthorized, nil)
	h.ask(http.MethodPost, path, `{"repository_ids":[`+text(stranger.ID)+`]}`, "bearer "+h.jwt(), nil, http.StatusUnprocessableEntity, nil)
	h.ask(http.MethodPost, path, "", "bearer nonsense", nil, http.StatusUnauthorized, nil)
	h.ExpireTokens()
	h.ask(http.MethodGet, "/repos/acme/shop", "", h.token, nil, http.StatusUnauthorized, nil)
}

// TestDescription: what GitHub would not take is refused, and cannot go unseen.
func TestDescription(t *testing.T) {
	t.Parallel()
	h := newHub(t, githubtest.Options{})
	sha := h.r.Head("main")
	for name, body := range map[string]string{
		"a member of the wrong type": `{"name":5,"head_sha":"` + sha + `"}`,
		"a member that is missing":   `{"head_sha":"` + sha + `"}`,
		"an unknown member":          `{"name":"x","head_sha":"` + sha + `","summery":"y"}`,
		"an unknown conclusion":      `{"name":"x","head_sha":"` + sha + `","conclusion":"passed"}`,
	} {
		before := len(h.Invalid())
		h.ask(http.MethodPost, "/repos/acme/shop/check-runs", body, h.token, nil, http.StatusBadRequest, nil)
		if len(h.Invalid()) != before+1 {
			t.Errorf("%s was not noticed", name)
		}
	}
	before := len(h.Invalid())
	h.ask(http.MethodGet, "/repos/acme/shop/pulls?states=open", "", h.token, nil, http.StatusBadRequest, nil)
	h.ask(http.MethodGet, "/repos/acme/shop/teapot", "", h.token, nil, http.StatusNotFound, nil)
	if len(h.Invalid()) != before+2 {
		t.Error("an unknown parameter or route was not noticed")
	}
	h.ask(http.MethodPost, "/repos/acme/shop/check-runs", `{"name":"x","head_sha":"`+sha+`","status":"in_progress"}`, h.token, nil, http.StatusCreated, nil)
	if len(h.Invalid()) != before+2 {
		t.Errorf("a good request was refused: %q", h.Invalid())
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	h := newHub(t, githubtest.Options{})
	h.r.Commit("b", map[string]string{"x": "y"})
	n := h.r.OpenPull("t", "b", "main", "ada")
	for range 5 {
		h.r.Comment(n, "ada", "hello")
	}
	var list []struct{ ID int64 }
	header := h.ask(http.MethodGet, "/repos/acme/shop/issues/1/comments?per_page=2&page=2", "", h.token, nil, http.StatusOK, &list)
	if len(list) != 2 || !strings.Contains(header.Get("Link"), `page=3&per_page=2>; rel="next"`) {
		t.Errorf("%d comments, Link %q", len(list), header.Get("Link"))
	}
	header = h.ask(http.MethodGet, "/repos/acme/shop/issues/1/comments?per_page=2&page=3", "", h.token, nil, http.StatusOK, &list)
	if len(list) != 1 || header.Get("Link") != "" {
		t.Errorf("last page: %d comments, Link %q", len(list), header.Get("Link"))
	}
}

func TestFaultsAndLag(t *testing.T) {
	t.Parallel()
	h := newHub(t, githubtest.Options{})
	first := h.r.Commit("b", map[string]string{"x": "y"})
	n := h.r.OpenPull("t", "b", "main", "ada")
	h.Fault(githubtest.Fault{Path: "/pulls/1", Status: http.StatusBadGateway, Times: 2})
	h.ask(http.MethodGet, "/repos/acme/shop/pulls/1", "", h.token, nil, http.StatusBadGateway, nil)
	h.ask(http.MethodGet, "/repos/acme/shop/pulls/1", "", h.token, nil, http.StatusBadGateway, nil)
	second := h.r.Commit("b", map[string]string{"x": "z"})
	h.r.Lag(1)
	var p struct{ Head struct{ SHA string } }
	for _, want := range []string{first, second} {
		h.ask(http.MethodGet, "/repos/acme/shop/pulls/1", "", h.token, nil, http.StatusOK, &p)
		if p.Head.SHA != want || h.r.PullHead(n) != second {
			t.Errorf("head %s, want %s", p.Head.SHA, want)
		}
	}
	h.r.Rename("store")
	to := h.ask(http.MethodGet, "/repos/acme/shop/pulls/1", "", h.token, nil, http.StatusMovedPermanently, nil).Get("Location")
	if want := h.url + "/repositories/" + text(h.r.ID) + "/pulls/1"; to != want {
		t.Errorf("redirected to %s, want %s", to, want)
	}
}

// TestRedelivery: what nobody took is listed as failed, and comes again when it is asked for.
func TestRedelivery(t *testing.T) {
	t.Parallel()
	h := newHub(t, githubtest.Options{})
	if status := h.Send(t.Context(), h.url+"/nowhere", h.Ping()); status != http.StatusNotFound {
		t.Fatalf("status %d", status)
	}
	var list []struct {
		ID         int64
		StatusCode int `json:"status_code"`
	}
	h.ask(http.MethodGet, "/app/hook/deliveries?per_page=1", "", "bearer "+h.jwt(), nil, http.StatusOK, &list)
	if len(list) != 1 || list[0].StatusCode != http.StatusNotFound {
		t.Fatalf("deliveries: %+v", list)
	}
	h.ask(http.MethodPost, "/app/hook/deliveries/"+text(list[0].ID)+"/attempts", "", "bearer "+h.jwt(), nil, http.StatusAccepted, nil)
	if !githubtest.Settle(10*time.Second, func() bool { return h.Redelivered() == 1 }) {
		t.Error("it did not come again")
	}
}

func TestArchive(t *testing.T) {
	t.Parallel()
	h := newHub(t, githubtest.Options{})
	address := h.ask(http.MethodGet, "/repos/acme/shop/tarball/main", "", h.token, nil, http.StatusFound, nil).Get("Location")
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	unzipped, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for in := tar.NewReader(unzipped); ; names++ {
		entry, err := in.Next()
		if err != nil {
			break
		}
		if entry.Typeflag == tar.TypeReg && !strings.HasPrefix(entry.Name, "acme-shop-") {
			t.Errorf("name %q", entry.Name)
		}
	}
	if names < 4 {
		t.Errorf("%d entries", names)
	}
}
