package priceserve_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
	"github.com/org/platform-action/internal/price"
	"github.com/org/platform-action/internal/priceserve"
	"github.com/org/platform-action/internal/sku"
)

var update = flag.Bool("update", false, "write the goldens anew")

// text is the query that the 0.10 program sends, byte for byte, with the currency in its place.
const text = "\n\t\tquery($productFilter: ProductFilter!, $priceFilter: PriceFilter) {\n\t\t\tproducts(filter: $productFilter) {\n\t\t\t\tprices(filter: $priceFilter) {\n\t\t\t\t\tpriceHash\n\t\t\t\t\tUSD\n\t\t\t\t}\n\t\t\t}\n\t\t}\n\t"

func shelf(t testing.TB, book *price.Book) *sku.Shelf {
	t.Helper()
	set, err := sku.Load()
	if err != nil {
		t.Fatal(err)
	}
	s, err := sku.NewShelf(set, book)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// small is a book whose prices do not move.
func small(t testing.TB) *price.Book {
	t.Helper()
	book, err := price.New(os.DirFS("testdata/book"))
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func post(t testing.TB, h http.Handler, path string, body []byte) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "infracost-v0.10.42")
	r.Header.Set("X-Api-Key", "ico-0000000000000000000000000000dumy")
	r.Header.Set("X-Infracost-Trace-Id", "cli=00000000-0000-0000-0000-000000000000")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// TestRequests answers every request of testdata/requests; the files are what goes over the wire.
func TestRequests(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/requests/*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no requests: %v", err)
	}
	eur := map[money.Currency]decimal.Decimal{"EUR": decimal.RequireFromString("0.5")}
	server := priceserve.New(priceserve.Options{Shelf: shelf(t, small(t)), Rates: eur})
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			body, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, got := post(t, server, "/graphql", body)
			golden := strings.TrimSuffix(name, ".json") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got+"\n"); diff != "" {
				t.Error(diff)
			}
		})
	}
}

type asked struct {
	Name          string         `json:"name"`
	ProductFilter jsontext.Value `json:"productFilter"`
	PriceFilter   jsontext.Value `json:"priceFilter"`
	Want          []string       `json:"want"` // table, key, region, tier, the served rate over the book's
}

// TestAskedFor asks for common resources what the 0.10 program asks, five at a time as it does, and holds the answer it
// would take, the smallest price above zero, against the book.
func TestAskedFor(t *testing.T) {
	t.Parallel()
	var all []asked
	data, err := os.ReadFile("testdata/asked.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	book := price.Embedded()
	server := priceserve.New(priceserve.Options{Shelf: shelf(t, book)})
	const batch = 5
	for i := 0; i < len(all); i += batch {
		some := all[i:min(i+batch, len(all))]
		var queries []map[string]any
		for _, a := range some {
			queries = append(queries, map[string]any{"query": text, "variables": map[string]any{"productFilter": a.ProductFilter, "priceFilter": a.PriceFilter}})
		}
		body, err := json.Marshal(queries)
		if err != nil {
			t.Fatal(err)
		}
		status, got := post(t, server, "/graphql", body)
		if status != http.StatusOK {
			t.Fatalf("status %d: %s", status, got)
		}
		var answers []struct {
			Data struct {
				Products []struct {
					Prices []struct {
						Hash string `json:"priceHash"`
						USD  string `json:"USD"`
					} `json:"prices"`
				} `json:"products"`
			} `json:"data"`
			Errors jsontext.Value `json:"errors"`
		}
		if err := json.Unmarshal([]byte(got), &answers); err != nil || len(answers) != len(some) {
			t.Fatalf("%v: %s", err, got)
		}
		for n, a := range some {
			distinct, rate := map[string]bool{}, ""
			for _, p := range answers[n].Data.Products {
				for _, one := range p.Prices {
					distinct[one.USD], rate = true, one.USD
					if len(one.Hash) != 65 || one.Hash[32] != '-' {
						t.Errorf("%s: price hash %q", a.Name, one.Hash)
					}
				}
			}
			if len(answers[n].Errors) > 0 {
				t.Errorf("%s: %s", a.Name, answers[n].Errors)
			}
			check(t, book, a, distinct, rate)
		}
	}
}

func check(t *testing.T, book *price.Book, a asked, distinct map[string]bool, rate string) {
	t.Helper()
	if len(a.Want) == 0 {
		if len(distinct) > 0 {
			t.Errorf("%s: got %v for what is not sold", a.Name, distinct)
		}
		return
	}
	if len(distinct) != 1 {
		t.Errorf("%s: %d prices, want one: %v", a.Name, len(distinct), distinct)
		return
	}
	known, err := book.Lookup(a.Want[0], a.Want[1], a.Want[2])
	if err != nil || known.Status == price.Missing {
		t.Errorf("%s: the book has no %v: %v", a.Name, a.Want, err)
		return
	}
	tier := known.Tiers[0]
	if len(a.Want) > 3 && a.Want[3] != "" {
		for _, other := range known.Tiers {
			if other.From.String() == a.Want[3] {
				tier = other
			}
		}
	}
	want := tier.Rate
	if len(a.Want) > 4 {
		want = want.Mul(decimal.RequireFromString(a.Want[4]))
	}
	got := decimal.RequireFromString(rate)
	if got.Sub(want).Abs().GreaterThan(want.Mul(decimal.New(1, -9))) || !got.IsPositive() {
		t.Errorf("%s: got %s, the book says %s", a.Name, got, want)
	}
}

func TestExactLeavesDerivedOut(t *testing.T) {
	t.Parallel()
	question := []byte(`{"query":"{products(filter:{vendorName:\"aws\",service:\"AmazonEC2\",region:\"eu-west-1\",attributeFilters:[{key:\"instanceType\",value:\"m9.large\"}]}){prices{USD}}}"}`)
	loose := priceserve.New(priceserve.Options{Shelf: shelf(t, small(t))})
	if _, got := post(t, loose, "/graphql", question); !strings.Contains(got, `"derived":[`) || !strings.Contains(got, `"USD":"0.22"`) {
		t.Errorf("a derived price must be given and said to be derived: %s", got)
	}
	strict := priceserve.New(priceserve.Options{Shelf: shelf(t, small(t)), Exact: true})
	if _, got := post(t, strict, "/graphql", question); got != `{"data":{"products":[]}}` {
		t.Errorf("got %s", got)
	}
}

func TestOtherDoors(t *testing.T) {
	t.Parallel()
	server := priceserve.New(priceserve.Options{Shelf: shelf(t, small(t))})
	for name, c := range map[string]struct {
		path, body string
		status     int
		want       string
	}{
		"telemetry":     {"/event", `{"event":"infracost-run","env":{"secret":"x"}}`, 200, `{"status":"ok"}`},
		"huge event":    {"/event", strings.Repeat("x", 9<<20), 200, `{"status":"ok"}`},
		"no such door":  {"/graphiql", "", 404, `{"error":"this server answers POST /graphql and POST /event"}`},
		"not json":      {"/graphql", "<html>", 400, `{"error":"the request is not a JSON array of {query, variables}"}`},
		"empty":         {"/graphql", "", 400, `{"error":"the request is not a JSON array of {query, variables}"}`},
		"too large":     {"/graphql", "[" + strings.Repeat(" ", 4<<20), 413, `{"error":"the request is larger than 4194304 bytes"}`},
		"too many":      {"/graphql", "[" + strings.Repeat(`{"query":""},`, 1000) + `{"query":""}]`, 400, `{"error":"the request holds more than 1000 queries"}`},
		"nothing asked": {"/graphql", "[]", 200, "[]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			status, got := post(t, server, c.path, []byte(c.body))
			if status != c.status || got != c.want {
				t.Errorf("got %d %.200s; want %d %s", status, got, c.status, c.want)
			}
		})
	}
}

func TestListensOnLoopbackAlone(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.com:0", "nonsense"} {
		if l, err := priceserve.Listen(t.Context(), address, false); err == nil {
			t.Errorf("%s was opened", address)
			_ = l.Close()
		}
	}
	l, err := priceserve.Listen(t.Context(), "127.0.0.1:0", false)
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
}

// TestStopsWhenTold talks over a real connection and ends the server by its context.
func TestStopsWhenTold(t *testing.T) {
	t.Parallel()
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- priceserve.Serve(ctx, l, priceserve.New(priceserve.Options{Shelf: shelf(t, small(t))}))
	}()
	body, err := os.ReadFile("testdata/requests/batch.json")
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.Addr().String()+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil || !strings.HasPrefix(string(got), `[{"data":{"products":[{"prices":[{"USD":"`) {
		t.Errorf("%v: %.200s", err, got)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func FuzzGraphQL(f *testing.F) {
	for _, name := range []string{"batch", "literal", "faults"} {
		data, err := os.ReadFile("testdata/requests/" + name + ".json")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	server := priceserve.New(priceserve.Options{Shelf: shelf(f, small(f))})
	f.Fuzz(func(t *testing.T, body []byte) {
		status, got := post(t, server, "/graphql", body)
		if !jsontext.Value(got).IsValid() || status >= http.StatusInternalServerError {
			t.Errorf("status %d: %q", status, got)
		}
	})
}

func BenchmarkBatch(b *testing.B) {
	body, err := os.ReadFile("testdata/requests/batch.json")
	if err != nil {
		b.Fatal(err)
	}
	server := priceserve.New(priceserve.Options{Shelf: shelf(b, price.Embedded())})
	b.ReportAllocs()
	for b.Loop() {
		post(b, server, "/graphql", body)
	}
}
