package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/org/platform-action/internal/github/githubtest"
	"github.com/org/platform-action/internal/store"
)

// clinic is a server's set-up that a test spoils, with GitHub's stand-in.
type clinic struct {
	t   *testing.T
	hub *githubtest.Server
	env map[string]string
}

// newClinic is one where all is well.
func newClinic(t *testing.T) *clinic {
	t.Helper()
	hub, err := githubtest.New(githubtest.Options{Validate: true})
	if err != nil {
		t.Fatal(err)
	}
	address, err := hub.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hub.Close() })
	front := answering(t, http.StatusUnauthorized)
	hub.HookTo(front + "/webhooks/github")
	database := "sqlite:" + filepath.Join(t.TempDir(), "platform.db")
	db, err := store.Open(t.Context(), store.Options{URL: database, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	hub.AddRepository(hub.Install("acme"), "shop")
	return &clinic{t, hub, map[string]string{
		"PLATFORM_GITHUB_APP_ID": fmt.Sprint(hub.AppID()), "PLATFORM_GITHUB_PRIVATE_KEY": string(hub.PrivateKeyPEM()),
		"PLATFORM_GITHUB_WEBHOOK_SECRET": "canary-secret", "PLATFORM_GITHUB_API_URL": address + "/api/v3",
		"PLATFORM_PUBLIC_URL": front, "PLATFORM_DATABASE_URL": database,
	}}
}

func answering(t *testing.T, status int) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	t.Cleanup(s.Close)
	return s.URL
}

// TestDoctor: what is spoiled is what the doctor finds, with what to do, and nothing secret is told.
func TestDoctor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(*clinic)
		code  int
		wants []string
	}{
		"nothing": {func(*clinic) {}, 0, nil},
		"half configured": {func(c *clinic) { delete(c.env, "PLATFORM_GITHUB_WEBHOOK_SECRET") }, 1, []string{
			"FAIL\tconfiguration", "PLATFORM_GITHUB_WEBHOOK_SECRET is missing",
		}},
		"not set up": {func(c *clinic) {
			for _, name := range []string{"APP_ID", "PRIVATE_KEY", "WEBHOOK_SECRET"} {
				delete(c.env, "PLATFORM_GITHUB_"+name)
			}
		}, 1, []string{"FAIL\tApp", "FAIL\tencryption key", "openssl rand -hex 32"}},
		"no database": {func(c *clinic) { c.env["PLATFORM_DATABASE_URL"] += ".none" }, 3, []string{"unknown\tdatabase"}},
		"bad database": {func(c *clinic) { c.env["PLATFORM_DATABASE_URL"] = "mysql:canary-password" }, 1, []string{
			"FAIL\tdatabase", "sqlite: or postgres://",
		}},
		"another App": {func(c *clinic) { c.env["PLATFORM_GITHUB_APP_ID"] = "77" }, 1, []string{"FAIL\tApp", "PLATFORM_GITHUB_APP_ID"}},
		"GitHub is away": {func(c *clinic) { c.env["PLATFORM_GITHUB_API_URL"] = "http://127.0.0.1:1/api/v3" }, 3, []string{
			"unknown\tGitHub", "let this machine reach",
		}},
		"permissions": {func(c *clinic) {
			c.hub.Grant(map[string]string{"checks": "read", "contents": "write", "metadata": "read", "pull_requests": "write", "actions": "read", "issues": "read"}, []string{"push"})
		}, 1, []string{"FAIL\tpermissions", "checks: write, deployments: write, issues: write, members: read, merge_queues: read, event check_run", "/apps/"}},
		"other webhook":    {func(c *clinic) { c.hub.HookTo("https://old.example/webhooks/github") }, 1, []string{"FAIL\twebhook", "https://old.example/webhooks/github"}},
		"open door":        {func(c *clinic) { c.front(http.StatusOK) }, 1, []string{"FAIL\twebhook", "with 200 instead of 401"}},
		"server is down":   {func(c *clinic) { c.at("http://127.0.0.1:1") }, 3, []string{"unknown\twebhook", "cannot be reached"}},
		"no address":       {func(c *clinic) { delete(c.env, "PLATFORM_PUBLIC_URL") }, 1, []string{"FAIL\tpublic address"}},
		"not installed":    {func(c *clinic) { c.env["PLATFORM_ALLOWED_ACCOUNTS"] = "1" }, 1, []string{"FAIL\tinstallations", "install it from"}},
		"invalid policies": {func(c *clinic) { c.policies("package x\n\ndeny[") }, 1, []string{"FAIL\tpolicies of account", "a.rego:3"}},
		"failed delivery": {func(c *clinic) {
			r := c.hub.AddRepository(c.hub.Install("globex"), "shop")
			c.hub.Send(c.t.Context(), "http://127.0.0.1:1/", r.RepositoryEvent("renamed", "writer"))
		}, 1, []string{"FAIL\tdeliveries", "1 of the last 24 hours"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clinic := newClinic(t)
			c.spoil(clinic)
			out, code := clinic.doctor()
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.wants {
				if !strings.Contains(out, want) {
					t.Errorf("no %q", want)
				}
			}
			if strings.Contains(out, "canary") || strings.Contains(out, "PRIVATE KEY---") {
				t.Error("it tells secrets")
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

func (c *clinic) doctor(args ...string) (string, int) {
	var out, faults bytes.Buffer
	code := run(c.t.Context(), append([]string{"doctor"}, args...), streams{
		out: &out, err: &faults, env: func(name string) string { return c.env[name] }, width: func() int { return 100 },
	})
	return out.String() + faults.String(), code
}

func (c *clinic) at(address string) {
	c.env["PLATFORM_PUBLIC_URL"] = address
	c.hub.HookTo(address + "/webhooks/github")
}

func (c *clinic) front(status int) { c.at(answering(c.t, status)) }

func (c *clinic) policies(rego string) {
	central := c.hub.AddRepository(c.hub.Install("globex"), ".github")
	central.Commit("main", map[string]string{"policies/a.rego": rego})
}

// TestDoctorForms: JSON has the same answers, and -v names the installations.
func TestDoctorForms(t *testing.T) {
	t.Parallel()
	c := newClinic(t)
	out, code := c.doctor("--format", "json")
	var read struct {
		Kind   string
		Checks []struct{ Name, State, Detail string }
	}
	if err := json.Unmarshal([]byte(out), &read); err != nil || code != 0 || read.Kind != "doctor" || len(read.Checks) < 8 {
		t.Errorf("exit code %d, %v:\n%s", code, err, out)
	}
	for _, check := range read.Checks {
		if check.State != "ok" {
			t.Errorf("%+v", check)
		}
	}
	if out, _ := c.doctor("-v"); !strings.Contains(out, "built-in only") {
		t.Error(out)
	}
	if out, code := c.doctor("--format", "xml"); code != 2 {
		t.Errorf("exit code %d: %s", code, out)
	}
}
