package fact

import "github.com/org/platform-action/internal/money"

// Limits are the cost thresholds of the configuration. Nil means that the threshold is not set.
type Limits struct {
	Warn        Threshold
	Block       Threshold
	Acknowledge Threshold
	AckBy       string         // anyone or not-author
	Confirmed   []Confirmation // of increases, oldest first
	Budgets     []Budget
	Unknown     UnknownRule
}

// Threshold is crossed when the monthly increase reaches Delta or Percent of the cost before.
type Threshold struct {
	Delta   *money.Amount
	Percent *float64
}

// Set reports that either bound is given.
func (t Threshold) Set() bool { return t.Delta != nil || t.Percent != nil }

// Budget is a monthly ceiling over the projects whose path matches one of Paths (doublestar patterns, relative to
// the repository).
type Budget struct {
	Name    string
	Paths   []string
	Monthly money.Amount
	WarnAt  float64 // share of Monthly from which to warn, 0–1; 0 means never
}

// UnknownRule says what a change that cannot be priced does to the outcome. The zero rule blocks.
type UnknownRule uint8

// The rules of cost.unknown; the default of a configuration without one is UnknownWarns.
const (
	UnknownBlocks UnknownRule = iota
	UnknownWarns
	UnknownAllows
)

// Confirmation says that somebody meant an increase: this amount, of these resources.
type Confirmation struct {
	Amount    money.Amount // monthly increase that was shown
	Resources []string     // whose cost grows, as Growing names them; sorted
	By        string       // login, as it was then
	On        string       // YYYY-MM-DD
}
