package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/org/platform-action/internal/control"
	"github.com/org/platform-action/internal/cost"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/infracost"
	"github.com/org/platform-action/internal/render"
)

// kindOf says what a JSON file is.
type kindOf uint8

const (
	aPlan      kindOf = iota // or anything else: the plan reader says what is wrong with it
	aReport                  // our own JSON
	aForeigner               // Infracost JSON
)

// sniffed is how much of a file is looked at to tell what it is.
const sniffed = 64 << 10

// sniff tells by the names of the outermost members, in whatever order they stand.
func sniff(path string) kindOf {
	if path == "-" {
		return aPlan
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return aPlan
	}
	f, err := os.Open(path)
	if err != nil {
		return aPlan
	}
	defer f.Close()
	return sniffReader(io.LimitReader(f, sniffed))
}

func sniffReader(r io.Reader) kindOf {
	d := jsontext.NewDecoder(r)
	if d.PeekKind() != '{' {
		return aPlan
	}
	_, _ = d.ReadToken()
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return aPlan
		}
		switch name.String() {
		case "format_version", "planned_values", "resource_changes", "terraform_version":
			return aPlan
		case "schema_version", "headline":
			return aReport
		case "totalHourlyCost", "totalMonthlyCost", "pastTotalHourlyCost", "pastTotalMonthlyCost", "diffTotalHourlyCost", "diffTotalMonthlyCost",
			"totalMonthlyUsageCost", "diffTotalMonthlyUsageCost", "timeGenerated", "missingPricesCount", "missingPricesComponents", "projects":
			return aForeigner
		case "version":
			if version, err := d.ReadToken(); err == nil && strings.HasPrefix(version.String(), "0.") {
				return aForeigner
			}
			continue
		}
		if d.SkipValue() != nil {
			return aPlan
		}
	}
	return aPlan
}

// maxReport bounds a report of ours that is read back.
const maxReport = 256 << 20

// estimates reads a file that holds estimates, one a project.
func (in inputs) estimates(path string, kind kindOf) ([]control.Estimated, []infracost.Project, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	name := displayName(path)
	if kind == aForeigner {
		doc, err := infracost.Read(name, f, infracost.Limits{MaxBytes: in.limits.MaxBytes, MaxResources: in.limits.MaxResources})
		if err != nil {
			return nil, nil, err
		}
		return ofDocument(doc), doc.Projects, nil
	}
	data, err := io.ReadAll(io.LimitReader(f, min(in.limits.MaxBytes, maxReport)+1))
	if err != nil {
		return nil, nil, err
	}
	if int64(len(data)) > min(in.limits.MaxBytes, maxReport) {
		return nil, nil, fmt.Errorf("%s: larger than the limit of %d bytes: raise --max-bytes", name, min(in.limits.MaxBytes, maxReport))
	}
	list, err := ofReport(name, data)
	return list, nil, err
}

// ofDocument are the projects of an Infracost document.
func ofDocument(doc infracost.Report) []control.Estimated {
	var out []control.Estimated
	for i := range doc.Projects {
		p := &doc.Projects[i]
		out = append(out, control.Estimated{Name: p.Label(), Digest: doc.Digest, Estimate: p.Estimate, Faults: p.Faults, Alone: true})
	}
	return out
}

// ofReport are the projects of our own JSON.
func ofReport(name string, data []byte) ([]control.Estimated, error) {
	r, err := render.ReadJSON(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	var out []control.Estimated
	for _, p := range r.Projects {
		e, ok := p.Estimate.Get()
		x := control.Estimated{Name: p.Name, Digest: "sha256:" + hex.EncodeToString(sum[:]), Estimate: e, Faults: p.Plan.Faults, Alone: true}
		if !ok {
			x.Faults = append(slices.Clone(x.Faults), fact.Fault{Where: name, Message: "there is no estimate of " + p.Name + ": " + p.Estimate.Why(), Fix: "make the file anew"})
			x.Estimate = fact.Estimate{Currency: r.Currency}
		}
		out = append(out, x)
	}
	return out, nil
}

// priorOf reads what a plan or a folder is compared with, when that is a file of estimates; nil when it is not.
func (in inputs) priorOf(name string) (*control.Estimated, error) {
	if in.base == "" || isFolder(in.base) {
		return nil, nil //nolint:nilnil // there is none
	}
	kind := sniff(in.base)
	if kind == aPlan {
		return nil, nil //nolint:nilnil // there is none
	}
	list, _, err := in.estimates(in.base, kind)
	if err != nil {
		return nil, fmt.Errorf("--base: %w", err)
	}
	return choose(list, name, displayName(in.base))
}

// choose finds the project of a file that is compared with name: the only one, or that of the same name.
func choose(list []control.Estimated, name, file string) (*control.Estimated, error) {
	if len(list) == 1 {
		list[0].Name = cmp.Or(file, list[0].Name)
		return &list[0], nil
	}
	var names []string
	for i := range list {
		if list[i].Name == name {
			return &list[i], nil
		}
		names = append(names, list[i].Name)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("--base: %s holds no project; make it anew", file)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("--base: %s holds %d projects and none is named %s; it has %.400q", file, len(list), name, names)
}

// loadEstimated makes sources of a file of estimates that stands where a plan may.
func (in inputs) loadEstimated(ctx context.Context, path string, kind kindOf) ([]control.Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if in.baseRef != "" || isFolder(in.base) {
		return nil, fmt.Errorf("%s is an estimate: --base-ref and a folder as --base are for Terraform folders", path)
	}
	list, _, err := in.estimates(path, kind)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no project: there is nothing to judge", path)
	}
	var out []control.Source
	for i := range list {
		e := &list[i]
		if len(list) == 1 {
			e.Name = displayName(path)
		}
		source := control.Source{Name: e.Name, Ready: e, Infracost: infracost.Document, Plan: fact.Plan{Name: e.Name, Digest: e.Digest, Complete: true}}
		if source.Prior, err = in.priorOf(e.Name); err != nil {
			return nil, err
		}
		if in.base != "" && source.Prior == nil {
			return nil, fmt.Errorf("--base: %s is a plan and %s an estimate; compare two estimates, or two plans", in.base, path)
		}
		out = append(out, source)
	}
	return out, nil
}

// inCurrency brings estimates that were read into the estimator's currency.
func inCurrency(e *cost.Estimator, sources []control.Source) error {
	var errs []error
	for i := range sources {
		for _, x := range []*control.Estimated{sources[i].Ready, sources[i].Prior} {
			if x == nil {
				continue
			}
			converted, err := e.In(x.Estimate)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", x.Name, err))
				continue
			}
			x.Estimate = converted
		}
	}
	return errors.Join(errs...)
}
