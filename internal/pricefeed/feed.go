// Package pricefeed brings the providers' published price lists into a price book of the user's own, or leaves the old
// one in force.
package pricefeed

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/sku"
)

// The published addresses.
const (
	AWSURL    = "https://pricing.us-east-1.amazonaws.com"
	AzureURL  = "https://prices.azure.com"
	GoogleURL = "https://cloudbilling.googleapis.com"
)

// Options say what to read, where to and how patiently.
type Options struct {
	Feeds   []string // aws, azure, google, graphql; sorted
	Regions []string // only these; empty: every region of the feed
	AWSURL, AzureURL, GoogleURL,
	GraphQLURL string
	GoogleKey, GraphQLKey string // never written anywhere

	Out      string // the book's file
	Set      *sku.Set
	InForce  *price.Book // what the new one is compared with
	Changed  decimal.Decimal
	Accept   bool // take a book that differs so much that it would be refused
	Now      time.Time
	Progress func(string)

	Client   *http.Client
	Idle     time.Duration // a reply that brings nothing for so long is given up
	Attempts uint          // for each request
	Pause    time.Duration // before the second attempt; it grows
}

// Feeds are the names of what can be read.
func Feeds() []string { return []string{"aws", "azure", "google", "graphql"} }

// part is a piece of a feed that is read, kept and resumed as a whole.
type part struct {
	name    string // of its file
	version string // of what it is read from; another version is read anew
	fetch   func(context.Context, *collector) error
}

// source lists the parts of one feed.
type source func(context.Context, *client, Options) ([]part, error)

func sourceOf(feed string) (source, error) {
	switch feed {
	case "aws":
		return awsParts, nil
	case "azure":
		return azureParts, nil
	case "google":
		return googleParts, nil
	case "graphql":
		return graphqlParts, nil
	}
	return nil, fmt.Errorf("feed %q is not known; choose of %v", feed, Feeds())
}

// Refusal is a row that was not taken, and why.
type Refusal struct{ What, Why string }

func (r Refusal) String() string { return r.What + ": " + r.Why }

func (o Options) wanted(region string) bool {
	return len(o.Regions) == 0 || region == "global" || slices.Contains(o.Regions, region)
}

func (o Options) progress(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}
