package infracost

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
)

// version is the one of Infracost JSON that is read and written.
const version = "0.2"

// number is a decimal that is written as a string, as in the original, and read as a string or a number. A text that
// is short and expands to gigabytes is refused.
type number struct{ decimal.Decimal }

const (
	maxDigits   = 120
	maxExponent = 60
)

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if len(text) > maxDigits {
		return fmt.Errorf("%.40q… has more than %d characters, more than any amount", text, maxDigits)
	}
	d, err := decimal.NewFromString(text)
	if err != nil {
		return fmt.Errorf("%.40q is not a decimal number", text)
	}
	if d.Exponent() > maxExponent || d.Exponent() < -maxDigits {
		return fmt.Errorf("%.40q is out of range", text)
	}
	n.Decimal = d
	return nil
}

func amountNumber(a money.Amount) *number { return &number{a.Value()} }

type wireRoot struct {
	Version       string       `json:"version"`
	Metadata      rootMetadata `json:"metadata"`
	Currency      string       `json:"currency"`
	Projects      projectList  `json:"projects"`
	TotalHourly   *number      `json:"totalHourlyCost"`
	TotalMonthly  *number      `json:"totalMonthlyCost"`
	TotalUsage    *number      `json:"totalMonthlyUsageCost"`
	PastHourly    *number      `json:"pastTotalHourlyCost"`
	PastMonthly   *number      `json:"pastTotalMonthlyCost"`
	PastUsage     *number      `json:"pastTotalMonthlyUsageCost"`
	DiffHourly    *number      `json:"diffTotalHourlyCost"`
	DiffMonthly   *number      `json:"diffTotalMonthlyCost"`
	DiffUsage     *number      `json:"diffTotalMonthlyUsageCost"`
	TimeGenerated string       `json:"timeGenerated,omitempty"`
	Summary       wireSummary  `json:"summary"`
	MissingPrices int          `json:"missingPricesCount,omitempty"`
	MissingNames  []string     `json:"missingPricesComponents,omitempty"`
}

type rootMetadata struct {
	Command string `json:"infracostCommand"`
	Branch  string `json:"vcsBranch"`
	Commit  string `json:"vcsCommitSha"`
	URL     string `json:"vcsRepositoryUrl,omitempty"`
}

type wireProject struct {
	Name          string          `json:"name"`
	DisplayName   string          `json:"displayName"`
	Metadata      projectMetadata `json:"metadata"`
	PastBreakdown breakdown       `json:"pastBreakdown"`
	Breakdown     breakdown       `json:"breakdown"`
	Diff          breakdown       `json:"diff"`
	Summary       wireSummary     `json:"summary"`
}

type projectMetadata struct {
	Path       string       `json:"path"`
	Type       string       `json:"type"`
	ModulePath string       `json:"terraformModulePath,omitempty"`
	Workspace  string       `json:"terraformWorkspace,omitempty"`
	SubPath    string       `json:"vcsSubPath,omitempty"`
	Errors     []diagnostic `json:"errors,omitempty"`
	Warnings   []diagnostic `json:"warnings,omitempty"`
}

type diagnostic struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	IsError bool   `json:"isError"`
}

type wireResource struct {
	Name         string            `json:"name"`
	Type         string            `json:"resourceType,omitempty"`
	Tags         map[string]string `json:"tags,omitempty"`
	Metadata     struct{}          `json:"metadata"`
	Hourly       *number           `json:"hourlyCost"`
	Monthly      *number           `json:"monthlyCost"`
	Usage        *number           `json:"monthlyUsageCost,omitempty"`
	Components   []wireComponent   `json:"costComponents"`
	ActualCosts  *struct{}         `json:"actualCosts"` // there are none: an estimate knows no bill
	Subresources []wireResource    `json:"subresources"`
}

type wireComponent struct {
	Name            string  `json:"name"`
	Unit            string  `json:"unit"`
	HourlyQuantity  *number `json:"hourlyQuantity"`
	MonthlyQuantity *number `json:"monthlyQuantity"`
	Price           *number `json:"price"`
	Hourly          *number `json:"hourlyCost"`
	Monthly         *number `json:"monthlyCost"`
	UsageBased      bool    `json:"usageBased"`
	PriceNotFound   *bool   `json:"priceNotFound"`
}

type wireSummary struct {
	Detected    int            `json:"totalDetectedResources"`
	Supported   int            `json:"totalSupportedResources"`
	Unsupported int            `json:"totalUnsupportedResources"`
	UsageBased  int            `json:"totalUsageBasedResources"`
	NoPrice     int            `json:"totalNoPriceResources"`
	Counts      map[string]int `json:"supportedResourceCounts,omitempty"`
	Lacking     map[string]int `json:"unsupportedResourceCounts"`
	Free        map[string]int `json:"noPriceResourceCounts"`
}
