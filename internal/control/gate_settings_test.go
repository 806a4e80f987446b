package control

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/evidence"
	"github.com/org/platform-action/internal/gate"
	"github.com/org/platform-action/internal/verdict"
)

// TestGateSettings holds that nothing of an environment is lost on its way to the gate, and that settings which are in
// doubt are none.
func TestGateSettings(t *testing.T) {
	t.Parallel()
	o, err := config.ParseOrganisation("o", []byte("version: 1\nobserve: {production: 2027-01-31}\n"))
	if err != nil {
		t.Fatal(err)
	}
	c, _, err := o.Parse("platform.yml", []byte(`
version: 1
environments:
  staging: {}
  production:
    tested: {suites: [{name: unit, workflow: .github/workflows/ci.yml, job: test, min_tests: 20, guards: ["tools/**"]}], max_age: 1h, assurance: same-job}
    deploy_workflows: [.github/workflows/deploy.yml]
    deploy_jobs: [deploy]
    from: main
    after: staging
    soak: 30m
    decide_by: 5m
    freeze: [{name: holidays, from: 2026-12-20, until: 2027-01-02, zone: Europe/London, exempt: [rollback], except: [{name: sales, from: 2026-12-27, until: 2026-12-28}]}]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := gate.Settings{Environments: []gate.Environment{
		{Name: "production", DecideBy: 5 * time.Minute, Observe: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC),
			Requirement: evidence.Requirement{
				Suites: []evidence.SuiteRequirement{{Name: "unit", Workflow: ".github/workflows/ci.yml", Job: "test", MinTests: 20, Paths: []string{"**"}, Guards: []string{"tools/**"}}},
				MaxAge: time.Hour, Assurance: evidence.AssuranceSameJob, RetryBudget: evidence.DefaultRetryBudget, After: "staging", Soak: 30 * time.Minute,
				From: "main", DeployWorkflows: []string{".github/workflows/deploy.yml"}, DeployJobs: []string{"deploy"},
			},
			Freeze: []gate.Freeze{{Name: "holidays", From: "2026-12-20T00:00", Until: "2027-01-02T00:00", Zone: "Europe/London", Exempt: []string{"rollback"},
				Except: []gate.Opening{{Name: "sales", From: "2026-12-27T00:00", Until: "2026-12-28T00:00"}}}}},
		{Name: "staging", DecideBy: 30 * time.Minute},
	}}
	got, known := gateSettings(Settings{Config: c}).Get()
	if diff := cmp.Diff(want, got); !known || diff != "" {
		t.Error(diff)
	}
	doubt := gateSettings(Settings{Config: c, Notes: []verdict.Finding{{Message: "the file cannot be read", Severity: verdict.Undecided}}})
	if _, known := doubt.Get(); known || doubt.Why() != "the file cannot be read" {
		t.Errorf("settings in doubt: %v", doubt)
	}
}
