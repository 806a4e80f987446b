package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

// combined is what several files of estimates say together.
type combined struct {
	projects []infracost.Project
	digests  []string // of the file of each project
	currency money.Currency
}

func newInfracostOutput(s streams) *cobra.Command {
	var paths, fields []string
	var format, outFile string
	var skipped bool
	c := &cobra.Command{
		Use: "output", Short: "Infracost JSON files together, in another format", Args: cobra.NoArgs,
		Example: "  infracost output --path 'infracost-*.json' --format github-comment",
		RunE: func(c *cobra.Command, _ []string) error {
			if !c.Flags().Changed("format") {
				format = cmp.Or(s.env("INFRACOST_FORMAT"), format)
			}
			f, err := infracost.ParseFormat(format)
			if err != nil {
				return err
			}
			if fields, err = infracost.ParseFields(fields); err != nil {
				return err
			}
			all, err := combine(paths)
			if err != nil {
				return err
			}
			r, err := all.report(c.Context(), nil, nil)
			if err != nil {
				return err
			}
			return writeView(s, f, outFile, infracost.View{
				Projects: all.projects, Report: r, Fields: fields, Skipped: skipped, Options: infracost.Options{Command: "output", Generated: s.clock()},
			})
		},
	}
	f := c.Flags()
	f.StringArrayVarP(&paths, "path", "p", nil, "Infracost JSON file, or a pattern in quotes; may be given more than once")
	f.StringVarP(&outFile, "out-file", "o", "", "write to this file instead of standard output")
	f.StringVar(&format, "format", "table", "output format: "+strings.Join(infracost.Formats(), ", "))
	f.StringSliceVar(&fields, "fields", []string{"monthlyQuantity", "unit", "monthlyCost"}, "columns of the table: all, or of "+strings.Join(infracost.Fields(), ", "))
	f.BoolVar(&skipped, "show-skipped", false, "name the types without a price")
	f.Bool("show-all-projects", false, "all projects are shown in any case")
	_ = c.MarkFlagRequired("path")
	return c
}

// combine reads files of estimates: Infracost JSON, or our own. A pattern that matches nothing is a fault: 0.10 takes it
// for a file name too.
func combine(patterns []string) (combined, error) {
	files, err := expand(patterns)
	if err != nil {
		return combined{}, err
	}
	var out combined
	var in inputs
	in.limits.MaxBytes, in.limits.MaxResources = defaultMaxBytes, defaultMaxResources
	for _, file := range files {
		kind := sniff(file)
		if kind == aPlan {
			if _, err := os.Stat(file); err != nil {
				return out, fmt.Errorf("--path %s: no such file; make it with: infracost breakdown --path . --format json --out-file %s", file, file)
			}
			kind = aForeigner // whose reader says what is wrong
		}
		list, projects, err := in.estimates(file, kind)
		if err != nil {
			return out, fmt.Errorf("--path: %w", err)
		}
		if projects == nil {
			for _, e := range list {
				projects = append(projects, infracost.Project{Name: e.Name, Path: e.Name, Estimate: e.Estimate, Faults: e.Faults})
			}
		}
		for i, p := range projects {
			if unit := cmp.Or(p.Estimate.Currency, money.USD); out.currency == "" {
				out.currency = unit
			} else if out.currency != unit {
				return out, fmt.Errorf("--path: %s is in %s and the files before it in %s: they have no sum; make them in one currency (INFRACOST_CURRENCY)", file, unit, out.currency)
			}
			out.projects = append(out.projects, p)
			out.digests = append(out.digests, list[i].Digest)
		}
	}
	if len(out.projects) == 0 {
		return out, errors.New("--path: the files hold no project: there is nothing to show")
	}
	return out, nil
}

// mostFiles bounds what a pattern may match.
const mostFiles = 10_000

// expand is the files of patterns, each once. A value may be a JSON list, as the original's Actions give it.
func expand(patterns []string) ([]string, error) {
	var out []string
	seen := map[string]bool{}
	for _, p := range patterns {
		nested := []string{p}
		if strings.HasPrefix(strings.TrimSpace(p), "[\"") {
			nested = nil
			if err := json.Unmarshal([]byte(p), &nested); err != nil {
				return nil, fmt.Errorf("--path %.80q is no JSON list of files", p)
			}
		}
		for _, n := range nested {
			if rest, ok := strings.CutPrefix(n, "~/"); ok {
				home, err := os.UserHomeDir()
				if err != nil {
					return nil, err
				}
				n = filepath.Join(home, rest)
			}
			matches, err := filepath.Glob(n)
			if err != nil || len(matches) == 0 {
				matches = []string{n}
			}
			for _, m := range matches {
				if abs, err := filepath.Abs(m); err == nil && !seen[abs] {
					seen[abs] = true
					out = append(out, m)
				}
			}
		}
	}
	if len(out) > mostFiles {
		return nil, fmt.Errorf("--path: %d files match, and %d are read at most", len(out), mostFiles)
	}
	return out, nil
}

// report asks the control plane for one report on all of it.
func (c combined) report(ctx context.Context, notes []verdict.Finding, checks []verdict.Check) (render.Report, error) {
	var sources []control.Source
	for i := range c.projects {
		p := &c.projects[i]
		sources = append(sources, control.Source{Name: p.Label(), Ready: &control.Estimated{
			Name: p.Label(), Digest: c.digests[i], Estimate: p.Estimate, Faults: p.Faults, Alone: true,
		}})
	}
	r, err := control.New(nil, nil, nil, c.currency).Estimate(ctx, control.Request{Sources: sources, Notes: notes, Checks: checks})
	if err != nil {
		return r, &faultError{err}
	}
	r.View, r.Version = render.CostView, version
	return r, nil
}
