package cost

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/shopspring/decimal"

	"github.com/org/platform-action/internal/money"
)

// MaxRatesBytes bounds a file of exchange rates: a day has some thirty.
const MaxRatesBytes = 1 << 20

// ParseECB reads the European Central Bank's daily reference rates (eurofxref-daily.xml: how much one euro buys) as
// rates into one currency. The errors name the file and what is wrong with it.
//
// Source: https://www.ecb.europa.eu/stats/policy_and_exchange_rates/euro_reference_exchange_rates/
func ParseECB(name string, data []byte, into money.Currency) (Exchange, error) {
	if len(data) > MaxRatesBytes {
		return Exchange{}, fmt.Errorf("%s: larger than %d MiB; the daily file of the ECB has one day's rates", name, MaxRatesBytes>>20)
	}
	perEuro, date, err := readECB(data)
	if err != nil {
		return Exchange{}, fmt.Errorf("%s: %w; want the ECB's daily file, eurofxref-daily.xml", name, err)
	}
	target, ok := perEuro[into]
	if !ok {
		return Exchange{}, fmt.Errorf("%s: has no rate of %s", name, into)
	}
	out := Exchange{Rates: map[money.Currency]decimal.Decimal{}, Date: date}
	for code, rate := range perEuro {
		out.Rates[code] = target.DivRound(rate, 10)
	}
	return out, nil
}

func readECB(data []byte) (perEuro map[money.Currency]decimal.Decimal, date string, err error) {
	perEuro = map[money.Currency]decimal.Decimal{"EUR": decimal.NewFromInt(1)}
	decoder := xml.NewDecoder(bytes.NewReader(data)) // which knows no entity but XML's own five
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, "", err
		}
		element, ok := token.(xml.StartElement)
		if !ok || element.Name.Local != "Cube" {
			continue
		}
		attributes := map[string]string{}
		for _, a := range element.Attr {
			attributes[a.Name.Local] = a.Value
		}
		if day := attributes["time"]; day != "" {
			if date != "" {
				return nil, "", fmt.Errorf("it holds a second day, %.20q", day)
			}
			if _, err := time.Parse(time.DateOnly, day); err != nil {
				return nil, "", fmt.Errorf("%.20q is no day", day)
			}
			date = day
		}
		if err := addRate(perEuro, attributes); err != nil {
			return nil, "", err
		}
	}
	if date == "" || len(perEuro) < 2 {
		return nil, "", errors.New("it holds no rates of a day")
	}
	return perEuro, date, nil
}

func addRate(perEuro map[money.Currency]decimal.Decimal, attributes map[string]string) error {
	if attributes["currency"] == "" {
		return nil
	}
	code, err := money.ParseCurrency(attributes["currency"])
	if err != nil {
		return fmt.Errorf("%.20q is no currency", attributes["currency"])
	}
	rate, err := decimal.NewFromString(attributes["rate"])
	if err != nil || !rate.IsPositive() || rate.Exponent() < -10 || rate.GreaterThan(decimal.NewFromInt(1e9)) {
		return fmt.Errorf("the rate of %s, %.20q, is none", code, attributes["rate"])
	}
	if _, twice := perEuro[code]; twice {
		return fmt.Errorf("%s stands twice", code)
	}
	perEuro[code] = rate
	return nil
}
