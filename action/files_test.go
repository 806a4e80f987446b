package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/actions"
)

type manifest struct {
	Inputs  map[string]parameter `yaml:"inputs"`
	Outputs map[string]parameter `yaml:"outputs"`
	Runs    struct {
		Using string `yaml:"using"`
		Image string `yaml:"image"`
	} `yaml:"runs"`
}

type parameter struct {
	Description string `yaml:"description"`
	Default     string `yaml:"default"`
}

func action(t *testing.T) manifest {
	t.Helper()
	var m manifest
	if err := yaml.Unmarshal(read(t, "../action.yml"), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestManifest holds action.yml to the inputs that are read and the outputs that are written.
func TestManifest(t *testing.T) {
	t.Parallel()
	m := action(t)
	var names []string
	for name, p := range m.Inputs {
		if names = append(names, name); p.Description == "" {
			t.Errorf("the input %s has no description", name)
		}
	}
	slices.Sort(names)
	if want := slices.Sorted(slices.Values(actions.Names())); !slices.Equal(names, want) {
		t.Errorf("action.yml has the inputs %v, and %v are read", names, want)
	}
	var b strings.Builder
	path := t.TempDir() + "/outputs"
	r := actions.New(func(name string) string { return map[string]string{"GITHUB_OUTPUT": path}[name] }, &b)
	if err := r.WriteOutputs(actions.Outputs{}); err != nil {
		t.Fatal(err)
	}
	written := outputs(string(read(t, path)))
	for name := range written {
		if m.Outputs[name].Description == "" {
			t.Errorf("the output %s is written and not in action.yml", name)
		}
	}
	if len(written) != len(m.Outputs) {
		t.Errorf("%d outputs are written, and action.yml has %d", len(written), len(m.Outputs))
	}
	if m.Runs.Using != "docker" || m.Runs.Image != "Dockerfile" && !regexp.MustCompile(`^docker://[^@]+@sha256:[0-9a-f]{64}$`).MatchString(m.Runs.Image) {
		t.Errorf("action.yml runs %s %s: an image by its digest, or this commit's Dockerfile", m.Runs.Using, m.Runs.Image)
	}
}

// TestPin: what a release writes into action.yml is an image by its digest, and nothing else changes.
func TestPin(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "action.yml")
	if err := os.WriteFile(file, read(t, "../action.yml"), 0o600); err != nil {
		t.Fatal(err)
	}
	pin := func(image string) error {
		return exec.CommandContext(t.Context(), "../.ci/pin-action", image, file).Run()
	}
	good := "ghcr.io/org/platform-action@sha256:" + strings.Repeat("0a", 32)
	for _, bad := range []string{"", "ghcr.io/org/platform-action", "ghcr.io/org/platform-action:v1", good + "|e", "x&y" + good} {
		if pin(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	if err := pin(good); err != nil {
		t.Fatal(err)
	}
	var pinned manifest
	if err := yaml.Unmarshal(read(t, file), &pinned); err != nil {
		t.Fatal(err)
	}
	want := action(t)
	if want.Runs.Image = "docker://" + good; !cmp.Equal(want, pinned) {
		t.Error(cmp.Diff(want, pinned))
	}
	if pin(good) == nil {
		t.Error("a file that names an image was written again")
	}
}

// TestDockerfile: the version of Go is go.mod's, so that an image is not built by another compiler than the tests'.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	mod := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(read(t, "../go.mod"))
	file := regexp.MustCompile(`(?m)^ARG BASE=golang:(\d+\.\d+)(?:\.\d+)?-[a-z]+@sha256:[0-9a-f]{64}$`).FindSubmatch(read(t, "../Dockerfile"))
	if mod == nil || file == nil || string(mod[1]) != string(file[1]) {
		t.Errorf("go.mod says %q and the Dockerfile %q", mod, file)
	}
}

var update = flag.Bool("update", false, "write docs/action.md anew")

// TestDocs holds the tables of docs/action.md to action.yml.
func TestDocs(t *testing.T) {
	t.Parallel()
	m := action(t)
	old := string(read(t, "../docs/action.md"))
	text := section(t, old, "<!-- inputs", inputTable(m))
	text = section(t, text, "<!-- outputs", outputTable(m))
	if *update {
		if err := os.WriteFile("../docs/action.md", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(old, text); diff != "" {
		t.Errorf("docs/action.md is not what action.yml says: go test ./action -run TestDocs -update\n%s", diff)
	}
}

func inputTable(m manifest) string {
	var b strings.Builder
	b.WriteString("| input | default | |\n|---|---|---|\n")
	for _, name := range actions.Names() {
		p := m.Inputs[name]
		standard := "–"
		if p.Default != "" {
			standard = "`" + p.Default + "`"
		}
		b.WriteString("| `" + name + "` | " + standard + " | " + strings.TrimSpace(p.Description) + " |\n")
	}
	return b.String()
}

func outputTable(m manifest) string {
	var b strings.Builder
	b.WriteString("| output | |\n|---|---|\n")
	for _, name := range []string{"outcome", "monthly-cost", "monthly-delta", "verdict-digest", "report-file", "sarif-file", "decision", "code", "verdict-file"} {
		b.WriteString("| `" + name + "` | " + m.Outputs[name].Description + " |\n")
	}
	return b.String()
}

// section replaces what stands between a marker's line and the next end.
func section(t *testing.T, text, marker, table string) string {
	t.Helper()
	at := strings.Index(text, marker)
	if at < 0 {
		t.Fatalf("docs/action.md has no marker %s", marker)
	}
	from := at + strings.Index(text[at:], "\n") + 1
	end := strings.Index(text[from:], "<!-- end -->")
	if end < 0 {
		t.Fatalf("docs/action.md has no end after %s", marker)
	}
	return text[:from] + table + text[from+end:]
}
