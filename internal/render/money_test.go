package render

import (
	"testing"

	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

func parse(t *testing.T, s string, c money.Currency) money.Amount {
	t.Helper()
	a, err := money.Parse(s, c)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestMoney(t *testing.T) {
	for _, c := range []struct{ in, currency, money, signed, cents string }{
		{"0", "USD", "$0", "$0", "$0"},
		{"0.004", "USD", "<$0.01", "+<$0.01", "<$0.01"},
		{"-0.004", "USD", "−<$0.01", "−<$0.01", "−<$0.01"},
		{"0.005", "USD", "$0.01", "+$0.01", "$0.01"},
		{"0.58", "USD", "$0.58", "+$0.58", "$0.58"},
		{"9.994", "USD", "$9.99", "+$9.99", "$9.99"},
		{"9.996", "USD", "$10", "+$10", "$10.00"},
		{"13.4", "USD", "$13", "+$13", "$13.40"},
		{"1234.5", "USD", "$1,235", "+$1,235", "$1,234.50"},
		{"-1234567.89", "USD", "−$1,234,568", "−$1,234,568", "−$1,234,567.89"},
		{"41", "EUR", "€41", "+€41", "€41.00"},
		{"41", "GBP", "£41", "+£41", "£41.00"},
		{"41.4", "JPY", "¥41", "+¥41", "¥41"},
		{"0.4", "JPY", "<¥1", "+<¥1", "<¥1"},
		{"4.4", "JPY", "¥4", "+¥4", "¥4"},
		{"41", "CNY", "CN¥41", "+CN¥41", "CN¥41.00"},
		{"41", "CHF", "CHF 41", "+CHF 41", "CHF 41.00"},
		{"-4.1", "SEK", "−SEK 4.10", "−SEK 4.10", "−SEK 4.10"},
	} {
		a := parse(t, c.in, money.Currency(c.currency))
		if got := [3]string{Money(a), Signed(a), cents(a)}; got != [3]string{c.money, c.signed, c.cents} {
			t.Errorf("%s %s: got %q, want %q %q %q", c.in, c.currency, got, c.money, c.signed, c.cents)
		}
	}
}

func TestRates(t *testing.T) {
	for in, want := range map[string]string{
		"0.0104": "$0.0104", "0.1": "$0.10", "2": "$2.00", "1234.5": "$1,234.50", "0.0000002": "$0.0000002", "0.00000000000004": "$0.00000000000004",
	} {
		if got := rateText(parse(t, in, money.USD)); got != want {
			t.Errorf("rate %s is %s, want %s", in, got, want)
		}
	}
	for unit, want := range map[string]string{
		"hours": "hour", "GB": "GB", "1M requests": "1M requests", "GB-seconds": "GB-second", "queries": "query", "addresses": "address",
		"access": "access", "": "unit",
	} {
		if got := one(unit); got != want {
			t.Errorf("one of %q is %q, want %q", unit, got, want)
		}
	}
}

// A line without a number never reads as a number, least of all as nothing.
func TestQuoteWords(t *testing.T) {
	rate, low, high := parse(t, "0.05", "USD"), parse(t, "7.59", "USD"), parse(t, "735", "USD")
	zero := parse(t, "0", "USD")
	for _, c := range []struct {
		quote *fact.Quote
		want  string
	}{
		{nil, "–"},
		{&fact.Quote{}, "unknown"},
		{&fact.Quote{Basis: fact.Unpriced}, "unpriced"},
		{&fact.Quote{Basis: fact.UsageUnset}, "usage unset"},
		{&fact.Quote{Basis: fact.UsageUnset, Rate: &rate}, "$0.05 per 1M requests, usage not given"},
		{&fact.Quote{Basis: fact.Unknown, Low: &low, High: &high}, "unknown, $7.59 to $735.00"},
		{&fact.Quote{Basis: fact.Priced, Monthly: &low, Price: &fact.PriceSource{Derived: "from two totals"}}, "≈$7.59"},
		{&fact.Quote{Basis: fact.Free, Monthly: &zero}, "$0"},
		{&fact.Quote{Basis: 99}, "unknown"},
	} {
		if got := lineText(c.quote, "1M requests"); got != c.want {
			t.Errorf("%+v is %q, want %q", c.quote, got, c.want)
		}
	}
}
