package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/environ"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// health is what a look at something said. The zero value is what could not be looked at.
type health int

const (
	unknown health = iota
	good
	bad
)

func (h health) String() string {
	switch h {
	case good:
		return "ok"
	case bad:
		return "FAIL"
	case unknown:
	}
	return "unknown"
}

// symptom is the answer to one question about the set-up.
type symptom struct {
	Name   string
	Health health
	Detail string
	Fix    string // what to do; empty when good
}

func newDoctor(s streams) *cobra.Command {
	var format string
	var verbose bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "What of the server is set up, and what is missing",
		Long: "doctor looks at a server's set-up from where it runs: its environment variables, its database and the App at GitHub,\n" +
			"as GitHub has it now. It changes nothing. Run it with the server's own environment.\n\nExit codes:\n" +
			"  0  all is well\n  1  something is wrong\n  2  usage error\n  3  nothing is wrong as far as could be seen, but something could not be looked at",
		Example: "  set -a; . ./server.env; platform doctor\n  platform doctor --format json | jq '.checks[] | select(.state != \"ok\")'",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format %q is neither text nor json", format)
			}
			found := examine(c.Context(), s.env, time.Now, verbose)
			if err := tell(s, format, found); err != nil {
				return &faultError{err}
			}
			return diagnosis(found)
		},
	}
	c.AddCommand(newDoctorEnvironments(s))
	c.Flags().StringVar(&format, "format", "text", "text or json")
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "name each installation")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// diagnosis: what is wrong outweighs what could not be seen.
func diagnosis(found []symptom) error {
	worst := verdict.Allow
	for _, f := range found {
		switch {
		case f.Health == bad:
			worst = verdict.Block
		case f.Health == unknown && worst != verdict.Block:
			worst = verdict.Undecided
		}
	}
	if worst == verdict.Allow {
		return nil
	}
	return &outcomeError{worst}
}

func tell(s streams, format string, found []symptom) error {
	if format == "json" {
		return tellJSON(s.out, found)
	}
	var rows [][]string
	for _, f := range found {
		rows = append(rows, []string{f.Health.String(), f.Name, f.Detail})
		if f.Fix != "" {
			rows = append(rows, []string{"", "", "→ " + f.Fix})
		}
	}
	_, err := fmt.Fprintln(s.out, render.Table(s.outTTY, []string{"", "what", "found"}, rows))
	return err
}

func tellJSON(w io.Writer, found []symptom) error {
	type check struct {
		Name   string `json:"name"`
		State  string `json:"state"`
		Detail string `json:"detail"`
		Fix    string `json:"fix,omitempty"`
	}
	out := struct {
		Schema string  `json:"schema_version"`
		Kind   string  `json:"kind"`
		Checks []check `json:"checks"`
	}{Schema: "1", Kind: "doctor", Checks: []check{}}
	for _, f := range found {
		out.Checks = append(out.Checks, check{f.Name, strings.ToLower(f.Health.String()), f.Detail, f.Fix})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(out)
}

// examine asks everything that can be asked; what depends on something that is wrong is left unknown.
func examine(ctx context.Context, getenv func(string) string, now func() time.Time, verbose bool) []symptom {
	d := &doctor{now: now, verbose: verbose}
	var variables []string
	for _, name := range environ.Names() {
		if value := getenv(name); value != "" {
			variables = append(variables, name+"="+value)
		}
	}
	var err error
	if d.config, err = environ.Load(variables); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			d.add("configuration", bad, strings.TrimPrefix(line, "configuration: "), "see docs/operations.md, \"Configuration\"")
		}
		return d.found
	}
	d.settings()
	d.database(ctx)
	if d.config.Unset() {
		d.add("App", bad, "no credentials are configured, and the database keeps none that could be read",
			"start the server and open the address that its log shows")
		return d.found
	}
	d.atGitHub(ctx)
	return d.found
}

// failed tells an error that says nothing about the set-up from one that does.
func failed(err error) health {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return unknown
	}
	return bad
}
