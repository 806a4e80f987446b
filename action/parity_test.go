package main

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// parity wants the digest of the last run to be that of `platform check` with these arguments in the workspace.
func parity(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: parity ARGS…")
	}
	binary := filepath.Join(ts.MkAbs("."), "platform-cli")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", binary, "../cmd/platform")
	if out, err := build.CombinedOutput(); err != nil {
		ts.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(context.Background(), binary, append([]string{"check", "--format", "json"}, args...)...)
	cmd.Dir = ts.MkAbs("ws")
	var fault strings.Builder
	cmd.Stderr = &fault
	out, _ := cmd.Output() // the exit code is the verdict's
	var report struct {
		Digest  string `json:"digest"`
		Verdict struct {
			Digest string `json:"digest"`
		} `json:"verdict"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		ts.Fatalf("%v: %s", err, fault.String())
	}
	want := report.Digest + report.Verdict.Digest
	if got := outputs(ts.ReadFile("outputs"))["verdict-digest"]; got != want || want == "" {
		ts.Fatalf("the verdict is %s here and %s from the command line", got, want)
	}
}
