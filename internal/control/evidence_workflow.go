package control

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// workflowFile is what is read of a workflow's file: which jobs it has, and what they are to each other. GitHub's API
// names jobs as people see them, while policies and proofs name them as the file does.
type workflowFile struct {
	jobs map[string]workflowFileJob
}

type workflowFileJob struct {
	shown  string // name, with expressions; empty: its id
	matrix bool
	needs  []string
	uses   []string // actions of its steps, and the workflow that it calls
	calls  string   // the workflow that it calls; empty: none
	enters string   // the environment that it names, with expressions; empty: none
}

// parseWorkflow reads a workflow's file. What it does not know of a job it passes over.
func parseWorkflow(data []byte) (workflowFile, error) {
	var raw struct {
		Jobs map[string]struct {
			Name        string    `yaml:"name"`
			Needs       yaml.Node `yaml:"needs"`
			Uses        string    `yaml:"uses"`
			Strategy    yaml.Node `yaml:"strategy"`
			Environment yaml.Node `yaml:"environment"`
			Steps       []struct {
				Uses string `yaml:"uses"`
			} `yaml:"steps"`
		} `yaml:"jobs"`
	}
	if err := yaml.Unmarshal(data, &raw); err != nil {
		return workflowFile{}, fmt.Errorf("the workflow's file cannot be read as YAML")
	}
	out := workflowFile{jobs: map[string]workflowFileJob{}}
	for id, j := range raw.Jobs {
		job := workflowFileJob{shown: j.Name, matrix: !j.Strategy.IsZero(), needs: texts(&j.Needs), calls: j.Uses, enters: environmentOf(&j.Environment)}
		if j.Uses != "" {
			job.uses = append(job.uses, j.Uses)
		}
		for _, s := range j.Steps {
			if s.Uses != "" {
				job.uses = append(job.uses, s.Uses)
			}
		}
		out.jobs[id] = job
	}
	return out, nil
}

// environmentOf is the environment that a job names: a text, or a name within a map.
func environmentOf(n *yaml.Node) string {
	var name string
	var whole struct {
		Name string `yaml:"name"`
	}
	switch {
	case n.IsZero():
		return ""
	case n.Decode(&name) == nil:
		return name
	case n.Decode(&whole) == nil && whole.Name != "":
		return whole.Name
	}
	return "${{ ? }}" // whatever it is
}

// texts are a text, or a list of them; sorted.
func texts(n *yaml.Node) []string {
	var one string
	var many []string
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Decode(&one) == nil && one != "" {
			many = []string{one}
		}
	case yaml.SequenceNode, yaml.AliasNode:
		if n.Decode(&many) != nil {
			return nil
		}
	case yaml.DocumentNode, yaml.MappingNode:
		return nil
	}
	slices.Sort(many)
	return slices.Compact(many)
}

// job finds the job that is shown under a name. Two that may be shown like that are none: nobody can tell which it is.
func (w workflowFile) job(shown string) (id string, ok bool) {
	var found []string
	for candidate, j := range w.jobs {
		if j.shows(candidate, shown) {
			found = append(found, candidate)
		}
	}
	if len(found) != 1 {
		return "", false
	}
	return found[0], true
}

// callers are the workflows of this repository that jobs call which may be the first part of a name; sorted.
func (w workflowFile) callers(shown string) []string {
	set := map[string]bool{}
	for id, j := range w.jobs {
		for _, uses := range j.uses {
			path, local := strings.CutPrefix(uses, "./")
			if !local || !strings.HasPrefix(path, ".github/workflows/") {
				continue
			}
			for i := range shown {
				if strings.HasPrefix(shown[i:], " / ") && j.shows(id, shown[:i]) {
					set[path] = true
				}
			}
		}
	}
	return sortedKeys(set)
}

// called finds a job of a workflow that another one calls: it is shown behind the caller's name.
func (w workflowFile) called(shown string) (id string, ok bool) {
	const between = " / "
	for rest := shown; ; {
		_, after, found := strings.Cut(rest, between)
		if !found {
			return "", false
		}
		if id, ok = w.job(after); ok {
			return id, true
		}
		rest = after
	}
}

var expressions = regexp.MustCompile(`\$\{\{.*?\}\}`)

// shows reports whether GitHub may show the job under a name: its own, or its id, and behind it what a matrix adds.
func (j workflowFileJob) shows(id, name string) bool {
	own := j.shown
	if own == "" {
		own = id
	}
	if name == own {
		return true
	}
	if j.matrix && strings.HasPrefix(name, own+" (") && strings.HasSuffix(name, ")") {
		return true
	}
	if !strings.Contains(own, "${{") {
		return false
	}
	return couldBe(own, name)
}

// couldBe reports that a text with expressions may come to be another one, in whatever case.
func couldBe(text, other string) bool {
	var pattern strings.Builder
	for i, part := range expressions.Split(text, -1) {
		if i > 0 {
			pattern.WriteString(".*")
		}
		pattern.WriteString(regexp.QuoteMeta(part))
	}
	re, err := regexp.Compile(`^(?is:` + pattern.String() + `)$`)
	return err == nil && re.MatchString(other)
}

// apart reports a job that only takes what another one made: it needs one, and its steps bring no code and no cache of
// the repository. Tests that ran before can then not have run beside the token.
func (j workflowFileJob) apart() bool {
	return len(j.needs) > 0 && !slices.ContainsFunc(j.uses, func(uses string) bool {
		action := strings.ToLower(uses)
		return strings.HasPrefix(action, "./") || strings.HasPrefix(action, "actions/checkout@") ||
			strings.HasPrefix(action, "actions/cache@") || strings.HasPrefix(action, "actions/cache/")
	})
}
