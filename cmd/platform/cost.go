package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/render"
)

// costFormats are the formats that an estimate without a verdict can be written in.
var costFormats = []string{"text", "json", "markdown", "html", "csv", infracostFormat} //nolint:gochecknoglobals // a constant table

type costOptions struct {
	inputs
	output
	currency string
	groupBy  string
	engine   engine
	sources  []control.Source // that the estimate was made of, in its order
}

func newCost(s streams) *cobra.Command {
	var o costOptions
	c := &cobra.Command{
		Use:   "cost [PATH…]",
		Short: "What plans cost a month, line by line",
		Long:  "cost prices Terraform plans without judging them. Exit code 0 means that everything could be read, 3 that part of\na plan could not.",
		Example: `  platform cost plan.json --usage usage.yml
  platform cost plan.json --format csv --out cost.csv
  platform cost explain aws_instance.web plan.json`,
		Args: needPath,
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), s, args) },
	}
	o.inputs.flags(c)
	o.output.flags(c, costFormats)
	o.engine.flags(c)
	c.Flags().StringVar(&o.currency, "currency", "", "currency of the estimate (default USD; others need cost.exchange_rates)")
	c.Flags().StringVar(&o.groupBy, "group-by", "", "text and csv: a row for each "+strings.Join(render.Dimensions(), ", ")+"; html has them all")
	_ = c.RegisterFlagCompletionFunc("group-by", cobra.FixedCompletions(render.Dimensions(), cobra.ShellCompDirectiveNoFileComp))
	c.AddCommand(newCostExplain(s), newCostSyncUsage(s))
	return c
}

func (o *costOptions) run(ctx context.Context, s streams, paths []string) error {
	if err := oneOf(o.format, costFormats); err != nil {
		return err
	}
	var err error
	if o.by, err = o.grouping(); err != nil {
		return err
	}
	r, err := o.estimate(ctx, s, paths, false)
	if err != nil {
		return err
	}
	r.View = render.CostView
	if o.format == infracostFormat {
		return o.writeInfracost(s, r)
	}
	if err := o.write(s, r); err != nil {
		return err
	}
	return failing(r.Verdict.Outcome, "block")
}

// grouping is what --group-by names, for the formats that have rows.
func (o *costOptions) grouping() (render.Dimension, error) {
	if o.groupBy == "" {
		return render.NoDimension, nil
	}
	if o.format != "text" && o.format != "csv" {
		return render.NoDimension, fmt.Errorf("--group-by is for --format text and csv; html shows every grouping, and json has what to group by at each resource")
	}
	return render.ParseDimension(o.groupBy)
}

func oneOf(format string, known []string) error {
	if slices.Contains(known, format) {
		return nil
	}
	_, err := render.ParseFormat(format)
	if err == nil {
		err = fmt.Errorf("format %q shows a verdict, and an estimate has none; choose one of %v, or use platform check", format, known)
	}
	return err
}

func (o *costOptions) estimate(ctx context.Context, s streams, paths []string, explain bool) (render.Report, error) {
	p := newProgress(s, o.quiet)
	in, err := o.load(ctx, s, p, paths)
	if err == nil {
		err = o.engine.apply(ctx, o.inputs, p, paths, in.sources)
	}
	p.done()
	if err != nil {
		return render.Report{}, err
	}
	currency, estimator, err := newEstimator(in, o.currency, explain)
	if err != nil {
		return render.Report{}, err
	}
	r, err := control.New(estimator, nil, in.usage, currency).Estimate(ctx, control.Request{Sources: in.sources, Inputs: in.digests})
	if err != nil {
		return render.Report{}, &faultError{err}
	}
	o.sources = in.sources
	r.Version, r.Reproduce = version, reproduce("cost", paths, o.inputs)
	return r, nil
}

func newCostExplain(s streams) *cobra.Command {
	var o costOptions
	c := &cobra.Command{
		Use:     "explain ADDRESS PATH…",
		Short:   "How each number of one resource came about",
		Example: "  platform cost explain 'aws_instance.web[0]' plan.json",
		Args:    cobra.MinimumNArgs(2),
		RunE:    func(c *cobra.Command, args []string) error { return o.explain(c.Context(), s, args[0], args[1:]) },
	}
	o.inputs.flags(c)
	c.Flags().StringVar(&o.currency, "currency", "", "currency of the estimate")
	c.Flags().StringVar(&o.out, "out", "", "write to this file instead of standard output")
	c.Flags().BoolVar(&o.quiet, "quiet", false, "no progress on standard error")
	return c
}

func (o *costOptions) explain(ctx context.Context, s streams, address string, paths []string) error {
	r, err := o.estimate(ctx, s, paths, true)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	found := 0
	for _, p := range r.Projects {
		e, _ := p.Estimate.Get()
		for _, c := range e.Resources {
			if c.Address == address {
				found++
				if err := render.Explain(&b, c); err != nil {
					return err
				}
			}
		}
	}
	if found == 0 {
		return fmt.Errorf("no resource %q costs anything in %v: it is free, a data source, or not in the plan; platform cost lists those that cost", address, paths)
	}
	return o.emit(s, b.Bytes())
}
