package cost_test

import (
	"strings"
	"testing"

	"github.com/org/platform-action/internal/cost"
)

const ecbDay = `<?xml version="1.0" encoding="UTF-8"?>
<gesmes:Envelope xmlns:gesmes="http://www.gesmes.org/xml/2002-08-01" xmlns="http://www.ecb.int/vocabulary/2002-08-01/eurofxref">
	<gesmes:subject>Reference rates</gesmes:subject>
	<Cube>
		<Cube time='2026-11-25'>
			<Cube currency='USD' rate='1.1600'/>
			<Cube currency='GBP' rate='0.8700'/>
		</Cube>
	</Cube>
</gesmes:Envelope>`

func TestParseECB(t *testing.T) {
	t.Parallel()
	got, err := cost.ParseECB("day.xml", []byte(ecbDay), "GBP")
	if err != nil {
		t.Fatal(err)
	}
	if got.Date != "2026-11-25" || got.Rates["USD"].String() != "0.75" || got.Rates["EUR"].String() != "0.87" || got.Rates["GBP"].String() != "1" {
		t.Errorf("%+v", got)
	}
	for name, c := range map[string]struct{ text, want string }{
		"empty":           {"", "no rates of a day"},
		"other XML":       {"<html></html>", "no rates of a day"},
		"cut off":         {ecbDay[:300], "day.xml:"},
		"two days":        {strings.Replace(ecbDay, "<Cube currency='USD'", "<Cube time='2026-11-24'/><Cube currency='USD'", 1), "second day"},
		"no day":          {strings.Replace(ecbDay, "2026-11-25", "yesterday", 1), "is no day"},
		"zero":            {strings.Replace(ecbDay, "1.1600", "0", 1), "rate of USD"},
		"negative":        {strings.Replace(ecbDay, "1.1600", "-1", 1), "rate of USD"},
		"exponent":        {strings.Replace(ecbDay, "1.1600", "1e400000", 1), "rate of USD"},
		"no currency":     {strings.Replace(ecbDay, "'USD'", "'dollar'", 1), "no currency"},
		"twice":           {strings.Replace(ecbDay, "'GBP'", "'USD'", 1), "stands twice"},
		"not ours":        {strings.Replace(ecbDay, "'GBP'", "'NOK'", 1), "no rate of GBP"},
		"entity":          {strings.Replace(ecbDay, "Reference", "&bomb;", 1), "day.xml:"},
		"larger than due": {strings.Repeat(" ", cost.MaxRatesBytes+1), "larger than"},
	} {
		if _, err := cost.ParseECB("day.xml", []byte(c.text), "GBP"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

func FuzzParseECB(f *testing.F) {
	f.Add([]byte(ecbDay))
	f.Add([]byte("<Cube time='2026-11-25'><Cube currency='USD' rate='1e-9'/></Cube>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := cost.ParseECB("day.xml", data, "USD")
		if err == nil && (got.Date == "" || !got.Rates["USD"].IsPositive()) {
			t.Errorf("accepted without a rate: %+v", got)
		}
	})
}
