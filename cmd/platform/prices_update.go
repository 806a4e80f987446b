package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
	"github.com/spf13/cobra"

	"github.com/org/platform-action/internal/pricefeed"
	"github.com/org/platform-action/internal/render"
	"github.com/org/platform-action/internal/sku"
)

// Variables that hold keys; they are never printed.
const (
	envGoogleKey  = "PLATFORM_GOOGLE_API_KEY"
	envGraphQLKey = "PLATFORM_PRICING_API_KEY"
)

type updateOptions struct {
	feeds, regions              []string
	out, changed                string
	aws, azure, google, graphql string
	accept, quiet               bool
	idle                        time.Duration
	attempts                    uint
}

func newPricesUpdate(s streams) *cobra.Command {
	var o updateOptions
	c := &cobra.Command{
		Use:   "update",
		Short: "Read the providers' published price lists into a book of your own",
		Long: "update reads the price lists of AWS, Azure and Google, or an endpoint of the pricing protocol, into one file, and says\n" +
			"what differs from the prices in force. The file of before stays until the new one is whole. A run that was ended\n" +
			"goes on where it was. Use the file with --prices FILE or " + envPrices + ".",
		Example: `  platform prices update --feed aws --region us-east-1 --region eu-west-1
  platform prices update --feed graphql --graphql-url https://pricing.example.com
  platform check plan.json --prices prices.zip --prices-digest sha256:…`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), s) },
	}
	f := c.Flags()
	f.StringArrayVar(&o.feeds, "feed", []string{"aws", "azure"}, "what to read: aws, azure, google (needs "+envGoogleKey+"), graphql; may be given more than once")
	f.StringArrayVar(&o.regions, "region", nil, "only this region (default: all); may be given more than once")
	f.StringVar(&o.out, "out", "prices.zip", "the book's file")
	f.StringVar(&o.changed, "changed-over", "5", "list prices that changed by more than this percentage")
	f.BoolVar(&o.accept, "accept", false, "take the prices even when so many differ that a feed seems broken")
	f.BoolVar(&o.quiet, "quiet", false, "no progress on standard error")
	f.StringVar(&o.graphql, "graphql-url", "", "endpoint of the pricing protocol, without /graphql")
	f.StringVar(&o.aws, "aws-url", pricefeed.AWSURL, "address of AWS's price list")
	f.StringVar(&o.azure, "azure-url", pricefeed.AzureURL, "address of Azure's retail prices")
	f.StringVar(&o.google, "google-url", pricefeed.GoogleURL, "address of Google's billing catalogue")
	f.DurationVar(&o.idle, "idle", time.Minute, "give up a reply that brings nothing for so long")
	f.UintVar(&o.attempts, "attempts", 6, "how often a request is tried")
	return c
}

func (o *updateOptions) run(ctx context.Context, s streams) error {
	feeds, err := feedNames(o.feeds, pricefeed.Feeds())
	if err != nil {
		return err
	}
	percent, err := decimal.NewFromString(o.changed)
	if err != nil || percent.IsNegative() {
		return fmt.Errorf("--changed-over %q is not a percentage", o.changed)
	}
	if o.attempts == 0 || o.idle <= 0 {
		return fmt.Errorf("--attempts and --idle must be greater than zero")
	}
	set, err := sku.Load()
	if err != nil {
		return &faultError{err}
	}
	inForce := bookFlags{}
	if _, err := os.Stat(o.out); err == nil {
		inForce.file = o.out
	}
	book, err := inForce.openNamed()
	if err != nil {
		return err
	}
	p := newProgress(s, o.quiet)
	out, err := filepath.Abs(o.out)
	if err != nil {
		return err
	}
	report, err := pricefeed.Update(ctx, pricefeed.Options{
		Feeds: feeds, Regions: o.regions, AWSURL: trimmed(o.aws), AzureURL: trimmed(o.azure), GoogleURL: trimmed(o.google), GraphQLURL: trimmed(o.graphql),
		GoogleKey: s.env(envGoogleKey), GraphQLKey: s.env(envGraphQLKey), Out: out, Set: set, InForce: book, Changed: percent, Accept: o.accept,
		Now: time.Now(), Progress: p.step, Client: &http.Client{}, Idle: o.idle, Attempts: o.attempts, Pause: time.Second,
	})
	p.done()
	if report.Prices > 0 {
		if err := showUpdate(s, report); err != nil {
			return err
		}
	}
	if err != nil {
		return &faultError{err}
	}
	_, err = fmt.Fprintf(s.out, "%s\n%s\n", render.Plain(o.out), report.Digest)
	return err
}

func trimmed(address string) string { return strings.TrimRight(address, "/") }

// mostShown bounds what is listed of each kind.
const mostShown = 30

// showUpdate prints what differs from the book in force.
func showUpdate(s streams, r pricefeed.Report) error {
	var rows [][]string
	for _, c := range r.Changed[:min(len(r.Changed), mostShown)] {
		sign := ""
		if c.Percent.IsPositive() {
			sign = "+"
		}
		rows = append(rows, []string{"changed", c.Price, c.Old, c.New, sign + c.Percent.String() + " %"})
	}
	for _, name := range r.Gone[:min(len(r.Gone), mostShown)] {
		rows = append(rows, []string{"gone", name, "", "", "the old price stays"})
	}
	for _, name := range r.New[:min(len(r.New), mostShown)] {
		rows = append(rows, []string{"new", name, "", "", ""})
	}
	for _, refusal := range r.Refused[:min(len(r.Refused), mostShown)] {
		rows = append(rows, []string{"refused", refusal.What, "", "", refusal.Why})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = render.Plain(row[i])
		}
	}
	if len(rows) > 0 {
		if _, err := fmt.Fprintln(s.out, render.Table(s.outTTY, []string{"what", "price", "old", "new", "remark"}, rows)); err != nil {
			return err
		}
	}
	kept := ""
	if r.Kept > 0 {
		kept = ", " + strconv.Itoa(r.Kept) + " of them by an earlier run"
	}
	_, err := fmt.Fprintf(s.out, "%d prices of %d rows in %d parts%s: %d the same, %d changed by more than asked, %d by less, %d new, %d gone, %d refused\n",
		r.Prices, r.Rows, r.Parts, kept, r.Same, len(r.Changed), r.Moved, len(r.New), len(r.Gone), len(r.Refused))
	return err
}
