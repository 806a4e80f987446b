package pricefeed

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/sku"
)

type googleServices struct {
	Services []struct {
		Name  string `json:"name"`
		Title string `json:"displayName"`
	} `json:"services"`
	Next string `json:"nextPageToken"`
}

type googleSKUs struct {
	SKUs []googleSKU `json:"skus"`
	Next string      `json:"nextPageToken"`
}

type googleSKU struct {
	ID          string `json:"skuId"`
	Description string `json:"description"`
	Category    struct {
		Service string `json:"serviceDisplayName"`
		Family  string `json:"resourceFamily"`
		Group   string `json:"resourceGroup"`
		Usage   string `json:"usageType"`
	} `json:"category"`
	Regions []string `json:"serviceRegions"`
	Pricing []struct {
		Expression struct {
			Unit  string `json:"usageUnitDescription"`
			Tiers []struct {
				Start jsontext.Value `json:"startUsageAmount"`
				Price struct {
					Currency string         `json:"currencyCode"`
					Units    jsontext.Value `json:"units"`
					Nanos    jsontext.Value `json:"nanos"`
				} `json:"unitPrice"`
			} `json:"tieredRates"`
		} `json:"pricingExpression"`
	} `json:"pricingInfo"`
}

// googleParts are the services that the descriptors speak of. The key goes in a header, where no log of addresses has it.
func googleParts(ctx context.Context, c *client, o Options) ([]part, error) {
	if o.GoogleKey == "" {
		return nil, errors.New("the catalogue of Google asks for an API key: put one in PLATFORM_GOOGLE_API_KEY, or leave the feed out with --feed")
	}
	c = c.with("X-Goog-Api-Key", o.GoogleKey)
	names := map[string]string{}
	err := googlePages(ctx, c, o.GoogleURL+"/v1/services", func(data []byte) (string, error) {
		var reply googleServices
		err := json.Unmarshal(data, &reply)
		for _, s := range reply.Services {
			names[s.Title] = s.Name
		}
		return reply.Next, err
	})
	if err != nil {
		return nil, err
	}
	var parts []part
	for _, service := range o.Set.Services("gcp") {
		name, ok := names[service]
		if !ok {
			return nil, fmt.Errorf("the catalogue of Google has no service %q, which prices of the book come from", service)
		}
		parts = append(parts, part{"google-" + strings.ReplaceAll(service, " ", "_"), name, func(ctx context.Context, into *collector) error {
			n := 0
			err := googlePages(ctx, c, o.GoogleURL+"/v1/"+strings.TrimPrefix(path(name), "/")+"/skus", func(data []byte) (string, error) {
				var reply googleSKUs
				if err := json.Unmarshal(data, &reply); err != nil {
					return "", err
				}
				for _, s := range reply.SKUs {
					if err := s.add(into, service); err != nil {
						return "", err
					}
				}
				n += len(reply.SKUs)
				o.progress("Google %s: %d products", service, n)
				return reply.Next, nil
			})
			if err == nil && n == 0 {
				err = lief("Google %s: the list is empty", service)
			}
			return err
		}})
	}
	return parts, nil
}

// googlePages follows the tokens of a list.
func googlePages(ctx context.Context, c *client, address string, use func([]byte) (next string, err error)) error {
	token, seen := "", map[string]bool{}
	for page := 1; ; page++ {
		query := url.Values{"pageSize": {"5000"}, "currencyCode": {"USD"}}
		if token != "" {
			query.Set("pageToken", token)
		}
		data, err := c.whole(ctx, address+"?"+query.Encode(), maxPage)
		if err != nil {
			return err
		}
		if token, err = use(data); err != nil {
			return fmt.Errorf("%s: page %d: %w", address, page, err)
		}
		if token == "" {
			return nil
		}
		if seen[token] || page > maxPages {
			return lief("%s: page %d leads back to one that was read", address, page)
		}
		seen[token] = true
	}
}

func (s googleSKU) add(into *collector, service string) error {
	what := fmt.Sprintf("Google %.60s %.80s", s.ID, s.Description)
	if len(s.Pricing) == 0 || len(s.Pricing[len(s.Pricing)-1].Expression.Tiers) == 0 {
		return into.refuse(what, "it has no price")
	}
	latest := s.Pricing[len(s.Pricing)-1].Expression
	for _, tier := range latest.Tiers {
		rate, err := unitsAndNanos(tier.Price.Units, tier.Price.Nanos)
		if err != nil {
			return into.refuse(what, err.Error())
		}
		start := decimal.Zero
		if len(tier.Start) > 0 {
			if start, err = number(tier.Start); err != nil || start.IsNegative() {
				return into.refuse(what, "its tier has no beginning")
			}
		}
		for _, region := range s.Regions {
			row := sku.Row{
				Vendor: "gcp", Service: service, Family: s.Category.Family, Region: region, SKU: s.ID, Attribute: s.attribute,
				Purchase: s.Category.Usage, Unit: latest.Unit, Start: start, Currency: money.Currency(tier.Price.Currency), Rate: rate,
			}
			if err := into.add(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s googleSKU) attribute(name string) string {
	switch name {
	case "description":
		return s.Description
	case "resourceGroup":
		return s.Category.Group
	}
	return ""
}

// unitsAndNanos is an amount in whole units and billionths; both must have one sign, and either may be left out.
func unitsAndNanos(units, nanos jsontext.Value) (decimal.Decimal, error) {
	if len(units) == 0 && len(nanos) == 0 {
		return decimal.Zero, errors.New("it has no price")
	}
	whole, part := decimal.Zero, decimal.Zero
	var err error
	if len(units) > 0 {
		if whole, err = number(units); err != nil {
			return decimal.Zero, errors.New("its price has no whole units")
		}
	}
	if len(nanos) > 0 {
		if part, err = number(nanos); err != nil || part.Abs().GreaterThanOrEqual(decimal.New(1, 9)) {
			return decimal.Zero, errors.New("its price has no billionths")
		}
	}
	if whole.Sign()*part.Sign() < 0 {
		return decimal.Zero, errors.New("its price has two signs")
	}
	return whole.Add(part.Shift(-9)), nil
}
