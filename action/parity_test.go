package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// parity wants the digest of the last run to be that of `platform check` with these arguments in the workspace. The
// command line is built once, in dir, with the flags of `make build`, so that its cache serves here too.
func parity(dir string) func(ts *testscript.TestScript, neg bool, args []string) {
	built := sync.OnceValues(func() (string, error) {
		binary := filepath.Join(dir, "platform-cli")
		build := exec.CommandContext(context.Background(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "../cmd/platform")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go build: %w\n%s", err, out)
		}
		return binary, nil
	})
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) == 0 {
			ts.Fatalf("usage: parity ARGS…")
		}
		binary, err := built()
		ts.Check(err)
		compare(ts, binary, args)
	}
}

func compare(ts *testscript.TestScript, binary string, args []string) {
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
