// Command resourcedocs writes docs/supported-resources.md from the catalogue.
package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/org/platform-action/internal/cost/catalog"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "resourcedocs:", err)
		os.Exit(1)
	}
}

func write(w io.Writer) error {
	entries, err := catalog.Embedded()
	if err != nil {
		return err
	}
	var b strings.Builder
	providers := []struct{ folder, name, prefix string }{{"aws", "AWS", "aws_"}, {"azure", "Azure", "azurerm_"}, {"google", "Google Cloud", "google_"}}
	count := func(list []string, prefix string) int {
		return len(slices.DeleteFunc(slices.Clone(list), func(t string) bool { return !strings.HasPrefix(t, prefix) }))
	}
	b.WriteString(intro)
	b.WriteString("\n| provider | priced types | free types |\n|---|--:|--:|\n")
	for _, p := range providers {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", p.name, count(entries.Types(), p.prefix), count(entries.FreeTypes(), p.prefix))
	}
	b.WriteString(agreement)
	for _, p := range providers {
		fmt.Fprintf(&b, "\n## %s\n| type | billed as | usage keys |\n|---|---|---|\n", p.name)
		for _, name := range entries.Types() {
			e, err := entries.Entry(name)
			if err != nil {
				return err
			}
			if e.Provider == p.folder {
				fmt.Fprintf(&b, "| `%s` | [%s](%s) | %s |\n", name, e.Service, e.Source, usage(e))
			}
		}
	}
	b.WriteString("\n## Free\nThese cost nothing by themselves.\n")
	for _, p := range providers {
		free := slices.DeleteFunc(entries.FreeTypes(), func(t string) bool { return !strings.HasPrefix(t, p.prefix) })
		fmt.Fprintf(&b, "\n<details><summary>%s: %d types</summary>\n\n`%s`\n\n</details>\n", p.name, len(free), strings.Join(free, "` `"))
	}
	_, err = io.WriteString(w, b.String())
	return err
}

func usage(e *catalog.Entry) string {
	if len(e.Usage) == 0 {
		return ""
	}
	return "`" + strings.Join(slices.Sorted(maps.Keys(e.Usage)), "` `") + "`"
}
