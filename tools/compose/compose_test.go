// Package compose holds the compose files to the Compose Specification, by its own loader, and to what none may lose.
package compose

import (
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

const dir = "../../deploy/compose/"

var digest = "@sha256:" + strings.Repeat("0", 64)

// given are the variables that a person sets.
var given = map[string]string{
	"PLATFORM_IMAGE": "ghcr.io/org/platform-action-server" + digest, "POSTGRES_IMAGE": "docker.io/library/postgres" + digest,
	"PLATFORM_GITHUB_APP_ID": "1", "PLATFORM_OAUTH_CLIENT_ID": "c", "PLATFORM_SECRETS": "/srv/secrets",
}

func load(t *testing.T, variables map[string]string, files ...string) (*types.Project, error) {
	t.Helper()
	for i := range files {
		files[i] = dir + files[i]
	}
	var env []string
	for name, value := range variables {
		env = append(env, name+"="+value)
	}
	o, err := cli.NewProjectOptions(files, cli.WithEnv(env), cli.WithInterpolation(true), cli.WithResolvedPaths(true), cli.WithConsistency(true), cli.WithNormalization(true))
	if err != nil {
		t.Fatal(err)
	}
	return o.LoadProject(t.Context())
}

func TestVariants(t *testing.T) {
	for _, files := range [][]string{{"compose.yaml"}, {"compose.yaml", "postgres.yaml"}, {"compose.yaml", "sign-in.yaml"}, {"compose.yaml", "postgres.yaml", "sign-in.yaml"}} {
		t.Run(strings.Join(files, "+"), func(t *testing.T) {
			p, err := load(t, given, slices.Clone(files)...)
			if err != nil {
				t.Fatal(err)
			}
			if want := 1 + map[bool]int{true: 1}[slices.Contains(files, "postgres.yaml")]; len(p.Services) != want {
				t.Errorf("%d services, want %d", len(p.Services), want)
			}
			for name, s := range p.Services {
				hardened(t, name, s)
			}
			url := *p.Services["app"].Environment["PLATFORM_DATABASE_URL"]
			if slices.Contains(files, "postgres.yaml") != strings.HasPrefix(url, "postgres://platform@db:") {
				t.Errorf("the database is at %s", url)
			}
		})
	}
}

// hardened holds what no service may lose.
func hardened(t *testing.T, name string, s types.ServiceConfig) {
	t.Helper()
	for what, holds := range map[string]bool{
		"image by its digest": strings.HasSuffix(s.Image, digest),
		"not root":            s.User != "" && !strings.HasPrefix(s.User, "0"),
		"read-only root":      s.ReadOnly,
		"no capabilities":     slices.Equal(s.CapDrop, []string{"ALL"}) && len(s.CapAdd) == 0,
		"no new privileges":   slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}),
		"no privilege":        !s.Privileged && s.NetworkMode == "" && s.Pid == "" && s.Ipc == "",
		"health":              s.HealthCheck != nil && len(s.HealthCheck.Test) > 1,
		"time to end":         s.StopGracePeriod != nil,
		"restart":             s.Restart == "unless-stopped",
	} {
		if !holds {
			t.Errorf("%s lost: %s", name, what)
		}
	}
	for _, p := range s.Ports {
		if p.HostIP != "127.0.0.1" || p.Target == 9090 {
			t.Errorf("%s publishes %d to %q", name, p.Target, p.HostIP)
		}
	}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind && (!v.ReadOnly || v.Bind == nil || bool(v.Bind.CreateHostPath)) {
			t.Errorf("%s writes to %s, or makes it", name, v.Source)
		}
	}
	for variable := range s.Environment {
		if strings.HasSuffix(variable, "_SECRET") || strings.HasSuffix(variable, "_KEY") || strings.HasSuffix(variable, "_PASSWORD") {
			t.Errorf("%s has the variable %s: secrets come from files, which are read again", name, variable)
		}
	}
}

// TestMissing: what a person forgot is named, and nothing starts.
func TestMissing(t *testing.T) {
	for _, name := range []string{"PLATFORM_IMAGE", "POSTGRES_IMAGE", "PLATFORM_GITHUB_APP_ID", "PLATFORM_OAUTH_CLIENT_ID"} {
		some := map[string]string{}
		for k, v := range given {
			if k != name {
				some[k] = v
			}
		}
		if _, err := load(t, some, "compose.yaml", "postgres.yaml", "sign-in.yaml"); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}
