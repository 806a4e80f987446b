// Package actions is the runner of GitHub Actions around a step: its inputs and event come in, its outputs, summary and
// annotations go out, and no text of a pull request can become a command or an output.
package actions

import (
	"fmt"
	"io"
	"strings"

	githubactions "github.com/sethvargo/go-githubactions"

	"github.com/org/platform-action/internal/render"
)

// Runner is the runner of one step.
type Runner struct {
	lib *githubactions.Action
	env func(string) string
	out io.Writer
}

// New makes one of an environment and the step's log.
func New(env func(string) string, out io.Writer) *Runner {
	return &Runner{githubactions.New(githubactions.WithGetenv(env), githubactions.WithWriter(out)), env, out}
}

// Say writes a line to the log. No line begins with what a runner obeys.
func (r *Runner) Say(format string, args ...any) {
	for line := range strings.Lines(fmt.Sprintf(format, args...)) {
		fmt.Fprintf(r.out, "platform: %s\n", strings.ReplaceAll(render.Plain(render.Redact(strings.TrimRight(line, "\n"))), "##[", "# #["))
	}
}

// Warn writes a warning that GitHub shows above the log.
func (r *Runner) Warn(title, format string, args ...any) {
	_, _ = io.WriteString(r.out, render.Command("warning", title, fmt.Sprintf(format, args...)))
}

// Fail writes an error that GitHub shows above the log, with all of its lines below it.
func (r *Runner) Fail(title string, err error) {
	_, _ = io.WriteString(r.out, render.Command("error", title, err.Error()))
	if strings.Contains(err.Error(), "\n") {
		r.Say("%s", err.Error())
	}
}

// Annotations writes the findings of a report.
func (r *Runner) Annotations(report render.Report) error {
	return render.Render(r.out, render.GitHub, report, render.Options{})
}
