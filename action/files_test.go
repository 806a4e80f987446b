package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

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

// TestDockerfile: the version of Go is go.mod's, so that an image is not built by another compiler than the tests'.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	mod := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindSubmatch(read(t, "../go.mod"))
	file := regexp.MustCompile(`(?m)^ARG BASE=golang:(\d+\.\d+)`).FindSubmatch(read(t, "../Dockerfile"))
	if mod == nil || file == nil || string(mod[1]) != string(file[1]) {
		t.Errorf("go.mod says %q and the Dockerfile %q", mod, file)
	}
}
