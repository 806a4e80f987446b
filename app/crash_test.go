package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
)

// TestMain lets the test binary be the server, so that a test can kill it.
func TestMain(m *testing.M) {
	if os.Getenv("PLATFORM_TEST_SERVE") == "1" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM) // as main does
		code := run(ctx, nil, os.Environ(), io.Discard, os.Stderr)
		stop()
		os.Exit(code)
	}
	if len(os.Args) == 2 && os.Args[1] == sandboxArgument {
		os.Exit(run(context.Background(), os.Args[1:], nil, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// spawn starts the server as a process of its own, and returns how to kill it.
func (w *world) spawn() (kill func()) {
	w.t.Helper()
	w.log.forget()
	binary := w.binary
	if binary == "" {
		binary = os.Args[0]
	}
	cmd := exec.CommandContext(context.WithoutCancel(w.t.Context()), binary)
	cmd.Env = append(variables(w.env), "PLATFORM_TEST_SERVE=1", "PATH="+os.Getenv("PATH"))
	cmd.Stderr = w.log
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.process = cmd.Process.Pid
	var address string
	w.eventually("the server is ready", func() bool {
		if address = w.log.attribute("serving", "address"); address == "" {
			return false
		}
		status, _ := w.get("http://" + address + "/readyz")
		return status == 200
	})
	w.url = "http://" + address
	return func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// TestKill ends the server without a warning at seeded moments while deliveries come in and are worked on. Afterwards
// each delivery that was acknowledged is decided exactly once in effect: one check run, one comment. PLATFORM_TORTURE
// sets how many moments there are.
func TestKill(t *testing.T) {
	t.Parallel()
	points := 10
	if n, err := strconv.Atoi(os.Getenv("PLATFORM_TORTURE")); err == nil {
		points = n
	}
	const pulls = 6
	w := newWorld(t, githubtest.Options{})
	_, r := w.shop("acme", nil)
	w.env["PLATFORM_LOG_LEVEL"], w.wait = "info", 5*time.Minute // one account's comments are paced, as GitHub asks
	random := rand.New(rand.NewPCG(20261124, 1))
	type opened struct {
		number int
		sha    string
	}
	var all []opened
	for point := range points {
		kill := w.spawn()
		w.env["PLATFORM_LISTEN"] = w.url[len("http://"):] // GitHub sends again to the same address
		after := time.Duration(random.IntN(400)) * time.Millisecond
		dead := make(chan struct{})
		time.AfterFunc(after, func() { kill(); close(dead) })
		for i := range pulls {
			branch := fmt.Sprintf("b-%d-%d", point, i)
			changes := bigger("m5.large")
			if i%2 == 1 {
				changes = map[string]string{branch + ".md": "text\n"}
			}
			sha := r.Commit(branch, changes)
			n := r.OpenPull("A change", branch, "main", "writer")
			all = append(all, opened{n, sha})
			w.hub.Send(t.Context(), w.url+"/webhooks/github", r.PullEvent("opened", n)) // what fails is listed as failed
		}
		<-dead
	}
	kill := w.spawn()
	defer kill()
	for _, p := range all {
		run := w.check(r, p.sha)
		equal(t, "conclusion", run.Conclusion, "success")
	}
	w.idle()
	for i, p := range all {
		if runs := len(r.CheckRuns(p.sha)); runs != 1 {
			t.Errorf("pull request %d has %d check runs", p.number, runs)
		}
		if got, want := ours(r.Comments(p.number)), 1-i%pulls%2; got != want {
			t.Errorf("pull request %d has %d comments, want %d", p.number, got, want)
		}
	}
	t.Logf("killed %d times; %d pull requests decided; %d deliveries were asked for again", points, len(all), w.hub.Redelivered())
}
