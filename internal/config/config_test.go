package config_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/org/platform-action/internal/config"
	"github.com/org/platform-action/internal/fact"
	"github.com/org/platform-action/internal/money"
)

var update = flag.Bool("update", false, "write the golden sections anew")

// TestCases parses every testdata/cases/*.txtar: platform.yml in; the settings, or the exact error text, out. Escapes that
// an editor would hide are written as \t, \r and so on in a section platform.quoted.
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a := readCase(t, file)
			got := result(input(t, a))
			want := section(a, "want")
			if *update {
				setSection(a, "want", got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Error("-want +got, -update writes it anew:\n" + diff)
			}
		})
	}
}

func result(data []byte) []byte {
	c, err := config.Parse(".github/platform.yml", data)
	if err != nil {
		return []byte("error:\n" + err.Error() + "\n")
	}
	c.Digest = ""
	out, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return []byte("no JSON: " + err.Error() + "\n")
	}
	return fmt.Appendf(out, "\nunused: %s\n", strings.Join(c.Unused(), " "))
}

func readCase(t *testing.T, file string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func section(a *txtar.Archive, name string) []byte {
	for _, f := range a.Files {
		if f.Name == name {
			return f.Data
		}
	}
	return nil
}

func setSection(a *txtar.Archive, name string, data []byte) {
	for i := range a.Files {
		if a.Files[i].Name == name {
			a.Files[i].Data = data
			return
		}
	}
	a.Files = append(a.Files, txtar.File{Name: name, Data: data})
}

func input(t testing.TB, a *txtar.Archive) []byte {
	t.Helper()
	if plain := section(a, "platform.yml"); plain != nil {
		return plain
	}
	quoted := section(a, "platform.quoted")
	if quoted == nil {
		t.Fatal("the case has neither platform.yml nor platform.quoted")
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(quoted)) {
		s, err := strconv.Unquote(strings.TrimSuffix(line, "\n"))
		if err != nil {
			t.Fatalf("%s is no quoted line: %v", line, err)
		}
		out.WriteString(s)
	}
	return out.Bytes()
}

func TestLimits(t *testing.T) {
	c, err := config.Parse("x", []byte("version: 1\ncost:\n  currency: GBP\n  block: {delta: 1000.10, percent: 50}\n  acknowledge: {delta: 150, by: not-author}\n"+
		"  budgets: [{name: all, monthly: 5000, warn_at: 0.8}]\n  unknown: block\n"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Limits("GBP")
	if err != nil {
		t.Fatal(err)
	}
	amount := func(s string) *money.Amount {
		a, err := money.Parse(s, "GBP")
		if err != nil {
			t.Fatal(err)
		}
		return &a
	}
	percent := 50.0
	want := fact.Limits{
		Block:       fact.Threshold{Delta: amount("1000.10"), Percent: &percent},
		Acknowledge: fact.Threshold{Delta: amount("150")},
		AckBy:       "not-author",
		Budgets:     []fact.Budget{{Name: "all", Monthly: *amount("5000"), WarnAt: 0.8}},
		Unknown:     fact.UnknownBlocks,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("-want +got:\n" + diff)
	}
}

// TestLimitsOfAnotherCurrency: 1000 GBP must not judge 1200 USD by the bare numbers.
func TestLimitsOfAnotherCurrency(t *testing.T) {
	for name, tc := range map[string]struct {
		yaml  string
		wrong bool
	}{
		"delta":   {"{currency: GBP, block: {delta: 1}}", true},
		"ack":     {"{currency: GBP, acknowledge: {delta: 1}}", true},
		"warn":    {"{currency: GBP, warn: {delta: 1}}", true},
		"budget":  {"{currency: GBP, budgets: [{name: a, monthly: 1}]}", true},
		"default": {"{block: {delta: 1}}", true},
		"percent": {"{currency: GBP, block: {percent: 1}}", false},
		"none":    {"{currency: GBP}", false},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Parse("x", []byte("version: 1\ncost: "+tc.yaml+"\n"))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Limits("EUR"); (err != nil) != tc.wrong {
				t.Errorf("error %v, want one: %v", err, tc.wrong)
			}
		})
	}
}

// TestDefault: the documented defaults are those of a file with nothing but its version.
func TestDefault(t *testing.T) {
	c, err := config.Parse("x", []byte("version: 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.Digest, "sha256:") {
		t.Errorf("digest %q", c.Digest)
	}
	c.Digest = ""
	if diff := cmp.Diff(config.Default(), c); diff != "" {
		t.Error("-default +parsed:\n" + diff)
	}
	limits, err := c.Limits(money.USD)
	if diff := cmp.Diff(fact.Limits{Unknown: fact.UnknownWarns}, limits); diff != "" || err != nil {
		t.Error("-want +got:\n"+diff, err)
	}
}

// TestZeroBlocks: a Config that nobody filled in asks the most.
func TestZeroBlocks(t *testing.T) {
	var c config.Config
	limits, err := c.Limits(money.USD)
	if err != nil || limits.Unknown != fact.UnknownBlocks {
		t.Errorf("unknown %v, %v", limits.Unknown, err)
	}
	if (config.Tested{}).Assurance != config.Isolated || config.Assurance(9).String() != "isolated" {
		t.Error("the zero or an unknown assurance is not the strictest")
	}
}

// TestBounds: what would take long or fill a screen is cut off with a reason.
func TestBounds(t *testing.T) {
	secret := "ghp_" + strings.Repeat("s3cr3t", 12)
	for name, tc := range map[string]struct {
		in   string
		want string
	}{
		"large":   {"version: 1\n#" + strings.Repeat("x", config.MaxBytes), "at most 1048576 are read"},
		"deep":    {"version: 1\npolicies: {params: {a: " + strings.Repeat("[", 500) + strings.Repeat("]", 500) + "}}\n", "nested deeper than 32 levels"},
		"deeper":  {"version: 1\nroots: " + strings.Repeat("[", 200_000), "platform.yml:"},
		"bomb":    {"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nversion: 1\n", "an anchor is not read here"},
		"many":    {"version: 1\n" + strings.Repeat("x", 10) + ":\n" + manyKeys(20_000), "… and 19951 more"},
		"wide":    {"version: 1\ncost: {" + strings.Repeat("k", 1000) + ": 1}\n", "unknown key"},
		"secret":  {"version: 1\ncost: {currency: " + secret + ", unknown: " + secret + ", " + secret + ": 1, warn: {delta: " + secret + "}}\npolicies: {disable: ['" + secret + "/']}\n", "ISO 4217"},
		"escape":  {"version: 1\ncost: {\"\\e[31mred\\u202e\": 1}\n", `"\x1b[31mred\u202e"`},
		"million": {"version: 1\ncost: {block: {delta: 1e999999999}}\n", "a number is due"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("platform.yml", []byte(tc.in))
			if _, ok := errors.AsType[*config.Errors](err); !ok {
				t.Fatalf("%v is no *Errors", err)
			}
			text := err.Error()
			if !strings.Contains(text, tc.want) {
				t.Errorf("%.300s\nlacks %s", text, tc.want)
			}
			if strings.Contains(text, secret) {
				t.Error("a whole secret is echoed")
			}
			if len(text) > 20_000 {
				t.Errorf("%d bytes of errors", len(text))
			}
		})
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "key%d: 1\n", i)
	}
	return b.String()
}

// notNegative wants limits that an increase can reach, and no share over the whole.
func notNegative(t *testing.T, limits fact.Limits) {
	t.Helper()
	for name, l := range map[string]fact.Threshold{"warn": limits.Warn, "acknowledge": limits.Acknowledge, "block": limits.Block} {
		if l.Delta != nil && l.Delta.Sign() < 0 || l.Percent != nil && !(*l.Percent >= 0 && *l.Percent <= 10_000) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	for _, b := range limits.Budgets {
		if b.Monthly.Sign() < 0 || !(b.WarnAt >= 0 && b.WarnAt <= 1) || b.Name == "" || b.Paths != nil && len(b.Paths) == 0 {
			t.Errorf("budget %+v", b)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		a, err := txtar.ParseFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if section(a, "platform.yml") != nil || section(a, "platform.quoted") != nil {
			f.Add(input(f, a))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("f", data)
		again, errAgain := config.Parse("f", data)
		if diff := cmp.Diff(c, again); diff != "" || fmt.Sprint(err) != fmt.Sprint(errAgain) {
			t.Errorf("a second reading differs: %v, then %v\n%s", err, errAgain, diff)
		}
		if err == nil {
			limits, err := c.Limits(c.Cost.Currency)
			if err != nil {
				t.Errorf("valid, but the limits are not: %v", err)
			}
			notNegative(t, limits)
			if c.Version != config.Version {
				t.Errorf("version %d", c.Version)
			}
			if _, err := json.Marshal(c.Policies.Params); err != nil {
				t.Errorf("params have no JSON form: %v", err)
			}
			return
		}
		var errs *config.Errors
		if !errors.As(err, &errs) || len(errs.Faults) == 0 {
			t.Fatalf("%v names no fault", err)
		}
		lines := bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) + strings.Count(string(data), "\u0085") + strings.Count(string(data), "\u2028") + strings.Count(string(data), "\u2029") + 1
		for _, fault := range errs.Faults {
			if fault.Line < 1 || fault.Column < 1 || fault.Line > lines || fault.Message == "" {
				t.Errorf("%+v in %d lines", fault, lines)
			}
		}
		if strings.ContainsAny(strings.ReplaceAll(err.Error(), "\n", ""), "\x00\x1b\r") {
			t.Errorf("control characters in %q", err)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	a, err := txtar.ParseFile("testdata/cases/full.txtar")
	if err != nil {
		b.Fatal(err)
	}
	data := section(a, "platform.yml")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := config.Parse("x", data); err != nil {
			b.Fatal(err)
		}
	}
}
