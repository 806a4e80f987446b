package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// infracostName is the name under which the program is Infracost's.
const infracostName = "infracost"

// arguments are the program's own; called as infracost, it is platform infracost.
func arguments(argv []string) []string {
	if len(argv) == 0 {
		return nil
	}
	name := strings.TrimSuffix(filepath.Base(argv[0]), ".exe")
	if name == infracostName {
		return append([]string{infracostName}, argv[1:]...)
	}
	return argv[1:]
}

// clock is the time now, for what is stamped with it.
func (s streams) clock() time.Time {
	if s.now == nil {
		return time.Time{}
	}
	return s.now()
}

func newInfracost(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   infracostName,
		Short: "Infracost's commands on this program's engine, with the flags of its 0.10 line",
		Long: "infracost takes the commands, flags and environment of Infracost 0.10, so that a workflow moves by changing the line\n" +
			"that installs it. It needs no key and sends nothing anywhere. A price that is missing is said and is no zero.\n" +
			"docs/infracost.md has the table of commands.",
		Version: version,
		Args:    noCommand,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
		PersistentPreRunE: func(c *cobra.Command, _ []string) error {
			remarks(s, c)
			return nil
		},
	}
	c.SetVersionTemplate("platform {{.Version}}, with the commands of Infracost 0.10\n")
	f := c.PersistentFlags()
	f.Bool("no-color", false, "nothing here is coloured")
	f.String("log-level", "", "only accepted: there is no log")
	ignored(f, "debug-report")
	ignoredText(f, "pricing-api-endpoint")
	c.AddCommand(newBreakdown(s), newDiff(s), newInfracostOutput(s), newComment(s))
	for name, instead := range map[string]string{
		"register": "no key is needed", "auth": "no key is needed", "configure": "there is nothing to configure but --config of platform check: cost.currency and cost.exchange_rates",
		"upload": "nothing is sent anywhere; the server of docs/operations.md keeps what it decided", "generate": "write the configuration file out, or leave it away: folders are found by themselves",
		"report": "use infracost output", "scan": "use platform check", "figautocomplete": "use platform completion",
	} {
		c.AddCommand(unavailable(name, instead))
	}
	return c
}

// unavailable answers a command of the original that makes no sense here.
func unavailable(name, instead string) *cobra.Command {
	return &cobra.Command{
		Use: name, Hidden: true, DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return fmt.Errorf("infracost %s is not here: %s", name, instead)
		},
	}
}

// ignored accepts flags of the original that mean nothing here.
func ignored(f *pflag.FlagSet, names ...string) {
	for _, name := range names {
		f.Bool(name, false, "accepted, and without effect here")
		_ = f.MarkHidden(name)
		_ = f.SetAnnotation(name, ignoredMark, []string{""})
	}
}

func ignoredText(f *pflag.FlagSet, names ...string) {
	for _, name := range names {
		f.String(name, "", "accepted, and without effect here")
		_ = f.MarkHidden(name)
		_ = f.SetAnnotation(name, ignoredMark, []string{""})
	}
}

// ignoredMark tells the flags that are accepted without effect.
const ignoredMark = "ignored"

// remarks tells on standard error what was given and has no effect.
func remarks(s streams, c *cobra.Command) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if _, ok := f.Annotations[ignoredMark]; ok {
			fmt.Fprintf(s.err, "note: --%s has no effect here\n", f.Name)
		}
	})
	environment := []string{
		"INFRACOST_API_KEY", "INFRACOST_PRICING_API_ENDPOINT", "INFRACOST_ENABLE_CLOUD", "INFRACOST_ENABLE_CLOUD_UPLOAD", "INFRACOST_TERRAFORM_CLOUD_TOKEN",
		"INFRACOST_TERRAFORM_CLOUD_HOST", "INFRACOST_CURRENCY_FORMAT", "INFRACOST_USAGE_API_ENDPOINT",
	}
	for _, name := range environment {
		if s.env(name) != "" {
			fmt.Fprintf(s.err, "note: %s has no effect here: nothing is asked of a server and nothing is sent\n", name)
		}
	}
}

// errPath is what the original's commands say without --path.
var errPath = errors.New("no path is given: --path names a plan in JSON or a Terraform folder, --config-file several of them") //nolint:gochecknoglobals // a sentinel

// clashing refuses flags that the original refuses together.
func clashing(c *cobra.Command, with string, others ...string) error {
	if !c.Flags().Changed(with) {
		return nil
	}
	given := slices.DeleteFunc(others, func(name string) bool { return !c.Flags().Changed(name) })
	if len(given) == 0 {
		return nil
	}
	return fmt.Errorf("--%s cannot be given together with --%s: the file says it for each project", with, strings.Join(given, ", --"))
}

// warn writes a remark that the original writes as a warning.
func warn(w io.Writer, format string, args ...any) { fmt.Fprintf(w, "note: "+format+"\n", args...) }
