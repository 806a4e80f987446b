package github

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/control"
)

// TestAttestations: what GitHub hands over is read, an address in its place is never followed, and what is not the whole
// is said to be none.
func TestAttestations(t *testing.T) {
	t.Parallel()
	digest := "sha256:" + strings.Repeat("a", 64)
	for name, c := range map[string]struct {
		status int
		body   string
		want   int
		whole  bool
		fault  error
	}{
		"two":       {200, `{"attestations":[{"bundle":{"a":1}},{"bundle":{"b":2}}]}`, 2, true, nil},
		"none":      {404, `{"message":"Not Found"}`, 0, true, nil},
		"empty":     {200, `{"attestations":[]}`, 0, true, nil},
		"by name":   {200, `{"attestations":[{"bundle":null,"bundle_url":"ELSEWHERE"},{"bundle":{"b":2}}]}`, 1, false, nil},
		"a text":    {200, `{"attestations":[{"bundle":"x"}]}`, 0, false, nil},
		"many":      {200, `{"attestations":[` + strings.Repeat(`{"bundle":{}},`, mostAttestations-1) + `{"bundle":{}}]}`, mostAttestations, false, nil},
		"forbidden": {403, `{"message":"Resource not accessible by integration"}`, 0, false, control.ErrForbidden},
		"down":      {502, `<html>`, 0, false, errors.New("")},
		"a page":    {200, `<html>`, 0, false, errors.New("")},
	} {
		followed := false
		mux := http.NewServeMux()
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		mux.HandleFunc("/elsewhere", func(http.ResponseWriter, *http.Request) { followed = true })
		mux.HandleFunc("GET /api/v3/repos/acme/shop/attestations/"+digest, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("predicate_type") != "provenance" {
				t.Errorf("asked %s", r.URL)
			}
			w.WriteHeader(c.status)
			_, _ = fmt.Fprint(w, strings.Replace(c.body, "ELSEWHERE", server.URL+"/elsewhere", 1))
		})
		r, err := NewReader(server.URL+"/api/v3", "token")
		if err != nil {
			t.Fatal(err)
		}
		got, whole, err := r.Attestations(t.Context(), "acme", "shop", digest)
		if len(got) != c.want || whole != c.whole || (err == nil) != (c.fault == nil) || errors.Is(c.fault, control.ErrForbidden) && !errors.Is(err, control.ErrForbidden) || followed {
			t.Errorf("%s: %d, %v, %v, followed %v", name, len(got), whole, err, followed)
		}
	}
}
