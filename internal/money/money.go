// Package money holds decimal amounts with a currency; no float ever holds money.
package money

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"
)

// Currency is an ISO 4217 code in upper case. The zero Currency is "no currency yet" and adopts the
// currency of whatever is added to it, so that a sum can start from the zero Amount.
type Currency string

// USD is the currency of every list price in the embedded book.
const USD Currency = "USD"

// ParseCurrency accepts a three-letter code in any case.
func ParseCurrency(s string) (Currency, error) {
	c := strings.ToUpper(strings.TrimSpace(s))
	if len(c) != 3 || strings.Trim(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		return "", fmt.Errorf("currency %q is not a three-letter ISO 4217 code such as USD, EUR or GBP", s)
	}
	return Currency(c), nil
}

// Amount is an exact decimal amount of one currency. The zero Amount is nothing of no currency.
type Amount struct {
	value    decimal.Decimal
	currency Currency
}

// New makes an amount.
func New(value decimal.Decimal, currency Currency) Amount { return Amount{value, currency} }

// Parse reads a decimal such as "12.50" or "0.0000002".
func Parse(s string, currency Currency) (Amount, error) {
	d, err := parse(s)
	return Amount{d, currency}, err
}

// parse reads a decimal of a size that amounts have. A text such as 1e999999999 is short, and fills a machine's memory
// when something is added to it.
func parse(s string) (decimal.Decimal, error) {
	const digits, exponent = 60, 40
	if len(s) > digits {
		return decimal.Decimal{}, fmt.Errorf("amount %.40q… has more than %d characters", s, digits)
	}
	d, err := decimal.NewFromString(s)
	if err != nil {
		return decimal.Decimal{}, fmt.Errorf("amount %.40q is not a decimal number", s)
	}
	if d.Exponent() > exponent || d.Exponent() < -exponent {
		return decimal.Decimal{}, fmt.Errorf("amount %.40q is out of range", s)
	}
	return d, nil
}

// Value is the bare decimal.
func (a Amount) Value() decimal.Decimal { return a.value }

// Currency is the amount's currency, empty for the zero Amount.
func (a Amount) Currency() Currency { return a.currency }

// IsZero reports an amount of nothing, in any currency.
func (a Amount) IsZero() bool { return a.value.IsZero() }

// Sign is -1, 0 or 1.
func (a Amount) Sign() int { return a.value.Sign() }

// Add sums two amounts. Mixing currencies is a programming error and panics, because a sum in no
// currency at all would be believed by somebody.
func (a Amount) Add(b Amount) Amount {
	return Amount{a.value.Add(b.value), a.same(b)}
}

// Sub is a minus b, under the rule of Add.
func (a Amount) Sub(b Amount) Amount {
	return Amount{a.value.Sub(b.value), a.same(b)}
}

// Cmp compares under the rule of Add.
func (a Amount) Cmp(b Amount) int {
	a.same(b)
	return a.value.Cmp(b.value)
}

// Mul scales by a plain number.
func (a Amount) Mul(by decimal.Decimal) Amount { return Amount{a.value.Mul(by), a.currency} }

// Neg is the amount with the other sign.
func (a Amount) Neg() Amount { return Amount{a.value.Neg(), a.currency} }

// Abs is the amount without its sign.
func (a Amount) Abs() Amount { return Amount{a.value.Abs(), a.currency} }

func (a Amount) same(b Amount) Currency {
	switch {
	case a.currency == b.currency, b.currency == "":
		return a.currency
	case a.currency == "":
		return b.currency
	}
	panic(fmt.Sprintf("money: %s and %s cannot be combined without an exchange rate", a.currency, b.currency))
}

// Equal is exact equality of value and currency (go-cmp uses it).
func (a Amount) Equal(b Amount) bool { return a.currency == b.currency && a.value.Equal(b.value) }

// String is for logs and test failures; people read internal/render's formats.
func (a Amount) String() string { return a.value.String() + " " + string(a.currency) }

// MarshalJSON writes the exact decimal as a JSON number; the document around it names the currency once.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.value.String()), nil }

// UnmarshalJSON reads a JSON number or a decimal string; the currency must be set by the document's reader
// with In.
func (a *Amount) UnmarshalJSON(b []byte) error {
	d, err := parse(strings.Trim(string(b), `"`))
	if err != nil {
		return err
	}
	a.value = d
	return nil
}

// In is the same number in the named currency, for a reader that has just learned which currency a document is in.
func (a Amount) In(c Currency) Amount { return Amount{a.value, c} }
