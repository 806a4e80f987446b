package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/render"
)

func newPrices(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "prices",
		Short: "The price book: what it holds, how it is renewed, and to whom it answers",
		Args:  noCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newPricesInfo(s), newPricesLookup(s), newPricesUpdate(s), newPricesServe(s))
	return c
}

func newPricesInfo(s streams) *cobra.Command {
	var flags bookFlags
	c := &cobra.Command{
		Use:   "info",
		Short: "Tables, their sources and dates, and the digest of the whole book",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			book, err := flags.open()
			if err != nil {
				return err
			}
			return info(s, book)
		},
	}
	flags.flags(c)
	return c
}

// info prints the tables, those of an updated book before those of the program, and the digests.
func info(s streams, book *price.Book) error {
	layers, err := book.Layers()
	if err != nil {
		return &faultError{err}
	}
	rows, facts, tables := [][]string{}, 0, 0
	for _, layer := range layers {
		for _, t := range layer.Tables {
			rows = append(rows, []string{t.Name, strconv.Itoa(t.Rows), strconv.Itoa(t.Regions), t.AsOf, string(t.Currency), render.Plain(t.Source)})
			facts += t.Rows
			tables++
		}
	}
	if _, err := fmt.Fprintf(s.out, "%s\n\n%d tables, %d rows, on-demand list prices without tax\n%s\n",
		render.Table(s.outTTY, []string{"table", "rows", "regions", "as of", "currency", "source"}, rows), tables, facts, book.Digest()); err != nil {
		return err
	}
	if len(layers) > 1 {
		_, err = fmt.Fprintf(s.out, "updated: %s, over the program's own %s\n", layers[0].Digest, layers[1].Digest)
	}
	return err
}

func newPricesLookup(s streams) *cobra.Command {
	var region, only string
	var flags bookFlags
	c := &cobra.Command{
		Use:   "lookup KEY",
		Short: "What the book knows of a price",
		Example: `  platform prices lookup t3.micro --region eu-west-1
  platform prices lookup alb.hour
  platform prices lookup Standard_D2s_v5 --table azure/vm_linux`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			book, err := flags.open()
			if err != nil {
				return err
			}
			return lookup(s, book, args[0], region, only)
		},
	}
	flags.flags(c)
	c.Flags().StringVar(&region, "region", "", "region (default: each provider's own default)")
	c.Flags().StringVar(&only, "table", "", "only this table")
	return c
}

// mostRows bounds what one look-up prints.
const mostRows = 40

// lookup prints the rows whose key is the word, or else those that contain it.
func lookup(s streams, book *price.Book, word, region, only string) error {
	tables, err := book.Tables()
	if err != nil {
		return &faultError{err}
	}
	tables = slices.CompactFunc(tables, func(a, b price.Table) bool { return a.Name == b.Name }) // one of each, of two books
	var exact, near [][]string
	for _, t := range tables {
		if only != "" && t.Name != only {
			continue
		}
		keys, err := book.Keys(t.Name)
		if err != nil {
			return &faultError{err}
		}
		for _, key := range keys {
			if !strings.Contains(strings.ToLower(key), strings.ToLower(word)) {
				continue
			}
			row, err := priceRow(book, t.Name, key, region)
			if err != nil {
				return &faultError{err}
			}
			if strings.EqualFold(key, word) || strings.HasPrefix(strings.ToLower(key), strings.ToLower(word)+"/") {
				exact = append(exact, row)
			} else {
				near = append(near, row)
			}
		}
	}
	rows := exact
	if len(rows) == 0 {
		rows = near
	}
	if len(rows) == 0 {
		return fmt.Errorf("the book knows no price whose key contains %q; platform prices info lists its tables", word)
	}
	more := ""
	if len(rows) > mostRows {
		more = fmt.Sprintf("… %d more; give more of the key, or --table\n", len(rows)-mostRows)
		rows = rows[:mostRows]
	}
	_, err = fmt.Fprintf(s.out, "%s\n%s", render.Table(s.outTTY, []string{"table", "key", "region", "price", "unit", "from", "as of", "known"}, rows), more)
	return err
}

func priceRow(book *price.Book, table, key, region string) ([]string, error) {
	if region == "" {
		switch provider, _, _ := strings.Cut(strings.TrimPrefix(table, "component/"), "/"); provider {
		case "aws":
			region = "us-east-1"
		case "azure":
			region = "eastus"
		case "google":
			region = "us-central1"
		}
	}
	a, err := book.Lookup(table, key, region)
	if err != nil {
		return nil, err
	}
	if a.Status == price.Missing {
		return []string{table, key, region, "unknown", "", "", "", "no price in this region"}, nil
	}
	known := "exact"
	if a.Status == price.Derived {
		known = "derived: " + a.Derived
	}
	var rates, from []string
	for _, t := range a.Tiers {
		rates, from = append(rates, t.Rate.String()), append(from, t.From.String())
	}
	return []string{table, key, a.Region, strings.Join(rates, " / ") + " " + string(a.Currency), a.Unit, strings.Join(from, " / "), a.AsOf, known}, nil
}
