package infracost

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// MaxConfigBytes bounds a configuration file: it lists projects.
const MaxConfigBytes = 1 << 20

// Config is what a configuration file says.
type Config struct {
	Currency string
	Projects []ConfigProject
}

// ConfigProject is one project of a configuration file. Paths are as they stand there.
type ConfigProject struct {
	Path      string
	Name      string
	UsageFile string
	VarFiles  []string // relative to Path
	Vars      []string // NAME=VALUE, sorted
	Workspace string
	Line      int
}

// ConfigError lists everything that is wrong with a configuration file.
type ConfigError struct{ Problems []string }

// Error implements error.
func (e *ConfigError) Error() string { return strings.Join(e.Problems, "\n") }

const supported = "this program reads version, currency and projects[].{path, name, usage_file, terraform_var_files, terraform_vars, terraform_workspace}"

// ParseConfig reads an infracost.yml. A key that would be left unheeded is an error: a project that is priced with other
// values than its author thinks is worse than none.
func ParseConfig(name string, r io.Reader) (Config, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxConfigBytes+1))
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > MaxConfigBytes {
		return Config{}, fmt.Errorf("%s: larger than %d MiB; a configuration lists projects only", name, MaxConfigBytes>>20)
	}
	p := &configParser{name: name}
	var doc, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	switch err := decoder.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return Config{}, fmt.Errorf("%s: is empty; it needs version: 0.1 and projects", name)
	case err != nil && bytes.Contains(data, []byte("{{")):
		return Config{}, fmt.Errorf("%s: not YAML: %w; templates are not run: write the file out, as infracost generate config does", name, err)
	case err != nil:
		return Config{}, fmt.Errorf("%s: not YAML: %w", name, err)
	}
	if err := decoder.Decode(&second); err == nil {
		p.fault(&second, "a second document begins here; keep one")
	}
	var out Config
	if len(doc.Content) > 0 {
		p.root(doc.Content[0], &out)
	}
	if len(p.problems) == 0 && len(out.Projects) == 0 {
		p.problems = append(p.problems, name+":1: it has no projects: there is nothing to estimate")
	}
	if len(p.problems) > 0 {
		return Config{}, &ConfigError{p.problems}
	}
	return out, nil
}

type configParser struct {
	name     string
	problems []string
}

func (p *configParser) fault(n *yaml.Node, format string, args ...any) {
	if len(p.problems) < 50 {
		p.problems = append(p.problems, fmt.Sprintf("%s:%d: ", p.name, n.Line)+fmt.Sprintf(format, args...))
	}
}

func (p *configParser) root(n *yaml.Node, out *Config) {
	p.pairs(n, func(key, value *yaml.Node) {
		switch key.Value {
		case "version":
			if v := p.text(value); v != "0.1" && v != "0.2" {
				p.fault(value, "version %.20q is not known; write 0.1", v)
			}
		case "currency":
			out.Currency = p.text(value)
		case "projects":
			if value.Kind != yaml.SequenceNode {
				p.fault(value, "projects is a list: begin each with - path:")
				return
			}
			for _, item := range value.Content {
				out.Projects = append(out.Projects, p.project(item))
			}
		default:
			p.fault(key, "unknown key %.60q; %s", key.Value, supported)
		}
	})
}

func (p *configParser) project(n *yaml.Node) ConfigProject {
	out := ConfigProject{Line: n.Line}
	p.pairs(n, func(key, value *yaml.Node) {
		switch key.Value {
		case "path":
			out.Path = p.text(value)
		case "name":
			out.Name = p.text(value)
		case "usage_file":
			out.UsageFile = p.text(value)
		case "terraform_workspace":
			out.Workspace = p.text(value)
		case "terraform_var_files":
			if value.Kind != yaml.SequenceNode {
				p.fault(value, "terraform_var_files is a list of files")
				return
			}
			for _, f := range value.Content {
				out.VarFiles = append(out.VarFiles, p.text(f))
			}
		case "terraform_vars":
			p.pairs(value, func(k, v *yaml.Node) { out.Vars = append(out.Vars, k.Value+"="+p.variable(v)) })
			slices.Sort(out.Vars)
		default:
			p.fault(key, "unknown key %.60q of a project; %s", key.Value, supported)
		}
	})
	switch {
	case out.Path == "" && n.Kind == yaml.MappingNode:
		p.fault(n, "the project has no path")
	case strings.ContainsAny(out.Path, "*?[") && !filepath.IsAbs(out.Path):
		p.fault(n, "path %.80q is a pattern; write each project out", out.Path)
	}
	return out
}

// variable is a value as Terraform's command line takes it.
func (p *configParser) variable(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	p.fault(n, "terraform_vars holds texts, numbers and flags; write a list or a map as text in Terraform's own syntax")
	return ""
}

func (p *configParser) text(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		p.fault(n, "want a text here")
		return ""
	}
	return n.Value
}

// pairs goes through a mapping. A key that stands twice, an alias or a merge key is a fault.
func (p *configParser) pairs(n *yaml.Node, each func(key, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		p.fault(n, "want a mapping here; %s", supported)
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		switch {
		case seen[key.Value]:
			p.fault(key, "%.60q stands here twice", key.Value)
		case value.Kind == yaml.AliasNode || key.Tag == "!!merge":
			p.fault(value, "%.60q: aliases are not read; write the value out", key.Value)
		default:
			each(key, value)
		}
		seen[key.Value] = true
	}
}
