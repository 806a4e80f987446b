package sku

import (
	"embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"
)

//go:embed compose/google.yaml
var composeFS embed.FS

// Series is a family of Google's machine types, which are sold as cores and memory.
type Series struct {
	Name   string            `yaml:"series"`
	Core   string            `yaml:"core"`   // what the description of the core begins with
	Memory string            `yaml:"memory"` // and of the memory
	GiB    map[string]string `yaml:"gib"`    // memory of a core, by class

	Odd map[string]string `yaml:"odd"` // memory of a type that has another amount

	forms, odd map[string]decimal.Decimal
}

// LoadSeries reads the series that are known.
func LoadSeries() ([]Series, error) {
	data, err := composeFS.ReadFile("compose/google.yaml")
	if err != nil {
		return nil, err
	}
	var out []Series
	if err := yaml.Unmarshal(data, &out); err != nil {
		return nil, err
	}
	for i := range out {
		if out[i].forms, err = numbers(out[i].GiB); err == nil {
			out[i].odd, err = numbers(out[i].Odd)
		}
		if err != nil {
			return nil, fmt.Errorf("series %s: %w", out[i].Name, err)
		}
	}
	return out, nil
}

func numbers(texts map[string]string) (map[string]decimal.Decimal, error) {
	out := map[string]decimal.Decimal{}
	for name, text := range texts {
		d, err := decimal.NewFromString(text)
		if err != nil {
			return nil, err
		}
		out[name] = d
	}
	return out, nil
}

// Sum is what a machine type costs at the rates of a core and of a GiB; false when it is not of the series.
func (s Series) Sum(machine string, core, gib decimal.Decimal) (decimal.Decimal, bool) {
	parts := strings.Split(machine, "-") // series, class, cores; anything behind them is disks or accelerators
	if len(parts) != 3 || parts[0] != s.Name {
		return decimal.Zero, false
	}
	ratio, known := s.forms[parts[1]]
	n, err := strconv.ParseInt(parts[2], 10, 32)
	if !known || err != nil {
		return decimal.Zero, false
	}
	cores := decimal.NewFromInt(n)
	memory, odd := s.odd[machine]
	if !odd {
		memory = cores.Mul(ratio)
	}
	return cores.Mul(core).Add(memory.Mul(gib)), true
}

// Part says which half of the series a description is: "core", "memory" or neither. The text goes on with
// " running in PLACE", and what it goes on with otherwise is another product.
func (s Series) Part(description string) string {
	for part, begin := range map[string]string{"core": s.Core, "memory": s.Memory} {
		if rest, ok := strings.CutPrefix(description, begin); ok && strings.HasPrefix(rest, " running in ") {
			return part
		}
	}
	return ""
}
