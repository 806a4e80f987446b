package main

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"action": func() {
		os.Exit(run(context.Background(), process{ // a machine that is busy with other tests takes its time
			env: os.Getenv, environ: os.Environ(), out: os.Stdout, now: time.Now, chdir: os.Chdir, policyTime: time.Minute,
		}))
	}})
}

// TestScripts runs every testdata/script/*.txtar: the program as a runner starts it, against a stand-in for GitHub that
// holds each request against GitHub's own description.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Values[hubKey{}] = &standIn{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits, "hub": hub, "output": output, "parity": parity(t.TempDir())},
	})
}

// exits runs a program and wants its exit code: exits 1 action.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program [args…]")
	}
	code := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		text := err.Error()
		code = text[min(len(text), len("exit status ")):]
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s\n%s%s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}
