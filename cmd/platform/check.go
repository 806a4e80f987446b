package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/local"
	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/verdict"
)

const checkExamples = `  terraform show -json plan.out > plan.json && platform check plan.json
  platform check plan.json --usage usage.yml --format markdown --out comment.md
  platform check --base-ref origin/main
  platform check envs/*/plan.json --policy policies/ --fail-on warn
  terraform show -json plan.out | platform check -`

type checkOptions struct {
	inputs
	output
	policyDirs []string
	noBuiltin  bool
	currency   string
	failOn     string
	server     server
	engine     engine
}

func newCheck(s streams) *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:     "check [PATH…]",
		Short:   "Cost and policies of plans, as one verdict",
		Long:    "check prices what Terraform plans change, judges them by policy and by the configured limits, and says one\nverdict. PATH is the JSON form of a plan, or a Terraform folder, which is evaluated without providers; - reads a plan\nfrom standard input. Without PATH and with --base-ref the folders are those that the branch changes.\n\n" + exitCodes,
		Example: checkExamples,
		Args:    needPath,
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), s, args) },
	}
	o.inputs.flags(c)
	o.output.flags(c, render.Formats())
	o.engine.flags(c)
	f := c.Flags()
	f.StringArrayVar(&o.policyDirs, "policy", nil, "folder of Rego policies; may be given more than once")
	f.BoolVar(&o.noBuiltin, "no-builtin-policies", false, "leave the built-in policies away")
	f.StringVar(&o.currency, "currency", "", "currency of the estimate (default USD; others need cost.exchange_rates)")
	f.StringVar(&o.failOn, "fail-on", "block", "what makes exit code 1: warn, block or never (never leaves 2 and 3 as they are)")
	f.StringVar((*string)(&o.server), "server", "", "tell the App at this address of the plans, from a job with id-token: write (default $"+serverName+")")
	_ = c.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{"warn", "block", "never"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// needPath wants a plan or a folder, unless a reference says which folders to look for.
func needPath(c *cobra.Command, args []string) error {
	if ref := c.Flags().Lookup("base-ref"); len(args) == 0 && (ref == nil || ref.Value.String() == "") {
		return fmt.Errorf("name at least one plan: %s plan.json\nsee: %s --help", c.CommandPath(), c.CommandPath())
	}
	return nil
}

func (in *inputs) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&in.base, "base", "", "what to compare with: a plan, a folder, or an estimate (our JSON or Infracost JSON)")
	f.StringVar(&in.baseRef, "base-ref", "", "for folders: compare with where the work tree's branch began on REF, such as origin/main")
	f.StringArrayVar(&in.vars, "var", nil, "for folders: NAME=VALUE of a variable; may be given more than once")
	f.BoolVar(&in.allowDownload, "allow-download", false, "for folders: fetch remote modules by git and from registries, into a temporary folder")
	f.StringArrayVar(&in.varFiles, "var-file", nil, "for folders: file with values of variables; may be given more than once")
	f.StringVar(&in.source, "source", "", "folder of the Terraform source, for file and line (default: the plan's folder)")
	f.StringVar(&in.usage, "usage", "", "usage file (default: cost.usage of the configuration)")
	f.StringVar(&in.profile, "usage-profile", "", "usage to assume where the usage file says nothing: small, medium or large (default: cost.usage_profile of the configuration; else none)")
	f.StringVar(&in.rates, "exchange-rates", "", "the ECB's daily file of exchange rates, eurofxref-daily.xml (default: cost.exchange_rates of the configuration)")
	f.StringVar(&in.catalogue, "catalogue", "", "folder with catalogue entries of your own, over the built-in ones")
	_ = c.RegisterFlagCompletionFunc("usage-profile", cobra.FixedCompletions(cost.Profiles(), cobra.ShellCompDirectiveNoFileComp))
	f.StringVar(&in.config, "config", "", "configuration (default: "+configName+" of the repository)")
	in.book.flags(c)
	f.Int64Var(&in.limits.MaxBytes, "max-bytes", defaultMaxBytes, "largest plan to read, in bytes")
	f.IntVar(&in.limits.MaxResources, "max-resources", defaultMaxResources, "most resources to read")
}

func (o *output) flags(c *cobra.Command, formats []string) {
	f := c.Flags()
	f.StringVar(&o.format, "format", "text", "output format: "+strings.Join(formats, ", "))
	f.StringVar(&o.out, "out", "", "write to this file instead of standard output")
	f.BoolVar(&o.quiet, "quiet", false, "no progress and no remarks on standard error")
	f.BoolVar(&o.noColor, "no-color", false, "no colours (as does NO_COLOR)")
	_ = c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

func (o *checkOptions) run(ctx context.Context, s streams, paths []string) error {
	if err := o.validate(); err != nil {
		return err
	}
	if _, err := o.server.address(s.env); err != nil {
		return err
	}
	p := newProgress(s, o.quiet)
	defer p.done()
	in, err := o.loadSettings()
	if err != nil {
		return err
	}
	policies := o.compile(ctx, in)
	if err := o.loadPlans(ctx, s, p, paths, &in); err != nil {
		return err
	}
	if err := o.engine.apply(ctx, o.inputs, p, paths, in.sources); err != nil {
		return err
	}
	currency, estimator, err := newEstimator(in, o.currency, false)
	if err != nil {
		return err
	}
	limits, err := in.config.Limits(currency)
	if err != nil {
		return err
	}
	p.step("pricing and judging")
	r, err := control.New(estimator, policies, in.usage, currency).Check(ctx, control.Request{
		Sources: in.sources, Limits: limits, Params: in.config.Policies.Params, Inputs: in.digests, Notes: in.notes,
	})
	p.done()
	if ctx.Err() != nil {
		return ctx.Err() // whatever failed, it failed because somebody ended it
	}
	if err != nil {
		return checkFault(err)
	}
	r.Version, r.Reproduce = version, reproduce("check", paths, o.inputs)
	if err := o.write(s, r); err != nil {
		return err
	}
	if err := o.upload(ctx, s, in); err != nil {
		return err
	}
	return failing(r.Verdict.Outcome, o.failOn)
}

func (o *checkOptions) validate() error {
	if _, err := verdict.ParseFailOn(o.failOn); err != nil {
		return fmt.Errorf("--fail-on %w", err)
	}
	if _, err := o.engine.foreign(); err != nil {
		return err
	}
	_, err := render.ParseFormat(o.format)
	return err
}

// failing turns an outcome into an error for the exit code.
func failing(outcome verdict.Outcome, name string) error {
	on, err := verdict.ParseFailOn(name)
	if err != nil {
		return err
	}
	if failure := on.Failure(outcome); failure != verdict.Allow {
		return &outcomeError{failure}
	}
	return nil
}

// checkFault tells a policy that does not compile, which its author can mend, from a fault of ours.
func checkFault(err error) error {
	var p *policy.PolicyError
	var u *usageError
	if errors.As(err, &p) || errors.As(err, &u) {
		return err
	}
	return &faultError{err}
}

// usageError is a flag that names something that is not there.
type usageError struct{ error }

// compile prepares the policies in the background while plans are read and priced; nil when there are none at all.
func (o *checkOptions) compile(ctx context.Context, in loaded) control.Policies {
	type result struct {
		set control.Judge
		err error
	}
	done := make(chan result, 1)
	go func() {
		bundles, err := bundlesOf(o.policyDirs, o.noBuiltin)
		if err != nil || len(bundles) == 0 {
			done <- result{nil, err}
			return
		}
		set, err := policy.Compile(ctx, policy.Options{Bundles: bundles, Disabled: in.config.Policies.Disable})
		done <- result{set, err}
	}()
	return func() (control.Judge, error) {
		r := <-done
		done <- r
		return r.set, r.err
	}
}

func bundlesOf(dirs []string, noBuiltin bool) ([]policy.Bundle, error) {
	var bundles []policy.Bundle
	if !noBuiltin {
		bundles = append(bundles, control.Builtin())
	}
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || !info.IsDir() {
			return nil, &usageError{fmt.Errorf("--policy %s is not a folder of .rego files", dir)}
		}
		bundles = append(bundles, policy.Bundle{Name: filepath.ToSlash(filepath.Clean(dir)), FS: os.DirFS(dir)})
	}
	return bundles, nil
}

// newEstimator builds the estimator in the wanted currency: the flag's, else the configuration's, else USD.
func newEstimator(in loaded, flag string, explain bool) (money.Currency, *cost.Estimator, error) {
	currency := control.CurrencyOf(in.config)
	if flag != "" {
		var err error
		if currency, err = money.ParseCurrency(flag); err != nil {
			return "", nil, fmt.Errorf("--currency: %w", err)
		}
	}
	if in.rates.name != "" {
		exchange, err := cost.ParseECB(in.rates.name, in.rates.data, currency)
		if err != nil {
			return "", nil, err
		}
		in.config.Cost.ExchangeRates = config.ExchangeRates{Rates: exchange.Rates, Date: exchange.Date}
	}
	e, err := control.NewEstimatorOn(in.book, in.entries, in.config, in.usage, currency, explain)
	if err != nil {
		return "", nil, err
	}
	return currency, e, local.InCurrency(e, in.sources)
}

// reproduce is the command line that shows the same, without anything that only this machine has.
func reproduce(command string, paths []string, in inputs) string {
	words := []string{"platform", command}
	for _, p := range paths {
		if p != "-" {
			p = displayName(p)
		}
		words = append(words, p)
	}
	for _, f := range []struct{ name, value string }{{"--config", in.config}, {"--usage", in.usage}, {"--base", in.base}, {"--exchange-rates", in.rates}, {"--catalogue", in.catalogue}} {
		if f.value != "" {
			words = append(words, f.name, displayName(f.value))
		}
	}
	for _, f := range []struct{ name, value string }{{"--base-ref", in.baseRef}, {"--usage-profile", in.profile}} {
		if f.value != "" {
			words = append(words, f.name, f.value)
		}
	}
	return strings.Join(words, " ")
}
