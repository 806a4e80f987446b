package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
)

func newCostSyncUsage(s streams) *cobra.Command {
	var o costOptions
	c := &cobra.Command{
		Use:   "sync-usage [PATH…]",
		Short: "Write a usage file with every key that the plans' prices depend on",
		Long: "sync-usage adds to the usage file named by --usage what the plans need and the file does not name: keys without a\n" +
			"value, each with its unit and what counts without it. What the file says stays, and an empty key changes no estimate.\n" +
			"Without --usage the skeleton goes to standard output. With --usage-profile it shows what the profile assumes.",
		Example: `  platform cost sync-usage plan.json > usage.yml
  platform cost sync-usage plan.json --usage .github/usage.yml`,
		Args: needPath,
		RunE: func(c *cobra.Command, args []string) error { return o.syncUsage(c.Context(), s, args) },
	}
	o.inputs.flags(c)
	c.Flags().BoolVar(&o.quiet, "quiet", false, "no progress on standard error")
	return c
}

func (o *costOptions) syncUsage(ctx context.Context, s streams, paths []string) error {
	file, existing := o.usage, []byte(nil)
	if o.usage = ""; file != "" {
		var err error
		if existing, err = readFile(file, cost.MaxUsageBytes); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("the usage file cannot be read: %w", err)
		}
	}
	needs, err := o.needs(ctx, s, paths)
	if err != nil {
		return err
	}
	out, err := cost.SyncUsage(displayName(file), existing, needs)
	if err != nil {
		return err
	}
	o.out = file
	return o.emit(s, out)
}

// needs are the usage keys that all the plans together depend on.
func (o *costOptions) needs(ctx context.Context, s streams, paths []string) ([]cost.UsageNeed, error) {
	p := newProgress(s, o.quiet)
	in, err := o.load(ctx, s, p, paths)
	p.done()
	if err != nil {
		return nil, err
	}
	_, estimator, err := newEstimator(in, "", false)
	if err != nil {
		return nil, err
	}
	var all fact.Plan
	for _, source := range in.sources {
		all.Resources = append(all.Resources, source.Plan.Resources...)
	}
	return estimator.UsageNeeds(all)
}
