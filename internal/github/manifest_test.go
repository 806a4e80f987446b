package github

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/control"
)

// TestPermissions: no token asks for more than the manifest, and what no token needs is there for an event.
func TestPermissions(t *testing.T) {
	t.Parallel()
	asked := map[string]string{}
	for _, p := range []purpose{forVerdicts, forDeployments, forIssues, forTeams} {
		data, err := json.Marshal(permissions(grant{control.Tenant{Installation: 1, Repository: 2}, p}).Permissions)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &asked); err != nil {
			t.Fatal(err)
		}
	}
	listed := map[string]string{}
	for _, p := range Permissions() {
		listed[p.Name] = p.Level
		if len(p.Why) < 10 || p.Why != strings.TrimSpace(p.Why) {
			t.Errorf("%s has no reason", p.Name)
		}
	}
	for name, level := range asked {
		if listed[name] != level {
			t.Errorf("tokens ask for %s %s, the manifest for %q", name, level, listed[name])
		}
		delete(listed, name)
	}
	if want := map[string]string{"merge_queues": "read"}; !reflect.DeepEqual(listed, want) {
		t.Errorf("beyond what tokens carry: %v, want %v", listed, want)
	}
}

// TestManifest: the App is private, and its webhooks come to us.
func TestManifest(t *testing.T) {
	t.Parallel()
	m := NewManifest("https://platform.example/", "platform")
	if m.Public || m.Hook.URL != "https://platform.example/webhooks/github" || m.RedirectURL != "https://platform.example/setup/callback" {
		t.Errorf("%+v", m)
	}
}

// TestConvertRefuses: what is no code is not sent anywhere, and no error repeats it.
func TestConvertRefuses(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"", "../../app", "a b", "a\nb", "ä", strings.Repeat("a", 129), "canary", "canary?x"} {
		_, err := Convert(t.Context(), "http://127.0.0.1:1", code)
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", code, err)
		}
	}
}
