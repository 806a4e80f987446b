package pricefeed_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/pricefeed"
	"github.com/org/platform-action/internal/sku"
)

// world is a stand-in for the price lists: it says what a book says, in each provider's own form, with the rows around
// it that must not be taken.
type world struct {
	set      *sku.Set
	columns  []string                 // attributes of AWS
	products map[string][]sku.Product // by vendor
	csv      func(service, region string, rows [][]string) [][]string
	handle   func(w http.ResponseWriter, r *http.Request) bool // before everything else; true when it answered
}

var awsRegions = []string{"us-east-1", "eu-west-1"}

func newWorld(t testing.TB, book *price.Book) *world { return copied(known(t, book, "all", set(t))) }

// fewWorld says a part of it: enough for a fault.
func fewWorld(t testing.TB, book *price.Book) *world {
	t.Helper()
	few, err := sku.Read(os.DirFS("testdata"), "descriptors")
	if err != nil {
		t.Fatal(err)
	}
	return copied(known(t, book, "few", few))
}

func copied(all *world) *world {
	w := &world{set: all.set, products: map[string][]sku.Product{}, columns: all.columns}
	for vendor, products := range all.products {
		for _, p := range products {
			p.Prices = slices.Clone(p.Prices)
			w.products[vendor] = append(w.products[vendor], p)
		}
	}
	return w
}

// once keeps what is dear to make and the same for all.
var (
	once   sync.Mutex
	shared = map[string]*world{}
)

func known(t testing.TB, book *price.Book, name string, s *sku.Set) *world {
	t.Helper()
	once.Lock()
	defer once.Unlock()
	if shared[name] != nil {
		return shared[name]
	}
	shelf, err := sku.NewShelf(s, book)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{set: s, products: map[string][]sku.Product{}}
	for vendor, regions := range map[string][]string{
		"aws": append(slices.Clone(awsRegions), "global"), "azure": {"eastus", "westeurope", "Global", "global", "Zone 1"}, "gcp": {"us-central1", "global"},
	} {
		for _, region := range regions {
			found, err := shelf.Products(sku.Filter{Vendor: is(vendor), Region: is(region)}, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range found {
				if p.Prices[0].Derived == "" {
					w.products[vendor] = append(w.products[vendor], p)
				}
			}
		}
	}
	w.columns = w.attributes()
	shared[name] = w
	return w
}

func is(s string) sku.Test { return sku.Test{Equal: &s} }

func set(t testing.TB) *sku.Set {
	t.Helper()
	s, err := sku.Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// options read from the world into a file of the test's own.
func (w *world) options(t testing.TB, feeds ...string) pricefeed.Options {
	t.Helper()
	server := httptest.NewServer(w)
	t.Cleanup(server.Close)
	return pricefeed.Options{
		Feeds: feeds, AWSURL: server.URL, AzureURL: server.URL, GoogleURL: server.URL, GraphQLURL: server.URL,
		GoogleKey: "secret-key", Out: filepath.Join(t.TempDir(), "prices.zip"), Set: w.set, InForce: price.Embedded(),
		Changed: decimal.NewFromInt(5), Now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC), Client: server.Client(),
		Idle: time.Minute, Attempts: 3, Pause: time.Millisecond,
	}
}

func (w *world) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if w.handle != nil && w.handle(out, r) {
		return
	}
	switch {
	case r.URL.Path == "/offers/v1.0/aws/index.json":
		offers := map[string]any{}
		for _, s := range w.services("aws") {
			offers[s] = map[string]string{"offerCode": s, "currentRegionIndexUrl": "/offers/v1.0/aws/" + s + "/current/region_index.json"}
		}
		reply(out, map[string]any{"formatVersion": "v1.0", "publicationDate": "2026-10-31T00:00:00Z", "offers": offers})
	case strings.HasSuffix(r.URL.Path, "/region_index.json"):
		service := strings.Split(r.URL.Path, "/")[4]
		regions := map[string]any{}
		for _, region := range append(slices.Clone(awsRegions), "aws-global") {
			if len(w.rows(service, region)) > 0 {
				regions[region] = map[string]string{"regionCode": region, "currentVersionUrl": "/offers/v1.0/aws/" + service + "/20261031/" + region + "/index.json"}
			}
		}
		reply(out, map[string]any{"formatVersion": "v1.0", "regions": regions})
	case strings.HasSuffix(r.URL.Path, "/index.csv"):
		parts := strings.Split(r.URL.Path, "/")
		w.offer(out, parts[4], parts[6])
	case r.URL.Path == "/api/retail/prices":
		w.azure(out, r)
	case r.URL.Path == "/v1/services":
		var services []any
		for i, s := range w.services("gcp") {
			services = append(services, map[string]string{"name": fmt.Sprintf("services/S%d", i), "serviceId": fmt.Sprintf("S%d", i), "displayName": s})
		}
		reply(out, map[string]any{"services": services})
	case strings.HasPrefix(r.URL.Path, "/v1/services/S"):
		w.google(out, r)
	default:
		http.NotFound(out, r)
	}
}

func (w *world) services(vendor string) []string {
	seen := map[string]bool{}
	for _, p := range w.products[vendor] {
		seen[p.Service] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func reply(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(data)
}

// column is what the CSV form calls an attribute.
func column(attribute string) string {
	switch attribute {
	case "preInstalledSw":
		return "Pre Installed S/W"
	case "capacitystatus":
		return "CapacityStatus"
	case "usagetype":
		return "usageType"
	case "operation":
		return attribute
	case "volumeApiName":
		return "Volume API Name"
	}
	var b strings.Builder
	for i, r := range attribute {
		if i == 0 {
			b.WriteString(strings.ToUpper(string(r)))
			continue
		}
		if r >= 'A' && r <= 'Z' {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

var awsFixed = []string{"SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange", "EndingRange", "Unit", "PricePerUnit", "Currency", "LeaseContractLength", "PurchaseOption", "OfferingClass", "Product Family", "serviceCode"}

func (w *world) attributes() []string {
	seen := map[string]bool{"tenancy": true, "usagetype": true}
	for _, p := range w.products["aws"] {
		for name := range p.Attributes {
			seen[name] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// rows are the prices of one offer in one region.
func (w *world) rows(service, region string) [][]string {
	names := w.columns
	var rows [][]string
	for _, p := range w.products["aws"] {
		if p.Service != service || p.Region != region && (region != "aws-global" || p.Region != "global") {
			continue
		}
		for i, one := range p.Prices {
			row := []string{p.SKU, "JRTCKXETXF", p.SKU + ".JRTCKXETXF." + strconv.Itoa(i), "OnDemand", one.Description, "2026-10-01", one.Start, one.End, one.Unit, one.Rate.String(), "USD", "", "", "", p.Family, service}
			for _, name := range names {
				value := p.Attributes[name]
				if name == "regionCode" && region == "aws-global" {
					value = ""
				}
				row = append(row, value)
			}
			rows = append(rows, row)
			if service == "AmazonEC2" && p.Attributes["instanceType"] != "" {
				rows = append(rows, w.around(row)...)
			}
		}
	}
	return rows
}

// around are the rows of the same instance that must not be taken: reserved, dedicated, reserved capacity, with SQL
// Server in it.
func (w *world) around(row []string) [][]string {
	set := func(name, value string) []string {
		other := slices.Clone(row)
		other[0] += "X" + strings.ToUpper(name[:2])
		for i, fixed := range awsFixed {
			if fixed == name {
				other[i] = value
			}
		}
		for i, attribute := range w.columns {
			if attribute == name {
				other[len(awsFixed)+i] = value
			}
		}
		other[9] = "0.0001"
		return other
	}
	return [][]string{set("TermType", "Reserved"), set("tenancy", "Dedicated"), set("capacitystatus", "UnusedCapacityReservation"), set("preInstalledSw", "SQL Ent")}
}

func (w *world) offer(out io.Writer, service, region string) {
	rows := w.rows(service, region)
	if w.csv != nil {
		rows = w.csv(service, region, rows)
	}
	_, _ = fmt.Fprintf(out, "\"FormatVersion\",\"v1.0\"\n\"Disclaimer\",\"This pricing list is for informational purposes only.\"\n\"Publication Date\",\"2026-10-31T00:00:00Z\"\n\"Version\",\"20261031\"\n\"OfferCode\",\"%s\"\n", service)
	c := csv.NewWriter(out)
	head := slices.Clone(awsFixed)
	for _, name := range w.columns {
		head = append(head, column(name))
	}
	_ = c.Write(head)
	_ = c.WriteAll(rows)
}

// azure answers pages of a thousand, with the rows around the prices that must not be taken. It leaves the link to the
// next page out of every other page.
func (w *world) azure(out http.ResponseWriter, r *http.Request) {
	filter := r.URL.Query().Get("$filter")
	skip, _ := strconv.Atoi(r.URL.Query().Get("$skip"))
	var items []map[string]any
	for _, p := range w.products["azure"] {
		if !strings.HasPrefix(filter, "serviceName eq '"+p.Service+"' and priceType eq 'Consumption'") {
			continue
		}
		for _, one := range p.Prices {
			region := p.Region
			if region == "global" {
				region = ""
			}
			item := map[string]any{
				"currencyCode": "USD", "tierMinimumUnits": decimalJSON(one.Start), "retailPrice": decimalJSON(one.Rate.String()), "unitPrice": decimalJSON(one.Rate.String()),
				"armRegionName": region, "meterId": "m-" + p.SKU, "skuId": "s-" + p.SKU, "serviceName": p.Service, "serviceFamily": p.Family, "unitOfMeasure": one.Unit,
				"type": "Consumption", "isPrimaryMeterRegion": true,
			}
			for name, value := range p.Attributes {
				item[name] = value
			}
			items = append(items, item)
			if p.Service == "Virtual Machines" {
				for _, trap := range []map[string]any{
					{"skuName": fmt.Sprint(item["skuName"]) + " Spot"}, {"skuName": fmt.Sprint(item["skuName"]) + " Low Priority"},
					{"type": "DevTestConsumption"}, {"type": "Reservation", "reservationTerm": "1 Year"}, {"meterName": fmt.Sprint(item["meterName"]) + " Expired"},
				} {
					other := maps.Clone(item)
					maps.Copy(other, trap)
					other["skuId"], other["retailPrice"], other["unitPrice"] = "trap-"+p.SKU, decimalJSON("0.0001"), decimalJSON("0.0001")
					items = append(items, other)
				}
			}
		}
	}
	end := min(len(items), skip+1000)
	page := map[string]any{"BillingCurrency": "USD", "Items": items[min(skip, end):end], "NextPageLink": nil, "Count": end - min(skip, end)}
	if end < len(items) && (skip/1000)%2 == 0 {
		query := r.URL.Query()
		query.Set("$skip", strconv.Itoa(end))
		page["NextPageLink"] = "http://" + r.Host + r.URL.Path + "?" + query.Encode()
	}
	reply(out, page)
}

func decimalJSON(s string) any { return jsonNumber(s) }

type jsonNumber string

func (n jsonNumber) MarshalJSON() ([]byte, error) { return []byte(n), nil }

// google answers pages of five hundred products.
func (w *world) google(out http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Goog-Api-Key") != "secret-key" || strings.Contains(r.URL.RawQuery, "secret") {
		http.Error(out, "no key in the header", http.StatusForbidden)
		return
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(strings.Split(r.URL.Path, "/")[3], "S"))
	service := w.services("gcp")[n]
	var skus []any
	for _, p := range w.products["gcp"] {
		if p.Service != service || p.Family == "Compute Instance" {
			continue
		}
		var tiers []any
		for _, one := range p.Prices {
			tiers = append(tiers, tier(decimal.Zero, one.Rate))
		}
		skus = append(skus, googleSKU(p.SKU, p.Attributes["description"], p.Service, p.Family, p.Attributes["resourceGroup"], p.Prices[0].Purchase, p.Prices[0].Unit, p.Region, tiers))
	}
	if service == "Compute Engine" {
		for what, rate := range map[string]string{"N2 Instance Core": "0.031611", "N2 Instance Ram": "0.004237", "Spot Preemptible N2 Instance Core": "0.001", "N2 Custom Instance Core Premium": "9"} {
			skus = append(skus, googleSKU("H-"+what, what+" running in Iowa", service, "Compute", "N2", "OnDemand", "hour", "us-central1", []any{tier(decimal.Zero, decimal.RequireFromString(rate))}))
		}
	}
	from, _ := strconv.Atoi(r.URL.Query().Get("pageToken"))
	end := min(len(skus), from+500)
	page := map[string]any{"skus": skus[min(from, end):end]}
	if end < len(skus) {
		page["nextPageToken"] = strconv.Itoa(end)
	}
	reply(out, page)
}

func tier(start, rate decimal.Decimal) any {
	units := rate.Truncate(0)
	return map[string]any{"startUsageAmount": jsonNumber(start.String()), "unitPrice": map[string]any{
		"currencyCode": "USD", "units": units.String(), "nanos": jsonNumber(rate.Sub(units).Shift(9).Truncate(0).String()),
	}}
}

func googleSKU(id, description, service, family, group, usage, unit, region string, tiers []any) any {
	return map[string]any{
		"name": "services/X/skus/" + id, "skuId": id, "description": description, "serviceRegions": []string{region},
		"category":    map[string]string{"serviceDisplayName": service, "resourceFamily": family, "resourceGroup": group, "usageType": usage},
		"pricingInfo": []any{map[string]any{"pricingExpression": map[string]any{"usageUnit": "h", "usageUnitDescription": unit, "displayQuantity": 1, "tieredRates": tiers}}},
	}
}
