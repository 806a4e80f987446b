package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/oidc"
)

// TestPurposes: each route asks for a token of its own purpose, and hands the body to its own receiver.
func TestPurposes(t *testing.T) {
	t.Parallel()
	for path, purpose := range map[string]string{FactsPath: oidc.Facts, EvidencePath: oidc.Evidence} {
		f := newFixture()
		asked := ""
		f.options.Verifier = verifier(func(_, purpose, _ string) (control.Run, error) {
			asked = purpose
			return control.Run{RepositoryID: 74, ID: 9}, nil
		})
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader(someBody))
		r.Header.Set("Authorization", "Bearer "+someToken)
		r.Header.Set("Content-Type", "application/json")
		f.handler(t).ServeHTTP(w, r)
		if asked != purpose || w.Code != http.StatusAccepted {
			t.Errorf("%s: verified for %q, answered %d", path, asked, w.Code)
		}
		var answer map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
			t.Fatal(err)
		}
		if _, record := answer["record"]; record != (path == EvidencePath) {
			t.Errorf("%s was answered by the other's receiver: %v", path, answer)
		}
		if diff := cmp.Diff([]string{purpose + " accepted"}, f.counted); diff != "" {
			t.Error(diff)
		}
		if log := f.log.String(); !strings.Contains(log, "upload of "+purpose) || strings.Contains(log, "canary") {
			t.Errorf("%s: the log has %s", path, log)
		}
	}
}

// TestEvidenceRefused: a refusal of the receiver keeps its code, and a GET is none.
func TestEvidenceRefused(t *testing.T) {
	t.Parallel()
	f := newFixture()
	f.options.Evidence = func(context.Context, control.Run, []byte) (control.EvidenceReceipt, error) {
		return control.EvidenceReceipt{}, &control.Refused{Kind: control.Forbidden, Code: "wrong-tree", Message: "another tree"}
	}
	h := f.handler(t)
	for method, want := range map[string]int{http.MethodPost: http.StatusForbidden, http.MethodGet: http.StatusMethodNotAllowed} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), method, EvidencePath, strings.NewReader(someBody))
		r.Header.Set("Authorization", "Bearer "+someToken)
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(w, r)
		if w.Code != want || method == http.MethodPost && !strings.Contains(w.Body.String(), "wrong-tree") {
			t.Errorf("%s: %d %s", method, w.Code, w.Body)
		}
	}
}
