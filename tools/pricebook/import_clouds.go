package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"
)

func (im importer) azure() error {
	for _, t := range []struct{ file, name, asOf, source, licence string }{
		{"azure_vm_linux", "azure/vm_linux", "2026-06-18", "karpenter-provider-azure data set of Azure list prices", "Apache-2.0"},
		{"azure_vm_windows_2025-05", "azure/vm_windows", "2025-05", ec2Data, "MIT"},
	} {
		rows, err := im.open(t.file)
		if err != nil {
			return err
		}
		var entries []entry
		for _, row := range rows {
			entries = append(entries, entry{key: row["arm"], cells: cells(row, "arm")})
		}
		m := meta(t.source, t.asOf, t.licence, azurePage, "hour", [2]string{"derive", "ratio"}, [2]string{"base", "eastus westeurope"}, [2]string{"reference", "azure/vm_linux"})
		if err := im.save(t.name, m, entries); err != nil {
			return err
		}
	}
	rows, err := im.open("azure_storage_disks_2026-08")
	if err != nil {
		return err
	}
	var entries []entry
	seen := map[string]bool{}
	for _, row := range rows {
		e := entry{key: row["product"] + "/" + row["sku"] + "/" + row["meter"], unit: row["unit"], cells: cells(row, "product", "sku", "meter", "unit")}
		if len(e.cells) == 0 || seen[e.key] {
			continue
		}
		seen[e.key] = true
		ladder, err := hotLadder(e)
		if err != nil {
			return err
		}
		entries = append(entries, ladder...)
	}
	m := meta("azure-pricing-radar data set of Azure retail prices", "2026-08-22", "MIT", "https://azure.microsoft.com/en-us/pricing/details/managed-disks/", "as the row says",
		[2]string{"derive", "ratio"}, [2]string{"base", "westeurope northeurope"}, [2]string{"reference", "azure/vm_linux"}, [2]string{"free", "the provider lists these at no charge"},
		[2]string{"also", "azure/storage_us"})
	return im.save("azure/storage", m, entries)
}

// hotLadder gives the hot tier of block blobs its three steps back: the data set keeps the last one, for what is over
// 500 TB. The first two are published as that divided by 0.92, times 1 and 0.96.
func hotLadder(e entry) ([]entry, error) {
	if !strings.HasPrefix(e.key, "General Block Blob v2/Hot ") || !strings.HasSuffix(e.key, "Data Stored") {
		return []entry{e}, nil
	}
	first, second := e, e
	first.cells, second.cells = map[string]string{}, map[string]string{}
	second.from, e.from = "51200", "512000"
	for region, text := range e.cells {
		last, err := decimal.NewFromString(text)
		if err != nil {
			return nil, err
		}
		top := last.Div(decimal.RequireFromString("0.92"))
		first.cells[region] = top.Round(6).String()
		second.cells[region] = top.Mul(decimal.RequireFromString("0.96")).Round(6).String()
	}
	return []entry{first, second, e}, nil
}

func (im importer) google() error {
	const source, page = "google-cloud-pricing-cost-calculator data set of Google Cloud list prices", "https://cloud.google.com/compute/all-pricing"
	rule := [][2]string{{"derive", "ratio"}, {"base", "us-central1"}, {"reference", "google/instances"}}
	rows, err := im.open("gcp_instances_2026-07")
	if err != nil {
		return err
	}
	var entries []entry
	for _, row := range rows {
		entries = append(entries, entry{key: row["type"], cells: cells(row, "type")})
	}
	if err := im.save("google/instances", meta(source, "2026-07-30", "Apache-2.0", page, "hour", rule...), entries); err != nil {
		return err
	}
	if rows, err = im.open("gcp_disk_net_bucket_2026-07"); err != nil {
		return err
	}
	byKey := map[string]*entry{}
	for _, row := range rows {
		value, unit := row["month"], "month"
		if value == "" {
			value, unit = row["hour"], "hour"
		}
		if row["item"] == "item" || value == "" {
			continue
		}
		e := byKey[row["item"]]
		if e == nil {
			e = &entry{key: row["item"], unit: unit, cells: map[string]string{}}
			byKey[e.key] = e
		}
		e.cells[row["region"]] = value
	}
	entries = nil
	for _, k := range slices.Sorted(maps.Keys(byKey)) {
		entries = append(entries, *byKey[k])
	}
	free := [2]string{"free", "the provider lists these at no charge"}
	if err := im.save("google/disk_net_bucket", meta(source, "2026-07-30", "Apache-2.0", page, "as the row says", append(rule, free)...), entries); err != nil {
		return err
	}
	if rows, err = im.open("gcp_os_licences_2026-07"); err != nil {
		return err
	}
	entries = nil
	for _, row := range rows {
		entries = append(entries, entry{key: row["type"] + "/" + row["os"], cells: map[string]string{"global": row["usd_h"]}})
	}
	return im.save("google/os_licences", meta(source, "2026-07-30", "Apache-2.0", "https://cloud.google.com/compute/disks-image-pricing", "hour", free), entries)
}

// components are prices known by Terraform type and line name, for one or a few regions. What was rounded to the
// cent of a monthly cost says so with every answer.
func (im importer) components() error {
	rows, err := im.open("list_prices_by_component_2026-08")
	if err != nil {
		return err
	}
	by := map[string][]entry{}
	seen := map[string]bool{}
	for _, row := range rows {
		e := entry{key: row["resource_type"] + "/" + row["component"], unit: row["unit"], cells: map[string]string{}}
		if row["precision"] != "exact" {
			e.note = "known only to the cent of a monthly cost"
		}
		for region := range strings.SplitSeq(row["regions_seen"], "|") {
			if region = googleRegion(row["provider"], strings.TrimSpace(region)); region != "" {
				e.cells[region] = row["usd"]
			}
		}
		if len(e.cells) == 0 || seen[row["provider"]+e.key] {
			continue
		}
		seen[row["provider"]+e.key] = true
		by[row["provider"]] = append(by[row["provider"]], e)
	}
	for _, provider := range slices.Sorted(maps.Keys(by)) {
		base, reference := "us-east-1 eu-west-1 us-east-2 us-west-1 eu-west-2", "aws/ec2_linux"
		switch provider {
		case "azure", "azurerm":
			base, reference = "eastus westeurope westus centralus eastus2 germanywestcentral", "azure/vm_linux"
		case "google":
			base, reference = "us-central1 us-east1 europe-west1", "google/instances"
		}
		m := meta("expected costs of the infracost project, divided by their quantities", "2026-08", "Apache-2.0", "https://www.infracost.io/docs/supported_resources/", "as the row says",
			[2]string{"derive", "ratio"}, [2]string{"base", base}, [2]string{"reference", reference}, [2]string{"free", "the provider lists these at no charge"})
		if err := im.save("component/"+provider, m, by[provider]); err != nil {
			return err
		}
	}
	return nil
}

// googleRegion drops the zone of what was seen in one.
func googleRegion(provider, region string) string {
	if provider == "google" && strings.Count(region, "-") == 2 {
		return region[:strings.LastIndexByte(region, '-')]
	}
	return region
}
