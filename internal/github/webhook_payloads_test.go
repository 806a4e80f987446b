package github_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden anew")

type example struct {
	Name     string            `json:"name"`
	Examples []json.RawMessage `json:"examples"`
}

func examples(t testing.TB) []example {
	t.Helper()
	f, err := os.Open("testdata/payloads.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []example
	if err := json.NewDecoder(z).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// installed adds an installation where an example was sent to another kind of webhook.
func installed(t testing.TB, raw []byte) (body []byte, added bool) {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		t.Fatal(err)
	}
	if members["installation"] != nil || members["repository"] == nil {
		return raw, false
	}
	return append([]byte(`{"installation":{"id":7},`), bytes.TrimSpace(raw)[1:]...), true
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	var got strings.Builder
	all := 0
	for _, event := range examples(t) {
		for i, raw := range event.Examples {
			all++
			e := newEndpoint(t, nil)
			if w := e.send(delivery(event.Name, "d-1", raw)); w.Code < 200 || w.Code > 299 {
				t.Errorf("%s %d: %d %s", event.Name, i, w.Code, w.Body)
			}
			var line struct{ Action string }
			if err := json.Unmarshal(e.log.Bytes(), &line); err != nil {
				t.Errorf("%s %d: log %q: %v", event.Name, i, e.log, err)
			}
			fmt.Fprintf(&got, "%s %d %s: %s\n", event.Name, i, line.Action, strings.ReplaceAll(e.told(), "\n", "\n  "))
			body, added := installed(t, raw)
			if !added {
				continue
			}
			if w := e.send(delivery(event.Name, "d-2", body)); w.Code != 202 {
				t.Errorf("%s %d with an installation: %d %s", event.Name, i, w.Code, w.Body)
			}
			fmt.Fprintf(&got, "  with an installation: %s\n", strings.ReplaceAll(e.told(), "\n", "\n  "))
		}
	}
	if all != 329 {
		t.Errorf("%d payloads, not 329", all)
	}
	const golden = "testdata/payloads.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got), or run with -update:\n%s", diff)
	}
}

// No body works as another event than the one that it was sent for.
func TestPayloadsUnderOtherNames(t *testing.T) {
	t.Parallel()
	names := []string{"pull_request", "merge_group", "push", "check_run", "check_suite", "issue_comment",
		"installation", "installation_repositories", "installation_target", "repository", "deployment_protection_rule", "deployment_status", "deployment_review", "workflow_run"}
	for _, event := range examples(t) {
		for i, raw := range event.Examples {
			body, _ := installed(t, raw)
			e := newEndpoint(t, nil)
			for _, name := range names {
				if name == event.Name {
					continue
				}
				if w := e.send(delivery(name, "d-"+name, body)); len(e.inbox.deliveries) > 0 {
					t.Fatalf("%s %d works as %s: %d %s", event.Name, i, name, w.Code, e.told())
				}
			}
		}
	}
}

const canary = "canary\u202e\n\x1b[31m"

// poison replaces every text that GitHub lets people choose, and many more.
func poison(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = poison(v[i])
		}
	case map[string]any:
		for key, member := range v {
			_, text := member.(string)
			switch {
			case !text:
				v[key] = poison(member)
			case key == "action" || key == "type" || key == "state" || strings.HasSuffix(key, "_at") || strings.HasSuffix(key, "sha"),
				key == "ref", key == "after", key == "before", key == "default_branch", key == "login": // so that it goes on to the store
			default:
				v[key] = canary
			}
		}
	}
	return v
}

// What people write gets neither into the log nor into an answer; nor does the secret, ever.
func TestWebhookTellsNothing(t *testing.T) {
	t.Parallel()
	accepted := 0
	for _, event := range examples(t) {
		for _, raw := range event.Examples {
			var v any
			body, _ := installed(t, raw)
			if err := json.Unmarshal(body, &v); err != nil {
				t.Fatal(err)
			}
			body, err := json.Marshal(poison(v))
			if err != nil {
				t.Fatal(err)
			}
			e := newEndpoint(t, nil)
			w := e.send(delivery(event.Name, "d-1", body))
			if out := e.log.String() + w.Body.String(); strings.Contains(out, "canary") || strings.Contains(out, secret) {
				t.Errorf("%s: %s", event.Name, out)
			}
			accepted += len(e.inbox.deliveries)
		}
	}
	if accepted < 20 {
		t.Errorf("only %d poisoned deliveries were accepted: the test says little", accepted)
	}
	for name, members := range map[string]string{
		"action": `"action":"` + "canary evil" + `"`, "sender": `"sender":{"id":1,"login":"canary\u0000","type":"User"}`,
	} {
		e := newEndpoint(t, nil)
		w := e.send(delivery("check_run", "d-1", bytes.Replace(of(checkBody(members)), []byte(`"sender":{"id":5,"login":"ada","type":"User"},"sender"`), []byte(`"sender"`), 1)))
		if out := e.log.String() + w.Body.String(); strings.Contains(out, "canary") {
			t.Errorf("%s: %s", name, out)
		}
	}
}
