package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/priceserve"
	"github.com/org/platform-action/internal/sku"
)

type serveOptions struct {
	book          bookFlags
	listen        string
	remote, exact bool
	rates         []string
}

func newPricesServe(s streams) *cobra.Command {
	var o serveOptions
	c := &cobra.Command{
		Use:   "serve",
		Short: "Answer Infracost 0.10's questions for prices from the book, on this machine",
		Long: "serve speaks the pricing protocol of Infracost's 0.10 line: POST /graphql is answered from the book, POST /event is\n" +
			"accepted and forgotten. Nothing that is asked is kept, logged or sent on. docs/prices.md says what is covered.",
		Example: `  platform prices serve &
  INFRACOST_PRICING_API_ENDPOINT=http://127.0.0.1:4000 INFRACOST_API_KEY=any infracost breakdown --path plan.json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s) },
	}
	o.book.flags(c)
	c.Flags().StringVar(&o.listen, "listen", "127.0.0.1:4000", "address to answer on")
	c.Flags().BoolVar(&o.remote, "allow-remote", false, "let --listen be an address that other machines can reach; there is no password")
	c.Flags().BoolVar(&o.exact, "exact", false, "leave out prices that are derived for a region or from a sibling")
	c.Flags().StringArrayVar(&o.rates, "exchange-rate", nil, "CURRENCY=RATE of one US dollar, such as EUR=0.92; may be given more than once")
	return c
}

func (o *serveOptions) run(ctx context.Context, s streams) error {
	rates, err := exchangeRates(o.rates)
	if err != nil {
		return err
	}
	book, err := o.book.open()
	if err != nil {
		return err
	}
	set, err := sku.Load()
	if err != nil {
		return &faultError{err}
	}
	shelf, err := sku.NewShelf(set, book)
	if err != nil {
		return &faultError{err}
	}
	l, err := priceserve.Listen(ctx, o.listen, o.remote)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "answering on http://%s from %s; Ctrl-C ends it\n", l.Addr(), book.Digest())
	if err := priceserve.Serve(ctx, l, priceserve.New(priceserve.Options{Shelf: shelf, Exact: o.exact, Rates: rates})); err != nil {
		return &faultError{err}
	}
	return nil
}

func exchangeRates(texts []string) (map[money.Currency]decimal.Decimal, error) {
	out := map[money.Currency]decimal.Decimal{}
	for _, text := range texts {
		name, number, _ := strings.Cut(text, "=")
		currency, err := money.ParseCurrency(name)
		if err != nil {
			return nil, fmt.Errorf("--exchange-rate %q: %w", text, err)
		}
		rate, err := decimal.NewFromString(number)
		if err != nil || !rate.IsPositive() {
			return nil, fmt.Errorf("--exchange-rate %q: want CURRENCY=RATE with a rate above zero", text)
		}
		out[currency] = rate
	}
	return out, nil
}

// feedNames are the feeds in the order in which they are read.
func feedNames(names, known []string) ([]string, error) {
	var out []string
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("--feed %q is not known; choose of %v", name, known)
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}
