package control

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/cost/catalog"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/plan"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
)

// TestUploadKeepsTheVerdict judges the demo's plan as it is and as it is uploaded: nothing that counts may get lost.
func TestUploadKeepsTheVerdict(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/demo/plan.json")
	if err != nil {
		t.Fatal(err)
	}
	whole, err := plan.Read("plan.json", bytes.NewReader(text), plan.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	d := upload(t, whole)
	sent, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := parseUpload(sent)
	if err != nil {
		t.Fatal(err)
	}
	whole.Name, whole.Drift = got.Plan.Name, nil
	a, b := judged(t, whole), judged(t, got.Plan)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("-plan +upload:\n%s", diff)
	}
	if len(sent) > len(text) {
		t.Errorf("the upload has %d bytes, the plan %d", len(sent), len(text))
	}
}

func upload(t *testing.T, p fact.Plan) UploadDocument {
	t.Helper()
	entries, err := catalog.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	set, err := policy.Compile(t.Context(), policy.Options{Bundles: []policy.Bundle{Builtin()}})
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewAllowList(entries, set.Rules()).Upload("infra", p)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func judged(t *testing.T, p fact.Plan) string {
	t.Helper()
	e, err := NewEngine(nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := e.Control(t.Context(), Settings{Config: config.Default()})
	if err != nil {
		t.Fatal(err)
	}
	limits, err := config.Default().Limits(money.USD)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Check(t.Context(), Request{Sources: []Source{{Name: p.Name, Plan: p}}, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := render.Render(&b, render.JSON, r, render.Options{}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestUploadLeavesSecretsBehind plants a word in every string of a plan: only what is on the list may carry it.
func TestUploadLeavesSecretsBehind(t *testing.T) {
	t.Parallel()
	secret := `{"user_data":"canary","instance_type":"m5.large","ami":"canary","password":"canary","tags":{"owner":"ghp_0123456789012345678901234567890123ab"},
		"monitoring":true,"root_block_device":[{"volume_size":20,"kms_key_id":"x"}]}`
	d := upload(t, fact.Plan{Complete: true, Resources: []fact.Resource{{
		Address: "aws_instance.a", Type: "aws_instance", Name: "a", Action: fact.Create, After: json.RawMessage(secret),
		Config: &fact.ResourceConfig{Address: "aws_instance.a", Attributes: map[string]fact.Expression{"user_data": {References: []string{"var.canary"}}}},
	}}})
	sent, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{"canary", "ghp_"} {
		if strings.Contains(string(sent), leak) {
			t.Errorf("%q is in the upload:\n%s", leak, sent)
		}
	}
	if !strings.Contains(string(sent), `"instance_type":"m5.large"`) || !strings.Contains(string(sent), `"volume_size":20`) {
		t.Errorf("what prices need is not in the upload:\n%s", sent)
	}
}

func TestUploadRefused(t *testing.T) {
	t.Parallel()
	for _, body := range []string{``, `{}`, `{"version":2,"root":"a"}`, `{"version":1,"root":""}`, `{"version":1,"root":"../a"}`, `{"version":1,"root":"/a"}`,
		`{"version":1,"root":"a/../b"}`, `{"version":1,"root":"a","root":"b"}`, `{"version":1,"root":"a","more":1}`, `[]`, "\xff"} {
		if _, _, err := parseUpload([]byte(body)); err == nil {
			t.Errorf("%q is taken", body)
		}
	}
}

func FuzzUpload(f *testing.F) {
	f.Add([]byte(`{"version":1,"root":"infra","kept":{"a":["b"]},"plan":{"Resources":[{"Address":"a.b","Type":"a","Action":"create","After":{"b":1}}]}}`))
	f.Add([]byte(`{"version":1,"root":"."}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, digest, err := parseUpload(body)
		if err == nil && (strings.HasPrefix(d.Root, "/") || strings.HasPrefix(d.Root, "..") || digest == "") {
			t.Errorf("root %q, digest %q", d.Root, digest)
		}
	})
}
