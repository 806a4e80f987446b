package main

import (
	"context"
	"io"
	"os"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	program := func() {
		os.Exit(run(context.Background(), arguments(os.Args), streams{
			in: os.Stdin, out: os.Stdout, err: os.Stderr, env: os.Getenv, width: func() int { return 100 },
			now: func() time.Time { return time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC) },
		}))
	}
	testscript.Main(m, map[string]func(){"platform": program, infracostName: program})
}

// TestScripts runs every testdata/script/*.txtar: real commands on real files, with their exit codes.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, scripts("testdata/script"))
}

func scripts(dir string) testscript.Params {
	return testscript.Params{
		Dir: dir, RequireExplicitExec: true, RequireUniqueNames: true,
		Setup: func(e *testscript.Env) error {
			e.Values[hubKey{}] = &standIn{}
			demo := os.DirFS("../../testdata/demo")
			return os.CopyFS(e.WorkDir+"/demo", demo)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"exits": exits, "hub": hub},
	}
}

// exits runs a program and wants its exit code: exits 3 platform check plan.json.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE program [args…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = exitText(err)
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s\n%s%s", code, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

func exitText(err error) string {
	text := err.Error()
	if n := len("exit status "); len(text) > n {
		return text[n:]
	}
	return text
}

// TestExitCodes is the table of docs/architecture.md for what is no verdict.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		code int
	}{
		{nil, 0}, {&faultError{context.DeadlineExceeded}, 3}, {context.Canceled, 3}, {io.ErrUnexpectedEOF, 2},
	} {
		if got := exitCode(c.err, io.Discard); got != c.code {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.code)
		}
	}
}
