package main

import (
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/store"
)

// TestGateKill ends the server without a warning at seeded moments while deployments ask. Each gets one answer in the end,
// and the ledger has it. PLATFORM_TORTURE sets how many moments there are.
func TestGateKill(t *testing.T) {
	t.Parallel()
	points := 10
	if n, err := strconv.Atoi(os.Getenv("PLATFORM_TORTURE")); err == nil {
		points = n
	}
	const asking = 3
	w := newWorld(t, githubtest.Options{})
	w.public()
	_, r := w.shop("acme", guardedFiles(""))
	tip := r.Head("main")
	w.env["PLATFORM_LOG_LEVEL"], w.wait = "info", 3*time.Minute+time.Duration(points*asking)*3*time.Second // GitHub takes 900 points a minute
	kill := w.spawn()
	w.swept()
	w.testedOn(r, 1, tip, 3, 0)
	kill()
	random := rand.New(rand.NewPCG(20261127, 1))
	for point := range points {
		kill := w.spawn()
		dead := make(chan struct{})
		time.AfterFunc(time.Duration(random.IntN(300))*time.Millisecond, func() { kill(); close(dead) })
		for i := range asking {
			w.hub.Send(t.Context(), w.url+"/webhooks/github", r.Deploy(deploying(int64(100+point*asking+i), tip), "production")) // what fails is listed as failed
		}
		<-dead
	}
	kill = w.spawn()
	tries := 0
	for i := range points * asking {
		g := w.gate(r, int64(100+i), "approved")
		if tries += g.Tries; !strings.Contains(g.Comment, "Ledger: ") {
			t.Errorf("%+v", g)
		}
	}
	kill()
	db, err := store.Open(t.Context(), store.Options{URL: w.env["PLATFORM_DATABASE_URL"], Now: time.Now, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.VerifyLedger(t.Context(), control.Tenant{Installation: r.Installation(), Repository: r.ID}); err != nil {
		t.Error(err)
	}
	t.Logf("killed %d times; %d deployments have one answer each, in %d tries", points, points*asking, tries)
}
