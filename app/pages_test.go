package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/github/githubtest"
)

// browser is one person's: it keeps cookies and follows redirects.
type browser struct {
	t      testing.TB
	w      *world
	client *http.Client
}

// newPagesWorld is a world in which people can sign in.
func newPagesWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t, githubtest.Options{})
	w.canSignIn()
	return w
}

// canSignIn configures sign-in; the address is the one that the server will listen on.
func (w *world) canSignIn() {
	w.t.Helper()
	key := filepath.Join(w.t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(strings.Repeat("5", 64)), 0o600); err != nil {
		w.t.Fatal(err)
	}
	address := freeAddress(w.t)
	w.env["PLATFORM_LISTEN"], w.env["PLATFORM_PUBLIC_URL"] = address, "http://"+address
	w.env["PLATFORM_OAUTH_CLIENT_ID"], w.env["PLATFORM_OAUTH_CLIENT_SECRET"] = githubtest.ClientID, githubtest.ClientSecret
	w.env["PLATFORM_ENCRYPTION_KEY_FILE"] = key
}

func (w *world) browser() *browser {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &browser{t: w.t, w: w, client: &http.Client{Jar: jar}}
}

// get opens a page and returns where it ended, what it was answered and the page.
func (b *browser) get(path string) (at string, status int, page string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.w.url+path, http.NoBody)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

func (b *browser) post(path string, form url.Values) (at string, status int, page string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", b.w.url)
	return b.do(req)
}

func (b *browser) do(req *http.Request) (at string, status int, page string) {
	b.t.Helper()
	resp, err := b.client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return strings.TrimPrefix(resp.Request.URL.String(), b.w.url), resp.StatusCode, string(data)
}

// signIn signs a person in, by way of a page.
func (b *browser) signIn(login, page string) string {
	b.t.Helper()
	b.w.hub.Browse(login)
	at, status, body := b.get(page)
	if at != page || status != http.StatusOK {
		b.t.Fatalf("%s came to %s, %d\n%s", login, at, status, body)
	}
	return body
}

var csrfForm = regexp.MustCompile(`name="csrf" value="([A-Z0-9]+)"`)

func csrf(t testing.TB, page string) string {
	t.Helper()
	found := csrfForm.FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no form on the page\n%s", page)
	}
	return found[1]
}

// TestSignInToAVerdict follows the link of a red check: GitHub asks who it is, and the page begins with cause and fix.
func TestSignInToAVerdict(t *testing.T) {
	t.Parallel()
	w := newPagesWorld(t)
	_, r := w.shop("acme", map[string]string{".github/platform.yml": "version: 1\ncost:\n  block: {delta: 10}\n"})
	w.start()
	w.swept()
	n, sha, run := w.propose(r, "bigger", bigger("m5.large"))
	equal(t, "conclusion", run.Conclusion, "failure")
	page := fmt.Sprintf("/acme/shop/pull/%d", n)
	equal(t, "link of the check", run.DetailsURL, w.url+page)
	b := w.browser()
	body := b.signIn("reader", page)
	for _, want := range []string{
		`<span class="state block">Blocked</span>`, "To unblock", "LIMIT-001", "aws_instance.web", "Looked at", "ledger", sha[:7], `<time datetime="`,
		"m5.large", "Sign out", "reader",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q\n%s", want, body)
		}
	}
	cause, rule := strings.Index(body, "To unblock"), strings.Index(body, `id="findings"`)
	if cause < 0 || cause > rule {
		t.Error("the page does not begin with cause and fix")
	}
	for _, token := range w.hub.UserTokens() {
		if strings.Contains(body, token) || strings.Contains(w.log.String(), token) {
			t.Error("the person's token is in a page or in the log")
		}
	}
	_, status, front := b.get("/")
	equal(t, "status of the first page", status, http.StatusOK)
	if !strings.Contains(front, "Blocked now") || !strings.Contains(front, page) || !strings.Contains(front, "no team tag") && !strings.Contains(front, "By provider") {
		t.Errorf("the first page does not list it\n%s", front)
	}
	_, status, body = b.get("/acme/shop/commit/" + sha)
	equal(t, "status of the commit's page", status, http.StatusOK)
	if !strings.Contains(body, "To unblock") {
		t.Error(body)
	}
	at, _, _ := b.post("/sign-out", url.Values{"csrf": {csrf(t, front)}})
	equal(t, "after signing out", at, "/")
	equal(t, "tokens that GitHub still takes", len(w.hub.UserTokens()), 0)
	w.hub.Browse("")
	if _, _, body := b.get(page); strings.Contains(body, "To unblock") {
		t.Error("the page is shown to somebody who signed out")
	}
}

// freeAddress is an address that nobody listens on: the server has to know its own before it starts.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}
