package scan

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Job is a job that names an environment.
type Job struct {
	Workflow     string // path
	ID           string
	Environment  string // as it is written; with an expression it may be any
	NoDeployment bool   // deployment: false
	Asks         bool   // platform gate decide stands among its steps, before anything but a checkout
	Other        []string
}

// Where names the job.
func (j Job) Where() string { return fmt.Sprintf("%+q of %s", j.ID, j.Workflow) }

// enters reports that the job may enter an environment. GitHub compares names without case.
func (j Job) enters(name string) bool {
	return strings.Contains(j.Environment, "${{") || strings.EqualFold(j.Environment, name)
}

const maxWorkflow = 1 << 20

var (
	fromOutside = regexp.MustCompile(`inputs\.[\w-]+|github\.event\.inputs|client_payload`)
	asksGate    = regexp.MustCompile(`^\s*(?:\S*/)?platform\s+gate\s+decide\s`)
	mayFail     = regexp.MustCompile(`platform\s+gate\s+decide[^\n]*(?:\|\||;|&\s*$)`)
)

type step struct {
	Uses     string         `yaml:"uses"`
	Run      string         `yaml:"run"`
	If       yaml.Node      `yaml:"if"`
	Continue yaml.Node      `yaml:"continue-on-error"`
	With     map[string]any `yaml:"with"`
}

// Jobs are the jobs of a workflow file that name an environment.
func Jobs(path string, data []byte) ([]Job, error) {
	if len(data) > maxWorkflow {
		return nil, fmt.Errorf("%s has more than %d KiB", path, maxWorkflow>>10)
	}
	var file struct {
		Jobs map[string]struct {
			Environment yaml.Node `yaml:"environment"`
			Steps       []step    `yaml:"steps"`
			Uses        string    `yaml:"uses"`
		} `yaml:"jobs"`
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	if file.Jobs == nil {
		return nil, errors.New(path + " has no jobs")
	}
	var out []Job
	for id, j := range file.Jobs {
		if j.Environment.IsZero() {
			continue
		}
		job := Job{Workflow: path, ID: id, Asks: asks(j.Steps), Other: others(j.Steps)}
		job.Environment, job.NoDeployment = named(&j.Environment)
		out = append(out, job)
	}
	slices.SortFunc(out, func(a, b Job) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

// named is the environment's name, and whether it is entered without a deployment.
func named(n *yaml.Node) (name string, none bool) {
	var whole struct {
		Name       string `yaml:"name"`
		Deployment *bool  `yaml:"deployment"`
	}
	if n.Decode(&name) == nil && n.Kind == yaml.ScalarNode {
		return name, false
	}
	if n.Decode(&whole) != nil || whole.Name == "" {
		return "${{ ? }}", true // whatever it is
	}
	return whole.Name, whole.Deployment != nil && !*whole.Deployment
}

// asks reports that the gate is asked before anything else is done, and that the job ends with its refusal.
func asks(steps []step) bool {
	for _, s := range steps {
		switch {
		case strings.HasPrefix(s.Uses, "actions/checkout@"):
		case s.Uses == "" && asksGate.MatchString(s.Run):
			return s.If.IsZero() && s.Continue.IsZero() && !mayFail.MatchString(s.Run)
		default:
			return false
		}
	}
	return false
}

// others are ways to deploy something else than the run's commit.
func others(steps []step) []string {
	var out []string
	for _, s := range steps {
		if ref, ok := s.With["ref"]; ok && strings.HasPrefix(s.Uses, "actions/checkout@") {
			out = append(out, fmt.Sprintf("ref: %v", ref))
		}
		if id, ok := s.With["run-id"]; ok && strings.HasPrefix(s.Uses, "actions/download-artifact@") {
			out = append(out, fmt.Sprintf("an artifact of run %v", id))
		}
		out = append(out, fromOutside.FindAllString(s.Run, -1)...)
		for _, value := range s.With {
			if text, ok := value.(string); ok {
				out = append(out, fromOutside.FindAllString(text, -1)...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
