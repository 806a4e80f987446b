// Command policydocs writes docs/policies.md from the METADATA of the built-in policies.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/policy"
	"github.com/org/platform-action/internal/verdict"
	"github.com/org/platform-action/policies"
)

func main() {
	if err := write(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "policydocs:", err)
		os.Exit(1)
	}
}

func write(ctx context.Context, w io.Writer) error {
	set, err := policy.Compile(ctx, policy.Options{Bundles: []policy.Bundle{{Name: "builtin", FS: policies.FS, Builtin: true}}})
	if err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(intro)
	areas := []struct{ name, title string }{{"cost", "Cost"}, {"tags", "Tags and names"}, {"security", "Security"}, {"change", "Change safety"}, {"deploy", "Deployments"}, {"config", "Configuration"}}
	rules := set.Rules()
	known := 0
	for _, area := range areas {
		fmt.Fprintf(&b, "\n## %s\n\n| id | rule | default |\n|---|---|---|\n", area.title)
		for _, r := range rules {
			if r.Area == area.name {
				known++
				fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, strings.ToLower(r.ID), r.Title, r.Severity)
			}
		}
		for _, r := range rules {
			if r.Area == area.name {
				rule(&b, r)
			}
		}
	}
	if known != len(rules) {
		return fmt.Errorf("a rule is in an area that this page does not know")
	}
	b.WriteString(own)
	_, err = io.WriteString(w, b.String())
	return err
}

func rule(b *strings.Builder, r policy.Rule) {
	fmt.Fprintf(b, "\n### %s\n**%s.** %s\n\n", r.ID, r.Title, strings.Join(strings.Fields(r.Description), " "))
	types := make([]string, 0, len(r.Reads))
	for t := range r.Reads {
		types = append(types, t)
	}
	slices.Sort(types)
	switch {
	case len(types) > 12:
		fmt.Fprintf(b, "- looks at %d resource types: `%s`, …\n", len(types), strings.Join(types[:6], "`, `"))
	case len(types) > 0:
		fmt.Fprintf(b, "- looks at `%s`\n", strings.Join(types, "`, `"))
	default:
		b.WriteString("- looks at the plan or the estimate as a whole\n")
	}
	if r.Severity == verdict.Block {
		b.WriteString("- a value that cannot be read makes it undecided\n")
	}
	fmt.Fprintf(b, "- source: [%[1]s](../policies/%[1]s)\n", r.File)
	for _, rel := range r.Related {
		fmt.Fprintf(b, "- see <%s>\n", rel)
	}
}
