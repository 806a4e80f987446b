package config

import (
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/shopspring/decimal"
	"go.yaml.in/yaml/v3"

	"github.com/org/platform-action/internal/money"
)

// plainNumber leaves out exponents, infinities and digit groups: a short text must not stand for a number with a
// billion digits, nor for one that YAML versions read differently.
var plainNumber = regexp.MustCompile(`^-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,10})?$`)

// number reads a decimal from the file's own text, never by way of a float.
func (p *parser) number(n *yaml.Node, at string) (decimal.Decimal, bool) {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" && n.Tag != "!!float" {
		fix := ""
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
			fix = "write digits only, such as 12.50, without quotes, signs or separators"
		}
		p.node(n, at, "is "+kind(n)+", a number is due", fix)
		return decimal.Decimal{}, false
	}
	d, err := decimal.NewFromString(n.Value)
	if !plainNumber.MatchString(n.Value) || err != nil {
		p.node(n, at, quote(n.Value)+" is not a plain decimal number", "write at most 15 digits before and 10 after the point, such as 12.50")
		return decimal.Decimal{}, false
	}
	return d, true
}

// within reads a number from low to high.
func (p *parser) within(n *yaml.Node, at string, low, high int64) (decimal.Decimal, bool) {
	d, ok := p.number(n, at)
	if !ok {
		return d, false
	}
	if d.LessThan(decimal.NewFromInt(low)) || d.GreaterThan(decimal.NewFromInt(high)) {
		p.node(n, at, fmt.Sprintf("%s is out of range", n.Value), fmt.Sprintf("write a number from %d to %d", low, high))
		return d, false
	}
	return d, true
}

// amount reads money: a number that is not negative.
func (p *parser) amount(n *yaml.Node, at string) (decimal.Decimal, bool) {
	d, ok := p.number(n, at)
	if ok && d.IsNegative() {
		p.node(n, at, n.Value+" is a negative amount", "write an amount from 0")
		return d, false
	}
	return d, ok
}

// count reads a whole number from 1 to a million.
func (p *parser) count(n *yaml.Node, at string) int {
	v, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || n.Tag != "!!int" {
		p.node(n, at, "is "+kind(n)+", a whole number is due", "write digits only, such as 20")
		return 0
	}
	if !plainNumber.MatchString(n.Value) || err != nil || v < 1 || v > 1_000_000 {
		p.node(n, at, quote(n.Value)+" is out of range", "write a whole number from 1 to 1000000")
		return 0
	}
	return v
}

// code reads a currency in upper case.
func (p *parser) code(n *yaml.Node, at string) money.Currency {
	s := p.text(n, at)
	if s == "" {
		return ""
	}
	c, err := money.ParseCurrency(s)
	if err != nil || string(c) != s {
		p.node(n, at, quote(s)+" is not a three-letter ISO 4217 code", "write a code such as USD, EUR or GBP")
		return ""
	}
	return c
}

// date reads YYYY-MM-DD.
func (p *parser) date(n *yaml.Node, at string) string {
	if n.Kind == yaml.ScalarNode && (n.Tag == "!!timestamp" || n.Tag == "!!str") {
		if _, err := time.Parse(time.DateOnly, n.Value); err == nil {
			return n.Value
		}
		p.node(n, at, quote(n.Value)+" is not a date", "write it as YYYY-MM-DD")
		return ""
	}
	p.node(n, at, "is "+kind(n)+", a date is due", "write it as YYYY-MM-DD")
	return ""
}

// minute reads a date, or a date and a time to the minute, as YYYY-MM-DDTHH:MM.
func (p *parser) minute(n *yaml.Node, at string) string {
	const layout = "2006-01-02T15:04"
	if n.Kind == yaml.ScalarNode && (n.Tag == "!!timestamp" || n.Tag == "!!str") {
		for _, form := range []string{time.DateOnly, layout, "2006-01-02 15:04"} {
			if t, err := time.Parse(form, n.Value); err == nil {
				return t.Format(layout)
			}
		}
		p.node(n, at, quote(n.Value)+" is not a date and time", "write it as YYYY-MM-DDTHH:MM, without a zone")
		return ""
	}
	p.node(n, at, "is "+kind(n)+", a date and time is due", "write it as YYYY-MM-DDTHH:MM")
	return ""
}

var durationForm = regexp.MustCompile(`^(?:([0-9]{1,5})d)?(?:([0-9]{1,6})h)?(?:([0-9]{1,6})m)?(?:([0-9]{1,6})s)?$`)

// duration reads days, hours, minutes and seconds in this order, such as 7d, 168h or 1h30m, up to a longest one.
func (p *parser) duration(n *yaml.Node, at string, least, longest time.Duration) time.Duration {
	const fix = "write it as 30m, 168h, 7d or 1h30m"
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		p.node(n, at, "is "+kind(n)+", a duration is due", fix)
		return 0
	}
	parts := durationForm.FindStringSubmatch(n.Value)
	if parts == nil || n.Value == "" {
		p.node(n, at, quote(n.Value)+" is not a duration", fix)
		return 0
	}
	var d time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		v, _ := strconv.Atoi("0" + parts[i+1]) // the form admits at most six digits
		d += time.Duration(v) * unit
	}
	if d < least || d > longest {
		p.node(n, at, quote(n.Value)+" is out of range", fmt.Sprintf("write a duration from %s to %s", short(least), short(longest)))
		return 0
	}
	return d
}

// short writes a bound as a person would in the file.
func short(d time.Duration) string {
	if d > 0 && d%(24*time.Hour) == 0 {
		return strconv.Itoa(int(d/(24*time.Hour))) + "d"
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}

// glob reads a doublestar pattern relative to the repository. Stars and braces are bounded because matching takes
// time by the power of them.
func (p *parser) glob(n *yaml.Node, at string) string {
	s := p.text(n, at)
	if s == "" || !p.relative(n, at, s) {
		return ""
	}
	switch {
	case !doublestar.ValidatePattern(s):
		p.node(n, at, quote(s)+" is not a pattern", "close every [ and {; * matches within a folder, ** across folders")
	case strings.Count(s, "**") > 4 || strings.Count(s, "{") > 4 || strings.Count(s, "*") > 16:
		p.node(n, at, quote(s)+" has too many wildcards", "use at most four ** and four { }; write several patterns instead")
	default:
		return s
	}
	return ""
}

// location reads the path of a file or folder that does not leave the folder it is relative to.
func (p *parser) location(n *yaml.Node, at string) string {
	s := p.text(n, at)
	if s == "" || !p.relative(n, at, s) {
		return ""
	}
	return path.Clean(s)
}

func (p *parser) relative(n *yaml.Node, at, s string) bool {
	switch {
	case strings.Contains(s, `\`):
		p.node(n, at, quote(s)+" has a backslash", "write paths with /")
	case path.IsAbs(s):
		p.node(n, at, quote(s)+" is absolute", "write it relative to the repository")
	case path.Clean(s) == ".." || strings.HasPrefix(path.Clean(s), "../"):
		p.node(n, at, quote(s)+" leaves the repository", "write a path inside it")
	default:
		return true
	}
	return false
}

var workflowForm = regexp.MustCompile(`^\.github/workflows/[^/*?\[\]{}]+\.ya?ml$`)

// workflow reads the path of a workflow file of this repository.
func (p *parser) workflow(n *yaml.Node, at string) string {
	s := p.text(n, at)
	if s != "" && !workflowForm.MatchString(s) {
		p.node(n, at, quote(s)+" is no workflow file", "write it as .github/workflows/NAME.yml")
		return ""
	}
	return s
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// id reads the id of a rule, such as SEC-001; whether a rule has it is known only where the policies are.
func (p *parser) id(n *yaml.Node, at string) string {
	s := p.text(n, at)
	if s != "" && !identifier.MatchString(s) {
		p.node(n, at, quote(s)+" is no rule id", "write an id such as SEC-001; `platform policy list` shows them")
		return ""
	}
	return s
}
