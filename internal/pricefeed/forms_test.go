package pricefeed

import (
	"bufio"
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/org/platform-action/internal/sku"
)

var update = flag.Bool("update", false, "write the goldens anew")

func newCollector(t testing.TB, out *bytes.Buffer) *collector {
	t.Helper()
	set, err := sku.Load()
	if err != nil {
		t.Fatal(err)
	}
	series, err := sku.LoadSeries()
	if err != nil {
		t.Fatal(err)
	}
	return &collector{set: set, series: series, wanted: func(string) bool { return true }, w: bufio.NewWriter(out)}
}

// read takes a page of the feed that the file's name begins with.
func read(name string, data []byte, into *collector) error {
	switch feed, _, _ := strings.Cut(name, "_"); feed {
	case "aws":
		return awsCSV(bytes.NewReader(data), "AmazonEC2", "eu-west-1", into)
	case "azure":
		var page azureReply
		if err := json.Unmarshal(data, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := item.add(into); err != nil {
				return err
			}
		}
	case "google":
		var page googleSKUs
		if err := json.Unmarshal(data, &page); err != nil {
			return err
		}
		for _, s := range page.SKUs {
			if err := s.add(into, "Compute Engine"); err != nil {
				return err
			}
		}
	}
	return nil
}

// TestForms reads rows in the form in which each provider publishes them; the golden is what is kept and refused.
func TestForms(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"aws_ec2.csv", "azure_vm.json", "google_compute.json"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile("testdata/feeds/" + name)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			c := newCollector(t, &out)
			if err := read(name, data, c); err != nil {
				t.Fatal(err)
			}
			if err := c.end(); err != nil {
				t.Fatal(err)
			}
			golden := "testdata/feeds/" + name + ".golden"
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzFeeds: whatever a server sends, what is written can be read back, to the same counts.
func FuzzFeeds(f *testing.F) {
	for _, name := range []string{"aws_ec2.csv", "azure_vm.json", "google_compute.json"} {
		data, err := os.ReadFile("testdata/feeds/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		var out bytes.Buffer
		c := newCollector(t, &out)
		if read(name, data, c) != nil {
			return
		}
		if err := c.end(); err != nil {
			t.Fatal(err)
		}
		n, err := replay(&out, nil, nil)
		if err != nil || n.read != c.read || n.kept != c.kept || n.refused != c.refused {
			t.Errorf("%v: %+v", err, n)
		}
	})
}

// FuzzReplay and FuzzUnpack: files of ours that somebody has changed are refused, not believed and no panic.
func FuzzReplay(f *testing.F) {
	f.Add([]byte("#\ta\tb\n+\taws/nat\thour\tus-east-1\t\tX\t0\t0.045\n!\twhat\twhy\n.\t2\t1\t1\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		kept := int64(0)
		n, err := replay(bytes.NewReader(data), func(observed) error { kept++; return nil }, nil)
		if err == nil && n.kept != kept {
			t.Errorf("%d kept, %d said", kept, n.kept)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	data, err := pack(map[string]string{"aws/nat": "# unit: hour\nkey\tunit\tfrom\tnote\tx\na\t\t\t\t1\n"}, manifest{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Fuzz(func(_ *testing.T, data []byte) { _, _ = unpack(data) })
}
