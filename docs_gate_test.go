package platform

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/evidence"
)

// TestGateDocument proves that docs/gate.md has every code, that its settings are read, and that its deploying job asks
// before it deploys, by a pinned key.
func TestGateDocument(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("docs/gate.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range evidence.Codes() {
		if !strings.Contains(string(data), "| `"+c.String()+"` |") {
			t.Errorf("docs/gate.md does not explain %s", c)
		}
	}
	blocks := fenced.FindAllStringSubmatch(string(data), -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of YAML, want settings and a workflow", len(blocks))
	}
	settings, err := config.Parse("platform.yml", []byte(blocks[0][2]))
	if err != nil {
		t.Fatal(err)
	}
	var w struct {
		Jobs map[string]struct {
			Environment string
			Permissions map[string]string
			Steps       []struct{ Uses, Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(blocks[1][2]), &w); err != nil {
		t.Fatal(err)
	}
	job := w.Jobs["deploy"]
	if settings.Environments[job.Environment].From == "" || !slices.Contains(settings.Environments[job.Environment].DeployJobs, "deploy") {
		t.Errorf("the workflow deploys to %q, of which the settings say nothing", job.Environment)
	}
	if len(job.Steps) != 3 || !strings.HasPrefix(job.Steps[0].Uses, "actions/checkout@") ||
		!strings.HasPrefix(job.Steps[1].Run, "platform gate decide --environment "+job.Environment+" --key ") || job.Permissions["id-token"] != "write" {
		t.Errorf("the job does not ask before it deploys: %+v", job)
	}
}
