package platform

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/policy"
)

var fenced = regexp.MustCompile("(?s)```(yaml|rego)\n(.*?)```")

// TestEvidenceDocument proves that docs/evidence.md has every code, that its settings are read, that only the job which
// records gets a token in the layout of two jobs, and that its policy does what it says.
func TestEvidenceDocument(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("docs/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range evidence.Codes() {
		if !strings.Contains(string(data), "`"+c.String()+"`") {
			t.Errorf("docs/evidence.md does not explain %s", c)
		}
	}
	blocks := fenced.FindAllStringSubmatch(string(data), -1)
	if len(blocks) != 4 {
		t.Fatalf("%d blocks of YAML and Rego, want settings, two workflows and a policy", len(blocks))
	}
	settings, err := config.Parse("platform.yml", []byte(blocks[0][2]))
	if err != nil || settings.Environments["production"].Tested == nil {
		t.Errorf("the settings of docs/evidence.md: %v", err)
	}
	type job struct {
		Needs       string
		Permissions map[string]string
		Steps       []map[string]any
	}
	var two, one struct {
		Permissions map[string]string
		Jobs        map[string]job
	}
	for i, w := range []any{&two, &one} {
		if err := yaml.Unmarshal([]byte(blocks[1+i][2]), w); err != nil {
			t.Fatal(err)
		}
	}
	suite := settings.Environments["production"].Tested.Suites[0]
	if test, record := two.Jobs[suite.Job], two.Jobs["record"]; len(test.Steps) == 0 || test.Permissions["id-token"] != "" || record.Permissions["id-token"] != "write" || record.Needs != suite.Job {
		t.Errorf("the layout of two jobs keeps tests and token together: %+v", two.Jobs)
	}
	if len(one.Jobs) != 1 || one.Jobs[suite.Job].Permissions["id-token"] != "write" {
		t.Errorf("the layout of one job: %+v", one.Jobs)
	}
	documentedPolicy(t, blocks[3][2])
}

func documentedPolicy(t *testing.T, text string) {
	t.Helper()
	set, err := policy.Compile(t.Context(), policy.Options{Bundles: []policy.Bundle{{Name: "acme", FS: fstest.MapFS{"flaky.rego": {Data: []byte(text)}}}}})
	if err != nil {
		t.Fatal(err)
	}
	ran := func(retried, hours int) fact.Facts {
		return fact.Facts{Evidence: fact.Of(fact.Evidence{Environment: "production", Outcome: "tested", Suites: []fact.SuiteEvidence{
			{Name: "unit", Tested: true, Code: "tested", SuiteRecord: &fact.SuiteRecord{Executed: 9, Passed: 9, Retried: retried, AgeHours: hours}},
		}})}
	}
	for _, c := range []struct {
		facts fact.Facts
		want  string // id of the only finding
	}{{ran(0, 23), ""}, {ran(1, 0), "ACME-010"}, {ran(0, 24), "ACME-010"}, {fact.Facts{}, policy.IDMissing}} {
		got, err := set.Evaluate(t.Context(), policy.Input{Facts: c.facts})
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, f := range got.Findings {
			ids = append(ids, f.ID)
		}
		if strings.Join(ids, " ") != c.want {
			t.Errorf("%v, want %q", got.Findings, c.want)
		}
	}
}
