package pricefeed

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/sku"
)

const (
	maxPage   = 32 << 20
	maxPages  = 20_000
	azurePage = 1000 // items of a full page
)

type azureReply struct {
	Items []azureItem `json:"Items"`
	Next  string      `json:"NextPageLink"`
}

type azureItem struct {
	Currency    string         `json:"currencyCode"`
	Tier        jsontext.Value `json:"tierMinimumUnits"`
	Retail      jsontext.Value `json:"retailPrice"`
	Unit        jsontext.Value `json:"unitPrice"`
	Region      string         `json:"armRegionName"`
	MeterID     string         `json:"meterId"`
	MeterName   string         `json:"meterName"`
	ProductID   string         `json:"productId"`
	ProductName string         `json:"productName"`
	SkuID       string         `json:"skuId"`
	SkuName     string         `json:"skuName"`
	Service     string         `json:"serviceName"`
	Family      string         `json:"serviceFamily"`
	Measure     string         `json:"unitOfMeasure"`
	Type        string         `json:"type"`
	ArmSkuName  string         `json:"armSkuName"`
	Term        string         `json:"reservationTerm"`
}

// azureParts are the services that the descriptors speak of; the filter keeps reservations and tests away.
func azureParts(_ context.Context, c *client, o Options) ([]part, error) {
	var parts []part
	for _, service := range o.Set.Services("azure") {
		parts = append(parts, part{"azure-" + strings.ReplaceAll(service, " ", "_"), service, func(ctx context.Context, into *collector) error {
			return azurePages(ctx, c, o, service, into)
		}})
	}
	return parts, nil
}

// azurePages follows the pages of one service. A full page without a link to the next one is followed by counting,
// because the last page is told by its size alone.
func azurePages(ctx context.Context, c *client, o Options, service string, into *collector) error {
	query := url.Values{
		"api-version": {"2023-01-01-preview"}, "currencyCode": {"USD"},
		"$filter": {fmt.Sprintf("serviceName eq '%s' and priceType eq 'Consumption'", strings.ReplaceAll(service, "'", "''"))},
	}
	base := o.AzureURL + "/api/retail/prices?"
	next, items, seen := base+query.Encode(), 0, map[string]bool{}
	for page := 1; next != ""; page++ {
		if seen[next] || page > maxPages {
			return lief("Azure %s: page %d leads back to one that was read", service, page)
		}
		seen[next] = true
		data, err := c.whole(ctx, next, maxPage)
		if err != nil {
			return err
		}
		var reply azureReply
		if err := json.Unmarshal(data, &reply); err != nil {
			return lief("Azure %s: page %d is no page of prices", service, page)
		}
		for _, item := range reply.Items {
			if err := item.add(into); err != nil {
				return err
			}
		}
		if items += len(reply.Items); items == 0 {
			return lief("Azure %s: the list is empty", service)
		}
		o.progress("Azure %s: %d prices", service, items)
		if next, err = azureNext(reply, base, query, items); err != nil {
			return lief("Azure %s: page %d: %v", service, page, err)
		}
	}
	return nil
}

// azureNext is the address of the next page; one of another host is not followed.
func azureNext(reply azureReply, base string, query url.Values, items int) (string, error) {
	if reply.Next == "" {
		if len(reply.Items) < azurePage {
			return "", nil
		}
		query.Set("$skip", strconv.Itoa(items))
		return base + query.Encode(), nil
	}
	link, err := url.Parse(reply.Next)
	if err != nil {
		return "", fmt.Errorf("the link to the next page cannot be read")
	}
	own, err := url.Parse(base)
	if err != nil {
		return "", err
	}
	if strings.TrimSuffix(link.Hostname(), ".") != own.Hostname() {
		return "", fmt.Errorf("the link to the next page leads to another host, %.60q", link.Host)
	}
	link.Scheme, link.Host = own.Scheme, own.Host
	return link.String(), nil
}

func (i azureItem) add(into *collector) error {
	rate, err := number(i.Retail)
	if err != nil {
		return into.refuse(i.what(), "it has no price")
	}
	if unit, err := number(i.Unit); err == nil && !unit.Equal(rate) {
		return into.refuse(i.what(), fmt.Sprintf("it has two prices, %s and %s", rate, unit))
	}
	start := decimal.Zero
	if len(i.Tier) > 0 {
		if start, err = number(i.Tier); err != nil || start.IsNegative() {
			return into.refuse(i.what(), "its tier has no beginning")
		}
	}
	attributes := map[string]string{
		"productName": i.ProductName, "skuName": i.SkuName, "meterName": i.MeterName, "armSkuName": i.ArmSkuName,
		"productId": i.ProductID, "meterId": i.MeterID,
	}
	region := i.Region
	if region == "" {
		region = "global"
	}
	return into.add(sku.Row{
		Vendor: "azure", Service: i.Service, Family: i.Family, Region: region, SKU: i.SkuID + "/" + i.MeterID,
		Attribute: func(name string) string { return attributes[name] },
		Purchase:  i.purchase(), Unit: i.Measure, Start: start, Currency: money.Currency(i.Currency), Rate: rate,
	})
}

func (i azureItem) what() string {
	return fmt.Sprintf("Azure %.60s %.60s %.60s %.30s", i.ProductName, i.SkuName, i.MeterName, i.Region)
}

// purchase is how the thing is bought: rows of spot and low priority call themselves Consumption.
func (i azureItem) purchase() string {
	for _, option := range []string{"Spot", "Low Priority"} {
		if strings.HasSuffix(i.SkuName, " "+option) || strings.HasSuffix(i.MeterName, " "+option) {
			return option
		}
	}
	if i.Term != "" {
		return "Reservation"
	}
	return i.Type
}

// number reads a JSON number, or a string that holds one, exactly.
func number(v jsontext.Value) (decimal.Decimal, error) {
	return decimal.NewFromString(strings.Trim(string(v), `"`))
}
