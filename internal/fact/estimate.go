package fact

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
)

// Basis says how a line item is known. Every line item carries exactly one; the zero Basis is Unknown, never free.
type Basis uint8

const (
	// Unknown is an attribute that the configuration sets by an expression that cannot be resolved before apply.
	Unknown Basis = iota
	// Unpriced is known to cost, with no price for it.
	Unpriced
	// UsageUnset has a rate and no quantity, because usage was not given.
	UsageUnset
	// Usage has a quantity from the usage file, a named profile or a documented default.
	Usage
	// Priced has a known quantity and price.
	Priced
	// Free is known to cost nothing.
	Free
)

var basisNames = [...]string{"unknown", "unpriced", "usage-unset", "usage", "priced", "free"}

// String is the basis's name on the wire.
func (b Basis) String() string {
	if int(b) < len(basisNames) {
		return basisNames[b]
	}
	return basisNames[0]
}

// MarshalText writes the name.
func (b Basis) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a name and refuses any other word.
func (b *Basis) UnmarshalText(text []byte) error {
	for i, name := range basisNames {
		if name == string(text) {
			*b = Basis(i)
			return nil
		}
	}
	return fmt.Errorf("basis %.40q is not known", text)
}

// Estimate is what a plan costs in a month before and after it is applied. All amounts are in Currency, per
// month of 730 hours, list prices without tax.
type Estimate struct {
	Currency   money.Currency `json:"currency"`
	Total      Change         `json:"total"`      // priced and usage lines together
	UsagePart  Change         `json:"usage_part"` // the part of Total that rests on usage assumptions
	Upper      Change         `json:"upper"`      // Total with every band at its high end; equal to Total when nothing is unknown
	Resources  []ResourceCost `json:"resources"`  // sorted by address: everything that costs or may cost; free ones are counted only
	Coverage   Coverage       `json:"coverage"`
	Unpriced   []TypeCount    `json:"unpriced"` // types that are known to cost or are not in the catalogue, by type
	Notes      []Assumption   `json:"notes"`    // assumptions that hold for the whole estimate, such as a defaulted region
	BookDigest string         `json:"book_digest"`
	BookAsOf   string         `json:"book_as_of"` // newest date among the tables used, YYYY-MM-DD
}

// Change is an amount before and after the plan is applied.
type Change struct {
	Before money.Amount `json:"before"`
	After  money.Amount `json:"after"`
	Delta  money.Amount `json:"delta"`
}

// Coverage counts resources by how well they are known. Changed… count only those that the plan changes.
type Coverage struct {
	Resources       int `json:"resources"` // managed resources in the plan
	Changed         int `json:"changed"`
	Free            int `json:"free"`
	Priced          int `json:"priced"`  // every line priced, usage or usage-unset
	Unknown         int `json:"unknown"` // with at least one unknown line
	Unpriced        int `json:"unpriced"`
	ChangedUnknown  int `json:"changed_unknown"`
	ChangedUnpriced int `json:"changed_unpriced"`
	UsageUnsetLines int `json:"usage_unset_lines"`
}

// TypeCount is how many resources of a type have no price, and why.
type TypeCount struct {
	Type    string `json:"type"`
	Count   int    `json:"count"`
	Changed int    `json:"changed"`
	Why     string `json:"why"`
}

// ResourceCost is one resource's line items.
type ResourceCost struct {
	Address     string       `json:"address"`
	Previous    string       `json:"previous_address,omitempty"`
	Type        string       `json:"type"`
	Provider    string       `json:"provider"` // aws, azure or google
	Service     string       `json:"service"`  // as the provider's bill names it
	Region      string       `json:"region"`
	Module      string       `json:"module,omitempty"`      // instance path, such as module.db[0]; empty for the root module
	Team        string       `json:"team,omitempty"`        // from its tags or labels; empty when none names one
	Environment string       `json:"environment,omitempty"` // the same
	Action      Action       `json:"action"`
	Monthly     Change       `json:"monthly"`
	Lines       []LineItem   `json:"lines"`
	Assumptions []Assumption `json:"assumptions,omitempty"`
	Attributes  []Assumption `json:"attributes,omitempty"` // what the rule read, when an explanation was asked for
	Rule        string       `json:"rule,omitempty"`       // where the catalogue says so, as file:line
	Pricing     string       `json:"pricing,omitempty"`    // the provider's pricing page that the rule follows
}

// LineItem is one component of a resource's bill, before and after. Before is nil for what is new, After for
// what goes away.
type LineItem struct {
	Group  string `json:"group,omitempty"` // subresource, such as root_block_device or ebs_block_device[1]
	Name   string `json:"name"`            // of the after side, or of the before side when it goes away
	Was    string `json:"was,omitempty"`   // the before side's name when it differs
	Unit   string `json:"unit"`
	Before *Quote `json:"before,omitempty"`
	After  *Quote `json:"after,omitempty"`
}

// Quote is one side of a line item: quantity times rate, or why there is no number.
type Quote struct {
	Basis    Basis            `json:"basis"`
	Quantity *decimal.Decimal `json:"quantity,omitempty"` // units a month; nil when it is not known
	Rate     *money.Amount    `json:"rate,omitempty"`     // per unit; nil when there is no price
	List     *money.Amount    `json:"list,omitempty"`     // list price per unit, where a discount or an own price changed Rate
	Monthly  *money.Amount    `json:"monthly,omitempty"`  // nil when it is not known: never zero for an unknown
	Low      *money.Amount    `json:"low,omitempty"`      // band of an unknown line, where one can be given
	High     *money.Amount    `json:"high,omitempty"`
	Price    *PriceSource     `json:"price,omitempty"`
	Why      string           `json:"why,omitempty"` // the assumption of a usage line; the reason of an unknown or unpriced one
}

// PriceSource says where a rate comes from.
type PriceSource struct {
	Table   string `json:"table"`             // such as aws/ec2_linux
	Key     string `json:"key"`               // such as t3.micro
	Region  string `json:"region"`            // the region of the row
	AsOf    string `json:"as_of"`             // YYYY-MM-DD or YYYY-MM
	Source  string `json:"source"`            // who published it
	Derived string `json:"derived,omitempty"` // how the rate was derived, with its error bound; empty when it is exact

	Adjusted string `json:"adjusted,omitempty"` // the discount or own price behind the rate; empty at list price
}

// Assumption is a value that the estimate took because nothing said otherwise.
type Assumption struct {
	What   string `json:"what"`             // such as root_block_device.volume_type
	Value  string `json:"value"`            // such as gp2
	Why    string `json:"why"`              // such as "not set: the provider's default"
	Source string `json:"source,omitempty"` // URL of the documentation that says so
}
