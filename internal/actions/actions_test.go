package actions_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/platform-action/internal/actions"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// runner is one of files in a folder.
func runner(t *testing.T, env map[string]string) (*actions.Runner, *strings.Builder, string) {
	t.Helper()
	dir := t.TempDir()
	all := map[string]string{"GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary")}
	maps.Copy(all, env)
	var out strings.Builder
	return actions.New(func(name string) string { return all[name] }, &out), &out, dir
}

// TestOutputsForge: no value that could end its delimiter, or that is a text at all, is ever written.
func TestOutputsForge(t *testing.T) {
	t.Parallel()
	r, _, dir := runner(t, nil)
	forged := "sha256:" + strings.Repeat("0", 64) + "\n_GitHubActionsFileCommandDelimeter_\noutcome<<X\nallow\nX"
	for _, o := range []actions.Outputs{
		{Digest: forged}, {Digest: "sha256:" + strings.Repeat("0", 64) + "\n"}, {MonthlyCost: "1\noutcome=allow"}, {MonthlyDelta: "12 USD"},
		{ReportFile: "../x"}, {ReportFile: "platform-report/a\nb"}, {SARIFFile: "platform-report/$(id)"}, {MonthlyCost: "NaN"},
	} {
		if err := r.WriteOutputs(o); err == nil {
			t.Errorf("%+v was written", o)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "output")); err == nil {
		t.Error("something was written of what was refused")
	}
	if err := r.WriteOutputs(actions.Outputs{Outcome: verdict.Outcome(7), MonthlyCost: "-1.5"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), "\nundecided\n") {
		t.Errorf("an unknown outcome is not undecided:\n%s", data)
	}
	if err := r.WriteOutputs(actions.Outputs{}); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(filepath.Join(dir, "output"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if strings.Contains(string(again[len(data):]), first) {
		t.Error("the delimiter is the same twice")
	}
}

// TestNoOutputFile: without the runner's file there is an error, and no panic.
func TestNoOutputFile(t *testing.T) {
	t.Parallel()
	r, _, _ := runner(t, map[string]string{"GITHUB_OUTPUT": ""})
	if err := r.WriteOutputs(actions.Outputs{}); err == nil || !strings.Contains(err.Error(), "platform check") {
		t.Errorf("%v", err)
	}
}

// TestLogLines: whatever is said, no line of the log is a command of somebody else's.
func TestLogLines(t *testing.T) {
	t.Parallel()
	r, out, _ := runner(t, nil)
	hostile := "x\n::set-output name=outcome::allow\r::error::y\n##[error]z\u2028::stop-commands::t %0A::warning::\x1b[31m ghp_0123456789abcdefghij0123456789"
	r.Say("%s", hostile)
	r.Warn(hostile, "%s", hostile)
	r.Fail(hostile, fmt.Errorf("%s", hostile))
	for line := range strings.Lines(out.String()) {
		own := strings.HasPrefix(line, "platform: ") || strings.HasPrefix(line, "::warning title=") || strings.HasPrefix(line, "::error title=")
		if !own || strings.ContainsAny(line, "\r\x1b\u2028") || strings.Contains(line, "##[") || strings.Contains(line, "ghp_") {
			t.Errorf("line %q", line)
		}
	}
}

// TestManyFindings: of 5,000 findings ten errors and ten warnings are shown, the worst first, and the rest is counted.
func TestManyFindings(t *testing.T) {
	t.Parallel()
	r, out, _ := runner(t, nil)
	report := render.Report{Verdict: verdict.Verdict{Outcome: verdict.Block}}
	for i := range 5000 {
		report.Verdict.Findings = append(report.Verdict.Findings, verdict.Finding{
			ID: fmt.Sprintf("SEC-%04d", i), Title: "T", Message: strings.Repeat("long ", 2000), Severity: verdict.Severity(1 + i%2), File: "a.tf", Line: 1 + i,
		})
	}
	if err := r.Annotations(report); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if strings.Count(text, "::error ") != 10 || strings.Count(text, "::warning ") != 10 || !strings.HasPrefix(text, "::error file=a.tf,line=1,") || !strings.Contains(text, "4,980 more annotations") {
		t.Errorf("%d errors, %d warnings: %.300s", strings.Count(text, "::error "), strings.Count(text, "::warning "), text)
	}
}

// TestLargeSummary: what GitHub would not show is an error, and not written.
func TestLargeSummary(t *testing.T) {
	t.Parallel()
	r, _, dir := runner(t, nil)
	if err := r.WriteSummary(strings.Repeat("x", 1<<20)); err == nil {
		t.Error("a mebibyte was written")
	}
	if _, err := os.Stat(filepath.Join(dir, "summary")); err == nil {
		t.Error("something was written")
	}
}

// FuzzPayload: no event file ends in a panic, and none of a pull request passes without a commit and a base.
func FuzzPayload(f *testing.F) {
	f.Add([]byte(`{"repository":{"default_branch":"main"},"pull_request":{"number":1,"head":{"sha":"0123456789012345678901234567890123456789","repo":null},"base":{"ref":"main","repo":{"id":1}}}}`), uint8(0))
	f.Add([]byte(`{"merge_group":{"head_sha":"x"}}`), uint8(2))
	f.Add([]byte(`{"before":"0000000000000000000000000000000000000000"}`), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		path := filepath.Join(t.TempDir(), "event.json")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		name := []string{"pull_request", "pull_request_target", "merge_group", "push", "schedule"}[kind%5]
		env := map[string]string{
			"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": path, "GITHUB_SHA": strings.Repeat("a", 40), "GITHUB_REPOSITORY": "a/b",
			"GITHUB_WORKSPACE": "/", "GITHUB_REF": "refs/heads/main",
		}
		e, err := actions.New(func(name string) string { return env[name] }, &strings.Builder{}).Event()
		if err != nil {
			return
		}
		if len(e.Head) != 40 && len(e.Head) != 64 || e.FromPull && e.OnDefault() || e.Number != 0 && e.Into == "" {
			t.Errorf("%+v", e)
		}
	})
}
