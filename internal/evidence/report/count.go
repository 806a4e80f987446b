package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Counted is a suite as its reports' bytes say it went.
type Counted struct {
	Name     string
	Tool     string // those that wrote the reports, as far as they say
	Counts   Counts
	Coverage Coverage
	Reports  []CountedReport
}

// CountedReport is one report of a suite.
type CountedReport struct {
	Name   string
	SHA256 string // of its bytes, in hexadecimal digits
	Report Report
}

// Count reads every report of a suite. One that cannot be read is an error: what it would have said is unknown. The same
// bytes under two names are one report, or every copy would count its cases again.
func (s DocumentSuite) Count() (Counted, error) {
	out, seen := Counted{Name: s.Name}, map[string]string{}
	var tools []string
	for _, file := range s.Reports {
		sum := sha256.Sum256(file.Content)
		r := CountedReport{Name: file.Name, SHA256: hex.EncodeToString(sum[:])}
		var err error
		if r.Report, err = Parse(file.Name, bytes.NewReader(file.Content)); err != nil {
			return Counted{}, err
		}
		if first, again := seen[r.SHA256]; again {
			r.Report.Counts, r.Report.Coverage = Counts{}, Coverage{}
			r.Report.Notes = append(r.Report.Notes, fmt.Sprintf("has the bytes of %.200q and is not counted again", first))
		} else {
			seen[r.SHA256] = file.Name
		}
		out.Counts = out.Counts.Add(r.Report.Counts)
		out.Coverage = out.Coverage.Add(r.Report.Coverage)
		if r.Report.Tool != "" {
			tools = append(tools, r.Report.Tool)
		}
		out.Reports = append(out.Reports, r)
	}
	slices.Sort(tools)
	out.Tool = strings.Join(slices.Compact(tools), ", ")
	return out, nil
}
