package money_test

import (
	"encoding/json"
	"testing"

	"github.com/org/platform-action/internal/money"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"12.50": "12.5 USD", "0.0000002": "0.0000002 USD", "-3": "-3 USD", "1e3": "1000 USD",
		"": "", "x": "", "1,5": "", "NaN": "", "1e999999999": "", "1e-999999999": "",
		"1111111111111111111111111111111111111111111111111111111111111": "",
	} {
		a, err := money.Parse(text, money.USD)
		if (err == nil) != (want != "") || err == nil && a.String() != want {
			t.Errorf("%q: %s, %v; want %q", text, a, err, want)
		}
		var b money.Amount
		if e := b.UnmarshalJSON([]byte(`"` + text + `"`)); (e == nil) != (err == nil) {
			t.Errorf("%q read from JSON: %v", text, e)
		}
	}
}

func TestParseCurrency(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]money.Currency{"usd": "USD", "eUr": "EUR", "US": "", "US1": "", "EURO": "", "€": "", "": ""} {
		if c, err := money.ParseCurrency(text); c != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", text, c, err)
		}
	}
}

// TestCurrenciesDoNotMix holds that a sum of two currencies is never made, and that the zero amount takes either.
func TestCurrenciesDoNotMix(t *testing.T) {
	t.Parallel()
	usd, _ := money.Parse("1.10", money.USD)
	eur, _ := money.Parse("2", "EUR")
	if got := (money.Amount{}).Add(usd).Add(usd); got.String() != "2.2 USD" {
		t.Errorf("%s", got)
	}
	if got := usd.Sub(money.Amount{}); got.String() != "1.1 USD" {
		t.Errorf("%s", got)
	}
	for name, mix := range map[string]func(){
		"add": func() { usd.Add(eur) }, "sub": func() { usd.Sub(eur) }, "cmp": func() { usd.Cmp(eur) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s took two currencies", name)
				}
			}()
			mix()
		}()
	}
	if usd.Equal(eur) || !usd.Equal(usd.Neg().Neg()) || usd.Neg().Abs().Cmp(usd) != 0 {
		t.Error("equality")
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	a, _ := money.Parse("0.10", money.USD)
	b, err := json.Marshal(a)
	if err != nil || string(b) != "0.1" {
		t.Errorf("%s, %v", b, err)
	}
	var back money.Amount
	if err := json.Unmarshal(b, &back); err != nil || back.Currency() != "" || !back.In(money.USD).Equal(a) {
		t.Errorf("%s, %v", back, err)
	}
}
