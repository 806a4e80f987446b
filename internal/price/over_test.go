package price_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/price"
)

const newer = "# source: AWS Price List\n# as-of: 2026-11-01\n# unit: hour\n# url: x\nkey\tunit\tfrom\tnote\tus-east-1\nm5.large\t\t\t\t0.09\nz9.large\t\t\t\t0.5\n"

func over(t *testing.T, text string) (*price.Book, error) {
	t.Helper()
	return price.Over(fstest.MapFS{"aws/ec2_linux.tsv": {Data: []byte(text)}}, price.Embedded())
}

func TestOver(t *testing.T) {
	t.Parallel()
	book, err := over(t, newer)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ table, key, region, rate, asOf string }{
		{"aws/ec2_linux", "m5.large", "us-east-1", "0.09", "2026-11-01"},
		{"aws/ec2_linux", "z9.large", "us-east-1", "0.5", "2026-11-01"},
		{"aws/ec2_linux", "m5.large", "eu-west-1", "0.107", "2025-05-28"}, // the book below
		{"aws/nat", "hour", "us-east-1", "0.045", "2025-10"},              // a table of the book below
		{"aws/ec2_linux", "z9.large", "eu-west-1", "", ""},
	} {
		a, err := book.Lookup(c.table, c.key, c.region)
		if err != nil {
			t.Fatal(err)
		}
		rate := ""
		if len(a.Tiers) > 0 {
			rate = a.Tiers[0].Rate.String()
		}
		if rate != c.rate || a.AsOf != c.asOf {
			t.Errorf("%v: got %s of %s", c, rate, a.AsOf)
		}
	}
	if _, err := book.Lookup("aws/nonsense", "x", "y"); err == nil {
		t.Error("an unknown table must be an error")
	}
	keys, err := book.Keys("aws/ec2_linux")
	below, errBelow := price.Embedded().Keys("aws/ec2_linux")
	if err != nil || errBelow != nil || len(keys) != len(below)+1 {
		t.Errorf("%d keys over %d: %v %v", len(keys), len(below), err, errBelow)
	}
	if value, ok := book.Spec("aws/ec2_specs", "m5.large", "vcpu"); !ok || value != "2" {
		t.Errorf("figures come from the book below: %q", value)
	}
	layers, err := book.Layers()
	if err != nil || len(layers) != 2 || layers[1].Digest != price.Embedded().Digest() || layers[0].Digest == book.Digest() {
		t.Errorf("%v %+v", err, layers)
	}
}

// TestOverDigest: any change of the upper book changes the digest, and what the file says of itself does not.
func TestOverDigest(t *testing.T) {
	t.Parallel()
	one, err := over(t, newer)
	if err != nil {
		t.Fatal(err)
	}
	two, err := over(t, strings.Replace(newer, "0.09", "0.08", 1))
	if err != nil {
		t.Fatal(err)
	}
	lying, err := price.Over(fstest.MapFS{"aws/ec2_linux.tsv": {Data: []byte(newer)}, "DIGEST": {Data: []byte("sha256:0")}}, price.Embedded())
	if err != nil {
		t.Fatal(err)
	}
	if one.Digest() == two.Digest() || one.Digest() == price.Embedded().Digest() {
		t.Error("the digest does not follow the prices")
	}
	if diff := cmp.Diff(one.Digest(), lying.Digest()); diff != "" {
		t.Error(diff)
	}
}

func TestOverRefuses(t *testing.T) {
	t.Parallel()
	head := "# unit: hour\nkey\tunit\tfrom\tnote\tus-east-1\n"
	for name, text := range map[string]string{
		"no rows":      head,
		"out of order": head + "b\t\t\t\t1\na\t\t\t\t1\n",
		"not a price":  head + "a\t\t\t\tNaN\n",
		"below zero":   head + "a\t\t\t\t-1\n",
		"no header":    "a\t1\n",
	} {
		if _, err := over(t, text); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	if _, err := price.Over(fstest.MapFS{}, price.Embedded()); err == nil {
		t.Error("a book without tables was read")
	}
}
