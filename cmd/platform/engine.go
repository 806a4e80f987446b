package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/infracost"
)

// engine is whose prices an estimate has.
type engine struct {
	name    string
	timeout time.Duration
	environ func() []string // of the process
}

// The engines: this program's own, and Infracost's program.
const (
	ownEngine       = "platform"
	infracostEngine = "infracost"
)

func (e *engine) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&e.name, "engine", ownEngine, "who estimates: platform, or infracost: the program of that name on the PATH")
	f.DurationVar(&e.timeout, "engine-timeout", 5*time.Minute, "how long infracost may take for one plan or folder")
	_ = c.RegisterFlagCompletionFunc("engine", cobra.FixedCompletions([]string{ownEngine, infracostEngine}, cobra.ShellCompDirectiveNoFileComp))
	e.environ = os.Environ
}

// apply lets Infracost's program price what was loaded, when it is asked for.
func (e *engine) apply(ctx context.Context, in inputs, p *progress, paths []string, sources []control.Source) error {
	foreign, err := e.foreign()
	if err != nil || !foreign {
		return err
	}
	return e.estimate(ctx, in, p, paths, sources)
}

// foreign reports that another program estimates.
func (e *engine) foreign() (bool, error) {
	switch e.name {
	case ownEngine, "":
		return false, nil
	case infracostEngine:
		if e.timeout <= 0 {
			return false, fmt.Errorf("--engine-timeout must be longer than nothing")
		}
		return true, nil
	}
	return false, fmt.Errorf("--engine %.40q is not known; choose platform or infracost", e.name)
}

// program finds the program on the PATH: an absolute path there, and not this program under its name.
func (e *engine) program() (string, error) {
	path, err := exec.LookPath(infracostEngine)
	switch {
	case errors.Is(err, exec.ErrDot):
		return "", fmt.Errorf("--engine infracost: the PATH leads to a program in this folder, which may be anybody's; install infracost elsewhere")
	case err != nil:
		return "", fmt.Errorf("--engine infracost: no program of this name is on the PATH; install Infracost 0.10, or leave --engine away")
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	a, errA := os.Stat(self)
	b, errB := os.Stat(path)
	if errA == nil && errB == nil && os.SameFile(a, b) {
		return "", fmt.Errorf("--engine infracost: %s is this program under another name; install Infracost 0.10, or leave --engine away", path)
	}
	return path, nil
}

// engineLimit is the largest answer that is read.
const engineLimit = 256 << 20

// estimate lets the program price the sources. What it could not price leaves the outcome undecided, whatever its exit
// code says.
func (e *engine) estimate(ctx context.Context, in inputs, p *progress, paths []string, sources []control.Source) error {
	program, err := e.program()
	if err != nil {
		return err
	}
	runner := infracost.Engine{Program: program, Env: infracost.Environment(e.environ()), Timeout: e.timeout, Limits: infracost.Limits{
		MaxBytes: min(in.limits.MaxBytes, engineLimit), MaxResources: in.limits.MaxResources,
	}}
	if in.base != "" || in.baseRef != "" {
		return fmt.Errorf("--engine infracost says itself what changes; leave --base and --base-ref away, or compare two of its files: platform cost head.json --base base.json")
	}
	if len(paths) != len(sources) {
		return fmt.Errorf("--engine infracost prices plans and folders that are named; name them")
	}
	for i, path := range inOrder(paths) {
		if path == "-" || sources[i].Ready != nil {
			return fmt.Errorf("--engine infracost prices plan files and folders, and %s is neither", path)
		}
		p.step("infracost prices " + path)
		var arguments []string
		if in.usage != "" {
			arguments = append(arguments, "--usage-file="+in.usage)
		}
		for _, v := range in.vars {
			arguments = append(arguments, "--terraform-var="+v)
		}
		for _, f := range in.varFiles {
			arguments = append(arguments, "--terraform-var-file="+f)
		}
		report, err := runner.Breakdown(ctx, path, arguments...)
		if err != nil {
			return engineFault(path, err)
		}
		ready, err := only(path, report)
		if err != nil {
			return &faultError{err}
		}
		sources[i].Ready = ready
	}
	return nil
}

// inOrder is the order in which sources stand: folders first.
func inOrder(paths []string) []string {
	out := slices.Clone(paths)
	slices.SortStableFunc(out, func(a, b string) int {
		switch {
		case isFolder(a) == isFolder(b):
			return 0
		case isFolder(a):
			return -1
		}
		return 1
	})
	return out
}

func engineFault(path string, err error) error {
	if _, ok := errors.AsType[*infracost.EngineError](err); ok {
		return &faultError{fmt.Errorf("%s: %w; nothing was decided", path, err)}
	}
	return err
}

// only is the one estimate that the program gives of one path.
func only(path string, r infracost.Report) (*control.Estimated, error) {
	if len(r.Projects) != 1 {
		var names []string
		for i := range r.Projects {
			names = append(names, r.Projects[i].Label())
		}
		return nil, fmt.Errorf("%s: infracost found %d projects there, and one was asked for: %.300q; name each folder", path, len(r.Projects), strings.Join(names, ", "))
	}
	p := &r.Projects[0]
	return &control.Estimated{Name: displayName(path) + " by infracost", Digest: r.Digest, Estimate: p.Estimate, Faults: p.Faults, Strict: true}, nil
}
