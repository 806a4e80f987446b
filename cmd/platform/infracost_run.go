package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/terraform"
)

// infracostRun are the flags of breakdown and diff.
type infracostRun struct {
	path, configFile, usageFile, name, workspace string
	vars, varFiles, exclude, fields              []string
	compareTo, format, outFile                   string
	skipped, syncUsage                           bool
	command                                      string
}

func newBreakdown(s streams) *cobra.Command {
	o := infracostRun{command: "breakdown"}
	c := &cobra.Command{
		Use: "breakdown", Short: "Everything that plans or folders cost a month", Args: cobra.NoArgs,
		Example: "  infracost breakdown --path plan.json --format json --out-file infracost.json",
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s, c) },
	}
	o.flags(c, "table")
	f := c.Flags()
	f.StringSliceVar(&o.fields, "fields", []string{"monthlyQuantity", "unit", "monthlyCost"}, "columns of the table: all, or of "+strings.Join(infracost.Fields(), ", "))
	ignored(f, "terraform-use-state", "terraform-parse-hcl")
	return c
}

func newDiff(s streams) *cobra.Command {
	o := infracostRun{command: "diff"}
	c := &cobra.Command{
		Use: "diff", Short: "What changes, against the plan's own state or another estimate", Args: cobra.NoArgs,
		Example: "  infracost diff --path . --compare-to infracost-base.json",
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s, c) },
	}
	o.flags(c, "diff")
	return c
}

func (o *infracostRun) flags(c *cobra.Command, format string) {
	f := c.Flags()
	f.StringVarP(&o.path, "path", "p", "", "plan in JSON, or Terraform folder")
	f.StringVar(&o.configFile, "config-file", "", "infracost.yml with several projects")
	f.StringVar(&o.usageFile, "usage-file", "", "usage file")
	f.StringVar(&o.name, "project-name", "", "name of the project in the output (default: its path)")
	f.StringVar(&o.workspace, "terraform-workspace", "", "Terraform workspace of a folder")
	f.StringSliceVar(&o.vars, "terraform-var", nil, "NAME=VALUE of a variable of a folder")
	f.StringSliceVar(&o.varFiles, "terraform-var-file", nil, "file with values of variables, relative to --path")
	f.StringSliceVar(&o.exclude, "exclude-path", nil, "folders to leave out, when --path holds several")
	f.StringVar(&o.compareTo, "compare-to", "", "Infracost JSON, or our own, to compare with")
	f.StringVar(&o.format, "format", format, "output format: "+strings.Join(infracost.Formats(), ", "))
	f.StringVarP(&o.outFile, "out-file", "o", "", "write to this file instead of standard output")
	f.BoolVar(&o.skipped, "show-skipped", false, "name the types without a price")
	f.BoolVar(&o.syncUsage, "sync-usage-file", false, "first add to --usage-file what the prices depend on, without values")
	ignored(f, "no-cache", "include-all-paths", "terraform-force-cli")
	ignoredText(f, "terraform-plan-flags", "terraform-init-flags", "terraform-cloud-host", "terraform-cloud-token", "terraform-cloud-org", "terraform-cloud-workspace", "git-diff-target")
}

func (o *infracostRun) validate(c *cobra.Command) (infracost.Format, error) {
	format, err := infracost.ParseFormat(o.format)
	if err != nil {
		return format, err
	}
	if o.path == "" && o.configFile == "" {
		return format, errPath
	}
	if o.syncUsage && o.usageFile == "" {
		return format, fmt.Errorf("--sync-usage-file needs --usage-file FILE, which it adds to")
	}
	if o.fields, err = infracost.ParseFields(o.fields); err != nil {
		return format, err
	}
	if o.compareTo != "" && (format == infracost.TableFormat || format == infracost.HTMLFormat) {
		return format, fmt.Errorf("--compare-to shows a difference and --format %s everything; choose diff, json or a comment", o.format)
	}
	return format, clashing(c, "config-file", "path", "project-name", "terraform-var", "terraform-var-file", "terraform-workspace", "sync-usage-file")
}

// sync adds to the usage file what the prices depend on.
func (o *infracostRun) sync(ctx context.Context, s streams) error {
	if !o.syncUsage {
		return nil
	}
	c := costOptions{inputs: inputs{usage: o.usageFile, vars: o.vars, workspace: o.workspace}}
	c.limits.MaxBytes, c.limits.MaxResources = defaultMaxBytes, defaultMaxResources
	c.quiet = true
	for _, f := range o.varFiles {
		if !filepath.IsAbs(f) {
			f = filepath.Join(o.path, filepath.FromSlash(f))
		}
		c.varFiles = append(c.varFiles, f)
	}
	return c.syncUsage(ctx, s, []string{o.path})
}

func (o *infracostRun) run(ctx context.Context, s streams, c *cobra.Command) error {
	if !c.Flags().Changed("format") {
		o.format = cmp.Or(s.env("INFRACOST_FORMAT"), o.format)
	}
	format, err := o.validate(c)
	if err != nil {
		return err
	}
	if err := o.sync(ctx, s); err != nil {
		return err
	}
	projects, currency, err := o.projects(ctx, s)
	if err != nil {
		return err
	}
	r, sources, err := o.estimate(ctx, s, projects, currency)
	if err != nil {
		return err
	}
	doc := documentOf(r, sources)
	o.label(doc, projects)
	return writeView(s, format, o.outFile, infracost.View{
		Projects: doc, Report: r, Fields: o.fields, Skipped: o.skipped, Options: infracost.Options{Command: o.command, Generated: s.clock()},
	})
}

// writeView writes a view, and turns what could not be read into the exit code.
func writeView(s streams, format infracost.Format, file string, v infracost.View) error {
	b, err := infracost.Render(format, v)
	if err != nil {
		return &faultError{err}
	}
	if file == "" && len(b) > 0 && b[len(b)-1] != '\n' {
		b = append(b, '\n')
	}
	if err := (output{out: file}).emit(s, b); err != nil {
		return err
	}
	if infracost.MissingPrices(v.Projects) {
		warn(s.err, "prices are missing: the totals leave them out; --show-skipped and --format json name them")
	}
	return failing(v.Report.Verdict.Outcome, "block")
}

// project is one project to estimate, with its place among the inputs.
type project struct {
	infracost.ConfigProject
	inputs inputs
}

// projects are those of the flags or of the configuration file, and the currency that they ask for.
func (o *infracostRun) projects(ctx context.Context, s streams) ([]project, string, error) {
	currency := s.env("INFRACOST_CURRENCY")
	list := []infracost.ConfigProject{{
		Path: o.path, Name: o.name, UsageFile: o.usageFile, VarFiles: o.varFiles, Vars: o.vars, Workspace: cmp.Or(o.workspace, s.env("INFRACOST_TERRAFORM_WORKSPACE")),
	}}
	root := "."
	if o.configFile != "" {
		data, err := readFile(o.configFile, infracost.MaxConfigBytes)
		if err != nil {
			return nil, "", fmt.Errorf("--config-file: %w", err)
		}
		config, err := infracost.ParseConfig(displayName(o.configFile), strings.NewReader(string(data)))
		if err != nil {
			return nil, "", err
		}
		list, currency = config.Projects, cmp.Or(currency, config.Currency)
	}
	var out []project
	for _, p := range list {
		p.Path = filepath.Join(root, filepath.FromSlash(p.Path))
		p.UsageFile = cmp.Or(p.UsageFile, o.usageFile)
		found, err := o.within(ctx, p)
		if err != nil {
			return nil, "", err
		}
		for _, p := range found {
			in := inputs{usage: p.UsageFile, vars: p.Vars, workspace: p.Workspace}
			in.limits.MaxBytes, in.limits.MaxResources = defaultMaxBytes, defaultMaxResources
			for _, f := range p.VarFiles {
				if !filepath.IsAbs(f) {
					f = filepath.Join(p.Path, filepath.FromSlash(f))
				}
				in.varFiles = append(in.varFiles, f)
			}
			out = append(out, project{p, in})
		}
	}
	return out, currency, nil
}

// within finds the Terraform folders of a folder that is none itself.
func (o *infracostRun) within(ctx context.Context, p infracost.ConfigProject) ([]infracost.ConfigProject, error) {
	if !isFolder(p.Path) || hasTerraform(p.Path) {
		return []infracost.ConfigProject{p}, nil
	}
	roots, _, err := terraform.Roots(ctx, os.DirFS(p.Path))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p.Path, err)
	}
	var out []infracost.ConfigProject
	for _, r := range roots {
		if slices.ContainsFunc(o.exclude, func(pattern string) bool {
			ok, err := filepath.Match(filepath.Clean(pattern), filepath.FromSlash(r.Path))
			return ok && err == nil
		}) {
			continue
		}
		one := p
		one.Path = filepath.Join(p.Path, filepath.FromSlash(r.Path))
		if one.Name != "" && len(roots) > 1 {
			one.Name += "/" + r.Path
		}
		out = append(out, one)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s: no such plan file or Terraform folder: there is no Terraform source in it", p.Path)
	}
	return out, nil
}

// label gives the document's projects the names, kinds and paths of the command line.
func (o *infracostRun) label(doc []infracost.Project, projects []project) {
	for i := range doc {
		if i >= len(projects) {
			continue
		}
		p := projects[i]
		doc[i].Path, doc[i].Workspace = filepath.ToSlash(p.Path), p.Workspace
		if p.Name != "" {
			doc[i].Name = p.Name
		}
		if isFolder(p.Path) {
			doc[i].Kind = "terraform_dir"
		}
	}
}
