package local

import (
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Kind says what a JSON file is.
type Kind uint8

// The kinds.
const (
	APlan      Kind = iota // or anything else: the plan reader says what is wrong with it
	AReport                // our own JSON
	AForeigner             // Infracost JSON
)

// sniffed is how much of a file is looked at to tell what it is.
const sniffed = 64 << 10

// Sniff tells by the names of the outermost members, in whatever order they stand.
func Sniff(path string) Kind {
	if path == "-" {
		return APlan
	}
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() {
		return APlan
	}
	f, err := os.Open(path)
	if err != nil {
		return APlan
	}
	defer f.Close()
	return SniffReader(io.LimitReader(f, sniffed))
}

// SniffReader tells it of bytes.
func SniffReader(r io.Reader) Kind {
	d := jsontext.NewDecoder(r)
	if d.PeekKind() != '{' {
		return APlan
	}
	_, _ = d.ReadToken()
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return APlan
		}
		switch name.String() {
		case "format_version", "planned_values", "resource_changes", "terraform_version":
			return APlan
		case "schema_version", "headline":
			return AReport
		case "totalHourlyCost", "totalMonthlyCost", "pastTotalHourlyCost", "pastTotalMonthlyCost", "diffTotalHourlyCost", "diffTotalMonthlyCost",
			"totalMonthlyUsageCost", "diffTotalMonthlyUsageCost", "timeGenerated", "missingPricesCount", "missingPricesComponents", "projects":
			return AForeigner
		case "version":
			if version, err := d.ReadToken(); err == nil && strings.HasPrefix(version.String(), "0.") {
				return AForeigner
			}
			continue
		}
		if d.SkipValue() != nil {
			return APlan
		}
	}
	return APlan
}
