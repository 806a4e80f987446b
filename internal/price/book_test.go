package price_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/price"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	book := price.Embedded()
	for _, c := range []struct {
		table, key, region string
		status             price.Status
		rate               string
	}{
		{"aws/ec2_linux", "m5.large", "us-east-1", price.Exact, "0.096"},
		{"aws/ec2_linux", "t3.micro", "us-east-1", price.Exact, "0.0104"},
		{"aws/ec2_linux", "t3.micro", "eu-west-1", price.Exact, "0.0114"},
		{"aws/ebs", "gp3", "us-east-1", price.Exact, "0.08"},
		{"aws/ebs", "gp3.throughput", "us-east-1", price.Exact, "0.04"},
		{"aws/nat", "hour", "us-east-1", price.Exact, "0.045"},
		{"aws/main", "alb.hour", "us-east-1", price.Exact, "0.0225"},
		{"aws/main", "lambda.requests", "us-east-1", price.Exact, "0.0000002"},
		{"aws/rds", "db.t3.micro/postgres", "us-east-1", price.Exact, "0.018"},
		{"azure/vm_linux", "Standard_D2s_v5", "eastus", price.Exact, "0.096"},
		{"azure/storage", "General Block Blob v2/Hot LRS/Hot LRS Data Stored", "westeurope", price.Exact, "0.0196"},
		{"azure/storage", "General Block Blob v2/Cool LRS/Cool LRS Data Stored", "eastus", price.Exact, "0.0152"}, // of azure/storage_us
		{"aws/ec2_linux", "m5.large", "mars-north-1", price.Missing, ""},
		{"aws/ec2_linux", "m999.large", "us-east-1", price.Missing, ""},
		{"component/aws", "aws_acm_certificate/Certificate", "us-east-1", price.Derived, "0.75"},
	} {
		t.Run(c.table+" "+c.key+" "+c.region, func(t *testing.T) {
			t.Parallel()
			a, err := book.Lookup(c.table, c.key, c.region)
			if err != nil || a.Status != c.status {
				t.Fatalf("status %d, error %v; want status %d", a.Status, err, c.status)
			}
			if c.status == price.Missing {
				return
			}
			if a.Tiers[0].Rate.String() != c.rate || a.AsOf == "" || a.Source == "" || a.Unit == "" {
				t.Errorf("got %+v; want rate %s with unit, date and source", a, c.rate)
			}
			if (a.Derived != "") != (c.status == price.Derived) {
				t.Errorf("derived text %q does not fit status %d", a.Derived, a.Status)
			}
		})
	}
	if _, err := book.Lookup("aws/nonsense", "x", "us-east-1"); err == nil {
		t.Error("an unknown table must be an error: it is a fault of the catalogue")
	}
}

func TestTiersAscendFromZero(t *testing.T) {
	t.Parallel()
	a, err := price.Embedded().Lookup("aws/main", "s3.standard.gb", "eu-west-1")
	if err != nil || len(a.Tiers) != 3 || !a.Tiers[0].From.IsZero() || !a.Tiers[1].From.Equal(decimal.NewFromInt(51200)) {
		t.Fatalf("got %+v, %v", a, err)
	}
}

func TestDerivedSaysHow(t *testing.T) {
	t.Parallel()
	a, err := price.Embedded().Lookup("aws/ec2_linux", "m8i.large", "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	if a.Status != price.Derived || !strings.Contains(a.Derived, "us-east-1") || !a.Tiers[0].Rate.IsPositive() {
		t.Errorf("got %+v", a)
	}
}

func TestEveryTableIsSound(t *testing.T) {
	t.Parallel()
	book := price.Embedded()
	tables, err := book.Tables()
	if err != nil || len(tables) < 50 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	for _, table := range tables {
		if table.Source == "" || table.AsOf == "" || table.Unit == "" || table.URL == "" || table.Currency == "" || table.Rows == 0 {
			t.Errorf("%s: a table must say source, date, unit, page and currency: %+v", table.Name, table)
		}
	}
}

func TestConcurrentLookups(t *testing.T) {
	t.Parallel()
	book := price.Embedded()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, region := range []string{"us-east-1", "eu-west-1", "ap-southeast-4"} {
				if _, err := book.Lookup("component/aws", "aws_acm_certificate/Certificate", region); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// TestBookIsBuiltFromTables proves that the committed book is what the committed tables give.
func TestBookIsBuiltFromTables(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "tables"), os.DirFS("tables")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", "run", "../../tools/pricebook", "build", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	fresh, err := price.DigestOf(os.DirFS(filepath.Join(dir, "book")))
	if err != nil {
		t.Fatal(err)
	}
	committed, err := price.DigestOf(os.DirFS("book"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fresh, committed); diff != "" {
		t.Errorf("internal/price/book is not built from tables: run go generate ./internal/price\n%s", diff)
	}
	if got := price.Embedded().Digest(); got != committed {
		t.Errorf("book/DIGEST says %s, the tables' digest is %s: run go generate ./internal/price", got, committed)
	}
}

func FuzzTable(f *testing.F) {
	f.Add("# unit: hour\nkey\tunit\tfrom\tnote\tus-east-1\na\t\t\t\t0.1\n", "a", "us-east-1")
	f.Add("# derive: ratio\n# base: x\n# reference: t\nkey\tunit\tfrom\tnote\tx\na\t\t\t\tNaN\n", "a", "y")
	f.Add("key\tunit\tfrom\tnote\tx\n\n\n", "", "x")
	f.Fuzz(func(t *testing.T, text, key, region string) {
		book, err := price.New(fstest.MapFS{"t.tsv": {Data: []byte(text)}})
		if err != nil {
			return
		}
		a, err := book.Lookup("t", key, region)
		if err == nil && a.Status != price.Missing && len(a.Tiers) == 0 {
			t.Errorf("an answer without a tier: %+v", a)
		}
	})
}

func BenchmarkOpenAndLookup(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		book := price.Embedded()
		for _, key := range []string{"m5.large", "t3.micro", "c5.xlarge", "r6g.large", "m6i.large"} {
			if _, err := book.Lookup("aws/ec2_linux", key, "eu-west-1"); err != nil {
				b.Fatal(err)
			}
		}
	}
}
