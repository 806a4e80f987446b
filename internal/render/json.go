package render

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/verdict"
)

// schemaVersion is the version of the JSON form; docs/schema/verdict.schema.json describes it.
const schemaVersion = "1"

// wire is the JSON form of a report. Amounts are JSON numbers in their exact decimal form.
type wire struct {
	Schema   string          `json:"schema_version"`
	Kind     string          `json:"kind"` // verdict or estimate
	Headline string          `json:"headline"`
	Verdict  verdict.Verdict `json:"verdict"`
	Currency string          `json:"currency"`
	Total    *fact.Change    `json:"total"` // null when some project has no estimate
	Why      string          `json:"total_missing,omitempty"`
	Projects []wireProject   `json:"projects"`
	Policies string          `json:"policies,omitempty"`
	Repeat   string          `json:"reproduce,omitempty"`
	Link     string          `json:"link,omitempty"`
	Program  string          `json:"program_version,omitempty"`
	Commit   string          `json:"commit,omitempty"`
}

type wireProject struct {
	Name     string         `json:"name"`
	Plan     wirePlan       `json:"plan"`
	Estimate *fact.Estimate `json:"estimate"`
	Why      string         `json:"estimate_missing,omitempty"`
}

// wirePlan writes faults under the names of every other field.
type wirePlan struct {
	PlanSummary

	Faults []wireFault `json:"faults,omitempty"`
	Notes  []wireFault `json:"notes,omitempty"`
}

type wireFault struct {
	Where   string `json:"where"`
	Message string `json:"msg"`
	Fix     string `json:"fix,omitempty"`
}

func wireFaults(list []fact.Fault) []wireFault {
	out := make([]wireFault, len(list))
	for i, f := range list {
		out[i] = wireFault(f)
	}
	return out
}

func jsonReport(r Report) ([]byte, error) {
	w := wire{
		Schema: schemaVersion, Kind: "verdict", Headline: Headline(r), Verdict: r.Verdict, Currency: string(r.Currency),
		Why: r.Total.Why(), Program: r.Version, Commit: r.Commit, Projects: []wireProject{},
		Policies: r.Policies, Repeat: r.Reproduce, Link: r.Link,
	}
	if r.View == CostView {
		w.Kind = "estimate"
	}
	if t, ok := r.Total.Get(); ok {
		w.Total = &t
	}
	for _, p := range r.Projects {
		wp := wireProject{
			Name: p.Name, Why: p.Estimate.Why(),
			Plan: wirePlan{PlanSummary: p.Plan, Faults: wireFaults(p.Plan.Faults), Notes: wireFaults(p.Plan.Notes)},
		}
		if e, ok := p.Estimate.Get(); ok {
			wp.Estimate = &e
		}
		w.Projects = append(w.Projects, wp)
	}
	b, err := json.Marshal(w, json.Deterministic(true), json.FormatNilSliceAsNull(false), jsontext.AllowInvalidUTF8(true),
		jsontext.EscapeForHTML(true), jsontext.WithIndent("  "), json.WithMarshalers(json.MarshalFunc(func(d decimal.Decimal) ([]byte, error) {
			return []byte(d.String()), nil // a number like every amount, not the package's quoted form
		})))
	return append(asciiJSON(b), '\n'), err
}
