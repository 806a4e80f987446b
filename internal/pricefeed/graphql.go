package pricefeed

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/sku"
)

const (
	graphqlBatch = 20
	graphqlLimit = 1000 // products that an endpoint gives at most: as many may be part of more
	graphqlText  = `query($productFilter: ProductFilter!, $priceFilter: PriceFilter) { products(filter: $productFilter) {` +
		` vendorName service productFamily region sku attributes { key value }` +
		` prices(filter: $priceFilter) { purchaseOption unit startUsageAmount USD } } }`
)

type graphqlAsk struct {
	Query     string         `json:"query"`
	Variables map[string]any `json:"variables"`
}

type graphqlAnswer struct {
	Data *struct {
		Products []graphqlProduct `json:"products"`
	} `json:"data"`
	Errors []struct {
		Message string `json:"message"`
	} `json:"errors"`
	Extensions struct {
		Derived []string `json:"derived"`
	} `json:"extensions"`
}

type graphqlProduct struct {
	Vendor     string `json:"vendorName"`
	Service    string `json:"service"`
	Family     string `json:"productFamily"`
	Region     string `json:"region"`
	SKU        string `json:"sku"`
	Attributes []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"attributes"`
	Prices []struct {
		Purchase string  `json:"purchaseOption"`
		Unit     string  `json:"unit"`
		Start    string  `json:"startUsageAmount"`
		USD      *string `json:"USD"`
	} `json:"prices"`
}

// graphqlParts ask an endpoint of the pricing protocol, vendor by vendor and service by service.
func graphqlParts(_ context.Context, c *client, o Options) ([]part, error) {
	if o.GraphQLURL == "" {
		return nil, fmt.Errorf("the graphql feed needs --graphql-url: the endpoint's address without /graphql")
	}
	if o.GraphQLKey != "" {
		c = c.with("X-Api-Key", o.GraphQLKey)
	}
	by := map[string][]sku.Question{}
	for _, q := range o.Set.Questions() {
		by[q.Vendor+"-"+q.Service] = append(by[q.Vendor+"-"+q.Service], q)
	}
	var parts []part
	for _, name := range slices.Sorted(maps.Keys(by)) {
		parts = append(parts, part{"graphql-" + strings.ReplaceAll(name, " ", "_"), o.GraphQLURL, func(ctx context.Context, into *collector) error {
			return graphqlService(ctx, c, o, by[name], into)
		}})
	}
	return parts, nil
}

// placed is a question about one region.
type placed struct {
	sku.Question
	region string
}

func graphqlService(ctx context.Context, c *client, o Options, questions []sku.Question, into *collector) error {
	var todo []placed
	for _, q := range questions {
		ours, theirs, err := q.Regions(o.InForce)
		if err != nil {
			return err
		}
		for i, region := range ours {
			if o.wanted(region) {
				todo = append(todo, placed{q, theirs[i]})
			}
		}
	}
	whole, err := graphqlAll(ctx, c, o, todo, into)
	if err != nil {
		return err
	}
	var again []placed
	for _, p := range whole {
		single, err := p.ByKey(o.InForce)
		if err != nil {
			return err
		}
		if len(single) == 0 {
			return lief("%s %s in %s: %d products, which is as many as the endpoint gives: there may be more", p.Service, p.Family, p.region, graphqlLimit)
		}
		for _, q := range single {
			again = append(again, placed{q, p.region})
		}
	}
	rest, err := graphqlAll(ctx, c, o, again, into)
	if err == nil && len(rest) > 0 {
		err = lief("%s %s in %s: one key alone has %d products", rest[0].Service, rest[0].Family, rest[0].region, graphqlLimit)
	}
	return err
}

// graphqlAll asks all questions and gives back those whose answer may be cut off.
func graphqlAll(ctx context.Context, c *client, o Options, todo []placed, into *collector) ([]placed, error) {
	var cut []placed
	for i := 0; i < len(todo); i += graphqlBatch {
		some := todo[i:min(i+graphqlBatch, len(todo))]
		answers, err := graphqlAskAll(ctx, c, o, some)
		if err != nil {
			return nil, err
		}
		for n, a := range answers {
			switch {
			case len(a.Errors) > 0:
				return nil, lief("the endpoint says: %.200q", a.Errors[0].Message)
			case len(a.Extensions.Derived) > 0: // they would be taken for list prices
				return nil, lief("the endpoint gives prices that it derives: start it with platform prices serve --exact")
			case a.Data == nil:
				return nil, lief("the endpoint gives an answer without data")
			case len(a.Data.Products) >= graphqlLimit:
				cut = append(cut, some[n])
				continue
			}
			for _, p := range a.Data.Products {
				if err := p.add(into); err != nil {
					return nil, err
				}
			}
		}
		o.progress("%s: %d of %d questions", some[0].Service, i+len(some), len(todo))
	}
	return cut, nil
}

func graphqlAskAll(ctx context.Context, c *client, o Options, some []placed) ([]graphqlAnswer, error) {
	var asks []graphqlAsk
	for _, p := range some {
		filter := map[string]any{"vendorName": p.Vendor, "service": p.Service, "region": p.region}
		if p.Family != "" {
			filter["productFamily"] = p.Family
		}
		var attributes []map[string]string
		for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
			attributes = append(attributes, map[string]string{"key": name, "value": p.Attributes[name]})
		}
		if len(attributes) > 0 {
			filter["attributeFilters"] = attributes
		}
		asks = append(asks, graphqlAsk{graphqlText, map[string]any{"productFilter": filter, "priceFilter": map[string]string{"purchaseOption": p.Purchase}}})
	}
	body, err := json.Marshal(asks, json.Deterministic(true))
	if err != nil {
		return nil, err
	}
	data, err := c.ask(ctx, http.MethodPost, o.GraphQLURL+"/graphql", func() io.Reader { return bytes.NewReader(body) }, maxPage)
	if err != nil {
		return nil, err
	}
	var answers []graphqlAnswer
	if err := json.Unmarshal(data, &answers); err != nil || len(answers) != len(asks) {
		return nil, lief("the endpoint gives %d answers to %d questions", len(answers), len(asks))
	}
	return answers, nil
}

func (p graphqlProduct) add(into *collector) error {
	attributes := map[string]string{}
	for _, a := range p.Attributes {
		attributes[a.Key] = a.Value
	}
	region := p.Region
	if region == "" {
		region = "global"
	}
	for _, one := range p.Prices {
		row := sku.Row{
			Vendor: p.Vendor, Service: p.Service, Family: p.Family, Region: region, SKU: p.SKU,
			Attribute: func(name string) string { return attributes[name] }, Purchase: one.Purchase, Unit: one.Unit, Currency: money.USD,
		}
		var errRate, errStart error
		if one.USD == nil {
			errRate = lief("none")
		} else {
			row.Rate, errRate = decimal.NewFromString(*one.USD)
		}
		if one.Start != "" {
			row.Start, errStart = decimal.NewFromString(one.Start)
		}
		if errRate != nil || errStart != nil {
			if err := into.refuse(fmt.Sprintf("%.40s %.40s %.60s", p.Vendor, p.Service, p.SKU), "it has no price"); err != nil {
				return err
			}
			continue
		}
		if err := into.add(row); err != nil {
			return err
		}
	}
	return nil
}
