package pricefeed

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/sku"
)

const (
	maxIndex  = 16 << 20
	maxRecord = 1 << 20 // between two rows of a file
)

type offerIndex struct {
	Offers map[string]struct {
		Regions string `json:"currentRegionIndexUrl"`
	} `json:"offers"`
}

type regionIndex struct {
	Regions map[string]struct {
		Code string `json:"regionCode"`
		URL  string `json:"currentVersionUrl"`
	} `json:"regions"`
}

// awsParts are the offers of the price list that the descriptors speak of, by region: the CSV form, because each of its
// rows says all, where the JSON form must be held in memory until its prices come.
func awsParts(ctx context.Context, c *client, o Options) ([]part, error) {
	data, err := c.whole(ctx, o.AWSURL+"/offers/v1.0/aws/index.json", maxIndex)
	if err != nil {
		return nil, err
	}
	var index offerIndex
	if err := json.Unmarshal(data, &index); err != nil || len(index.Offers) == 0 {
		return nil, errors.New("the AWS offer index names no offer")
	}
	var parts []part
	for _, service := range o.Set.Services("aws") {
		offer, ok := index.Offers[service]
		if !ok || offer.Regions == "" {
			return nil, fmt.Errorf("the AWS offer index has no offer %s, which prices of the book come from", service)
		}
		data, err := c.whole(ctx, o.AWSURL+path(offer.Regions), maxIndex)
		if err != nil {
			return nil, err
		}
		var regions regionIndex
		if err := json.Unmarshal(data, &regions); err != nil || len(regions.Regions) == 0 {
			return nil, fmt.Errorf("the AWS region index of %s names no region", service)
		}
		for _, name := range slices.Sorted(maps.Keys(regions.Regions)) {
			r := regions.Regions[name]
			region, file := awsRegion(r.Code), path(r.URL)
			if !o.wanted(region) || !strings.HasSuffix(file, ".json") {
				continue
			}
			file = strings.TrimSuffix(file, ".json") + ".csv"
			parts = append(parts, part{"aws-" + service + "-" + region, file, func(ctx context.Context, into *collector) error {
				return c.read(ctx, http.MethodGet, o.AWSURL+file, nil, func(body io.Reader) error {
					if err := into.restart(); err != nil {
						return err
					}
					return awsCSV(body, service, region, into)
				})
			}})
		}
	}
	return parts, nil
}

// path takes no other host from an index.
func path(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Path == "" {
		return "/"
	}
	return u.Path
}

// awsRegion is the region of an offer; what is sold in no region is sold in all.
func awsRegion(code string) string {
	switch code {
	case "", "aws-global", "global", "Any":
		return "global"
	}
	return code
}

// guard refuses a row without end: the reader of CSV would hold it in memory.
type guard struct {
	io.Reader
	since int
}

func (g *guard) Read(p []byte) (int, error) {
	if g.since > maxRecord {
		return 0, lief("a row of more than %d bytes", maxRecord)
	}
	n, err := g.Reader.Read(p)
	g.since += n
	return n, err
}

// awsCSV reads one offer of one region, row by row.
func awsCSV(body io.Reader, service, region string, into *collector) error {
	g := &guard{Reader: body}
	r := csv.NewReader(g)
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	columns, err := awsHeader(r, service)
	if err != nil {
		return err
	}
	r.FieldsPerRecord = len(columns.names)
	for n := 0; ; n++ {
		g.since = 0
		record, err := r.Read()
		switch {
		case errors.Is(err, io.EOF) && n > 0:
			return nil
		case errors.Is(err, io.EOF):
			return lief("offer %s has no price", service)
		case err != nil:
			return fmt.Errorf("offer %s: %w", service, err)
		}
		if columns.get(record, "TermType") != "OnDemand" {
			continue
		}
		row, why := columns.row(record, region)
		if why != "" {
			if err := into.refuse(service+" "+row.SKU+" "+region, why); err != nil {
				return err
			}
			continue
		}
		if err := into.add(row); err != nil {
			return err
		}
	}
}

// awsColumns finds a column by the name of the attribute.
type awsColumns struct {
	names []string
	at    map[string]int
}

// awsHeader reads the lines about the file, and the line of columns.
func awsHeader(r *csv.Reader, service string) (awsColumns, error) {
	const most = 20
	for range most {
		record, err := r.Read()
		if err != nil {
			return awsColumns{}, fmt.Errorf("offer %s has no line of columns: %w", service, err)
		}
		switch {
		case record[0] == "SKU":
			c := awsColumns{names: slices.Clone(record), at: map[string]int{}}
			for i, name := range c.names {
				c.at[name] = i
				c.at[attributeName(name)] = i
			}
			for _, needed := range []string{"TermType", "Unit", "PricePerUnit", "Currency", "StartingRange", "Product Family", "usageType"} {
				if _, ok := c.at[needed]; !ok {
					return c, lief("offer %s has no column %q", service, needed)
				}
			}
			return c, nil
		case record[0] == "OfferCode" && len(record) == 2 && record[1] != service:
			return awsColumns{}, lief("the file is of offer %.40q, and %s was asked for", record[1], service)
		case record[0] == "FormatVersion" && len(record) == 2 && record[1] != "v1.0":
			return awsColumns{}, lief("the file's format is %.20q, and v1.0 is known", record[1])
		}
	}
	return awsColumns{}, lief("offer %s has no line of columns", service)
}

// attributeName is what the JSON form calls a column: Instance Type → instanceType.
func attributeName(column string) string {
	switch column {
	case "Pre Installed S/W":
		return "preInstalledSw"
	case "CapacityStatus":
		return "capacitystatus"
	case "usageType":
		return "usagetype"
	case "Volume API Name":
		return "volumeApiName"
	case "LeaseContractLength", "PurchaseOption", "OfferingClass":
		return column
	}
	words := strings.Fields(column)
	for i, w := range words {
		if i == 0 {
			words[i] = strings.ToLower(w[:1]) + w[1:]
		} else {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

func (c awsColumns) get(record []string, name string) string {
	if i, ok := c.at[name]; ok {
		return record[i]
	}
	return ""
}

// row is a record in the words of the descriptors, or why it cannot be one.
func (c awsColumns) row(record []string, region string) (sku.Row, string) {
	get := func(name string) string { return c.get(record, name) }
	r := sku.Row{
		Vendor: "aws", Service: get("serviceCode"), Family: get("Product Family"), Region: region, SKU: get("SKU"),
		Attribute: get, Purchase: "on_demand", Unit: get("Unit"), Currency: money.Currency(get("Currency")),
	}
	if code := get("regionCode"); code != "" && awsRegion(code) != region {
		return r, fmt.Sprintf("it is of region %.30q", code)
	}
	var err error
	if r.Rate, err = decimal.NewFromString(get("PricePerUnit")); err != nil {
		return r, fmt.Sprintf("%.30q is no price", get("PricePerUnit"))
	}
	if r.Start, err = decimal.NewFromString(get("StartingRange")); err != nil || r.Start.IsNegative() {
		return r, fmt.Sprintf("%.30q is no beginning of a tier", get("StartingRange"))
	}
	return r, ""
}
