package main

import (
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

// importer converts the public data sets into source tables.
type importer struct{ from, to string }

func importAll(from, dir string) error {
	im := importer{from, filepath.Join(dir, "tables")}
	for _, step := range []func() error{
		im.ec2, im.specs, im.awsKeyed, im.awsServices, im.azure, im.google, im.components,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// open reads a gzip'd CSV as rows of column to value.
func (im importer) open(name string) (rows []map[string]string, err error) {
	f, err := os.Open(filepath.Join(im.from, name+".csv.gz"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	all, err := csv.NewReader(z).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for _, record := range all[1:] {
		row := map[string]string{}
		for i, column := range all[0] {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
	return rows, nil
}

type entry struct {
	key, unit, from, note string
	cells                 map[string]string
}

// save writes one source table, rows by key.
func (im importer) save(name string, meta [][2]string, entries []entry) error {
	free := slices.ContainsFunc(meta, func(m [2]string) bool { return m[0] == "free" })
	spec := slices.Contains(meta, [2]string{"kind", "spec"})
	regions := map[string]bool{}
	for _, e := range entries {
		for r, v := range e.cells {
			if d, err := decimal.NewFromString(v); !spec && (err != nil || d.IsZero() && !free) {
				delete(e.cells, r) // a zero in a list of things that cost is a hole, not a price
				continue
			}
			regions[r] = true
		}
	}
	entries = slices.DeleteFunc(entries, func(e entry) bool { return len(e.cells) == 0 })
	columns := slices.Sorted(maps.Keys(regions))
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	path := filepath.Join(im.to, filepath.FromSlash(name)+".csv")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // the second close after an error
	for _, m := range meta {
		fmt.Fprintf(f, "# %s: %s\n", m[0], m[1])
	}
	w := csv.NewWriter(f)
	_ = w.Write(append([]string{"key", "unit", "from", "note"}, columns...))
	for _, e := range entries {
		row := []string{e.key, e.unit, e.from, e.note}
		for _, c := range columns {
			row = append(row, e.cells[c])
		}
		_ = w.Write(row)
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return f.Close()
}

func meta(source, asOf, licence, url, unit string, more ...[2]string) [][2]string {
	return append([][2]string{{"source", source}, {"as-of", asOf}, {"licence", licence}, {"url", url}, {"unit", unit}, {"currency", "USD"}}, more...)
}

// cells are the region columns of a row.
func cells(row map[string]string, not ...string) map[string]string {
	out := map[string]string{}
	for k, v := range row {
		if !slices.Contains(not, k) && v != "" {
			out[k] = v
		}
	}
	return out
}

const (
	ec2Page   = "https://aws.amazon.com/ec2/pricing/on-demand/"
	ec2Data   = "ec2instances.info data set of AWS list prices"
	awsData   = "aws-price-watcher data set of AWS list prices"
	azurePage = "https://azure.microsoft.com/en-us/pricing/details/virtual-machines/linux/"
)

// ec2 merges the all-region tables with the newer one of us-east-1. Bare metal rows of the newer one are 6 to 10 %
// above the shared price, so there the older table stands.
func (im importer) ec2() error {
	newer, err := im.open("aws_ec2_useast1_2026-07")
	if err != nil {
		return err
	}
	for _, os := range []string{"linux", "windows", "rhel", "suse"} {
		rows, err := im.open("aws_ec2_" + os)
		if err != nil {
			return err
		}
		byKey := map[string]*entry{}
		var entries []*entry
		for _, row := range rows {
			e := &entry{key: row["type"], cells: cells(row, "type")}
			byKey[e.key] = e
			entries = append(entries, e)
		}
		if os == "linux" {
			for _, row := range newer {
				e := byKey[row["type"]]
				if e == nil {
					e = &entry{key: row["type"], cells: map[string]string{}}
					entries = append(entries, e)
				} else if strings.Contains(e.key, "metal") && e.cells["us-east-1"] != "" {
					continue
				}
				e.cells["us-east-1"] = row["usd_h"]
			}
		}
		var flat []entry
		for _, e := range entries {
			flat = append(flat, *e)
		}
		asOf, source := "2025-05-28", ec2Data
		if os == "linux" {
			source = ec2Data + "; us-east-1 of karpenter-provider-aws, 2026-07-20"
		}
		if err := im.save("aws/ec2_"+os, meta(source, asOf, "MIT, Apache-2.0", ec2Page, "hour", [2]string{"derive", "sibling"}, [2]string{"base", "us-east-1"}), flat); err != nil {
			return err
		}
	}
	return nil
}

func (im importer) specs() error {
	rows, err := im.open("aws_ec2_specs")
	if err != nil {
		return err
	}
	var entries []entry
	for _, row := range rows {
		entries = append(entries, entry{key: row["type"], cells: cells(row, "type")})
	}
	return im.save("aws/ec2_specs", meta(ec2Data, "2025-05-28", "MIT", "https://aws.amazon.com/ec2/instance-types/", "figure", [2]string{"kind", "spec"}), entries)
}

// awsKeyed are the tables whose key is one column, or two joined by a slash.
func (im importer) awsKeyed() error {
	ratio := [][2]string{{"derive", "ratio"}, {"base", "us-east-1 us-west-2 eu-west-1"}, {"reference", "aws/ec2_linux"}, {"free", "the provider lists these at no charge"}}
	for _, t := range []struct {
		file, name, url, unit, asOf, source string
		keys                                []string
	}{
		{"aws_rds_singleaz", "aws/rds", "https://aws.amazon.com/rds/pricing/", "hour", "2025-05-28", ec2Data, []string{"type", "engine"}},
		{"aws_elasticache", "aws/elasticache", "https://aws.amazon.com/elasticache/pricing/", "hour", "2025-05-28", ec2Data, []string{"type", "engine"}},
		{"aws_opensearch", "aws/opensearch", "https://aws.amazon.com/opensearch-service/pricing/", "hour", "2025-05-28", ec2Data, []string{"type"}},
		{"aws_ebs_2024-07", "aws/ebs_rows", "https://aws.amazon.com/ebs/pricing/", "as the row says", "2024-07", "ec2.shop data set of AWS list prices", []string{"metric"}},
		{"aws_nat_2025-10", "aws/nat_rows", "https://aws.amazon.com/vpc/pricing/", "as the row says", "2025-10", "aws-price data set of AWS list prices", []string{"metric"}},
	} {
		rows, err := im.open(t.file)
		if err != nil {
			return err
		}
		var entries []entry
		seen := map[string]bool{}
		for _, row := range rows {
			var parts []string
			for _, k := range t.keys {
				parts = append(parts, row[k])
			}
			e := entry{key: strings.Join(parts, "/"), cells: cells(row, t.keys...)}
			if len(e.cells) == 0 || seen[e.key] {
				continue
			}
			seen[e.key] = true
			entries = append(entries, e)
		}
		if err := im.save(t.name, meta(t.source, t.asOf, "MIT", t.url, t.unit, ratio...), entries); err != nil {
			return err
		}
	}
	return nil
}

func (im importer) awsServices() error {
	rows, err := im.open("aws_services")
	if err != nil {
		return err
	}
	by := map[string][]entry{}
	seen := map[string]bool{}
	for _, row := range rows {
		key := row["metric"]
		if row["sub"] != "" {
			key += "/" + row["sub"]
		}
		e := entry{key: key, cells: cells(row, "service", "metric", "sub")}
		id := row["service"] + "\x00" + key
		if row["service"] == "" || len(e.cells) == 0 || seen[id] {
			continue
		}
		seen[id] = true
		by[row["service"]] = append(by[row["service"]], e)
	}
	for _, service := range slices.Sorted(maps.Keys(by)) {
		name := "aws/" + strings.ReplaceAll(service, "-", "_")
		m := meta(awsData, "2025-06", "MIT", "https://aws.amazon.com/pricing/", "as the row says",
			[2]string{"derive", "ratio"}, [2]string{"base", "us-east-1 us-west-2 eu-west-1"}, [2]string{"reference", "aws/ec2_linux"},
			[2]string{"free", "the provider lists these at no charge"})
		if err := im.save(name, m, by[service]); err != nil {
			return err
		}
	}
	return nil
}
