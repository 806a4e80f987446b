package pricefeed_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/pricefeed"
	"github.com/org/platform-action/internal/priceserve"
	"github.com/org/platform-action/internal/sku"
)

// TestFeedsThatSayTheSame: a price list that says what the book says, with everything around it that it must not take,
// changes nothing.
func TestFeedsThatSayTheSame(t *testing.T) {
	t.Parallel()
	for feed, least := range map[string]int{"aws": 5000, "azure": 2000, "google": 50} {
		t.Run(feed, func(t *testing.T) {
			t.Parallel()
			o := newWorld(t, price.Embedded()).options(t, feed)
			r, err := pricefeed.Update(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if r.Prices < least || len(r.Refused) > 0 {
				t.Errorf("%d prices, refused %v", r.Prices, r.Refused)
			}
			for _, c := range r.Changed {
				if !strings.HasPrefix(c.Price, "google/extra") { // its billionths are cut
					t.Errorf("changed: %+v", c)
				}
			}
			if len(r.Gone) > 0 {
				t.Errorf("%d gone, such as %s", len(r.Gone), r.Gone[0])
			}
			for _, n := range r.New {
				if !strings.Contains(n, "extra") && !strings.HasPrefix(n, "azure/storage ") { // what two tables hold, each for other regions
					t.Errorf("new: %s", n)
				}
			}
			book, err := pricefeed.Open(o.Out, r.Digest, price.Embedded())
			if err != nil {
				t.Fatal(err)
			}
			if a, err := book.Lookup("aws/ec2_linux", "m5.large", "us-east-1"); feed == "aws" && (err != nil || a.AsOf != "2026-11-01" || a.Tiers[0].Rate.String() != "0.096") {
				t.Errorf("%+v %v", a, err)
			}
			if _, err := os.Stat(o.Out + ".work"); !os.IsNotExist(err) {
				t.Error("the working folder is still there")
			}
		})
	}
}

// edit changes rows of one offer.
func edit(service string, change func(row []string) [][]string) func(string, string, [][]string) [][]string {
	return func(s, _ string, rows [][]string) [][]string {
		if s != service {
			return rows
		}
		var out [][]string
		for _, row := range rows {
			out = append(out, change(row)...)
		}
		return out
	}
}

func nat(row []string) bool { return row[14] == "NAT Gateway" && row[8] == "Hrs" }

// TestRowsThatLie: the row is refused with its reason, the old price stays, and the others are taken.
func TestRowsThatLie(t *testing.T) {
	t.Parallel()
	with := func(i int, value string) func([]string) [][]string {
		return func(row []string) [][]string {
			if nat(row) {
				row = slices.Clone(row)
				row[i] = value
			}
			return [][]string{row}
		}
	}
	for name, c := range map[string]struct {
		change func([]string) [][]string
		why    string
	}{
		"zero":           {with(9, "0.0000000000"), "a price of zero"},
		"no price":       {with(9, ""), "is no price"},
		"below zero":     {with(9, "-0.045"), "below zero"},
		"changed unit":   {with(8, "Minutes"), `the unit is "Minutes"`},
		"other currency": {with(10, "CNY"), `the currency is "CNY"`},
		"no tier":        {with(6, "many"), "no beginning of a tier"},
		"a thousandfold": {with(9, "45"), "what it counts must have changed"},
		"two prices": {func(row []string) [][]string {
			if !nat(row) {
				return [][]string{row}
			}
			other := slices.Clone(row)
			other[0], other[9] = "ANOTHERSKU", "0.05"
			return [][]string{row, other}
		}, "two products say two prices"},
		"two prices of one": {func(row []string) [][]string {
			if !nat(row) {
				return [][]string{row}
			}
			other := slices.Clone(row)
			other[9] = "0.05"
			return [][]string{row, other}
		}, "it has two prices"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fewWorld(t, price.Embedded())
			w.csv = edit("AmazonEC2", c.change)
			o := w.options(t, "aws")
			r, err := pricefeed.Update(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Refused) == 0 || !strings.Contains(r.Refused[0].Why, c.why) {
				t.Errorf("refused %v, want %q", r.Refused, c.why)
			}
			book, err := pricefeed.Open(o.Out, "", price.Embedded())
			if err != nil {
				t.Fatal(err)
			}
			a, err := book.Lookup("aws/nat", "hour", "us-east-1")
			if err != nil || a.Tiers[0].Rate.String() != "0.045" || a.AsOf != "2025-10" {
				t.Errorf("the old price must stay: %+v %v", a, err)
			}
			if a, err := book.Lookup("aws/nat", "gb", "us-east-1"); err != nil || a.AsOf != "2026-11-01" {
				t.Errorf("the other rows are taken: %+v %v", a, err)
			}
		})
	}
}

// TestFeedsThatLie: the whole update is refused, and the book in force stays byte for byte.
func TestFeedsThatLie(t *testing.T) {
	t.Parallel()
	text := func(body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.HasSuffix(r.URL.Path, "AmazonEKS/20261031/us-east-1/index.csv") {
				return false
			}
			_, _ = w.Write([]byte(body))
			return true
		}
	}
	const head = "\"FormatVersion\",\"v1.0\"\n\"OfferCode\",\"AmazonEKS\"\n\"SKU\",\"TermType\",\"Unit\",\"PricePerUnit\",\"Currency\",\"StartingRange\",\"Product Family\",\"usageType\",\"serviceCode\"\n"
	for name, c := range map[string]struct {
		handle func(http.ResponseWriter, *http.Request) bool
		csv    func(string, string, [][]string) [][]string
		why    string
	}{
		"a page of HTML":    {text("<html>login</html>"), nil, "no line of columns"},
		"empty":             {text(""), nil, "no line of columns"},
		"no price":          {text(head), nil, "has no price"},
		"another offer":     {text(strings.Replace(head, "AmazonEKS", "AmazonECS", 1)), nil, "and AmazonEKS was asked for"},
		"another format":    {text(strings.Replace(head, "v1.0", "v2.0", 1)), nil, "v1.0 is known"},
		"a column is gone":  {text(strings.Replace(head, `"Currency",`, "", 1)), nil, `no column "Currency"`},
		"cut in a row":      {text(head + "\"A\",\"OnDemand\",\"Hrs\",\"0.1\",\"USD\"\n"), nil, "wrong number of fields"},
		"cut in a field":    {text(head + "\"A\",\"OnDem"), nil, "extraneous or missing"},
		"a row without end": {text(head + "\"" + strings.Repeat("x", 3<<20)), nil, "a row of more than"},
		"not there": {func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "AmazonEKS/20261031/us-east-1") {
				http.NotFound(w, r)
				return true
			}
			return false
		}, nil, "the server answers 404"},
		"always busy": {func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, "AmazonEKS/20261031/us-east-1") {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			}
			return false
		}, nil, "eks"},
		"half of it": {nil, func(_, _ string, rows [][]string) [][]string { return rows[:(len(rows)+1)/2] }, "prices are gone"},
		"all in another unit": {nil, func(_, _ string, rows [][]string) [][]string {
			for i := range rows {
				rows[i] = slices.Clone(rows[i])
				rate := decimal.RequireFromString(rows[i][9])
				rows[i][9] = rate.Mul(decimal.NewFromInt(3)).String()
			}
			return rows
		}, "changed by more than half"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fewWorld(t, price.Embedded())
			o := w.options(t, "aws")
			if _, err := pricefeed.Update(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			before, err := os.ReadFile(o.Out)
			if err != nil {
				t.Fatal(err)
			}
			w.handle, w.csv = c.handle, c.csv
			o.Attempts = 2
			_, err = pricefeed.Update(t.Context(), o)
			if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.why)) || !strings.Contains(err.Error(), "the book in force stays") {
				t.Errorf("got %v, want %q", err, c.why)
			}
			after, err := os.ReadFile(o.Out)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the book in force has changed: %v", err)
			}
		})
	}
}

// TestPatience: a server that is busy, fails and breaks off is asked again, and the answer is whole in the end.
func TestPatience(t *testing.T) {
	t.Parallel()
	w := fewWorld(t, price.Embedded())
	var n atomic.Int64
	w.handle = func(out http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "AmazonRDS/20261031/us-east-1/index.csv") {
			return false
		}
		switch n.Add(1) {
		case 1:
			out.Header().Set("Retry-After", "0")
			out.WriteHeader(http.StatusTooManyRequests)
		case 2:
			out.WriteHeader(http.StatusBadGateway)
		case 3: // breaks off in the middle of a row
			var all bytes.Buffer
			w.offer(&all, "AmazonRDS", "us-east-1")
			_, _ = out.Write(all.Bytes()[:all.Len()/2])
			panic(http.ErrAbortHandler)
		default:
			return false
		}
		return true
	}
	o := w.options(t, "aws")
	o.Attempts = 5
	r, err := pricefeed.Update(t.Context(), o)
	if err != nil || len(r.Changed) > 0 || len(r.Refused) > 0 || len(r.Gone) > 0 {
		t.Errorf("%v: %+v", err, r.Refused)
	}
	if n.Load() != 4 {
		t.Errorf("asked %d times", n.Load())
	}
}

// TestHang: a server that says nothing is given up.
func TestHang(t *testing.T) {
	t.Parallel()
	w := fewWorld(t, price.Embedded())
	w.handle = func(out http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "AmazonECR/20261031/us-east-1/index.csv") {
			_, _ = out.Write([]byte("\"FormatVersion\",\"v1.0\"\n"))
			_ = http.NewResponseController(out).Flush()
			<-r.Context().Done()
			return true
		}
		return false
	}
	o := w.options(t, "aws")
	o.Idle, o.Attempts = 50_000_000, 2
	_, err := pricefeed.Update(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "nothing came for 50ms") {
		t.Errorf("got %v", err)
	}
}

// TestGoesOn: a run that was ended goes on with what it had not read.
func TestGoesOn(t *testing.T) {
	t.Parallel()
	w := fewWorld(t, price.Embedded())
	ctx, cancel := context.WithCancel(t.Context())
	var files atomic.Int64
	w.handle = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".csv") && files.Add(1) == 4 {
			cancel()
		}
		return false
	}
	o := w.options(t, "aws")
	if _, err := pricefeed.Update(ctx, o); err == nil || !strings.Contains(err.Error(), "goes on from here") {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(o.Out); !os.IsNotExist(err) {
		t.Error("an unfinished run left a book")
	}
	left, err := filepath.Glob(o.Out + ".work/*/*.part")
	if err != nil || len(left) < 2 {
		t.Fatalf("parts: %v %v", left, err)
	}
	if err := os.WriteFile(left[0], []byte("#\tbroken\n"), 0o600); err != nil { // a part that broke off is read anew
		t.Fatal(err)
	}
	r, err := pricefeed.Update(t.Context(), o)
	if err != nil || r.Kept != len(left)-1 {
		t.Errorf("kept %d of %d, %v", r.Kept, len(left), err)
	}
}

// TestAzurePaging: pages that lead astray end the update.
func TestAzurePaging(t *testing.T) {
	t.Parallel()
	page := func(link string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			item := `{"currencyCode":"USD","retailPrice":0.1,"unitPrice":0.1,"armRegionName":"eastus","serviceName":"x","type":"Consumption"}`
			_, _ = w.Write([]byte(`{"Items":[` + item + `],"NextPageLink":"` + strings.ReplaceAll(link, "SELF", "http://"+r.Host+r.URL.RequestURI()) + `"}`))
			return true
		}
	}
	for name, c := range map[string]struct {
		handle func(http.ResponseWriter, *http.Request) bool
		why    string
	}{
		"a circle":     {page("SELF"), "leads back"},
		"another host": {page("https://prices.example.com/api"), "leads to another host"},
		"no link":      {page("http://%zz"), "cannot be read"},
		"no page":      {func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write([]byte("[]")); return true }, "no page of prices"},
		"empty":        {func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write([]byte(`{"Items":[]}`)); return true }, "the list is empty"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
			return true
		}, "redirection to another host"},
		"a giant": {func(w http.ResponseWriter, _ *http.Request) bool { _, _ = w.Write(make([]byte, 33<<20)); return true }, "larger than"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fewWorld(t, price.Embedded())
			w.handle = c.handle
			o := w.options(t, "azure")
			o.Attempts = 1
			_, err := pricefeed.Update(t.Context(), o)
			if c.why == "" && err != nil || c.why != "" && (err == nil || !strings.Contains(err.Error(), c.why)) {
				t.Errorf("got %v, want %q", err, c.why)
			}
		})
	}
}

// TestLinuxWithThePriceOfWindows: the row is refused.
func TestLinuxWithThePriceOfWindows(t *testing.T) {
	t.Parallel()
	w := fewWorld(t, price.Embedded())
	var windows decimal.Decimal
	for _, p := range w.products["azure"] {
		if p.Attributes["armSkuName"] == "Standard_D2s_v3" && p.Region == "eastus" && strings.HasSuffix(p.Attributes["productName"], "Windows") {
			windows = p.Prices[0].Rate
		}
	}
	for i, p := range w.products["azure"] {
		if p.Attributes["armSkuName"] == "Standard_D2s_v3" && p.Region == "eastus" && !strings.HasSuffix(p.Attributes["productName"], "Windows") {
			w.products["azure"][i].Prices[0].Rate = windows
		}
	}
	r, err := pricefeed.Update(t.Context(), w.options(t, "azure"))
	if err != nil || len(r.Refused) != 1 || !strings.Contains(r.Refused[0].String(), "Linux has the price of Windows") {
		t.Errorf("%v %v", err, r.Refused)
	}
}

// TestGraphQL reads a book from a server of the pricing protocol: ours, so that both ends are held against each other.
func TestGraphQL(t *testing.T) {
	t.Parallel()
	shelf, err := sku.NewShelf(set(t), price.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	server := priceserve.New(priceserve.Options{Shelf: shelf, Exact: true})
	w := newWorld(t, price.Embedded())
	w.handle = func(out http.ResponseWriter, r *http.Request) bool { server.ServeHTTP(out, r); return true }
	o := w.options(t, "graphql")
	o.Regions = []string{"us-east-1", "eu-west-1", "us-central1"}
	r, err := pricefeed.Update(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// Two tables of the book hold one product of Google's, at two prices.
	if r.Prices < 4000 || len(r.Changed) > 1 || len(r.Refused) > 0 || len(r.Gone) > 0 {
		t.Errorf("%d prices; changed %v, refused %v, gone %v", r.Prices, r.Changed, r.Refused, r.Gone[:min(5, len(r.Gone))])
	}
}

// TestKeyIsNeverShown: the key goes in a header, and no error has it.
func TestKeyIsNeverShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, price.Embedded())
	w.handle = func(out http.ResponseWriter, r *http.Request) bool {
		http.Error(out, "denied to "+r.Header.Get("X-Goog-Api-Key"), http.StatusForbidden)
		return true
	}
	o := w.options(t, "google")
	_, err := pricefeed.Update(t.Context(), o)
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
	o.GoogleKey = ""
	if _, err := pricefeed.Update(t.Context(), o); err == nil || !strings.Contains(err.Error(), "PLATFORM_GOOGLE_API_KEY") {
		t.Errorf("got %v", err)
	}
}

// TestUpdateOfAnUpdate: what another feed brought before is kept beside what this one brings, and a price that moved is
// told with its percent.
func TestUpdateOfAnUpdate(t *testing.T) {
	t.Parallel()
	w := fewWorld(t, price.Embedded())
	o := w.options(t, "azure")
	if _, err := pricefeed.Update(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	var err error
	if o.InForce, err = pricefeed.Open(o.Out, "", price.Embedded()); err != nil {
		t.Fatal(err)
	}
	w.csv = edit("AmazonEC2", func(row []string) [][]string {
		if nat(row) {
			row = slices.Clone(row)
			row[9] = "0.05"
		}
		return [][]string{row}
	})
	o.Feeds, o.Now = []string{"aws"}, o.Now.AddDate(0, 0, 1)
	r, err := pricefeed.Update(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Changed) != 1 || r.Changed[0].Price != "aws/nat hour us-east-1" || r.Changed[0].Percent.String() != "11.1" {
		t.Errorf("%+v", r.Changed)
	}
	book, err := pricefeed.Open(o.Out, r.Digest, price.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ table, key, region, asOf string }{
		{"azure/vm_linux", "Standard_D2s_v5", "eastus", "2026-11-01"}, {"aws/nat", "hour", "us-east-1", "2026-11-02"}, {"azure/vm_linux", "Standard_D2s_v5", "uksouth", "2026-06-18"},
	} {
		if a, err := book.Lookup(c.table, c.key, c.region); err != nil || a.AsOf != c.asOf {
			t.Errorf("%v: %s %v", c, a.AsOf, err)
		}
	}
	if _, err := pricefeed.Open(o.Out, "sha256:0", price.Embedded()); err == nil || !strings.Contains(err.Error(), "is asked for") {
		t.Errorf("a pinned digest must hold: %v", err)
	}
}
